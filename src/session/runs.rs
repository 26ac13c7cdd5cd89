//! Finds runs by their folders, and reads them back.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Host, SessionError};
use crate::job::{self, AccountChoice, Job, Settings};
use crate::journal::{ItemStates, Record, Replay};
use crate::model::Fingerprint;
use crate::report::{self, RunView};
use crate::run_folder::lock::RunLock;
use crate::run_folder::{PlanFile, RunFolder, RunFolderError, RunRecord, Summary, read_journal, staging};

/// A run, read from its folder.
#[derive(Debug)]
pub struct OpenedRun {
    /// The folder of the run.
    pub folder: RunFolder,
    /// The plan of the run.
    pub plan: PlanFile,
    /// The state of every item.
    pub states: ItemStates,
    /// What the journal says about the run as a whole.
    pub record: RunRecord,
    /// Where the journal ends.
    pub(super) replay: Replay,
}

/// A path with a folder name: `.` and the like are replaced by the whole path, so that other folders can be placed
/// beside it.
fn named(folder: &Path) -> Cow<'_, Path> {
    let whole = || folder.canonicalize().map_or(Cow::Borrowed(folder), Cow::Owned);
    if folder.file_name().is_some() { Cow::Borrowed(folder) } else { whole() }
}

impl OpenedRun {
    /// Reads a run back.
    ///
    /// # Errors
    ///
    /// Plan or journal cannot be read or do not fit each other, or the run was broken off before it began.
    pub fn open(folder: &Path) -> Result<Self, SessionError> {
        let folder = RunFolder::at(named(folder));
        let plan = PlanFile::open(&folder.plan())?;
        let (states, record, replay) = read_journal(&folder, &plan)?;
        if record.opened.is_none() {
            return Err(never_began(&folder));
        }
        Ok(Self { folder, plan, states, record, replay })
    }

    /// What is rendered of the run.
    pub fn view(&self) -> RunView<'_> {
        RunView { folder: &self.folder, plan: &self.plan, states: &self.states, record: &self.record }
    }

    /// Whether nothing is left to resume: the run is finished, nothing failed only because it was never sent, what it
    /// wrote was read back, and the effects of all its calls are known.
    pub fn is_done(&self) -> bool {
        self.record.is_finished() && self.states.reopened_by_resume().is_empty()
    }

    /// Whether `resume` has something to do: the run is not done, no process writes to it, and nobody undid it.
    pub fn may_go_on(&self) -> bool {
        let record = &self.record;
        !self.is_done() && record.writer.is_none() && record.undone.is_none() && !record.needs_a_new_run()
    }

    /// The id of the run.
    pub fn id(&self) -> String {
        self.record.opened.as_ref().map(|header| header.run.0.clone()).unwrap_or_default()
    }

    /// The folder of the run that it undoes, which may no longer exist.
    pub fn undoes(&self) -> Option<RunFolder> {
        let name = self.record.opened.as_ref()?.undoes.as_ref()?;
        Some(RunFolder::at(staging::parent_of(self.folder.path()).join(name)))
    }

    /// Whether the run is over: it is finished, it was undone, or only a new run of its job can continue from where
    /// it stopped. A run whose undo is not finished is not over.
    fn is_over(&self) -> bool {
        let is_undone = || {
            let by = self.record.undone.as_ref()?;
            let undo = staging::parent_of(self.folder.path()).join(by);
            // One that was removed was over.
            Some(!undo.exists() || Self::open(&undo).is_ok_and(|undo| undo.is_done()))
        };
        self.record.is_finished() || self.record.needs_a_new_run() || is_undone().unwrap_or(false)
    }

    /// Its counts, from its journal.
    ///
    /// # Errors
    ///
    /// Plan or journal cannot be read.
    pub fn summary(&self) -> Result<Summary, SessionError> {
        Ok(report::render::count(self.view())?.summary)
    }

    /// Writes its report again, from its journal, and returns what it reports.
    ///
    /// # Errors
    ///
    /// Plan or journal cannot be read, or a file not written.
    pub fn write_report(&self) -> Result<report::Reported, SessionError> {
        Ok(report::write_files(self.view())?)
    }

    /// Whether it is a run of this very job.
    pub fn is_of(&self, job: &Job) -> bool {
        let text = Fingerprint::of(job.text.as_bytes());
        self.record.opened.as_ref().is_some_and(|header| header.job_sha256 == text)
    }

    /// Whether its source and target have the names that the job gives them.
    pub fn is_between(&self, source: &str, target: &str) -> bool {
        let settings = &self.plan.head().settings;
        settings.source.name == source && settings.target.name == target
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
}

/// How long a run folder may be without its journal while its run begins.
const BEGINNING: Duration = Duration::from_millis(500);

/// What is in the folder that a run is to have.
#[derive(Debug)]
pub enum Found {
    /// No run: no folder, an empty one, or one of a run that was broken off before it began.
    Nothing,
    /// A run, opened with its journal and plan.
    Run(Box<OpenedRun>),
}

/// Looks for a run in the folder `place`. What is left there of a run that was broken off before it began, so that
/// nothing was sent for it, is removed; a folder that holds other files too, or one of `needed`, is left as it is.
///
/// # Errors
///
/// The run cannot be read or its journal is lost, or another process is about to begin it.
pub fn look(place: &Path, needed: &[&Path]) -> Result<Found, SessionError> {
    let folder = RunFolder::at(place);
    if !folder.is_only_a_run() {
        // A plan that somebody keeps here is no run.
        let is_run = folder.journal().exists() && folder.plan().exists();
        return if is_run {
            OpenedRun::open(place).map(Box::new).map(Found::Run)
        } else {
            Ok(Found::Nothing)
        };
    }
    if !folder.journal().exists() {
        // Its process may be about to make it: that takes a moment, and what is removed is gone.
        std::thread::sleep(BEGINNING);
    }
    if folder.journal().exists() {
        let plan = PlanFile::open(&folder.plan())?;
        let (_, record, _) = read_journal(&folder, &plan)?;
        if record.opened.is_some() {
            return Ok(Found::Run(Box::new(OpenedRun::open(place)?)));
        }
        if RunLock::is_held(&folder) {
            let place = place.display();
            return Err(SessionError::Held(format!(
                "another process begins the run in {place}: wait until it is over"
            )));
        }
    }
    if folder.made_by_a_begun_run().is_some() {
        return Err(never_began(&folder));
    }
    if needed.iter().any(|file| lies_in(file, place)) {
        return Ok(Found::Nothing);
    }
    std::fs::remove_dir_all(place).map_err(RunFolderError::file("remove", place))?;
    Ok(Found::Nothing)
}

/// Whether a file lies in a folder, by whatever links.
fn lies_in(file: &Path, folder: &Path) -> bool {
    let (file, folder) = (file.canonicalize(), folder.canonicalize());
    file.ok().zip(folder.ok()).is_some_and(|(file, folder)| file.starts_with(folder))
}

/// The job of the run in a folder, as it was run. `settings` are those of its plan.
///
/// # Errors
///
/// [`SessionError::Job`]: the file is damaged, or an environment variable is missing that it needs. Or there is no such file.
pub fn job_of(host: &Host, run: &Path, settings: &Settings) -> Result<Job, SessionError> {
    let path = RunFolder::at(run).job();
    let text = std::fs::read(&path).map_err(RunFolderError::file("read", &path))?;
    let (shown, choice) = (path.display().to_string(), settings.stand_in.clone().map(AccountChoice::Row));
    job::parse_as(&shown, &text, &settings.folder, &host.env, &host.clock, choice.as_ref())
        .map_err(|problems| SessionError::Job(Box::new(problems)))
}

/// Whether a process writes the run now.
pub fn is_being_written(folder: &RunFolder) -> bool {
    RunLock::is_held(folder)
}

/// The staging folders below `runs` that killed processes left; they may hold documents in clear.
pub fn leftovers(runs: &Path) -> Vec<PathBuf> {
    staging::leftovers(runs)
}

/// Which runs are removed. Without a rule only what killed processes left is, and backups that broke off.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prune {
    /// Finished runs are removed, except so many of the last; `None` where their number does not matter.
    pub keep_last: Option<usize>,
    /// Finished runs are removed if they ended longer ago than this. Given both rules, both have to say so.
    pub older_than: Option<Duration>,
    /// Whether nothing is removed, and only said what would be.
    pub dry_run: bool,
}

/// What was removed, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Finished runs, backups that were broken off, and runs that were broken off before they began.
    pub removed: Vec<PathBuf>,
    /// What killed processes left of runs that never were.
    pub leftovers: Vec<PathBuf>,
    /// Runs that are not finished and stay, whatever the rules say.
    pub unfinished: Vec<PathBuf>,
}

/// Removes runs, and what killed processes left.
///
/// A run that is being written stays. So does one that is not finished, for its journal knows what is in doubt; but one that
/// was undone counts as finished, and a backup that was broken off can be made anew, and its folder holds documents in clear.
///
/// # Errors
///
/// A folder cannot be removed; those before it are gone.
pub fn prune(host: &Host, runs: &Path, rules: Prune) -> Result<Pruned, SessionError> {
    let mut pruned = Pruned { leftovers: staging::leftovers(runs), ..Pruned::default() };
    if !rules.dry_run {
        pruned.leftovers = staging::clear_leftovers(runs)?;
    }
    let mut finished = Vec::new();
    for path in all(runs) {
        let folder = RunFolder::at(&path);
        if RunLock::is_held(&folder) {
            continue;
        }
        match OpenedRun::open(&path) {
            Ok(run) if run.is_over() => finished.push((path, run.record.last_at)),
            Ok(run) if run.plan.head().settings.backup.is_some() => pruned.removed.push(path),
            Err(SessionError::NeverBegan(_)) => pruned.removed.push(path),
            // Unfinished or damaged: a person has to look at it.
            Ok(_) | Err(_) => pruned.unfinished.push(path),
        }
    }
    if rules.keep_last.is_some() || rules.older_than.is_some() {
        let now = host.clock.now();
        let kept = finished.len().saturating_sub(rules.keep_last.unwrap_or(0));
        for (path, ended) in finished.into_iter().take(kept) {
            let age = ended.map(|ended| now.duration_since(ended));
            let is_old = |least| {
                let least = jiff::SignedDuration::try_from(least).unwrap_or(jiff::SignedDuration::MAX);
                age.is_some_and(|age| age >= least)
            };
            if rules.older_than.is_none_or(is_old) {
                pruned.removed.push(path);
            }
        }
    }
    if !rules.dry_run {
        for path in &pruned.removed {
            std::fs::remove_dir_all(path).map_err(RunFolderError::file("remove", path))?;
        }
    }
    Ok(pruned)
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

/// The first record of a run's journal, if it can be read.
pub(super) fn first_record(folder: &Path) -> Option<Record> {
    let mut line = Vec::new();
    let file = std::fs::File::open(folder.join("journal.jsonl")).ok()?;
    std::io::BufReader::new(file).read_until(b'\n', &mut line).ok()?;
    serde_json::from_slice(&line).ok()
}

/// When a run started, by the first record of its journal; by the name of its folder where that cannot be read.
fn started_at(folder: &Path) -> Option<Timestamp> {
    first_record(folder).map(|record| record.at).or_else(|| {
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
        // Both lie only where a run was planned; a plan alone may have been asked for.
        if folder.join("plan.json").is_file() && folder.join("wanted.jsonl").is_file() {
            return Err(never_began(&RunFolder::at(folder)));
        }
    }
    // The first or the last part of an id, or the beginning of its last four digits, is enough when it names one run only.
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

/// Why nothing can be done with a run that was killed between its plan and the beginning of its journal, or whose journal is
/// lost: that is not taken for one that never began.
fn never_began(folder: &RunFolder) -> SessionError {
    if let Some(file) = folder.made_by_a_begun_run() {
        let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let message = format!(
            "is missing or has no record, but {file} shows that the run began: restore it from a copy; without it nobody \
             knows what was written"
        );
        return RunFolderError::BadFile { path: folder.journal(), message }.into();
    }
    SessionError::NeverBegan(folder.path().to_owned())
}

/// The ids of runs, by the names of their folders.
pub fn ids(folders: &[PathBuf]) -> Vec<String> {
    folders.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect()
}

fn is_part_of(part: &str, path: &Path) -> bool {
    let id = path.file_name().unwrap_or_default().to_string_lossy();
    let last = id.rsplit('-').next().unwrap_or_default();
    !part.is_empty() && (id.starts_with(part) || id.ends_with(part) || last.starts_with(part))
}
