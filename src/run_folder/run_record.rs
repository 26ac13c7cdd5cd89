//! What the journal of a run says about the run as a whole.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::journal::{Copy, Costs, Ending, Entry, ItemStates, Misfit, Record, Replay, RunHeader, replay};
use crate::model::{Fingerprint, WaitsFor};
use crate::run_folder::chain::reported_head;
use crate::run_folder::error::RunFolderError;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::lock::{RunLock, Writer};
use crate::run_folder::plan_file::PlanFile;

/// The journal's data about the run as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunRecord {
    /// The contents of its first record; `None` for a run that was killed before it.
    pub opened: Option<Box<RunHeader>>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When its last record was written.
    pub last_at: Option<Timestamp>,
    /// How it ended; `None` for a run that was killed or is still running.
    pub ending: Option<Ending>,
    /// Why, for endings other than `finished`.
    pub reason: Option<String>,
    /// What it waits for, where it waits for something.
    pub waits_for: Option<WaitsFor>,
    /// Id of the run that undid it, completely or not; `None` if there is none.
    pub undone: Option<String>,
    /// How often it was resumed.
    pub resumed: u32,
    /// Calls spent on carrying it out, by purpose.
    pub calls: BTreeMap<String, u64>,
    /// Calls the service answered with 429.
    pub throttled: u64,
    /// The cost of the calls, other than their number.
    pub costs: Costs,
    /// Imports of the same names that were created by others during this run.
    pub copies: Vec<Copy>,
    /// Milliseconds it was at work.
    pub millis: u64,
    /// SHA-256 of its last record: with the chain, it vouches for the whole journal.
    pub head: Option<Fingerprint>,
    /// Whether summary.json names a record that is missing.
    pub lacks_reported: bool,
    /// The process that is writing the run; not checked if the journal says how the run ended.
    pub writer: Option<Writer>,
}

impl RunRecord {
    /// Whether every item has its outcome.
    pub fn is_finished(&self) -> bool {
        self.ending == Some(Ending::Finished)
    }

    /// Whether `resume` can continue it: it is not finished, and was not undone.
    pub fn may_be_resumed(&self) -> bool {
        !self.is_finished() && self.undone.is_none() && !self.needs_a_new_run()
    }

    /// Whether it stopped for a reason that only a new run of its job can fix.
    pub fn needs_a_new_run(&self) -> bool {
        self.waits_for == Some(WaitsFor::NewRun)
    }

    /// It is not over, whatever was said before.
    fn reopen(&mut self) {
        (self.ending, self.reason, self.waits_for) = (None, None, None);
    }

    fn take(&mut self, record: &Record) {
        self.last_at = Some(record.at);
        match &record.entry {
            Entry::Opened(header) => {
                self.opened = Some(header.clone());
                self.opened_at = Some(record.at);
            }
            Entry::Resumed { .. } => {
                self.resumed += 1;
                self.reopen();
            }
            Entry::Undone { by } => self.undone = Some(by.0.clone()),
            Entry::Item { .. } => {}
            Entry::CopyFound(copy) => {
                // This record follows an end: the run is not over until the next end is recorded.
                self.reopen();
                if self.copies.iter().all(|known| known.id != copy.id) {
                    self.copies.push(copy.clone());
                }
            }
            Entry::Closed { ending, calls, throttled, millis, costs, reason, waits_for } => {
                self.ending = Some(*ending);
                self.reason.clone_from(reason);
                self.waits_for = *waits_for;
                for (purpose, count) in calls {
                    *self.calls.entry(purpose.clone()).or_default() += count;
                }
                self.throttled += throttled;
                self.costs.add(costs);
                self.millis += millis;
            }
        }
    }
}

/// Reads a journal: the state of every item, and the record of the run.
///
/// # Errors
///
/// The journal cannot be read, is damaged, or does not match the plan.
pub fn read_journal(
    folder: &RunFolder,
    plan: &PlanFile,
) -> Result<(ItemStates, RunRecord, Replay), RunFolderError> {
    let bytes = || std::fs::metadata(folder.journal()).map(|found| found.len()).ok();
    loop {
        let before = bytes();
        let (states, mut record, replay) = read_once(folder, plan)?;
        if record.ending.is_none() {
            record.writer = RunLock::writer(folder);
        }
        // If the run ended in between, its end was not read.
        if record.ending.is_some() || record.writer.is_some() || bytes() == before {
            return Ok((states, record, replay));
        }
    }
}

fn read_once(folder: &RunFolder, plan: &PlanFile) -> Result<(ItemStates, RunRecord, Replay), RunFolderError> {
    let mut states = ItemStates::blank(plan.len());
    let mut run = RunRecord::default();
    let (reported, mut has_reported) = (reported_head(folder), false);
    let replay = replay(&folder.journal(), |_, record| {
        has_reported |= Some(record.prev) == reported;
        if let Entry::Opened(header) = &record.entry {
            fits(header, plan)?;
        }
        states.take(&record)?;
        run.take(&record);
        Ok(())
    })?;
    run.head = Some(replay.head);
    run.lacks_reported = reported.is_some() && !has_reported && reported != run.head;
    Ok((states, run, replay))
}

fn fits(header: &RunHeader, plan: &PlanFile) -> Result<(), Misfit> {
    if header.plan_sha256 != plan.sha256() {
        return Err(Misfit::OtherPlan);
    }
    if header.items != plan.len() {
        return Err(Misfit::OtherItems { opened: header.items, planned: plan.len() });
    }
    Ok(())
}
