//! What other runs wrote to the results of a run: this is not another person's edit if the result is now the same
//! again. So runs can be undone one after the other, the last one first.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::inventory::error::EngineError;
use crate::model::stamp::Stamp;
use crate::model::{Id, Outcome};
use crate::planner::earlier_runs::folders;
use crate::planner::undo::UndoRequest;
use crate::planner::undo::judge::Touch;
use crate::planner::undo::target_states::{Now, TargetStates};
use crate::planner::undo::touched::{Did, Touched};
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::AccountFacts;
use crate::run_folder::rows::rows;
use crate::run_folder::run_record::read_journal;
use crate::run_folder::staging::parent_of;

/// When imports were last changed by the program's own writes: as the answers said or, for what came back from the recycle bin, as
/// the read-back did.
type Writes = HashMap<Id, HashSet<String>>;

/// Takes for untouched what holds what the run left and was changed last by a run beside it.
pub(super) async fn overlook_own_writes(
    with: &UndoRequest<'_>,
    touched: &[Touched],
    target_states: &mut TargetStates,
) -> Result<(), EngineError> {
    let mut again: HashMap<Id, (usize, Stamp)> = HashMap::new();
    for (at, one) in touched.iter().enumerate() {
        let (Now::There(Touch::Edited), Did::Made | Did::Overwrote) = (target_states.now(at), one.did) else {
            continue;
        };
        let (left, now) = (target_states.recorded(one)?.left, target_states.state(at)?);
        if let (true, Some(id), Some(modified)) = (left.print == Some(now.print), one.target(), now.modified)
        {
            again.insert(id, (at, modified));
        }
    }
    if again.is_empty() {
        return Ok(());
    }
    let places = [parent_of(with.folder.path()).to_owned()];
    let (own, target) = (with.folder.path().to_owned(), with.target.facts.clone());
    let ids: HashSet<Id> = again.keys().cloned().collect();
    let reading = tokio::task::spawn_blocking(move || {
        let mut writes = Writes::new();
        let own = own.canonicalize().ok();
        for path in folders(&places).into_iter().filter(|path| path.canonicalize().ok() != own) {
            // A run that cannot be read says nothing.
            let _ = read_run(path, &target, &ids, &mut writes);
        }
        writes
    });
    let writes = reading.await.unwrap_or_default();
    for (id, (at, modified)) in again {
        if writes.get(&id).is_some_and(|times| times.contains(&modified.text())) {
            target_states.is_untouched(at);
        }
    }
    Ok(())
}

fn read_run(path: PathBuf, target: &AccountFacts, ids: &HashSet<Id>, writes: &mut Writes) -> Option<()> {
    let folder = RunFolder::at(path);
    let plan = PlanFile::open(&folder.plan()).ok()?;
    // Ids tell accounts apart; the token may have been another user's.
    if plan.head().target.origin != target.origin {
        return None;
    }
    let (states, ..) = read_journal(&folder, &plan).ok()?;
    rows(&folder, &plan, &states, |row| {
        if let Some(id) = row.target_id.filter(|id| ids.contains(id) && row.outcome.wrote()) {
            // Not what the read-back showed, for between the two somebody may have been there; but a restore is answered
            // without a document, and undoing it rests on the read-back too.
            let seen = row.seen_modified.filter(|_| row.outcome == Outcome::Restored);
            writes.entry(id).or_default().extend(row.written.1.or(seen));
        }
        Ok(())
    })
    .ok()
}
