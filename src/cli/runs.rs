//! Finds runs: by folder, by id, or the one that is meant if none is named.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::next_command::for_folder;
use super::say;
use super::world::CliContext;
use crate::session::{OpenedRun, runs};

/// The folders of runs, in the order in which they started.
pub(super) fn all(world: &CliContext) -> Vec<PathBuf> {
    runs::all(&world.global.runs)
}

/// The folder of the run that is named, or of the last one.
pub(super) fn find(world: &CliContext, named: Option<&Path>) -> Result<PathBuf, Failure> {
    Ok(runs::find(&world.global.runs, named)?)
}

/// The folder of the named run; else of the run that is not finished; else, if all are finished, of the last one.
pub(super) fn find_unfinished(world: &CliContext, named: Option<&Path>) -> Result<PathBuf, Failure> {
    if named.is_some() {
        return find(world, named);
    }
    let is_unfinished = |path: &PathBuf| OpenedRun::open(path).is_ok_and(|run| run.record.may_be_resumed());
    let mut unfinished: Vec<PathBuf> = all(world).into_iter().filter(is_unfinished).collect();
    if unfinished.len() > 1 {
        let commands: Vec<String> =
            unfinished.iter().rev().map(|path| format!("  {}", for_folder(world, "resume", path))).collect();
        return Err(Failure::BadInput(format!(
            "{} runs in {} are not finished; name one, the newest first:\n{}",
            unfinished.len(),
            world.global.runs.display(),
            commands.join("\n")
        )));
    }
    match unfinished.pop() {
        Some(path) => {
            say(world, &format!("the run that is not finished: {}", path.display()));
            Ok(path)
        }
        None => {
            let last = find(world, None)?;
            let runs = world.global.runs.display();
            say(world, &format!("no run in {runs} is unfinished; the last one is {}", last.display()));
            Ok(last)
        }
    }
}

/// The folder of the named run; else of the newest run that left something to redo; else, if none did, of the last
/// one.
pub(super) fn find_to_retry(world: &CliContext, named: Option<&Path>) -> Result<PathBuf, Failure> {
    if named.is_some() {
        return find(world, named);
    }
    let runs = all(world);
    let left = |path: &&PathBuf| {
        let run = OpenedRun::open(path).ok();
        run.and_then(|run| run.summary().ok()).is_some_and(|summary| summary.may_be_redone())
    };
    match runs.iter().rev().find(left) {
        Some(path) if Some(path) != runs.last() => {
            say(world, &format!("the last run that left something to redo: {}", path.display()));
            Ok(path.clone())
        }
        Some(path) => Ok(path.clone()),
        None => find(world, None),
    }
}
