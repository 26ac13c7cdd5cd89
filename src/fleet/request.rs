//! What a worker is asked to do, and the result.

use std::collections::BTreeMap;
use std::time::Duration;

use super::definition::Definition;
use super::dispatch::Ending;
use super::result::AccountResult;
use super::shard::Shard;
use super::store::FleetStore;
use crate::model::cancel::Cancel;
use crate::model::time::Clock;

/// How often a worker reads the store, and for how long it waits.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How often the requests of people are read; every 3 s by default.
    pub control: Duration,
    /// How often the results of others are read, and this worker's activity is reported; every 10 s by default.
    pub beat: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { control: Duration::from_secs(3), beat: Duration::from_secs(10) }
    }
}

/// The part of a fleet that a worker does.
#[derive(Debug)]
pub struct RunRequest<'a> {
    /// Where the fleet is.
    pub store: &'a FleetStore,
    /// What it is.
    pub fleet: &'a Definition,
    /// What the worker is called; no other worker has this name.
    pub worker: &'a str,
    /// Which accounts it does.
    pub shard: Shard,
    /// How many at once, at least 1.
    pub parallel: usize,
    /// Whether it waits for approvals and for other workers.
    pub waits: bool,
    /// How often the store is looked at.
    pub pace: Pace,
    /// The time of day.
    pub clock: &'a Clock,
    /// Stops the worker.
    pub cancel: &'a Cancel,
}

/// How a worker ended, and the state of the fleet's accounts then.
#[derive(Debug)]
pub struct RunEnd {
    /// Why it ended; `None` when it was told to stop.
    pub ending: Option<Ending>,
    /// How every account that ended did.
    pub results: BTreeMap<String, AccountResult>,
}
