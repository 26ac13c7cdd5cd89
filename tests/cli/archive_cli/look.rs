//! Looking into an archive: `list`, `show`, `cat`, `diff`, `export`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::shelf::{Shelf, flip, script, three_nights};
use super::support::{files, import, imports};
use crate::redacted;

#[test]
fn list_shows_each_snapshot_with_its_counts_and_what_all_of_it_takes() {
    let (shelf, nights) = three_nights();
    let said = shelf.run("list", &[]).exits(0);
    redacted!("list", said.out);
    let (code, told) = shelf.json("list", &[]);
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
    let (shelf, nights) = three_nights();
    flip(&shelf.manifest(&nights[1]));
    std::fs::write(shelf.manifest(&nights[0]), "").unwrap();
    let said = shelf.run("list", &["--format", "csv"]).exits(3);
    let mut reader = csv::Reader::from_reader(said.out.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let row = |id: &str| rows.iter().find(|row| &row[0] == id).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(&row(nights[0].as_str())[11], "it is empty");
    assert_eq!(&row(nights[2].as_str())[4], "2");
}

#[test]
fn list_names_what_is_damaged_and_ends_with_3() {
    let (shelf, nights) = three_nights();
    std::fs::remove_file(shelf.manifest(&nights[1])).unwrap();
    let damaged = format!("damaged {}: its manifest is missing", nights[1]);
    shelf.run("list", &[]).exits(3).says(&damaged).says("2 snapshots");
    let (_, told) = shelf.json("list", &[]);
    assert_eq!(told["damaged"][0]["id"], nights[1].as_str());
}

#[test]
fn list_of_one_account_shows_its_snapshots_only() {
    let shelf = Shelf::new();
    let eu = shelf.night(&imports(0..2));
    let us = shelf.night_of("us", &imports(0..1), &[]);
    let said = shelf.run("list", &["--account", "us"]).exits(0).says(us.as_str());
    assert!(!said.out.contains(eu.as_str()));
    shelf.run("list", &["--account", "asia"]).exits(2).complains("it has eu, us");
}

#[test]
fn of_several_accounts_the_latest_snapshot_is_that_of_the_one_that_is_named() {
    let shelf = Shelf::new();
    let eu = shelf.night(&imports(0..2));
    let us = shelf.night_of("us", &imports(0..1), &[]);
    shelf.night_of("eu", &imports(1..2), &[]);
    for (command, latest, rest) in [
        ("show", "", &[][..]),
        ("show", "latest", &[]),
        ("cat", "latest", &["import 1"]),
        ("diff", "latest", &[]),
        ("export", "", &["--to", "out"]),
        ("drill", "latest", &[]),
    ] {
        let snapshot: &[&str] = if latest.is_empty() { &[] } else { &[latest] };
        shelf.run(command, &[snapshot, rest].concat()).exits(2).complains(
            "error: archive holds snapshots of 2 accounts, eu and us: name one with --account eu, or name a snapshot",
        );
        let told = shelf.run(command, &[snapshot, rest, &["--account", "eu"]].concat());
        // What a drill restores refers to what is not in the backup.
        let code = if command == "drill" { 3 } else { 0 };
        assert_eq!(told.code, Some(code), "{command} {latest}: {}", told.told());
        // There is no job that a map could stand in.
        assert!(!told.out.contains("references.map"), "{}", told.told());
    }
    shelf.run("show", &["--account", "us"]).exits(0).says(us.as_str());
    // Beside a first snapshot that is named, the latest is that of its account.
    shelf.run("diff", &[us.as_str(), "latest"]).exits(0);
    shelf.run("diff", &[eu.as_str(), "latest"]).exits(3);
}

#[test]
fn an_export_does_not_replace_the_files_of_another_account() {
    let shelf = Shelf::new();
    shelf.night(&imports(0..2));
    shelf.night_of("us", &imports(5..6), &[]);
    shelf.run("export", &["--to", "out", "--account", "eu"]).exits(0);
    let written = files(&shelf.bench.path("out"));
    shelf
        .run("export", &["--to", "out", "--account", "us"])
        .exits(2)
        .complains("out holds an export of account `eu`, and this snapshot is of account `us`")
        .complains("choose another folder");
    assert_eq!(files(&shelf.bench.path("out")), written);
    shelf.run("export", &["--to", "out", "--account", "eu"]).exits(0).says("0 written, 2 unchanged");
}

#[test]
fn show_tells_what_a_snapshot_holds_and_lists_it() {
    let (shelf, nights) = three_nights();
    let said = shelf.run("show", &[]).exits(0);
    redacted!("show", said.out);
    assert_eq!(said.out, shelf.run("show", &["latest"]).exits(0).out);
    assert_eq!(said.out, shelf.run("show", &[nights[2].as_str()]).exits(0).out);
    let (_, told) = shelf.json("show", &["--kind", "scripts"]);
    assert_eq!(told["snapshot"]["counts"]["imports"], 2);
    let entries = told["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["name"]), (1, &"script 1".into()));
    let said = shelf.run("show", &["--format", "csv"]).exits(0);
    assert_eq!(csv::Reader::from_reader(said.out.as_bytes()).records().count(), 3);
    shelf.run("show", &["--kind", "flows"]).exits(2).complains("it holds imports, scripts");
}

#[test]
fn show_of_an_import_tells_when_it_appeared_changed_and_was_gone() {
    let shelf = Shelf::new();
    for documents in [
        vec![import(1, 0)],
        vec![import(1, 0), import(2, 0)],
        vec![import(1, 1), import(2, 0)],
        vec![import(2, 0)],
        vec![import(1, 1), import(2, 0)],
        vec![import(1, 2), import(2, 0)],
    ] {
        shelf.night(&documents);
    }
    let said = shelf.run("show", &["--import", "import 1"]).exits(0);
    redacted!("history", said.out);
    let by_id = shelf.run("show", &["--import", &format!("{:024x}", 1)]).exits(0);
    assert_eq!(by_id.out, said.out);
    let none = shelf.run("show", &["--import", "import 1", "--diff", "none"]).exits(0);
    assert!(!none.out.contains("mapping["), "{}", none.out);
    let (_, told) = shelf.json("show", &["--import", "import 1"]);
    let states: Vec<_> =
        told[0]["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["there", "changed", "gone", "back", "changed"]);
    assert_eq!(told[0]["steps"][1]["changes"][0]["path"], "mapping[b0].generate");
    shelf.run("show", &["--import", "no such"]).exits(2).complains("no such");
}

#[test]
fn a_version_that_cannot_be_read_does_not_hide_the_others() {
    let (shelf, _) = three_nights();
    flip(&shelf.blob(&import(1, 0).1));
    shelf.run("show", &["--import", "import 1"]).exits(3).says("cannot be compared");
    let said = shelf.run("diff", &["20260301"]).exits(3).says("cannot be compared").says("import 2");
    assert!(said.out.contains("1 only in the first"), "{}", said.out);
}

#[test]
fn a_snapshot_that_cannot_be_read_is_passed_over_by_a_history_and_named() {
    let (shelf, nights) = three_nights();
    std::fs::write(shelf.manifest(&nights[1]), "harm").unwrap();
    let said = shelf.run("show", &["--import", "import 1"]).exits(0);
    let said = said.complains("1 damaged snapshot is passed over");
    assert!(said.out.contains(nights[2].as_str()) && !said.out.contains(nights[1].as_str()), "{}", said.out);
}

#[test]
fn where_the_latest_snapshot_cannot_be_read_nobody_takes_the_one_before_it_in_silence() {
    for is_gone in [false, true] {
        let (shelf, nights) = three_nights();
        let manifest = shelf.manifest(&nights[2]);
        if is_gone {
            std::fs::remove_file(manifest).unwrap();
        } else {
            std::fs::write(manifest, "harm").unwrap();
        }
        let told = format!("warning: snapshot {} cannot be read", nights[2]);
        let used = format!("{}, which is older, is used", nights[1]);
        let to = shelf.bench.path("files");
        let to = to.to_str().unwrap();
        for (command, words) in [
            ("show", &[][..]),
            ("show", &["--account", "eu"]),
            ("cat", &["latest", "import 1"]),
            ("export", &["--to", to]),
            ("diff", &[nights[0].as_str()]),
            ("diff", &["latest", nights[1].as_str()]),
        ] {
            shelf.run(command, words).exits(3).complains(&told).complains(&used);
        }
        let said = shelf.run("show", &[nights[1].as_str()]).exits(0);
        assert!(
            !said.err.contains("cannot be read"),
            "one that is named is what was asked for: {}",
            said.err
        );
    }
    // What is older than the one that is used is of no account.
    let (shelf, nights) = three_nights();
    std::fs::remove_file(shelf.manifest(&nights[0])).unwrap();
    shelf.run("show", &[]).exits(0).says(nights[2].as_str());
    for night in &nights[1..] {
        std::fs::remove_file(shelf.manifest(night)).unwrap();
    }
    for words in [&[][..], &["--account", "eu"]] {
        shelf.run("show", words).exits(3).complains("no whole snapshot").complains(nights[2].as_str());
    }
    shelf.run("drill", &[]).exits(3).complains("no whole snapshot").complains(nights[2].as_str());
}

#[test]
fn an_archive_whose_header_is_damaged_says_to_put_it_back() {
    let (shelf, _) = three_nights();
    let header = shelf.path().join("archive.json");
    let text = std::fs::read(&header).unwrap();
    std::fs::write(&header, &text[..text.len() / 2]).unwrap();
    shelf.run("list", &[]).exits(3).complains("put it back from a copy");
    std::fs::remove_file(&header).unwrap();
    shelf.run("list", &[]).exits(2).complains("its archive.json is gone").complains("put the file back");
}

#[test]
fn a_secret_that_changed_is_told_and_not_shown() {
    let shelf = Shelf::new();
    let with = |secret: &str| {
        let (facts, text) = import(1, 0);
        let mut document: serde_json::Value = serde_json::from_slice(&text).unwrap();
        document["http"]["headers"] =
            serde_json::json!([{ "name": "Authorization", "value": format!("Bearer {secret}") }]);
        document["mockResponse"] = serde_json::json!([{ "customer": secret }]);
        let fingerprint = transship::documents::normal::fingerprint(&document);
        (transship::archive::Facts { fingerprint, ..facts }, document.to_string().into_bytes())
    };
    shelf.night(&[with("tuesday")]);
    shelf.night(&[with("wednesday")]);
    for (command, rest) in [("diff", ["20260301", "latest"]), ("show", ["--import", "import 1"])] {
        for format in ["text", "json"] {
            let said = shelf.run(command, &[&rest[..], &["--diff", "full", "--format", format]].concat());
            assert!(said.out.contains("http"), "{}", said.told());
            assert!(!said.out.contains("tuesday") && !said.out.contains("wednesday"), "{}", said.told());
        }
    }
}

#[test]
fn cat_prints_the_very_bytes() {
    let (shelf, nights) = three_nights();
    let printed = |arguments: &[&str]| {
        let all = [&["archive", "cat", "archive"], arguments].concat();
        shelf.bench.expect(0, &all).stdout
    };
    assert_eq!(printed(&[nights[0].as_str(), "import 1"]), import(1, 0).1);
    assert_eq!(printed(&["latest", "import 1"]), import(1, 1).1);
    assert_eq!(printed(&["latest", &format!("{:024x}", 3)]), import(3, 0).1);
    assert_eq!(printed(&["latest", "script 1", "--kind", "scripts"]), script(1, "return 1;").1);
    shelf.run("cat", &["latest", "script 1"]).exits(2).complains("--kind scripts");
    shelf.run("cat", &["latest", "import 2"]).exits(2).complains("archive show");
}

#[test]
fn cat_of_a_name_that_many_have_lists_their_ids() {
    let shelf = Shelf::new();
    let ids = [1, 2].map(|number| format!("{number:024x}"));
    let twins: Vec<_> = ids.iter().map(|id| super::support::named(id, "twin", 0)).collect();
    shelf.night(&twins);
    let said = shelf.run("cat", &["latest", "twin"]).exits(2).complains(&ids[0]).complains(&ids[1]);
    assert_eq!(said.out, "");
    shelf.run("cat", &["latest", &ids[1]]).exits(0).says(&ids[1]);
}

#[test]
fn cat_of_a_damaged_document_prints_nothing() {
    let (shelf, _) = three_nights();
    flip(&shelf.blob(&import(1, 1).1));
    let said = shelf.run("cat", &["latest", "import 1"]).exits(3).complains("archive check");
    assert_eq!(said.out, "");
}

#[test]
fn diff_tells_what_differs_and_ends_with_3_if_something_does() {
    let (shelf, nights) = three_nights();
    let (first, last) = (nights[0].as_str(), nights[2].as_str());
    let said = shelf.run("diff", &[first]).exits(3);
    redacted!("diff", said.out);
    assert_eq!(said.out, shelf.run("diff", &[first, last]).exits(3).out);
    let (_, told) = shelf.json("diff", &[first]);
    let totals = serde_json::json!({ "only_in_first": 1, "only_in_second": 1, "changed": 1, "equal": 1 });
    assert_eq!(told["totals"], totals);
    let changed =
        told["differences"].as_array().unwrap().iter().find(|one| one["state"] == "changed").unwrap();
    assert_eq!(changed["document"]["name"], "import 1");
    assert_eq!(changed["changes"][0]["path"], "mapping[b0].generate");
    shelf.run("diff", &[last, last]).exits(0).says("0 changed, 3 equal");
    shelf.run("diff", &[first, last, "--kind", "scripts"]).exits(0).says("0 changed, 1 equal");
    shelf.run("diff", &[first, last, "--kind", "script"]).exits(2).complains("neither snapshot");
    let (_, told) = shelf.json("diff", &[last, last]);
    assert_eq!(told["differences"], serde_json::json!([]));
}

#[test]
fn diff_names_what_has_a_new_id_and_changed() {
    let shelf = Shelf::new();
    let new = "5f0000000000000000000001";
    let (mut facts, text) = import(1, 1);
    let old = std::mem::replace(&mut facts.id, new.into());
    let text = String::from_utf8(text).unwrap().replace(old.as_str(), new);
    let first = shelf.night(&[import(1, 0)]);
    shelf.night(&[(facts, text.into_bytes())]);
    let said = shelf.run("diff", &[first.as_str()]).exits(3).says("0 only in the second, 1 changed");
    said.complains(&format!("has a new id: {old}, now {new}"));
}

#[test]
fn export_tells_what_it_wrote_and_the_second_time_that_nothing_changed() {
    let (shelf, nights) = three_nights();
    shelf.run("export", &["--to", "out"]).exits(0).says("3 files; 3 written, 0 unchanged, 0 removed");
    shelf.run("export", &["--to", "out"]).exits(0).says("3 files; 0 written, 3 unchanged, 0 removed");
    let (_, told) = shelf.json("export", &[nights[0].as_str(), "--to", "out"]);
    assert_eq!((&told["written"], &told["unchanged"], &told["removed"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(files(&shelf.bench.path("out")).len(), 4);
    std::fs::write(shelf.bench.path("file"), "").unwrap();
    shelf
        .run("export", &["--to", "file"])
        .exits(1)
        .complains("cannot make file (something else is in the way");
}

#[test]
fn a_snapshot_is_named_by_what_only_it_begins_with() {
    let (shelf, nights) = three_nights();
    shelf.run("show", &["20260302"]).exits(0).says(nights[1].as_str());
    let said = shelf.run("show", &["2026"]).exits(2);
    assert!(nights.iter().all(|id| said.err.contains(id.as_str())), "{}", said.err);
    shelf.run("cat", &["1999", "import 1"]).exits(2).complains("`latest`");
    shelf.run("diff", &["2026"]).exits(2).complains("3 snapshots begin with 2026");
    shelf.run("show", &["../../etc"]).exits(2).complains("there is no snapshot");
}

#[test]
fn what_is_no_archive_is_said_and_not_made() {
    let shelf = Shelf::new();
    for command in ["list", "show", "check"] {
        shelf.run(command, &[]).exits(2).complains("the first backup makes it");
    }
    assert!(!shelf.path().exists());
    std::fs::create_dir(shelf.path()).unwrap();
    shelf.run("list", &[]).exits(2).complains("it is empty");
    std::fs::write(shelf.path().join("notes.txt"), "mine").unwrap();
    shelf.run("list", &[]).exits(2).complains("notes.txt");
    let url = shelf.bench.transship(&["archive", "list", "ftp://host/x"]).output().unwrap();
    super::shelf::Said::of(&url).exits(2).complains("ftp:// is not known");
}

#[test]
fn a_format_that_a_command_does_not_know_is_refused() {
    let (shelf, _) = three_nights();
    for (command, rest) in [("list", vec![]), ("show", vec![]), ("diff", vec!["20260301"]), ("check", vec![])]
    {
        shelf.run(command, &[&rest[..], &["--format", "html"]].concat()).exits(2).complains("json`");
    }
    shelf.run("diff", &["20260301", "--format", "csv"]).exits(2).complains("`--format text` or `json`");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let shelf = Shelf::new();
    shelf.night(&imports(0..2000));
    shelf.night(&imports(1000..3000));
    for rest in [
        vec!["show"],
        vec!["show", "--format", "json"],
        vec!["show", "--format", "csv"],
        vec!["diff", "20260301"],
    ] {
        let arguments = [&["archive", rest[0], "archive"], &rest[1..]].concat();
        let mut command = shelf.bench.transship(&arguments);
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
    let shelf = Shelf::new();
    shelf.night(&imports(0..300));
    shelf.night(&imports(200..400));
    std::fs::create_dir(shelf.bench.path("out")).unwrap();
    let written = || files(&shelf.bench.path("out")).len();
    let mut draws = fastrand::Rng::with_seed(7);
    for snapshot in ["20260301", "20260302"] {
        for _ in 0..4 {
            let mut command =
                shelf.bench.transship(&["archive", "export", "archive", snapshot, "--to", "out"]);
            let mut child = command.stdout(Stdio::null()).spawn().unwrap();
            let (before, more) = (written(), draws.usize(1..100));
            while child.try_wait().unwrap().is_none() && written() < before + more {
                std::thread::yield_now();
            }
            // It may be done by now.
            let _ = child.kill();
            child.wait().unwrap();
        }
        shelf.run("export", &[snapshot, "--to", "out"]).exits(0);
    }
    let whole = files(&shelf.bench.path("out"));
    shelf.run("export", &["--to", "fresh"]).exits(0);
    assert_eq!(whole, files(&shelf.bench.path("fresh")));
}
