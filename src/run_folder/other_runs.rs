//! What other runs in the same place did.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::job::Action;
use crate::journal::{Entry, Record, Step, replay};
use crate::model::{Fingerprint, Id, ItemKey, Operation, RunId};
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_file::PlanFile;

/// What another run did to an import or a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// The import or resource.
    pub id: Id,
    /// What was done.
    pub operation: Operation,
    /// Whether that run undoes another.
    pub is_undo: bool,
    /// Fingerprint of the result, if it was seen.
    pub sha256: Option<Fingerprint>,
}

impl Deed {
    /// Whether it wrote that document and did not only restore it: a document that an undo restores existed before.
    pub fn wrote(&self, print: Fingerprint) -> bool {
        self.operation == Operation::Update && !self.is_undo && self.sha256 == Some(print)
    }
}

/// Access to the other runs in the same place, wherever they are stored.
#[async_trait]
pub trait OtherRuns: Debug + Send + Sync {
    /// What the other runs next to `folder` did to these imports and resources after `since`, by this machine's clock;
    /// for each run in its order. A run that cannot be read yields nothing, or the part before the damage.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads; it may read files of this machine for a while afterwards.
    async fn deeds(&self, folder: RunFolder, sought: HashSet<Id>, since: Timestamp) -> Vec<Deed>;
}

/// What other runs did to these imports and resources since the run of `plan` was planned.
///
/// # Cancel safety
///
/// As [`OtherRuns::deeds`].
pub(crate) async fn deeds_since(
    other_runs: &dyn OtherRuns,
    plan: &PlanFile,
    sought: HashSet<Id>,
) -> Vec<Deed> {
    match plan.path().parent().map(RunFolder::at) {
        Some(folder) if !sought.is_empty() => other_runs.deeds(folder, sought, plan.head().made_at).await,
        _ => Vec::new(),
    }
}

/// The other runs in the parent of a run folder on this machine.
#[derive(Debug, Clone, Copy)]
pub struct FolderRuns;

#[async_trait]
impl OtherRuns for FolderRuns {
    async fn deeds(&self, folder: RunFolder, sought: HashSet<Id>, since: Timestamp) -> Vec<Deed> {
        let reading = tokio::task::spawn_blocking(move || {
            let mut deeds = Deeds::of(sought, since);
            let own = folder.path().canonicalize().ok();
            let own_run = run_of(&folder.journal());
            let beside =
                own.as_ref().and_then(|own| own.parent()).and_then(|runs| std::fs::read_dir(runs).ok());
            for path in beside.into_iter().flatten().flatten().map(|entry| entry.path()) {
                let journal = RunFolder::at(&path).journal();
                // A copy of this run's folder belongs to this run.
                let is_own = || path.canonicalize().ok() == own || run_of(&journal) == own_run;
                if !is_written_after(&journal, since) || is_own() {
                    continue;
                }
                deeds.begin();
                let _ = replay(&journal, |_, record| {
                    deeds.take(record);
                    Ok(())
                });
            }
            deeds.done
        });
        reading.await.unwrap_or_default()
    }
}

/// The run that a journal belongs to, according to its first line.
fn run_of(journal: &Path) -> Option<RunId> {
    let mut line = String::new();
    BufReader::new(File::open(journal).ok()?).read_line(&mut line).ok()?;
    match serde_json::from_str::<Record>(&line).ok()?.entry {
        Entry::Opened(header) => Some(header.run),
        _ => None,
    }
}

/// Whether the file exists, and something was appended to it after that time.
fn is_written_after(journal: &Path, since: Timestamp) -> bool {
    let written = std::fs::metadata(journal).and_then(|file| file.modified());
    written.is_ok_and(|written| written >= SystemTime::from(since))
}

/// Finds deeds in the records of runs, one run after the other.
pub(super) struct Deeds {
    sought: HashSet<Id>,
    since: Timestamp,
    is_undo: bool,
    /// The operation of the last intent of each item.
    intents: HashMap<ItemKey, Operation>,
    /// The last deed for each item, as an index into `done`.
    last: HashMap<ItemKey, usize>,
    pub done: Vec<Deed>,
}

impl Deeds {
    pub(super) fn of(sought: HashSet<Id>, since: Timestamp) -> Self {
        let (intents, last, done) = (HashMap::new(), HashMap::new(), Vec::new());
        Self { sought, since, is_undo: false, intents, last, done }
    }

    /// Starts the next run: the following records belong to it.
    pub(super) fn begin(&mut self) {
        self.is_undo = false;
        self.intents.clear();
        self.last.clear();
    }

    /// Takes the next record of a run.
    pub(super) fn take(&mut self, record: Record) {
        match record.entry {
            Entry::Opened(header) => self.is_undo = header.action == Action::Undo,
            Entry::Item { item, step: Step::Intended { operation, .. } } => {
                self.intents.insert(item, operation);
            }
            Entry::Item { item, step: Step::Applied { target, sha256, .. } } => {
                self.last.remove(&item);
                if let Some(operation) = self.intents.remove(&item)
                    && record.at >= self.since
                    && self.sought.contains(&target)
                {
                    self.last.insert(item, self.done.len());
                    self.done.push(Deed { id: target, operation, is_undo: self.is_undo, sha256 });
                }
            }
            Entry::Item { item, step: Step::Verified { sha256: sha256 @ Some(_), .. } } => {
                if let Some(at) = self.last.get(&item) {
                    self.done[*at].sha256 = sha256;
                }
            }
            _ => {}
        }
    }
}
