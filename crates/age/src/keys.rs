//! Keys of the kind X25519, as `age-keygen` writes them.

use std::fmt;
use std::str::FromStr;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use secrecy::SecretString;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{DecryptError, KeyError};
use crate::header::{Stanza, decode, encode};
use crate::primitives::{FileKey, derive, random};

pub(crate) const TAG: &str = "X25519";
const INFO: &[u8] = b"age-encryption.org/v1/X25519";
const SECRET: &str = "AGE-SECRET-KEY-";
const PUBLIC: &str = "age";

fn bytes(text: &str, kind: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let checked = CheckedHrpstring::new::<Bech32>(text).map_err(|_| match text.get(..kind.len()) {
        Some(start) if start.eq_ignore_ascii_case(kind) => KeyError::CheckSum,
        _ => KeyError::AnotherKind(kind),
    })?;
    if !checked.hrp().as_str().eq_ignore_ascii_case(kind) {
        return Err(KeyError::AnotherKind(kind));
    }
    let mut key = Zeroizing::new([0; 32]);
    let mut length = 0;
    for byte in checked.byte_iter() {
        *key.get_mut(length).ok_or(KeyError::Length)? = byte;
        length += 1;
    }
    if length == key.len() { Ok(key) } else { Err(KeyError::Length) }
}

/// A secret key. It is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Identity(StaticSecret);

impl Identity {
    /// A new one.
    ///
    /// # Panics
    /// The system has no source of random bytes.
    pub fn generate() -> Self {
        Self(StaticSecret::from(random::<32>()))
    }

    /// The key that files are encrypted to.
    pub fn to_public(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0))
    }

    /// The key as the text of a key file: `AGE-SECRET-KEY-1` and 58 characters of Bech32, in upper case.
    #[expect(clippy::missing_panics_doc, reason = "a fixed text and 32 bytes always make a key")]
    pub fn to_text(&self) -> SecretString {
        let hrp = Hrp::parse(SECRET).expect("a fixed text");
        let mut secret = self.0.to_bytes();
        let text = bech32::encode_upper::<Bech32>(hrp, &secret).expect("32 bytes are short enough");
        secret.zeroize();
        SecretString::from(text)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(***)")
    }
}

impl FromStr for Identity {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        bytes(text, SECRET).map(|key| Self(StaticSecret::from(*key)))
    }
}

/// A public key: what files are encrypted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient(PublicKey);

impl Recipient {
    /// The file key for this recipient, through a key pair that is made for this file and forgotten.
    pub(crate) fn wrap(&self, key: &FileKey) -> Stanza {
        let ephemeral = Identity::generate();
        let share = ephemeral.to_public();
        let wrapping =
            wrapping(&ephemeral, &self.0, &share, self).expect("a public key of ours is no low-order point");
        Stanza { tag: TAG.to_owned(), arguments: vec![encode(share.0.as_bytes())], body: key.wrap(&wrapping) }
    }
}

impl fmt::Display for Recipient {
    /// Writes the public key as text: `age1` and 58 characters of Bech32, in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hrp = Hrp::parse(PUBLIC).expect("a fixed text");
        f.write_str(
            &bech32::encode_lower::<Bech32>(hrp, self.0.as_bytes()).expect("32 bytes are short enough"),
        )
    }
}

impl FromStr for Recipient {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        bytes(text, PUBLIC).map(|key| Self(PublicKey::from(*key)))
    }
}

/// The key that wraps a file key: `None` where the other side's point has low order, so that the secret would be known to everybody.
fn wrapping(
    own: &Identity,
    other: &PublicKey,
    share: &Recipient,
    to: &Recipient,
) -> Option<Zeroizing<[u8; 32]>> {
    let secret = own.0.diffie_hellman(other);
    let salt = [share.0.to_bytes(), to.0.to_bytes()].concat();
    secret.was_contributory().then(|| derive(secret.as_bytes(), &salt, INFO))
}

/// The file key, if one of these keys opens this stanza.
pub(crate) fn unwrap(keys: &[Identity], stanza: &Stanza) -> Result<Option<FileKey>, DecryptError> {
    let [share] = stanza.arguments.as_slice() else {
        return Err(DecryptError::Header("a recipient has another number of arguments"));
    };
    let share = decode(share).ok_or(DecryptError::Header("a share is no base64 of 32 bytes"))?;
    let share = Recipient(PublicKey::from(share));
    let body = stanza.wrapped()?;
    for key in keys {
        let wrapping = wrapping(key, &share.0, &share, &key.to_public())
            .ok_or(DecryptError::Header("a share is a point of low order"))?;
        if let Some(key) = FileKey::unwrap(&wrapping, body) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_in_either_case() {
        let key = Identity::generate();
        let text = key.to_text();
        let text = text.expose_secret();
        for text in [text.to_owned(), text.to_lowercase()] {
            let again: Identity = text.parse().expect("a key");
            assert_eq!(again.to_public(), key.to_public());
        }
        let public = key.to_public().to_string();
        assert_eq!(public.parse::<Recipient>(), Ok(key.to_public()));
        assert!(public.starts_with("age1"));
    }

    #[test]
    fn what_is_no_key_says_why() {
        let key = Identity::generate();
        let (public, secret) = (key.to_public().to_string(), key.to_text());
        let refused = |text: &str| text.parse::<Identity>().map(|_| ()).expect_err("no key");
        assert_eq!(refused(&public), KeyError::AnotherKind(SECRET));
        assert_eq!(refused(""), KeyError::AnotherKind(SECRET));
        assert_eq!(refused(&secret.expose_secret()[..40]), KeyError::CheckSum);
        let short = bech32::encode_upper::<Bech32>(Hrp::parse(SECRET).unwrap(), &[7; 31]).unwrap();
        assert_eq!(refused(&short), KeyError::Length);
        let long = bech32::encode_upper::<Bech32>(Hrp::parse(SECRET).unwrap(), &[7; 33]).unwrap();
        assert_eq!(refused(&long), KeyError::Length);
    }
}
