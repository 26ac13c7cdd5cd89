//! The age file format, version 1 (<https://age-encryption.org/v1>): keys of the kind X25519, passphrases, and armour.
//!
//! A file is a header, which holds one random file key wrapped for each recipient, and a payload in chunks of 64 KiB, each encrypted and
//! authenticated, the last one marked. So a file that was cut, reordered or changed is refused while it is read.
//!
//! ```text
//! age-encryption.org/v1
//! -> X25519 <share of this file, base64>        one stanza for each recipient
//! <the file key, wrapped, base64>
//! --- <HMAC of the header, base64>
//! <nonce, 16 bytes><chunk><chunk>…
//! ```
//!
//! [`encrypt_to`] and [`encrypt_with_passphrase`] write one, [`decrypt`] reads one, [`armour`] turns one into text and back. Nothing here
//! waits, keeps state between calls or touches the file system.

pub mod armour;
mod error;
mod header;
mod keys;
mod passphrase;
mod primitives;
mod stream;

use std::fmt;
use std::io::{self, BufReader, Read, Write};

use secrecy::SecretString;

pub use error::{DecryptError, KeyError};
use header::{Header, Stanza};
pub use keys::{Identity, Recipient};
use primitives::FileKey;
pub use stream::{Reader, Writer};

/// What opens a file.
#[derive(Clone, Copy)]
pub enum Opener<'a> {
    /// Any of these keys.
    Keys(&'a [Identity]),
    /// A passphrase, for files that were encrypted to one.
    Passphrase {
        /// The words, exactly as they were given when the file was written.
        words: &'a SecretString,
        /// The dearest cost that is accepted, as a power of two: a file cannot make us compute for hours. 17 is 128 MB and about half a second.
        max_cost: u8,
    },
}

impl fmt::Debug for Opener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keys(_) => "Keys(***)",
            Self::Passphrase { .. } => "Passphrase(***)",
        })
    }
}

/// Encrypts what is written into the result for each of these recipients; the result must be finished.
///
/// # Errors
/// No recipient, or `into` cannot be written to.
pub fn encrypt_to<W: Write>(recipients: &[Recipient], into: W) -> io::Result<Writer<W>> {
    if recipients.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it needs a recipient"));
    }
    encrypt(into, |key| recipients.iter().map(|recipient| recipient.wrap(key)).collect())
}

/// Encrypts what is written into the result under a passphrase; `cost` is a power of two, 1 to 63. The result must be finished.
///
/// # Errors
/// The cost is outside its range, or `into` cannot be written to.
pub fn encrypt_with_passphrase<W: Write>(words: &SecretString, cost: u8, into: W) -> io::Result<Writer<W>> {
    let salt = primitives::random();
    let wrapping = passphrase::derive(words, &salt, cost).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "this cost of a passphrase is outside its range")
    })?;
    encrypt(into, |key| vec![passphrase::wrap(&wrapping, &salt, cost, key)])
}

fn encrypt<W: Write>(mut into: W, wrap: impl FnOnce(&FileKey) -> Vec<Stanza>) -> io::Result<Writer<W>> {
    let key = FileKey::random();
    let nonce: [u8; stream::NONCE] = primitives::random();
    into.write_all(header::print(&wrap(&key), &key).as_bytes())?;
    into.write_all(&nonce)?;
    Ok(Writer::new(into, &key, &nonce))
}

/// Reads and checks the header; the payload is decrypted while the result is read, and an error of that kind means that it was cut or changed.
///
/// # Errors
/// [`DecryptError`]: the header is damaged or changed, nothing given opens it, or `from` cannot be read.
pub fn decrypt<R: Read>(from: R, opener: Opener<'_>) -> Result<Reader<BufReader<R>>, DecryptError> {
    let mut from = BufReader::new(from);
    let header = Header::read(&mut from)?;
    let key = unwrap(&header.stanzas, opener)?;
    header.check(&key)?;
    let mut nonce = [0; stream::NONCE];
    from.read_exact(&mut nonce).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => DecryptError::Header("it ends before the payload"),
        _ => DecryptError::Io(error),
    })?;
    Ok(Reader::new(from, &key, &nonce))
}

fn unwrap(stanzas: &[Stanza], opener: Opener<'_>) -> Result<FileKey, DecryptError> {
    // Else somebody who knows the passphrase could add a recipient of their own.
    if stanzas.len() > 1 && stanzas.iter().any(|stanza| stanza.tag == passphrase::TAG) {
        return Err(DecryptError::Header("it has a passphrase and another recipient, which is not allowed"));
    }
    for stanza in stanzas {
        let key = match opener {
            Opener::Keys(keys) if stanza.tag == keys::TAG => keys::unwrap(keys, stanza)?,
            Opener::Passphrase { words, max_cost } if stanza.tag == passphrase::TAG => {
                passphrase::unwrap(words, max_cost, stanza)?
            }
            _ => None,
        };
        if let Some(key) = key {
            return Ok(key);
        }
    }
    Err(DecryptError::NoMatch)
}
