//! An item of an undo as it is planned, and what brings back what the run removed.

use crate::model::{Operation, Outcome, Verdict};
use crate::planner::prepare::ended;
use crate::planner::undo::touched::Touched;
use crate::planner::undo::wanted::Wanted;
use crate::run_folder::before_images::Befores;
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

/// Brings back what the run removed.
pub(super) fn put_back(mut item: PlanItem, one: &Touched, is_there: bool, befores: &Befores) -> Undoing {
    if is_there {
        item.verdict = Some(Verdict::NotChecked);
        return ended(item, Outcome::Unchanged, "undone", "it is there again already").into();
    }
    let kept = befores.document(one.item, one.before_sha256).ok().flatten();
    let Some(wanted) = kept.as_ref().and_then(|kept| Wanted::of(kept, true)) else {
        let message =
            "before.jsonl lacks the document as it was, or holds another: look into the recycle bin";
        return ended(item, Outcome::Failed, "no_before", message).into();
    };
    item.secrets = wanted.secrets;
    item.sent_sha256 = Some(wanted.print);
    item.operation = Operation::Restore;
    Undoing { item, wanted: Some(wanted.text) }
}
