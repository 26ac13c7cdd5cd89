//! A disk that fills up, and a folder that cannot be written: nothing is sent that is not on the disk, and all is
//! finished once there is room.
//!
//! A limit on the size of files stands in for the full disk: it needs no rights, and fails in the middle of a write too.

use std::path::Path;
use std::process::Output;
use std::rc::Rc;

use serde_json::json;

use super::signals::in_shell;
use crate::support::scenario::{Scenario, World, import};

/// Runs a command that can write no file larger than that.
fn limited(world: &World, bytes: u64, words: &[&str]) -> (Option<i32>, String) {
    // The shell counts blocks of 512 bytes; without the signal the write fails instead of the process.
    let first = format!("trap '' XFSZ; ulimit -f {}", bytes / 512);
    let Output { status, stderr, .. } = in_shell(world, &first, words).output().unwrap();
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

fn size(folder: &Path, file: &str) -> u64 {
    std::fs::metadata(folder.join(file)).unwrap().len()
}

fn intents(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("journal.jsonl")).unwrap().matches("\"step\":\"intended\"").count()
}

fn forty() -> Rc<World> {
    Scenario::migrate([]).many(40).job("concurrency", "4").start()
}

#[test]
fn a_disk_that_fills_up_in_the_journal_stops_the_run_before_it_sends_what_is_not_on_it() {
    let undisturbed = forty().run().expect_exit(0);
    let (plan, journal) =
        (size(undisturbed.folder(), "plan.json"), size(undisturbed.folder(), "journal.jsonl"));
    assert!(plan < journal * 3 / 4, "the plan must fit where the journal does not: {plan} and {journal}");
    for share in [78, 85, 92] {
        let world = forty();
        let folder = world.path("runs/full");
        let limit = journal * share / 100;
        let (code, said) = limited(&world, limit, &["run", "JOB", "--run-dir", "runs/full"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("journal.jsonl") && said.contains("transship resume"), "{said}");
        assert!(world.imports("target").len() <= intents(&folder), "something was sent without its intent");
        let ran = world.resume(&folder).expect_exit(0).expect_all(40, "created", "equal");
        assert_eq!(world.imports("target").len(), 40);
        let run = folder.display().to_string();
        ran.world.command(&["verify", &run]).expect_exit(0);
    }
}

#[test]
fn a_disk_that_fills_up_while_what_is_overwritten_is_kept_stops_the_run_before_it_is_overwritten() {
    let mut scenario =
        Scenario::update([]).job("transform", "[{ set: { /oneToMany: true } }]").job("concurrency", "1");
    for number in 0..12 {
        // Far more to keep than to note.
        scenario =
            scenario.source(&import(&format!("i{number}")).set("/description", json!("x".repeat(4000))));
    }
    let world = scenario.start();
    let ran = world.spawn_run(&[]).until_journal("applied", 2).signal("KILL").finish().expect_killed();
    let folder = ran.folder().to_owned();
    let run = folder.display().to_string();
    let limit = size(&folder, "before.jsonl") + 10_000;
    let (code, said) = limited(&world, limit, &["resume", &run]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("before.jsonl") && said.contains("transship resume"), "{said}");
    let changed = world.imports("source").iter().filter(|import| import["oneToMany"] == true).count();
    assert!((2..12).contains(&changed) && changed <= intents(&folder), "{changed} changed");
    world.resume(&folder).expect_exit(0).expect_all(12, "updated", "equal");
    world.command(&["verify", &run]).expect_exit(0);
    world.command(&["undo", &run]).expect_exit(0);
    assert!(world.imports("source").iter().all(|import| import["oneToMany"] != true), "all is as it was");
}

#[test]
fn a_disk_that_has_no_room_for_the_report_says_so_and_resume_writes_it() {
    let undisturbed = Scenario::migrate(["a", "b"]).run().expect_exit(0);
    let limit = size(undisturbed.folder(), "report.html") - 512;
    let world = Scenario::migrate(["a", "b"]).start();
    let (code, said) = limited(&world, limit, &["run", "JOB", "--run-dir", "runs/full"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("report.html") && said.contains("transship resume"), "{said}");
    let folder = world.path("runs/full");
    world.resume(&folder).expect_exit(0).expect_no_write().expect_target(["a", "b"]);
    assert!(folder.join("report.html").exists());
    world.command(&["verify", &folder.display().to_string()]).expect_exit(0);
}

#[test]
fn a_disk_without_room_for_the_plan_leaves_neither_a_run_nor_a_call_behind() {
    let world = forty();
    let (code, said) = limited(&world, 2048, &["run", "JOB", "--run-dir", "runs/full"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot write"), "{said}");
    assert_eq!(std::fs::read_dir(world.path("runs")).unwrap().count(), 0, "not even a draft");
    assert!(world.imports("target").is_empty());
}

#[test]
fn a_folder_that_cannot_be_made_or_written_is_told_before_anything_is_sent() {
    let world = Scenario::migrate(["a"]).start();
    std::fs::write(world.path("taken"), "a file").unwrap();
    world
        .command(&["run", "JOB", "--run-dir", "taken/run"])
        .expect_exit(2)
        .expect_stderr("taken")
        .expect_no_write();
    std::fs::create_dir(world.path("readonly")).unwrap();
    let closed = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o500);
    std::fs::set_permissions(world.path("readonly"), closed).unwrap();
    // Who may write everywhere is not kept out by it.
    let free = std::fs::write(world.path("readonly/probe"), "").is_ok();
    if !free {
        world
            .command(&["run", "JOB", "--run-dir", "readonly/run"])
            .expect_exit(2)
            .expect_stderr("readonly")
            .expect_no_write();
    }
    assert!(world.imports("target").is_empty());
}
