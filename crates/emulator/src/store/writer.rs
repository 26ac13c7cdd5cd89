//! The single owner of writes: one thread that puts everything queued meanwhile into one transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bytes::Bytes;
use redb::{ReadableTable, Table, WriteTransaction};

use super::index::{Change, Drawer, Entry};
use super::{AUDIT, AccountId, AuditKey, DOCUMENTS, ENTRIES, Id, Kind, Shared};
use crate::error::EmulatorError;

/// Writes taken into one transaction at most, so that the first does not wait for ever.
const BATCH: usize = 512;

/// One change to keep.
#[derive(Debug)]
pub(crate) enum Op {
    /// Adds a document at the end of its list, or replaces the one of the same id where it stands.
    Insert { kind: Kind, entry: Entry, text: Bytes },
    /// Replaces a document that must still be at the revision of `entry`.
    Replace { kind: Kind, entry: Entry, text: Bytes },
    /// Moves a document to the recycle bin.
    Delete { kind: Kind, id: Id, at: i64 },
    /// Brings a document back from the recycle bin.
    Restore { kind: Kind, id: Id },
    /// Removes a document from the recycle bin.
    Purge { kind: Kind, id: Id },
    /// Notes what happened to a document.
    Audit { id: Id, text: Bytes },
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is on disk.
    Done,
    /// The document is not there.
    Gone,
    /// The document was changed since it was read.
    Moved,
}

pub(super) type Answer = Box<dyn FnOnce(Result<Written, EmulatorError>) + Send>;

/// A group of changes of one account; the first that is refused ends it.
pub(super) struct Job {
    pub(super) account: AccountId,
    pub(super) ops: Vec<Op>,
    pub(super) answer: Answer,
}

/// Writes until the last sender is gone.
pub(super) fn run(shared: &Arc<Shared>, queue: &Receiver<Job>, mut next: u64) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        while jobs.len() < BATCH
            && let Ok(job) = queue.try_recv()
        {
            jobs.push(job);
        }
        commit(shared, jobs, &mut next);
    }
}

fn commit(shared: &Shared, jobs: Vec<Job>, next: &mut u64) {
    let (ops, answers): (Vec<_>, Vec<_>) =
        jobs.into_iter().map(|job| ((job.account, job.ops), job.answer)).unzip();
    match transact(shared, ops, next) {
        Ok((changes, outcomes)) => {
            {
                let mut index = shared.index.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                for change in changes {
                    index.apply(change);
                }
            }
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                answer(Ok(outcome));
            }
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a write was lost");
            for answer in answers {
                answer(Err(EmulatorError::Closed));
            }
        }
    }
}

type Outcome = Result<(Vec<Change>, Vec<Written>), EmulatorError>;

fn transact(shared: &Shared, jobs: Vec<(AccountId, Vec<Op>)>, next: &mut u64) -> Outcome {
    let doing = "writing";
    let transaction = shared.db.begin_write().map_err(EmulatorError::store(doing))?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    let changes = {
        let mut batch = Batch::open(shared, &transaction, next).map_err(EmulatorError::store(doing))?;
        for (account, ops) in jobs {
            let mut outcome = Written::Done;
            for op in ops {
                outcome = batch.apply(account, op).map_err(EmulatorError::store(doing))?;
                if outcome != Written::Done {
                    break;
                }
            }
            outcomes.push(outcome);
        }
        batch.changes
    };
    transaction.commit().map_err(EmulatorError::store(doing))?;
    Ok((changes, outcomes))
}

/// What the batch itself has done to a document: where it stands now, or that it is gone.
type Pending = HashMap<(Drawer, Id), Option<(u64, Entry)>>;

struct Batch<'a> {
    shared: &'a Shared,
    documents: Table<'a, (u32, u8, u64), &'static [u8]>,
    entries: Table<'a, (u32, u8, u64), &'static [u8]>,
    audit: Table<'a, AuditKey, &'static [u8]>,
    pending: Pending,
    changes: Vec<Change>,
    next: &'a mut u64,
}

impl<'a> Batch<'a> {
    fn open(
        shared: &'a Shared,
        transaction: &'a WriteTransaction,
        next: &'a mut u64,
    ) -> Result<Self, redb::Error> {
        Ok(Self {
            shared,
            documents: transaction.open_table(DOCUMENTS)?,
            entries: transaction.open_table(ENTRIES)?,
            audit: transaction.open_table(AUDIT)?,
            pending: HashMap::new(),
            changes: Vec::new(),
            next,
        })
    }

    fn find(&self, drawer: Drawer, id: Id) -> Option<(u64, Entry)> {
        if let Some(pending) = self.pending.get(&(drawer, id)) {
            return pending.clone();
        }
        let index = self.shared.index.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        index.get(drawer, id).map(|(place, entry)| (place, entry.clone()))
    }

    fn fresh(&mut self) -> u64 {
        *self.next += 1;
        *self.next
    }

    fn put(&mut self, drawer: Drawer, place: u64, mut entry: Entry, text: &[u8]) -> Result<(), redb::Error> {
        entry.revision = self.fresh();
        let meta = serde_json::to_vec(&entry).map_err(|error| redb::Error::Corrupted(error.to_string()))?;
        self.documents.insert(drawer.key(place), text)?;
        self.entries.insert(drawer.key(place), meta.as_slice())?;
        self.pending.insert((drawer, entry.id), Some((place, entry.clone())));
        self.changes.push(Change::Put(drawer, place, entry));
        Ok(())
    }

    fn take(&mut self, drawer: Drawer, place: u64, id: Id) -> Result<Vec<u8>, redb::Error> {
        let text = self.documents.remove(drawer.key(place))?.map(|guard| guard.value().to_vec());
        self.entries.remove(drawer.key(place))?;
        self.pending.insert((drawer, id), None);
        self.changes.push(Change::Remove(drawer, id));
        Ok(text.unwrap_or_default())
    }

    /// Moves a document between its list and the recycle bin.
    fn shift(&mut self, from: Drawer, id: Id, deleted: Option<i64>) -> Result<Written, redb::Error> {
        let Some((place, mut entry)) = self.find(from, id) else { return Ok(Written::Gone) };
        let text = self.take(from, place, id)?;
        entry.deleted = deleted;
        self.put(Drawer { deleted: deleted.is_some(), ..from }, place, entry, &text)?;
        Ok(Written::Done)
    }

    fn apply(&mut self, account: AccountId, op: Op) -> Result<Written, redb::Error> {
        let live = |kind| Drawer { account, kind, deleted: false };
        let bin = |kind| Drawer { account, kind, deleted: true };
        match op {
            Op::Insert { kind, entry, text } => {
                let place = match self.find(live(kind), entry.id) {
                    Some((place, _)) => place,
                    None => self.fresh(),
                };
                self.put(live(kind), place, entry, &text)?;
            }
            Op::Replace { kind, entry, text } => {
                let Some((place, found)) = self.find(live(kind), entry.id) else { return Ok(Written::Gone) };
                if found.revision != entry.revision {
                    return Ok(Written::Moved);
                }
                self.put(live(kind), place, entry, &text)?;
            }
            Op::Delete { kind, id, at } => return self.shift(live(kind), id, Some(at)),
            Op::Restore { kind, id } => return self.shift(bin(kind), id, None),
            Op::Purge { kind, id } => {
                let Some((place, _)) = self.find(bin(kind), id) else { return Ok(Written::Gone) };
                self.take(bin(kind), place, id)?;
            }
            Op::Audit { id, text } => {
                let place = self.fresh();
                self.audit.insert((account.0, id.bytes(), place), text.as_ref())?;
            }
        }
        Ok(Written::Done)
    }
}

/// The greatest place or revision in use, from which counting goes on.
pub(super) fn last_place(
    entries: &impl ReadableTable<(u32, u8, u64), &'static [u8]>,
    audit: &impl ReadableTable<AuditKey, &'static [u8]>,
) -> Result<u64, redb::Error> {
    let mut last = 0;
    for row in entries.iter()? {
        last = last.max(row?.0.value().2);
    }
    for row in audit.iter()? {
        last = last.max(row?.0.value().2);
    }
    Ok(last)
}
