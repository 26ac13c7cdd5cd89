//! The result of resolving the references of a document: what is reported, and what it means for the item.

use crate::documents::references::{Missing, Resolution, Rules, carried};
use crate::model::{IdSet, Outcome};
use crate::run_folder::plan_item::{PlanItem, Reason};

/// Reports the results of references, for a person to check.
pub(crate) fn tell(resolution: &Resolution, imports: &IdSet, item: &mut PlanItem) {
    // What is dropped beside one that stops the item is left out of nothing.
    if resolution.unresolved.is_empty() {
        let dropped = resolution.dropped.iter();
        item.warnings.extend(
            dropped.map(|pointer| format!("the reference at {pointer} was left out: no counterpart")),
        );
    }
    item.warnings.extend(resolution.warnings.iter().cloned());
    let others = resolution.unknown.iter().filter(|(_, id)| imports.contains(id));
    item.warnings.extend(others.map(|(pointer, id)| carried(&format!("import {id}"), pointer)));
}

/// What unresolved references mean for an item.
pub(crate) fn judge(resolution: &Resolution, rules: &Rules) -> Option<(Outcome, Reason)> {
    let first = resolution.unresolved.first()?;
    let ambiguous = resolution.unresolved.iter().any(|unresolved| unresolved.candidates.len() > 1);
    let message = resolution.unresolved.iter().map(|u| u.message.as_str()).collect::<Vec<_>>().join("; ");
    let message = if message.is_empty() { first.place.pointer.clone() } else { message };
    let skip = |kind| rules.missing(kind) == Missing::Skip;
    Some(match (ambiguous, resolution.unresolved.iter().all(|unresolved| skip(unresolved.place.kind))) {
        // Two candidates are an error whatever `missing` says.
        (true, _) => (Outcome::Failed, Reason::new("ambiguous_reference", message)),
        (false, true) => (Outcome::Skipped, Reason::new("missing_reference", message)),
        (false, false) => (Outcome::Failed, Reason::new("missing_reference", message)),
    })
}
