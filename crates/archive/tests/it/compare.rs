//! Two snapshots side by side, and one import over time.

use jiff::SignedDuration;
use transship_archive::{Archive, ArchiveOptions, Whose};
use transship_documents::Id;

use super::support::*;

#[tokio::test]
async fn a_difference_names_what_was_added_removed_and_changed_and_gives_both_texts() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let first = backup(&archive, &imports(0..5)).await.unwrap();
    let mut documents = imports(1..7);
    documents[2] = import(3, 1);
    let second = backup(&archive, &documents).await.unwrap();
    let diff = archive.diff(&first.id, &second.id).await.unwrap();
    let names = |entries: &[transship_archive::Entry]| {
        entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&diff.added), ["import 5", "import 6"]);
    assert_eq!(names(&diff.removed), ["import 0"]);
    assert_eq!((diff.changed.len(), diff.same), (1, 3));
    let (before, after) = &diff.changed[0];
    assert_eq!(archive.document(before).await.unwrap(), import(3, 0).1);
    assert_eq!(archive.document(after).await.unwrap(), import(3, 1).1);
}

#[tokio::test]
async fn a_document_with_a_new_id_is_followed_by_name_and_content() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let at = |number: u8, name: &str, version: usize| named(&format!("{number:024x}"), name, version);
    let first = [at(1, "kept", 0), at(2, "equal", 0), at(3, "edited", 0), at(4, "twin", 0), at(5, "twin", 0)];
    let second =
        [at(1, "kept", 0), at(12, "equal", 0), at(13, "edited", 1), at(14, "twin", 1), at(15, "twin", 0)];
    let first = backup(&archive, &first).await.unwrap();
    let second = backup(&archive, &second).await.unwrap();
    let diff = archive.diff(&first.id, &second.id).await.unwrap();
    let ids = |pairs: &[(transship_archive::Entry, transship_archive::Entry)]| -> Vec<(String, String)> {
        let id = |entry: &transship_archive::Entry| entry.id.as_str().trim_start_matches('0').to_owned();
        pairs.iter().map(|(before, after)| (id(before), id(after))).collect()
    };
    assert_eq!(diff.same, 3, "kept, equal and the twin whose content is there");
    assert_eq!(ids(&diff.renewed), [("2".into(), "c".into()), ("4".into(), "f".into())]);
    assert_eq!(ids(&diff.changed), [("3".into(), "d".into()), ("5".into(), "e".into())]);
    assert!(diff.added.is_empty() && diff.removed.is_empty());
}

#[tokio::test]
async fn a_snapshot_dated_in_the_future_is_never_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Hands::at("2026-03-01T02:00:00Z");
    let open = || async {
        let options = ArchiveOptions { create: true, ..ArchiveOptions::new(hands.clock()) };
        Archive::open(folder.path().to_str().unwrap(), options).await.unwrap()
    };
    let good = backup(&open().await, &imports(0..2)).await.unwrap().id;
    hands.pass(SignedDuration::from_hours(24 * 365 * 4));
    let wrong = backup(&open().await, &imports(0..3)).await.unwrap().id;
    let listing = open().await.snapshots().await.unwrap();
    assert_eq!(
        listing.find("latest").unwrap().id,
        wrong,
        "while the clock is wrong, nothing is in the future"
    );
    hands.pass(SignedDuration::from_hours(-24 * 365 * 4 + 24));
    let listing = open().await.snapshots().await.unwrap();
    assert_eq!(listing.find("latest").unwrap().id, good);
    assert_eq!(listing.latest("eu").map(|snapshot| &snapshot.id), Some(&good));
    assert_eq!(listing.latest_of_each().len(), 1);
    assert_eq!(listing.future().map(|snapshot| &snapshot.id).collect::<Vec<_>>(), [&wrong]);
    assert_eq!(listing.find(wrong.as_str()).unwrap().id, wrong, "it can be named");
}

#[tokio::test]
async fn the_order_of_keys_is_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let (facts, text) = import(1, 0);
    let first = backup(&archive, &[(facts.clone(), text.clone())]).await.unwrap();
    let spaced = String::from_utf8(text).unwrap().replace(':', ": ").into_bytes();
    let second = backup(&archive, &[(facts, spaced)]).await.unwrap();
    let diff = archive.diff(&first.id, &second.id).await.unwrap();
    assert_eq!((diff.same, diff.changed.len()), (1, 0));
}

#[tokio::test]
async fn a_history_tells_how_an_import_stood_and_when_it_was_gone() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let id = format!("{:024x}", 9);
    let other = import(1, 0);
    let mut snapshots = Vec::new();
    for document in [
        None,
        Some(named(&id, "old name", 0)),
        Some(named(&id, "old name", 0)),
        Some(named(&id, "new name", 1)),
        None,
        Some(named(&id, "new name", 1)),
    ] {
        let documents: Vec<_> = document.into_iter().chain([other.clone()]).collect();
        snapshots.push(backup(&archive, &documents).await.unwrap().id);
    }
    let whose = [
        Whose::Id(Id::from(id.as_str())),
        Whose::Name("old name".to_owned()),
        Whose::Name("new name".to_owned()),
    ];
    for whose in whose {
        let found = archive.history("eu", "imports", &whose).await.unwrap();
        assert_eq!(found.len(), 1);
        let told: Vec<_> = found[&Id::from(id.as_str())]
            .iter()
            .map(|version| {
                let at = |id: &_| snapshots.iter().position(|snapshot| snapshot == id).unwrap();
                let name = version.entry.as_ref().map(|entry| entry.name.as_str());
                (at(&version.first.0), at(&version.last.0), name)
            })
            .collect();
        assert_eq!(
            told,
            [(1, 2, Some("old name")), (3, 3, Some("new name")), (4, 4, None), (5, 5, Some("new name"))]
        );
    }
    assert!(archive.history("us", "imports", &Whose::Name("old name".to_owned())).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_account_that_was_emptied_is_told_as_imports_that_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    backup(&archive, &[import(1, 0)]).await.unwrap();
    backup(&archive, &[]).await.unwrap();
    let whose = Whose::Name("import 1".to_owned());
    let found = archive.history("eu", "imports", &whose).await.unwrap();
    let there: Vec<bool> = found.values().flatten().map(|version| version.entry.is_some()).collect();
    assert_eq!(there, [true, false]);
}

#[tokio::test]
async fn a_snapshot_is_found_by_the_start_of_its_name_when_only_one_begins_so() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let first = backup_of(&archive, "eu", &imports(0..1)).await.unwrap().id;
    let second = backup_of(&archive, "us", &imports(0..1)).await.unwrap().id;
    let listing = archive.snapshots().await.unwrap();
    assert_eq!(listing.find("latest").unwrap().id, second);
    assert_eq!(listing.find(&first.as_str()[..18]).unwrap().id, first);
    assert_eq!(listing.find(first.as_str()).unwrap().id, first);
    let ambiguous = listing.find("20260301").unwrap_err().to_string();
    assert!(ambiguous.contains(first.as_str()) && ambiguous.contains(second.as_str()), "{ambiguous}");
    for nothing in ["", "1999", "../"] {
        let refused = listing.find(nothing).unwrap_err().to_string();
        assert!(refused.contains("`latest`"), "{refused}");
    }
    assert_eq!(listing.clone().of_account("eu").find("latest").unwrap().id, first);

    let path = folder.path().join(format!("snapshots/{first}.jsonl.zst"));
    std::fs::write(path, "harm").unwrap();
    let damaged = archive.snapshots().await.unwrap().find(first.as_str()).unwrap_err().to_string();
    assert!(damaged.contains("is damaged"), "{damaged}");
}
