//! Data about an archive other than its snapshots: small files whose loss does not affect any backup.

use super::layout::NOTES;
use super::{Archive, ArchiveError};

impl Archive {
    fn note_path(&self, name: &str) -> String {
        let end = if self.is_encrypted() { ".zst.age" } else { ".zst" };
        format!("{NOTES}/{name}{end}")
    }

    /// Reads a note; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// It is damaged, or the storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn note(&self, name: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        let path = self.note_path(name);
        let Some(found) = self.store().read(&path).await? else { return Ok(None) };
        self.decode(&path, found).map(Some)
    }

    /// Writes a note in the place of the one of that name.
    ///
    /// # Errors
    ///
    /// The storage refused the request; the old note may still exist then.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the old note or the new one is there, either of them whole.
    pub async fn put_note(&self, name: &str, text: &[u8]) -> Result<(), ArchiveError> {
        let path = self.note_path(name);
        let coded = self.encode(text).map_err(|error| self.store().damaged(&path, error.to_string()))?;
        self.store().replace(&path, coded.into()).await
    }
}
