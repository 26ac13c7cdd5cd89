//! An item of an undo as it is planned, and what brings back what the run removed.

use crate::model::{Operation, Outcome, Verdict};
use crate::planner::items::ended;
use crate::planner::undo::namesakes::Namesake;
use crate::planner::undo::wanted::Wanted;
use crate::run_folder::plan_item::PlanItem;

/// The code of an item of which somebody made the like since.
pub(super) const MADE_MEANWHILE: &str = "made_meanwhile";

/// Imports that a note names at most.
const MOST_NAMED: usize = 10;

/// An item of the undo, and the text that is to be written for it.
pub(super) struct Undoing {
    pub item: PlanItem,
    pub wanted: Option<Vec<u8>>,
}

impl From<PlanItem> for Undoing {
    fn from(item: PlanItem) -> Self {
        Self { item, wanted: None }
    }
}

/// What the run removed, and is there again.
pub(super) fn is_back(mut item: PlanItem) -> PlanItem {
    item.verdict = Some(Verdict::NotChecked);
    ended(item, Outcome::Unchanged, "undone", "it is there again already")
}

/// What the run removed, and of which the document as it was is not known.
pub(super) fn without_before(item: PlanItem) -> PlanItem {
    let message = "before.jsonl lacks the document as it was, or holds another: look into the recycle bin";
    ended(item, Outcome::Failed, "no_before", message)
}

/// Brings back what the run removed, unless somebody made an import of its name since: that is named and stays. One that
/// stood there before the run is no reason.
pub(super) fn put_back(mut item: PlanItem, wanted: Wanted, beside: &[Namesake]) -> Undoing {
    let is_new = |other: &&Namesake| other.was_there == Some(false);
    if let Some(equal) = beside.iter().filter(is_new).find(|other| other.is_equal) {
        item.verdict = Some(Verdict::Equal);
        let message = format!(
            "{} appeared since the run, bears its name and is equal: nothing is put back beside it",
            equal.id
        );
        return ended(item, Outcome::Unchanged, MADE_MEANWHILE, message).into();
    }
    let unlike: Vec<&Namesake> = beside.iter().filter(is_new).collect();
    if !unlike.is_empty() {
        let message = format!(
            "{} of its name appeared since the run ({}): compare it with what `transship show` tells of this one, and rename \
             or remove the one you do not want",
            imports(unlike.len()),
            ids(unlike)
        );
        return ended(item, Outcome::Conflict, "unlike", message).into();
    }
    let perhaps: Vec<&Namesake> = beside.iter().filter(|other| other.was_there.is_none()).collect();
    if !perhaps.is_empty() {
        let message =
            format!("it is put back beside {} of its name ({})", imports(perhaps.len()), ids(perhaps));
        item.warnings.push(message);
    }
    item.namesakes = beside.iter().map(|other| other.id.clone()).collect();
    item.secrets = wanted.secrets;
    item.sent_sha256 = Some(wanted.print);
    item.operation = Operation::Restore;
    Undoing { item, wanted: Some(wanted.text) }
}

/// Names imports that somebody made in the place of what the run removed, as a note of the plan.
pub(super) fn made_meanwhile(names: &[String]) -> Option<String> {
    let shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("\"{name}\"")).collect();
    let more = names.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (were, are) = if names.len() == 1 { ("was", "is") } else { ("were", "are") };
    (!names.is_empty()).then(|| {
        format!(
            "{}{more} {were} made again by somebody else since the run and {are} equal: left alone",
            shown.join(", ")
        )
    })
}

fn imports(count: usize) -> String {
    if count == 1 { "an import".to_owned() } else { format!("{count} imports") }
}

fn ids(of: Vec<&Namesake>) -> String {
    of.into_iter().map(|other| other.id.as_str()).collect::<Vec<_>>().join(", ")
}
