//! What can be wrong with a journal.

use std::io;
use std::path::PathBuf;

use crate::model::ItemKey;

/// A journal that cannot be read or written. It ends the run: nothing may be sent without its intent on disk.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk cannot be written.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried, e.g. `write to`.
        what: &'static str,
        /// The path of the journal.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        source: io::Error,
    },
    /// A record does not fit the journal.
    #[error("{} is damaged at line {line}: {message}", path.display())]
    Damaged {
        /// The path of the journal.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What does not fit, and what to do.
        message: String,
    },
    /// A newer program wrote it.
    #[error("{} has format {found}, this program knows {known}: use a newer transship", path.display())]
    Newer {
        /// The path of the journal.
        path: PathBuf,
        /// The number of the format that was found.
        found: u32,
        /// The newest number of the format that this version reads.
        known: u32,
    },
    /// The journal was removed, moved, replaced, cut or written to by somebody else while it was being written.
    #[error(
        "{} was removed, moved or replaced, or somebody else wrote to it, while the run was writing it: nothing more is \
         sent, for nobody could find out about it",
        path.display()
    )]
    Gone {
        /// The path where the journal was.
        path: PathBuf,
    },
    /// Another process continued the run, in the place where run folders are kept.
    #[error(
        "another process goes on with the run in {place}: this one was taken for dead, and sends nothing more"
    )]
    Taken {
        /// Where the run is kept.
        place: String,
    },
    /// The place where run folders are kept did not accept an intent.
    #[error("the run in {place} cannot be written, so nothing more is sent: {reason}")]
    Away {
        /// Where the run is kept.
        place: String,
        /// The last answer of the place.
        reason: String,
    },
    /// An earlier write failed; no further record is accepted.
    #[error("the journal stopped after an earlier error: {0}")]
    Stopped(String),
}

/// A record that fits the chain of its journal but not its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It is about an item that the plan does not have.
    #[error("the plan has no item {0}")]
    NoSuchItem(ItemKey),
    /// The step may not follow what the item did before.
    #[error("item {item} cannot be {step} now")]
    NotNow {
        /// The item that the record is about.
        item: ItemKey,
        /// The name of the step.
        step: &'static str,
    },
    /// The run was opened for another plan.
    #[error("it was opened for another plan.json than the one beside it")]
    OtherPlan,
    /// The run was opened for another number of items.
    #[error("it was opened for {opened} items, the plan has {planned}")]
    OtherItems {
        /// The number in the journal.
        opened: u32,
        /// The number in the plan.
        planned: u32,
    },
}
