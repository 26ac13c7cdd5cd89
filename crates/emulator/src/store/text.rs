//! Where the text of a document is, and how it is read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;

/// The place of a document: account, kind and whether it is deleted, number.
pub(super) type Key = (u32, u8, u64);

/// Where the text of a document or of an audit entry is.
#[derive(Debug, Clone)]
pub(super) enum Text {
    /// In memory, for a store that is gone with the process.
    Held(Bytes),
    /// In the data file.
    At {
        /// Its first byte.
        offset: u64,
        /// Its length in bytes.
        length: u32,
    },
}

impl Text {
    fn length(&self) -> u64 {
        match self {
            Self::Held(bytes) => bytes.len() as u64,
            Self::At { length, .. } => u64::from(*length),
        }
    }
}

/// The bytes of a text.
pub(super) fn read_text(file: Option<&File>, text: &Text) -> io::Result<Bytes> {
    match (text, file) {
        (Text::Held(bytes), _) => Ok(bytes.clone()),
        (Text::At { offset, length }, Some(file)) => {
            let mut bytes = vec![0; *length as usize];
            file.read_exact_at(&mut bytes, *offset)?;
            Ok(bytes.into())
        }
        (Text::At { .. }, None) => Err(io::ErrorKind::NotFound.into()),
    }
}

/// About how many bytes of the file the change of a text of this length takes.
pub(super) fn weight(text: &Text) -> u64 {
    text.length() + 200
}
