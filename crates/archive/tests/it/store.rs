//! Backups go in and come out; nothing twice, nothing half, nothing without its key.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use object_store::memory::InMemory;
use secrecy::SecretString;
use transship_archive::{Added, Archive, ArchiveError, ArchiveOptions, Key, Notes};

use super::support::*;

#[tokio::test]
async fn what_was_backed_up_comes_out_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let documents = imports(0..50);
    let snapshot = backup(&open(folder.path()).await, &documents).await.unwrap();
    assert_eq!((snapshot.entries, snapshot.new_blobs, snapshot.counts["imports"]), (50, 50, 50));
    let again = open(folder.path()).await;
    holds(&again, &snapshot.id, &documents).await;
    assert_eq!(again.snapshots().await.unwrap().snapshots, [snapshot]);
}

#[tokio::test]
async fn an_empty_account_makes_a_snapshot_too() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let snapshot = backup(&archive, &[]).await.unwrap();
    holds(&archive, &snapshot.id, &[]).await;
}

#[tokio::test]
async fn ten_changed_of_two_thousand_store_ten_blobs_and_one_manifest() {
    let storage = Mortal::new(Arc::new(InMemory::new()), i64::MAX);
    let archive = Archive::open_store(Arc::clone(&storage) as _, "memory", options()).await.unwrap();
    let mut documents = imports(0..2_000);
    let first = backup(&archive, &documents).await.unwrap();
    assert_eq!(first.new_blobs, 2_000);
    for number in 0..10 {
        documents[number * 199] = import(number * 199, 1);
    }
    storage.puts.store(0, Ordering::SeqCst);
    let second = backup(&archive, &documents).await.unwrap();
    assert_eq!((second.entries, second.new_blobs), (2_000, 10));
    // Ten blobs, the manifest and its hash, the lease.
    assert_eq!(storage.puts.load(Ordering::SeqCst), 13);
    let third = backup(&archive, &documents).await.unwrap();
    assert_eq!((third.new_blobs, third.new_bytes), (0, 0));
}

#[tokio::test]
async fn an_interrupted_backup_counts_for_nothing_and_its_blobs_are_used_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let mut writer = archive.backup(account("eu")).await.unwrap();
    for (facts, text) in imports(0..30) {
        writer.add(facts, &text).await.unwrap();
    }
    drop(writer);
    assert!(archive.snapshots().await.unwrap().snapshots.is_empty());
    let snapshot = backup(&archive, &imports(0..30)).await.unwrap();
    assert!(snapshot.new_blobs <= 16, "only what was in flight is missing: {}", snapshot.new_blobs);
    everything_listed_is_whole(&archive).await;
}

#[tokio::test]
async fn a_document_shown_twice_by_a_sweep_is_one_entry() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let mut writer = archive.backup(account("eu")).await.unwrap();
    let (facts, text) = import(1, 0);
    assert_eq!(writer.add(facts.clone(), &text).await.unwrap(), Added::Taken);
    assert_eq!(writer.add(facts, &text).await.unwrap(), Added::Repeated);
    assert_eq!(writer.finish(Notes::default()).await.unwrap().entries, 1);
}

#[tokio::test]
async fn a_blob_that_was_damaged_is_mended_by_the_next_backup() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let documents = imports(0..3);
    let first = backup(&archive, &documents).await.unwrap();
    let blob = files(folder.path()).into_iter().find(|path| path.starts_with("blobs")).unwrap();
    std::fs::write(folder.path().join(blob), b"x").unwrap();
    let second = backup(&archive, &documents).await.unwrap();
    assert_eq!((second.new_blobs, second.mended_blobs), (0, 1));
    holds(&archive, &first.id, &documents).await;
}

#[tokio::test]
async fn every_file_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    backup(&open(folder.path()).await, &imports(0..3)).await.unwrap();
    let found = files(folder.path());
    assert!(found.len() >= 7, "{found:?}");
    for path in found {
        let mode = folder.path().join(&path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_place_that_holds_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), b"years of work").unwrap();
    let refused = Archive::open(folder.path().to_str().unwrap(), options()).await.unwrap_err();
    assert!(refused.to_string().contains("it holds thesis.txt instead"), "{refused}");
}

#[tokio::test]
async fn reading_does_not_make_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let reader = ArchiveOptions { create: false, ..options() };
    let refused = Archive::open(folder.path().to_str().unwrap(), reader).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::Absent { .. }), "{refused}");
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn a_newer_format_is_refused_whether_of_the_archive_or_of_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let snapshot = backup(&archive, &imports(0..2)).await.unwrap();
    let path = folder.path().join("snapshots").join(format!("{}.jsonl.zst", snapshot.id));
    let head = br#"{"transship_snapshot":9,"all":"else is different"}"#;
    let mut frame = zstd::bulk::compress(head, 1).unwrap();
    let checksum = transship_documents::Fingerprint::of(&frame).0;
    frame.extend_from_slice(&[0x5e, 0x2a, 0x4d, 0x18, 8, 0, 0, 0]);
    frame.extend_from_slice(&checksum[..8]);
    std::fs::write(path, frame).unwrap();
    let listing = archive.snapshots().await.unwrap();
    assert!(listing.snapshots.is_empty());
    assert!(listing.damaged[0].1.contains("use a newer transship"), "{listing:?}");

    let header = folder.path().join("archive.json");
    let text = std::fs::read_to_string(&header)
        .unwrap()
        .replace("\"transship_archive\": 1", "\"transship_archive\": 2");
    std::fs::write(header, text).unwrap();
    let refused = Archive::open(folder.path().to_str().unwrap(), options()).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::Newer { found: 2, known: 1, .. }), "{refused}");
}

#[tokio::test]
async fn a_lost_header_is_not_made_anew_over_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    backup(&open(folder.path()).await, &imports(0..2)).await.unwrap();
    std::fs::remove_file(folder.path().join("archive.json")).unwrap();
    let refused = Archive::open(folder.path().to_str().unwrap(), options()).await.unwrap_err();
    assert!(refused.to_string().contains("put the file back"), "{refused}");
}

fn with_key(key: Option<Key>) -> ArchiveOptions {
    ArchiveOptions { key, ..options() }
}

async fn refusal(folder: &std::path::Path, key: Option<Key>) -> String {
    Archive::open(folder.to_str().unwrap(), with_key(key)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn an_encrypted_archive_shows_nothing_and_opens_with_its_key_only() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    let key = Key::File(Key::new_file());
    let archive = Archive::open(place, with_key(Some(key.clone()))).await.unwrap();
    let documents = imports(0..20);
    let snapshot = backup(&archive, &documents).await.unwrap();
    holds(&Archive::open(place, with_key(Some(key.clone()))).await.unwrap(), &snapshot.id, &documents).await;
    assert_eq!(backup(&archive, &documents).await.unwrap().new_blobs, 0, "encrypted blobs are found again");

    for path in files(folder.path()) {
        let bytes = std::fs::read(folder.path().join(&path)).unwrap();
        let shows = bytes.windows(6).any(|window| window == b"import");
        assert!(!shows, "{}", path.display());
    }
    for (_, text) in &documents {
        let hash = transship_documents::Fingerprint::of(text).to_string();
        assert!(!files(folder.path()).iter().any(|path| path.to_str().unwrap().contains(&hash)));
    }

    assert!(refusal(folder.path(), None).await.contains("give its passphrase or key file"));
    let wrong = refusal(folder.path(), Some(Key::File(Key::new_file()))).await;
    assert!(wrong.contains("the key file is a wrong one"), "{wrong}");
    let words = refusal(folder.path(), Some(Key::Passphrase(SecretString::from("x".to_owned())))).await;
    assert!(words.contains("it wants a key file"), "{words}");
}

#[tokio::test]
async fn a_passphrase_opens_what_it_closed_and_a_wrong_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let words = |text: &str| Some(Key::Passphrase(SecretString::from(text.to_owned())));
    let place = folder.path().to_str().unwrap();
    let archive = Archive::open(place, with_key(words("correct horse"))).await.unwrap();
    let snapshot = backup(&archive, &imports(0..2)).await.unwrap();
    let again = Archive::open(place, with_key(words("correct horse"))).await.unwrap();
    holds(&again, &snapshot.id, &imports(0..2)).await;
    assert!(refusal(folder.path(), words("battery staple")).await.contains("the passphrase is wrong"));
}

#[tokio::test]
async fn a_key_for_an_archive_that_is_not_encrypted_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await;
    let refused = refusal(folder.path(), Some(Key::File(Key::new_file()))).await;
    assert!(refused.contains("it is not encrypted"), "{refused}");
}

#[tokio::test]
async fn two_backups_at_once_make_two_whole_snapshots() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()).await, open(folder.path()).await);
    let documents = imports(0..200);
    let (first, second) =
        tokio::join!(backup_of(&one, "eu", &documents), backup_of(&other, "us", &documents[..100]));
    holds(&one, &first.unwrap().id, &documents).await;
    holds(&one, &second.unwrap().id, &documents[..100]).await;
}

#[tokio::test]
async fn a_storage_that_fails_says_what_and_where() {
    let storage = Mortal::new(Arc::new(InMemory::new()), 20);
    let archive = Archive::open_store(storage, "s3://nightly", options()).await.unwrap();
    let failed = backup(&archive, &imports(0..100)).await.unwrap_err().to_string();
    assert!(
        failed.starts_with("cannot ") && failed.contains("blobs/") && failed.contains("s3://nightly"),
        "{failed}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_does_not_answer_is_given_up_after_the_deadline() {
    let config = object_store::throttle::ThrottleConfig {
        wait_put_per_call: Duration::from_hours(1),
        ..Default::default()
    };
    let slow = object_store::throttle::ThrottledStore::new(InMemory::new(), config);
    let failed = Archive::open_store(Arc::new(slow), "slow", options()).await.unwrap_err();
    assert!(matches!(failed, ArchiveError::Slow { what: "write", .. }), "{failed}");
}

#[tokio::test]
async fn a_name_that_no_manifest_can_hold_is_refused_before_the_snapshot_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let (id, name) = (format!("{:024x}", 1), "n".repeat(2 << 20));
    let refused = backup(&archive, &[named(&id, &name, 0)]).await.unwrap_err();
    let cause = std::error::Error::source(&refused).unwrap().to_string();
    assert!(cause.contains("too long"), "{cause}");
    assert!(archive.snapshots().await.unwrap().snapshots.is_empty());
}

#[tokio::test]
async fn files_of_others_stop_nothing_and_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let first = backup(&archive, &imports(0..3)).await.unwrap();
    let others =
        ["blobs/odd \u{1b}[31m", "blobs/a#1", "snapshots/%20", "snapshots/.", "tmp/..x", "blobs/\u{202e}"];
    for name in others.map(|name| folder.path().join(format!("{name} of mine"))) {
        std::fs::create_dir_all(name.parent().unwrap()).unwrap();
        std::fs::write(name, "mine").unwrap();
    }
    // A link that leads back up would never end.
    std::os::unix::fs::symlink(folder.path(), folder.path().join("blobs/loop")).unwrap();
    let second = backup(&archive, &imports(0..4)).await.unwrap();
    assert_eq!(second.new_blobs, 1);
    assert_eq!(everything_listed_is_whole(&archive).await, 2);
    let report = archive.check(transship_archive::Share::ALL).await.unwrap();
    assert!(report.is_good() && report.blobs_read == 4, "{report:?}");
    assert!(report.notes.iter().any(|note| note.contains("%1B")), "{:?}", report.notes);
    holds(&archive, &first.id, &imports(0..3)).await;
    let options =
        transship_archive::PruneOptions::new(transship_archive::Policy { last: 1, ..Default::default() });
    archive.prune(options).await.unwrap();
    assert!(folder.path().join("blobs/a#1 of mine").exists());
}
