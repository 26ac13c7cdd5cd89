//! One line on disk, and the format's version.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    Fingerprint, Id, ItemKey, Latencies, Operation, RecordedAction, RunId, Verdict, WaitsFor,
};

/// The version of the format, in the first record, and in the record of a resumed run.
///
/// | version | knows |
/// |---|---|
/// | 1 | the steps up to `verified` |
/// | 2 | `not_sent`, `copy_found`, `found`, `reopened`; journals of version 1 are read as they are |
pub const FORMAT: u32 = 2;

/// One line: its number, the hash of the line before, its time, and what happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The number of the record, from 0 for the first line.
    pub n: u64,
    /// SHA-256 of the line before, without its newline; of nothing for the first.
    pub prev: Fingerprint,
    /// When it was written, by this machine's clock.
    pub at: Timestamp,
    /// What the record says.
    #[serde(flatten)]
    pub entry: Entry,
}

/// The content of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    /// The first record: what this run is about.
    Opened(Box<RunHeader>),
    /// The run was resumed.
    Resumed {
        /// The program and its version.
        tool: String,
        /// The version of the format from here on; absent before version 2.
        #[serde(default = "first_format")]
        format: u32,
    },
    /// The run is being undone, and may no longer be resumed.
    Undone {
        /// The run that undoes it.
        by: RunId,
    },
    /// A step of an item.
    Item {
        /// The item whose step it is.
        item: ItemKey,
        /// The step that was taken.
        #[serde(flatten)]
        step: Step,
    },
    /// An import with the name of an item that was not there before and was not made by this run.
    CopyFound(Copy),
    /// The run ended; it may be resumed after any ending but `finished`.
    Closed {
        /// How the run ended.
        ending: Ending,
        /// Calls spent since it was opened or resumed, by purpose.
        calls: BTreeMap<String, u64>,
        /// How many of these calls were answered with 429.
        throttled: u64,
        /// Milliseconds since it was opened or resumed.
        millis: u64,
        /// What else the calls cost; absent before version 0.2.
        #[serde(default, skip_serializing_if = "Costs::is_nothing")]
        costs: Costs,
        /// The reason in one line, for endings other than `finished`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What the run waits for, where it waits for something.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waits_for: Option<WaitsFor>,
    },
}

/// What calls cost in addition to their number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Milliseconds spent waiting for the rate limit, added up over all calls.
    #[serde(default)]
    pub waited_ms: u64,
    /// Calls that were sent again after a failure other than 429.
    #[serde(default)]
    pub retries: u64,
    /// How long answers took, by purpose of the call.
    #[serde(default)]
    pub latency: BTreeMap<String, Latencies>,
}

impl Costs {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// The difference to `earlier`, an earlier state of these counts.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let latency = self.latency.iter().map(|(purpose, all)| {
            let since = earlier.latency.get(purpose).map_or_else(|| all.clone(), |before| all.since(before));
            (purpose.clone(), since)
        });
        Self {
            waited_ms: self.waited_ms.saturating_sub(earlier.waited_ms),
            retries: self.retries.saturating_sub(earlier.retries),
            latency: latency.filter(|(_, since)| since.count() > 0).collect(),
        }
    }

    /// Adds those of another part of the run.
    pub fn add(&mut self, other: &Self) {
        self.waited_ms += other.waited_ms;
        self.retries += other.retries;
        for (purpose, latencies) in &other.latency {
            self.latency.entry(purpose.clone()).or_default().merge(latencies);
        }
    }
}

fn first_format() -> u32 {
    1
}

/// What a run is about: the files it was made from, by hash, and the accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// The version of the format, from 1; see [`FORMAT`].
    pub format: u32,
    /// The run to which the journal belongs.
    pub run: RunId,
    /// The program and its version.
    pub tool: String,
    /// The name of the action.
    pub action: RecordedAction,
    /// How many items the plan has.
    pub items: u32,
    /// SHA-256 of the file `job.yaml` in the run folder.
    pub job_sha256: Fingerprint,
    /// SHA-256 of the file `plan.json` in the run folder.
    pub plan_sha256: Fingerprint,
    /// SHA-256 of the file `wanted.jsonl` in the run folder.
    pub wanted_sha256: Fingerprint,
    /// Who started it: the user and the machine, if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The account of a CSV of accounts that the run is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The folder, beside its own, of the run that it undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
}

/// An import that came from elsewhere while a run created one of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// The item that has the same name.
    #[serde(rename = "beside")]
    pub item: ItemKey,
    /// The import in the target.
    #[serde(rename = "import")]
    pub id: Id,
    /// Whether it equals what was sent for the item, in everything but the name.
    pub equal: bool,
    /// Fingerprint of its content.
    pub sha256: Fingerprint,
    /// Its `lastModified`, as the service writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every item has its outcome.
    Finished,
    /// The run can be resumed: it was told to stop, nobody agreed to go on, or the service was unavailable for too
    /// long.
    Interrupted,
    /// A limit of `stop` was reached.
    Stopped,
    /// The token was refused.
    Unauthorized,
    /// Something else ended it.
    Broken,
}

/// The call of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// The operation of the plan.
    #[serde(rename = "operation")]
    Operation,
    /// The PUT that gives a new clone what a clone call cannot set.
    Adjust,
}

/// A step of an item. [`super::ItemState::after`] says which step may follow which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The call is about to be sent. Synced before it is.
    Intended {
        /// What is about to be done.
        operation: Operation,
        /// Which call of it.
        call: Call,
        /// Counted from 1 over the life of the item.
        attempt: u32,
        /// The service's clock, as far as known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server_time: Option<Timestamp>,
        /// SHA-256 of the document in `before.jsonl`, for what overwrites or removes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before_sha256: Option<Fingerprint>,
    },
    /// It had its effect.
    Applied {
        /// The import in the target.
        target: Id,
        /// The HTTP status of the answer; absent if the import was found by a lookup.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// How many times the call was sent for this attempt.
        sends: u32,
        /// Found by a lookup after an attempt in doubt.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        adopted: bool,
        /// Fingerprint of the document in the service's answer, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<Fingerprint>,
        /// Its `lastModified`, as the service wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        modified: Option<String>,
    },
    /// No usable answer: it may or may not have had its effect.
    Doubted {
        /// The HTTP status; absent when there was no answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// What went wrong, as one sentence for people.
        message: String,
        /// How many times the call was sent for this attempt.
        sends: u32,
    },
    /// Looked up: it had no effect.
    Absent,
    /// The call of the intent was never sent: the run was told to stop, or no connection was made. It cannot have had
    /// any effect.
    NotSent {
        /// The reason, as one sentence for people.
        message: String,
    },
    /// The service never took it: throttled, or the token was refused.
    NotTaken {
        /// The HTTP status; absent when there was no answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The reason, as one sentence for people.
        message: String,
        /// How many times the call was sent for this attempt.
        sends: u32,
    },
    /// The item ended without effect: the service refused it, it went stale, or a person has to decide.
    Ended {
        /// `failed`, `stale`, `conflict`, `unchanged` or `skipped`.
        outcome: crate::model::Outcome,
        /// The HTTP status; absent when there was no answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The reason as a code that does not change between versions.
        code: String,
        /// What happened, as one sentence for people.
        message: String,
        /// How many times the call was sent for this attempt.
        #[serde(default)]
        sends: u32,
        /// The import in the target in its place, which this run did not make.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<Id>,
    },
    /// It had failed because its call was never sent, and is redone by a resumed run; or it could not be read back,
    /// and is read again.
    Reopened,
    /// It is in a whole snapshot: it was read back and compared before the snapshot counted.
    Archived {
        /// The id of the snapshot.
        snapshot: Id,
        /// Fingerprint of what was archived.
        sha256: Fingerprint,
    },
    /// Read back and compared; or, with `verify: none`, declared done.
    Verified {
        /// The result of the comparison.
        verdict: Verdict,
        /// Fingerprint of the service's document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<Fingerprint>,
        /// JSON pointers of what differs.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        differences: Vec<String>,
        /// `lastModified` of what was read back, as the service wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        modified: Option<String>,
    },
}
