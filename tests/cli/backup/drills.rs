//! A backup proves that it restores, and says which import does not.

use serde_json::{Value, json};

use super::{Stored, backup};
use crate::support::scenario::{Fault, World, import};

fn drill(world: &std::rc::Rc<World>, more: &[&str], code: i32) -> Value {
    let words = [&["archive", "drill", "archive", "--format", "json"], more].concat();
    let output = world.binary(&words).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).unwrap()[0].clone()
}

fn counts(found: &Value) -> [u64; 4] {
    ["imports", "new", "again", "restorable"].map(|key| found[key].as_u64().unwrap())
}

#[test]
fn everything_new_is_restored_and_of_the_rest_a_share_that_goes_round() {
    let ran = backup([]).many(10).run().expect_exit(0);
    assert_eq!(counts(&drill(&ran.world, &[], 0)), [10, 10, 0, 10], "the first time all is new");
    ran.world.edit("source", "Import 00003", "/description", json!("new"));
    let ran = ran.again().expect_exit(0);
    let first = drill(&ran.world, &["--sample", "30%"], 0);
    assert_eq!(counts(&first), [10, 1, 3, 10], "one is new, three of nine have their turn");
    let mut oldest = first["oldest"].clone();
    for _ in 0..3 {
        oldest = drill(&ran.world, &["--sample", "30%"], 0)["oldest"].clone();
    }
    assert!(oldest.as_str() > first["oldest"].as_str(), "after four nights each had its turn");
    assert_eq!(counts(&drill(&ran.world, &["--all"], 0)), [10, 0, 10, 10]);
    ran.expect_no_write();
}

#[test]
fn imports_come_back_with_what_they_refer_to() {
    let script = json!({ "name": "S", "content": "function f() {}" });
    let hooked = import("hooked")
        .set("/hooks/preMap/_scriptId", json!("@scripts/S"))
        .set("/hooks/preMap/function", json!("f"));
    let ran = backup(["a"]).resource("source", "scripts", script).source(&hooked).run().expect_exit(0);
    assert_eq!(counts(&drill(&ran.world, &[], 0)), [2, 2, 0, 2]);
}

#[test]
fn an_import_whose_script_is_not_in_the_backup_is_named_as_not_restorable() {
    let script = json!({ "name": "S", "content": "function f() {}" });
    let hooked = import("hooked").set("/hooks/preMap/_scriptId", json!("@scripts/S"));
    let refused = Fault::on("GET", "/v1/scripts", Fault::says(403, json!({ "message": "Forbidden" })));
    let scenario = backup(["a"]).resource("source", "scripts", script).source(&hooked).fault(refused);
    let ran = scenario.run().expect_exit(0);
    let found = drill(&ran.world, &[], 3);
    assert_eq!(counts(&found), [2, 2, 0, 1]);
    assert_eq!(found["failed"][0]["name"], "hooked");
    assert!(found["failed"][0]["why"].as_str().unwrap().contains("/hooks/preMap/_scriptId"), "{found}");
    // A good night does not forget it.
    assert_eq!(counts(&drill(&ran.world, &[], 3)), [2, 1, 1, 1]);
}

#[test]
fn a_damaged_document_fails_the_drill_that_night_by_name() {
    let ran = backup(["a", "b"]).run().expect_exit(0);
    drill(&ran.world, &[], 0);
    let stored = Stored::of(&ran.world);
    let snapshot = stored.snapshots().pop().unwrap();
    let entry = stored.entries(&snapshot).into_iter().find(|entry| entry.name == "b").unwrap();
    let blob = entry.blob.to_string();
    std::fs::write(ran.world.path(&format!("archive/blobs/{}/{blob}.zst", &blob[..2])), b"nonsense").unwrap();
    let found = drill(&ran.world, &["--all"], 3);
    assert_eq!((counts(&found), &found["failed"][0]["name"]), ([2, 0, 2, 1], &json!("b")));
    ran.world
        .command(&["archive", "drill", "archive", "--all", "--quiet"])
        .expect_exit(3)
        .expect_stdout("cannot be restored: \"b\"");
}

#[test]
fn a_drill_that_is_interrupted_forgets_nothing_that_was_proven() {
    // Where the drill works is seen from here.
    let world = backup([]).many(500).env("TMPDIR", ".").start();
    let ran = world.run().expect_exit(0);
    drill(&ran.world, &[], 0);
    let at_work = || {
        let folders = std::fs::read_dir(world.path("")).unwrap().flatten();
        let journals = folders.map(|folder| folder.path().join("run/journal.jsonl"));
        journals
            .filter_map(|journal| std::fs::read_to_string(journal).ok())
            .any(|text| text.contains("applied"))
    };
    let running = world.spawn(&["archive", "drill", "archive", "--all"], None).until("a restore", at_work);
    running.signal("INT").finish().expect_exit(130);
    assert_eq!(counts(&drill(&ran.world, &["--sample", "1%"], 0)), [500, 0, 5, 500]);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_document_is_not_waited_for() {
    let ran = backup(["a", "b"]).run().expect_exit(0);
    let stored = Stored::of(&ran.world);
    let snapshot = stored.snapshots().pop().unwrap();
    let entry = stored.entries(&snapshot).into_iter().find(|entry| entry.name == "b").unwrap();
    let blob = entry.blob.to_string();
    let path = ran.world.path(&format!("archive/blobs/{}/{blob}.zst", &blob[..2]));
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let found = drill(&ran.world, &["--all"], 3);
    assert_eq!((counts(&found), &found["failed"][0]["name"]), ([2, 2, 0, 1], &json!("b")));
}

#[test]
fn an_archive_that_was_drilled_and_lost_its_header_is_still_known_as_one() {
    let ran = backup(["a"]).run().expect_exit(0);
    drill(&ran.world, &[], 0);
    std::fs::remove_file(ran.world.path("archive/archive.json")).unwrap();
    // Whatever of it is met first.
    std::fs::rename(ran.world.path("archive/blobs"), ran.world.path("archive/snapshots/moved")).unwrap();
    ran.world.command(&["archive", "list", "archive"]).expect_exit(2).expect_stderr("put the file back");
}

#[test]
fn what_real_documents_hold_is_restorable() {
    let Some(data) = crate::support::shared_data() else { return };
    let related: Value = serde_json::from_slice(&std::fs::read(data.join("related.json")).unwrap()).unwrap();
    let mut lists = related.as_object().unwrap().clone();
    let mut imports = Vec::new();
    for entry in std::fs::read_dir(data.join("imports")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            imports.push(serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap());
        }
    }
    let count = imports.len() as u64;
    lists.insert("imports".to_owned(), Value::Array(imports));
    let mut scenario = backup([]);
    for (list, documents) in lists {
        for document in documents.as_array().into_iter().flatten() {
            scenario.push("source", &list, document.clone());
        }
    }
    let ran = scenario.run().expect_exit(0);
    let found = drill(&ran.world, &[], 0);
    assert_eq!(counts(&found), [count, count, 0, count], "{found}");
}

#[test]
fn a_drill_of_the_snapshot_before_a_damaged_one_is_not_good() {
    let ran = backup(["a"]).run().expect_exit(0);
    ran.world.edit("source", "a", "/description", json!("new"));
    let ran = ran.again().expect_exit(0);
    let latest = Stored::of(&ran.world).snapshots().pop().unwrap().id;
    let manifest = ran.world.path(&format!("archive/snapshots/{latest}.jsonl.zst"));
    std::fs::remove_file(manifest).unwrap();
    let found = drill(&ran.world, &[], 3);
    assert_eq!(counts(&found), [1, 1, 0, 1]);
    assert_eq!(found["newer"][0]["snapshot"], latest.as_str());
    ran.world
        .command(&["archive", "drill", "archive", "--quiet"])
        .expect_exit(3)
        .expect_stdout("drill of source: NOT good")
        .expect_stdout(&format!("the newer snapshot {latest} cannot be read: its manifest is missing"));
    ran.world
        .command(&["archive", "drill", "archive", "latest"])
        .expect_exit(3)
        .expect_stderr("which is older");
}
