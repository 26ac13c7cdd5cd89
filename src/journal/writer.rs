//! The single owner of the journal's files: append, sync, acknowledge.
//!
//! A thread takes what has queued up, waits a moment for more, writes and syncs once, and answers all. Documents to
//! be overwritten go to `before.jsonl`, which is synced before the intent that names them.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::disk::{
    Failed, Growing, JournalOptions, JournalStats, Message, Writer, Writing, cut_before, io_error, open,
};
use super::inline::Inline;
use super::record::Entry;
use super::{JournalError, Replay};
use crate::model::Fingerprint;

/// A journal open for writing. Dropping it writes what is queued and closes the files.
#[derive(Debug)]
pub struct Journal {
    // Bounded: a run must not outpace its own memory. 1024 is far above the calls that can be in flight.
    queue: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    inline: Option<Inline>,
    stats: Arc<JournalStats>,
    failed: Arc<Mutex<Option<Failed>>>,
}

impl Journal {
    /// Starts a new journal at `path`, with `before.jsonl` beside it.
    ///
    /// # Errors
    ///
    /// The file exists, or cannot be made.
    pub fn create(path: &Path, before: &Path, options: JournalOptions) -> Result<Self, JournalError> {
        let file = open(path, true)?;
        Self::start(file, path, before, 0, Fingerprint::of(b""), options)
    }

    /// Continues a journal that was read: its torn tail is cut off first, and so are the lines of `before.jsonl` that
    /// none of its records names: nothing was sent for them.
    ///
    /// # Errors
    ///
    /// A file cannot be opened or cut, or `before.jsonl` lacks a line that the journal names.
    pub fn reopen(
        path: &Path,
        before: &Path,
        replay: &Replay,
        options: JournalOptions,
    ) -> Result<Self, JournalError> {
        cut_before(before, replay.before_images)?;
        Self::reopen_to_note(path, before, replay, options)
    }

    /// As [`Self::reopen`], but only to record what is found out: `before.jsonl` stays as it is, whatever its
    /// content.
    ///
    /// # Errors
    ///
    /// The journal cannot be opened or cut.
    pub fn reopen_to_note(
        path: &Path,
        before: &Path,
        replay: &Replay,
        options: JournalOptions,
    ) -> Result<Self, JournalError> {
        let file = open(path, false)?;
        file.set_len(replay.valid_bytes).map_err(|source| io_error("cut the torn tail of", path, source))?;
        Self::start(file, path, before, replay.next, replay.head, options)
    }

    fn start(
        file: File,
        path: &Path,
        before: &Path,
        n: u64,
        prev: Fingerprint,
        options: JournalOptions,
    ) -> Result<Self, JournalError> {
        let (queue, inbox) = mpsc::channel(1024);
        let stats = Arc::new(JournalStats::default());
        let failed = Arc::new(Mutex::new(None));
        let writer = Writer {
            before: None,
            before_path: before.to_owned(),
            file: Growing::of(file, path)?,
            path: path.to_owned(),
            n,
            prev,
            mirror: options.mirrors.as_ref().and_then(|mirrors| mirrors.of(path)),
            options,
            stats: Arc::clone(&stats),
            failed: Arc::clone(&failed),
        };
        if let Writing::Inline(halt) = &writer.options.writing {
            let halt = halt.clone();
            let inline = Some(Inline::new(writer, halt));
            return Ok(Self { queue: None, thread: None, inline, stats, failed });
        }
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer.work(inbox))
            .map_err(|source| io_error("start the writer of", path, source))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), inline: None, stats, failed })
    }

    /// Appends a record and waits until it is on the disk; `before` is a line for `before.jsonl`, synced first.
    ///
    /// # Errors
    ///
    /// The disk could not be written, now or earlier: the call of the intent must not be sent.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the record written or not.
    pub async fn append(&self, entry: Entry, before: Option<String>) -> Result<(), JournalError> {
        if let Some(inline) = &self.inline {
            return inline.append(Message { entry, before, done: None }).await;
        }
        let (done, answer) = oneshot::channel();
        self.send(Message { entry, before, done: Some(done) }).await?;
        answer.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// Appends a record without waiting for the disk. A failure shows at the next [`Self::append`].
    ///
    /// # Errors
    ///
    /// The writer stopped after an earlier error, or was closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future while it waits for a place in the queue records nothing.
    pub async fn note(&self, entry: Entry) -> Result<(), JournalError> {
        let message = Message { entry, before: None, done: None };
        if let Some(inline) = &self.inline {
            inline.note(message);
            return Ok(());
        }
        self.send(message).await
    }

    async fn send(&self, message: Message) -> Result<(), JournalError> {
        let Some(queue) = &self.queue else { return Err(self.stopped()) };
        queue.send(message).await.map_err(|_| self.stopped())
    }

    fn stopped(&self) -> JournalError {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failed.map_or_else(|| JournalError::Stopped("it was closed".to_owned()), Failed::error)
    }

    /// What has been written so far.
    pub fn stats(&self) -> Arc<JournalStats> {
        Arc::clone(&self.stats)
    }

    /// Writes what is queued, closes the files and returns whether all of it reached the disk.
    ///
    /// # Errors
    ///
    /// The first error of the writer.
    pub fn close(mut self) -> Result<(), JournalError> {
        if let Some(inline) = &self.inline {
            return inline.close();
        }
        self.finish();
        match self.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(failed) => Err(failed.error()),
            None => Ok(()),
        }
    }

    fn finish(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the writer has been answered as "stopped" to everyone who waited.
            let _ = thread.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.finish();
    }
}
