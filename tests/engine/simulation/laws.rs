//! The laws of the create protocol and of undoing, checked against the model's own history.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;
use transship::model::{Outcome, Verdict};
use transship::report::evidence::{State, verify};
use transship::session::Run;

use super::service::{Change, What, Who};
use super::story::World;

/// What must hold at every moment.
pub fn of_every_moment(world: &World, planned: Instant) -> Result<(), String> {
    for change in world.target.history().iter().filter(|change| change.who == Who::Engine) {
        if change.over_unreadable {
            return Err(format!("a document that cannot be read was taken for an empty one: {}", change.id));
        }
        if change.what != What::Created && overwrote_a_colleague(change, planned) {
            return Err(format!("an edit that the engine had seen was overwritten: {}", change.id));
        }
    }
    for (told, over) in &world.drained {
        let late = world.target.writes().into_iter().find(|sent| sent > told && sent <= over);
        if let Some(late) = late {
            return Err(format!("a call left {:?} after the first signal", late - *told));
        }
    }
    Ok(())
}

/// Whether the engine changed what somebody had changed since the plan was made, and had read that when it sent its call.
fn overwrote_a_colleague(change: &Change, planned: Instant) -> bool {
    let Some((Who::Colleague, edited)) = change.over else { return false };
    edited > planned && change.seen == Some(edited)
}

/// What must hold of a run that is finished.
pub fn of_a_run(world: &World, run: &Run) -> Result<(), String> {
    let history = world.target.history();
    let rows = run.rows().map_err(|error| error.to_string())?;
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.outcome == Outcome::Created) {
        let Some(id) = &row.target_id else {
            return Err(format!("`{}` is created, and nobody knows as what", row.item.name));
        };
        *owners.entry(id.to_string()).or_default() += 1;
        let text = world.target.text(id.as_str());
        let touched = history.iter().any(|change| change.id == id.as_str() && change.who == Who::Colleague);
        let sure = matches!(row.verdict, Verdict::Equal | Verdict::EqualWithDefaults);
        if text.is_none() && sure && !touched {
            return Err(format!("`{}` is created and equal, and {id} is not there", row.item.name));
        }
    }
    if let Some((id, _)) = owners.iter().find(|(_, count)| **count > 1) {
        return Err(format!("two items own {id}"));
    }
    let made: BTreeSet<&str> = history
        .iter()
        .filter(|change| change.who == Who::Engine && change.what == What::Created)
        .map(|change| change.id.as_str())
        .collect();
    let named = |id: &str| {
        [run.folder.audit(), run.folder.summary(), run.folder.report()]
            .iter()
            .any(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains(id)))
    };
    for id in made {
        let standing = world.target.text(id).is_some();
        if standing && !owners.contains_key(id) && !named(id) && !earlier_run_made(world, run, id) {
            return Err(format!("{id} was made by the engine, and no report names it: a silent copy"));
        }
    }
    if let Some(disagreement) = run.summary.disagreement() {
        return Err(disagreement);
    }
    let evidence = verify(&run.folder);
    if evidence.state != State::Intact {
        return Err(format!("the folder of a finished run is not intact: {:?}", evidence.first_damage()));
    }
    Ok(())
}

/// Whether another run of the same story reports the import.
fn earlier_run_made(_world: &World, run: &Run, id: &str) -> bool {
    let Some(runs) = run.folder.path().parent() else { return false };
    std::fs::read_dir(runs).into_iter().flatten().flatten().any(|entry| {
        std::fs::read_to_string(entry.path().join("audit.csv")).is_ok_and(|text| text.contains(id))
    })
}

/// What must hold of an undo: nothing is touched that the engine did not write, and nothing that somebody edited since.
pub fn of_an_undo(world: &World, since: Instant) -> Result<(), String> {
    for change in world.target.history() {
        if change.who != Who::Engine || change.at < since || change.what == What::Created {
            continue;
        }
        if let Some((by @ (Who::Before | Who::Colleague), at)) = change.over
            && change.seen == Some(at)
        {
            return Err(format!("undo changed {}, which {by:?} wrote last", change.id));
        }
    }
    Ok(())
}
