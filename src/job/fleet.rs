//! A fleet: one job, run once for each account of a CSV, in waves.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::stand_in::AccountRow;
use super::{Limit, Problems};

/// A whole, valid fleet file, with the accounts of its CSV.
#[derive(Debug)]
pub struct Fleet {
    /// The key `name`: its folder in the store.
    pub name: String,
    /// The key `job`: the job file, absolute.
    pub job: PathBuf,
    /// The key `as`: which account of the job a row stands for.
    pub role: String,
    /// The key `accounts`: the CSV, absolute.
    pub accounts: PathBuf,
    /// The rows of the CSV, in order; not empty.
    pub rows: Vec<AccountRow>,
    /// The key `store`: a folder, absolute, or the address of a bucket.
    pub store: Option<String>,
    /// The key `waves`: never empty, the last is [`WaveSize::Rest`].
    pub waves: Vec<FleetWave>,
    /// The key `parallel`: accounts at once, over all workers.
    pub parallel: NonZeroUsize,
    /// The key `stop`: how many accounts may end badly before nothing new starts.
    pub stop: Option<Limit>,
    /// What is allowed and most likely not meant.
    pub warnings: Problems,
}

/// One of the waves under the key `waves`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FleetWave {
    /// How many accounts it has.
    pub size: WaveSize,
    /// Whether somebody has to approve the next one.
    pub approve: bool,
}

/// How many accounts a wave has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaveSize {
    /// This number of accounts; fewer where fewer are left.
    Accounts(u32),
    /// Such a share of all, above 0 and up to 1; at least one.
    Share(f64),
    /// All that are left.
    Rest,
}
