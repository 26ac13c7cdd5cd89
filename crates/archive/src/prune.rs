//! Removes snapshots that no rule keeps, and the blobs that no snapshot needs any more.
//!
//! Manifests go first, each after its hash; then the blobs that no remaining manifest names. So wherever it stops,
//! every snapshot that is listed is whole, and what is left over is swept by the next prune.
//!
//! A prune of some accounts' own snapshots works beside others; only the sweep of blobs needs the archive for itself.
//! Where it cannot have that, it leaves the sweep to a later prune.

use std::collections::{BTreeSet, HashSet};
use std::future;
use std::panic::resume_unwind;
use std::time::Duration;

use futures::stream::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::folder::ASIDE;
use super::layout::{BLOBS, SNAPSHOTS};
use super::lock::{self, Held, Sharing};
use super::retention::{Decision, Policy, Series};
use super::store::Object;
use super::{Archive, ArchiveError, Listing, Snapshot, SnapshotId};
use transship_documents::Fingerprint;

/// How a prune is done.
#[derive(Debug, Clone)]
pub struct PruneOptions {
    /// Which snapshots are kept.
    pub policy: Policy,
    /// Only say what would be done; takes no lock and writes nothing.
    pub dry_run: bool,
    /// Only snapshots of these series are decided about; the others stay. `None` for all.
    pub series: Option<BTreeSet<Series>>,
    /// Blobs younger than this stay even if nobody names them: a second belt beside the lock. Default 24 hours.
    pub grace: Duration,
    /// No snapshot but these is removed, whatever the policy says by now: those that somebody was shown. `None`: no limit.
    pub only: Option<BTreeSet<SnapshotId>>,
}

impl PruneOptions {
    /// Prunes by this policy, with a grace of a day.
    pub fn new(policy: Policy) -> Self {
        Self { policy, dry_run: false, series: None, grace: Duration::from_hours(24), only: None }
    }
}

/// What a prune did, or would do.
#[derive(Debug, Clone)]
pub struct PruneReport {
    /// One a snapshot, oldest first, each with its reasons.
    pub decisions: Vec<Decision>,
    /// Snapshots that cannot be read or lack documents, and what is wrong with each: they stay, and no rule counts them.
    pub damaged: Vec<(SnapshotId, String)>,
    /// How many blobs, and other left-overs, were removed.
    pub files_removed: u64,
    /// How many bytes these took, the removed manifests included.
    pub bytes_freed: u64,
    /// How many blobs nobody names but are too young to go.
    pub young: u64,
    /// Others were at work, so that what nobody needs any more is left to a later prune.
    pub sweep_left: bool,
    /// Why no blob was removed, if so: a manifest that cannot be read may name any of them.
    pub sweep_refused: Option<String>,
}

impl PruneReport {
    /// One that removed nothing yet.
    fn of(decisions: Vec<Decision>, damaged: Vec<(SnapshotId, String)>) -> Self {
        let (files_removed, bytes_freed, young) = (0, 0, 0);
        let (sweep_left, sweep_refused) = (false, None);
        Self { decisions, damaged, files_removed, bytes_freed, young, sweep_left, sweep_refused }
    }
}

/// The planned work.
struct Decided {
    /// Snapshots whose manifest cannot be read.
    unreadable: Vec<(SnapshotId, String)>,
    /// Snapshots with missing documents.
    lacking: Vec<(SnapshotId, String)>,
    decisions: Vec<Decision>,
    /// The blobs that are still needed.
    marked: HashSet<Fingerprint>,
}

impl Archive {
    /// Removes what the policy does not keep.
    ///
    /// # Errors
    ///
    /// The policy would leave an account with nothing, somebody is at work in the archive, or the storage failed in
    /// the middle: then every snapshot that is still listed is whole, and the next prune goes on.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, every listed snapshot stays whole, and the next prune does the rest. Removals of blobs
    /// that have begun are completed, and the lock is released after the last of them.
    pub async fn prune(&self, options: PruneOptions) -> Result<PruneReport, ArchiveError> {
        if options.dry_run {
            return Ok(self.prune_under(options, None).await?.0);
        }
        let lock = self.lock(Sharing::Exclusive, "a prune").await?;
        match self.prune_under(options, Some(&lock)).await {
            Ok((report, gone)) => self.remove_all(gone, lock).await.map(|()| report),
            // Whatever the result: in a bucket, a lock that is not removed keeps others out until it expires.
            Err(error) => {
                lock.release().await;
                Err(error)
            }
        }
    }

    /// Removes what the policy does not keep of these series, and touches no snapshot of another. Backups of others go
    /// on meanwhile. What only the removed ones needed is removed as well if nobody else is at work in the archive, else
    /// by a later prune: [`PruneReport::sweep_left`].
    ///
    /// # Errors
    ///
    /// As [`Self::prune`]; somebody prunes the whole archive.
    ///
    /// # Cancel safety
    ///
    /// As [`Self::prune`].
    pub async fn prune_own(
        &self,
        policy: Policy,
        series: BTreeSet<Series>,
    ) -> Result<PruneReport, ArchiveError> {
        let options = PruneOptions { series: Some(series), ..PruneOptions::new(policy) };
        let lock = self.lock(Sharing::Shared, "a prune of its own snapshots").await?;
        let removed = self.remove_own(&options, &lock).await;
        lock.release().await;
        let mut report = removed?;
        if report.decisions.iter().all(|decision| decision.keep) {
            return Ok(report);
        }
        match self.prune(PruneOptions { only: Some(BTreeSet::new()), ..options }).await {
            Ok(swept) => {
                report.files_removed = swept.files_removed;
                report.bytes_freed += swept.bytes_freed;
                report.young = swept.young;
                report.sweep_refused = swept.sweep_refused;
            }
            Err(ArchiveError::Busy { .. }) => report.sweep_left = true,
            Err(error @ ArchiveError::NoConditions { .. }) => report.sweep_refused = Some(error.to_string()),
            Err(error) => return Err(error),
        }
        Ok(report)
    }

    /// Removes snapshots of the series that are meant, after all that stays of theirs was read whole.
    async fn remove_own(&self, options: &PruneOptions, lock: &Held) -> Result<PruneReport, ArchiveError> {
        let now = self.options().clock.now();
        let names = |series: &BTreeSet<Series>| series.iter().map(|one| one.account.clone()).collect();
        let listing = self.snapshots_of(options.series.as_ref().map(names).as_ref()).await?;
        if by_policy(options, &listing.snapshots, now)?.iter().all(|decision| decision.keep) {
            return Ok(PruneReport::of(by_policy(options, &listing.snapshots, now)?, listing.damaged));
        }
        let Decided { unreadable, lacking, decisions, .. } = self.decide(options, now, listing).await?;
        let mut report = PruneReport::of(decisions, [unreadable, lacking].concat());
        for decision in std::mem::take(&mut report.decisions) {
            if !decision.keep {
                if !self.remove_snapshot(&decision.snapshot.id, Some(lock)).await? {
                    // Another backup that ended at the same time removed it, and says so.
                    continue;
                }
                report.bytes_freed += decision.snapshot.manifest_bytes;
            }
            report.decisions.push(decision);
        }
        Ok(report)
    }

    /// Removes the snapshots, and returns which objects nothing needs any more.
    async fn prune_under(
        &self,
        options: PruneOptions,
        lock: Option<&Held>,
    ) -> Result<(PruneReport, Vec<Object>), ArchiveError> {
        let now = self.options().clock.now();
        let Decided { unreadable, lacking, decisions, marked } =
            self.decide(&options, now, self.snapshots().await?).await?;
        let sweep_refused = unreadable.first().map(|(id, why)| {
            format!("a manifest that cannot be read may need any blob ({id}: {why}): run a check")
        });
        let mut damaged = [unreadable, lacking].concat();
        damaged.sort();
        let mut report = PruneReport { sweep_refused, ..PruneReport::of(decisions, damaged) };
        let removed: Vec<SnapshotId> = report
            .decisions
            .iter()
            .filter(|decision| !decision.keep)
            .map(|decision| decision.snapshot.id.clone())
            .collect();
        for id in removed {
            self.remove_snapshot(&id, lock).await?;
        }
        report.bytes_freed += report
            .decisions
            .iter()
            .filter(|decision| !decision.keep)
            .map(|decision| decision.snapshot.manifest_bytes)
            .sum::<u64>();
        let gone = self.unneeded(&marked, limit(now, options.grace), &mut report).await?;
        Ok((report, gone))
    }

    /// What stays, and the blobs it needs. All that stays is read whole before anything goes, and its blobs are looked
    /// for: a snapshot that turns out damaged does not count, and what the policy then keeps in its place stays.
    async fn decide(
        &self,
        options: &PruneOptions,
        now: Timestamp,
        mut listing: Listing,
    ) -> Result<Decided, ArchiveError> {
        // After the snapshots: what these name was there before them.
        let present = self.present().await?;
        let (mut marked, mut read, mut lacking) = (HashSet::new(), HashSet::new(), Vec::new());
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
                if !read.insert(id.clone()) {
                    continue;
                }
                match self.mark(id, &present, &mut marked).await {
                    Ok(0) => continue,
                    Ok(gone) => lacking.push((id.clone(), format!("documents missing: {gone}"))),
                    Err(error) if error.is_damage() => listing.damaged.push((id.clone(), error.detail())),
                    Err(error) => return Err(error),
                }
                listing.snapshots.retain(|snapshot| snapshot.id != *id);
                continue 'again;
            }
            return Ok(Decided { unreadable: listing.damaged, lacking, decisions, marked });
        }
    }

    /// Every blob there is.
    async fn present(&self) -> Result<HashSet<Fingerprint>, ArchiveError> {
        let mut present = HashSet::new();
        let mut objects = self.store().list(BLOBS);
        while let Some(object) = objects.try_next().await? {
            present.extend(self.blob_of(&object.name));
        }
        Ok(present)
    }

    /// Marks the blobs of a snapshot. Returns how many of its documents have no blob.
    async fn mark(
        &self,
        id: &SnapshotId,
        present: &HashSet<Fingerprint>,
        marked: &mut HashSet<Fingerprint>,
    ) -> Result<u64, ArchiveError> {
        let mut gone = 0;
        for entry in self.entries(id).await?.1 {
            let blob = entry?.blob;
            marked.insert(blob);
            gone += u64::from(!present.contains(&blob));
        }
        Ok(gone)
    }

    /// Whether it was there: others may remove it at the same time. The hash first: a hash without its manifest would look
    /// like a loss.
    async fn remove_snapshot(&self, id: &SnapshotId, lock: Option<&Held>) -> Result<bool, ArchiveError> {
        let Some(lock) = lock else { return Ok(true) };
        lock.check()?;
        self.store().remove(&Self::sum_path(id)).await?;
        self.store().remove_found(&self.manifest_path(id)).await
    }

    /// What is older than the limit and needed by nobody.
    async fn unneeded(
        &self,
        marked: &HashSet<Fingerprint>,
        limit: Timestamp,
        report: &mut PruneReport,
    ) -> Result<Vec<Object>, ArchiveError> {
        let mut gone: Vec<Object> = Vec::new();
        if report.sweep_refused.is_none() {
            let mut objects = self.store().list(BLOBS);
            while let Some(object) = objects.try_next().await? {
                // A file that is not one of our blobs is never removed.
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
                // Leases that are held are renewed, so an old one is nobody's; the exclusive one is our own.
                if object.modified < limit && object.name != lock::EXCLUSIVE {
                    gone.push(object);
                }
            }
        }
        report.files_removed = gone.len() as u64;
        report.bytes_freed += gone.iter().map(|object| object.size).sum::<u64>();
        Ok(gone)
    }

    /// Removes objects, and lets go of the lock when no removal is under way any more: also after an error, and where
    /// nobody waits for it any longer. A backup that began before would count on a blob that is about to go.
    async fn remove_all(&self, gone: Vec<Object>, lock: Held) -> Result<(), ArchiveError> {
        let (store, in_flight) = (self.store().clone(), self.options().in_flight.max(1));
        let stop = CancellationToken::new();
        let _stop_when_dropped = stop.clone().drop_guard();
        let removing = tokio::spawn(async move {
            let mut removals = futures::stream::iter(gone)
                .take_while(|_| future::ready(!stop.is_cancelled()))
                .map(|object| {
                    let (store, lock) = (&store, &lock);
                    async move {
                        lock.check()?;
                        debug_assert!(!object.name.starts_with(SNAPSHOTS), "snapshots are not swept");
                        store.remove(&object.name).await
                    }
                })
                .buffer_unordered(in_flight);
            let mut all = Ok(());
            while let Some(removed) = removals.next().await {
                if removed.is_err() && all.is_ok() {
                    all = removed;
                    stop.cancel();
                }
            }
            drop(removals);
            lock.release().await;
            all
        });
        removing.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }
}

/// Decides about the snapshots of the series that are meant; the others stay as they are.
fn by_policy(
    options: &PruneOptions,
    snapshots: &[Snapshot],
    now: Timestamp,
) -> Result<Vec<Decision>, ArchiveError> {
    let meant = |snapshot: &Snapshot| {
        options.series.as_ref().is_none_or(|all| all.iter().any(|series| series.holds(snapshot)))
    };
    let ours: Vec<Snapshot> = snapshots.iter().filter(|snapshot| meant(snapshot)).cloned().collect();
    let mut decided = options.policy.decide(&ours, now)?.into_iter();
    let decisions = snapshots.iter().map(|snapshot| {
        let decision = if meant(snapshot) { decided.next() } else { None };
        decision.unwrap_or_else(|| Decision {
            snapshot: snapshot.clone(),
            keep: true,
            reasons: vec!["of another account or selection".to_owned()],
        })
    });
    Ok(decisions.collect())
}

fn limit(now: Timestamp, grace: Duration) -> Timestamp {
    let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX);
    now.checked_sub(grace).unwrap_or(Timestamp::MIN)
}
