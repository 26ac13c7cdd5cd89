//! Looking into an archive: `list`, `show`, `cat`, `diff`, `export`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::store::{Store, flip, script, three_nights};
use super::support::{files, import, imports};
use crate::redacted;

#[test]
fn list_shows_each_snapshot_with_its_counts_and_what_all_of_it_takes() {
    let (store, nights) = three_nights();
    let said = store.run("list", &[]).exits(0);
    redacted!("list", said.out);
    let (code, told) = store.json("list", &[]);
    assert_eq!(code, Some(0));
    assert_eq!(told["totals"]["snapshots"], 3);
    assert_eq!(told["totals"]["blobs"], 5);
    let last = &told["snapshots"][2];
    assert_eq!(last["id"], nights[2].as_str());
    assert_eq!((&last["imports"], &last["other"], &last["new_blobs"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(last["tags"], serde_json::json!(["release"]));
    assert_eq!(last["account"]["name"], "eu");
}

#[test]
fn list_as_csv_has_a_row_for_each_snapshot_damaged_ones_included() {
    let (store, nights) = three_nights();
    flip(&store.manifest(&nights[1]));
    std::fs::write(store.manifest(&nights[0]), "").unwrap();
    let said = store.run("list", &["--format", "csv"]).exits(3);
    let mut reader = csv::Reader::from_reader(said.out.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let row = |id: &str| rows.iter().find(|row| &row[0] == id).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(&row(nights[0].as_str())[11], "it is empty");
    assert_eq!(&row(nights[2].as_str())[4], "2");
}

#[test]
fn list_names_what_is_damaged_and_ends_with_3() {
    let (store, nights) = three_nights();
    std::fs::remove_file(store.manifest(&nights[1])).unwrap();
    let damaged = format!("damaged {}: its manifest is missing", nights[1]);
    store.run("list", &[]).exits(3).says(&damaged).says("2 snapshots");
    let (_, told) = store.json("list", &[]);
    assert_eq!(told["damaged"][0]["id"], nights[1].as_str());
}

#[test]
fn list_of_one_account_shows_its_snapshots_only() {
    let store = Store::new();
    let eu = store.night(&imports(0..2));
    let us = store.night_of("us", &imports(0..1), &[]);
    let said = store.run("list", &["--account", "us"]).exits(0).says(us.as_str());
    assert!(!said.out.contains(eu.as_str()));
    store.run("list", &["--account", "asia"]).exits(2).complains("it has eu, us");
}

#[test]
fn of_several_accounts_the_latest_snapshot_is_that_of_the_one_that_is_named() {
    let store = Store::new();
    let eu = store.night(&imports(0..2));
    let us = store.night_of("us", &imports(0..1), &[]);
    store.night_of("eu", &imports(1..2), &[]);
    for (command, latest, rest) in [
        ("show", "", &[][..]),
        ("show", "latest", &[]),
        ("cat", "latest", &["import 1"]),
        ("diff", "latest", &[]),
        ("export", "", &["--to", "out"]),
        ("drill", "latest", &[]),
    ] {
        let snapshot: &[&str] = if latest.is_empty() { &[] } else { &[latest] };
        store.run(command, &[snapshot, rest].concat()).exits(2).complains(
            "error: archive holds snapshots of 2 accounts, eu and us: name one with --account eu, or name a snapshot",
        );
        let told = store.run(command, &[snapshot, rest, &["--account", "eu"]].concat());
        // What a drill restores refers to what is not in the backup.
        let code = if command == "drill" { 3 } else { 0 };
        assert_eq!(told.code, Some(code), "{command} {latest}: {}", told.told());
        // There is no job that a map could stand in.
        assert!(!told.out.contains("references.map"), "{}", told.told());
    }
    store.run("show", &["--account", "us"]).exits(0).says(us.as_str());
    // Beside a first snapshot that is named, the latest is that of its account.
    store.run("diff", &[us.as_str(), "latest"]).exits(0);
    store.run("diff", &[eu.as_str(), "latest"]).exits(3);
}

#[test]
fn an_export_does_not_replace_the_files_of_another_account() {
    let store = Store::new();
    store.night(&imports(0..2));
    store.night_of("us", &imports(5..6), &[]);
    store.run("export", &["--to", "out", "--account", "eu"]).exits(0);
    let written = files(&store.bench.path("out"));
    store
        .run("export", &["--to", "out", "--account", "us"])
        .exits(2)
        .complains("out holds an export of account `eu`, and this snapshot is of account `us`")
        .complains("choose another folder");
    assert_eq!(files(&store.bench.path("out")), written);
    store.run("export", &["--to", "out", "--account", "eu"]).exits(0).says("0 written, 2 unchanged");
}

#[test]
fn show_tells_what_a_snapshot_holds_and_lists_it() {
    let (store, nights) = three_nights();
    let said = store.run("show", &[]).exits(0);
    redacted!("show", said.out);
    assert_eq!(said.out, store.run("show", &["latest"]).exits(0).out);
    assert_eq!(said.out, store.run("show", &[nights[2].as_str()]).exits(0).out);
    let (_, told) = store.json("show", &["--kind", "scripts"]);
    assert_eq!(told["snapshot"]["counts"]["imports"], 2);
    let entries = told["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["name"]), (1, &"script 1".into()));
    let said = store.run("show", &["--format", "csv"]).exits(0);
    assert_eq!(csv::Reader::from_reader(said.out.as_bytes()).records().count(), 3);
    store.run("show", &["--kind", "flows"]).exits(2).complains("it holds imports, scripts");
}

#[test]
fn show_of_an_import_tells_when_it_appeared_changed_and_was_gone() {
    let store = Store::new();
    for documents in [
        vec![import(1, 0)],
        vec![import(1, 0), import(2, 0)],
        vec![import(1, 1), import(2, 0)],
        vec![import(2, 0)],
        vec![import(1, 1), import(2, 0)],
        vec![import(1, 2), import(2, 0)],
    ] {
        store.night(&documents);
    }
    let said = store.run("show", &["--import", "import 1"]).exits(0);
    redacted!("history", said.out);
    let by_id = store.run("show", &["--import", &format!("{:024x}", 1)]).exits(0);
    assert_eq!(by_id.out, said.out);
    let none = store.run("show", &["--import", "import 1", "--diff", "none"]).exits(0);
    assert!(!none.out.contains("mapping["), "{}", none.out);
    let (_, told) = store.json("show", &["--import", "import 1"]);
    let states: Vec<_> =
        told[0]["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["there", "changed", "gone", "back", "changed"]);
    assert_eq!(told[0]["steps"][1]["changes"][0]["path"], "mapping[b0].generate");
    store.run("show", &["--import", "no such"]).exits(2).complains("no such");
}

#[test]
fn a_version_that_cannot_be_read_does_not_hide_the_others() {
    let (store, _) = three_nights();
    flip(&store.blob(&import(1, 0).1));
    store.run("show", &["--import", "import 1"]).exits(3).says("cannot be compared");
    let said = store.run("diff", &["20260301"]).exits(3).says("cannot be compared").says("import 2");
    assert!(said.out.contains("1 only in the first"), "{}", said.out);
}

#[test]
fn a_snapshot_that_cannot_be_read_is_passed_over_by_a_history_and_named() {
    let (store, nights) = three_nights();
    std::fs::write(store.manifest(&nights[1]), "harm").unwrap();
    let said = store.run("show", &["--import", "import 1"]).exits(0);
    let said = said.complains("1 damaged snapshot is passed over");
    assert!(said.out.contains(nights[2].as_str()) && !said.out.contains(nights[1].as_str()), "{}", said.out);
}

#[test]
fn where_the_latest_snapshot_cannot_be_read_nobody_takes_the_one_before_it_in_silence() {
    for harm in ["gone", "cut", "one bit"] {
        let (store, nights) = three_nights();
        let manifest = store.manifest(&nights[2]);
        match harm {
            "gone" => std::fs::remove_file(manifest).unwrap(),
            "cut" => std::fs::write(manifest, "harm").unwrap(),
            // Its start is as it was, by which it is listed.
            _ => {
                let mut bytes = std::fs::read(&manifest).unwrap();
                let at = bytes.len() - 20;
                bytes[at] ^= 1;
                std::fs::write(manifest, bytes).unwrap();
            }
        }
        let told = format!("warning: snapshot {} cannot be read", nights[2]);
        let used = format!("{}, which is older, is used", nights[1]);
        let to = store.bench.path("files");
        let to = to.to_str().unwrap();
        for (command, words) in [
            ("show", &[][..]),
            ("show", &["--account", "eu"]),
            ("cat", &["latest", "import 1"]),
            ("export", &["--to", to]),
            ("diff", &[nights[0].as_str()]),
            ("diff", &["latest", nights[1].as_str()]),
            ("drill", &[]),
        ] {
            let used = if command == "drill" { nights[1].as_str() } else { used.as_str() };
            let said = store.run(command, words).exits(3);
            assert!(
                said.told().contains(if command == "drill" { nights[2].as_str() } else { &told }),
                "{}",
                said.told()
            );
            assert!(said.told().contains(used), "{harm}: {}", said.told());
        }
        let said = store.run("show", &[nights[1].as_str()]).exits(0);
        assert!(
            !said.err.contains("cannot be read"),
            "one that is named is what was asked for: {}",
            said.err
        );
    }
    // What is older than the one that is used is of no account.
    let (store, nights) = three_nights();
    std::fs::remove_file(store.manifest(&nights[0])).unwrap();
    store.run("show", &[]).exits(0).says(nights[2].as_str());
    for night in &nights[1..] {
        std::fs::remove_file(store.manifest(night)).unwrap();
    }
    for words in [&[][..], &["--account", "eu"]] {
        store.run("show", words).exits(3).complains("no whole snapshot").complains(nights[2].as_str());
    }
    store.run("drill", &[]).exits(3).complains("no whole snapshot").complains(nights[2].as_str());
}

#[test]
fn an_archive_whose_header_is_damaged_says_to_put_it_back() {
    let (store, _) = three_nights();
    let header = store.path().join("archive.json");
    let text = std::fs::read(&header).unwrap();
    std::fs::write(&header, &text[..text.len() / 2]).unwrap();
    store.run("list", &[]).exits(3).complains("put it back from a copy");
    std::fs::remove_file(&header).unwrap();
    store.run("list", &[]).exits(2).complains("its archive.json is gone").complains("put the file back");
}

#[test]
fn a_secret_that_changed_is_told_and_not_shown() {
    let store = Store::new();
    let with = |secret: &str| {
        let (facts, text) = import(1, 0);
        let mut document: serde_json::Value = serde_json::from_slice(&text).unwrap();
        document["http"]["headers"] =
            serde_json::json!([{ "name": "Authorization", "value": format!("Bearer {secret}") }]);
        document["mockResponse"] = serde_json::json!([{ "customer": secret }]);
        let fingerprint = transship::documents::normal::fingerprint(&document);
        (transship::archive::Facts { fingerprint, ..facts }, document.to_string().into_bytes())
    };
    store.night(&[with("tuesday")]);
    store.night(&[with("wednesday")]);
    for (command, rest) in [("diff", ["20260301", "latest"]), ("show", ["--import", "import 1"])] {
        for format in ["text", "json"] {
            let said = store.run(command, &[&rest[..], &["--diff", "full", "--format", format]].concat());
            assert!(said.out.contains("http"), "{}", said.told());
            assert!(!said.out.contains("tuesday") && !said.out.contains("wednesday"), "{}", said.told());
        }
    }
}

#[test]
fn cat_prints_the_very_bytes() {
    let (store, nights) = three_nights();
    let printed = |arguments: &[&str]| {
        let all = [&["archive", "cat", "archive"], arguments].concat();
        store.bench.expect(0, &all).stdout
    };
    assert_eq!(printed(&[nights[0].as_str(), "import 1"]), import(1, 0).1);
    assert_eq!(printed(&["latest", "import 1"]), import(1, 1).1);
    assert_eq!(printed(&["latest", &format!("{:024x}", 3)]), import(3, 0).1);
    assert_eq!(printed(&["latest", "script 1", "--kind", "scripts"]), script(1, "return 1;").1);
    store.run("cat", &["latest", "script 1"]).exits(2).complains("--kind scripts");
    store.run("cat", &["latest", "import 2"]).exits(2).complains("archive show");
}

#[test]
fn cat_of_a_name_that_many_have_lists_their_ids() {
    let store = Store::new();
    let ids = [1, 2].map(|number| format!("{number:024x}"));
    let twins: Vec<_> = ids.iter().map(|id| super::support::named(id, "twin", 0)).collect();
    store.night(&twins);
    let said = store.run("cat", &["latest", "twin"]).exits(2).complains(&ids[0]).complains(&ids[1]);
    assert_eq!(said.out, "");
    store.run("cat", &["latest", &ids[1]]).exits(0).says(&ids[1]);
}

#[test]
fn cat_of_a_damaged_document_prints_nothing() {
    let (store, _) = three_nights();
    flip(&store.blob(&import(1, 1).1));
    let said = store.run("cat", &["latest", "import 1"]).exits(3).complains("archive check");
    assert_eq!(said.out, "");
}

#[test]
fn diff_tells_what_differs_and_ends_with_3_if_something_does() {
    let (store, nights) = three_nights();
    let (first, last) = (nights[0].as_str(), nights[2].as_str());
    let said = store.run("diff", &[first]).exits(3);
    redacted!("diff", said.out);
    assert_eq!(said.out, store.run("diff", &[first, last]).exits(3).out);
    let (_, told) = store.json("diff", &[first]);
    let totals = serde_json::json!({ "only_in_first": 1, "only_in_second": 1, "changed": 1, "equal": 1 });
    assert_eq!(told["totals"], totals);
    let changed =
        told["differences"].as_array().unwrap().iter().find(|one| one["state"] == "changed").unwrap();
    assert_eq!(changed["document"]["name"], "import 1");
    assert_eq!(changed["changes"][0]["path"], "mapping[b0].generate");
    store.run("diff", &[last, last]).exits(0).says("0 changed, 3 equal");
    store.run("diff", &[first, last, "--kind", "scripts"]).exits(0).says("0 changed, 1 equal");
    store.run("diff", &[first, last, "--kind", "script"]).exits(2).complains("neither snapshot");
    let (_, told) = store.json("diff", &[last, last]);
    assert_eq!(told["differences"], serde_json::json!([]));
}

#[test]
fn diff_names_what_has_a_new_id_and_changed() {
    let store = Store::new();
    let new = "5f0000000000000000000001";
    let (mut facts, text) = import(1, 1);
    let old = std::mem::replace(&mut facts.id, new.into());
    let text = String::from_utf8(text).unwrap().replace(old.as_str(), new);
    let first = store.night(&[import(1, 0)]);
    store.night(&[(facts, text.into_bytes())]);
    let said = store.run("diff", &[first.as_str()]).exits(3).says("0 only in the second, 1 changed");
    said.complains(&format!("has a new id: {old}, now {new}"));
}

#[test]
fn export_tells_what_it_wrote_and_the_second_time_that_nothing_changed() {
    let (store, nights) = three_nights();
    store.run("export", &["--to", "out"]).exits(0).says("3 files; 3 written, 0 unchanged, 0 removed");
    store.run("export", &["--to", "out"]).exits(0).says("3 files; 0 written, 3 unchanged, 0 removed");
    let (_, told) = store.json("export", &[nights[0].as_str(), "--to", "out"]);
    assert_eq!((&told["written"], &told["unchanged"], &told["removed"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(files(&store.bench.path("out")).len(), 4);
    std::fs::write(store.bench.path("file"), "").unwrap();
    store
        .run("export", &["--to", "file"])
        .exits(1)
        .complains("cannot make file (something else is in the way");
}

#[test]
fn a_snapshot_is_named_by_what_only_it_begins_with() {
    let (store, nights) = three_nights();
    store.run("show", &["20260302"]).exits(0).says(nights[1].as_str());
    let said = store.run("show", &["2026"]).exits(2);
    assert!(nights.iter().all(|id| said.err.contains(id.as_str())), "{}", said.err);
    store.run("cat", &["1999", "import 1"]).exits(2).complains("`latest`");
    store.run("diff", &["2026"]).exits(2).complains("3 snapshots begin with 2026");
    store.run("show", &["../../etc"]).exits(2).complains("there is no snapshot");
}

#[test]
fn what_is_no_archive_is_said_and_not_made() {
    let store = Store::new();
    for command in ["list", "show", "check"] {
        store.run(command, &[]).exits(2).complains("the first backup makes it");
    }
    assert!(!store.path().exists());
    std::fs::create_dir(store.path()).unwrap();
    store.run("list", &[]).exits(2).complains("it is empty");
    std::fs::write(store.path().join("notes.txt"), "mine").unwrap();
    store.run("list", &[]).exits(2).complains("notes.txt");
    let url = store.bench.transship(&["archive", "list", "ftp://host/x"]).output().unwrap();
    super::store::Said::of(&url).exits(2).complains("ftp:// is not known");
}

#[test]
fn a_format_that_a_command_does_not_know_is_refused() {
    let (store, _) = three_nights();
    for (command, rest) in [("list", vec![]), ("show", vec![]), ("diff", vec!["20260301"]), ("check", vec![])]
    {
        store.run(command, &[&rest[..], &["--format", "html"]].concat()).exits(2).complains("json`");
    }
    store.run("diff", &["20260301", "--format", "csv"]).exits(2).complains("`--format text` or `json`");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let store = Store::new();
    store.night(&imports(0..2000));
    store.night(&imports(1000..3000));
    for rest in [
        vec!["show"],
        vec!["show", "--format", "json"],
        vec!["show", "--format", "csv"],
        vec!["diff", "20260301"],
    ] {
        let arguments = [&["archive", rest[0], "archive"], &rest[1..]].concat();
        let mut command = store.bench.transship(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        // The pipe is closed by now.
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), told.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn an_export_that_was_killed_anywhere_is_finished_by_the_next() {
    let store = Store::new();
    store.night(&imports(0..300));
    store.night(&imports(200..400));
    std::fs::create_dir(store.bench.path("out")).unwrap();
    let written = || files(&store.bench.path("out")).len();
    let mut draws = fastrand::Rng::with_seed(7);
    for snapshot in ["20260301", "20260302"] {
        for _ in 0..4 {
            let mut command =
                store.bench.transship(&["archive", "export", "archive", snapshot, "--to", "out"]);
            let mut child = command.stdout(Stdio::null()).spawn().unwrap();
            let (before, more) = (written(), draws.usize(1..100));
            while child.try_wait().unwrap().is_none() && written() < before + more {
                std::thread::yield_now();
            }
            // It may be done by now.
            let _ = child.kill();
            child.wait().unwrap();
        }
        store.run("export", &[snapshot, "--to", "out"]).exits(0);
    }
    let whole = files(&store.bench.path("out"));
    store.run("export", &["--to", "fresh"]).exits(0);
    assert_eq!(whole, files(&store.bench.path("fresh")));
}
