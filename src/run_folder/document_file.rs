//! Documents between stages: stored on disk, found by offset.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::documents::Document;
use crate::documents::Hasher;
use crate::model::Fingerprint;
use crate::run_folder::error::RunFolderError;
use crate::run_folder::read_ahead::ReadAhead;

/// The position of a text in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Bytes from the start of the file.
    pub offset: u64,
    /// Length in bytes.
    pub length: u32,
}

/// A span in 10 bytes instead of 16, at any address: the offset in 6, which is 256 TiB, and the length in 4.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PackedSpan {
    offset: [u8; 6],
    length: [u8; 4],
}

impl From<Span> for PackedSpan {
    fn from(span: Span) -> Self {
        let [offset @ .., high, higher] = span.offset.to_le_bytes();
        debug_assert_eq!([high, higher], [0, 0], "no file is that long");
        Self { offset, length: span.length.to_le_bytes() }
    }
}

impl From<PackedSpan> for Span {
    fn from(span: PackedSpan) -> Self {
        let mut offset = [0; 8];
        offset[..6].copy_from_slice(&span.offset);
        Self { offset: u64::from_le_bytes(offset), length: u32::from_le_bytes(span.length) }
    }
}

/// A file that texts are appended to and read back from.
#[derive(Debug)]
pub struct DocumentFile {
    writer: BufWriter<File>,
    reader: File,
    ahead: ReadAhead,
    path: PathBuf,
    end: u64,
    flushed: u64,
    /// For a file that is evidence.
    hash: Option<Hasher>,
}

impl DocumentFile {
    /// Creates the file, which must not exist. Only its owner may read it.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn create(path: &Path) -> Result<Self, RunFolderError> {
        Self::make(path, Some(Hasher::default()))
    }

    /// Creates a file for temporary documents, which needs no hash.
    ///
    /// # Errors
    ///
    /// As for [`Self::create`].
    pub fn create_in_passing(path: &Path) -> Result<Self, RunFolderError> {
        Self::make(path, None)
    }

    fn make(path: &Path, hash: Option<Hasher>) -> Result<Self, RunFolderError> {
        let mut options = File::options();
        options.append(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(RunFolderError::file("make", path))?;
        let reader = File::open(path).map_err(RunFolderError::file("open", path))?;
        Ok(Self {
            writer: BufWriter::with_capacity(1 << 16, file),
            reader,
            ahead: ReadAhead::default(),
            path: path.to_owned(),
            end: 0,
            flushed: 0,
            hash,
        })
    }

    /// Appends a text.
    ///
    /// # Errors
    ///
    /// The disk cannot be written to, or the text is 4 GiB or longer.
    pub fn append(&mut self, text: &[u8]) -> Result<Span, RunFolderError> {
        let length = u32::try_from(text.len())
            .map_err(|_| RunFolderError::file("write to", &self.path)(io::ErrorKind::FileTooLarge.into()))?;
        self.writer.write_all(text).map_err(RunFolderError::file("write to", &self.path))?;
        if let Some(hash) = &mut self.hash {
            hash.update(text);
        }
        let span = Span { offset: self.end, length };
        self.end += u64::from(length);
        Ok(span)
    }

    /// Appends `{"item":…,"document":…}` as one line; the span is that of the document.
    ///
    /// # Errors
    ///
    /// As for [`Self::append`]. The text must be JSON already.
    pub fn append_line(
        &mut self,
        item: crate::model::ItemKey,
        document: &[u8],
    ) -> Result<Span, RunFolderError> {
        self.append(format!("{{\"item\":{item},\"document\":").as_bytes())?;
        let span = self.append(document)?;
        self.append(b"}\n")?;
        Ok(span)
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a text back.
    ///
    /// # Errors
    ///
    /// The disk cannot be written to, or the file cannot be read.
    pub fn read(&mut self, span: Span) -> Result<Vec<u8>, RunFolderError> {
        if span.offset + u64::from(span.length) > self.flushed {
            self.writer.flush().map_err(RunFolderError::file("write to", &self.path))?;
            self.flushed = self.end;
        }
        let read = self.ahead.read(&self.reader, span.offset, span.length, self.flushed);
        read.map_err(RunFolderError::file("read", &self.path))
    }

    /// Writes and syncs the file, and returns the hash of all of it; the hash of nothing for a temporary file.
    ///
    /// # Errors
    ///
    /// The disk cannot be written to.
    pub fn finish(mut self) -> Result<Fingerprint, RunFolderError> {
        self.writer.flush().map_err(RunFolderError::file("write to", &self.path))?;
        self.writer.get_ref().sync_all().map_err(RunFolderError::file("sync", &self.path))?;
        Ok(self.hash.unwrap_or_default().finish())
    }
}

/// Reads one text of a file by its position.
///
/// # Errors
///
/// The file cannot be read, or is too short.
pub fn read_span(file: &File, span: Span) -> io::Result<Vec<u8>> {
    let mut text = vec![0; span.length as usize];
    file.read_exact_at(&mut text, span.offset)?;
    Ok(text)
}

/// The document of a text that this program wrote; the error names `path`.
///
/// # Errors
///
/// It is not JSON.
pub fn read_document(text: Vec<u8>, path: &Path) -> Result<Document, RunFolderError> {
    Document::from_bytes(text).map_err(|error| damaged(path, &error))
}

/// The error for a file that no longer has what this program wrote to it.
pub(crate) fn damaged(path: &Path, why: &dyn std::fmt::Display) -> RunFolderError {
    let message = format!("does not hold what was put there ({why})");
    RunFolderError::BadFile { path: path.to_owned(), message }
}

/// The document of a temporary text that was checked to be JSON before it was stored: it is not checked again. The
/// error names `path`.
///
/// # Errors
///
/// It is not UTF-8, as every stored text is.
pub(crate) fn stored_document(text: Vec<u8>, path: &Path) -> Result<Document, RunFolderError> {
    let text = String::from_utf8(text).map_err(|error| damaged(path, &error))?;
    Ok(Document::new(text.into()))
}

/// A value of this program as JSON, to be written to `path`, which the error names.
///
/// # Errors
///
/// It cannot be written as JSON.
pub(crate) fn to_json<T: Serialize>(value: &T, path: &Path) -> Result<Vec<u8>, RunFolderError> {
    serde_json::to_vec(value).map_err(|error| unwritten(path, error))
}

/// The error for a value of `path` that could not be written as JSON.
pub(crate) fn unwritten(path: &Path, error: serde_json::Error) -> RunFolderError {
    RunFolderError::file("write to", path)(error.into())
}

/// A value of this program from its JSON. Checking the text once as a whole is faster than checking each of its
/// strings.
pub(crate) fn from_json<'t, T: Deserialize<'t>>(text: &'t [u8]) -> serde_json::Result<T> {
    str::from_utf8(text).map_or_else(|_| serde_json::from_slice(text), serde_json::from_str)
}

/// A document as one line: a service may answer with indented JSON, and a line feed inside a text is always escaped.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indented_document_becomes_one_line_that_means_the_same() {
        let indented = "{\n  \"a\": \"x\\ny\",\r\n  \"b\": [1,\n2]\n}";
        let line = one_line(indented);
        assert!(!line.contains(['\n', '\r']));
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(&line), parse(indented));
        assert_eq!(one_line("{\"a\":1}"), "{\"a\":1}");
    }
}
