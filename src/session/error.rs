//! Why a session could not do what it was asked to do. A failed item is an outcome, not one of these.

use std::path::PathBuf;

use crate::archive::ArchiveError;
use crate::inventory::error::EngineError;
use crate::job::Problems;
use crate::model::chain;
use crate::run_folder::RunFolderError;
use crate::run_folder::lock::LockError;

/// Why a session could not do what it was asked to do.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// It cannot be done as requested: arguments, a token source, or a different account. Nothing was sent.
    #[error("{0}")]
    Refused(String),
    /// The run in this folder was cut off before it began: nothing was sent for it.
    #[error("the run in {} was cut off before it began: nothing was sent; start it again", .0.display())]
    NeverBegan(PathBuf),
    /// The job has problems.
    #[error("the job file has problems")]
    Job(Box<Problems>),
    /// The service, the archive or a file failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Another process holds the target or writes to the run.
    #[error("{0}")]
    Held(String),
    /// The run ended, and its report could not be written. It can be resumed.
    #[error("the report of the run in {} could not be written", folder.display())]
    Unreported {
        /// The folder of the run.
        folder: PathBuf,
        /// The reason; if the run itself was broken off, the reason for that.
        #[source]
        source: Box<SessionError>,
    },
    /// The embedded emulator failed.
    #[error("the embedded emulator: {0}")]
    Emulator(String),
}

impl SessionError {
    pub(crate) fn refused(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Refused(chain(error))
    }
}

impl From<ArchiveError> for SessionError {
    fn from(error: ArchiveError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<RunFolderError> for SessionError {
    fn from(error: RunFolderError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<crate::journal::JournalError> for SessionError {
    fn from(error: crate::journal::JournalError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<LockError> for SessionError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Held(_) => Self::Held(chain(&error)),
            LockError::File { .. } => Self::Refused(chain(&error)),
        }
    }
}
