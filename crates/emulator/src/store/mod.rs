//! What the emulated service keeps: documents in a log on disk, and an index of them in memory.
//!
//! Documents are kept as the text they are answered with, so a list page is copied, not serialised again.
//! In memory is only what listing, filtering and checking references need ([`Entry`]). A write is on disk
//! before it is acknowledged, in a batch shared with everything queued meanwhile.

mod index;
mod kind;
mod load;
mod log;
mod text;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

pub use index::Entry;
pub(crate) use index::INSTANCE;
pub use kind::{Id, Kind};
pub(super) use writer::{Op, Written};

use super::error::EmulatorError;
use index::{Collection, Index, Row};
use log::{Log, Put};
use text::{Text, read_text, weight};

/// Writes that may wait for the writer; more than any number of connections a test opens.
const QUEUE: usize = 4096;

/// The number of an account within one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountId(u32);

/// What the store knows of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountRecord {
    number: u32,
    /// The account's name.
    pub name: String,
    /// The token that opens it: random, new at each start, and never on disk.
    #[serde(skip)]
    pub token: String,
    /// The account's `_userId`.
    pub user_id: String,
    /// Whether it was given its first documents.
    pub seeded: bool,
}

impl AccountRecord {
    /// The account's number.
    pub fn id(&self) -> AccountId {
        AccountId(self.number)
    }
}

/// The documents of all accounts of one emulator. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
    writer: Arc<Writer>,
}

#[derive(Debug)]
struct Shared {
    /// The data file, for reading texts; none for a store in memory.
    file: Option<File>,
    index: RwLock<Index>,
}

#[derive(Debug)]
struct Writer {
    queue: Option<SyncSender<writer::Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was already reported to everyone who waited for it.
            let _ = thread.join();
        }
    }
}

/// From where on a list is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum From {
    /// After this many documents.
    Skip(usize),
    /// After the document at this place.
    Place(u64),
    /// The last ones up to and with the document at this place.
    UpTo(u64),
}

/// The places of the documents on one page.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) places: Vec<u64>,
    pub(super) more: bool,
}

impl Store {
    /// Opens the data file at `path`, making it, for its user only, if it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, is held by another process, is not a data file, or is damaged.
    pub fn open(path: &Path) -> Result<Self, EmulatorError> {
        let read = || {
            let mut index = Index::default();
            let log = Log::open(path, |update| index.apply(update))?;
            Ok::<_, EmulatorError>((log, index))
        };
        let (log, index) = read()?;
        let live: u64 = index.texts().map(weight).sum();
        if log.is_mostly_dead(live) {
            log.rewrite(path, |put, file| rewrite(&index, put, file))?;
            let (log, index) = read()?;
            return Self::over(log, index);
        }
        Self::over(log, index)
    }

    /// Removes these accounts from the data file at `path`, with everything they hold. Returns the ones that it had.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or written, is held by another process, is not a data file, or is damaged.
    pub fn reset(path: &Path, names: &[String]) -> Result<Vec<String>, EmulatorError> {
        let mut index = Index::default();
        let log = Log::open(path, |update| index.apply(update))?;
        let known: Vec<String> = names.iter().filter(|name| index.forget(name)).cloned().collect();
        if !known.is_empty() {
            log.rewrite(path, |put, file| rewrite(&index, put, file))?;
        }
        Ok(known)
    }

    /// A store that is gone with the process.
    ///
    /// # Panics
    ///
    /// When no thread can be started.
    pub fn in_memory() -> Self {
        Self::over(Log::default(), Index::default()).expect("a thread can be started")
    }

    fn over(log: Log, mut index: Index) -> Result<Self, EmulatorError> {
        for record in &mut index.accounts {
            record.token = new_token()?;
        }
        let last = index.last();
        let file = log.reader().map_err(EmulatorError::store("opening"))?;
        let shared = Arc::new(Shared { file, index: RwLock::new(index) });
        let (queue, jobs) = sync_channel(QUEUE);
        let writing = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("emulator-writer".into())
            .spawn(move || writer::run(&writing, &jobs, log, last))
            .map_err(|source| EmulatorError::Network { doing: "start its writer", source })?;
        let writer = Writer { queue: Some(queue), thread: Some(thread) };
        Ok(Self { shared, writer: Arc::new(writer) })
    }

    /// The account of this name, created if needed.
    ///
    /// # Errors
    ///
    /// When the data file cannot be read or written.
    pub fn account(&self, name: &str) -> Result<AccountRecord, EmulatorError> {
        let known = self.accounts();
        if let Some(record) = known.iter().find(|record| record.name == name) {
            return Ok(record.clone());
        }
        let record = AccountRecord {
            number: known.iter().map(|record| record.number + 1).max().unwrap_or(1),
            name: name.to_owned(),
            token: new_token()?,
            user_id: digest("user", name)[..24].to_owned(),
            seeded: false,
        };
        self.keep_account(&record)?;
        Ok(record)
    }

    /// Every account of the store.
    pub fn accounts(&self) -> Vec<AccountRecord> {
        self.index().accounts.clone()
    }

    /// Keeps what changed of an account.
    pub(super) fn keep_account(&self, record: &AccountRecord) -> Result<(), EmulatorError> {
        self.write_blocking(record.id(), vec![Op::Account(record.clone())]).map(drop)
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.shared.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a document in use.
    pub fn entry(&self, account: AccountId, kind: Kind, id: Id) -> Option<Entry> {
        let collection = Collection { account, kind, deleted: false };
        self.index().get(collection, id).map(|(_, row)| row.entry.clone())
    }

    /// How many documents of a kind are in use.
    pub fn count(&self, account: AccountId, kind: Kind) -> usize {
        let collection = Collection { account, kind, deleted: false };
        self.index().list(collection).map_or(0, |list| list.by_place.len())
    }

    /// Calls `each` with what is known of every document in use of a kind.
    pub(super) fn for_each(&self, account: AccountId, kind: Kind, mut each: impl FnMut(&Entry)) {
        if let Some(list) = self.index().list(Collection { account, kind, deleted: false }) {
            list.by_place.values().for_each(|row| each(&row.entry));
        }
    }

    /// The text of a document, with what is known of it.
    pub(super) fn read(
        &self,
        (account, kind, id): (AccountId, Kind, Id),
        deleted: bool,
    ) -> Result<Option<(Entry, Bytes)>, EmulatorError> {
        let collection = Collection { account, kind, deleted };
        // Entry and text are of one moment, so a write against an older text under a newer revision cannot happen.
        let found = self.index().get(collection, id).map(|(_, row)| (row.entry.clone(), row.text.clone()));
        let Some((entry, text)) = found else { return Ok(None) };
        Ok(Some((entry, self.text(&text)?)))
    }

    fn text(&self, text: &Text) -> Result<Bytes, EmulatorError> {
        read_text(self.shared.file.as_ref(), text).map_err(EmulatorError::store("reading"))
    }

    /// The places of up to `limit` documents that `wanted` accepts.
    pub(super) fn places(
        &self,
        (account, kind): (AccountId, Kind),
        deleted: bool,
        (from, limit): (From, usize),
        wanted: impl Fn(&Entry) -> bool,
    ) -> Places {
        let index = self.index();
        let Some(list) = index.list(Collection { account, kind, deleted }) else { return Places::default() };
        let (start, skip) = match from {
            From::Skip(skip) => (0, skip),
            From::Place(place) => (place.saturating_add(1), 0),
            From::UpTo(place) => {
                let rows = list.by_place.range(..=place).rev().filter(|(_, row)| wanted(&row.entry));
                let mut places: Vec<u64> = rows.take(limit).map(|(place, _)| *place).collect();
                places.reverse();
                return Places { places, more: false };
            }
        };
        let mut rows = list.by_place.range(start..).filter(|(_, row)| wanted(&row.entry)).skip(skip);
        let places = rows.by_ref().take(limit).map(|(place, _)| *place).collect();
        Places { places, more: rows.next().is_some() }
    }

    /// Calls `each` with the text of every document at `places` that is still there.
    pub(super) fn read_many(
        &self,
        (account, kind): (AccountId, Kind),
        deleted: bool,
        places: &[u64],
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), EmulatorError> {
        let collection = Collection { account, kind, deleted };
        let texts: Vec<Text> = {
            let index = self.index();
            let Some(list) = index.list(collection) else { return Ok(()) };
            places.iter().filter_map(|place| Some(list.by_place.get(place)?.text.clone())).collect()
        };
        for text in &texts {
            each(&self.text(text)?);
        }
        Ok(())
    }

    /// The audit entries of one document, or of the whole account, oldest first.
    pub(super) fn audit(&self, account: AccountId, of: Option<Id>) -> Result<Vec<Bytes>, EmulatorError> {
        let texts: Vec<Text> = {
            let index = self.index();
            let rows = index.audit(account).filter(|(_, (id, _))| of.is_none_or(|of| of == *id));
            rows.map(|(_, (_, text))| text.clone()).collect()
        };
        texts.iter().map(|text| self.text(text)).collect()
    }

    /// Keeps `ops`; they are on disk when this returns.
    ///
    /// # Cancel safety
    ///
    /// What was queued is written even if the future is dropped.
    pub(super) async fn write(&self, account: AccountId, ops: Vec<Op>) -> Result<Written, EmulatorError> {
        let (tell, told) = oneshot::channel();
        // Nobody listens any more when the client has hung up.
        self.queue(account, ops, Box::new(move |outcome| drop(tell.send(outcome))))?;
        told.await.unwrap_or(Err(EmulatorError::Closed))
    }

    /// Like [`Store::write`], from a thread that may block.
    pub(super) fn write_blocking(&self, account: AccountId, ops: Vec<Op>) -> Result<Written, EmulatorError> {
        let (tell, told) = sync_channel(1);
        self.queue(account, ops, Box::new(move |outcome| drop(tell.send(outcome))))?;
        told.recv().unwrap_or(Err(EmulatorError::Closed))
    }

    fn queue(&self, account: AccountId, ops: Vec<Op>, answer: writer::Answer) -> Result<(), EmulatorError> {
        let queue = self.writer.queue.as_ref().ok_or(EmulatorError::Closed)?;
        queue.send(writer::Job { account, ops, answer }).map_err(|_| EmulatorError::Closed)
    }
}

fn digest(what: &str, name: &str) -> String {
    use std::fmt::Write as _;

    let hash = Sha256::digest(format!("transship emulator {what} {name}"));
    hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A token that nobody can guess: 32 hex digits of the system's randomness.
fn new_token() -> Result<String, EmulatorError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| EmulatorError::store("making a token")(std::io::Error::other(error.to_string())))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Puts everything that is in use into a new file.
fn rewrite(
    index: &Index,
    put: &mut dyn FnMut(Put<'_>) -> std::io::Result<()>,
    file: &File,
) -> std::io::Result<()> {
    for record in &index.accounts {
        put(Put::Account(record))?;
    }
    for (of, list) in index.lists() {
        for (place, Row { entry, text }) in &list.by_place {
            put(Put::Document(*of, *place, entry, &read_text(Some(file), text)?))?;
        }
    }
    for record in &index.accounts {
        for (place, (id, text)) in index.audit(record.id()) {
            put(Put::Audit(record.id(), *id, place, &read_text(Some(file), text)?))?;
        }
    }
    Ok(())
}
