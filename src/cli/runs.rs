//! Finding runs: by folder, by id, or the last one.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::world::CliContext;
use crate::journal::{ItemStates, Replay};
use crate::report::Told;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::rows::{RunRecord, read_journal};

/// A run as its folder tells it.
#[derive(Debug)]
pub(super) struct Opened {
    pub folder: RunFolder,
    pub plan: PlanFile,
    pub memory: ItemStates,
    pub story: RunRecord,
    pub replay: Replay,
}

impl Opened {
    /// What is rendered of it.
    pub(super) fn told(&self) -> Told<'_> {
        Told { folder: &self.folder, plan: &self.plan, memory: &self.memory, story: &self.story }
    }
}

/// The folders of runs, oldest first.
pub(super) fn all(world: &CliContext) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(&world.global.runs) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("journal.jsonl").is_file())
        .collect();
    folders.sort();
    folders
}

/// The folder of the run that is named, or of the last one.
pub(super) fn find(world: &CliContext, named: Option<&Path>) -> Result<PathBuf, Failure> {
    let runs = world.global.runs.display();
    let Some(named) = named else {
        return all(world)
            .pop()
            .ok_or_else(|| Failure::BadInput(format!("there is no run in {runs}; name its folder")));
    };
    let by_id = world.global.runs.join(named);
    for folder in [named, by_id.as_path()] {
        if folder.join("journal.jsonl").is_file() {
            return Ok(folder.to_owned());
        }
    }
    // The first or the last part of an id is enough when it names one run only.
    let ends: Vec<PathBuf> = named
        .to_str()
        .map(|part| all(world).into_iter().filter(|path| is_part_of(part, path)).collect())
        .unwrap_or_default();
    if let [only] = ends.as_slice() {
        return Ok(only.clone());
    }
    Err(Failure::BadInput(format!(
        "there is no run {}: neither a run folder nor the id of one in {runs} (see `transship runs`)",
        named.display()
    )))
}

fn is_part_of(part: &str, path: &Path) -> bool {
    let id = path.file_name().unwrap_or_default().to_string_lossy();
    !part.is_empty() && (id.starts_with(part) || id.ends_with(part))
}

/// Opens a run for reading: its plan, its journal, and what follows from them.
pub(super) fn open(folder: PathBuf) -> Result<Opened, Failure> {
    let folder = RunFolder::at(folder);
    let plan = PlanFile::open(&folder.plan())?;
    let (memory, story, replay) = read_journal(&folder, &plan)?;
    if story.opened.is_none() {
        let place = folder.path().display();
        let message =
            format!("the run in {place} was cut off before it began: nothing was sent; start it again");
        return Err(Failure::BadInput(message));
    }
    Ok(Opened { folder, plan, memory, story, replay })
}
