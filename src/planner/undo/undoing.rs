//! An item of an undo as it is planned, and what brings back what the run removed.

use crate::documents::Document;
use crate::model::{Operation, Outcome, Verdict};
use crate::planner::items::ended;
use crate::planner::undo::wanted::Wanted;
use crate::run_folder::plan_item::PlanItem;

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

/// Brings back what the run removed: `kept` is the document as it was, where that is known.
pub(super) fn put_back(mut item: PlanItem, is_there: bool, kept: Option<&Document>) -> Undoing {
    if is_there {
        item.verdict = Some(Verdict::NotChecked);
        return ended(item, Outcome::Unchanged, "undone", "it is there again already").into();
    }
    let Some(wanted) = kept.and_then(Wanted::of) else {
        let message =
            "before.jsonl lacks the document as it was, or holds another: look into the recycle bin";
        return ended(item, Outcome::Failed, "no_before", message).into();
    };
    item.secrets = wanted.secrets;
    item.sent_sha256 = Some(wanted.print);
    item.operation = Operation::Restore;
    Undoing { item, wanted: Some(wanted.text) }
}
