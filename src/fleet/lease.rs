//! Decides who may write to an account if several machines could: a lease in a shared store.
//!
//! A lease is created if absent and renewed by its version, so if two processes write at once, the store accepts one
//! of them. It is taken over only after the taker has seen one unchanged version for the time to live plus a margin,
//! on its own monotonic clock; the holder gives up earlier, by its own clock. No two clocks are compared. Readers of
//! an account share it: see `readers`.

mod note;
mod readers;
mod sightings;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

pub use note::{LeaseNote, Terms};
pub use readers::{Admitted, SharedLease, look, read};
pub use sightings::{EarlierSightings, LEASES_SEEN, LOOK, Sightings};

use super::error::FleetError;
use crate::archive::{ObjectVersion, Objects};
use crate::model::{Fingerprint, Lease, LeaseUntil};
use note::{decode, encode, watch};
use readers::{newcomer, reader_at_work};

/// The answer to a request for a lease.
#[derive(Debug)]
pub enum Asked {
    /// It is held.
    Taken(StoreLease),
    /// Somebody else holds the lease and is alive.
    Held(Box<LeaseNote>),
}

/// The request, and what is already known.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The store that holds the lease.
    pub objects: &'a Objects,
    /// The name of the lease.
    pub name: &'a str,
    /// How long it holds.
    pub terms: Terms,
    /// Since when this machine has seen leases unchanged.
    pub earlier: &'a EarlierSightings,
}

/// The name of the lease of an account: the service, the account's name there, and a hash that distinguishes it from
/// others.
pub fn lease_name(identity: &str) -> String {
    let plain: String = identity
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '+' })
        .take(80)
        .collect();
    let hash = Fingerprint::of(identity.as_bytes()).to_string();
    format!("leases/{}-{}.json", plain.trim_matches(['+', '.']), &hash[..8])
}

/// A lease that is held. It has to be renewed by [`StoreLease::keep`] and released by [`StoreLease::release`];
/// without either it ends by itself.
#[derive(Debug)]
pub struct StoreLease {
    objects: Objects,
    name: String,
    terms: Terms,
    until: LeaseUntil,
    lost: AtomicBool,
    own: Mutex<(LeaseNote, ObjectVersion)>,
    /// Held while the lease is renewed, so that it is not released at the same time.
    writing: tokio::sync::Mutex<()>,
}

/// Takes a lease, or returns who holds it: another writer, or a reader. A holder that shows no sign of life is waited
/// for: 35 s by the usual terms, counted from when this machine saw it first.
///
/// # Errors
///
/// The store does not answer, or cannot write on condition.
///
/// # Cancel safety
///
/// Dropping the future may leave a lease that ends by itself.
pub async fn take(asking: Asking<'_>, note: LeaseNote) -> Result<Asked, FleetError> {
    let Asking { objects, name, .. } = asking;
    let mut removable = BTreeMap::new();
    // Readers are waited for before the lease is held, for it would end meanwhile.
    if let Some(reader) = reader_at_work(asking, &mut removable).await? {
        return Ok(Asked::Held(Box::new(reader)));
    }
    let lease = match take_from_writers(asking, note).await? {
        Asked::Taken(lease) => lease,
        held @ Asked::Held(_) => return Ok(held),
    };
    // Whoever came to read meanwhile is not waited for.
    if let Some(reader) = newcomer(objects, name, &removable).await? {
        lease.release().await;
        return Ok(Asked::Held(Box::new(reader)));
    }
    for note in removable.keys() {
        objects.remove(note).await?;
    }
    Ok(Asked::Taken(lease))
}

async fn take_from_writers(asking: Asking<'_>, note: LeaseNote) -> Result<Asked, FleetError> {
    let Asking { objects, name, terms, .. } = asking;
    loop {
        let sent = Instant::now();
        if let Some(version) = objects.create(name, encode(&note)).await? {
            return Ok(Asked::Taken(StoreLease::new(objects, name, terms, note, version, sent)));
        }
        let Some((bytes, version)) = objects.read(name).await? else { continue };
        let found = decode(&bytes);
        if !found.as_ref().is_some_and(|found| found.released)
            && let Some(alive) = watch(asking, &version).await?
        {
            return Ok(Asked::Held(Box::new(alive)));
        }
        let sent = Instant::now();
        if let Some(version) = objects.replace(name, encode(&note), &version).await? {
            return Ok(Asked::Taken(StoreLease::new(objects, name, terms, note, version, sent)));
        }
        // Somebody was faster, or the holder came back: look again.
    }
}

impl StoreLease {
    fn new(
        objects: &Objects,
        name: &str,
        terms: Terms,
        note: LeaseNote,
        version: ObjectVersion,
        sent: Instant,
    ) -> Self {
        Self {
            objects: objects.clone(),
            name: name.to_owned(),
            terms,
            until: LeaseUntil::new(sent + terms.ttl),
            lost: AtomicBool::new(false),
            own: Mutex::new((note, version)),
            writing: tokio::sync::Mutex::new(()),
        }
    }

    fn own(&self) -> (LeaseNote, ObjectVersion) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Renews the lease until it is lost; `renewed` is awaited after each renewal. Ends when the lease is lost or released.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: without renewals the lease ends by itself, after 30 s by the usual terms, unless [`Self::release`] lets
    /// go of it earlier, or it is kept again.
    pub async fn keep<F: Future<Output = ()>>(&self, renewed: impl Fn() -> F) {
        let mut pause = self.terms.renewal;
        loop {
            tokio::time::sleep(pause).await;
            let writing = self.writing.lock().await;
            if !self.still_held() {
                return;
            }
            let (note, version) = self.own();
            let note = LeaseNote { renewed: note.renewed + 1, ..note };
            let sent = Instant::now();
            match self.objects.replace(&self.name, encode(&note), &version).await {
                Ok(Some(version)) => {
                    self.until.renew(sent + self.terms.ttl);
                    *self.own.lock().unwrap_or_else(PoisonError::into_inner) = (note, version);
                    pause = self.terms.renewal;
                    drop(writing);
                    renewed().await;
                }
                Ok(None) => {
                    self.lost.store(true, Ordering::SeqCst);
                    return;
                }
                // The store is not well: again, before it ends.
                Err(_) => pause = self.terms.look,
            }
        }
    }

    /// Releases the lease, so that the next run need not wait. If somebody else has it by now, they keep it; a store
    /// that does not answer is not waited for longer than until the next renewal would be due.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped before the store has answered, the lease may stand until it ends by itself.
    pub async fn release(&self) {
        // One that could not be written ends by itself.
        let _ = tokio::time::timeout(self.terms.renewal, self.let_go()).await;
    }

    async fn let_go(&self) {
        // A renewal that is under way is waited for: the version it leaves is the one to be replaced.
        let _writing = self.writing.lock().await;
        if !self.still_held() {
            return;
        }
        self.lost.store(true, Ordering::SeqCst);
        let (note, version) = self.own();
        let released = encode(&LeaseNote { released: true, ..note.clone() });
        if let Ok(None) = self.objects.replace(&self.name, released.clone(), &version).await
            && let Ok(Some((bytes, version))) = self.objects.read(&self.name).await
            && decode(&bytes).is_some_and(|there| there.mark == note.mark)
        {
            // A renewal that nobody waited for any more had its effect.
            let _ = self.objects.replace(&self.name, released, &version).await;
        }
    }
}

impl Lease for StoreLease {
    fn still_held(&self) -> bool {
        !self.lost.load(Ordering::SeqCst) && self.until.still_held()
    }

    fn how_lost(&self) -> String {
        if self.lost.load(Ordering::SeqCst) {
            format!("another process took {} in {} over", self.name, self.objects.place())
        } else {
            format!("{} in {} could not be renewed in time", self.name, self.objects.place())
        }
    }
}

#[cfg(test)]
mod tests;
