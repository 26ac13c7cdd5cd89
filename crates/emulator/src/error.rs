//! Why an emulator cannot start or continue.

use std::path::PathBuf;

/// A failure of the emulator itself, never an answer it gives.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// The data file cannot be opened.
    #[error("cannot open the emulator's data file {path}; another process may hold it")]
    Open {
        /// The file that could not be read or written.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is something else.
    #[error(
        "{path} is not a data file of this emulator; give another path (version 0.1.0 kept its accounts in another format)"
    )]
    Foreign {
        /// The file that could not be read or written.
        path: PathBuf,
    },
    /// The data file cannot be read or written.
    #[error("the emulator's data file failed while {doing}")]
    Store {
        /// What was attempted, to follow "while" or "cannot".
        doing: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The writer of the data file is gone, so nothing can be kept any more.
    #[error("the emulator's data file takes no more writes; start the emulator again")]
    Closed,
    /// A stored record is not what this version writes.
    #[error("the emulator's data file holds a damaged {what}; move it away and start again")]
    Damaged {
        /// The kind of record.
        what: &'static str,
    },
    /// A document to load is not usable.
    #[error("cannot load {place}: {reason}")]
    Load {
        /// Which document it is, by account, list and position.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A faults file is not understood.
    #[error("cannot understand the faults file: {reason}")]
    Faults {
        /// What is wrong, with its line.
        reason: String,
    },
    /// The system refuses what serving takes: a port, connections, or the thread that writes.
    #[error("the emulator cannot {doing}")]
    Network {
        /// What was attempted, to follow "while" or "cannot".
        doing: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl EmulatorError {
    /// Turns an error of the system into one that says what was attempted.
    pub(super) fn store(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Store { doing, source }
    }
}
