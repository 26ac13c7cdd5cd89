//! The single owner of the journal's files: append, sync, acknowledge.
//!
//! A thread takes what has queued up, lingers a moment for more, writes and syncs once, and answers all. Documents to
//! be overwritten go to `before.jsonl`, synced before the intent that names them.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::inline::{Halt, Inline};
use super::record::{Entry, Record};
use super::{JournalError, Replay};
use crate::model::time::Clock;
use crate::model::{Fingerprint, crash};

/// How the journal is written.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// How long a write waits for company; 1 to 2 ms, never longer: it is added to every call.
    pub linger: Duration,
    /// Whether records are synced to the disk. Off only to measure what it costs.
    pub sync: bool,
    /// The time in the records.
    pub clock: Clock,
    /// Who writes.
    pub writing: Writing,
}

/// Who writes a journal.
#[derive(Debug, Clone, Default)]
pub enum Writing {
    /// A thread, which writes and syncs what has queued up in one go.
    #[default]
    Thread,
    /// Whoever appends, record by record: repeatable, and slow. For tests in which time is paused.
    Inline(Halt),
}

impl JournalOptions {
    /// The usual way, with `clock` for the records' times.
    pub fn new(clock: Clock) -> Self {
        Self { linger: Duration::from_micros(1500), sync: true, clock, writing: Writing::default() }
    }
}

/// How much was written, and in how many syncs.
#[derive(Debug, Default)]
pub struct JournalStats {
    records: AtomicU64,
    syncs: AtomicU64,
}

impl JournalStats {
    /// Records written and syncs spent on them.
    pub fn counts(&self) -> (u64, u64) {
        (self.records.load(Ordering::Relaxed), self.syncs.load(Ordering::Relaxed))
    }
}

pub(super) struct Message {
    entry: Entry,
    before: Option<String>,
    done: Option<oneshot::Sender<Result<(), JournalError>>>,
}

/// A journal open for writing. Dropping it writes what is queued and closes the files.
#[derive(Debug)]
pub struct Journal {
    // Bounded: a run must not outpace its own memory. 4096 is far above the calls that can be in flight.
    queue: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    inline: Option<Inline>,
    stats: Arc<JournalStats>,
    failed: Arc<Mutex<Option<String>>>,
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

    /// Goes on with a journal that was read: its torn tail is cut off first, and so are the lines of `before.jsonl`
    /// that no record of it names: nothing was sent for them.
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
        let file = open(path, false)?;
        file.set_len(replay.valid_bytes).map_err(|source| io_error("cut the torn tail of", path, source))?;
        cut_before(before, replay.befores)?;
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
        let (queue, inbox) = mpsc::channel(4096);
        let stats = Arc::new(JournalStats::default());
        let failed = Arc::new(Mutex::new(None));
        let writer = Writer {
            before: None,
            before_path: before.to_owned(),
            file,
            path: path.to_owned(),
            n,
            prev,
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
    /// The disk said no, now or earlier: what the record announces must not be done.
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
        let reason = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        JournalError::Stopped(reason.unwrap_or_else(|| "it was closed".to_owned()))
    }

    /// What has been written so far.
    pub fn stats(&self) -> Arc<JournalStats> {
        Arc::clone(&self.stats)
    }

    /// Writes what is queued, closes the files and says whether all of it reached the disk.
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
            Some(reason) => Err(JournalError::Stopped(reason)),
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

fn open(path: &Path, new: bool) -> Result<File, JournalError> {
    let mut options = File::options();
    options.append(true).create_new(new);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| io_error(if new { "make" } else { "open" }, path, source))
}

fn io_error(what: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError::Io { what, path: path.to_owned(), source }
}

pub(super) struct Writer {
    file: File,
    path: PathBuf,
    before: Option<File>,
    before_path: PathBuf,
    n: u64,
    prev: Fingerprint,
    options: JournalOptions,
    stats: Arc<JournalStats>,
    failed: Arc<Mutex<Option<String>>>,
}

impl Writer {
    fn work(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut batch = Vec::new();
        while let Some(first) = inbox.blocking_recv() {
            batch.push(first);
            self.gather(&mut inbox, &mut batch);
            let result = self.write(&mut batch);
            if let Err(error) = &result {
                let reason = crate::model::chain(error);
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.clone());
                for message in batch.drain(..) {
                    if let Some(done) = message.done {
                        let _ = done.send(Err(JournalError::Stopped(reason.clone())));
                    }
                }
                // Closing the inbox answers everyone who comes later.
                return;
            }
            for message in batch.drain(..) {
                if let Some(done) = message.done {
                    // Whoever dropped the future does not want the answer.
                    let _ = done.send(Ok(()));
                }
            }
        }
    }

    /// Takes what is queued, and waits at most `linger` for more as long as somebody waits for the disk.
    fn gather(&self, inbox: &mut mpsc::Receiver<Message>, batch: &mut Vec<Message>) {
        let deadline = Instant::now() + self.options.linger;
        loop {
            while let Ok(message) = inbox.try_recv() {
                batch.push(message);
            }
            let now = Instant::now();
            if now >= deadline || batch.len() >= 1024 || inbox.is_closed() {
                return;
            }
            std::thread::sleep((deadline - now).min(Duration::from_micros(250)));
        }
    }

    pub(super) fn write(&mut self, batch: &mut [Message]) -> Result<(), JournalError> {
        let mut before = Vec::new();
        for line in batch.iter_mut().filter_map(|message| message.before.take()) {
            before.extend_from_slice(line.as_bytes());
            before.push(b'\n');
        }
        if !before.is_empty() {
            self.write_before(&before)?;
        }
        let mut lines = Vec::with_capacity(batch.len() * 256);
        for message in batch.iter() {
            let record = Record {
                n: self.n,
                prev: self.prev,
                at: self.options.clock.now(),
                entry: message.entry.clone(),
            };
            let start = lines.len();
            serde_json::to_writer(&mut lines, &record)
                .map_err(|error| io_error("encode a record of", &self.path, error.into()))?;
            self.prev = Fingerprint::of(&lines[start..]);
            self.n += 1;
            lines.push(b'\n');
        }
        crash::point("journal.before_write");
        if crash::due("journal.torn_write") {
            let _ = self.file.write_all(&lines[..lines.len() - lines.len() / 3]);
            std::process::abort();
        }
        self.file.write_all(&lines).map_err(|source| io_error("write to", &self.path, source))?;
        crash::point("journal.before_sync");
        if self.options.sync {
            self.file.sync_data().map_err(|source| io_error("sync", &self.path, source))?;
            self.stats.syncs.fetch_add(1, Ordering::Relaxed);
        }
        crash::point("journal.after_sync");
        self.stats.records.fetch_add(batch.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn write_before(&mut self, lines: &[u8]) -> Result<(), JournalError> {
        if self.before.is_none() {
            self.before = Some(open_before(&self.before_path)?);
        }
        let Some(file) = &mut self.before else { return Ok(()) };
        crash::point("before.before_write");
        file.write_all(lines).map_err(|source| io_error("write to", &self.before_path, source))?;
        crash::point("before.before_sync");
        if self.options.sync {
            file.sync_data().map_err(|source| io_error("sync", &self.before_path, source))?;
            self.stats.syncs.fetch_add(1, Ordering::Relaxed);
        }
        crash::point("before.after_sync");
        Ok(())
    }
}

/// Opens `before.jsonl` for appending.
fn open_before(path: &Path) -> Result<File, JournalError> {
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| io_error("open", path, source))
}

/// Cuts `before.jsonl` after its first `lines` lines: what follows was written by a crash before it was announced.
fn cut_before(path: &Path, lines: u64) -> Result<(), JournalError> {
    let file = match File::options().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && lines == 0 => return Ok(()),
        Err(source) => return Err(io_error("open", path, source)),
    };
    let mut reader = io::BufReader::with_capacity(1 << 16, &file);
    let mut keep = 0;
    for line in 1..=lines {
        let read = reader.skip_until(b'\n').map_err(|source| io_error("read", path, source))?;
        keep += read as u64;
        if read == 0 {
            let message = format!(
                "the journal names {lines} documents that were overwritten or removed, but it ends here: it was changed"
            );
            return Err(JournalError::Damaged { path: path.to_owned(), line, message });
        }
    }
    file.set_len(keep).map_err(|source| io_error("cut", path, source))
}
