//! `archive`: where the backup store is, what opens it, and what a backup leaves in it.

use serde::{Deserialize, Serialize};

use super::secret_source::KeySource;

/// `archive`: the backup store.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    /// A folder, or the address of an object store.
    pub place: String,
    /// `keep`: which snapshots survive; without it, all.
    pub keep: Option<Keep>,
    /// `encryption`: what opens it; `None` for one that is not encrypted.
    pub key: Option<KeySource>,
    /// `snapshot`: which one is restored or compared with; `None` for the newest of the account.
    pub snapshot: Option<String>,
    /// `shrink`: the share of last time's imports that may be gone, from 0 to 1.
    pub shrink: f64,
    /// `tags`: what a snapshot is marked with.
    pub tags: Vec<String>,
}

/// The share of imports that may be gone since the last backup, if a job does not say.
pub const SHRINK: f64 = 0.2;

/// `keep` of an archive; what is absent keeps nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Keep {
    /// `last`: this many of the newest.
    pub last: Option<u32>,
    /// One a day, for this many days.
    pub daily: Option<u32>,
    /// One a week, for this many weeks.
    pub weekly: Option<u32>,
    /// One a month, for this many months.
    pub monthly: Option<u32>,
    /// One a year, for this many years.
    pub yearly: Option<u32>,
    /// All that carry one of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What a backup needs to be carried out, and taken up again without its job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupSettings {
    /// What the snapshot is marked with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The selection in words, if not everything is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// The share of last time's imports that may be gone, from 0 to 1.
    pub shrink: f64,
    /// Which snapshots the following prune keeps; without this, no prune follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}
