//! `workers/<worker>.json`: what each worker is doing, written again and again while it works. For `status` only:
//! nothing is decided by it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a worker is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Name of the worker; no other worker of the store has it.
    pub worker: String,
    /// When this was written, by the worker's clock.
    pub at: Timestamp,
    /// When the worker began.
    pub since: Timestamp,
    /// Whether it has ended.
    pub is_over: bool,
    /// The accounts it runs; once it has ended, those that it began and that had not ended.
    pub running: BTreeMap<String, Activity>,
    /// The accounts that other runs hold and that it tries again later, with the holder's message.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, String>,
    /// Calls a second over all its accounts, since the beat before; 0 in the last one.
    pub calls_per_second: f64,
}

/// How old a beat may be before what it says no longer counts.
const OLDEST: SignedDuration = SignedDuration::from_secs(60);

impl Beat {
    /// Whether the worker was running a minute ago, as far as the clocks of two machines agree.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.is_over && now.duration_since(self.at).abs() <= OLDEST
    }
}

/// What is known about a running account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Activity {
    /// Items that are done.
    pub done: u64,
    /// Items in total; 0 if that is not known yet.
    pub total: u64,
    /// Calls so far.
    pub calls: u64,
}
