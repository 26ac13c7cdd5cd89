//! What a run wrote if its journal is gone: nothing else can say it any more.

use std::fmt::Write;

use crate::executor::context::Context;
use crate::inventory::error::EngineError;
use crate::journal::{ItemState, JournalError};
use crate::model::ItemKey;
use crate::run_folder::RunFolderError;
use crate::run_folder::plan_item::PlanItem;

/// The maximum number of items that are named; the others are counted.
const MOST_NAMED: usize = 500;

/// The error, with what the run wrote if its journal is gone.
pub(crate) fn unless_journaled(context: &Context<'_>, error: EngineError) -> EngineError {
    match error {
        EngineError::Folder(RunFolderError::Journal(JournalError::Gone { .. })) => {
            EngineError::Lost { wrote: wrote(context), source: Box::new(error) }
        }
        error => error,
    }
}

fn wrote(context: &Context<'_>) -> String {
    let (mut done, mut doubtful) = (Vec::new(), Vec::new());
    for key in (1..=context.plan.len()).map(ItemKey) {
        let state = context.journal.state(key);
        let list = match &state {
            ItemState::Applied { .. } | ItemState::Verified { .. } => &mut done,
            ItemState::InDoubt { .. } => &mut doubtful,
            ItemState::Untouched | ItemState::Ended { .. } => continue,
        };
        // A plan that is gone too leaves the id.
        let shown = context.plan.item(key).map_or_else(|_| format!("item {key}"), |item| shown(&item));
        let id = state.target().map(|id| format!(" ({id})")).unwrap_or_default();
        list.push(format!("{shown}{id}"));
    }
    let mut text = match done.len() {
        0 => "It had written nothing".to_owned(),
        count => format!("It had written {count}: {}", named(&done)),
    };
    if !doubtful.is_empty() {
        // Writing to a text does not fail.
        let _ = write!(text, ". Whether these had their effect is not known: {}", named(&doubtful));
    }
    text
}

/// The first of them by name, and how many there are besides.
fn named(items: &[String]) -> String {
    let shown = items.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match items.len().checked_sub(MOST_NAMED) {
        None | Some(0) => shown,
        Some(more) => format!("{shown}, and {more} more"),
    }
}

/// What was done to which import; control characters in its name are escaped.
fn shown(item: &PlanItem) -> String {
    format!("{} {:?}", item.operation.done().as_str(), item.name)
}
