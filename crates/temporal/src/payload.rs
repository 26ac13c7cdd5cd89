//! What goes through Temporal: names, hashes and counts. Never a token, never a document, and no message of a run, which
//! could quote one.

use serde::{Deserialize, Serialize};

/// How many accounts one run of the workflow begins before it is continued as a new one: its history has three events
/// an account, and Temporal warns at 10,240.
pub const ACCOUNTS_PER_RUN: usize = 1_000;

/// Which fleet, and where it is. Every payload has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FleetRef {
    /// What the fleet is called.
    pub name: String,
    /// The fleet file, absolute: the same on every worker.
    pub file: String,
    /// The location of the store.
    pub store: String,
    /// SHA-256 of the job: a worker that has another does not run it.
    pub job_sha256: String,
}

/// The input of the workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetInput {
    /// The fleet to carry out; where `dated` is set, the one that the new ones are made of.
    pub fleet: FleetRef,
    /// Whether a schedule starts it: then it makes a fleet of its own each time, with the date in its name.
    #[serde(default)]
    pub dated: bool,
}

/// An account to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Todo {
    /// The name of the account, as in its row.
    pub account: String,
    /// The task queue of its workers, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
}

/// Accounts that may be begun now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Their wave, from 1.
    pub wave: u32,
    /// How many at once, over all workers.
    pub parallel: usize,
    /// The accounts, in order; not empty.
    pub accounts: Vec<Todo>,
    /// How many accounts of the fleet ended badly so far.
    pub bad: usize,
    /// How many may: the last of them stops the fleet. Absent where it does not stop for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_bad: Option<usize>,
}

/// What the workflow does next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Begin these accounts.
    Page(Page),
    /// Nothing is left to do.
    End(Ended),
}

/// How a fleet ended: the result of the workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// As `transship fleet run` exits: 0; 3 an account needs attention; 4 stopped.
    pub exit_code: u8,
    /// Why it is not finished, in a sentence; empty where it is.
    pub reason: String,
    /// Accounts in all.
    pub accounts: usize,
    /// Accounts that ended as planned.
    pub done: usize,
    /// Accounts that need attention, those that ended badly included.
    pub attention: usize,
}

/// One account of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInput {
    /// The fleet that the account is of.
    pub fleet: FleetRef,
    /// The name of the account, as in its row.
    pub account: String,
}

/// How an account ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountEnd {
    /// Its exit code; none if the fleet was stopped before it ended.
    pub exit_code: Option<u8>,
}

/// What is known of an account that runs, as the console shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Items that are done.
    pub done: u64,
    /// Items in all; 0 while that is not known.
    pub total: u64,
    /// Calls so far.
    pub calls: u64,
    /// How many runs of the account ended with an unexpected error.
    pub unexpected: u32,
    /// The name of the worker that runs the account.
    pub worker: String,
}

/// What a person asks of a fleet by a signal: a command of `transship fleet`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The fleet that the command is for.
    pub fleet: FleetRef,
    /// `stop`, `pause`, `approve`, `resume` or `report`.
    pub word: String,
}

/// How it stands, for the query `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The name of the fleet.
    pub fleet: String,
    /// The wave that is under way, from 1; 0 before the first.
    pub wave: u32,
    /// Accounts that this run of the workflow has under way: begun and not ended.
    pub running: usize,
    /// Accounts of this page that have a result.
    pub ended: usize,
    /// Accounts of this page that are still to be begun.
    pub waiting: usize,
}
