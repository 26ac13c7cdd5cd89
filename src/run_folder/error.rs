//! What can go wrong with the files of a run.

use std::io;
use std::path::PathBuf;

use crate::journal::JournalError;

/// Why a file of a run could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RunFolderError {
    /// A file of the run could not be read or written.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// The file that could not be read or written.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        source: io::Error,
    },
    /// A file of the run has unexpected contents.
    #[error("{}: {message}", path.display())]
    BadFile {
        /// The file that is damaged.
        path: PathBuf,
        /// What is wrong with it, and how to fix it.
        message: String,
    },
    /// The journal could not be written or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The counts of what was selected, planned, journaled and reported disagree.
    #[error("the sums of this run disagree: {0}")]
    Sums(String),
}

impl RunFolderError {
    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}
