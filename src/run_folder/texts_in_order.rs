//! A finished file of texts, which many readers read, mostly in order.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use crate::run_folder::document_file::{Span, read_span};
use crate::run_folder::read_ahead::ReadAhead;

/// A finished file whose texts many readers read, mostly in order.
#[derive(Debug)]
pub(crate) struct TextsInOrder {
    file: File,
    /// How much of the file may be read ahead.
    end: u64,
    ahead: Mutex<ReadAhead>,
}

impl TextsInOrder {
    /// For a file whose last text ends at `end`.
    pub(super) fn new(file: File, end: u64) -> Self {
        Self { file, end, ahead: Mutex::default() }
    }

    /// Opens a whole file.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let end = file.metadata()?.len();
        Ok(Self::new(file, end))
    }

    /// Reads a text. If another reader is active, it reads only that text.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is too short.
    pub(crate) fn read(&self, span: Span) -> io::Result<Vec<u8>> {
        match self.ahead.try_lock() {
            Ok(mut ahead) => ahead.read(&self.file, span.offset, span.length, self.end),
            Err(_) => read_span(&self.file, span),
        }
    }

    /// Reads a text with the read-ahead of one reader.
    ///
    /// # Errors
    ///
    /// As for [`Self::read`].
    pub(super) fn read_by(&self, ahead: &mut ReadAhead, span: Span) -> io::Result<Vec<u8>> {
        ahead.read(&self.file, span.offset, span.length, self.end)
    }
}
