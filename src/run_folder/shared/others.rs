//! What the other runs in a store did: read from their segments, without copies of them.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use futures::StreamExt;
use jiff::Timestamp;

use super::{SharedError, SharedRuns, segment};
use crate::model::Id;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::other_runs::{Deed, Deeds, FolderRuns, OtherRuns};

/// How many segments are read at a time.
const IN_FLIGHT: usize = 8;

#[async_trait]
impl OtherRuns for SharedRuns {
    async fn deeds(&self, folder: RunFolder, sought: HashSet<Id>, since: Timestamp) -> Vec<Deed> {
        let Some(own) = self.run_of(folder.path()) else {
            return FolderRuns.deeds(folder, sought, since).await;
        };
        let runs = self.clone();
        self.there(async move { deeds(&runs, &own, sought, since).await }).await.unwrap_or_default()
    }
}

/// What the runs of the store other than `own` did to these after `since`.
async fn deeds(
    runs: &SharedRuns,
    own: &str,
    sought: HashSet<Id>,
    since: Timestamp,
) -> Result<Vec<Deed>, SharedError> {
    let mut segments: BTreeSet<(String, u64)> = BTreeSet::new();
    for name in runs.objects().list("").await? {
        if let (Some((run, _)), Some(number)) = (name.rsplit_once("/journal/"), segment::number(&name)) {
            segments.insert((run.to_owned(), number));
        }
    }
    let others = segments.into_iter().filter(|(run, _)| run != own);
    let reading = futures::stream::iter(others).map(|(run, number)| async move {
        let read = runs.objects().read(&segment::name(&run, number)).await;
        (run, number, read)
    });
    let mut reading = reading.buffered(IN_FLIGHT);
    let (mut deeds, mut current) = (Deeds::of(sought, since), String::new());
    while let Some((run, number, read)) = reading.next().await {
        if run != current {
            deeds.begin();
            current = run;
        }
        let Ok(Some((bytes, _))) = read else { continue };
        let Ok((_, records)) = segment::decode(number, &bytes) else { continue };
        let lines = records.split(|byte| *byte == b'\n');
        lines.map_while(|line| serde_json::from_slice(line).ok()).for_each(|record| deeds.take(record));
    }
    Ok(deeds.done)
}
