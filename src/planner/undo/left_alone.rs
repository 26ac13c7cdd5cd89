//! What an undo leaves alone although the journal does not show an edit by another person.

use std::fs::File;

use serde_json::Value;

use crate::documents::Document;
use crate::documents::document::read_tree;
use crate::documents::name::loose_name_key;
use crate::documents::normal::consensus::place;
use crate::documents::normal::{Consensus, unexplained};
use crate::documents::references::placeholders;
use crate::inventory::error::EngineError;
use crate::model::{Operation, Outcome};
use crate::planner::items::ended;
use crate::planner::undo::judge::{Created, TargetState, Touch};
use crate::planner::undo::target_states::TargetStates;
use crate::planner::undo::touched::{Did, Left, Touched};
use crate::planner::undo::{Copies, UndoRequest};
use crate::run_folder::document_file::read_span;
use crate::run_folder::plan_item::PlanItem;

/// Removes a copy, if somebody agreed to that, or says why not.
pub(crate) fn copy(
    mut item: PlanItem,
    (beside_own, equal): (bool, bool),
    copies: Copies,
    touch: Touch,
    who: &str,
) -> PlanItem {
    if item.source.as_ref().zip(item.target.as_ref()).is_some_and(|(source, there)| source.id == there.id) {
        let message = "it is the import that was backed up, and somebody brought it back: left alone";
        return ended(item, Outcome::Conflict, "copy", message);
    }
    let why = match (equal, touch, copies) {
        // It has what it has, whoever made that: of two, none is the run's to remove.
        _ if !beside_own => "the run made none of its name".to_owned(),
        (false, ..) => "it is unlike what the run made".to_owned(),
        (true, Touch::Edited | Touch::Behind | Touch::NeverSeen | Touch::SeenUnlike, _) => {
            format!("it was changed since it was found{who}")
        }
        (true, Touch::Untouched, Copies::Leave) => "nobody agreed to remove it".to_owned(),
        (true, Touch::Untouched, Copies::Remove) => {
            item.operation = Operation::Delete;
            item.warnings.push("a copy that the run did not make is removed".to_owned());
            return item;
        }
    };
    let message = format!("a copy that the run did not make, and {why}: left alone");
    ended(item, Outcome::Conflict, "copy", message)
}

/// Whether it may hold an edit that somebody made before the run first saw it, and why.
///
/// Either only a lookup showed that its write had its effect, or the document at the read-back differs from the answer
/// to the write, and the times do not show whether it is another version. An import that was never modified after its
/// creation has no edit.
pub(crate) fn may_hold_an_edit(one: &Touched, left: &Left, now: &TargetState) -> Option<&'static str> {
    let is_modified = matches!(now.created, Created::Unknown | Created::Otherwise);
    let is_adopted = one.was_adopted
        && (one.did == Did::Overwrote || one.is_import() && one.did == Did::Made && is_modified);
    if is_adopted {
        return Some("its write got no answer, and it holds what the run did not send");
    }
    let is_written = matches!(one.did, Did::Overwrote | Did::Made) && one.is_import();
    (is_written && left.is_overtaken_by(now))
        .then_some("it was changed before it was read back, and it holds what the run did not send")
}

/// Whether an import bears a name that no service makes of the one that was sent: not that in another spelling, nor its beginning.
pub(crate) fn bears_another_name(sent: &str, now: &Document) -> bool {
    let bears = loose_name_key(&now.head().name);
    bears.is_empty() || !loose_name_key(sent).starts_with(&bears)
}

/// What stands there and neither the run nor the service explains, as a list for people: what all documents hold whose writes were
/// answered is the service's own, and so is what it was seen to make of others.
pub(crate) fn foreign(
    with: &UndoRequest<'_>,
    of_run: &PlanItem,
    before: Option<&Value>,
    (at, now): (usize, &Document),
    target_states: &mut TargetStates,
) -> Result<String, EngineError> {
    let Some(span) = of_run.wanted else { return Ok(String::new()) };
    let Ok(sent) = File::open(with.folder.wanted()).and_then(|file| read_span(&file, span)) else {
        return Ok("wanted.jsonl does not show what was sent".to_owned());
    };
    let sent = read_tree(&sent);
    let (Ok(sent), Ok(now)) = (sent, now.tree()) else {
        // Without a tree, only what is just as it was sent was found to be the run's.
        return Ok(String::new());
    };
    let mut foreign = unexplained(before, &sent, now);
    let is_reference =
        |pointer: &String| sent.pointer(pointer).and_then(Value::as_str).is_some_and(placeholders::is_in);
    foreign.retain(|pointer| !is_reference(pointer) && !target_states.services_own.contains(&place(pointer)));
    if !foreign.is_empty() {
        let mut consensus = Consensus::new();
        foreign.iter().for_each(|pointer| consensus.ask(pointer));
        consensus.take(now);
        let others = target_states.answered()?.iter().filter(|(other, _)| *other != at);
        others.for_each(|(_, other)| consensus.take(other));
        foreign.retain(|pointer| !consensus.holds(pointer));
    }
    Ok(foreign.join(", "))
}
