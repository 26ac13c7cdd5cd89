//! A prune of a job's own snapshots: those of its accounts and its selection.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use transship_archive::{Account, Archive, ArchiveOptions, Notes, Policy, Series, Snapshot};

use super::support::*;

/// The series that a snapshot belongs to.
pub fn series_of(snapshot: &Snapshot) -> Series {
    let Account { name, origin, .. } = snapshot.account.clone();
    Series { account: name, origin, selection: snapshot.selection.clone() }
}

#[tokio::test]
async fn a_series_is_of_one_account_and_one_selection() {
    let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at("2040-01-01T00:00:00Z"));
    let made = ArchiveOptions { create: true, ..ArchiveOptions::new(hands.clock()) };
    let archive = Archive::open(folder.path().to_str().unwrap(), made).await.unwrap();
    let elsewhere = Account { origin: "https://api.eu.integrator.io".to_owned(), ..account("eu") };
    let selection = |words: &str| Notes { selection: Some(words.to_owned()), ..Notes::default() };
    for _ in 0..3 {
        for (account, notes) in [
            (account("eu"), Notes::default()),
            (account("eu"), selection("names: a")),
            (elsewhere.clone(), Notes::default()),
        ] {
            let mut writer = archive.backup(account).await.unwrap();
            let (facts, text) = import(1, 1);
            writer.add(facts, &text).await.unwrap();
            writer.finish(notes).await.unwrap();
            hands.pass(SignedDuration::from_secs(60));
        }
    }
    let mut left = 9;
    for one in &archive.snapshots().await.unwrap().snapshots[..3] {
        let policy = Policy { last: 1, ..Policy::default() };
        let report = archive.prune_own(policy, BTreeSet::from([series_of(one)])).await.unwrap();
        assert_eq!(report.decisions.iter().filter(|decision| !decision.keep).count(), 2);
        left -= 2;
        assert_eq!(archive.snapshots().await.unwrap().snapshots.len(), left);
    }
}
