//! Readers share an account and its budget. A writer has the account to itself, except that observers (`plan`,
//! `--dry-run`, `compare`) may read beside it.
//!
//! Each reader keeps a note of its own beside the lease of the account. With each renewal it counts the other
//! readers: those whose notes changed within the time to live plus a margin, on its own monotonic clock. A reader
//! writes its note before it looks for a writer, and a writer writes its lease before it looks for readers, so if
//! both come at once, at least one sees the other.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::Asking;
use super::note::{LeaseNote, Terms, decode, encode, unreadable, watch};
use crate::archive::{ObjectVersion, Objects};
use crate::fleet::error::FleetError;

/// The answer to a request to read an account.
#[derive(Debug)]
pub enum Admitted {
    /// It may be read, together with others.
    Reading(SharedLease),
    /// Somebody writes to it.
    Held(Box<LeaseNote>),
}

/// The right to read an account, together with others. It has to be renewed by [`SharedLease::keep`] and released by
/// [`SharedLease::release`]; without either it ends by itself.
#[derive(Debug)]
pub struct SharedLease {
    objects: Objects,
    /// The lease that a writer would have.
    name: String,
    own: String,
    terms: Terms,
    note: Mutex<LeaseNote>,
    /// Since when each of the other notes has its present version, by this process's clock.
    seen: Mutex<BTreeMap<String, (ObjectVersion, Instant)>>,
    is_over: AtomicBool,
    writing: tokio::sync::Mutex<()>,
}

/// Where the notes of the readers are, beside the lease of that name.
fn folder(name: &str) -> String {
    format!("{}/readers", name.strip_suffix(".json").unwrap_or(name))
}

/// Asks to read an account. A writer that shows no sign of life is waited for: 35 s by the usual
/// terms. The note's mark must be unlike all others.
///
/// # Errors
///
/// The store does not answer.
///
/// # Cancel safety
///
/// Dropping the future may leave a note that ends by itself.
pub async fn read(asking: Asking<'_>, note: LeaseNote) -> Result<Admitted, FleetError> {
    let Asking { objects, name, .. } = asking;
    let reading = write_note(asking, note).await?;
    if let Some((bytes, version)) = objects.read(name).await?
        && !decode(&bytes).is_some_and(|writer| writer.released)
        && let Some(alive) = watch(asking, &version).await?
    {
        objects.remove(&reading.own).await?;
        return Ok(Admitted::Held(Box::new(alive)));
    }
    Ok(Admitted::Reading(reading))
}

/// Admits an observer, which may read beside a writer: it waits for nobody, and no writer waits for it. It shares the
/// budget with the writer.
///
/// # Errors
///
/// The store does not answer.
///
/// # Cancel safety
///
/// As [`read()`].
pub async fn look(asking: Asking<'_>, note: LeaseNote) -> Result<SharedLease, FleetError> {
    write_note(asking, LeaseNote { looks: true, ..note }).await
}

async fn write_note(asking: Asking<'_>, note: LeaseNote) -> Result<SharedLease, FleetError> {
    let Asking { objects, name, terms, .. } = asking;
    let own = format!("{}/{}.json", folder(name), note.mark);
    objects.put(&own, encode(&note)).await?;
    Ok(SharedLease {
        objects: objects.clone(),
        name: name.to_owned(),
        own,
        terms,
        note: Mutex::new(note),
        seen: Mutex::default(),
        is_over: AtomicBool::new(false),
        writing: tokio::sync::Mutex::new(()),
    })
}

/// Returns a reader that keeps a writer out. A reader that shows no sign of life is waited for. Its note, and the
/// notes of observers, are added to `removable`: a reader that is alive writes its note again with its next renewal.
pub(super) async fn reader_at_work(
    asking: Asking<'_>,
    removable: &mut BTreeMap<String, ObjectVersion>,
) -> Result<Option<LeaseNote>, FleetError> {
    let Asking { objects, name, .. } = asking;
    for own in objects.list(&folder(name)).await? {
        let Some((bytes, version)) = objects.read(&own).await? else { continue };
        if !only_looks(&bytes)
            && let Some(alive) = watch(Asking { name: &own, ..asking }, &version).await?
        {
            return Ok(Some(alive));
        }
        removable.insert(own, version);
    }
    Ok(None)
}

fn only_looks(bytes: &[u8]) -> bool {
    decode(bytes).is_some_and(|note| note.looks)
}

/// A reader that came since, or that was taken for dead and continues.
pub(super) async fn newcomer(
    objects: &Objects,
    name: &str,
    removable: &BTreeMap<String, ObjectVersion>,
) -> Result<Option<LeaseNote>, FleetError> {
    for own in objects.list(&folder(name)).await? {
        let Some((bytes, version)) = objects.read(&own).await? else { continue };
        if removable.get(&own) != Some(&version) && !only_looks(&bytes) {
            return Ok(Some(decode(&bytes).unwrap_or_else(unreadable)));
        }
    }
    Ok(None)
}

impl SharedLease {
    /// How many processes use the account now: this one, the other readers, and a writer, if there is one all the
    /// same.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn holders(&self) -> Result<NonZeroU32, FleetError> {
        let mut names = self.objects.list(&folder(&self.name)).await?;
        names.retain(|name| *name != self.own);
        names.push(self.name.clone());
        let mut found = BTreeMap::new();
        for name in names {
            let Some((bytes, version)) = self.objects.read(&name).await? else { continue };
            if !decode(&bytes).is_some_and(|note| note.released) {
                found.insert(name, version);
            }
        }
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |name: &String, version: &ObjectVersion| {
            seen.get(name).filter(|(known, _)| known == version).map_or(now, |(_, since)| *since)
        };
        let next: BTreeMap<String, (ObjectVersion, Instant)> = found
            .into_iter()
            .map(|(name, version)| {
                let since = known(&name, &version);
                (name, (version, since))
            })
            .collect();
        *seen = next;
        let age = self.terms.ttl + self.terms.margin;
        let others = seen.values().filter(|(_, since)| now.saturating_duration_since(*since) < age).count();
        Ok(NonZeroU32::MIN.saturating_add(u32::try_from(others).unwrap_or(u32::MAX)))
    }

    /// Whether others read it too, as they were last counted. A writer does not count: it takes its part all the same.
    pub fn is_beside_readers(&self) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).keys().any(|name| *name != self.name)
    }

    /// Renews the note until it is released, and reports each time how many share the account.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: without renewals others no longer count this reader after 35 s by the usual terms. It may be called again.
    pub async fn keep(&self, holders: impl Fn(NonZeroU32)) {
        loop {
            tokio::time::sleep(self.terms.renewal).await;
            let writing = self.writing.lock().await;
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let note = {
                let mut note = self.note.lock().unwrap_or_else(PoisonError::into_inner);
                note.renewed += 1;
                note.clone()
            };
            // A store that is not well now is asked again with the next renewal; nobody is kept from reading meanwhile.
            let renewed = self.objects.put(&self.own, encode(&note)).await;
            drop(writing);
            if renewed.is_ok()
                && let Ok(count) = self.holders().await
            {
                holders(count);
            }
        }
    }

    /// Releases the note, so that a writer need not wait. A store that does not answer is not waited for longer than
    /// until the next renewal would be due.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped before the store has answered, the note may stand until it ends by itself.
    pub async fn release(&self) {
        let let_go = async {
            let _writing = self.writing.lock().await;
            self.is_over.store(true, Ordering::SeqCst);
            // A note that stays ends by itself.
            let _ = self.objects.remove(&self.own).await;
        };
        let _ = tokio::time::timeout(self.terms.renewal, let_go).await;
    }
}
