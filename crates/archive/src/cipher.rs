//! Encryption: one secret per archive, kept in its header under the user's passphrase or key.
//!
//! Blobs and manifests are ordinary age files for that secret, so a passphrase costs its half second once and not per
//! blob, and `age -d` opens everything by hand. Blob names are a keyed hash: they do not tell what is inside.

use std::fmt;
use std::io::{self, Read, Write};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use transship_age::{self as age, DecryptError, Identity, KeyError, Opener, Recipient, armour};
use transship_documents::Fingerprint;
use zeroize::Zeroizing;

/// The cost of a passphrase as a power of two: 128 MB and about half a second, once per program start.
const PASSPHRASE_COST: u8 = 17;
/// The dearest passphrase that is tried: an archive cannot make us compute for hours.
const DEAREST_PASSPHRASE: u8 = 21;

/// Why a key does not open an archive, or cannot close one.
#[derive(Debug, thiserror::Error)]
pub(super) enum CipherError {
    #[error("the key file holds a line that is no key ({0})")]
    NoKey(KeyError),
    #[error("the key file holds no line with AGE-SECRET-KEY-1…")]
    NoKeys,
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    #[error("{0}")]
    NotMade(String),
    #[error("the note of its secret is damaged ({0})")]
    Damaged(String),
    #[error("the key file is a wrong one: it is for {given}, the archive for {wanted}")]
    AnotherKey { given: String, wanted: String },
    #[error("it wants a passphrase, not a key file")]
    WantsPassphrase,
    #[error("it wants a key file, not a passphrase")]
    WantsKeyFile,
    #[error("it is encrypted with {0}, which this program does not know")]
    UnknownMethod(String),
    #[error("the passphrase is wrong")]
    WrongPassphrase,
}

impl CipherError {
    fn not_made(error: &dyn fmt::Display) -> Self {
        Self::NotMade(error.to_string())
    }

    fn damaged(error: &dyn fmt::Display) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// What opens an encrypted archive.
#[derive(Clone)]
pub enum Key {
    /// Words that somebody remembers.
    Passphrase(SecretString),
    /// The text of an age key file: lines with `AGE-SECRET-KEY-1…`, others begin with `#`.
    File(SecretString),
}

impl Key {
    /// The text of a new key file.
    pub fn new_file() -> SecretString {
        let identity = Identity::generate();
        let text =
            format!("# public key: {}\n{}\n", identity.to_public(), identity.to_text().expose_secret());
        SecretString::from(text)
    }

    fn identities(text: &SecretString) -> Result<Vec<Identity>, CipherError> {
        let lines = text.expose_secret().lines().map(str::trim);
        let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<Identity> =
            keys.map(|line| line.parse().map_err(CipherError::NoKey)).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(CipherError::NoKeys);
        }
        Ok(keys)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase(***)",
            Self::File(_) => "File(***)",
        })
    }
}

/// What the header says of the encryption.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Lock {
    /// `passphrase` or `key-file`.
    method: String,
    /// The public keys that open it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<String>,
    /// The archive's secret, as an armoured age file.
    secret: String,
}

/// The archive's secret.
pub(super) struct Cipher {
    identity: Identity,
    recipient: Recipient,
    names: Hmac<Sha256>,
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(***)")
    }
}

impl Cipher {
    fn new(identity: Identity) -> Self {
        let secret = identity.to_text();
        let names = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
        let mut names = names.expect("a key of any length is taken");
        names.update(b"transship blob names");
        Self { recipient: identity.to_public(), identity, names }
    }

    /// Makes a secret for a new archive, and the header's note of it.
    pub(super) fn make(key: &Key) -> Result<(Self, Lock), CipherError> {
        let identity = Identity::generate();
        let secret = identity.to_text();
        let encrypted = |writer: io::Result<age::Writer<Vec<u8>>>| -> Result<String, CipherError> {
            let write = |mut writer: age::Writer<Vec<u8>>| {
                writer.write_all(secret.expose_secret().as_bytes())?;
                writer.finish()
            };
            let file = writer.and_then(write).map_err(|error| CipherError::not_made(&error))?;
            Ok(armour::wrap(&file))
        };
        let lock = match key {
            Key::Passphrase(words) => {
                if words.expose_secret().is_empty() {
                    return Err(CipherError::EmptyPassphrase);
                }
                let secret = encrypted(age::encrypt_with_passphrase(words, PASSPHRASE_COST, Vec::new()))?;
                Lock { method: "passphrase".to_owned(), keys: Vec::new(), secret }
            }
            Key::File(text) => {
                let keys: Vec<_> = Key::identities(text)?.iter().map(Identity::to_public).collect();
                let secret = encrypted(age::encrypt_to(&keys, Vec::new()))?;
                let keys = keys.iter().map(ToString::to_string).collect();
                Lock { method: "key-file".to_owned(), keys, secret }
            }
        };
        Ok((Self::new(identity), lock))
    }

    /// Opens the header's note.
    pub(super) fn open(key: &Key, lock: &Lock) -> Result<Self, CipherError> {
        let file = armour::unwrap(&lock.secret).map_err(|error| CipherError::damaged(&error))?;
        let opened = match (key, lock.method.as_str()) {
            (Key::Passphrase(words), "passphrase") => {
                age::decrypt(file.as_slice(), Opener::Passphrase { words, max_cost: DEAREST_PASSPHRASE })
            }
            (Key::File(text), "key-file") => {
                let keys = Key::identities(text)?;
                let opened = age::decrypt(file.as_slice(), Opener::Keys(&keys));
                if matches!(opened, Err(DecryptError::NoMatch)) {
                    let given: Vec<_> = keys.iter().map(|key| key.to_public().to_string()).collect();
                    let (wanted, given) = (lock.keys.join(", "), given.join(", "));
                    return Err(CipherError::AnotherKey { given, wanted });
                }
                opened
            }
            (_, "passphrase") => return Err(CipherError::WantsPassphrase),
            (_, "key-file") => return Err(CipherError::WantsKeyFile),
            (_, other) => return Err(CipherError::UnknownMethod(other.to_owned())),
        };
        let mut reader = opened.map_err(|error| match error {
            DecryptError::NoMatch => CipherError::WrongPassphrase,
            other => CipherError::damaged(&other),
        })?;
        let mut secret = Zeroizing::new(String::new());
        reader.read_to_string(&mut secret).map_err(|error| CipherError::damaged(&error))?;
        secret.parse().map(Self::new).map_err(|error: KeyError| CipherError::damaged(&error))
    }

    /// The name of the blob that holds the text of this hash.
    pub(super) fn name(&self, hash: Fingerprint) -> Fingerprint {
        Fingerprint(self.names.clone().chain_update(hash.0).finalize().into_bytes().into())
    }

    /// Encrypts what is written into the result; it must be finished.
    pub(super) fn writer<W: Write>(&self, into: W) -> io::Result<age::Writer<W>> {
        age::encrypt_to(std::slice::from_ref(&self.recipient), into)
    }

    /// Decrypts what is read from the result.
    pub(super) fn reader<R: Read>(&self, from: R) -> io::Result<impl Read + use<R>> {
        age::decrypt(from, Opener::Keys(std::slice::from_ref(&self.identity))).map_err(|error| match error {
            DecryptError::Io(error) => error,
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        })
    }

    pub(super) fn encrypt(&self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let mut writer = self.writer(Vec::with_capacity(plain.len() + 512))?;
        writer.write_all(plain)?;
        writer.finish()
    }

    pub(super) fn decrypt(&self, encrypted: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::with_capacity(encrypted.len());
        self.reader(encrypted)?.read_to_end(&mut plain)?;
        Ok(plain)
    }
}
