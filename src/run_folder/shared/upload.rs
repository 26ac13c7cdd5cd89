//! Stores the groups of a journal in the store, each before it counts as written.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::copy::run_id;
use super::segment::{Head, encode, name};
use super::{BEGUN, SharedRuns};
use crate::archive::ArchiveError;
use crate::journal::{JournalError, Mirror};
use crate::model::{Cancel, chain, crash};

/// How long to wait for a store that does not answer once the run is stopping.
const LAST_PATIENCE: Duration = Duration::from_secs(10);
/// The first and the longest pause before a write is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// The journal of one run in this process.
#[derive(Debug)]
pub(super) struct Upload {
    runs: SharedRuns,
    run: String,
}

impl Upload {
    pub(super) fn new(runs: SharedRuns, run: String) -> Self {
        Self { runs, run }
    }

    /// Runs a call in the thread of the store, again and again until it succeeds.
    fn until_done<T: Send + 'static, F>(&self, work: impl Fn() -> F) -> Result<T, JournalError>
    where
        F: Future<Output = Result<T, ArchiveError>> + Send + 'static,
    {
        let inner = &self.runs.0;
        let cancel: Cancel = inner.cancel.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let (began, mut pause) = (Instant::now(), PAUSES.0);
        let mut stopping: Option<Instant> = None;
        loop {
            let (done, answer) = mpsc::channel();
            let work = work();
            let task = inner.runtime.spawn(async move {
                // The caller may have stopped waiting.
                let _ = done.send(work.await);
            });
            let answered = loop {
                match answer.recv_timeout(Duration::from_millis(100)) {
                    Ok(answered) => break Some(answered),
                    Err(mpsc::RecvTimeoutError::Timeout) if !cancel.is_aborting() => {
                        if stopping.is_some_and(|since: Instant| since.elapsed() > LAST_PATIENCE) {
                            break None;
                        }
                        if cancel.is_draining() {
                            stopping.get_or_insert_with(Instant::now);
                        }
                    }
                    Err(_) => break None,
                }
            };
            let reason = match answered {
                Some(Ok(done)) => return Ok(done),
                Some(Err(error)) => chain(&error),
                None => {
                    task.abort();
                    "it did not answer, and the run is to stop".to_owned()
                }
            };
            let is_over = began.elapsed() > inner.options.patience
                || cancel.is_aborting()
                || stopping.is_some_and(|since| since.elapsed() > LAST_PATIENCE);
            if is_over {
                return Err(JournalError::Away { place: self.runs.shown(&self.run), reason });
            }
            let until = Instant::now() + pause;
            while Instant::now() < until && !cancel.is_aborting() {
                std::thread::sleep(Duration::from_millis(50).min(until - Instant::now().min(until)));
                if cancel.is_draining() {
                    stopping.get_or_insert_with(Instant::now);
                }
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Writes the first files of the run. They count only when the first segment names them.
    fn begin(&self, records: &[u8]) -> Result<(), JournalError> {
        let taken = || JournalError::Taken { place: self.runs.shown(&self.run) };
        // A continued journal has its first segment already.
        let id = run_id(records).ok_or_else(taken)?;
        crash::point("segment.before_files");
        for file in BEGUN {
            let path = self.runs.copy(&self.run).join(file);
            if !path.is_file() {
                continue;
            }
            let name = format!("{}/begun/{id}/{file}", self.run);
            self.until_done(|| {
                let (objects, name, path) = (self.runs.objects().clone(), name.clone(), path.clone());
                async move { objects.put_file(&name, &path).await }
            })?;
        }
        Ok(())
    }
}

impl Mirror for Upload {
    fn keep(&mut self, before_images: &[u8], records: &[u8]) -> Result<(), JournalError> {
        let number = self.runs.known(|known| known.get(&self.run).map_or(0, |known| known.segments)) + 1;
        if number == 1 {
            self.begin(records)?;
        }
        let options = &self.runs.0.options;
        let head = Head { segment: number, by: options.holder.clone(), mark: options.mark.clone() };
        let bytes = encode(&head, before_images, records).map_err(|error| JournalError::Io {
            what: "encode a segment of",
            path: self.runs.copy(&self.run),
            source: error.into(),
        })?;
        let (name, bytes) = (name(&self.run, number), Bytes::from(bytes));
        crash::point("segment.before_put");
        let is_own = self.until_done(|| {
            let (objects, name, bytes) = (self.runs.objects().clone(), name.clone(), bytes.clone());
            async move { objects.claim(&name, bytes).await }
        })?;
        crash::point("segment.after_put");
        if !is_own {
            return Err(JournalError::Taken { place: self.runs.shown(&self.run) });
        }
        self.runs.known(|known| {
            known.entry(self.run.clone()).or_default().segments = number;
        });
        Ok(())
    }
}
