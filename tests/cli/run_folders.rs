//! Folders of runs as others leave them: a journal that is lost, files of somebody else, links.

use std::rc::Rc;

use serde_json::json;

use crate::support::scenario::{Scenario, World, import};

/// An update of three imports that is killed after its second write, in the folder `rd`.
#[cfg(debug_assertions)]
fn killed() -> Rc<World> {
    let old = |name| import(name).set("/description", json!("old"));
    let world = Scenario::update([])
        .source(&old("a"))
        .source(&old("b"))
        .source(&old("c"))
        .job("concurrency", "1")
        .job("transform", "[{ set: { /description: new } }]")
        .start();
    let mut killed = world.binary(&["run", "JOB", "--run-dir", "runs/rd", "--or-resume"]);
    let killed = killed.env("TRANSSHIP_CRASH", "call.after_answer:2").output().unwrap();
    assert_eq!(killed.status.code(), None);
    world
}

#[cfg(debug_assertions)]
#[test]
fn a_run_whose_journal_is_lost_is_not_taken_for_one_that_never_began() {
    for is_empty in [true, false] {
        let world = killed();
        let journal = world.path("runs/rd/journal.jsonl");
        let kept = std::fs::read(&journal).unwrap();
        if is_empty {
            std::fs::write(&journal, "").unwrap();
        } else {
            std::fs::remove_file(&journal).unwrap();
        }
        let or_resume = ["run", "JOB", "--run-dir", "runs/rd", "--or-resume"];
        let others = [&["resume", "runs/rd"][..], &["undo", "runs/rd", "--yes"], &["retry", "runs/rd"]];
        for words in others.into_iter().chain([&or_resume[..]]) {
            let ran = world.command(words).expect_exit(1).expect_no_write();
            ran.expect_stderr("before.jsonl shows that the run began");
        }
        world.command(&["runs", "prune"]).expect_exit(0);
        // With its journal it is gone on with as if nothing had been.
        std::fs::write(&journal, kept).unwrap();
        world.command(&or_resume).expect_exit(0).expect_in_source("c", "/description", "new");
        let ran = world.command(&["undo", "runs/rd", "--yes"]).expect_exit(0);
        ran.expect_in_source("a", "/description", "old").expect_in_source("c", "/description", "old");
    }
}

#[cfg(debug_assertions)]
#[test]
fn nor_is_one_that_only_made_imports() {
    for point in ["call.before_send:1", "call.after_answer:2"] {
        let world = Scenario::migrate(["a", "b", "c"]).job("concurrency", "1").start();
        let words = ["run", "JOB", "--run-dir", "runs/rd", "--or-resume"];
        let killed = world.binary(&words).env("TRANSSHIP_CRASH", point).output().unwrap();
        assert_eq!(killed.status.code(), None);
        std::fs::write(world.path("runs/rd/journal.jsonl"), "").unwrap();
        for words in [&words[..], &["resume", "runs/rd"], &["undo", "runs/rd", "--yes"]] {
            let ran = world.command(words).expect_exit(1).expect_no_write();
            ran.expect_stderr("shows that the run began");
        }
    }
}

#[test]
fn a_job_and_its_plan_are_not_what_a_run_left() {
    let world = Scenario::migrate(["a"]).start();
    std::fs::create_dir(world.path("rd")).unwrap();
    std::fs::rename(world.path("job.yaml"), world.path("rd/job.yaml")).unwrap();
    world.command(&["plan", "rd/job.yaml", "--out", "rd/plan.json"]).expect_exit(0);
    let words = ["run", "rd/job.yaml", "--plan", "rd/plan.json", "--run-dir", "rd", "--or-resume"];
    world.command(&words).expect_exit(2).expect_stderr("not empty").expect_no_write();
    assert!(world.path("rd/job.yaml").exists() && world.path("rd/plan.json").exists());
}

#[cfg(debug_assertions)]
#[test]
fn what_a_run_left_that_never_began_stays_where_its_job_is_run_from_there() {
    let world = Scenario::migrate(["a"]).start();
    let words = ["run", "JOB", "--run-dir", "rd", "--or-resume"];
    let killed = world.binary(&words).env("TRANSSHIP_CRASH", "journal.created").output().unwrap();
    assert_eq!(killed.status.code(), None);
    let from_there = ["run", "rd/job.yaml", "--run-dir", "rd", "--or-resume"];
    world.command(&from_there).expect_exit(2).expect_no_write();
    assert!(world.path("rd/job.yaml").exists());
    world.command(&words).expect_exit(0).expect_target(["a"]);
}

#[test]
fn a_link_to_an_empty_folder_is_a_place_for_a_run() {
    let world = Scenario::migrate(["a"]).start();
    std::fs::create_dir(world.path("real")).unwrap();
    std::os::unix::fs::symlink(world.path("real"), world.path("rd")).unwrap();
    for _ in 0..2 {
        world.command(&["run", "JOB", "--run-dir", "rd", "--or-resume"]).expect_exit(0).expect_target(["a"]);
    }
    assert!(world.path("rd").is_symlink() && world.path("real/journal.jsonl").exists());
}

#[test]
fn commands_that_are_told_do_what_they_say_in_the_shell_they_were_told_in() {
    let world = Scenario::migrate(["a"]).start();
    let told = |line: &str, before: &str| {
        let output = world.shell(line);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{line}: {stderr}");
        let found = stderr.lines().find_map(|line| line.strip_prefix(before)).map(str::trim);
        found.unwrap_or_else(|| panic!("{line}: {stderr}")).to_owned()
    };
    for (line, undo) in [
        ("transship run job.yaml --run-dir 'my runs/one'", "transship undo 'my runs/one'"),
        ("transship run job.yaml --run-dir 'it'\\''s one'", "transship undo 'it'\\''s one'"),
        (
            "transship run job.yaml --run-dir other/20260101T000000Z-x-ab12 --runs other",
            "transship undo other/20260101T000000Z-x-ab12",
        ),
        ("transship run job.yaml --run-dir runs/20260101T000000Z-x-ab12", "transship undo ab12"),
        (
            "transship run job.yaml --run-dir two --emulator-data 'my data'",
            "transship undo two --emulator-data 'my data'",
        ),
        ("TRANSSHIP_EMULATOR_DATA=data transship run job.yaml --run-dir three", "transship undo three"),
    ] {
        let command = told(line, "Back:");
        assert_eq!(command, undo, "{line}");
        assert!(world.shell(&format!("{command} --yes")).status.success(), "{command}");
    }
}
