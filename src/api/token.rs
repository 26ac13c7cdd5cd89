//! The token of an account, in a type that does not reveal it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

/// A bearer token. `Debug` prints `***`; there is no `Display`.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// The token, without the blanks and line ends that a file or a command adds.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(SecretString::from(text.as_ref().trim()))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }

    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }

    /// The value of the `Authorization` header.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0.expose_secret())
    }

    /// `text` with every occurrence of the token replaced by `***`: a token that a service echoes must not reach a log.
    pub(super) fn redact(&self, text: String) -> String {
        let secret = self.0.expose_secret();
        if secret.len() >= 4 && text.contains(secret) { text.replace(secret, "***") } else { text }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<SecretString> for Token {
    fn from(secret: SecretString) -> Self {
        Self::new(secret.expose_secret())
    }
}

/// Why the source of a token failed. It includes no part of a token.
pub type TokenSourceError = Box<dyn std::error::Error + Send + Sync>;

/// Asks the source for the token again: runs the command, reads the file. It may block for a while.
#[derive(Clone)]
pub struct RenewToken(Arc<dyn Fn() -> Result<Token, TokenSourceError> + Send + Sync>);

impl RenewToken {
    /// Asks with `ask`.
    pub fn new(ask: impl Fn() -> Result<Token, TokenSourceError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    pub(super) fn ask(&self) -> Result<Token, TokenSourceError> {
        (self.0)()
    }
}

impl fmt::Debug for RenewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RenewToken")
    }
}

/// The current token, and its number in the order of tokens.
#[derive(Debug)]
pub(super) struct TokenCell(Mutex<(Arc<Token>, u64)>);

impl TokenCell {
    pub(super) fn new(token: Token) -> Self {
        Self(Mutex::new((Arc::new(token), 0)))
    }

    pub(super) fn current(&self) -> (Arc<Token>, u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn replace(&self, token: Token) {
        let mut cell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *cell = (Arc::new(token), cell.1 + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_tell() {
        let token = Token::new("0123456789abcdef\n");
        assert_eq!(format!("{token:?}"), "***");
        assert_eq!(token.redact("you sent 0123456789abcdef".to_owned()), "you sent ***");
        assert_eq!(token.bearer(), "Bearer 0123456789abcdef");
    }
}
