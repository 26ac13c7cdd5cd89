//! Writes to the files of a journal: records with their chain, and documents before the intents that name them.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::JournalError;
use super::line::write_record;
use super::mirror::{Mirror, Mirrors};
use super::record::Entry;
use crate::model::time::Clock;
use crate::model::{Fingerprint, crash};

/// How the journal is written.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// How long a write waits for other writes to join it; 1 to 2 ms, never longer, because it is added to every
    /// call.
    pub linger: Duration,
    /// Whether records are synced to the disk. Turned off only to measure the cost.
    pub sync: bool,
    /// The time in the records.
    pub clock: Clock,
    /// Which process writes the journal.
    pub writing: Writing,
    /// Which journals are also kept in another place; none by default. A write of such a journal waits 50 ms for
    /// others to join it.
    pub mirrors: Option<Arc<dyn Mirrors>>,
}

/// How long a write waits for others to join it if the journal is also kept in another place.
const MIRROR_LINGER: Duration = Duration::from_millis(50);

/// The maximum number of records that are written and synced at once: meanwhile they are in memory, in two forms.
const MOST_AT_ONCE: usize = 512;

/// Who writes a journal.
#[derive(Debug, Clone, Default)]
pub enum Writing {
    /// A thread, which writes and syncs what has queued up in one go.
    #[default]
    Thread,
    /// The appending thread, record by record: repeatable, and slow. For tests with paused time.
    Inline(Halt),
}

impl JournalOptions {
    /// The usual way, with `clock` for the records' times.
    pub fn new(clock: Clock) -> Self {
        Self {
            linger: Duration::from_millis(2),
            sync: true,
            clock,
            writing: Writing::default(),
            mirrors: None,
        }
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

/// Why a journal takes no more records.
#[derive(Debug, Clone)]
pub(super) enum Failed {
    /// Its file is no longer where it was.
    Gone(PathBuf),
    /// Another process has continued the run.
    Taken(String),
    /// The other place that keeps the journal does not answer.
    Away(String, String),
    /// Any other failure, with its own message.
    Other(String),
}

impl Failed {
    fn of(error: &JournalError) -> Self {
        match error {
            JournalError::Gone { path } => Self::Gone(path.clone()),
            JournalError::Taken { place } => Self::Taken(place.clone()),
            JournalError::Away { place, reason } => Self::Away(place.clone(), reason.clone()),
            error => Self::Other(crate::model::chain(error)),
        }
    }

    /// The answer to whoever writes a record.
    pub(super) fn error(self) -> JournalError {
        match self {
            Self::Gone(path) => JournalError::Gone { path },
            Self::Taken(place) => JournalError::Taken { place },
            Self::Away(place, reason) => JournalError::Away { place, reason },
            Self::Other(reason) => JournalError::Stopped(reason),
        }
    }
}

pub(super) struct Message {
    pub(super) entry: Entry,
    pub(super) before: Option<String>,
    pub(super) done: Option<oneshot::Sender<Result<(), JournalError>>>,
}

/// Where a journal that is written in the caller's own thread stops for good.
#[derive(Debug, Clone, Default)]
pub struct Halt {
    /// The number of records after which nothing more is written; `None` for a journal that does not stop.
    pub after: Option<u64>,
    /// Cancelled once that many records are written: a test that kills a process drops it then.
    pub halted: CancellationToken,
}

pub(super) fn open(path: &Path, new: bool) -> Result<File, JournalError> {
    let mut options = File::options();
    options.append(true).create_new(new);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| io_error(if new { "make" } else { "open" }, path, source))
}

pub(super) fn io_error(what: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError::Io { what, path: path.to_owned(), source }
}

pub(super) struct Writer {
    pub(super) file: Growing,
    pub(super) path: PathBuf,
    pub(super) before: Option<Growing>,
    pub(super) before_path: PathBuf,
    pub(super) n: u64,
    pub(super) prev: Fingerprint,
    pub(super) mirror: Option<Box<dyn Mirror>>,
    pub(super) options: JournalOptions,
    pub(super) stats: Arc<JournalStats>,
    pub(super) failed: Arc<Mutex<Option<Failed>>>,
}

impl Writer {
    pub(super) fn work(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut batch = Vec::new();
        while let Some(first) = inbox.blocking_recv() {
            batch.push(first);
            self.gather(&mut inbox, &mut batch);
            let result = self.write(&mut batch);
            if let Err(error) = &result {
                let failed = Failed::of(error);
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed.clone());
                for message in batch.drain(..) {
                    if let Some(done) = message.done {
                        let _ = done.send(Err(failed.clone().error()));
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
        let linger = if self.mirror.is_some() { MIRROR_LINGER } else { self.options.linger };
        let deadline = Instant::now() + linger;
        loop {
            while batch.len() < MOST_AT_ONCE
                && let Ok(message) = inbox.try_recv()
            {
                batch.push(message);
            }
            let now = Instant::now();
            if now >= deadline || batch.len() >= MOST_AT_ONCE || inbox.is_closed() {
                return;
            }
            // In one go: each time it wakes costs as much as some records.
            std::thread::sleep((deadline - now).min(Duration::from_millis(2)));
        }
    }

    pub(super) fn write(&mut self, batch: &mut [Message]) -> Result<(), JournalError> {
        self.file.see_that_it_is_there(&self.path)?;
        let mut before = Vec::new();
        for line in batch.iter_mut().filter_map(|message| message.before.take()) {
            before.extend_from_slice(line.as_bytes());
            before.push(b'\n');
        }
        let mut lines = Vec::with_capacity(batch.len() * 256);
        for message in batch.iter() {
            let start = lines.len();
            write_record(&mut lines, self.n, self.prev, self.options.clock.now(), &message.entry)
                .map_err(|error| io_error("encode a record of", &self.path, error.into()))?;
            self.prev = Fingerprint::of(&lines[start..]);
            self.n += 1;
            lines.push(b'\n');
        }
        // First where every machine finds it: what is only here would not be known to the one that goes on with the run.
        if let Some(mirror) = &mut self.mirror {
            mirror.keep(&before, &lines)?;
        }
        if !before.is_empty() {
            self.write_before(&before)?;
        }
        crash::point("journal.before_write");
        if crash::due("journal.torn_write") {
            let _ = self.file.append(&lines[..lines.len() - lines.len() / 3]);
            std::process::abort();
        }
        self.file.append(&lines).map_err(|source| io_error("write to", &self.path, source))?;
        crash::point("journal.before_sync");
        if self.options.sync {
            self.file.file.sync_data().map_err(|source| io_error("sync", &self.path, source))?;
            self.stats.syncs.fetch_add(1, Ordering::Relaxed);
        }
        crash::point("journal.after_sync");
        self.stats.records.fetch_add(batch.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn write_before(&mut self, lines: &[u8]) -> Result<(), JournalError> {
        if self.before.is_none() {
            self.before = Some(Growing::of(open_before(&self.before_path)?, &self.before_path)?);
        }
        let Some(file) = &mut self.before else { return Ok(()) };
        file.see_that_it_is_there(&self.before_path)?;
        crash::point("before.before_write");
        file.append(lines).map_err(|source| io_error("write to", &self.before_path, source))?;
        crash::point("before.before_sync");
        if self.options.sync {
            file.file.sync_data().map_err(|source| io_error("sync", &self.before_path, source))?;
            self.stats.syncs.fetch_add(1, Ordering::Relaxed);
        }
        crash::point("before.after_sync");
        Ok(())
    }
}

/// A file to which only this process appends, and its length so far.
pub(super) struct Growing {
    file: File,
    length: u64,
}

impl Growing {
    pub(super) fn of(file: File, path: &Path) -> Result<Self, JournalError> {
        let length = file.metadata().map_err(|source| io_error("look at", path, source))?.len();
        Ok(Self { file, length })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Refuses to continue in a file that nobody can find again, or that somebody else cut or wrote to: its content
    /// would be lost.
    fn see_that_it_is_there(&self, path: &Path) -> Result<(), JournalError> {
        let identity = |found: std::fs::Metadata| (found.dev(), found.ino(), found.len());
        let own = self.file.metadata().map(identity).map_err(|source| io_error("look at", path, source))?;
        if own.2 == self.length && std::fs::metadata(path).map(identity).is_ok_and(|found| found == own) {
            return Ok(());
        }
        Err(JournalError::Gone { path: path.to_owned() })
    }
}

/// Opens `before.jsonl` for appending.
fn open_before(path: &Path) -> Result<File, JournalError> {
    let is_new = !path.exists();
    let mut options = File::options();
    options.append(true).create(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|source| io_error("open", path, source))?;
    if is_new && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        // Its entry in the folder must survive a power cut as its lines do.
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| io_error("sync the folder of", path, source))?;
    }
    Ok(file)
}

/// Cuts `before.jsonl` after its first `lines` lines: the rest was written by a crashed process before the intents
/// that name it.
pub(super) fn cut_before(path: &Path, lines: u64) -> Result<(), JournalError> {
    let file = match File::options().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && lines == 0 => return Ok(()),
        Err(source) => return Err(io_error("open", path, source)),
    };
    let mut reader = io::BufReader::with_capacity(1 << 16, &file);
    let mut keep = 0;
    let damaged = |line, message| JournalError::Damaged { path: path.to_owned(), line, message };
    let mut text = Vec::new();
    for line in 1..=lines {
        text.clear();
        let read = reader.read_until(b'\n', &mut text).map_err(|source| io_error("read", path, source))?;
        keep += read as u64;
        if text.last() != Some(&b'\n') {
            let message = format!(
                "the journal names {lines} documents that were overwritten or removed, but it ends here: it was changed"
            );
            return Err(damaged(line, message));
        }
    }
    let mut unnamed = 0;
    while reader.skip_until(b'\n').map_err(|source| io_error("read", path, source))? > 0 {
        unnamed += 1;
    }
    if unnamed > MOST_AT_ONCE {
        // No crash leaves so many: the journal lost its end.
        let message = format!("it holds {unnamed} documents from here on that the journal does not name");
        return Err(damaged(lines + 1, message));
    }
    file.set_len(keep).map_err(|source| io_error("cut", path, source))
}
