//! Two at once in one archive.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::TryStreamExt;
use jiff::SignedDuration;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tokio::sync::Semaphore;
use transship_archive::{
    Account, Archive, ArchiveError, ArchiveOptions, Notes, Policy, PruneOptions, Series,
};

use super::support::*;

fn prune() -> PruneOptions {
    PruneOptions::new(Policy { last: 1, ..Policy::default() })
}

/// Options of two that look at one clock.
fn two() -> (Hands, ArchiveOptions, ArchiveOptions) {
    let hands = Hands::at("2040-01-01T00:00:00Z");
    let other = ArchiveOptions { create: true, ..ArchiveOptions::new(hands.clock()) };
    (hands, ArchiveOptions { holder: "the night shift".to_owned(), ..other.clone() }, other)
}

async fn a_backup_keeps_a_prune_out(hands: Hands, one: Archive, other: Archive) {
    backup(&one, &imports(0..2)).await.unwrap();
    hands.pass(SignedDuration::from_secs(60));
    let writer = one.backup(account("eu")).await.unwrap();
    let refused = other.prune(prune()).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::Busy { .. }), "{refused}");
    assert!(refused.to_string().contains("a backup by the night shift since"), "{refused}");
    assert!(other.prune(PruneOptions { dry_run: true, ..prune() }).await.is_ok(), "looking is free");
    writer.finish(Notes::default()).await.unwrap();
    other.prune(prune()).await.unwrap();
    assert_eq!(one.snapshots().await.unwrap().snapshots.len(), 1);
}

#[tokio::test]
async fn a_backup_keeps_a_prune_out_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let (hands, one, other) = two();
    let (one, other) = (Archive::open(place, one).await.unwrap(), Archive::open(place, other).await.unwrap());
    a_backup_keeps_a_prune_out(hands, one, other).await;
}

#[tokio::test]
async fn a_backup_keeps_a_prune_out_of_a_bucket() {
    let storage: Arc<InMemory> = Arc::new(InMemory::new());
    let (hands, one, other) = two();
    let one = Archive::open_store(Arc::clone(&storage) as _, "bucket", one).await.unwrap();
    let other = Archive::open_store(storage, "bucket", other).await.unwrap();
    a_backup_keeps_a_prune_out(hands, one, other).await;
}

#[tokio::test]
async fn where_conditional_writes_are_ignored_nobody_has_the_archive_for_himself() {
    let storage = Mortal::new(Arc::new(InMemory::new()), i64::MAX);
    storage.ignores_conditions.store(true, Ordering::SeqCst);
    let (hands, one, _) = two();
    let archive = Archive::open_store(Arc::clone(&storage) as _, "bucket", one).await.unwrap();
    assert!(!archive.is_for_several().await.unwrap());
    for night in 0..2 {
        backup(&archive, &imports(night..night + 2)).await.unwrap();
        hands.pass(SignedDuration::from_secs(60));
    }
    let refused = archive.prune(prune()).await.unwrap_err();
    assert!(refused.to_string().contains("does not honour conditional writes"), "{refused}");
    // Snapshots of its own go all the same; what they needed stays.
    let policy = Policy { last: 1, ..Policy::default() };
    let report = archive.prune_own(policy, all_of("eu")).await.unwrap();
    assert!(report.sweep_refused.is_some_and(|why| why.contains("conditional writes")));
    assert_eq!(everything_listed_is_whole(&archive).await, 1);
    storage.ignores_conditions.store(false, Ordering::SeqCst);
    assert!(archive.is_for_several().await.unwrap());
    archive.prune(prune()).await.unwrap();
}

#[tokio::test]
async fn a_backup_that_was_dropped_does_not_keep_a_folder_locked() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    backup(&archive, &imports(0..2)).await.unwrap();
    drop(archive.backup(account("eu")).await.unwrap());
    archive.prune(prune()).await.unwrap();
}

#[tokio::test]
async fn a_prune_that_was_dropped_keeps_backups_out_until_its_last_removal_is_over() {
    let (storage, permits) = (Arc::new(InMemory::new()), Arc::new(Semaphore::new(0)));
    let (hands, one, other) = two();
    let slow = Mortal::removing_by_permit(Arc::clone(&storage) as _, Arc::clone(&permits));
    let removes = Arc::clone(&slow.removes);
    let one = Archive::open_store(slow, "bucket", one).await.unwrap();
    let other = Archive::open_store(storage, "bucket", other).await.unwrap();
    backup(&other, &imports(0..4)).await.unwrap();
    hands.pass(SignedDuration::from_secs(60));
    backup(&other, &imports(8..9)).await.unwrap();
    let pruning = one.prune(prune());
    let blobs_go = async {
        while removes.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        done = pruning => panic!("no blob could go: {done:?}"),
        () = blobs_go => {}
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let begun = other.backup(account("eu")).await;
    assert!(matches!(begun, Err(ArchiveError::Busy { .. })), "a backup would count on blobs that go");
    permits.add_permits(100);
    let writer = loop {
        match other.backup(account("eu")).await {
            Err(ArchiveError::Busy { .. }) => tokio::task::yield_now().await,
            begun => break begun.unwrap(),
        }
    };
    writer.give_up().await;
    backup(&other, &imports(0..4)).await.unwrap();
    assert_eq!(everything_listed_is_whole(&other).await, 2);
}

#[tokio::test]
async fn a_backup_whose_lease_ran_out_makes_no_snapshot() {
    let (storage, hands) = (Arc::new(InMemory::new()), Hands::at("2040-01-01T00:00:00Z"));
    let made = ArchiveOptions { create: true, ..ArchiveOptions::new(hands.clock()) };
    let archive = Archive::open_store(storage, "bucket", made).await.unwrap();
    backup(&archive, &imports(0..2)).await.unwrap();
    let mut writer = archive.backup(account("eu")).await.unwrap();
    let (facts, text) = import(7, 0);
    writer.add(facts, &text).await.unwrap();
    // The machine slept; meanwhile others may have pruned.
    hands.pass(SignedDuration::from_hours(1));
    archive.prune(prune()).await.unwrap();
    let lost = writer.finish(Notes::default()).await.unwrap_err();
    assert!(matches!(lost, ArchiveError::LockLost { .. }), "{lost}");
    assert_eq!(archive.snapshots().await.unwrap().snapshots.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_for_as_long_as_the_work_takes() {
    let storage = Arc::new(InMemory::new());
    let began = tokio::time::Instant::now();
    let start = "2040-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let clock =
        transship_archive::Clock::new(move || start + SignedDuration::try_from(began.elapsed()).unwrap());
    let made = ArchiveOptions { create: true, ..ArchiveOptions::new(clock) };
    let archive = Archive::open_store(storage, "bucket", made).await.unwrap();
    let writer = archive.backup(account("eu")).await.unwrap();
    tokio::time::sleep(Duration::from_hours(5)).await;
    assert!(matches!(archive.prune(prune()).await, Err(ArchiveError::Busy { .. })));
    writer.finish(Notes::default()).await.unwrap();
}

/// The leases in a bucket.
async fn leases(storage: &InMemory) -> usize {
    storage.list(Some(&"locks".into())).try_collect::<Vec<_>>().await.unwrap().len()
}

#[tokio::test]
async fn whatever_becomes_of_the_work_its_lease_is_taken_away_before_that_is_said() {
    let (storage, hands) = (Arc::new(InMemory::new()), Hands::at("2040-01-01T00:00:00Z"));
    let made = ArchiveOptions { create: true, ..ArchiveOptions::new(hands.clock()) };
    let archive = Archive::open_store(Arc::clone(&storage) as _, "bucket", made.clone()).await.unwrap();
    backup(&archive, &imports(0..2)).await.unwrap();
    assert_eq!(leases(&storage).await, 0, "after a backup");
    let policy = Policy { tags: vec!["no such".to_owned()], ..Policy::default() };
    archive.prune(PruneOptions::new(policy)).await.unwrap_err();
    assert_eq!(leases(&storage).await, 0, "after a refused prune");
    archive.check(transship_archive::Share::ALL).await.unwrap();
    assert_eq!(leases(&storage).await, 0, "after a check");
    let writer = archive.backup(account("eu")).await.unwrap();
    assert_eq!(leases(&storage).await, 1);
    writer.give_up().await;
    assert_eq!(leases(&storage).await, 0, "after a backup that was given up");
}

#[tokio::test]
async fn who_finds_a_lease_is_told_when_it_ends() {
    let storage: Arc<InMemory> = Arc::new(InMemory::new());
    let (_, one, other) = two();
    let one = Archive::open_store(Arc::clone(&storage) as _, "bucket", one).await.unwrap();
    let other = Archive::open_store(storage, "bucket", other).await.unwrap();
    let _writer = one.backup(account("eu")).await.unwrap();
    let refused = other.prune(prune()).await.unwrap_err().to_string();
    assert!(refused.contains("until 2040-01-01T00:10:00Z unless renewed"), "{refused}");
}

#[tokio::test]
async fn a_prune_of_its_own_snapshots_lets_others_write_and_touches_none_of_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for name in ["eu", "us"] {
        for version in 0..3 {
            let mut writer = archive.backup(account(name)).await.unwrap();
            let (facts, text) = import(1, version);
            writer.add(facts, &text).await.unwrap();
            writer.finish(Notes::default()).await.unwrap();
        }
    }
    let writer = archive.backup(account("us")).await.unwrap();
    let policy = Policy { last: 1, ..Policy::default() };
    let report = archive.prune_own(policy.clone(), all_of("eu")).await.unwrap();
    assert!(report.sweep_left, "somebody writes");
    assert_eq!(report.decisions.iter().filter(|decision| !decision.keep).count(), 2);
    assert!(report.decisions.iter().all(|decision| decision.snapshot.account.name == "eu"));
    writer.finish(Notes::default()).await.unwrap();
    let report = archive.prune_own(policy.clone(), all_of("us")).await.unwrap();
    assert!(!report.sweep_left);
    let left: Vec<_> = archive
        .snapshots()
        .await
        .unwrap()
        .snapshots
        .into_iter()
        .map(|snapshot| snapshot.account.name)
        .collect();
    assert_eq!(left, ["eu", "us"]);
    assert!(archive.check(transship_archive::Share::ALL).await.unwrap().is_good());
    // Whoever prunes the whole archive keeps it out, as it keeps out everybody.
    let nothing = archive.prune_own(policy, all_of("us")).await.unwrap();
    assert!(nothing.decisions.iter().all(|decision| decision.keep) && !nothing.sweep_left);
}

fn all_of(name: &str) -> BTreeSet<Series> {
    let Account { name, origin, .. } = account(name);
    BTreeSet::from([Series { account: name, origin, selection: None }])
}
