//! The outcome of an item in one word, from its plan and its state in the journal.

use crate::journal::ItemState;
use crate::model::{Outcome, Verdict};
use crate::run_folder::plan_item::PlanItem;

/// The outcome of the planned `item` in `state`.
pub fn outcome_of(item: &PlanItem, state: &ItemState) -> (Outcome, Verdict) {
    if let Some(outcome) = item.outcome {
        return (outcome, item.verdict.unwrap_or(Verdict::NotChecked));
    }
    let done = item.operation.done();
    match state {
        // An item in doubt is not known to be done until it is looked up.
        ItemState::Untouched | ItemState::InDoubt { .. } => (Outcome::Unprocessed, Verdict::NotChecked),
        // A clone without the changes that a clone call cannot make is not done, and neither is a restored import that
        // was not compared.
        ItemState::Applied { phase: crate::journal::Phase::Operation, .. } if item.adjust => {
            (Outcome::Unprocessed, Verdict::NotChecked)
        }
        ItemState::Applied { .. } => (done, Verdict::NotChecked),
        ItemState::Verified { verdict, .. } => (done, *verdict),
        ItemState::Ended { outcome, .. } => (*outcome, Verdict::NotChecked),
    }
}
