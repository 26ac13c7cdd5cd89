//! Records since when a machine has seen the leases of a store unchanged. A process that has watched a lease since
//! its holder died need not start watching when it takes over the account: a worker watches for the runs that it
//! starts.
//!
//! The rule does not change: one unchanged version is seen for the time to live and the margin, on the monotonic
//! clock of the machine that takes it over, and it is taken only in that version.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::archive::{ObjectVersion, Objects};

/// The variable in which a worker tells the runs that it starts what it has seen.
pub const LEASES_SEEN: &str = "TRANSSHIP_LEASES_SEEN";

/// How often leases are read: one listing, of 1,000 objects an answer.
pub const LOOK: Duration = Duration::from_secs(5);

/// Leases that changed more recently than this are not passed on: their holders are alive.
const FRESH: Duration = Duration::from_secs(12);

/// How many bytes are passed on at most: a variable has an end.
const MOST_BYTES: usize = 64 << 10;

/// What a machine knows about the leases of a store.
#[derive(Debug, Default)]
pub struct Sightings(Mutex<BTreeMap<String, (String, Instant)>>);

impl Sightings {
    /// Looks again and again.
    ///
    /// # Cancel safety
    ///
    /// What was seen is kept.
    pub async fn keep(&self, objects: &Objects) {
        loop {
            self.look(objects).await;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Looks once. A store that does not answer has not changed what was seen: a version never comes back.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was seen stays as it was.
    pub async fn look(&self, objects: &Objects) {
        // What is listed was so when it was asked for or later, so it is seen since the answer came.
        let Ok(tags) = objects.tags("leases").await else { return };
        let now = Instant::now();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = tags.into_iter().filter_map(|(name, tag)| {
            let tag = tag?;
            let since = seen.get(&name).filter(|(known, _)| *known == tag).map_or(now, |(_, since)| *since);
            Some((name, (tag, since)))
        });
        *seen = next.collect();
    }

    /// What a run that is started now is passed: leases that did not change for a while, those that changed last first.
    pub fn to_json(&self) -> String {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |since: &Instant| since.elapsed();
        let mut old: Vec<_> = seen
            .iter()
            .map(|(name, (tag, since))| (age(since), name, tag))
            .filter(|(age, ..)| *age >= FRESH)
            .collect();
        old.sort_unstable();
        let mut bytes = 0;
        let fits = old.into_iter().take_while(|(_, name, tag)| {
            bytes += name.len() + tag.len() + 40;
            bytes <= MOST_BYTES
        });
        let passed_on: BTreeMap<&str, (&str, u64)> =
            fits.map(|(age, name, tag)| (name.as_str(), (tag.as_str(), age.as_secs()))).collect();
        // Plain data, which always becomes JSON.
        serde_json::to_string(&passed_on).unwrap_or_default()
    }
}

/// What the worker that started a run had seen.
#[derive(Debug, Default)]
pub struct EarlierSightings(BTreeMap<String, (String, Instant)>);

impl EarlierSightings {
    /// Reads what [`Sightings::to_json`] wrote, by a process on this machine. What makes no sense says nothing.
    pub fn read(text: &str) -> Self {
        let now = Instant::now();
        let Ok(read) = serde_json::from_str::<BTreeMap<String, (String, u64)>>(text) else {
            return Self::default();
        };
        let earlier = read.into_iter().filter_map(|(name, (tag, seconds))| {
            Some((name, (tag, now.checked_sub(Duration::from_secs(seconds))?)))
        });
        Self(earlier.collect())
    }

    /// Since when a lease was seen in this version.
    pub(super) fn since(&self, name: &str, version: &ObjectVersion) -> Option<Instant> {
        let (tag, since) = self.0.get(name)?;
        (version.tag() == Some(tag)).then_some(*since)
    }
}
