//! Random damage: a check finds every single one, and a damaged document is never handed out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use proptest::prelude::*;
use transship_archive::{Archive, ArchiveOptions, CheckReport, Fault, Key, Share, SnapshotId};

use super::support::*;

#[derive(Debug, Clone)]
enum Harm {
    Flip { at: prop::sample::Index, bit: u8 },
    Cut { to: prop::sample::Index },
    Grow,
    Delete,
    Swap { with: prop::sample::Index },
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (any::<prop::sample::Index>(), 0..8u8).prop_map(|(at, bit)| Harm::Flip { at, bit }),
        any::<prop::sample::Index>().prop_map(|to| Harm::Cut { to }),
        Just(Harm::Grow),
        Just(Harm::Delete),
        any::<prop::sample::Index>().prop_map(|with| Harm::Swap { with }),
    ]
}

/// Does it, and names the files that are not what they were.
fn do_harm(folder: &Path, files: &[PathBuf], victim: &Path, harm: &Harm) -> Vec<PathBuf> {
    let path = folder.join(victim);
    let mut bytes = std::fs::read(&path).unwrap();
    match harm {
        Harm::Flip { at, bit } => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            std::fs::write(path, bytes).unwrap();
        }
        Harm::Cut { to } => std::fs::write(path, &bytes[..to.index(bytes.len())]).unwrap(),
        Harm::Grow => {
            bytes.push(b'\n');
            std::fs::write(path, bytes).unwrap();
        }
        Harm::Delete => std::fs::remove_file(path).unwrap(),
        Harm::Swap { with } => {
            let other = with.get(files);
            let theirs = std::fs::read(folder.join(other)).unwrap();
            if theirs == bytes {
                return Vec::new();
            }
            std::fs::write(folder.join(other), bytes).unwrap();
            std::fs::write(path, theirs).unwrap();
            return vec![victim.to_owned(), other.clone()];
        }
    }
    vec![victim.to_owned()]
}

/// Whether a report speaks of a file: as damaged, or for the hash beside a manifest as missing.
fn names(report: &CheckReport, path: &Path) -> bool {
    let path = path.to_str().unwrap();
    let manifest = path.strip_suffix(".sha256");
    report.damage.iter().any(|damage| {
        // A hash that cannot be right is told of its manifest when that is damaged as well.
        damage.path == path || manifest.is_some_and(|stem| damage.path.starts_with(stem))
    }) || report.notes.iter().any(|note| note.starts_with(path))
}

fn check_all_found(encrypted: bool, harms: Vec<(prop::sample::Index, Harm)>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let options = ArchiveOptions { key: encrypted.then(|| Key::File(Key::new_file())), ..options() };
        let archive = Archive::open(folder.path().to_str().unwrap(), options).await.unwrap();
        let mut documents = imports(0..8);
        let first = backup(&archive, &documents).await.unwrap();
        documents[3] = import(3, 1);
        let second = backup(&archive, &documents).await.unwrap();
        let report = archive.check(Share::ALL).await.unwrap();
        prop_assert!(report.is_good() && report.notes.is_empty(), "{report:?}");
        prop_assert_eq!((report.snapshots, report.blobs, report.blobs_read), (2, 9, 9));

        let of = [vec![first.id.clone(); 8], vec![second.id.clone(); 8]].concat();
        let before = [entries(&archive, &first.id).await, entries(&archive, &second.id).await].concat();
        let mut texts = Vec::new();
        for entry in &before {
            texts.push(archive.document(entry).await.unwrap());
        }
        let files: Vec<_> = files(folder.path())
            .into_iter()
            .filter(|path| path.starts_with("blobs") || path.starts_with("snapshots"))
            .collect();
        let mut harmed = Vec::new();
        for (victim, harm) in harms {
            // One harm a file: two could undo each other.
            let free: Vec<_> = files.iter().filter(|path| !harmed.contains(*path)).cloned().collect();
            if free.is_empty() {
                break;
            }
            let victim = victim.get(&free).clone();
            harmed.extend(do_harm(folder.path(), &free, &victim, &harm));
        }
        let report = archive.check(Share::ALL).await.unwrap();
        let hurt = |id: &SnapshotId| {
            harmed.iter().any(|path| path.to_str().unwrap().contains(&format!("{id}.jsonl")))
        };
        for path in &harmed {
            // A blob that is gone, and of which the only manifest that named it is damaged, cannot be missed.
            let named = before
                .iter()
                .zip(&of)
                .any(|(entry, id)| path.to_str().unwrap().contains(&entry.blob.to_string()) && !hurt(id));
            if path.starts_with("blobs") && !folder.path().join(path).exists() && !named {
                continue;
            }
            // A manifest that is gone together with its hash was removed for all that anybody can tell.
            let beside = |end: &str| {
                let stem = path.to_str().unwrap().split('.').next().unwrap();
                folder.path().join(format!("{stem}{end}")).exists()
            };
            let ends = [".jsonl.zst", ".jsonl.zst.age", ".sha256"];
            if path.starts_with("snapshots") && !ends.iter().any(|end| beside(end)) {
                continue;
            }
            prop_assert!(names(&report, path), "{} was not found: {report:?}", path.display());
        }
        if harmed.is_empty() {
            prop_assert!(report.is_good() && report.notes.is_empty(), "{report:?}");
        }
        for (entry, text) in before.iter().zip(texts) {
            if let Ok(found) = archive.document(entry).await {
                prop_assert_eq!(found, text, "a damaged document was handed out");
            }
        }
        // What is not damaged is not accused either.
        for damage in &report.damage {
            let stem = damage.path.split('.').next().unwrap();
            let real = harmed.iter().any(|path| path.to_str().unwrap().starts_with(stem));
            prop_assert!(real, "{} is not damaged", damage.path);
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_check_finds_every_damage(harms in prop::collection::vec((any::<prop::sample::Index>(), harm()), 1..4)) {
        check_all_found(false, harms)?;
    }

    #[test]
    fn a_check_finds_every_damage_under_encryption(
        harms in prop::collection::vec((any::<prop::sample::Index>(), harm()), 1..4),
    ) {
        check_all_found(true, harms)?;
    }

    #[test]
    fn a_share_moves_on_until_all_had_their_turn(percent in 0.01..100.0f64, start in 0..1_000_000u64, blob: [u8; 32]) {
        let blob = transship_documents::Fingerprint(blob);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
        let rounds = (100.0 / percent).ceil() as u64;
        let read = (start..start + rounds).filter(|round| Share::percent(percent, *round).unwrap().has(blob)).count();
        prop_assert!((1..=2).contains(&read), "{read}");
    }
}

#[test]
fn a_share_is_more_than_nothing_and_at_most_all() {
    for bad in [0.0, -1.0, 100.1, f64::NAN] {
        assert_eq!(Share::percent(bad, 1), None);
    }
    assert_eq!(Share::percent(100.0, 7), Some(Share::ALL));
}

#[tokio::test]
async fn a_damage_is_told_with_the_imports_it_hits_in_each_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let documents = imports(0..3);
    let first = backup(&archive, &documents).await.unwrap();
    let second = backup(&archive, &documents).await.unwrap();
    let entry = entries(&archive, &first.id).await.remove(1);
    let name = entry.blob.to_string();
    std::fs::remove_file(folder.path().join(format!("blobs/{}/{name}.zst", &name[..2]))).unwrap();
    let report = archive.check(Share::ALL).await.unwrap();
    assert_eq!(report.damage.len(), 1);
    let damage = &report.damage[0];
    assert_eq!((damage.fault, damage.affected_count), (Fault::Missing, 2));
    let hit: Vec<_> = damage.affected.iter().map(|hit| (&hit.snapshot, hit.name.as_str())).collect();
    assert_eq!(hit, [(&first.id, "import 1"), (&second.id, "import 1")]);
}

#[tokio::test]
async fn a_blob_that_is_missing_is_found_even_if_it_is_not_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    backup(&archive, &imports(0..20)).await.unwrap();
    let blob = files(folder.path()).into_iter().find(|path| path.starts_with("blobs")).unwrap();
    std::fs::remove_file(folder.path().join(blob)).unwrap();
    for round in 0..3 {
        assert!(!archive.check(Share::percent(0.01, round).unwrap()).await.unwrap().is_good());
    }
}

#[tokio::test]
async fn a_file_that_is_far_too_long_is_damaged_and_not_read() {
    let storage = Arc::new(InMemory::new());
    let archive = Archive::open_store(Arc::clone(&storage) as _, "bucket", options()).await.unwrap();
    let documents = imports(0..2);
    let snapshot = backup(&archive, &documents).await.unwrap();
    let entry = entries(&archive, &snapshot.id).await.remove(0);
    let blob = entry.blob.to_string();
    let path = object_store::path::Path::from(format!("blobs/{}/{blob}.zst", &blob[..2]));
    let mut long = storage.get(&path).await.unwrap().bytes().await.unwrap().to_vec();
    long.resize(1 << 20, 0);
    storage.put(&path, long.into()).await.unwrap();
    let sum = object_store::path::Path::from(format!("snapshots/{}.sha256", snapshot.id));
    storage.put(&sum, vec![b'0'; 1 << 20].into()).await.unwrap();
    let report = archive.check(Share::ALL).await.unwrap();
    let told: Vec<_> = report.damage.iter().map(|damage| damage.message.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|told| told.starts_with("it has 1048576 bytes")), "{told:?}");
    // The next backup mends it.
    backup(&archive, &documents).await.unwrap();
    holds(&archive, &snapshot.id, &documents).await;
}

#[tokio::test]
async fn a_manifest_that_was_removed_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let snapshot = backup(&archive, &imports(0..2)).await.unwrap();
    std::fs::remove_file(folder.path().join(format!("snapshots/{}.jsonl.zst", snapshot.id))).unwrap();
    let report = archive.check(Share::ALL).await.unwrap();
    assert_eq!(report.damage[0].fault, Fault::Missing);
    assert!(report.damage[0].message.contains("to accept the loss"), "{report:?}");
}

#[tokio::test]
async fn shares_go_on_where_the_last_ended_until_everything_was_read_whatever_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    backup(&archive, &imports(0..200)).await.unwrap();
    let (mut read, mut rounds) = (0, 0);
    loop {
        // Opened again, as by a timer; the clock of the tests stays within its day.
        let archive = open(folder.path()).await;
        let share = archive.next_share(15.0).await.unwrap().unwrap();
        read += archive.check(share).await.unwrap().blobs_read;
        archive.share_was_read(share).await.unwrap();
        rounds += 1;
        if rounds == share.rounds() {
            break;
        }
    }
    assert_eq!(rounds, 7);
    assert!(read >= 200, "after {rounds} rounds {read} of 200 were read");
    assert!(archive.check(Share::ALL).await.unwrap().notes.is_empty(), "the note of it is a file of ours");
}

#[tokio::test]
async fn a_note_of_the_turns_that_cannot_be_read_starts_them_anew() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    std::fs::write(folder.path().join("checked.json"), "{").unwrap();
    assert!(archive.next_share(5.0).await.unwrap().is_some());
    std::fs::write(folder.path().join("checked.json"), r#"{"next":4294967295}"#).unwrap();
    assert!(archive.check(archive.next_share(5.0).await.unwrap().unwrap()).await.unwrap().is_good());
    assert_eq!(archive.next_share(0.0).await.unwrap(), None);
}

#[tokio::test]
async fn an_archive_that_cannot_be_locked_can_be_read_and_checked_but_not_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    backup(&archive, &imports(0..3)).await.unwrap();
    std::fs::remove_file(folder.path().join("lock")).unwrap();
    std::fs::create_dir(folder.path().join("lock")).unwrap();
    assert_eq!(everything_listed_is_whole(&archive).await, 1);
    assert!(archive.check(Share::ALL).await.unwrap().is_good());
    let policy = transship_archive::Policy { last: 1, ..Default::default() };
    let refused = archive.prune(transship_archive::PruneOptions::new(policy)).await.unwrap_err();
    assert!(refused.to_string().contains("cannot lock"), "{refused}");
}
