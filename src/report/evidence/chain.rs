//! The check of the journal: its chain, and what confirms its last record.

use serde_json::Value;

use super::rendered::{render_summary, stored_head};
use super::{Check, JOURNAL};
use crate::journal::ItemStates;
use crate::report::RunView;
use crate::run_folder::RunFolderError;
use crate::run_folder::chain::Chain;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::run_record::RunRecord;

/// What can be said about the journal alone.
pub(super) fn check(chain: &Chain) -> Check {
    let records = chain.records;
    let torn = if chain.torn { "; a torn line behind them never happened" } else { "" };
    Check::fits(JOURNAL, format!("{records} records, chain intact{torn}"))
}

/// A journal without a whole record: nothing was sent, unless there are reports of it.
pub(super) fn never_began(folder: &RunFolder) -> Option<Check> {
    folder
        .made_by_a_begun_run()
        .map(|_| Check::damaged(JOURNAL, Some(1), "its records were removed: there are reports of the run"))
}

/// Whether the journal ends elsewhere than the summary says: the chain itself cannot show this.
pub(super) fn end_misfit(
    chain: &Chain,
    folder: &RunFolder,
    plan: &PlanFile,
    states: &ItemStates,
    record: &RunRecord,
) -> Option<Check> {
    let damaged = |message: &str| Some(Check::damaged(JOURNAL, Some(chain.records.max(1)), message));
    let (stored, stored_head) = stored_head(folder)?;
    if chain.ends.contains(&stored_head) {
        return (chain.torn && chain.closed && record.is_finished())
            .then(|| Check::damaged(JOURNAL, Some(chain.records + 1), "there is data after its end"));
    }
    if !chain.closed {
        return damaged("its end was cut off or changed: summary.json knows a record that is not there");
    }
    // Either the last record was changed or the summary's word for it: whose other words still fit is right.
    let as_stored = RunRecord { head: Some(stored_head), ..record.clone() };
    let rendered = render_summary(RunView { folder, plan, states, record: &as_stored }).ok()?;
    let rendered: Value = serde_json::from_slice(&rendered).ok()?;
    if chain.as_written && rendered == stored {
        return None;
    }
    damaged("its last record is not the one that summary.json knows: one of the two was changed")
}

/// A journal that is damaged or does not fit its plan.
pub(super) fn misfit(error: &RunFolderError) -> Check {
    match error.damaged_record() {
        Some((line, message)) => Check::damaged(JOURNAL, Some(line), message),
        None => Check::unreadable(JOURNAL, error),
    }
}
