//! SHA-256 of what comes in pieces: the one place where its implementation is chosen for documents, plans and archives.

use std::fmt;

use ring::digest::{Context, SHA256};

use crate::Fingerprint;

/// On its way to a [`Fingerprint`]. Of the library that TLS is made with: on a processor without instructions for SHA-256, of which
/// there are many, it takes half the time of one written in Rust.
#[derive(Clone)]
pub struct Hasher(Context);

impl Default for Hasher {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl Hasher {
    /// Takes the next piece.
    #[inline]
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that it took.
    pub fn finish(self) -> Fingerprint {
        let mut print = [0; 32];
        print.copy_from_slice(self.0.finish().as_ref());
        Fingerprint(print)
    }
}

impl Fingerprint {
    /// The hash of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_the_sha_256_that_everybody_knows() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Hasher::default().finish().to_string(), empty);
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint::of(b"abc").to_string(), abc);
    }

    proptest! {
        #[test]
        fn pieces_make_the_hash_of_the_whole(pieces in prop::collection::vec(prop::collection::vec(0..=255_u8, 0..200), 0..9)) {
            let mut hasher = Hasher::default();
            pieces.iter().for_each(|piece| hasher.update(piece));
            prop_assert_eq!(hasher.finish(), Fingerprint::of(&pieces.concat()));
        }
    }
}
