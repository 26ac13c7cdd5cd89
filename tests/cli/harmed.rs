//! A run folder that was harmed: what is lost is named, what is not lost is undone, and nothing that is lost counts as never done.

use std::path::PathBuf;
use std::rc::Rc;

use serde_json::json;

use crate::support::scenario::{Fault, Scenario, World, import};

/// A run of three updates that was killed while the last was on its way, without effect.
fn killed() -> (Rc<World>, PathBuf) {
    let of = |name| import(name).set("/description", json!("old"));
    let scenario = ["a", "b", "c"].iter().fold(Scenario::update([]), |all, name| all.source(&of(name)));
    let world = scenario.job("transform", "[{ set: { /description: new } }]").job("concurrency", "1").start();
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::slow_before(5_000)).named("c"));
    let ran = world.spawn_run(&[]).until_journal("intended", 3).signal("KILL").finish().expect_killed();
    world.no_faults();
    (world, ran.folder().to_owned())
}

#[test]
fn a_killed_run_is_undone_without_the_documents_that_it_was_to_write() {
    for is_empty in [false, true] {
        let (world, folder) = killed();
        std::fs::remove_file(folder.join("wanted.jsonl")).unwrap();
        if is_empty {
            std::fs::write(folder.join("wanted.jsonl"), "").unwrap();
        }
        let ran = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3);
        ran.expect_in_source("a", "/description", json!("old")).expect_in_source(
            "b",
            "/description",
            json!("old"),
        );
    }
}

#[test]
fn a_killed_run_is_undone_but_for_what_its_documents_as_they_were_lack() {
    let (world, folder) = killed();
    let before = folder.join("before.jsonl");
    let text = std::fs::read_to_string(&before).unwrap();
    let first = text.split_inclusive('\n').next().unwrap();
    std::fs::write(&before, first).unwrap();
    let ran = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3);
    ran.expect_in_source("a", "/description", json!("old")).expect_stderr("before.jsonl lacks the document");
    assert_eq!(std::fs::read_to_string(&before).unwrap(), first);
}

#[test]
fn no_run_is_gone_on_with_whose_documents_as_they_were_end_in_the_middle_of_a_line() {
    let (world, folder) = killed();
    let before = folder.join("before.jsonl");
    let text = std::fs::read_to_string(&before).unwrap();
    for cut in [1, 20] {
        std::fs::write(&before, &text[..text.len() - cut]).unwrap();
        let ran = world.resume(&folder).expect_exit(1).expect_no_write();
        ran.expect_stderr("before.jsonl is damaged at line 3");
    }
    std::fs::write(&before, &text).unwrap();
    world.resume(&folder).expect_exit(0);
}

#[test]
fn a_journal_whose_end_was_lost_is_no_journal_with_a_torn_line() {
    let world = Scenario::delete(["a", "b", "c"]).job("select", "{ names: [\"*\"] }").start();
    let ran = world.run().expect_exit(0).expect_source([]);
    let (journal, before) = (ran.folder().join("journal.jsonl"), ran.folder().join("before.jsonl"));
    let (mut records, documents) = (std::fs::read(&journal).unwrap(), std::fs::read(&before).unwrap());
    let half = records.len() / 2;
    records[half..].fill(0);
    std::fs::write(&journal, &records).unwrap();
    let refused = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(1).expect_no_write();
    refused.expect_stderr("summary.json knows a record that is not there");
    assert_eq!(std::fs::read(&before).unwrap(), documents);
    // Without the other's word, what is left is undone, and nothing is cut off what was kept.
    std::fs::remove_file(ran.folder().join("summary.json")).unwrap();
    world.command(&["undo", "runs/run-1", "--yes"]);
    assert_eq!(std::fs::read(&before).unwrap(), documents);
}

#[test]
fn what_was_on_its_way_when_the_run_was_killed_is_in_doubt_in_every_report() {
    let (world, _) = killed();
    let ran = world.command(&["report", "runs/run-1", "--format", "csv"]);
    let mut rows = csv::Reader::from_reader(ran.stdout.as_bytes());
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    let row = rows.iter().find(|row| &row[7] == "c").unwrap();
    assert_eq!((&row[3], &row[12], &row[14]), ("unprocessed", "1", "in_doubt"));
    assert!(row[15].contains("cut off while this call was on its way"), "{row:?}");
}

#[test]
fn a_run_whose_resume_could_not_begin_is_intact() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::slow_before(5_000)).named("b"));
    let ran = world.spawn_run(&[]).until_journal("intended", 2).signal("KILL").finish().expect_killed();
    world.no_faults();
    let known = ran.folder().join("known.ids");
    let ids = std::fs::read(&known).unwrap();
    std::fs::remove_file(&known).unwrap();
    world.resume(ran.folder());
    std::fs::write(&known, ids).unwrap();
    let verified = world.command(&["verify", "runs/run-1"]).expect_exit(3);
    assert!(!verified.stdout.contains("damaged"), "{}", verified.stdout);
    world.resume(ran.folder()).expect_exit(0);
    world.command(&["verify", "runs/run-1"]).expect_exit(0);
}

#[test]
fn a_run_whose_journal_is_emptied_sends_nothing_more() {
    for file in ["journal.jsonl", "before.jsonl"] {
        let world = Scenario::update([]).many(10).job("transform", "[{ set: { /description: new } }]");
        let world = world.job("concurrency", "1").start();
        world.fault(Fault::on("PUT", "/v1/imports/*", Fault::slow_after(150)));
        let running = world.spawn_run(&[]).until_journal("applied", 2);
        std::fs::write(world.path("runs/run-1").join(file), "").unwrap();
        running.finish().expect_exit(1).expect_stderr("somebody else wrote to it");
        let written = world.imports("source").iter().filter(|import| import["description"] == "new").count();
        assert!(written < 6, "it went on writing");
    }
}
