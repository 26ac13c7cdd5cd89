//! What earlier runs wrote: which import of the target was made from which import of the source, and how it read back.
//!
//! This decides nothing: the target is always read live. It only distinguishes the service's changes to a document from
//! a person's later changes.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::model::{Fingerprint, Id, Outcome, Verdict};
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::AccountFacts;
use crate::run_folder::rows::rows;
use crate::run_folder::run_record::read_journal;

/// Runs that are looked into, at most, the newest first.
const MOST_RUNS: usize = 10;

/// Folders that are looked at for runs between the same accounts, at most.
const MOST_FOLDERS: usize = 200;

/// What an earlier run wrote for an import of the source, the newest such run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EarlierWrite {
    /// The import of the target.
    pub target: Id,
    /// The name that was sent.
    pub name: String,
    /// What was sent.
    pub sent: Option<Fingerprint>,
    /// What read back then.
    pub found: Option<Fingerprint>,
    /// Whether the service kept another name than the one that was sent.
    pub renamed: bool,
}

/// Which writes of earlier runs are looked for.
#[derive(Debug)]
pub(crate) enum Sought {
    /// Those of these imports of the source.
    Of(HashSet<Id>),
    /// Those that the service stored under another name.
    Renamed,
}

/// What earlier runs between two accounts wrote, by the ids of the imports of the source. `places` are folders of run
/// folders. A run that cannot be read tells nothing.
pub(crate) async fn earlier_writes(
    places: Vec<PathBuf>,
    source: &AccountFacts,
    target: &AccountFacts,
    sought: Sought,
) -> HashMap<Id, EarlierWrite> {
    if matches!(&sought, Sought::Of(sources) if sources.is_empty()) {
        return HashMap::new();
    }
    let (source, target) = (source.clone(), target.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let mut written = HashMap::new();
        let mut looked_into = 0;
        for folder in folders(&places) {
            let has_all = matches!(&sought, Sought::Of(sources) if written.len() == sources.len());
            if looked_into == MOST_RUNS || has_all {
                break;
            }
            looked_into += usize::from(read_run(folder, (&source, &target), &sought, &mut written).is_some());
        }
        written
    });
    reading.await.unwrap_or_default()
}

/// Run folders, those that were written last first.
pub(crate) fn folders(places: &[PathBuf]) -> Vec<PathBuf> {
    let entries = places.iter().filter_map(|place| std::fs::read_dir(place).ok()).flatten();
    let written = |path: PathBuf| {
        let at = std::fs::metadata(path.join("journal.jsonl")).and_then(|file| file.modified()).ok()?;
        Some((at, path))
    };
    let named = entries.flatten().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    let mut folders: Vec<_> = named.filter_map(|entry| written(entry.path())).collect();
    folders.sort_unstable_by(|one, other| other.cmp(one));
    folders.dedup();
    folders.into_iter().take(MOST_FOLDERS).map(|(_, path)| path).collect()
}

/// `None` for a run between other accounts, or one that cannot be read.
fn read_run(
    path: PathBuf,
    (source, target): (&AccountFacts, &AccountFacts),
    sought: &Sought,
    written: &mut HashMap<Id, EarlierWrite>,
) -> Option<()> {
    let folder = RunFolder::at(path);
    if matches!(sought, Sought::Renamed) && !mentions_a_name(&folder.journal()) {
        return None;
    }
    let plan = PlanFile::open(&folder.plan()).ok()?;
    if !plan.head().source.is_the_account(source) || !plan.head().target.is_the_account(target) {
        return None;
    }
    let (states, ..) = read_journal(&folder, &plan).ok()?;
    rows(&folder, &plan, &states, |row| {
        let wrote =
            matches!(row.outcome, Outcome::Created | Outcome::Cloned | Outcome::Updated | Outcome::Restored);
        let renamed = row.verdict == Verdict::Differs && row.differences.iter().any(|at| at == "/name");
        let from = row.item.source.as_ref().filter(|from| match sought {
            Sought::Of(sources) => sources.contains(&from.id),
            Sought::Renamed => renamed,
        });
        let wrote = wrote && row.item.is_import();
        if let (true, Some(from), Some(target)) = (wrote, from, row.target_id) {
            written.entry(from.id.clone()).or_insert(EarlierWrite {
                target,
                name: row.item.name.clone(),
                sent: row.sent_sha256,
                found: row.target_sha256,
                renamed,
            });
        }
        Ok(())
    })
    .ok()
}

/// Whether a journal may say that a name read back different: most do not, and are not read any further.
fn mentions_a_name(journal: &Path) -> bool {
    let Ok(file) = File::open(journal) else { return false };
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        if line.windows(7).any(|part| part == b"\"/name\"") {
            return true;
        }
        line.clear();
    }
    false
}
