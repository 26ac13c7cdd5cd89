//! What the emulated service keeps, in an embedded database.
//!
//! Documents are kept as the text they are answered with, so a list page is copied, not serialised again.
//! In memory is only what listing, filtering and checking references need ([`Entry`]). A write is on disk
//! before it is acknowledged, in a transaction shared with everything queued meanwhile.

mod index;
mod kind;
mod load;
mod writer;

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;

use bytes::Bytes;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

pub use index::Entry;
pub use kind::{Id, Kind};
pub(super) use writer::{Op, Written};

use super::error::EmulatorError;
use index::{Change, Drawer, Index};

type Key = (u32, u8, u64);
type AuditKey = (u32, [u8; 12], u64);

const ACCOUNTS: TableDefinition<&str, &[u8]> = TableDefinition::new("accounts");
const DOCUMENTS: TableDefinition<Key, &[u8]> = TableDefinition::new("documents");
const ENTRIES: TableDefinition<Key, &[u8]> = TableDefinition::new("entries");
const AUDIT: TableDefinition<AuditKey, &[u8]> = TableDefinition::new("audit");

/// Memory the database may use for its pages.
const CACHE: usize = 24 << 20;
/// Writes that may wait for the writer; more than any number of connections a test opens.
const QUEUE: usize = 4096;

/// The number of an account within one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountId(u32);

/// What the store knows of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountRecord {
    number: u32,
    /// Its name.
    pub name: String,
    /// The token that opens it: no secret, it is the same for the same name everywhere.
    pub token: String,
    /// Its `_userId`.
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
    db: Database,
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
    /// After so many documents.
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
    /// Opens the data file at `path`, making it if it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, is held by another process, or is damaged.
    pub fn open(path: &Path) -> Result<Self, EmulatorError> {
        let db = Database::builder()
            .set_cache_size(CACHE)
            .create(path)
            .map_err(|source| EmulatorError::Open { path: path.to_owned(), source: Box::new(source) })?;
        Self::over(db)
    }

    /// A store that is gone with the process.
    ///
    /// # Panics
    ///
    /// When there is no memory for it.
    pub fn in_memory() -> Self {
        let backend = redb::backends::InMemoryBackend::new();
        let db = Database::builder().set_cache_size(CACHE).create_with_backend(backend);
        Self::over(db.expect("an empty database in memory can be made")).expect("an empty database is sound")
    }

    fn over(db: Database) -> Result<Self, EmulatorError> {
        let (index, last) = read_index(&db)?;
        let shared = Arc::new(Shared { db, index: RwLock::new(index) });
        let (queue, jobs) = sync_channel(QUEUE);
        let writing = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("emulator-writer".into())
            .spawn(move || writer::run(&writing, &jobs, last))
            .map_err(|source| EmulatorError::Network { doing: "start its writer", source })?;
        let writer = Writer { queue: Some(queue), thread: Some(thread) };
        Ok(Self { shared, writer: Arc::new(writer) })
    }

    /// The account of this name, made if there is none.
    ///
    /// # Errors
    ///
    /// When the data file cannot be read or written.
    pub fn account(&self, name: &str) -> Result<AccountRecord, EmulatorError> {
        let known = self.accounts()?;
        if let Some(record) = known.iter().find(|record| record.name == name) {
            return Ok(record.clone());
        }
        let record = AccountRecord {
            number: known.iter().map(|record| record.number + 1).max().unwrap_or(1),
            name: name.to_owned(),
            token: digest("token", name)[..32].to_owned(),
            user_id: digest("user", name)[..24].to_owned(),
            seeded: false,
        };
        self.keep_account(&record)?;
        Ok(record)
    }

    /// Every account of the store.
    ///
    /// # Errors
    ///
    /// When the data file cannot be read.
    pub fn accounts(&self) -> Result<Vec<AccountRecord>, EmulatorError> {
        let doing = "reading its accounts";
        let reading = self.shared.db.begin_read().map_err(EmulatorError::store(doing))?;
        let table = reading.open_table(ACCOUNTS).map_err(EmulatorError::store(doing))?;
        let mut records = Vec::new();
        for row in table.iter().map_err(EmulatorError::store(doing))? {
            let (_, record) = row.map_err(EmulatorError::store(doing))?;
            let record = serde_json::from_slice(record.value());
            records.push(record.map_err(|_| EmulatorError::Damaged { what: "account" })?);
        }
        Ok(records)
    }

    /// Keeps what changed of an account.
    pub(super) fn keep_account(&self, record: &AccountRecord) -> Result<(), EmulatorError> {
        let doing = "writing an account";
        let text = serde_json::to_vec(record).map_err(|_| EmulatorError::Damaged { what: "account" })?;
        let transaction = self.shared.db.begin_write().map_err(EmulatorError::store(doing))?;
        {
            let mut table = transaction.open_table(ACCOUNTS).map_err(EmulatorError::store(doing))?;
            table.insert(record.name.as_str(), text.as_slice()).map_err(EmulatorError::store(doing))?;
        }
        transaction.commit().map_err(EmulatorError::store(doing))
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.shared.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a document in use.
    pub fn entry(&self, account: AccountId, kind: Kind, id: Id) -> Option<Entry> {
        let drawer = Drawer { account, kind, deleted: false };
        self.index().get(drawer, id).map(|(_, entry)| entry.clone())
    }

    /// How many documents of a kind are in use.
    pub fn count(&self, account: AccountId, kind: Kind) -> usize {
        let drawer = Drawer { account, kind, deleted: false };
        self.index().list(drawer).map_or(0, |list| list.by_place.len())
    }

    /// Calls `each` with what is known of every document in use of a kind.
    pub(super) fn for_each(&self, account: AccountId, kind: Kind, mut each: impl FnMut(&Entry)) {
        if let Some(list) = self.index().list(Drawer { account, kind, deleted: false }) {
            list.by_place.values().for_each(&mut each);
        }
    }

    /// The text of a document, with what is known of it.
    pub(super) fn read(
        &self,
        (account, kind, id): (AccountId, Kind, Id),
        deleted: bool,
    ) -> Result<Option<(Entry, Bytes)>, EmulatorError> {
        let drawer = Drawer { account, kind, deleted };
        // The revision is read before the text, so a write against a newer text under an older revision is refused.
        let Some((place, entry)) = self.index().get(drawer, id).map(|(place, entry)| (place, entry.clone()))
        else {
            return Ok(None);
        };
        let mut found = None;
        self.read_many((account, kind), deleted, &[place], |text| {
            found = Some(Bytes::copy_from_slice(text));
        })?;
        Ok(found.map(|text| (entry, text)))
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
        let Some(list) = index.list(Drawer { account, kind, deleted }) else { return Places::default() };
        let (start, skip) = match from {
            From::Skip(skip) => (0, skip),
            From::Place(place) => (place.saturating_add(1), 0),
            From::UpTo(place) => {
                let rows = list.by_place.range(..=place).rev().filter(|(_, entry)| wanted(entry));
                let mut places: Vec<u64> = rows.take(limit).map(|(place, _)| *place).collect();
                places.reverse();
                return Places { places, more: false };
            }
        };
        let mut rows = list.by_place.range(start..).filter(|(_, entry)| wanted(entry)).skip(skip);
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
        let doing = "reading";
        let drawer = Drawer { account, kind, deleted };
        let reading = self.shared.db.begin_read().map_err(EmulatorError::store(doing))?;
        let table = reading.open_table(DOCUMENTS).map_err(EmulatorError::store(doing))?;
        for place in places {
            if let Some(text) = table.get(drawer.key(*place)).map_err(EmulatorError::store(doing))? {
                each(text.value());
            }
        }
        Ok(())
    }

    /// The audit entries of one document, or of the whole account, oldest first.
    pub(super) fn audit(&self, account: AccountId, of: Option<Id>) -> Result<Vec<Bytes>, EmulatorError> {
        let doing = "reading the audit log";
        let reading = self.shared.db.begin_read().map_err(EmulatorError::store(doing))?;
        let table = reading.open_table(AUDIT).map_err(EmulatorError::store(doing))?;
        let (low, high) = of.map_or(([0; 12], [0xff; 12]), |id| (id.bytes(), id.bytes()));
        let range = (account.0, low, 0)..=(account.0, high, u64::MAX);
        let mut rows = Vec::new();
        for row in table.range(range).map_err(EmulatorError::store(doing))? {
            let (key, text) = row.map_err(EmulatorError::store(doing))?;
            rows.push((key.value().2, Bytes::copy_from_slice(text.value())));
        }
        rows.sort_unstable_by_key(|row| row.0);
        Ok(rows.into_iter().map(|row| row.1).collect())
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

fn read_index(db: &Database) -> Result<(Index, u64), EmulatorError> {
    let doing = "opening";
    let transaction = db.begin_write().map_err(EmulatorError::store(doing))?;
    let mut index = Index::default();
    let last = {
        transaction.open_table(ACCOUNTS).map_err(EmulatorError::store(doing))?;
        transaction.open_table(DOCUMENTS).map_err(EmulatorError::store(doing))?;
        let entries = transaction.open_table(ENTRIES).map_err(EmulatorError::store(doing))?;
        let audit = transaction.open_table(AUDIT).map_err(EmulatorError::store(doing))?;
        for row in entries.iter().map_err(EmulatorError::store(doing))? {
            let (key, meta) = row.map_err(EmulatorError::store(doing))?;
            let (account, code, place) = key.value();
            let damaged = || EmulatorError::Damaged { what: "entry" };
            let drawer = Drawer::from_code(AccountId(account), code).ok_or_else(damaged)?;
            let mut entry: Entry = serde_json::from_slice(meta.value()).map_err(|_| damaged())?;
            entry.revision = place;
            index.apply(Change::Put(drawer, place, entry));
        }
        writer::last_place(&entries, &audit).map_err(EmulatorError::store(doing))?
    };
    transaction.commit().map_err(EmulatorError::store(doing))?;
    Ok((index, last))
}
