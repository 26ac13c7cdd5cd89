//! What a lease says about its holder, and how a holder shows that it is alive.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Asking;
use crate::archive::ObjectVersion;
use crate::fleet::error::FleetError;
use crate::model::time::stamp;

/// How long a lease is valid without renewal, how often it is renewed, and how much longer its taker waits.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How long the lease is valid without a renewal; 30 s by default.
    pub ttl: Duration,
    /// The time between two renewals; 10 s by default.
    pub renewal: Duration,
    /// How much longer than the time to live a taker waits; 5 s by default.
    pub margin: Duration,
    /// How often a taker reads the lease, and a holder whose renewal failed tries again; every 2 s by default.
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

/// What a lease says about its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseNote {
    /// The process, e.g. `process 4711 on build-3`.
    pub holder: String,
    /// The fleet it works for; absent for a run that no fleet started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<String>,
    /// Its purpose, e.g. `job orders`.
    pub what: String,
    /// When its holder asked for it, by the holder's clock.
    pub since: Timestamp,
    /// A random value of its holder, which distinguishes it from every other note.
    pub mark: String,
    /// How often it was renewed.
    pub renewed: u64,
    /// Its holder released it: it may be taken at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
    /// Its holder is an observer: a writer may begin beside it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looks: bool,
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

/// Watches one version until it was seen for the time to live and the margin. Returns who holds the lease, if that
/// changed meanwhile and the holder shows life; `None` if it may be taken.
pub(super) async fn watch(asking: Asking<'_>, seen: &ObjectVersion) -> Result<Option<LeaseNote>, FleetError> {
    let Asking { objects, name, terms, earlier } = asking;
    let since = earlier.since(name, seen).unwrap_or_else(Instant::now);
    let end = since + terms.ttl + terms.margin;
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

pub(super) fn unreadable() -> LeaseNote {
    LeaseNote {
        holder: "a process of another version".to_owned(),
        fleet: None,
        what: "unknown work".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        mark: String::new(),
        renewed: 0,
        released: false,
        looks: false,
    }
}

pub(super) fn encode(note: &LeaseNote) -> Bytes {
    // Plain data, which always becomes JSON.
    serde_json::to_vec(note).unwrap_or_default().into()
}

pub(super) fn decode(bytes: &[u8]) -> Option<LeaseNote> {
    serde_json::from_slice(bytes).ok()
}
