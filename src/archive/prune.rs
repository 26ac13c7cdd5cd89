//! Removing snapshots that no rule keeps, and the blobs that nobody needs any more.
//!
//! Manifests go first, each after its hash; then the blobs that no remaining manifest names. So wherever it stops,
//! every snapshot that is listed is whole, and what is left over is swept by the next prune.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use futures::stream::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};

use super::folder::ASIDE;
use super::lock::{self, Held, Sharing};
use super::open::{BLOBS, SNAPSHOTS};
use super::read::message_of;
use super::retention::{Decision, Policy};
use super::store::Object;
use super::{Archive, ArchiveError, Listing, Snapshot, SnapshotId};
use crate::model::Fingerprint;

/// How a prune is done.
#[derive(Debug, Clone)]
pub struct PruneOptions {
    /// What stays.
    pub policy: Policy,
    /// Only say what would be done; takes no lock and writes nothing.
    pub dry_run: bool,
    /// Only snapshots of accounts of these names are decided about; the others stay. `None` for all.
    pub accounts: Option<BTreeSet<String>>,
    /// Blobs younger than this stay even if nobody names them: a second belt beside the lock.
    pub grace: Duration,
    /// No snapshot but these is removed, whatever the policy says by now: those that somebody was shown.
    pub only: Option<BTreeSet<SnapshotId>>,
}

impl PruneOptions {
    /// Prunes by this policy, with a grace of a day.
    pub fn new(policy: Policy) -> Self {
        Self { policy, dry_run: false, accounts: None, grace: Duration::from_hours(24), only: None }
    }
}

/// What a prune did, or would do.
#[derive(Debug, Clone)]
pub struct PruneReport {
    /// One a snapshot, oldest first, each with its reasons.
    pub decisions: Vec<Decision>,
    /// Snapshots that cannot be read, and what is wrong with each: they stay, and no rule counts them.
    pub damaged: Vec<(SnapshotId, String)>,
    /// Blobs, and other left-overs, that were removed.
    pub files_removed: u64,
    /// How many bytes these took, the removed manifests included.
    pub bytes_freed: u64,
    /// Blobs that nobody names but that are too young to go.
    pub young: u64,
    /// Why no blob was removed, if so: a manifest that cannot be read may name any of them.
    pub sweep_refused: Option<String>,
}

impl Archive {
    /// Removes what the policy does not keep.
    ///
    /// # Errors
    ///
    /// The policy would leave an account with nothing, somebody is at work in the archive, or the storage failed in
    /// the middle: then every snapshot that is still listed is whole, and the next prune goes on.
    pub async fn prune(&self, options: PruneOptions) -> Result<PruneReport, ArchiveError> {
        let lock = if options.dry_run { None } else { Some(self.lock(Sharing::Exclusive, "a prune").await?) };
        let now = self.options().clock.now();
        let (listing, decisions, marked) = self.decide(&options, now).await?;
        let sweep_refused = listing.damaged.first().map(|(id, why)| {
            format!("a manifest that cannot be read may need any blob ({id}: {why}): run a check")
        });
        let damaged = listing.damaged;
        let mut report =
            PruneReport { decisions, damaged, files_removed: 0, bytes_freed: 0, young: 0, sweep_refused };
        let removed: Vec<SnapshotId> = report
            .decisions
            .iter()
            .filter(|decision| !decision.keep)
            .map(|decision| decision.snapshot.id.clone())
            .collect();
        for id in removed {
            self.remove_snapshot(&id, lock.as_ref()).await?;
        }
        report.bytes_freed += report
            .decisions
            .iter()
            .filter(|decision| !decision.keep)
            .map(|decision| decision.snapshot.manifest_bytes)
            .sum::<u64>();
        self.sweep(&marked, limit(now, options.grace), lock.as_ref(), &mut report).await?;
        if let Some(lock) = lock {
            lock.release().await;
        }
        Ok(report)
    }

    /// What stays, and the blobs it needs. All that stays is read whole before anything goes: one that turns out damaged
    /// does not count, and what the policy then keeps in its place stays.
    async fn decide(
        &self,
        options: &PruneOptions,
        now: Timestamp,
    ) -> Result<(Listing, Vec<Decision>, HashSet<Fingerprint>), ArchiveError> {
        let mut listing = self.snapshots().await?;
        let (mut marked, mut read) = (HashSet::new(), HashSet::new());
        'again: loop {
            let mut decisions = by_policy(options, &listing.snapshots, now)?;
            let shown = |id: &SnapshotId| options.only.as_ref().is_none_or(|only| only.contains(id));
            for decision in &mut decisions {
                if !decision.keep && !shown(&decision.snapshot.id) {
                    decision.keep = true;
                    decision.reasons = vec!["was not shown before".to_owned()];
                }
            }
            for id in decisions.iter().filter(|decision| decision.keep).map(|decision| &decision.snapshot.id)
            {
                if read.contains(id) {
                    continue;
                }
                match self.mark(id, &mut marked).await {
                    Ok(()) => drop(read.insert(id.clone())),
                    Err(error) if error.is_damage() => {
                        listing.snapshots.retain(|snapshot| snapshot.id != *id);
                        listing.damaged.push((id.clone(), message_of(&error)));
                        continue 'again;
                    }
                    Err(error) => return Err(error),
                }
            }
            return Ok((listing, decisions, marked));
        }
    }

    async fn mark(&self, id: &SnapshotId, marked: &mut HashSet<Fingerprint>) -> Result<(), ArchiveError> {
        for entry in self.entries(id).await?.1 {
            marked.insert(entry?.blob);
        }
        Ok(())
    }

    /// The hash first: a hash without its manifest would look like a loss.
    async fn remove_snapshot(&self, id: &SnapshotId, lock: Option<&Held>) -> Result<(), ArchiveError> {
        let Some(lock) = lock else { return Ok(()) };
        lock.check()?;
        self.store().remove(&Self::sum_path(id)).await?;
        self.store().remove(&self.manifest_path(id)).await
    }

    async fn sweep(
        &self,
        marked: &HashSet<Fingerprint>,
        limit: Timestamp,
        lock: Option<&Held>,
        report: &mut PruneReport,
    ) -> Result<(), ArchiveError> {
        let mut gone: Vec<Object> = Vec::new();
        if report.sweep_refused.is_none() {
            let mut objects = self.store().list(BLOBS);
            while let Some(object) = objects.try_next().await? {
                // What is no blob of ours is not ours to remove.
                let Some(blob) = self.blob_of(&object.name) else { continue };
                if marked.contains(&blob) {
                    continue;
                }
                if object.modified >= limit { report.young += 1 } else { gone.push(object) }
            }
        }
        for folder in [ASIDE, lock::FOLDER] {
            let mut objects = self.store().list(folder);
            while let Some(object) = objects.try_next().await? {
                // Leases that are held are renewed, so an old one is nobody's.
                if object.modified < limit {
                    gone.push(object);
                }
            }
        }
        report.files_removed = gone.len() as u64;
        report.bytes_freed += gone.iter().map(|object| object.size).sum::<u64>();
        let Some(lock) = lock else { return Ok(()) };
        futures::stream::iter(gone)
            .map(|object| async move {
                lock.check()?;
                debug_assert!(!object.name.starts_with(SNAPSHOTS), "snapshots are not swept");
                self.store().remove(&object.name).await
            })
            .buffer_unordered(self.options().in_flight.max(1))
            .try_collect::<()>()
            .await
    }
}

/// Decides about the snapshots of the accounts that are meant; the others stay as they are.
fn by_policy(
    options: &PruneOptions,
    snapshots: &[Snapshot],
    now: Timestamp,
) -> Result<Vec<Decision>, ArchiveError> {
    let meant = |snapshot: &Snapshot| {
        options.accounts.as_ref().is_none_or(|accounts| accounts.contains(&snapshot.account.name))
    };
    let ours: Vec<Snapshot> = snapshots.iter().filter(|snapshot| meant(snapshot)).cloned().collect();
    let mut decided = options.policy.decide(&ours, now)?.into_iter();
    let decisions = snapshots.iter().map(|snapshot| {
        let decision = if meant(snapshot) { decided.next() } else { None };
        decision.unwrap_or_else(|| Decision {
            snapshot: snapshot.clone(),
            keep: true,
            reasons: vec!["of another account".to_owned()],
        })
    });
    Ok(decisions.collect())
}

fn limit(now: Timestamp, grace: Duration) -> Timestamp {
    let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX);
    now.checked_sub(grace).unwrap_or(Timestamp::MIN)
}
