//! Run folders in a store that machines share: a bucket, or a folder by `file://`.
//!
//! The files of a run are used in a private copy on this machine. The store has what any other machine needs to
//! continue:
//!
//! ```text
//! <run>/begun/<run id>/          job.yaml, plan.json, wanted.jsonl, known.ids: written once, before the first segment
//! <run>/journal/000042.jsonl     each group of the journal, with the documents that its intents overwrite
//! <run>/summary.json, audit.csv, report.html
//! ```
//!
//! Promises: a segment is in the store before the call of one of its intents is sent. It is created only if there is
//! none of its number, so of two processes that go on with a run one finds its number taken: that one writes and sends
//! nothing more. What is in the store when a process is killed is a run that can be resumed, from any machine. Which folder
//! in `begun` counts is said by the first segment, so a process that never came so far has begun nothing.

mod copy;
mod others;
mod segment;
mod upload;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use crate::archive::{ArchiveError, Objects};
use crate::journal::{Mirror, Mirrors};
use crate::model::Cancel;
use crate::run_folder::error::RunFolderError;

/// Files that are written once, before the journal begins.
const BEGUN: [&str; 4] = ["job.yaml", "plan.json", "wanted.jsonl", "known.ids"];
/// Files that are made from a journal, and written whenever a process ends.
const REPORTS: [&str; 3] = ["summary.json", "audit.csv", "report.html"];

/// Why a run folder in a store could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// The store does not answer, or refuses the request.
    #[error(transparent)]
    Store(#[from] ArchiveError),
    /// A file of the copy on this machine could not be written or read.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// A run in the store is incomplete.
    #[error("the run in {place} is damaged: {message}")]
    Damaged {
        /// Where the run is: the store and the name in it.
        place: String,
        /// What is missing or does not match.
        message: String,
    },
}

/// How run folders in a store are used.
#[derive(Debug, Clone)]
pub struct SharedOptions {
    /// The folder of the copies on this machine, for its owner only.
    pub copies: PathBuf,
    /// The process, as others see it.
    pub holder: String,
    /// Drawn at random by this process, to distinguish what it writes from what others write.
    pub mark: String,
    /// How long to wait for a store that does not answer; at most ten seconds once the run is stopping.
    pub patience: Duration,
}

/// The run folders in a store. A clone shares everything.
#[derive(Clone)]
pub struct SharedRuns(Arc<Inner>);

struct Inner {
    objects: Objects,
    options: SharedOptions,
    /// Runs the calls to the store: the thread of a journal waits for their results, and must not block other tasks.
    runtime: tokio::runtime::Handle,
    /// Ends the runtime when it is dropped.
    _ends: oneshot::Sender<()>,
    /// What this process knows about each run.
    known: Mutex<BTreeMap<String, Known>>,
    cancel: Mutex<Cancel>,
}

/// What is known about a run in the store.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// How many segments it has.
    segments: u64,
    /// The report files of the copy when they were fetched: newer ones have to be written to the store.
    reports: [Option<u64>; REPORTS.len()],
}

impl fmt::Debug for SharedRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRuns").field("objects", &self.0.objects).finish_non_exhaustive()
    }
}

impl SharedRuns {
    /// The run folders in this store. Starts a thread for the calls to it.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn start(objects: Objects, options: SharedOptions) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (ends, ended) = oneshot::channel::<()>();
        std::thread::Builder::new().name("run store".into()).spawn(move || {
            // Its other end is dropped with the last clone.
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        })?;
        let (known, cancel) = (Mutex::default(), Mutex::default());
        Ok(Self(Arc::new(Inner { objects, options, runtime: handle, _ends: ends, known, cancel })))
    }

    /// From now on, gives up on a store that does not answer soon after `cancel` drains, and at once when it aborts.
    pub fn stop_with(&self, cancel: &Cancel) {
        *self.0.cancel.lock().unwrap_or_else(PoisonError::into_inner) = cancel.clone();
    }

    /// The copy of a run on this machine, which need not exist.
    pub fn copy(&self, run: &str) -> PathBuf {
        self.0.options.copies.join(run)
    }

    /// The folder of the copies on this machine.
    pub fn copies(&self) -> &Path {
        &self.0.options.copies
    }

    /// The objects of the store.
    pub fn objects(&self) -> &Objects {
        &self.0.objects
    }

    /// The name of the store in messages.
    pub fn place(&self) -> &str {
        self.0.objects.place().trim_end_matches('/')
    }

    /// The name of a run in messages.
    fn shown(&self, run: &str) -> String {
        format!("{}/{run}", self.place())
    }

    /// The run whose copy has this journal or folder.
    fn run_of(&self, path: &Path) -> Option<String> {
        let below = path.strip_prefix(&self.0.options.copies).ok()?;
        below.to_str().filter(|name| !name.is_empty()).map(str::to_owned)
    }

    fn known<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Known>) -> T) -> T {
        work(&mut self.0.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Does something in the thread of the store, and waits for it. If the caller stops waiting, it stops at once.
    async fn there<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, SharedError>> + Send + 'static,
    ) -> Result<T, SharedError> {
        match AbortOnDropHandle::new(self.0.runtime.spawn(work)).await {
            Ok(done) => done,
            Err(error) => Err(ArchiveError::Refused(format!("its thread ended: {error}")).into()),
        }
    }

    /// Copies a run to this machine and replaces the old copy. Returns whether the run exists.
    ///
    /// # Errors
    ///
    /// The store does not answer, a segment is missing or damaged, or the copy cannot be written.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the copying and leaves part of a copy, which the next fetch of the run replaces.
    pub async fn fetch(&self, run: &str) -> Result<bool, SharedError> {
        let (own, name) = (self.clone(), run.to_owned());
        let segments = self.there(async move { copy::fetch(&own, &name).await }).await?;
        let reports = copy::reports(&self.copy(run));
        self.known(|known| known.insert(run.to_owned(), Known { segments, reports }));
        Ok(segments > 0)
    }

    /// Copies the requested runs again if others wrote them meanwhile. Call it when no other process may write them any
    /// more.
    ///
    /// # Errors
    ///
    /// As [`Self::fetch`].
    ///
    /// # Cancel safety
    ///
    /// As [`Self::fetch`].
    pub async fn refresh(&self) -> Result<(), SharedError> {
        let runs: Vec<(String, Known)> = self.known(|known| known.clone().into_iter().collect());
        for (run, known) in runs {
            let (own, name) = (self.clone(), run.clone());
            let next = known.segments + 1;
            if self.there(async move { copy::has(&own, &name, next).await }).await? {
                self.fetch(&run).await?;
            }
        }
        Ok(())
    }

    /// Writes the reports that this process made, unless another process has continued their runs. Returns the places
    /// of those whose reports could not be written, and why.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves some reports written and others not; each is either the old or the new one.
    pub async fn publish(&self) -> Vec<(String, SharedError)> {
        let runs: Vec<(String, Known)> = self.known(|known| known.clone().into_iter().collect());
        let mut failed = Vec::new();
        for (run, Known { segments, reports }) in runs {
            let now = copy::reports(&self.copy(&run));
            if segments == 0 || now == reports {
                continue;
            }
            let (own, name) = (self.clone(), run.clone());
            let done = self.there(async move { copy::publish(&own, &name, segments).await }).await;
            match done {
                Ok(()) => {
                    self.known(|known| known.insert(run, Known { segments, reports: now })).map_or((), drop)
                }
                Err(error) => failed.push((self.shown(&run), error)),
            }
        }
        failed
    }
}

impl Mirrors for SharedRuns {
    fn of(&self, journal: &Path) -> Option<Box<dyn Mirror>> {
        let run = self.run_of(journal.parent()?)?;
        Some(Box::new(upload::Upload::new(self.clone(), run)))
    }
}

#[cfg(test)]
mod tests;
