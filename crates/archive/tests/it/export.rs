//! An export: stable, safe, and careful with what is not its own.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use transship_archive::export::why_incomplete;
use transship_archive::{ArchiveError, Facts};
use transship_documents::{Fingerprint, Id, normal};

use super::support::*;

fn contents(folder: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    files(folder).into_iter().map(|path| (path.clone(), std::fs::read(folder.join(path)).unwrap())).collect()
}

fn integration(id: &str, name: &str) -> Document {
    let document = serde_json::json!({"_id": id, "name": name});
    let facts = Facts {
        kind: "integrations".to_owned(),
        id: Id::from(id),
        name: name.to_owned(),
        adaptor_type: None,
        integration: None,
        last_modified: None,
        fingerprint: normal::fingerprint(&document),
    };
    (facts, document.to_string().into_bytes())
}

#[tokio::test]
async fn files_stand_in_folders_by_integration_sorted_and_complete() {
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let mut documents = imports(0..3);
    documents.push(integration("5f0000000000000000000001", "Orders / EU"));
    let snapshot = backup(&archive, &documents).await.unwrap();
    let report = archive.export(&snapshot.id, out.path()).await.unwrap();
    assert_eq!((report.files, report.written, report.removed), (4, 4, 0));
    let folder = out.path().join("imports/Orders _ EU.5f0000000000000000000001");
    let text = std::fs::read_to_string(folder.join(format!("import 1.{:024x}.json", 1))).unwrap();
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found, serde_json::from_slice::<Value>(&documents[1].1).unwrap());
    let keys: Vec<_> = found.as_object().unwrap().keys().cloned().collect();
    assert!(keys.is_sorted(), "{keys:?}");
}

#[tokio::test]
async fn an_import_stands_in_the_folder_of_the_integration_of_its_flows() {
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let (orders, billing) = ("5f0000000000000000000001", "5f0000000000000000000002");
    let mut documents = imports(0..4);
    documents.iter_mut().for_each(|(facts, _)| facts.integration = None);
    documents.extend([integration(orders, "Orders"), integration(billing, "Billing")]);
    let mut flow = |id: &str, of: &str, used: &[usize]| {
        let steps: Vec<_> =
            used.iter().map(|at| serde_json::json!({"_importId": format!("{at:024x}")})).collect();
        let document =
            serde_json::json!({"_id": id, "name": id, "_integrationId": of, "pageProcessors": steps});
        let (facts, _) = integration(id, id);
        let facts = Facts { kind: "flows".to_owned(), integration: Some(Id::from(of)), ..facts };
        documents.push((facts, document.to_string().into_bytes()));
    };
    flow("f1", billing, &[1, 2]);
    flow("f2", orders, &[0, 2]);
    let snapshot = backup(&archive, &documents).await.unwrap();
    archive.export(&snapshot.id, out.path()).await.unwrap();
    let groups =
        [(0, "Orders.", orders), (1, "Billing.", billing), (2, "Orders.", orders), (3, "no integration", "")];
    for (number, name, id) in groups {
        let path = format!("imports/{name}{id}/import {number}.{number:024x}.json");
        assert!(out.path().join(&path).is_file(), "{path}: {:?}", files(out.path()));
    }
}

#[tokio::test]
async fn a_second_export_changes_no_byte_and_one_of_the_next_night_only_what_changed() {
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let first = backup(&archive, &imports(0..5)).await.unwrap();
    archive.export(&first.id, out.path()).await.unwrap();
    let before = contents(out.path());
    let again = archive.export(&first.id, out.path()).await.unwrap();
    assert_eq!((again.written, again.removed), (0, 0));
    assert_eq!(contents(out.path()), before);

    // One changed, two gone.
    let mut documents = imports(0..3);
    documents[1] = import(1, 1);
    let second = backup(&archive, &documents).await.unwrap();
    let next = archive.export(&second.id, out.path()).await.unwrap();
    assert_eq!((next.files, next.written, next.removed), (3, 1, 2));
    let elsewhere = tempfile::tempdir().unwrap();
    archive.export(&second.id, elsewhere.path()).await.unwrap();
    assert_eq!(contents(out.path()), contents(elsewhere.path()), "the way there leaves no trace");
}

#[tokio::test]
async fn what_a_stopped_export_wrote_is_nobodys_edit() {
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let whole = backup(&archive, &imports(0..40)).await.unwrap();
    let is_begun = async {
        while files(out.path()).len() < 10 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = is_begun => {}
        done = archive.export(&whole.id, out.path()) => panic!("it is stopped before: {done:?}"),
    }
    // Of the next night all are gone, have another name, or another text.
    let edited = files(out.path()).into_iter().rfind(|path| path.starts_with("imports")).unwrap();
    let theirs = std::fs::read_to_string(out.path().join(&edited)).unwrap().replace("\"name\"", "\"theirs\"");
    std::fs::write(out.path().join(&edited), theirs).unwrap();
    let next = backup(&archive, &[import(0, 1), named(&format!("{:024x}", 7), "renamed", 0)]).await.unwrap();
    let report = archive.export(&next.id, out.path()).await.unwrap();
    let kept: Vec<&str> = report.edited.iter().map(String::as_str).collect();
    assert_eq!((kept, report.files), (vec![edited.to_str().unwrap()], 2));
    assert_eq!(contents(out.path()).keys().filter(|path| path.starts_with("imports")).count(), 3);
}

#[tokio::test]
async fn a_folder_is_taken_of_the_account_that_its_last_export_was_of_and_of_any_where_that_is_not_recorded()
{
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let first = backup(&archive, &imports(0..3)).await.unwrap();
    archive.export(&first.id, out.path()).await.unwrap();
    let index = out.path().join(".transship-export.json");
    let recorded = std::fs::read_to_string(&index).unwrap();
    let mut list: Value = serde_json::from_str(&recorded).unwrap();
    let whose = list["account"].clone();
    assert_eq!(whose["name"], first.account.name.as_str());
    for (key, other, told) in [
        ("name", "other", "an export of account `other`"),
        ("origin", "https://elsewhere", "of https://elsewhere"),
    ] {
        list["account"] = whose.clone();
        list["account"][key] = other.into();
        std::fs::write(&index, list.to_string()).unwrap();
        let before = contents(out.path());
        let refused = archive.export(&first.id, out.path()).await.unwrap_err();
        assert!(matches!(refused, ArchiveError::Refused(_)), "{refused:?}");
        assert!(refused.to_string().contains(told), "{refused}");
        assert_eq!(contents(out.path()), before, "nothing was touched");
    }
    list.as_object_mut().unwrap().remove("account");
    std::fs::write(&index, list.to_string()).unwrap();
    let taken = archive.export(&first.id, out.path()).await.unwrap();
    assert_eq!((taken.written, taken.removed), (0, 0));
    assert_eq!(std::fs::read_to_string(&index).unwrap(), recorded, "the account is recorded now");
}

#[tokio::test]
async fn names_that_are_paths_or_devices_or_endless_or_alike_all_get_their_own_file_below_the_folder() {
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let long = "n".repeat(4000);
    let names = [
        "../../../../tmp/evil",
        "/etc/passwd",
        "CON",
        "con",
        "Con.json",
        "nul",
        ".git/hooks",
        "a\\b",
        "",
        " ",
        ".",
        "..",
        "Orders",
        "ORDERS",
        "orders",
        "Ōrders",
        "O\u{304}rders",
        "x\u{0}y",
        "line\nbreak",
        "\u{202e}gpj.exe",
        &long,
        &long,
    ];
    let documents: Vec<_> =
        names.iter().enumerate().map(|(number, name)| named(&format!("{number:024x}"), name, 0)).collect();
    let snapshot = backup(&archive, &documents).await.unwrap();
    let report = archive.export(&snapshot.id, out.path()).await.unwrap();
    assert_eq!(report.files, names.len() as u64);
    let found = files(out.path());
    assert_eq!(found.len(), names.len() + 1, "and the list of them");
    let mut folded: Vec<_> = found.iter().map(|path| path.to_str().unwrap().to_lowercase()).collect();
    folded.dedup();
    assert_eq!(folded.len(), found.len());
    for path in found {
        assert!(path.components().all(|part| part.as_os_str().len() < 200), "{}", path.display());
    }
}

#[tokio::test]
async fn a_file_of_somebody_else_is_neither_overwritten_nor_removed() {
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let first = backup(&archive, &imports(0..2)).await.unwrap();
    archive.export(&first.id, out.path()).await.unwrap();
    std::fs::write(out.path().join("imports/notes.txt"), b"mine").unwrap();
    let edited =
        files(out.path()).into_iter().find(|path| path.to_str().unwrap().contains("import 1.")).unwrap();
    std::fs::write(out.path().join(&edited), b"{\"mine\": true}").unwrap();
    let second = backup(&archive, &imports(0..1)).await.unwrap();
    let report = archive.export(&second.id, out.path()).await.unwrap();
    assert_eq!((report.removed, report.edited), (0, vec![edited.to_str().unwrap().to_owned()]));
    assert!(out.path().join("imports/notes.txt").exists() && out.path().join(&edited).exists());

    // Now that file is nobody's of ours: it is in the way of the first snapshot.
    let before = contents(out.path());
    let refused = archive.export(&first.id, out.path()).await.unwrap_err();
    assert!(refused.to_string().contains("is in the way"), "{refused}");
    assert_eq!(contents(out.path()), before);
}

#[tokio::test]
async fn a_file_that_was_edited_to_what_the_account_holds_by_now_is_under_its_new_name_only() {
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let id = format!("{:024x}", 1);
    let first = backup(&archive, &[named(&id, "old name", 0)]).await.unwrap();
    archive.export(&first.id, out.path()).await.unwrap();
    let of = |name: &str| {
        files(out.path())
            .into_iter()
            .find(|path| path.to_str().unwrap().contains(name))
            .map(|path| out.path().join(path))
    };
    let edited = of("old name").unwrap();
    let renamed = named(&id, "new name", 0);
    // As somebody edits it: other blanks, and another name.
    let mut document: Value = serde_json::from_slice(&renamed.1).unwrap();
    document["lastModified"] = "2020-01-01T00:00:00.000Z".into();
    std::fs::write(&edited, document.to_string()).unwrap();
    let second = backup(&archive, &[renamed]).await.unwrap();
    let report = archive.export(&second.id, out.path()).await.unwrap();
    assert_eq!((report.files, report.removed, report.edited), (1, 1, Vec::new()));
    assert!(of("new name").is_some() && !edited.exists());

    // What differs from what the account holds is somebody's work.
    std::fs::write(of("new name").unwrap(), document.to_string().replace("new name", "third name")).unwrap();
    let third = backup(&archive, &[named(&id, "fourth name", 0)]).await.unwrap();
    let report = archive.export(&third.id, out.path()).await.unwrap();
    assert_eq!((report.removed, report.edited.len()), (0, 1));
    let named =
        report.moved.iter().next().map(|(old, now)| (old.contains("new name"), now.contains("fourth name")));
    assert_eq!(named, Some((true, true)), "the file it is in now is named");
}

#[tokio::test]
async fn a_list_that_leads_out_of_the_folder_is_refused() {
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let victim = tempfile::NamedTempFile::new().unwrap();
    let archive = open(store.path()).await;
    let snapshot = backup(&archive, &imports(0..1)).await.unwrap();
    let hash = transship_documents::Fingerprint::of(b"");
    for path in [victim.path().to_str().unwrap(), "imports/../../x", ".git"] {
        let list = serde_json::json!({"transship_export": 1, "files": {path: hash}});
        std::fs::write(out.path().join(".transship-export.json"), list.to_string()).unwrap();
        let refused = archive.export(&snapshot.id, out.path()).await.unwrap_err();
        assert!(refused.to_string().contains("which no export writes"), "{refused}");
    }
    assert!(victim.path().exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_is_a_link_to_elsewhere_is_not_followed() {
    let (store, out, elsewhere) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let snapshot = backup(&archive, &imports(0..1)).await.unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), out.path().join("imports")).unwrap();
    let refused = archive.export(&snapshot.id, out.path()).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::Refused(_)), "{refused}");
    assert!(files(elsewhere.path()).is_empty());
}

#[tokio::test]
async fn a_damaged_document_is_named_and_the_others_are_exported() {
    let (store, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = open(store.path()).await;
    let snapshot = backup(&archive, &imports(0..3)).await.unwrap();
    let blob = entries(&archive, &snapshot.id).await[1].blob.to_string();
    let path = store.path().join(format!("blobs/{}/{blob}.zst", &blob[..2]));
    let bytes = std::fs::read(&path).unwrap();
    for (harmed, exported) in [(true, 2), (false, 3), (true, 3)] {
        std::fs::write(&path, if harmed { &bytes[1..] } else { &bytes }).unwrap();
        let report = archive.export(&snapshot.id, out.path()).await.unwrap();
        let named: Vec<_> = report.damaged.iter().map(|(document, _)| document.as_str()).collect();
        assert_eq!(named, if harmed { vec!["imports \"import 1\""] } else { vec![] });
        // What an earlier export wrote of it stays.
        let there = files(out.path()).iter().filter(|path| path.starts_with("imports")).count();
        assert_eq!((there, report.removed, report.edited.len()), (exported, 0, 0));
        let beside = files(out.path()).into_iter().find(|path| path.starts_with("imports")).unwrap();
        let group = beside.parent().unwrap().to_str().unwrap().to_owned();
        for part in ["", "imports", &group] {
            let why = why_incomplete(&out.path().join(part));
            let lacks = "the export could not read \"import 1\" from the archive".to_owned();
            assert_eq!(why, (exported == 2).then_some(lacks), "{part}");
        }
        assert_eq!(why_incomplete(&out.path().join("connections")), None);
    }
    // One that was stopped, as its list says, and files that were removed since.
    let list = out.path().join(".transship-export.json");
    let text = std::fs::read_to_string(&list).unwrap();
    let path =
        files(out.path()).into_iter().find(|path| path.to_str().unwrap().contains("import 1")).unwrap();
    let hash = Fingerprint::of(&std::fs::read(out.path().join(&path)).unwrap()).to_string();
    let begun = text.replace(&hash, &"0".repeat(64));
    std::fs::remove_file(out.path().join(path)).unwrap();
    assert_eq!(why_incomplete(out.path()), None, "whoever removed the file knows it");
    std::fs::write(&list, begun).unwrap();
    assert_eq!(why_incomplete(out.path()), Some("the export did not come to its end".to_owned()));
    std::fs::write(&list, "{").unwrap();
    assert!(why_incomplete(out.path()).is_some_and(|why| why.contains("cannot be read")));
}

#[tokio::test]
async fn an_archive_and_the_folder_of_a_run_are_no_place_for_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let id = backup(&archive, &imports(0..3)).await.unwrap().id;
    let run = tempfile::tempdir().unwrap();
    std::fs::write(run.path().join("journal.jsonl"), "").unwrap();
    for (place, what) in [
        (folder.path().to_owned(), "is an archive"),
        (folder.path().join("blobs/x"), "lies in an archive"),
        (run.path().to_owned(), "is the folder of a run"),
    ] {
        let before = contents(folder.path());
        let refused = archive.export(&id, &place).await.unwrap_err().to_string();
        assert!(refused.contains(what), "{refused}");
        assert_eq!(contents(folder.path()), before);
    }
    assert_eq!(std::fs::read_dir(run.path()).unwrap().count(), 1);
}
