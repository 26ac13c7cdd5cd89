//! The counts of a run, computed from its rows, and whether they agree.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::references::Kind;
use crate::journal::Ending;
use crate::model::{Action, Fingerprint, Id, Latencies, Outcome, RecordedAction, Verdict, WaitsFor};
use crate::run_folder::forecast::Forecast;
use crate::run_folder::import_users::UsageSummary;
use crate::run_folder::lock::Writer;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::SnapshotRead;
use crate::run_folder::rows::Row;
use crate::run_folder::run_record::RunRecord;

/// How many users of old ids are named.
const MOST_USERS: usize = 100;

/// The number of items of a kind other than imports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherCount {
    /// The number of items in all.
    pub items: u32,
    /// The items that were changed.
    pub done: u32,
}

/// How long answers took, for calls with one purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Calls that were answered.
    pub answered: u64,
    /// Half of the calls took at most this long, in milliseconds; up to an eighth too long.
    pub p50_ms: u64,
    /// 95 of 100 calls took at most this long, in milliseconds; up to an eighth too long.
    pub p95_ms: u64,
}

impl Latency {
    fn of(latencies: &Latencies) -> Self {
        let millis = |percent| u64::try_from(latencies.percentile(percent).as_millis()).unwrap_or(u64::MAX);
        Self { answered: latencies.count(), p50_ms: millis(50), p95_ms: millis(95) }
    }
}

/// The counts of a run, written to `summary.json`. They are a function of plan and journal alone, so they can be
/// checked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The id of the run.
    pub run_id: String,
    /// `name` of the job.
    pub job: String,
    /// The action of the job, or `undo` or `retry`.
    pub action: RecordedAction,
    /// Name of the source account.
    pub source: String,
    /// Name of the target account.
    pub target: String,
    /// `finished`, `interrupted`, `stopped`, `unauthorized`, `broken`; `unfinished` for a run that was killed.
    pub state: String,
    /// Why, for states other than `finished`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the run waits for: `agreement` to its next wave, or a `new_run` of its job; absent where it waits for neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<WaitsFor>,
    /// Items selected, planned, accounted for in the journal, and reported; the four agree or the run exits with 1.
    pub selected: u32,
    /// The number of items in the plan; equals [`Self::selected`].
    pub planned: u32,
    /// The number of items in the journal; equals [`Self::selected`] once the run is finished.
    pub journaled: u32,
    /// The number of rows in the audit; equals [`Self::selected`].
    pub reported: u32,
    /// Items by outcome, including those with count 0.
    pub outcomes: BTreeMap<String, u32>,
    /// Items by verdict, including those with count 0.
    pub verdicts: BTreeMap<String, u32>,
    /// Differences that a comparison found: `differs`, `only_in_source`, `only_in_target`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unlike: BTreeMap<String, u32>,
    /// Items other than imports, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<Kind, OtherCount>,
    /// Names of lookup caches that were created: their data has to be loaded manually.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty_caches: Vec<String>,
    /// The snapshots of an archive that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<SnapshotRead>,
    /// Flows, APIs and tools that still name the old id of an import that was created again; the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old_ids_in_use: Vec<String>,
    /// What uses the changed or removed imports of the target, if the plan read that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageSummary>,
    /// What uses the copied imports of the source, if the plan read that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_in_source: Option<UsageSummary>,
    /// Items with warnings.
    pub warnings: u32,
    /// Imports of the same names that were created by others during this run.
    #[serde(default, skip_serializing_if = "crate::model::is_zero")]
    pub copies: u32,
    /// Items whose last call has an unknown effect.
    #[serde(default, skip_serializing_if = "crate::model::is_zero")]
    pub in_doubt: u32,
    /// Masked secrets that have to be entered manually.
    pub secrets: u32,
    /// Items that were written and could not be read back.
    #[serde(default)]
    pub unread: u32,
    /// When the run was opened.
    pub started_at: Option<Timestamp>,
    /// When its last record was written.
    pub finished_at: Option<Timestamp>,
    /// Seconds at work, over all parts of the run.
    pub seconds: f64,
    /// The calls that the plan forecast.
    pub forecast: Forecast,
    /// Calls spent on making the plan, by purpose.
    pub planning_calls: BTreeMap<String, u64>,
    /// Calls spent on carrying it out, by purpose.
    pub calls: BTreeMap<String, u64>,
    /// All calls: for the plan and for carrying it out.
    pub total_calls: u64,
    /// Calls the service answered with 429.
    pub throttled: u64,
    /// Seconds that calls waited for the rate limit, added up over all calls.
    #[serde(default)]
    pub waited_seconds: f64,
    /// Calls that were sent again after a failure other than 429.
    #[serde(default)]
    pub retries: u64,
    /// How long answers took, by purpose of the call; for the parts of a run that ended properly.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub latency: BTreeMap<String, Latency>,
    /// How often it was resumed.
    pub resumed: u32,
    /// The process that is writing the run. Not in `summary.json`, because the journal does not say it.
    #[serde(skip)]
    pub writer: Option<Writer>,
    /// Id of the run that undid it, completely or not. Not in `summary.json`, which says how the run itself ended.
    #[serde(skip)]
    pub undone: Option<String>,
    /// Items that were written and still have to be read back. Not in `summary.json`, which has their verdicts.
    #[serde(skip)]
    pub not_yet_read_back: u32,
    /// SHA-256 of the journal's last record, which the journal itself cannot prove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_sha256: Option<Fingerprint>,
}

impl Summary {
    /// A summary with the record of the run and no items yet.
    pub fn begin(plan: &PlanFile, record: &RunRecord) -> Self {
        let head = plan.head();
        let run_id = record.opened.as_ref().map(|header| header.run.0.clone()).unwrap_or_default();
        let zero = |words: Vec<&'static str>| words.into_iter().map(|word| (word.to_owned(), 0)).collect();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a run are far below 2^52")]
        let [seconds, waited] = [record.millis, record.costs.waited_ms].map(|millis| millis as f64 / 1000.0);
        Self {
            run_id,
            job: head.job.clone(),
            action: head.action.clone(),
            source: head.source.name.clone(),
            target: head.target.name.clone(),
            state: state_word(record.ending).to_owned(),
            reason: record.reason.clone(),
            waits_for: record.waits_for,
            selected: plan.tail().selected,
            planned: plan.len(),
            outcomes: zero(Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect()),
            verdicts: zero(Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect()),
            started_at: record.opened_at,
            finished_at: record.last_at,
            seconds,
            snapshots: head.snapshots(),
            forecast: plan.tail().forecast.clone(),
            planning_calls: plan.tail().spent.clone(),
            calls: record.calls.clone(),
            total_calls: record.calls.values().sum::<u64>() + plan.tail().spent.values().sum::<u64>(),
            throttled: record.throttled,
            waited_seconds: waited,
            retries: record.costs.retries,
            latency: record
                .costs
                .latency
                .iter()
                .map(|(purpose, all)| (purpose.clone(), Latency::of(all)))
                .collect(),
            resumed: record.resumed,
            writer: record.writer.clone(),
            undone: record.undone.clone(),
            journal_sha256: record.head,
            ..Self::default()
        }
    }

    /// Counts a row.
    pub fn add(&mut self, row: &Row) {
        self.reported += 1;
        *self.outcomes.entry(row.outcome.as_str().to_owned()).or_default() += 1;
        *self.verdicts.entry(row.verdict.as_str().to_owned()).or_default() += 1;
        if let Some(unlike) = row.item.unlike() {
            *self.unlike.entry(unlike.to_owned()).or_default() += 1;
        }
        if !row.item.is_import() {
            let others = self.others.entry(row.item.kind).or_default();
            others.items += 1;
            others.done += u32::from(row.outcome.wrote());
        }
        if row.item.kind == Kind::LookupCaches && row.outcome == Outcome::Created {
            self.empty_caches.push(row.item.name.clone());
        }
        if row.is_made_anew() {
            let old = row.item.source.as_ref().map(|source| source.id.as_str()).unwrap_or_default();
            let new = row.target_id.as_ref().map(Id::as_str).unwrap_or_default();
            let room = MOST_USERS.saturating_sub(self.old_ids_in_use.len());
            let users = row.item.users.iter().take(room);
            self.old_ids_in_use.extend(users.map(|user| format!("{user}: {old} is now {new}")));
        }
        self.journaled += u32::from(row.accounted_for);
        self.copies += u32::try_from(row.copies.len()).unwrap_or(u32::MAX);
        self.in_doubt += u32::from(row.in_doubt);
        self.unread += u32::from(row.could_not_be_read_back());
        self.warnings += u32::from(!row.item.warnings.is_empty());
        if row.outcome.wrote() {
            self.secrets += u32::try_from(row.item.secrets.len()).unwrap_or(u32::MAX);
        }
    }

    /// Items with that outcome.
    pub fn count(&self, outcome: Outcome) -> u32 {
        self.outcomes.get(outcome.as_str()).copied().unwrap_or(0)
    }

    /// Items with that verdict.
    pub fn verdict(&self, verdict: Verdict) -> u32 {
        self.verdicts.get(verdict.as_str()).copied().unwrap_or(0)
    }

    /// Which sums disagree, if any.
    pub fn disagreement(&self) -> Option<String> {
        let outcomes: u32 = self.outcomes.values().sum();
        let verdicts: u32 = self.verdicts.values().sum();
        let sums = [
            ("selected", self.selected),
            ("planned", self.planned),
            ("journaled", self.journaled),
            ("reported", self.reported),
            ("with an outcome", outcomes),
            ("with a verdict", verdicts),
        ];
        let odd: Vec<String> = sums
            .iter()
            .filter(|(_, count)| *count != self.selected)
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        (!odd.is_empty()).then(|| format!("{} selected, but {}", self.selected, odd.join(", ")))
    }

    /// Whether anything needs a person's attention (exit code 3).
    pub fn needs_attention(&self) -> bool {
        self.unread > 0 || self.copies > 0 || self.has_open_items()
    }

    /// Whether anything needs attention that a `retry` may redo. This excludes items that only could not be read back,
    /// and copies, which `undo` offers to remove. No part of a backup, a comparison or an undo can be redone.
    pub fn may_be_redone(&self) -> bool {
        !matches!(self.action.known(), Some(Action::Backup | Action::Compare | Action::Undo))
            && self.has_open_items()
    }

    fn has_open_items(&self) -> bool {
        let open = |outcome: Outcome| outcome.needs_attention() || outcome == Outcome::Unprocessed;
        let ended = Outcome::ALL.iter().any(|outcome| open(*outcome) && self.count(*outcome) > 0);
        ended || !self.unlike.is_empty() || self.verdict(Verdict::Differs) > 0
    }
}

fn state_word(ending: Option<Ending>) -> &'static str {
    match ending {
        None => "unfinished",
        Some(Ending::Finished) => "finished",
        Some(Ending::Interrupted) => "interrupted",
        Some(Ending::Stopped) => "stopped",
        Some(Ending::Unauthorized) => "unauthorized",
        Some(Ending::Broken) => "broken",
    }
}
