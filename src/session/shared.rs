//! Run folders in a store that machines share: opened with copies on this machine, which go when it is closed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Host, SessionError};
use crate::archive::Objects;
use crate::inventory::error::EngineError;
use crate::journal::Mirrors;
use crate::model::Cancel;
use crate::run_folder::RunFolderError;
use crate::run_folder::other_runs::OtherRuns;
use crate::run_folder::shared::{SharedError, SharedOptions, SharedRuns};
use crate::run_folder::staging::StagingFolder;

/// How long a store that does not answer is waited for, before the run ends as interrupted.
const PATIENCE: Duration = Duration::from_mins(5);

/// Run folders in a store. Each is worked on in a copy on this machine; an intent is in the store before its call
/// is sent.
#[derive(Debug)]
pub struct SharedFolders {
    runs: SharedRuns,
    _copies: StagingFolder,
}

impl SharedFolders {
    /// The run folders in this store; copies of them are made in a folder of the user's own, else below `otherwise`.
    ///
    /// # Errors
    ///
    /// The folder of the copies cannot be made.
    pub fn open(host: &Host, objects: Objects, otherwise: &Path) -> Result<Self, SessionError> {
        let folder = host.copies().unwrap_or_else(|| otherwise.to_owned());
        let copies = StagingFolder::create(&folder.join("copies"))?;
        let options = SharedOptions {
            copies: copies.path().to_owned(),
            holder: host.holder(),
            mark: format!("{:016x}", host.random.seed()),
            patience: PATIENCE,
        };
        let runs = SharedRuns::start(objects, options)
            .map_err(EngineError::file("start the thread that writes to", "the store of run folders"))?;
        Ok(Self { runs, _copies: copies })
    }

    /// Where the copies are.
    pub fn copies(&self) -> &Path {
        self.runs.copies()
    }

    /// The copy of a run, which need not be there.
    pub fn copy(&self, run: &str) -> PathBuf {
        self.runs.copy(run)
    }

    /// For the options of journals: those of runs in the store are kept there.
    pub fn mirrors(&self) -> Arc<dyn Mirrors> {
        Arc::new(self.runs.clone())
    }

    /// For the options of sessions: the runs beside one in the store.
    pub fn other_runs(&self) -> Arc<dyn OtherRuns> {
        Arc::new(self.runs.clone())
    }

    /// From now on, a store that does not answer is given up soon once this one drains.
    pub fn stop_with(&self, cancel: &Cancel) {
        self.runs.stop_with(cancel);
    }

    /// Copies a run to this machine; says whether there is one.
    ///
    /// # Errors
    ///
    /// The store does not answer, or the run is damaged.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the copying and leaves part of a copy, which the next fetch of the run replaces.
    pub async fn fetch(&self, run: &str) -> Result<bool, SessionError> {
        Ok(self.runs.fetch(run).await?)
    }

    /// Copies again what others wrote meanwhile: to be called once nobody else may write.
    ///
    /// # Errors
    ///
    /// As [`Self::fetch`].
    ///
    /// # Cancel safety
    ///
    /// As [`Self::fetch`].
    pub async fn refresh(&self) -> Result<(), SessionError> {
        Ok(self.runs.refresh().await?)
    }

    /// Writes the reports of the runs that this process wrote; gives a sentence for each that could not be written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves some reports written and others not; each of them is the old one or the new one.
    pub async fn publish(&self) -> Vec<String> {
        let failed = self.runs.publish().await;
        let sentence = |(place, error): (String, SharedError)| {
            format!(
                "the report of the run in {place} could not be written there: {}",
                crate::model::chain(&error)
            )
        };
        failed.into_iter().map(sentence).collect()
    }
}

impl From<SharedError> for SessionError {
    fn from(error: SharedError) -> Self {
        match error {
            SharedError::Store(error) => error.into(),
            SharedError::Folder(error) => error.into(),
            SharedError::Damaged { place, message } => {
                RunFolderError::BadFile { path: place.into(), message }.into()
            }
        }
    }
}
