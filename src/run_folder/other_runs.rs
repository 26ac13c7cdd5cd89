//! What other runs beside a run made.

use std::collections::HashSet;
use std::fmt::Debug;

use async_trait::async_trait;

use crate::journal::{Entry, Record, Step, replay};
use crate::model::Id;
use crate::run_folder::folder::RunFolder;

/// Knows the runs beside a run, wherever they are kept.
#[async_trait]
pub trait OtherRuns: Debug + Send + Sync {
    /// Which of these imports the other runs beside `folder` say are theirs. A run that cannot be read tells nothing, or as
    /// much as stands before what is damaged.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads; files of this machine may be read for a while after.
    async fn owned(&self, folder: RunFolder, sought: HashSet<Id>) -> HashSet<Id>;
}

/// The runs in the folder on this machine that a run folder is in.
#[derive(Debug, Clone, Copy)]
pub struct FolderRuns;

#[async_trait]
impl OtherRuns for FolderRuns {
    async fn owned(&self, folder: RunFolder, sought: HashSet<Id>) -> HashSet<Id> {
        let reading = tokio::task::spawn_blocking(move || {
            let mut owned = HashSet::new();
            let own = folder.path().canonicalize().ok();
            let beside =
                own.as_ref().and_then(|own| own.parent()).and_then(|runs| std::fs::read_dir(runs).ok());
            for path in beside.into_iter().flatten().flatten().map(|entry| entry.path()) {
                let journal = RunFolder::at(&path).journal();
                if path.canonicalize().ok() == own || !journal.is_file() {
                    continue;
                }
                let _ = replay(&journal, |_, record| {
                    owned.extend(made_by(record).filter(|made| sought.contains(made)));
                    Ok(())
                });
            }
            owned
        });
        reading.await.unwrap_or_default()
    }
}

/// The import that a record says the run made, or wrote to.
pub(super) fn made_by(record: Record) -> Option<Id> {
    match record.entry {
        Entry::Item { step: Step::Applied { target, .. }, .. } => Some(target),
        _ => None,
    }
}
