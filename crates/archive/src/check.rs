//! Reads an archive to find damage.
//!
//! Every manifest is read whole, and every blob that one names is looked for; of the blobs all are read and compared,
//! or a share that moves on with each check until everything was read.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::stream::{StreamExt, TryStreamExt};

use super::layout::{BLOBS, SNAPSHOTS};
use super::lock::Sharing;
use super::packed::LONGEST;
use super::share::Share;
use super::{Archive, ArchiveError, SnapshotId};
use transship_documents::{Fingerprint, Id};

/// How many of the snapshots affected by one damage are named.
const NAMED: usize = 1000;
/// A storage that cannot be read this often is not damaged but away.
const UNREADABLE: usize = 100;

/// A hash with the name of its file takes less.
const LONGEST_SUM: u64 = 4096;

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It is not what was written: changed, cut off, or another file under its name.
    Damaged,
    /// A newer program wrote it.
    Newer,
    /// The storage does not give it out.
    Unreadable,
}

/// A document that cannot be restored from a snapshot because of a damage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Affected {
    /// The snapshot that holds the import.
    pub snapshot: SnapshotId,
    /// The kind of the document by its plural name: `imports`, `connections`, …
    pub kind: String,
    /// The import's id in the account it was backed up from.
    pub id: Id,
    /// The import's name as the snapshot has it.
    pub name: String,
}

/// A file that is not as it was written.
#[derive(Debug, Clone)]
pub struct Damage {
    /// The file, from the archive's root.
    pub path: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// What is wrong, as one sentence for people.
    pub message: String,
    /// The documents that cannot be restored because of it; the first thousand.
    pub affected: Vec<Affected>,
    /// How many there are.
    pub affected_count: u64,
}

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct CheckReport {
    /// How many snapshots are whole as far as was read.
    pub snapshots: u64,
    /// How many blobs they name.
    pub blobs: u64,
    /// How many blobs were read, those that no snapshot names included.
    pub blobs_read: u64,
    /// How many bytes the texts in these have together, uncompressed.
    pub bytes_read: u64,
    /// How many blobs no snapshot names: what a stopped backup left, or a prune has to sweep yet.
    pub unreferenced: u64,
    /// What is damaged, by path; empty for an archive that is whole as far as was read.
    pub damage: Vec<Damage>,
    /// What is odd and does no harm.
    pub notes: Vec<String>,
}

impl CheckReport {
    /// Whether nothing is damaged.
    pub fn is_good(&self) -> bool {
        self.damage.is_empty()
    }
}

fn damage_of(path: String, error: &ArchiveError) -> Damage {
    let fault = match error {
        ArchiveError::Missing { .. } => Fault::Missing,
        ArchiveError::Damaged { .. } => Fault::Damaged,
        ArchiveError::Newer { .. } => Fault::Newer,
        _ => Fault::Unreadable,
    };
    Damage { path, fault, message: error.detail(), affected: Vec::new(), affected_count: 0 }
}

impl Archive {
    /// Checks every manifest and a share of the blobs. A prune may not run meanwhile.
    ///
    /// # Errors
    ///
    /// A prune is using the archive, or the storage is unavailable. Damage is not an error: the report names it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing in the archive and lets go of its lock.
    pub async fn check(&self, share: Share) -> Result<CheckReport, ArchiveError> {
        let lock = match self.lock(Sharing::Shared, "a check").await {
            Ok(lock) => Some(lock),
            Err(busy @ ArchiveError::Busy { .. }) => return Err(busy),
            // What may not be written may still be read.
            Err(_) => None,
        };
        let done = self.check_under_lock(share).await;
        if let Some(lock) = lock {
            lock.release().await;
        }
        done
    }

    async fn check_under_lock(&self, share: Share) -> Result<CheckReport, ArchiveError> {
        let mut report = CheckReport::default();
        let whole = self.check_manifests(&mut report).await?;
        let mut wanted: HashMap<Fingerprint, u64> = HashMap::new();
        let mut read = Vec::with_capacity(whole.len());
        for id in whole {
            match self.blobs_of(&id).await {
                Ok(blobs) => {
                    wanted.extend(blobs);
                    read.push(id);
                }
                Err(ArchiveError::Missing { .. }) if self.is_pruned(&id).await? => {}
                // Whole as a file, and its lines are not what they say.
                Err(error) if error.is_damage() => {
                    report.damage.push(damage_of(self.manifest_path(&id), &error));
                }
                Err(error) => return Err(error),
            }
        }
        let whole = read;
        report.snapshots = whole.len() as u64;
        report.blobs = wanted.len() as u64;
        let bad = self.check_blobs(share, &wanted, &mut report).await?;
        self.name_affected(&whole, bad, &mut report).await?;
        report.damage.sort_by(|a, b| a.path.cmp(&b.path));
        if report.snapshots == 0 {
            report
                .notes
                .push("there is no whole snapshot: nothing can be restored from this archive".to_owned());
        }
        Ok(report)
    }

    /// The blobs that a manifest names, and how long their texts are.
    async fn blobs_of(&self, id: &SnapshotId) -> Result<HashMap<Fingerprint, u64>, ArchiveError> {
        let (_, entries) = self.entries(id).await?;
        entries.map(|entry| entry.map(|entry| (entry.blob, entry.bytes))).collect()
    }

    /// Reads every manifest; gives the ids of the whole ones.
    async fn check_manifests(&self, report: &mut CheckReport) -> Result<Vec<SnapshotId>, ArchiveError> {
        let (mut manifests, mut sums) = (Vec::new(), BTreeMap::new());
        let mut objects = self.store().list(SNAPSHOTS);
        while let Some(object) = objects.try_next().await? {
            let file = object.name.rsplit('/').next().unwrap_or_default();
            let id = file.split('.').next().and_then(SnapshotId::parse);
            match id {
                Some(id) if object.name == self.manifest_path(&id) => manifests.push(id),
                Some(id) if object.name == Self::sum_path(&id) => {
                    match self.store().read_within(&object.name, LONGEST_SUM).await {
                        Ok(text) => drop(sums.insert(id, text.unwrap_or_default())),
                        Err(error) if error.is_damage() => {
                            report.damage.push(damage_of(object.name, &error));
                        }
                        Err(error) => return Err(error),
                    }
                }
                _ => report.notes.push(format!("{} is no file of ours", object.name)),
            }
        }
        manifests.sort();
        let mut whole = Vec::new();
        for id in manifests {
            let sum = sums.remove(&id);
            match (self.manifest(&id).await, sum) {
                (Ok((.., found)), Some(sum)) => {
                    if sum == self.sum_line(&id, found) {
                        whole.push(id);
                        continue;
                    }
                    // Whole in itself: either it or its hash was exchanged.
                    let message = "the manifest is whole, but this hash is of another one".to_owned();
                    let (path, fault) = (Self::sum_path(&id), Fault::Damaged);
                    report.damage.push(Damage { path, fault, message, affected: vec![], affected_count: 0 });
                    whole.push(id);
                }
                (Ok(_), None) => {
                    report.notes.push(format!(
                        "{} is missing: a backup stopped before its last step, or it was removed; the next backup writes it",
                        Self::sum_path(&id)
                    ));
                    whole.push(id);
                }
                // Its own account's prune removed it meanwhile, hash and all.
                (Err(ArchiveError::Missing { .. }), _) if self.is_pruned(&id).await? => {}
                (Err(error), _) => report.damage.push(damage_of(self.manifest_path(&id), &error)),
            }
        }
        // A prune removes the hash before the manifest, so a hash alone means that a manifest was lost.
        for id in sums.into_keys() {
            if self.is_pruned(&id).await? {
                continue;
            }
            let path = self.manifest_path(&id);
            let mut damage = damage_of(path.clone(), &self.store().missing(&path));
            let sum = Self::sum_path(&id);
            damage.message = format!("{}; put it back, or remove {sum} to accept the loss", damage.message);
            report.damage.push(damage);
        }
        Ok(whole)
    }

    /// Whether both the manifest and its hash are missing.
    async fn is_pruned(&self, id: &SnapshotId) -> Result<bool, ArchiveError> {
        let sum = self.store().read(&Self::sum_path(id)).await?;
        Ok(sum.is_none() && self.store().read_start(&self.manifest_path(id), 1).await?.is_none())
    }

    async fn check_blobs(
        &self,
        share: Share,
        wanted: &HashMap<Fingerprint, u64>,
        report: &mut CheckReport,
    ) -> Result<HashMap<Fingerprint, Damage>, ArchiveError> {
        // What no whole manifest names is read too: the one that did may be damaged itself.
        let (mut absent, mut chosen) = (wanted.keys().copied().collect::<HashSet<_>>(), Vec::new());
        let mut objects = self.store().list(BLOBS);
        while let Some(object) = objects.try_next().await? {
            let Some(blob) = self.blob_of(&object.name) else {
                report.notes.push(format!("{} is no file of ours", object.name));
                continue;
            };
            if !absent.remove(&blob) {
                report.unreferenced += 1;
            }
            if share.has(blob) {
                chosen.push(blob);
            }
        }
        let missing = |blob| damage_of(self.blob_path(blob), &self.store().missing(&self.blob_path(blob)));
        let mut bad: HashMap<_, _> = absent.into_iter().map(|blob| (blob, missing(blob))).collect();
        let mut read = futures::stream::iter(chosen)
            .map(|blob| async move {
                let most = wanted.get(&blob).copied().unwrap_or(LONGEST);
                (blob, self.text(blob, most).await)
            })
            .buffer_unordered(self.options().in_flight.max(1));
        let mut unreadable = 0;
        while let Some((blob, text)) = read.next().await {
            report.blobs_read += 1;
            match text {
                Ok(text) => report.bytes_read += text.len() as u64,
                Err(error) => {
                    unreadable += usize::from(!error.is_damage());
                    if unreadable > UNREADABLE {
                        return Err(error);
                    }
                    bad.insert(blob, damage_of(self.blob_path(blob), &error));
                }
            }
        }
        Ok(bad)
    }

    async fn name_affected(
        &self,
        whole: &[SnapshotId],
        mut bad: HashMap<Fingerprint, Damage>,
        report: &mut CheckReport,
    ) -> Result<(), ArchiveError> {
        for snapshot in whole {
            if bad.is_empty() {
                break;
            }
            for entry in self.entries(snapshot).await?.1 {
                let entry = entry?;
                let Some(damage) = bad.get_mut(&entry.blob) else { continue };
                damage.affected_count += 1;
                if damage.affected.len() < NAMED {
                    let (kind, id, name) = (entry.kind, entry.id, entry.name);
                    damage.affected.push(Affected { snapshot: snapshot.clone(), kind, id, name });
                }
            }
        }
        report.damage.extend(bad.into_values());
        Ok(())
    }
}
