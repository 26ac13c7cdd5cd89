//! Another place that keeps what a journal writes, before any of it counts as written.

use std::fmt::Debug;
use std::path::Path;

use super::JournalError;

/// Keeps the groups of one journal in another place, one after the other.
pub trait Mirror: Debug + Send {
    /// Keeps a group: lines of `before.jsonl`, and the records that announce them, each with its newline. Blocks until it is
    /// kept; only then is anything done that a record of it announces.
    ///
    /// # Errors
    ///
    /// [`JournalError::Taken`]: another process goes on with the run. [`JournalError::Away`]: the place does not answer. The
    /// journal takes nothing more after either.
    fn keep(&mut self, befores: &[u8], records: &[u8]) -> Result<(), JournalError>;
}

/// Which journals are kept in another place too.
pub trait Mirrors: Debug + Send + Sync {
    /// The mirror of the journal at this path; `None` for one that is only there.
    fn of(&self, journal: &Path) -> Option<Box<dyn Mirror>>;
}
