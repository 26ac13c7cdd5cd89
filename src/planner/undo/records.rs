//! Data about each import that an undo needs once or twice: in a file without a name, because there may be very many.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::run_folder::RunFolderError;
use crate::run_folder::document_file::{DocumentFile, PackedSpan, damaged, from_json, to_json};

/// A file of what is known of imports. Who puts something down keeps its place.
#[derive(Debug)]
pub(crate) struct Records(DocumentFile);

impl Records {
    /// Makes the file; nobody else finds it.
    pub(crate) fn create(path: &Path) -> Result<Self, RunFolderError> {
        let file = DocumentFile::create_in_passing(path)?;
        // What cannot be removed is litter, not an error.
        let _ = std::fs::remove_file(path);
        Ok(Self(file))
    }

    /// Puts down what is known of an import.
    pub(crate) fn put(&mut self, known: &impl Serialize) -> Result<PackedSpan, RunFolderError> {
        let text = to_json(known, self.0.path())?;
        self.put_text(&text)
    }

    /// Puts down a document.
    pub(crate) fn put_text(&mut self, text: &[u8]) -> Result<PackedSpan, RunFolderError> {
        Ok(self.0.append(text)?.into())
    }

    /// Reads what was [stored](Self::put).
    pub(crate) fn get<T: DeserializeOwned>(&mut self, place: PackedSpan) -> Result<T, RunFolderError> {
        let text = self.text(place)?;
        from_json(&text).map_err(|error| damaged(self.0.path(), &error))
    }

    /// Reads back a document.
    pub(crate) fn text(&mut self, place: PackedSpan) -> Result<Vec<u8>, RunFolderError> {
        self.0.read(place.into())
    }
}
