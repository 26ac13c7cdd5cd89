//! Another place that keeps what a journal writes, before any of it counts as written.

use std::fmt::Debug;
use std::path::Path;

use super::JournalError;

/// Keeps the groups of one journal in another place, one after the other.
pub trait Mirror: Debug + Send {
    /// Keeps a group: lines of `before.jsonl`, and the records that name them, each with its newline. Blocks until
    /// the group is kept; only then is the call of an intent in it sent.
    ///
    /// # Errors
    ///
    /// [`JournalError::Taken`]: another process has continued the run. [`JournalError::Away`]: the place does not
    /// answer. The journal accepts nothing more after either.
    fn keep(&mut self, before_images: &[u8], records: &[u8]) -> Result<(), JournalError>;
}

/// Which journals are also kept in another place.
pub trait Mirrors: Debug + Send + Sync {
    /// The mirror of the journal at this path; `None` for a journal without one.
    fn of(&self, journal: &Path) -> Option<Box<dyn Mirror>>;
}
