//! The store of the run folder that a command was given by an address, such as `s3://bucket/runs/one`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::failure::Failure;
use crate::session::SessionOptions;
use crate::session::shared::SharedFolders;

/// The store of the run folders that a command was given; none for run folders on this machine. A clone shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Remote(Arc<Mutex<Option<Arc<Opened>>>>);

/// The store of a run folder.
#[derive(Debug)]
pub(super) struct Opened {
    pub folders: SharedFolders,
    /// The address without the name of the run.
    pub location: String,
    /// The name of the run in it.
    pub run: String,
}

impl Remote {
    pub(super) fn get(&self) -> Option<Arc<Opened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Copies the run with this copy again, if it is in the store.
    pub(super) async fn fetch(&self, copy: &Path) -> Result<(), Failure> {
        let Some(opened) = self.get() else { return Ok(()) };
        if let Some(run) = copy.strip_prefix(opened.folders.copies()).ok().and_then(Path::to_str) {
            opened.folders.fetch(run).await?;
        }
        Ok(())
    }

    /// Makes a session keep its journals in the store.
    pub(super) fn keep(&self, options: &mut SessionOptions) {
        if let Some(opened) = self.get() {
            opened.folders.stop_with(&options.cancel);
            options.journal.mirrors = Some(opened.folders.mirrors());
            options.other_runs = opened.folders.other_runs();
        }
    }

    /// Reads again what others have written, once this process holds what it writes to.
    pub(super) async fn refresh(&self) -> Result<(), Failure> {
        match self.get() {
            Some(opened) => Ok(opened.folders.refresh().await?),
            None => Ok(()),
        }
    }

    /// Writes the reports of runs that this process wrote; returns messages about those that could not be written.
    pub(super) async fn publish(&self) -> Vec<String> {
        match self.get() {
            Some(opened) => opened.folders.publish().await,
            None => Vec::new(),
        }
    }

    /// Removes the copies. A thread may hold a clone of this until the process ends, so dropping is not enough.
    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// From now on, the command's run folder is in this store.
    pub(super) fn open(&self, opened: Opened) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(opened));
    }
}
