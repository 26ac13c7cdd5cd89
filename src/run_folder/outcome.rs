//! The outcome of an item: its plan and its state in the journal, in one word.

use crate::journal::ItemState;
use crate::model::{Outcome, Verdict};
use crate::run_folder::plan_item::PlanItem;

/// The outcome of an item in `state`, whose plan says `item`.
pub fn outcome_of(item: &PlanItem, state: &ItemState) -> (Outcome, Verdict) {
    if let Some(outcome) = item.outcome {
        return (outcome, item.verdict.unwrap_or(Verdict::NotChecked));
    }
    let done = item.operation.done();
    match state {
        // What is in doubt is not known to be done until it is looked up.
        ItemState::Untouched | ItemState::InDoubt { .. } => (Outcome::Unprocessed, Verdict::NotChecked),
        // A clone that still lacks what a clone call cannot say is not done, nor a restored import that was not compared.
        ItemState::Applied { phase: crate::journal::Phase::Operation, .. } if item.adjust => {
            (Outcome::Unprocessed, Verdict::NotChecked)
        }
        ItemState::Applied { .. } => (done, Verdict::NotChecked),
        ItemState::Verified { verdict, .. } => (done, *verdict),
        ItemState::Ended { outcome, .. } => (*outcome, Verdict::NotChecked),
    }
}
