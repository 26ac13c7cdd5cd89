//! Passphrases: scrypt makes guessing expensive.

use scrypt::Params;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::DecryptError;
use crate::header::{Stanza, decode, encode};
use crate::primitives::FileKey;

pub(crate) const TAG: &str = "scrypt";
const LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
type Salt = [u8; 16];

/// The cost is not a power of two that scrypt accepts.
pub(crate) struct BadCost;

pub(crate) fn derive(words: &SecretString, salt: &Salt, cost: u8) -> Result<Zeroizing<[u8; 32]>, BadCost> {
    let params = Params::new(cost, 8, 1).ok().filter(|_| cost > 0).ok_or(BadCost)?;
    let mut key = Zeroizing::new([0; 32]);
    let salt = [LABEL, salt].concat();
    scrypt::scrypt(words.expose_secret().as_bytes(), &salt, &params, &mut key[..]).map_err(|_| BadCost)?;
    Ok(key)
}

pub(crate) fn wrap(wrapping: &[u8; 32], salt: &Salt, cost: u8, key: &FileKey) -> Stanza {
    Stanza { tag: TAG.to_owned(), arguments: vec![encode(salt), cost.to_string()], body: key.wrap(wrapping) }
}

pub(crate) fn unwrap(
    words: &SecretString,
    max_cost: u8,
    stanza: &Stanza,
) -> Result<Option<FileKey>, DecryptError> {
    let [salt, cost] = stanza.arguments.as_slice() else {
        return Err(DecryptError::Header("a passphrase has another number of arguments"));
    };
    let salt = decode(salt).ok_or(DecryptError::Header("a salt is no base64 of 16 bytes"))?;
    let decimal = cost.bytes().all(|byte| byte.is_ascii_digit()) && !cost.starts_with('0');
    let cost = decimal.then(|| cost.parse::<u8>().ok()).flatten();
    let cost = cost.ok_or(DecryptError::Header("the cost of a passphrase is no number"))?;
    let body = stanza.wrapped()?;
    if cost > max_cost {
        return Err(DecryptError::TooDear { asked: cost, allowed: max_cost });
    }
    let wrapping = derive(words, &salt, cost)
        .map_err(|_| DecryptError::Header("the cost of a passphrase is out of range"))?;
    Ok(FileKey::unwrap(&wrapping, body))
}
