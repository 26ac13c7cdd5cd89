//! Copies runs from the store to this machine, and the reports back.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use bytes::Bytes;
use futures::StreamExt;

use super::{BEGUN, REPORTS, SharedError, SharedRuns, segment};
use crate::journal::{Entry, Record};
use crate::run_folder::error::RunFolderError;

/// How many segments are read at a time.
const IN_FLIGHT: usize = 8;

/// Copies a run to this machine. Returns how many segments it has.
pub(super) async fn fetch(runs: &SharedRuns, run: &str) -> Result<u64, SharedError> {
    let folder = runs.copy(run);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(RunFolderError::file("remove", &folder)(error).into());
        }
        _ => {}
    }
    let count = count(runs, run).await?;
    if count == 0 {
        return Ok(0);
    }
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(RunFolderError::file("make the folder", &folder))?;
    let (mut journal, mut before) = (None, None);
    let mut begun: Option<String> = None;
    let mut segments = futures::stream::iter(1..=count)
        .map(|number| async move { (number, read(runs, run, number).await) })
        .buffered(IN_FLIGHT);
    while let Some((number, bytes)) = segments.next().await {
        let bytes = bytes?;
        let (before_images, records) = segment::decode(number, &bytes)
            .map_err(|why| damaged(runs, run, format!("segment {number}: {why}")))?;
        if begun.is_none() {
            begun = Some(run_id(records).ok_or_else(|| {
                damaged(runs, run, "segment 1 does not begin with the record that opens a run".to_owned())
            })?);
        }
        append(&mut journal, &folder.join("journal.jsonl"), records)?;
        if !before_images.is_empty() {
            append(&mut before, &folder.join("before.jsonl"), before_images)?;
        }
    }
    let begun = begun.unwrap_or_default();
    for name in BEGUN {
        let there = get(runs, &format!("{run}/begun/{begun}/{name}"), &folder.join(name)).await?;
        if !there && name == "plan.json" {
            return Err(damaged(runs, run, format!("{name} is missing")));
        }
    }
    for name in REPORTS {
        get(runs, &format!("{run}/{name}"), &folder.join(name)).await?;
    }
    Ok(count)
}

/// How many segments there are; all of them must exist.
async fn count(runs: &SharedRuns, run: &str) -> Result<u64, SharedError> {
    let names = runs.objects().list(&format!("{run}/journal")).await?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| segment::number(name)).collect();
    numbers.sort_unstable();
    match numbers.iter().zip(1..).find(|(there, wanted)| *there != wanted) {
        Some((_, missing)) => Err(damaged(runs, run, format!("segment {missing} is missing"))),
        None => Ok(numbers.len() as u64),
    }
}

async fn read(runs: &SharedRuns, run: &str, number: u64) -> Result<Bytes, SharedError> {
    let found = runs.objects().read(&segment::name(run, number)).await?;
    found.map(|(bytes, _)| bytes).ok_or_else(|| damaged(runs, run, format!("segment {number} is gone")))
}

/// Whether there is a segment with that number.
pub(super) async fn has(runs: &SharedRuns, run: &str, number: u64) -> Result<bool, SharedError> {
    Ok(runs.objects().read(&segment::name(run, number)).await?.is_some())
}

/// Writes the reports of a run, unless the store has more segments than this process knows.
pub(super) async fn publish(runs: &SharedRuns, run: &str, segments: u64) -> Result<(), SharedError> {
    if has(runs, run, segments + 1).await? {
        return Ok(());
    }
    for name in REPORTS {
        let path = runs.copy(run).join(name);
        if path.is_file() {
            runs.objects().put_file(&format!("{run}/{name}"), &path).await?;
        }
    }
    Ok(())
}

/// Identifies the report files of a copy: each time they are written, they are new files.
pub(super) fn reports(folder: &Path) -> [Option<u64>; REPORTS.len()] {
    REPORTS.map(|name| std::fs::metadata(folder.join(name)).ok().map(|found| found.ino()))
}

/// The id of the run that these records open.
pub(super) fn run_id(records: &[u8]) -> Option<String> {
    let first = records.split(|byte| *byte == b'\n').next()?;
    let record: Record = serde_json::from_slice(first).ok()?;
    match record.entry {
        Entry::Opened(header) => Some(header.run.0),
        _ => None,
    }
}

fn damaged(runs: &SharedRuns, run: &str, message: String) -> SharedError {
    SharedError::Damaged { place: runs.shown(run), message }
}

fn create(path: &Path) -> Result<File, RunFolderError> {
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(path);
    file.map_err(RunFolderError::file("make", path))
}

fn append(file: &mut Option<File>, path: &Path, bytes: &[u8]) -> Result<(), RunFolderError> {
    if file.is_none() {
        *file = Some(create(path)?);
    }
    match file {
        Some(file) => file.write_all(bytes).map_err(RunFolderError::file("write to", path)),
        None => Ok(()),
    }
}

/// Copies an object into a new file. Returns whether it existed.
async fn get(runs: &SharedRuns, name: &str, path: &Path) -> Result<bool, SharedError> {
    let mut file = create(path)?;
    let there = runs.objects().get_file(name, &mut file).await?;
    if !there {
        std::fs::remove_file(path).map_err(RunFolderError::file("remove", path))?;
    }
    Ok(there)
}
