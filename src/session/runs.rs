//! Runs by their folders: finding them, reading them back.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::SessionError;
use crate::journal::{ItemState, ItemStates, Record, Replay};
use crate::model::ItemKey;
use crate::report::Told;
use crate::run_folder::{PlanFile, RunFolder, RunFolderError, RunRecord, read_journal};

/// A run as its folder tells it.
#[derive(Debug)]
pub struct OpenedRun {
    /// Its folder.
    pub folder: RunFolder,
    /// Its plan.
    pub plan: PlanFile,
    /// Where every item stands.
    pub states: ItemStates,
    /// What the journal says of the run as a whole.
    pub record: RunRecord,
    /// Where the journal ends.
    pub(super) replay: Replay,
}

impl OpenedRun {
    /// Reads a run back.
    ///
    /// # Errors
    ///
    /// Plan or journal cannot be read or do not fit each other, or the run was broken off before it began.
    pub fn open(folder: &Path) -> Result<Self, SessionError> {
        let folder = RunFolder::at(folder);
        let plan = PlanFile::open(&folder.plan())?;
        let (states, record, replay) = read_journal(&folder, &plan)?;
        if record.opened.is_none() {
            let place = folder.path().display();
            return Err(SessionError::Refused(format!(
                "the run in {place} was cut off before it began: nothing was sent; start it again"
            )));
        }
        Ok(Self { folder, plan, states, record, replay })
    }

    /// What is rendered of it.
    pub fn told(&self) -> Told<'_> {
        Told { folder: &self.folder, plan: &self.plan, memory: &self.states, story: &self.record }
    }

    /// Its id.
    pub fn id(&self) -> String {
        self.record.opened.as_ref().map(|header| header.run.0.clone()).unwrap_or_default()
    }

    /// The text of its job. Where the file is missing, a comment that says so.
    pub(super) fn job_text(&self) -> Result<String, RunFolderError> {
        let path = self.folder.job();
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(format!("# job.yaml is missing from the run {}\n", self.id()))
            }
            text => text.map_err(RunFolderError::file("read", path)),
        }
    }

    /// What is in doubt must be looked up before anything is built on the run.
    pub(super) fn refuse_unsettled(&self) -> Result<(), SessionError> {
        let in_doubt = |number| matches!(self.states.state(ItemKey(number)), ItemState::InDoubt { .. });
        if self.record.ending.is_none() || (1..=self.plan.len()).any(in_doubt) {
            return Err(SessionError::Refused(format!(
                "this run was cut off, and it is not known what it did last: first `transship resume {}`",
                self.folder.path().display()
            )));
        }
        Ok(())
    }
}

/// The folders of runs below `runs`, in the order in which they started.
pub fn all(runs: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(runs) else { return Vec::new() };
    let mut folders: Vec<(Option<Timestamp>, PathBuf)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("journal.jsonl").is_file())
        .map(|path| (started_at(&path), path))
        .collect();
    folders.sort();
    folders.into_iter().map(|(_, path)| path).collect()
}

/// When a run started, by the first record of its journal; by the name of its folder where that cannot be read.
fn started_at(folder: &Path) -> Option<Timestamp> {
    let mut line = Vec::new();
    let read = std::fs::File::open(folder.join("journal.jsonl"))
        .and_then(|file| std::io::BufReader::new(file).read_until(b'\n', &mut line));
    let recorded = read.ok().and_then(|_| serde_json::from_slice::<Record>(&line).ok());
    recorded.map(|record| record.at).or_else(|| {
        let name = folder.file_name()?.to_str()?;
        let time = name.split('-').next()?;
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?.in_tz("UTC").ok().map(|t| t.timestamp())
    })
}

/// The folder of the run that is named by its folder, its id, or a part of that; of the last one if none is named.
///
/// # Errors
///
/// There is no such run, or several.
pub fn find(runs: &Path, named: Option<&Path>) -> Result<PathBuf, SessionError> {
    let shown = runs.display();
    let Some(named) = named else {
        return all(runs)
            .pop()
            .ok_or_else(|| SessionError::Refused(format!("there is no run in {shown}; name its folder")));
    };
    let by_id = runs.join(named);
    for folder in [named, by_id.as_path()] {
        if folder.join("journal.jsonl").is_file() {
            return Ok(folder.to_owned());
        }
    }
    // The first or the last part of an id is enough when it names one run only.
    let part = named.to_str().unwrap_or_default();
    let ends: Vec<PathBuf> = all(runs).into_iter().filter(|path| is_part_of(part, path)).collect();
    match ends.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(SessionError::Refused(format!(
            "there is no run {}: neither a run folder nor the id of one in {shown} (see `transship runs`)",
            named.display()
        ))),
        several => Err(SessionError::Refused(format!(
            "`{part}` names {} runs in {shown}: {}; write more of the id",
            several.len(),
            ids(several).join(", ")
        ))),
    }
}

/// The ids of runs, by the names of their folders.
pub fn ids(folders: &[PathBuf]) -> Vec<String> {
    folders.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect()
}

fn is_part_of(part: &str, path: &Path) -> bool {
    let id = path.file_name().unwrap_or_default().to_string_lossy();
    !part.is_empty() && (id.starts_with(part) || id.ends_with(part))
}
