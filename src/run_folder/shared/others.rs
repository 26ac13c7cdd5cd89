//! What the other runs in a store made: read from their segments, without copies of them.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use futures::StreamExt;
use jiff::Timestamp;

use super::{SharedError, SharedRuns, segment};
use crate::journal::Record;
use crate::model::Id;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::other_runs::{FolderRuns, OtherRuns, touched_by};

/// How many segments are read at a time.
const IN_FLIGHT: usize = 8;

#[async_trait]
impl OtherRuns for SharedRuns {
    async fn owned(&self, folder: RunFolder, sought: HashSet<Id>, since: Timestamp) -> HashSet<Id> {
        let Some(own) = self.run_of(folder.path()) else {
            return FolderRuns.owned(folder, sought, since).await;
        };
        let runs = self.clone();
        self.there(async move { owned(&runs, &own, &sought, since).await }).await.unwrap_or_default()
    }
}

/// Which of these the runs of the store but `own` made, wrote to or removed after `since`.
async fn owned(
    runs: &SharedRuns,
    own: &str,
    sought: &HashSet<Id>,
    since: Timestamp,
) -> Result<HashSet<Id>, SharedError> {
    let mut segments: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for name in runs.objects().list("").await? {
        if let (Some((run, _)), Some(number)) = (name.rsplit_once("/journal/"), segment::number(&name)) {
            segments.entry(run.to_owned()).or_default().push(number);
        }
    }
    segments.remove(own);
    let all = segments.into_iter().flat_map(|(run, numbers)| {
        numbers.into_iter().map(move |number| (segment::name(&run, number), number))
    });
    let mut reading = futures::stream::iter(all)
        .map(|(name, number)| async move { (number, runs.objects().read(&name).await) })
        .buffer_unordered(IN_FLIGHT);
    let mut owned = HashSet::new();
    while let Some((number, read)) = reading.next().await {
        let Ok(Some((bytes, _))) = read else { continue };
        let Ok((_, records)) = segment::decode(number, &bytes) else { continue };
        let records =
            records.split(|byte| *byte == b'\n').map_while(|line| serde_json::from_slice(line).ok());
        owned.extend(
            records
                .filter_map(|record: Record| touched_by(record, since))
                .filter(|touched| sought.contains(touched)),
        );
    }
    Ok(owned)
}
