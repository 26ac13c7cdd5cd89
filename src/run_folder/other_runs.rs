//! What other runs in the same folder of runs made.

use std::collections::HashSet;

use crate::journal::{Entry, Step, replay};
use crate::model::Id;
use crate::run_folder::folder::RunFolder;

/// Which of these imports the other runs beside `folder` say are theirs. A run that cannot be read tells nothing, or as
/// much as stands before what is damaged.
pub(crate) async fn owned_by_other_runs(folder: RunFolder, sought: HashSet<Id>) -> HashSet<Id> {
    if sought.is_empty() {
        return HashSet::new();
    }
    let reading = tokio::task::spawn_blocking(move || {
        let mut owned = HashSet::new();
        let own = folder.path().canonicalize().ok();
        let beside = own.as_ref().and_then(|own| own.parent()).and_then(|runs| std::fs::read_dir(runs).ok());
        for path in beside.into_iter().flatten().flatten().map(|entry| entry.path()) {
            let journal = RunFolder::at(&path).journal();
            if path.canonicalize().ok() == own || !journal.is_file() {
                continue;
            }
            let _ = replay(&journal, |_, record| {
                if let Entry::Item { step: Step::Applied { target, .. }, .. } = record.entry
                    && sought.contains(&target)
                {
                    owned.insert(target);
                }
                Ok(())
            });
        }
        owned
    });
    reading.await.unwrap_or_default()
}
