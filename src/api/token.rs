//! The token of an account, in a type that does not tell.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A bearer token. `Debug` prints `***`; there is no `Display`.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// The token, without the blanks and line ends a file or a command leaves round it.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(SecretString::from(text.as_ref().trim()))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }

    /// The value of the `Authorization` header.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0.expose_secret())
    }

    /// `text` with every occurrence of the token replaced by `***`: what a service echoes must not reach a log.
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
