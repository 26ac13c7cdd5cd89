//! The laws of the create protocol and of undoing, checked against the model's own history.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use transship::documents::name::is_same_name;
use transship::job::OnExisting;
use transship::model::{Outcome, Verdict};
use transship::report::evidence::{State, verify};
use transship::run_folder::Row;
use transship::session::Run;

use super::process::GRACE;
use super::service::{Change, Sent, What, Who};
use super::world::World;

/// How long lists may lag behind, and answers be under way: what happened so shortly before cannot be known.
const UNKNOWABLE: Duration = Duration::from_secs(5);

/// What must hold at every moment.
pub fn of_every_moment(world: &World, planned: Instant) -> Result<(), String> {
    let history = world.target.history();
    for change in history.iter().filter(|change| change.who == Who::Engine) {
        if change.over_unreadable && change.what == What::Updated {
            return Err(format!("a document that cannot be read was taken for an empty one: {}", change.id));
        }
        if change.what != What::Created && overwrote_a_colleague(change, planned) {
            return Err(format!("an edit that the engine had seen was overwritten: {}", change.id));
        }
    }
    for (told, over) in &world.drained {
        let late = world.target.writes().into_iter().find(|sent| sent > told && sent <= over);
        if let Some(late) = late {
            return Err(format!(
                "a call left {:?} after the first signal, or after its lease was lost",
                late - *told
            ));
        }
    }
    a_doubt_is_waited_for(world)?;
    nothing_is_sent_again(world, &history)
}

/// A process sends no create again while the one before may still be executing: as long as the grace period says.
fn a_doubt_is_waited_for(world: &World) -> Result<(), String> {
    let creates = world.target.creates();
    for (began, over) in &world.lived {
        let mut last = BTreeMap::<&str, &Sent>::new();
        for sent in creates.iter().filter(|sent| (*began..=*over).contains(&sent.at)) {
            let before = last.insert(&sent.key, sent);
            if let Some(before) = before.filter(|before| before.in_doubt && before.at + GRACE > sent.at) {
                let later = sent.at - before.at;
                return Err(format!(
                    "the create of {} was in doubt, and was sent again {later:?} later",
                    sent.key
                ));
            }
        }
    }
    Ok(())
}

/// A create is never sent again once the import of an earlier sending stands there for all to see.
fn nothing_is_sent_again(world: &World, history: &[Change]) -> Result<(), String> {
    for sent in world.target.creates() {
        let is_its = |change: &&Change| {
            change.what == What::Created
                && change.key.as_ref() == Some(&sent.key)
                && change.at + UNKNOWABLE < sent.at
                && stood_untouched(history, change, sent.at)
        };
        if let Some(made) = history.iter().find(is_its)
            && !is_asked_for_anew(world, history, &sent)
        {
            let later = sent.at - made.at;
            return Err(format!("{} was made, and {later:?} later its create was sent again", made.id));
        }
    }
    Ok(())
}

/// Whether the item whose create is sent again had made one that somebody removed, in a job that creates whatever stands
/// there: a retry of it is asked for one more.
fn is_asked_for_anew(world: &World, history: &[Change], sent: &Sent) -> bool {
    let is_removed = |made: &Change| {
        let gone = |later: &Change| {
            later.id == made.id
                && later.what == What::Deleted
                && later.who == Who::Colleague
                && later.at < sent.at
        };
        history.iter().any(gone)
    };
    let mut made = history.iter().filter(|change| change.key.as_ref() == Some(&sent.key));
    world.job.on_existing == OnExisting::Create && made.any(is_removed)
}

/// Whether nobody can tell a copy from an import of somebody else: the service stores it under a name that is not the one
/// that was sent, and somebody edited it since, so neither its name nor what it holds is that of an item.
fn is_disguised(world: &World, history: &[Change], id: &str) -> bool {
    let is_its = |change: &&Change| change.id == id;
    let edited = history.iter().filter(is_its).any(|change| change.who == Who::Colleague);
    // A key is texts with bars between them: the name is the first that is quoted.
    let name = |key: &str| key.split('|').find_map(|part| serde_json::from_str::<String>(part).ok());
    let sent = history.iter().filter(is_its).find_map(|change| name(change.key.as_ref()?));
    let stored = world.target.text(id).and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let stored = stored.as_ref().and_then(|stored| stored["name"].as_str());
    edited && sent.as_deref().zip(stored).is_some_and(|(sent, stored)| !is_same_name(sent, stored))
}

/// Whether what a change made stood there at a moment as it was made.
fn stood_untouched(history: &[Change], made: &Change, at: Instant) -> bool {
    !history.iter().any(|later| {
        later.id == made.id
            && later.at <= at
            && later.at >= made.at
            && (later.what == What::Deleted || later.who == Who::Colleague)
    })
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
    for row in &rows {
        if matches!(row.outcome, Outcome::Created | Outcome::Cloned) {
            let Some(id) = &row.target_id else {
                return Err(format!("`{}` is created, and nobody knows as what", row.item.name));
            };
            *owners.entry(id.to_string()).or_default() += 1;
            let maker = history.iter().find(|change| change.id == id.as_str()).map(|change| change.who);
            if maker == Some(Who::Before) {
                return Err(format!("`{}` is created, and {id} is what somebody else made", row.item.name));
            }
        }
        is_as_it_says(world, &history, row)?;
    }
    if let Some((id, _)) = owners.iter().find(|(_, count)| **count > 1) {
        return Err(format!("two items own {id}"));
    }
    no_copy_is_silent(world, run, &history, &owners)?;
    if let Some(disagreement) = run.summary.disagreement() {
        return Err(disagreement);
    }
    if !world.verifies {
        return Ok(());
    }
    let evidence = verify(&run.folder);
    if evidence.state != State::Intact {
        return Err(format!("the folder of a finished run is not intact: {:?}", evidence.first_damage()));
    }
    Ok(())
}

/// What is done and equal stands there as it was wanted, unless a colleague came by.
fn is_as_it_says(world: &World, history: &[Change], row: &Row) -> Result<(), String> {
    let sure = matches!(row.verdict, Verdict::Equal | Verdict::EqualWithDefaults);
    let written =
        matches!(row.outcome, Outcome::Created | Outcome::Cloned | Outcome::Updated | Outcome::Deleted);
    let Some(id) = row.target_id.as_ref().filter(|_| sure && written) else { return Ok(()) };
    if history.iter().any(|change| change.id == id.as_str() && change.who == Who::Colleague) {
        return Ok(());
    }
    let what = format!("`{}` is {} and equal", row.item.name, row.outcome.as_str());
    let text = world.target.text(id.as_str());
    match (row.outcome, text) {
        (Outcome::Deleted, None) => Ok(()),
        (Outcome::Deleted, Some(_)) => Err(format!("{what}, and {id} stands there")),
        (_, None) => Err(format!("{what}, and {id} is not there")),
        (_, Some(text)) => {
            let wanted = world.wanted(row.item.source.as_ref().map(|source| source.id.as_str()));
            let found: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
            match wanted {
                Some(wanted) if found["description"] != wanted => Err(format!("{what}, and {id} is {text}")),
                _ => Ok(()),
            }
        }
    }
}

/// Whatever the engine made that no item owns is named, unless it came about too late to be known.
fn no_copy_is_silent(
    world: &World,
    run: &Run,
    history: &[Change],
    owners: &BTreeMap<String, usize>,
) -> Result<(), String> {
    let made: BTreeMap<&str, Instant> = history
        .iter()
        .filter(|change| change.who == Who::Engine && change.what == What::Created)
        .map(|change| (change.id.as_str(), change.at))
        .collect();
    let texts: Vec<String> = [run.folder.audit(), run.folder.summary(), run.folder.report()]
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap_or_default())
        .collect();
    let named = |id: &str| texts.iter().any(|text| text.contains(id));
    for (id, at) in made {
        let knowable = at + UNKNOWABLE < world.over;
        let stands = world.target.text(id).is_some();
        let told = owners.contains_key(id) || named(id) || earlier_run_made(run, id);
        if knowable && stands && !told && !is_disguised(world, history, id) {
            return Err(format!("{id} was made by the engine, and no report names it: a silent copy"));
        }
    }
    Ok(())
}

/// Whatever the engine made well before an undo began, and that still stands there, is named by some run of the story.
pub fn of_what_came_late(world: &World, undone_from: Instant) -> Result<(), String> {
    let runs = world.work.path().join("runs");
    let history = world.target.history();
    for made in &history {
        let is_made = made.who == Who::Engine && made.what == What::Created;
        let knowable = made.at + UNKNOWABLE < undone_from;
        let stands = world.target.text(&made.id).is_some() && !is_disguised(world, &history, &made.id);
        if is_made && knowable && stands && !is_reported(&runs, &made.id) {
            return Err(format!("{} was made by the engine, and even undo does not name it", made.id));
        }
    }
    Ok(())
}

/// Whether another run of the same story reports the import.
fn earlier_run_made(run: &Run, id: &str) -> bool {
    run.folder.path().parent().is_some_and(|runs| is_reported(runs, id))
}

/// Whether the audit of a run names the import.
fn is_reported(runs: &Path, id: &str) -> bool {
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
            && !made_just_as_wanted(world, &change, at)
        {
            return Err(format!("undo changed {}, which {by:?} wrote last", change.id));
        }
    }
    Ok(())
}

/// Whether what an undo removed was made by a colleague, just as the engine would have made it, and not touched since: a copy
/// whose removal was agreed to, or what was in doubt.
fn made_just_as_wanted(world: &World, change: &Change, at: Instant) -> bool {
    let made = |of: &&Change| of.id == change.id && of.what == What::Created;
    world.made_as_wanted.contains(&change.id)
        && world.target.history().iter().find(made).is_some_and(|made| made.at == at)
}

/// What must hold of an undo that is finished: what the run made and nobody touched is gone, and the rest is named.
pub fn of_an_undone_run(world: &World, made: &[String], undoing: &Run) -> Result<(), String> {
    let history = world.target.history();
    let named: BTreeSet<&String> = {
        let audit = std::fs::read_to_string(undoing.folder.audit()).unwrap_or_default();
        made.iter().filter(|id| audit.contains(id.as_str())).collect()
    };
    for id in made {
        let touched = history.iter().any(|change| change.id == *id && change.who == Who::Colleague);
        if !touched && world.target.text(id).is_some() && !named.contains(id) {
            return Err(format!("{id} was made by the run, and its undo neither removed nor named it"));
        }
    }
    Ok(())
}
