//! The single owner of writes: one thread that puts everything queued meanwhile into one batch on disk.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::mpsc::Receiver;

use bytes::Bytes;

use super::index::{Collection, Entry, Update};
use super::log::{Log, Put};
use super::text::{Text, read_text};
use super::{AccountId, AccountRecord, Id, Kind, Shared};
use crate::error::EmulatorError;

/// Writes taken into one batch at most, so that the first does not wait for ever.
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
    /// Keeps what changed of an account.
    Account(AccountRecord),
}

/// The result of a write.
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
pub(super) fn run(shared: &Arc<Shared>, queue: &Receiver<Job>, mut log: Log, mut last: u64) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        while jobs.len() < BATCH
            && let Ok(job) = queue.try_recv()
        {
            jobs.push(job);
        }
        commit(shared, jobs, &mut log, &mut last);
    }
}

fn commit(shared: &Shared, jobs: Vec<Job>, log: &mut Log, last: &mut u64) {
    let (ops, answers): (Vec<_>, Vec<_>) =
        jobs.into_iter().map(|job| ((job.account, job.ops), job.answer)).unzip();
    match write(shared, ops, log, last) {
        Ok((updates, outcomes)) => {
            {
                let mut index = shared.index.write().unwrap_or_else(PoisonError::into_inner);
                for update in updates {
                    index.apply(update);
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

fn write(
    shared: &Shared,
    jobs: Vec<(AccountId, Vec<Op>)>,
    log: &mut Log,
    last: &mut u64,
) -> io::Result<(Vec<Update>, Vec<Written>)> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    let mut batch = Batch { shared, log, pending: HashMap::new(), updates: Vec::new(), last };
    for (account, ops) in jobs {
        let mut outcome = Written::Done;
        for op in ops {
            outcome = batch.apply(account, op)?;
            if outcome != Written::Done {
                break;
            }
        }
        outcomes.push(outcome);
    }
    let updates = batch.updates;
    log.commit()?;
    Ok((updates, outcomes))
}

/// What the batch itself has done to a document: where it stands now and its text, or that it is gone.
type Pending = HashMap<(Collection, Id), Option<(u64, Entry, Bytes)>>;

struct Batch<'a> {
    shared: &'a Shared,
    log: &'a mut Log,
    pending: Pending,
    updates: Vec<Update>,
    last: &'a mut u64,
}

impl Batch<'_> {
    fn find(&self, of: Collection, id: Id) -> Option<(u64, Entry)> {
        if let Some(pending) = self.pending.get(&(of, id)) {
            return pending.as_ref().map(|(place, entry, _)| (*place, entry.clone()));
        }
        let index = self.shared.index.read().unwrap_or_else(PoisonError::into_inner);
        index.get(of, id).map(|(place, row)| (place, row.entry.clone()))
    }

    fn text(&self, of: Collection, id: Id) -> io::Result<Bytes> {
        if let Some(Some((.., text))) = self.pending.get(&(of, id)) {
            return Ok(text.clone());
        }
        let index = self.shared.index.read().unwrap_or_else(PoisonError::into_inner);
        let text = index.get(of, id).map(|(_, row)| row.text.clone());
        read_text(self.shared.file.as_ref(), &text.unwrap_or(Text::Held(Bytes::new())))
    }

    fn next(&mut self) -> u64 {
        *self.last += 1;
        *self.last
    }

    fn put(&mut self, of: Collection, place: u64, mut entry: Entry, bytes: Bytes) -> io::Result<()> {
        entry.revision = self.next();
        let text = self.log.add(&Put::Document(of, place, &entry, &bytes))?;
        self.pending.insert((of, entry.id), Some((place, entry.clone(), bytes)));
        self.updates.push(Update::Put(of, place, entry, text));
        Ok(())
    }

    fn take(&mut self, of: Collection, place: u64, id: Id) -> io::Result<Bytes> {
        let text = self.text(of, id)?;
        self.log.add(&Put::Remove(of, place))?;
        self.pending.insert((of, id), None);
        self.updates.push(Update::Remove(of, place));
        Ok(text)
    }

    /// Moves a document between its list and the recycle bin.
    fn shift(&mut self, from: Collection, id: Id, deleted: Option<i64>) -> io::Result<Written> {
        let Some((place, mut entry)) = self.find(from, id) else { return Ok(Written::Gone) };
        let text = self.take(from, place, id)?;
        entry.deleted = deleted;
        self.put(Collection { deleted: deleted.is_some(), ..from }, place, entry, text)?;
        Ok(Written::Done)
    }

    fn apply(&mut self, account: AccountId, op: Op) -> io::Result<Written> {
        let live = |kind| Collection { account, kind, deleted: false };
        let bin = |kind| Collection { account, kind, deleted: true };
        match op {
            Op::Insert { kind, entry, text } => {
                let place = match self.find(live(kind), entry.id) {
                    Some((place, _)) => place,
                    None => self.next(),
                };
                self.put(live(kind), place, entry, text)?;
            }
            Op::Replace { kind, entry, text } => {
                let Some((place, found)) = self.find(live(kind), entry.id) else { return Ok(Written::Gone) };
                if found.revision != entry.revision {
                    return Ok(Written::Moved);
                }
                self.put(live(kind), place, entry, text)?;
            }
            Op::Delete { kind, id, at } => return self.shift(live(kind), id, Some(at)),
            Op::Restore { kind, id } => return self.shift(bin(kind), id, None),
            Op::Purge { kind, id } => {
                let Some((place, _)) = self.find(bin(kind), id) else { return Ok(Written::Gone) };
                self.take(bin(kind), place, id)?;
            }
            Op::Audit { id, text } => {
                let place = self.next();
                let text = self.log.add(&Put::Audit(account, id, place, &text))?;
                self.updates.push(Update::Audit(account, id, place, text));
            }
            Op::Account(record) => {
                self.log.add(&Put::Account(&record))?;
                self.updates.push(Update::Account(record));
            }
        }
        Ok(Written::Done)
    }
}
