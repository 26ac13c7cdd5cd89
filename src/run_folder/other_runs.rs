//! What other runs beside a run made.

use std::collections::HashSet;
use std::fmt::Debug;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::journal::{Entry, Record, Step, replay};
use crate::model::{Id, RunId};
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_file::PlanFile;

/// Knows the runs beside a run, wherever they are kept.
#[async_trait]
pub trait OtherRuns: Debug + Send + Sync {
    /// Which of these imports and resources the other runs beside `folder` made, wrote to or removed after `since`, by this
    /// machine's clock. A run that cannot be read tells nothing, or as much as stands before what is damaged.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads; files of this machine may be read for a while after.
    async fn owned(&self, folder: RunFolder, sought: HashSet<Id>, since: Timestamp) -> HashSet<Id>;
}

/// Which of these imports and resources other runs made, wrote to or removed since the run of `plan` was planned.
///
/// # Cancel safety
///
/// As [`OtherRuns::owned`].
pub(crate) async fn touched_since(
    other_runs: &dyn OtherRuns,
    plan: &PlanFile,
    sought: HashSet<Id>,
) -> HashSet<Id> {
    match plan.path().parent().map(RunFolder::at) {
        Some(folder) if !sought.is_empty() => other_runs.owned(folder, sought, plan.head().made_at).await,
        _ => HashSet::new(),
    }
}

/// The runs in the folder on this machine that a run folder is in.
#[derive(Debug, Clone, Copy)]
pub struct FolderRuns;

#[async_trait]
impl OtherRuns for FolderRuns {
    async fn owned(&self, folder: RunFolder, sought: HashSet<Id>, since: Timestamp) -> HashSet<Id> {
        let reading = tokio::task::spawn_blocking(move || {
            let mut owned = HashSet::new();
            let own = folder.path().canonicalize().ok();
            let own_run = run_of(&folder.journal());
            let beside =
                own.as_ref().and_then(|own| own.parent()).and_then(|runs| std::fs::read_dir(runs).ok());
            for path in beside.into_iter().flatten().flatten().map(|entry| entry.path()) {
                let journal = RunFolder::at(&path).journal();
                // A copy of this run's folder is of this run.
                let is_own = || path.canonicalize().ok() == own || run_of(&journal) == own_run;
                if !is_written_after(&journal, since) || is_own() {
                    continue;
                }
                let _ = replay(&journal, |_, record| {
                    owned.extend(touched_by(record, since).filter(|touched| sought.contains(touched)));
                    Ok(())
                });
            }
            owned
        });
        reading.await.unwrap_or_default()
    }
}

/// The run that a journal is of, as its first line says.
fn run_of(journal: &Path) -> Option<RunId> {
    let mut line = String::new();
    BufReader::new(File::open(journal).ok()?).read_line(&mut line).ok()?;
    match serde_json::from_str::<Record>(&line).ok()?.entry {
        Entry::Opened(header) => Some(header.run),
        _ => None,
    }
}

/// Whether there is such a file, and something was appended to it after that.
fn is_written_after(journal: &Path, since: Timestamp) -> bool {
    let written = std::fs::metadata(journal).and_then(|file| file.modified());
    written.is_ok_and(|written| written >= SystemTime::from(since))
}

/// The import or resource that a record after `since` says the run made, wrote to or removed.
pub(super) fn touched_by(record: Record, since: Timestamp) -> Option<Id> {
    match record.entry {
        Entry::Item { step: Step::Applied { target, .. }, .. } if record.at >= since => Some(target),
        _ => None,
    }
}
