//! Why a file or a key is refused.

use std::io;

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DecryptError {
    /// The text around the file is not as age writes it.
    #[error("its armour is damaged: {0}")]
    Armour(&'static str),
    /// It is not an age file of version 1, or its header is damaged.
    #[error("its header is damaged: {0}")]
    Header(&'static str),
    /// The header can be read and the key fits, and yet somebody changed the header.
    #[error("its header was changed")]
    HeaderChanged,
    /// None of the keys, or not this passphrase.
    #[error("nothing that was given opens it")]
    NoMatch,
    /// The cost of its passphrase is above what the caller accepts; both are powers of two.
    #[error("its passphrase costs 2^{asked} to try, and at most 2^{allowed} is accepted")]
    TooDear {
        /// What the file asks for, as the exponent of 2.
        asked: u8,
        /// What the caller accepts at most, as the exponent of 2.
        allowed: u8,
    },
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not `AGE-SECRET-KEY-1…` (a secret key) or `age1…` (a public key).
    #[error("it does not begin with {0}1")]
    AnotherKind(&'static str),
    /// Its check sum does not fit: a character is missing or wrong.
    #[error("its check sum is wrong")]
    CheckSum,
    /// It holds more or fewer than 32 bytes.
    #[error("it has another length")]
    Length,
}
