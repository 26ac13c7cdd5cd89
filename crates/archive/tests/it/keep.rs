//! What a prune keeps, and that it takes nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use transship_archive::{
    Account, Archive, ArchiveError, ArchiveOptions, Decision, Notes, Policy, PruneOptions, Share, Snapshot,
    SnapshotId,
};

use super::series::series_of;
use super::support::*;

fn snapshot(number: usize, hours: i64, account: u8, tag: bool) -> Snapshot {
    let time = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours);
    let name = format!("account{account}");
    Snapshot {
        id: SnapshotId::new(time, &name, u16::try_from(number).unwrap()),
        time,
        account: Account { name, origin: String::new(), user: String::new() },
        run: None,
        tags: if tag { vec!["release".to_owned()] } else { Vec::new() },
        selection: None,
        counts: BTreeMap::new(),
        lacks: BTreeSet::new(),
        entries: 0,
        text_bytes: 0,
        new_blobs: 0,
        new_bytes: 0,
        mended_blobs: 0,
        manifest_bytes: 0,
    }
}

prop_compose! {
    fn snapshots()(facts in prop::collection::vec((0..40_000i64, 0..3u8, prop::bool::weighted(0.1)), 1..60)) -> Vec<Snapshot> {
        facts.into_iter().enumerate().map(|(number, (hours, account, tag))| snapshot(number, hours, account, tag)).collect()
    }
}

prop_compose! {
    fn policy()(last in 0..4u32, daily in 0..8u32, weekly in 0..5u32, monthly in 0..6u32, yearly in 0..3u32, tag: bool) -> Policy {
        let tags = if tag { vec!["release".to_owned()] } else { Vec::new() };
        Policy { last, daily, weekly, monthly, yearly, tags }
    }
}

fn later() -> Timestamp {
    "2031-01-01T00:00:00Z".parse().unwrap()
}

fn kept(decisions: &[Decision]) -> BTreeSet<SnapshotId> {
    decisions.iter().filter(|decision| decision.keep).map(|decision| decision.snapshot.id.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 5 / 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_account_is_ever_emptied(snapshots in snapshots(), policy in policy()) {
        // Some of them are dated after that.
        let now = "2028-01-01T00:00:00Z".parse().unwrap();
        if let Ok(decisions) = policy.decide(&snapshots, now) {
            let real = |snapshot: &&Snapshot| snapshot.time <= now;
            let kept = decisions.iter().filter(|d| d.keep).map(|d| &d.snapshot);
            let kept: BTreeSet<_> = kept.filter(real).map(|snapshot| &snapshot.account).collect();
            let all: BTreeSet<_> = snapshots.iter().filter(real).map(|snapshot| &snapshot.account).collect();
            prop_assert_eq!(kept, all);
        }
    }

    #[test]
    fn each_snapshot_is_decided_about_once_with_a_reason(snapshots in snapshots(), policy in policy()) {
        if let Ok(decisions) = policy.decide(&snapshots, later()) {
            let decided: Vec<_> = decisions.iter().map(|decision| &decision.snapshot).collect();
            prop_assert_eq!(decided, snapshots.iter().collect::<Vec<_>>());
            prop_assert!(decisions.iter().all(|decision| !decision.reasons.is_empty()));
        }
    }

    #[test]
    fn pruning_what_was_pruned_removes_nothing(snapshots in snapshots(), policy in policy()) {
        if let Ok(decisions) = policy.decide(&snapshots, later()) {
            let left: Vec<_> = decisions.iter().filter(|d| d.keep).map(|d| d.snapshot.clone()).collect();
            let again = policy.decide(&left, later()).unwrap();
            prop_assert_eq!(kept(&again).len(), left.len());
        }
    }

    #[test]
    fn a_more_generous_policy_keeps_all_that_a_meaner_one_keeps(snapshots in snapshots(), policy in policy(), more in policy()) {
        let sum = Policy {
            last: policy.last + more.last,
            daily: policy.daily + more.daily,
            weekly: policy.weekly + more.weekly,
            monthly: policy.monthly + more.monthly,
            yearly: policy.yearly + more.yearly,
            tags: if policy.tags.is_empty() { more.tags } else { policy.tags.clone() },
        };
        if let Ok(decisions) = policy.decide(&snapshots, later()) {
            prop_assert!(kept(&decisions).is_subset(&kept(&sum.decide(&snapshots, later()).unwrap())));
        }
    }

    #[test]
    fn the_order_of_the_list_does_not_count(snapshots in snapshots(), policy in policy()) {
        let turned: Vec<_> = snapshots.iter().rev().cloned().collect();
        let one = policy.decide(&snapshots, later()).map(|decisions| kept(&decisions)).ok();
        prop_assert_eq!(one, policy.decide(&turned, later()).map(|decisions| kept(&decisions)).ok());
    }

    #[test]
    fn the_newest_of_an_account_stays_under_any_rule_but_tags(snapshots in snapshots(), policy in policy()) {
        let policy = Policy { tags: Vec::new(), ..policy };
        if let Ok(decisions) = policy.decide(&snapshots, later()) {
            for account in 0..3u8 {
                let name = format!("account{account}");
                let newest = snapshots.iter().filter(|s| s.account.name == name).max_by_key(|s| (s.time, s.id.clone()));
                prop_assert!(newest.is_none_or(|newest| kept(&decisions).contains(&newest.id)));
            }
        }
    }
}

#[test]
fn a_month_of_nights_under_seven_daily_four_weekly_two_monthly() {
    let nights: Vec<_> =
        (0..40).map(|night| snapshot(night, 24 * i64::try_from(night).unwrap() + 2, 0, false)).collect();
    let policy = Policy { daily: 7, weekly: 4, monthly: 2, ..Policy::default() };
    let decisions = policy.decide(&nights, later()).unwrap();
    let told: Vec<_> = decisions
        .iter()
        .filter(|decision| decision.keep)
        .map(|decision| (decision.snapshot.time.to_string()[..10].to_owned(), decision.reasons.join(", ")))
        .collect();
    let told: Vec<_> = told.iter().map(|(day, why)| (day.as_str(), why.as_str())).collect();
    assert_eq!(
        told,
        [
            ("2026-01-25", "weekly 4 of 4"),
            ("2026-01-31", "monthly 2 of 2"),
            ("2026-02-01", "weekly 3 of 4"),
            ("2026-02-03", "daily 7 of 7"),
            ("2026-02-04", "daily 6 of 7"),
            ("2026-02-05", "daily 5 of 7"),
            ("2026-02-06", "daily 4 of 7"),
            ("2026-02-07", "daily 3 of 7"),
            ("2026-02-08", "daily 2 of 7, weekly 2 of 4"),
            ("2026-02-09", "daily 1 of 7, weekly 1 of 4, monthly 1 of 2"),
        ]
    );
}

#[test]
fn a_policy_that_keeps_nothing_is_refused() {
    let nights = [snapshot(0, 0, 0, true), snapshot(1, 1, 1, false)];
    let refused = Policy::default().decide(&nights, later()).unwrap_err().to_string();
    assert!(refused.contains("give at least one of"), "{refused}");
    let tagged = Policy { tags: vec!["release".to_owned()], ..Policy::default() };
    let refused = tagged.decide(&nights, later()).unwrap_err().to_string();
    assert!(refused.contains("every snapshot of account1"), "{refused}");
}

#[test]
fn what_is_dated_after_now_is_kept_and_pushes_nothing_out() {
    let nights = [snapshot(0, 0, 0, false), snapshot(1, 1_000_000, 0, false)];
    let policy = Policy { last: 1, ..Policy::default() };
    let decisions = policy.decide(&nights, later()).unwrap();
    assert_eq!(kept(&decisions).len(), 2);
    assert_eq!(decisions[1].reasons, ["dated after now"]);
}

#[test]
fn what_is_dated_after_now_does_not_stand_for_what_is_real() {
    // The one of the future is never the latest, so an account that has nothing else can be restored by its id only.
    let nights = [snapshot(0, 0, 0, false), snapshot(1, 1_000_000, 0, false)];
    let tagged = Policy { tags: vec!["release".to_owned()], ..Policy::default() };
    let refused = tagged.decide(&nights, later()).unwrap_err().to_string();
    assert!(refused.contains("every snapshot of account0 but what is dated in the future (1)"), "{refused}");
    let alone = tagged.decide(&nights[1..], later()).unwrap();
    assert_eq!(kept(&alone).len(), 1);
    // Clocks that differ a little are not wrong: what the list takes for the latest counts as any other.
    let ahead = Snapshot { time: later() + SignedDuration::from_mins(2), ..snapshot(2, 0, 0, false) };
    let last = Policy { last: 1, ..Policy::default() };
    let decisions = last.decide(&[nights[0].clone(), ahead.clone()], later()).unwrap();
    // But the newest that is surely real stays too: it may have been made a moment ago.
    assert_eq!(kept(&decisions), BTreeSet::from([nights[0].id.clone(), ahead.id]));
    assert_eq!(decisions[0].reasons, ["the newest not dated after now"]);
}

#[test]
fn what_could_not_be_read_tonight_keeps_the_night_that_has_it() {
    let night = |number: usize, scripts: u64, lacks: &[&str]| Snapshot {
        counts: BTreeMap::from([("scripts".to_owned(), scripts)])
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect(),
        lacks: lacks.iter().map(|kind| (*kind).to_owned()).collect(),
        ..snapshot(number, i64::try_from(number).unwrap() * 24, 0, false)
    };
    let last = Policy { last: 1, ..Policy::default() };
    let whole = [night(0, 4, &[]), night(1, 4, &[]), night(2, 2, &["scripts"]), night(3, 2, &["scripts"])];
    let decisions = last.decide(&whole, later()).unwrap();
    assert_eq!(kept(&decisions), BTreeSet::from([whole[1].id.clone(), whole[3].id.clone()]));
    assert_eq!(decisions[1].reasons, ["the newest with all scripts"]);
    // Once all of it is read again, or where no night ever had it, the rules decide alone.
    for rest in [vec![night(4, 3, &[])], vec![]] {
        let nights: Vec<Snapshot> = if rest.is_empty() {
            (0..4).map(|number| night(number, 0, &["scripts"])).collect()
        } else {
            whole.iter().cloned().chain(rest).collect()
        };
        assert_eq!(kept(&last.decide(&nights, later()).unwrap()).len(), 1);
    }
}

fn pruning(policy: Policy) -> PruneOptions {
    PruneOptions { grace: Duration::ZERO, ..PruneOptions::new(policy) }
}

async fn of_nights(folder: &std::path::Path, hands: &Hands) -> Archive {
    let made = ArchiveOptions { create: true, ..ArchiveOptions::new(hands.clock()) };
    let archive = Archive::open(folder.to_str().unwrap(), made).await.unwrap();
    for night in 0..5 {
        backup(&archive, &imports(night..night + 10)).await.unwrap();
        hands.pass(SignedDuration::from_hours(24));
    }
    archive
}

#[tokio::test]
async fn a_dry_run_tells_what_the_prune_then_does() {
    let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at("2040-01-01T00:00:00Z"));
    let archive = of_nights(folder.path(), &hands).await;
    let policy = Policy { last: 2, ..Policy::default() };
    let before = files(folder.path());
    let told = archive.prune(PruneOptions { dry_run: true, ..pruning(policy.clone()) }).await.unwrap();
    assert_eq!(files(folder.path()), before);
    let done = archive.prune(pruning(policy)).await.unwrap();
    assert_eq!(told.decisions, done.decisions);
    assert_eq!((told.files_removed, told.bytes_freed), (done.files_removed, done.bytes_freed));
    assert_eq!(done.files_removed, 3);
    assert_eq!(everything_listed_is_whole(&archive).await, 2);
    assert!(archive.check(Share::ALL).await.unwrap().is_good());
    assert_eq!(files(folder.path()).iter().filter(|path| path.starts_with("blobs")).count(), 11);
}

#[tokio::test]
async fn blobs_that_nobody_names_yet_are_left_alone_while_they_are_young() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(
        folder.path().to_str().unwrap(),
        ArchiveOptions { create: true, ..ArchiveOptions::new(transship_archive::Clock::system()) },
    )
    .await
    .unwrap();
    backup(&archive, &imports(0..2)).await.unwrap();
    let mut writer = archive.backup(account("eu")).await.unwrap();
    let tag = Notes { tags: vec!["x".to_owned()], ..Notes::default() };
    for (facts, text) in imports(5..9) {
        writer.add(facts, &text).await.unwrap();
    }
    writer.finish(tag).await.unwrap();
    let done = archive.prune(PruneOptions::new(Policy { last: 1, ..Policy::default() })).await.unwrap();
    assert_eq!((done.files_removed, done.young), (0, 2));
}

#[tokio::test]
async fn while_a_manifest_is_damaged_no_blob_is_removed() {
    let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at("2040-01-01T00:00:00Z"));
    let archive = of_nights(folder.path(), &hands).await;
    let third = archive.snapshots().await.unwrap().snapshots[2].id.clone();
    let path = folder.path().join(format!("snapshots/{third}.jsonl.zst"));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let done = archive.prune(pruning(Policy { last: 1, ..Policy::default() })).await.unwrap();
    assert!(done.sweep_refused.unwrap().contains(third.as_str()));
    assert_eq!(done.files_removed, 0);
    // Mended from elsewhere, the snapshot is whole again.
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(everything_listed_is_whole(&archive).await, 2);
}

#[tokio::test]
async fn a_refused_policy_touches_nothing() {
    let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at("2040-01-01T00:00:00Z"));
    let archive = of_nights(folder.path(), &hands).await;
    let before = files(folder.path());
    let refused =
        archive.prune(pruning(Policy { tags: vec!["no such".to_owned()], ..Policy::default() })).await;
    assert!(matches!(refused, Err(ArchiveError::Refused(_))));
    assert_eq!(files(folder.path()), before);
}

/// Changes a byte in the middle of the entries of a manifest: its length, by which a listing goes, stays.
fn flip_an_entry(folder: &std::path::Path, id: &SnapshotId) {
    let path = folder.join(format!("snapshots/{id}.jsonl.zst"));
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_damaged_snapshot_does_not_count_so_a_whole_one_stays_in_its_place() {
    let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at("2040-01-01T00:00:00Z"));
    let archive = of_nights(folder.path(), &hands).await;
    let nights: Vec<_> =
        archive.snapshots().await.unwrap().snapshots.into_iter().map(|night| night.id).collect();
    flip_an_entry(folder.path(), &nights[4]);
    flip_an_entry(folder.path(), &nights[3]);
    assert_eq!(archive.snapshots().await.unwrap().snapshots.len(), 5, "a listing cannot see it");
    let done = archive.prune(pruning(Policy { last: 1, ..Policy::default() })).await.unwrap();
    assert_eq!(kept(&done.decisions), BTreeSet::from([nights[2].clone()]));
    let mut damaged: Vec<_> = done.damaged.iter().map(|(id, _)| id.clone()).collect();
    damaged.sort();
    assert_eq!(damaged, nights[3..]);
    assert!(done.sweep_refused.is_some() && done.files_removed == 0);
    holds(&archive, &nights[2], &imports(2..12)).await;
}

#[tokio::test]
async fn what_somebody_was_not_shown_is_not_removed() {
    let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at("2040-01-01T00:00:00Z"));
    let archive = of_nights(folder.path(), &hands).await;
    let policy = Policy { last: 3, ..Policy::default() };
    let told =
        archive.prune(PruneOptions { dry_run: true, ..pruning(policy.clone()) }).await.unwrap().decisions;
    let shown = told.into_iter().filter(|decision| !decision.keep).map(|decision| decision.snapshot.id);
    let shown: BTreeSet<SnapshotId> = shown.collect();
    // Meanwhile there is one more, and so one more is old.
    backup(&archive, &imports(7..9)).await.unwrap();
    hands.pass(SignedDuration::from_hours(1));
    let done = archive.prune(PruneOptions { only: Some(shown), ..pruning(policy) }).await.unwrap();
    assert_eq!(kept(&done.decisions).len(), 4);
    assert_eq!(done.decisions[2].reasons, ["was not shown before"]);
    assert_eq!(everything_listed_is_whole(&archive).await, 4);
}

#[tokio::test]
async fn the_blobs_of_a_snapshot_whose_manifest_was_lost_are_left_until_it_is_put_back() {
    let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at("2040-01-01T00:00:00Z"));
    let archive = of_nights(folder.path(), &hands).await;
    let lost = archive.snapshots().await.unwrap().snapshots[0].id.clone();
    let path = folder.path().join(format!("snapshots/{lost}.jsonl.zst"));
    let aside = folder.path().join("elsewhere");
    std::fs::rename(&path, &aside).unwrap();
    let listing = archive.snapshots().await.unwrap();
    assert_eq!(listing.damaged, [(lost.clone(), "its manifest is missing".to_owned())]);
    let done = archive.prune(pruning(Policy { last: 1, ..Policy::default() })).await.unwrap();
    assert!(done.sweep_refused.unwrap().contains(lost.as_str()));
    std::fs::rename(aside, path).unwrap();
    holds(&archive, &lost, &imports(0..10)).await;
}

#[tokio::test]
async fn a_snapshot_that_lacks_documents_does_not_push_out_one_that_has_all_of_them() {
    let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at("2040-01-01T00:00:00Z"));
    let archive = of_nights(folder.path(), &hands).await;
    let nights: Vec<_> =
        archive.snapshots().await.unwrap().snapshots.into_iter().map(|night| night.id).collect();
    // Only the last night has this one.
    let newest = transship_documents::Fingerprint::of(&import(13, 0).1).to_string();
    std::fs::remove_file(folder.path().join(format!("blobs/{}/{newest}.zst", &newest[..2]))).unwrap();
    let done = archive.prune(pruning(Policy { last: 1, ..Policy::default() })).await.unwrap();
    assert_eq!(kept(&done.decisions), BTreeSet::from([nights[3].clone()]));
    assert_eq!(done.damaged, [(nights[4].clone(), "documents missing: 1".to_owned())]);
    holds(&archive, &nights[3], &imports(3..13)).await;
    // What nobody needs goes all the same; what the last night still has stays.
    assert_eq!((done.sweep_refused, done.files_removed), (None, 3));
    assert_eq!(archive.check(Share::ALL).await.unwrap().damage.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_several_remove_at_once_is_told_by_one_of_them() {
    for _ in 0..5 {
        let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at("2040-01-01T00:00:00Z"));
        let archive = of_nights(folder.path(), &hands).await;
        let series = series_of(&archive.snapshots().await.unwrap().snapshots[0]);
        let policy = Policy { last: 1, ..Policy::default() };
        let prunes = (0..4).map(|_| {
            let options = ArchiveOptions::new(hands.clock());
            let (policy, series) = (policy.clone(), BTreeSet::from([series.clone()]));
            let folder = folder.path().to_str().unwrap().to_owned();
            tokio::spawn(async move {
                let archive = Archive::open(&folder, options).await.unwrap();
                archive.prune_own(policy, series).await
            })
        });
        let mut removed = 0;
        for prune in prunes.collect::<Vec<_>>() {
            match prune.await.unwrap() {
                Ok(report) => removed += report.decisions.iter().filter(|decision| !decision.keep).count(),
                // Another one swept what nobody needs any more at that moment.
                Err(error) => assert!(matches!(error, ArchiveError::Busy { .. }), "{error}"),
            }
        }
        assert!(removed <= 4, "{removed} told of 4");
        assert_eq!(archive.snapshots().await.unwrap().snapshots.len(), 1);
    }
}
