//! `archive check`: all is found, what it takes with it is named, one line says whether all is well.

use transship::archive::{Policy, PruneOptions};

use super::store::{Said, Store, flip, now, three_nights};
use super::support::{account, import, imports};
use crate::redacted;

#[test]
fn a_good_archive_is_told_in_one_line() {
    let (store, _) = three_nights();
    let said = store.run("check", &[]).exits(0);
    assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    assert!(said.out.starts_with("good       archive: 3 whole snapshots, all 5 blobs read"), "{}", said.out);
    assert_eq!(store.run("check", &["--quiet"]).exits(0).out, "");
    let (_, told) = store.json("check", &[]);
    assert_eq!((&told["good"], &told["blobs_read"], &told["all"]), (&true.into(), &5.into(), &true.into()));
    assert_eq!(told["damage"], serde_json::json!([]));
}

#[test]
fn damage_is_named_with_the_snapshots_and_imports_it_takes_with_it() {
    let (store, nights) = three_nights();
    flip(&store.blob(&import(1, 1).1));
    std::fs::remove_file(store.blob(&import(2, 0).1)).unwrap();
    let said = store.run("check", &[]).exits(3);
    let mut text = said.out.clone();
    for (id, word) in nights.iter().zip(["<first>", "<second>", "<third>"]) {
        text = text.replace(id.as_str(), word);
    }
    redacted!("damage", text);
    assert_eq!(store.run("check", &["--quiet"]).exits(3).out, said.out, "damage is never hidden");
    let (code, told) = store.json("check", &[]);
    assert_eq!((code, &told["good"]), (Some(3), &false.into()));
    let missing = told["damage"].as_array().unwrap().iter().find(|one| one["fault"] == "missing").unwrap();
    assert_eq!(missing["affected_count"], 2);
    assert_eq!(missing["affected"][0]["name"], "import 2");
    assert_eq!(missing["affected"][0]["snapshot"], nights[0].as_str());
}

#[test]
fn a_damaged_manifest_takes_its_whole_snapshot_with_it() {
    let (store, nights) = three_nights();
    flip(&store.manifest(&nights[1]));
    let whole = format!("takes the whole snapshot {} with it", nights[1]);
    store.run("check", &[]).exits(3).says(&whole).says("1 snapshot lost as a whole");
    let (_, told) = store.json("check", &[]);
    assert_eq!(told["damage"][0]["snapshot"], nights[1].as_str());
    // The others are as good as ever.
    store.run("cat", &["latest", "import 1"]).exits(0);
    store.run("show", &[nights[1].as_str()]).exits(3).complains("is damaged");
}

#[test]
fn two_manifests_that_were_exchanged_are_both_found() {
    let (store, nights) = three_nights();
    let [one, other] = [&nights[0], &nights[1]].map(|id| std::fs::read(store.manifest(id)).unwrap());
    std::fs::write(store.manifest(&nights[0]), other).unwrap();
    std::fs::write(store.manifest(&nights[1]), one).unwrap();
    let said = store.run("check", &[]).exits(3);
    assert!(nights[..2].iter().all(|id| said.out.contains(id.as_str())), "{}", said.out);
}

#[test]
fn a_snapshot_of_a_newer_program_is_said_to_be_one() {
    let (store, _) = three_nights();
    let header = store.path().join("archive.json");
    let text = std::fs::read_to_string(&header)
        .unwrap()
        .replace("\"transship_archive\": 1", "\"transship_archive\": 9");
    std::fs::write(&header, text).unwrap();
    store.run("check", &[]).exits(2).complains("format 9").complains("use a newer transship");
}

#[test]
fn a_share_is_read_each_time_until_all_was() {
    let store = Store::new();
    store.night(&imports(0..100));
    let mut read = 0;
    for _ in 0..4 {
        let (code, told) = store.json("check", &["--sample", "25%"]);
        assert_eq!((code, &told["turns"], &told["all"]), (Some(0), &4.into(), &false.into()));
        read += told["blobs_read"].as_u64().unwrap();
    }
    assert_eq!(read, 100, "four quarters are the whole, and nothing was read twice");
    store.run("check", &["--sample", "25"]).exits(0).says("all of them after 4 such checks");
    flip(&store.blob(&import(7, 0).1));
    let found = (0..4).filter(|_| store.run("check", &["--sample", "25%"]).code == Some(3)).count();
    assert_eq!(found, 1, "it is found when it is its turn");
}

#[test]
fn a_share_that_is_none_is_refused() {
    let (store, _) = three_nights();
    for bad in ["0%", "101%", "-5", "much", "", "NaN"] {
        store.run("check", &[&format!("--sample={bad}")]).exits(2).complains("--sample");
    }
}

#[test]
fn a_file_that_is_not_ours_is_noted_and_no_damage() {
    let (store, _) = three_nights();
    std::fs::write(store.path().join("blobs/README \u{1b}[31m.txt"), "mine").unwrap();
    std::fs::write(store.path().join("snapshots/.DS_Store"), "mine").unwrap();
    let said = store.run("check", &[]).exits(0).says("no file of ours").says(".DS_Store");
    assert!(!said.out.contains('\u{1b}'), "{:?}", said.out);
    // Nor does it hide the rest from the others.
    store.run("list", &[]).exits(0).says("3 snapshots");
    store.run("prune", &["--keep-last", "1"]).exits(0);
    assert!(store.path().join("blobs/README \u{1b}[31m.txt").exists());
}

#[test]
fn who_is_at_work_in_an_archive_is_named_and_the_code_is_7() {
    let (store, nights) = three_nights();
    let archive = store.open();
    let writer = now(archive.backup(account("eu"))).unwrap();
    store.run("prune", &["--keep-last", "1"]).exits(7).complains("a backup by process");
    store.run("prune", &["--keep-last", "1", "--dry-run"]).exits(0);
    // Reading goes on beside a backup.
    store.run("list", &[]).exits(0).says(nights[2].as_str());
    store.run("check", &[]).exits(0);
    drop(writer);
    // A process that another test begins just now may have the lock for a moment longer: it is this one's until it has its
    // own program.
    let prune = || now(archive.prune(PruneOptions::new(Policy { last: 1, ..Policy::default() })));
    let left = (0..1000).find_map(|_| prune().ok()).expect("the archive is free again");
    assert_eq!(left.decisions.iter().filter(|decision| decision.keep).count(), 1);
}

#[test]
fn an_archive_that_may_only_be_read_is_checked_all_the_same() {
    let (store, _) = three_nights();
    // Nobody can write a file where a folder is, whatever they may do otherwise.
    for name in ["lock", "checked.json"] {
        let path = store.path().join(name);
        let _ = std::fs::remove_file(&path);
        std::fs::create_dir_all(path.join("taken")).unwrap();
    }
    store.run("check", &[]).exits(0);
    let said: Said = store.run("prune", &["--keep-last", "1"]).exits(1);
    assert!(said.err.contains("cannot lock"), "{}", said.err);
}
