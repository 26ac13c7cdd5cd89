//! What an undo leaves alone although the journal does not say that somebody touched it.

use std::fs::File;

use serde_json::Value;

use crate::documents::Document;
use crate::documents::document::read_tree;
use crate::documents::name::loose_name_key;
use crate::documents::normal::{Consensus, compare};
use crate::inventory::error::EngineError;
use crate::model::{Operation, Outcome};
use crate::planner::items::ended;
use crate::planner::undo::Copies;
use crate::planner::undo::judge::{Created, Standing, Touch};
use crate::planner::undo::standings::Standings;
use crate::planner::undo::touched::{Did, Touched};
use crate::run_folder::document_file::read_span;
use crate::run_folder::error::RunFolderError;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_item::PlanItem;

/// Removes a copy, if somebody agreed to that, or says why not.
pub(crate) fn copy(mut item: PlanItem, copies: Copies, equal: bool, touch: Touch, who: &str) -> PlanItem {
    if item.source.as_ref().zip(item.target.as_ref()).is_some_and(|(source, there)| source.id == there.id) {
        let message = "it is the import that was backed up, and somebody brought it back: left alone";
        return ended(item, Outcome::Conflict, "copy", message);
    }
    let why = match (equal, touch, copies) {
        (false, ..) => "it is unlike what the run made".to_owned(),
        (true, Touch::Edited | Touch::Behind | Touch::NeverSeen, _) => {
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

/// Whether it may hold an edit that somebody made before the run first saw it: its write is known to have had its effect only
/// by what stood there afterwards. What was never modified since it was made holds none.
pub(crate) fn may_hold_an_edit(one: &Touched, now: &Standing) -> bool {
    let is_modified = matches!(now.created, Created::Unknown | Created::Otherwise);
    one.was_adopted && one.is_import() && (one.did == Did::Overwrote || one.did == Did::Made && is_modified)
}

/// Whether an import bears a name that no service makes of the one that was sent: not that in another spelling, nor its beginning.
pub(crate) fn bears_another_name(sent: &str, now: &Document) -> bool {
    let bears = loose_name_key(&now.head().name);
    bears.is_empty() || !loose_name_key(sent).starts_with(&bears)
}

/// The fields that an import holds and that neither the run sent nor the document before it had, as a list for people. What all
/// documents hold whose writes were answered is not among them.
pub(crate) fn added(
    folder: &RunFolder,
    of_run: &PlanItem,
    before: Option<&Value>,
    now: &Document,
    standings: &mut Standings,
) -> Result<String, EngineError> {
    let (Some(span), Ok(now)) = (of_run.wanted, now.tree()) else { return Ok(String::new()) };
    let path = folder.wanted();
    let sent = File::open(&path).and_then(|file| read_span(&file, span));
    let Ok(sent) = read_tree(&sent.map_err(RunFolderError::file("read", &path))?) else {
        return Ok(String::new());
    };
    let mut added = compare(&sent, now).added;
    let before = |pointer: &String| before.and_then(|before| before.pointer(pointer));
    added.retain(|pointer| before(pointer) != now.pointer(pointer));
    if !added.is_empty() {
        let mut consensus = Consensus::new();
        added.iter().for_each(|pointer| consensus.ask(pointer));
        consensus.take(now);
        standings.answered()?.iter().for_each(|other| consensus.take(other));
        added.retain(|pointer| !consensus.holds(pointer));
    }
    Ok(added.join(", "))
}
