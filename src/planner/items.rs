//! Items of a plan in their first state, and those that end before anything is sent.

use crate::documents::Edited;
use crate::documents::references::Kind;
use crate::model::{Fingerprint, Head, ItemKey, Operation, Outcome, Verdict};
use crate::run_folder::plan_item::{PlanItem, Reason};

/// An item of which only its source's head is known.
pub(crate) fn blank(number: ItemKey, head: &Head) -> PlanItem {
    PlanItem {
        item: number,
        operation: Operation::None,
        name: head.name.clone(),
        outcome: None,
        verdict: None,
        problem: None,
        kind: Kind::Imports,
        needs: Vec::new(),
        adaptor_type: head.adaptor_type.clone(),
        source: None,
        target: None,
        sent_sha256: None,
        compared_sha256: None,
        wanted: None,
        clone: None,
        adjust: false,
        namesakes: Vec::new(),
        changes: Vec::new(),
        warnings: Vec::new(),
        users: Vec::new(),
        used_by: Vec::new(),
        used_in_source: Vec::new(),
        secrets: Vec::new(),
    }
}

/// The item, over before anything is sent.
pub(crate) fn ended(
    mut item: PlanItem,
    outcome: Outcome,
    code: &str,
    message: impl Into<String>,
) -> PlanItem {
    item.operation = Operation::None;
    item.outcome = Some(outcome);
    item.problem = Some(Reason::new(code, message));
    item
}

/// The item of an import in which no step changes anything.
pub(crate) fn as_it_was(mut item: PlanItem, print: Fingerprint, wanted: &Edited) -> PlanItem {
    if let Some(name) = wanted.now().get("name").and_then(|name| name.as_str()) {
        name.clone_into(&mut item.name);
    }
    item.target.clone_from(&item.source);
    item.changes = wanted.changes();
    item.sent_sha256 = Some(print);
    item.outcome = Some(Outcome::Unchanged);
    item.verdict = Some(Verdict::Equal);
    item
}
