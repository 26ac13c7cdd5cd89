//! The primitives, each a call into a library.

use ring::rand::{SecureRandom, SystemRandom};
use ring::{aead, hkdf, hmac};
use zeroize::Zeroizing;

/// Authentication tag of one chunk or wrapped key, in bytes.
pub(crate) const TAG: usize = 16;

/// Bytes that nobody can foresee.
///
/// # Panics
/// The system has no source of random bytes: nothing can be encrypted safely then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF with SHA-256.
pub(crate) fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let infos = [info];
    let expanded =
        extracted.expand(&infos, Length(key.len())).and_then(|expanded| expanded.fill(&mut key[..]));
    expanded.expect("32 bytes are within what HKDF gives");
    key
}

/// A key of ChaCha20-Poly1305.
pub(crate) struct Aead(aead::LessSafeKey);

impl Aead {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, key).expect("32 bytes are a key");
        Self(aead::LessSafeKey::new(key))
    }

    /// Encrypts in place and appends the tag. A nonce must never be used twice with one key.
    pub(crate) fn seal(&self, nonce: [u8; 12], text: &mut Vec<u8>) {
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(nonce, aead::Aad::empty(), text).expect("a chunk is not too long");
    }

    /// Decrypts in place and takes the tag away; `None` and nothing of the text when the tag does not fit.
    pub(crate) fn open(&self, nonce: [u8; 12], sealed: &mut Vec<u8>) -> Option<()> {
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let length = self.0.open_in_place(nonce, aead::Aad::empty(), sealed).map(|plain| plain.len());
        sealed.truncate(length.unwrap_or(0));
        length.ok().map(|_| ())
    }
}

/// The key of one file: 16 random bytes, wrapped for each recipient.
pub(crate) struct FileKey(Zeroizing<[u8; 16]>);

impl FileKey {
    pub(crate) fn random() -> Self {
        Self(Zeroizing::new(random()))
    }

    /// Encrypted with a key that is used for nothing else, so its nonce may be zero.
    pub(crate) fn wrap(&self, with: &[u8; 32]) -> Vec<u8> {
        let mut body = self.0.to_vec();
        Aead::new(with).seal([0; 12], &mut body);
        body
    }

    /// The reverse; `None` when the key does not fit. The length was checked before: [`FileKey::WRAPPED`].
    pub(crate) fn unwrap(with: &[u8; 32], body: &[u8; Self::WRAPPED]) -> Option<Self> {
        let mut plain = Zeroizing::new(body.to_vec());
        Aead::new(with).open([0; 12], &mut plain)?;
        let key = <[u8; 16]>::try_from(plain.as_slice()).ok()?;
        Some(Self(Zeroizing::new(key)))
    }

    /// Bytes of a wrapped file key.
    pub(crate) const WRAPPED: usize = 16 + TAG;

    fn header_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &derive(&self.0[..], b"", b"header")[..])
    }

    /// What stands at the end of the header.
    pub(crate) fn mac(&self, header: &[u8]) -> [u8; 32] {
        let mut mac = [0; 32];
        mac.copy_from_slice(hmac::sign(&self.header_key(), header).as_ref());
        mac
    }

    /// Whether the header is the one that was written, in constant time.
    pub(crate) fn is_mac(&self, header: &[u8], mac: &[u8; 32]) -> bool {
        hmac::verify(&self.header_key(), header, mac).is_ok()
    }

    /// What encrypts the payload.
    pub(crate) fn payload(&self, nonce: &[u8]) -> Aead {
        Aead::new(&derive(&self.0[..], nonce, b"payload"))
    }
}
