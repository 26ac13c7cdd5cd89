//! `results/<account>.json`: how an account ended.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::WaitsFor;

/// How an account ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountResult {
    /// Name of the account in the CSV.
    pub account: String,
    /// The exit code of its run.
    pub exit_code: u8,
    /// When its run began, as far as this worker knows.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The worker that ran it.
    pub worker: String,
    /// How often it was started by that worker.
    pub attempts: u32,
    /// The results of its imports, if the run got that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Why it ended early, in a sentence; absent where it did not, or did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What its run waits for, where it waits for something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<WaitsFor>,
    /// Where its run folder is: a path or an address; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// The results of the imports of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Imports that the job selected.
    pub selected: u64,
    /// Imports by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Imports by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Imports that came from elsewhere.
    pub copies: u64,
    /// Imports for which it is unknown whether their last call had its effect.
    pub in_doubt: u64,
    /// Calls to the service in total, including those for the plan.
    pub total_calls: u64,
}

/// What an exit code means to a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// 0: all as planned.
    Good,
    /// 3: finished, and a person has to look at something.
    Attention,
    /// 1, 2, 4, 6: it ended badly, and counts for `stop`.
    Bad,
    /// 7: another run holds the account; it is tried again later.
    Held,
    /// 130, or no exit code at all: the account is not finished.
    Unfinished,
}

impl Meaning {
    /// What an exit code means.
    pub fn of(exit_code: Option<u8>) -> Self {
        match exit_code {
            Some(0) => Self::Good,
            Some(3) => Self::Attention,
            Some(7) => Self::Held,
            Some(130) | None => Self::Unfinished,
            Some(_) => Self::Bad,
        }
    }
}

impl AccountResult {
    /// What its exit code means.
    pub fn meaning(&self) -> Meaning {
        Meaning::of(Some(self.exit_code))
    }
}
