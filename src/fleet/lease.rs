//! Who may write to an account, where several machines could: a lease in a store they share.
//!
//! It is created if absent and renewed by its version, so of two that write at once the store lets one. It is taken over only
//! after the taker saw one unchanged version for the time to live and a margin, on its own monotonic clock; the holder gives
//! up earlier, by its own. No two clocks are compared.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::error::FleetError;
use crate::archive::{ObjectVersion, Objects};
use crate::model::time::stamp;
use crate::model::{Fingerprint, Lease, LeaseUntil};

/// How long a lease holds without renewal, how often it is renewed, and how long its taker waits beyond.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The time to live.
    pub ttl: Duration,
    /// The time between two renewals.
    pub renewal: Duration,
    /// How much longer than the time to live a taker waits.
    pub margin: Duration,
    /// How often a taker looks.
    pub look: Duration,
}

impl Default for Terms {
    /// Renewed every 10 s, 30 s to live, taken over after 35 s.
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(30),
            renewal: Duration::from_secs(10),
            margin: Duration::from_secs(5),
            look: Duration::from_secs(2),
        }
    }
}

/// What a lease says of its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseNote {
    /// The process, e.g. `process 4711 on build-3`.
    pub holder: String,
    /// The fleet it works for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<String>,
    /// What for, e.g. `job orders`.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
    /// Drawn by its holder, so that it is told from every other.
    pub mark: String,
    /// How often it was renewed.
    pub renewed: u64,
    /// Its holder let go: it may be taken at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
}

impl std::fmt::Display for LeaseNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { holder, fleet, what, since, .. } = self;
        match fleet {
            Some(fleet) => write!(f, "fleet `{fleet}`, {holder}, {what}, since {}", stamp(*since)),
            None => write!(f, "{holder}, {what}, since {}", stamp(*since)),
        }
    }
}

/// What became of asking for a lease.
#[derive(Debug)]
pub enum Asked {
    /// It is held.
    Taken(StoreLease),
    /// Somebody else holds it and is alive.
    Held(Box<LeaseNote>),
}

/// The name of the lease of an account: the service, what the account is called there, and a hash of all that tells it
/// from others.
pub fn lease_name(identity: &str) -> String {
    let plain: String = identity
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '+' })
        .take(80)
        .collect();
    let hash = Fingerprint::of(identity.as_bytes()).to_string();
    format!("leases/{}-{}.json", plain.trim_matches(['+', '.']), &hash[..8])
}

/// A lease that is held. It has to be renewed by [`StoreLease::keep`] and let go by [`StoreLease::release`]; without either
/// it ends by itself.
#[derive(Debug)]
pub struct StoreLease {
    objects: Objects,
    name: String,
    terms: Terms,
    until: LeaseUntil,
    lost: AtomicBool,
    own: Mutex<(LeaseNote, ObjectVersion)>,
    /// Held while the lease is renewed: one that is let go is not renewed at the same time.
    writing: tokio::sync::Mutex<()>,
}

/// Takes the lease of that name, or says who holds it. A holder that shows no sign of life is waited for: 35 s by the usual
/// terms.
///
/// # Errors
///
/// The store does not answer, or cannot write on condition.
///
/// # Cancel safety
///
/// Dropping the future may leave a lease that ends by itself.
pub async fn take(objects: &Objects, name: &str, note: LeaseNote, terms: Terms) -> Result<Asked, FleetError> {
    loop {
        let sent = Instant::now();
        if let Some(version) = objects.create(name, encode(&note)).await? {
            return Ok(Asked::Taken(StoreLease::new(objects, name, terms, note, version, sent)));
        }
        let Some((bytes, version)) = objects.read(name).await? else { continue };
        let found = decode(&bytes);
        if !found.as_ref().is_some_and(|found| found.released)
            && let Some(alive) = watch(objects, name, &version, terms).await?
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

/// Watches one version for the time to live and the margin. Who holds the lease, if that changed meanwhile and shows life;
/// `None` when it may be taken.
async fn watch(
    objects: &Objects,
    name: &str,
    seen: &ObjectVersion,
    terms: Terms,
) -> Result<Option<LeaseNote>, FleetError> {
    let end = Instant::now() + terms.ttl + terms.margin;
    loop {
        tokio::time::sleep_until((Instant::now() + terms.look).min(end)).await;
        let Some((bytes, version)) = objects.read(name).await? else { return Ok(None) };
        if version != *seen {
            // One that cannot be read was written all the same: its holder lives.
            return Ok(match decode(&bytes) {
                Some(note) if note.released => None,
                Some(note) => Some(note),
                None => Some(unreadable()),
            });
        }
        if Instant::now() >= end {
            return Ok(None);
        }
    }
}

fn unreadable() -> LeaseNote {
    LeaseNote {
        holder: "a process of another version".to_owned(),
        fleet: None,
        what: "unknown work".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        mark: String::new(),
        renewed: 0,
        released: false,
    }
}

fn encode(note: &LeaseNote) -> Bytes {
    // Plain data, which always becomes JSON.
    serde_json::to_vec(note).unwrap_or_default().into()
}

fn decode(bytes: &[u8]) -> Option<LeaseNote> {
    serde_json::from_slice(bytes).ok()
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

    /// Lets go, so that the next one need not wait. Whoever has it by now keeps it; a store that does not answer is not
    /// waited for longer than until the next renewal would be due.
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
        let _ =
            self.objects.replace(&self.name, encode(&LeaseNote { released: true, ..note }), &version).await;
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
