//! Whatever stops a backup or a prune, and wherever: every snapshot that is listed is whole.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use object_store::memory::InMemory;
use transship_archive::{Archive, ArchiveOptions, Policy, PruneOptions, Share};

use super::support::*;

/// A storage that stops after this many operations; a clock that keeps going.
async fn dying(storage: &Arc<InMemory>, hands: &Hands, left: i64) -> Option<Archive> {
    let mortal = Mortal::new(Arc::clone(storage) as _, left);
    Archive::open_store(mortal, "memory", timed(hands)).await.ok()
}

async fn healthy(storage: &Arc<InMemory>, hands: &Hands) -> Archive {
    Archive::open_store(Arc::clone(storage) as _, "memory", timed(hands)).await.unwrap()
}

fn timed(hands: &Hands) -> ArchiveOptions {
    ArchiveOptions { create: true, in_flight: 3, ..ArchiveOptions::new(hands.clock()) }
}

#[tokio::test]
async fn a_backup_killed_at_any_operation_leaves_whole_snapshots_only() {
    let hands = Hands::at("2040-01-01T00:00:00Z");
    let mut finished = false;
    for left in 0.. {
        let storage = Arc::new(InMemory::new());
        let first = imports(0..4);
        backup(&healthy(&storage, &hands).await, &first).await.unwrap();
        hands.pass(SignedDuration::from_hours(24));
        let second = imports(2..7);
        let outcome = match dying(&storage, &hands, left).await {
            Some(archive) => backup(&archive, &second).await.ok(),
            None => None,
        };
        let archive = healthy(&storage, &hands).await;
        let listed = everything_listed_is_whole(&archive).await;
        assert!(listed == 1 || (listed == 2), "after {left} operations");
        assert!(outcome.is_none() || listed == 2, "what was reported as made is listed: {left}");
        // The next night is as good as any.
        hands.pass(SignedDuration::from_hours(24));
        let next = backup(&archive, &second).await.unwrap();
        holds(&archive, &next.id, &second).await;
        let report = archive.check(Share::ALL).await.unwrap();
        assert!(report.is_good() && report.notes.is_empty(), "after {left} operations: {report:?}");
        if outcome.is_some() {
            finished = true;
            break;
        }
        assert!(left < 200, "it never finishes");
    }
    assert!(finished);
}

#[tokio::test]
async fn a_prune_killed_at_any_operation_leaves_whole_snapshots_and_is_finished_by_the_next() {
    let hands = Hands::at("2040-01-01T00:00:00Z");
    let policy = Policy { last: 2, ..Policy::default() };
    for left in 0.. {
        let storage = Arc::new(InMemory::new());
        let archive = healthy(&storage, &hands).await;
        for night in 0..4 {
            backup(&archive, &imports(night..night + 4)).await.unwrap();
            hands.pass(SignedDuration::from_hours(24));
        }
        hands.pass(SignedDuration::from_hours(48));
        let prune = PruneOptions { grace: Duration::ZERO, ..PruneOptions::new(policy.clone()) };
        let outcome = match dying(&storage, &hands, left).await {
            Some(archive) => archive.prune(prune.clone()).await.ok(),
            None => None,
        };
        let archive = healthy(&storage, &hands).await;
        let listed = everything_listed_is_whole(&archive).await;
        assert!((2..=4).contains(&listed), "after {left} operations");
        // The lock of the dead runs out; then the rest is done.
        hands.pass(SignedDuration::from_hours(1));
        archive.prune(prune).await.unwrap();
        assert_eq!(everything_listed_is_whole(&archive).await, 2);
        let report = archive.check(Share::ALL).await.unwrap();
        assert!(report.is_good() && report.notes.is_empty(), "after {left} operations: {report:?}");
        assert_eq!((report.blobs, report.unreferenced), (5, 0));
        if outcome.is_some() {
            return;
        }
        assert!(left < 200, "it never finishes");
    }
}
