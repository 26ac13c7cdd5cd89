//! What a worker is asked to do, and what became of it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::definition::Definition;
use super::dispatch::Ending;
use super::result::AccountResult;
use super::shard::Shard;
use super::store::FleetStore;
use crate::model::cancel::Cancel;
use crate::model::time::Clock;

/// How often the store is looked at, and for how long a worker waits.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How often what people ask for is read; every 3 s by default.
    pub control: Duration,
    /// How often results of others are read, and what this worker does is told; every 10 s by default.
    pub beat: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { control: Duration::from_secs(3), beat: Duration::from_secs(10) }
    }
}

/// What a worker does of a fleet.
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
    /// How to be stopped.
    pub cancel: &'a Cancel,
}

/// How a worker ended, and how the accounts of the fleet stand then.
#[derive(Debug)]
pub struct RunEnd {
    /// Why it ended; `None` when it was told to stop.
    pub ending: Option<Ending>,
    /// How every account that ended did.
    pub results: BTreeMap<String, AccountResult>,
}
