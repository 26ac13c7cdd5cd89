//! Deletions come last, and only after everything else is there.

use serde_json::json;

use super::migrate;
use crate::support::scenario::{Fault, Ran, World, id_of, import};

/// The intents in the journal of a run, in order.
fn intents(ran: &Ran) -> Vec<String> {
    let lines = ran.file("journal.jsonl");
    let records = lines.lines().filter(|line| line.contains("intended"));
    let operation = |line: &str| if line.contains("\"delete\"") { "delete" } else { "create" };
    records.map(|line| operation(line).to_owned()).collect()
}

#[test]
fn deletions_are_sent_after_everything_else() {
    let world = migrate(["a", "b", "c"]).target(&import("old 1")).target(&import("old 2")).start();
    let ran = world.run().expect_exit(0);
    assert_eq!(intents(&ran), ["create", "create", "create", "delete", "delete"]);
}

#[test]
fn nothing_is_deleted_where_an_import_could_not_be_made() {
    let world = migrate(["a", "b"]).target(&import("old")).start();
    world.fault(Fault::on_create(Fault::status(422)).named("b"));
    let ran = world
        .run()
        .expect_exit(4)
        .expect_target(["a", "old"])
        .expect_audit("b", "failed", "not_checked")
        .expect_audit("old", "unprocessed", "not_checked");
    let ran = ran.expect_stderr("nothing was deleted: run the job again").expect_calls(
        "DELETE",
        "/v1/imports/{id}",
        0,
    );
    assert!(!ran.stderr.contains("Go on:"), "{}", ran.stderr);
    world.no_faults();
    // To go on with it comes to the same, and says the same.
    let ran = world.resume(ran.folder()).expect_exit(4).expect_no_write().expect_stderr("run the job again");
    assert!(!ran.stderr.contains("Go on:"), "{}", ran.stderr);
    world.command(&["resume", "runs/run-1", "--quiet"]).expect_exit(4).expect_stderr("run the job again");
    let ran = world.command(&["retry", "runs/run-1"]).expect_exit(0).expect_target(["a", "b", "old"]);
    ran.expect_stderr("run the job again").expect_stderr("`retry` redoes what failed, and deletes nothing");
    world.run().expect_exit(0).expect_target(["a", "b"]);
}

#[test]
fn what_could_not_be_read_back_keeps_a_run_from_its_deletions_until_resume_reads_it() {
    let world = migrate(["a"]).target(&import("old")).start();
    world.fault(Fault::on("GET", "/v1/imports/*", Fault::status(403)).in_account("target"));
    world.run().expect_exit(4).expect_target(["a", "old"]).expect_stderr("Go on:   transship resume");
    world.no_faults();
    world.resume(&world.path("runs/run-1")).expect_exit(0).expect_target(["a"]);
}

#[test]
fn nothing_is_deleted_where_something_reads_back_different() {
    let world = migrate(["a"]).target(&import("old")).start();
    world.fault(Fault::on_create(Fault::slow_after(600)));
    let running = world.spawn_run(&["--quiet"]).until_journal("intended", 1);
    let running = running.until("it is made", || world.imports("target").len() == 2);
    world.edit("target", "a", "/description", json!("not what was sent"));
    running.finish().expect_exit(4).expect_target(["a", "old"]).expect_audit("a", "created", "differs");
}

#[test]
fn with_waves_the_deletions_are_one_more() {
    let scenario = migrate(["a", "b"]).job("waves", "[1, rest]").job("pause", "never");
    let world = scenario.target(&import("old")).start();
    let ran = world.run().expect_exit(0).expect_target(["a", "b"]);
    let ran = ran.expect_stderr("Wave 2 of 3");
    assert_eq!(intents(&ran), ["create", "create", "delete"]);
}

#[test]
fn a_run_that_was_killed_before_its_deletions_goes_on_with_them() {
    let world = migrate(["a"]).target(&import("old")).start();
    world.fault(Fault::on("DELETE", "/v1/imports/*", Fault::slow_before(60_000)));
    let running = world.spawn_run(&["--quiet"]).until_journal("\"delete\"", 1);
    running.signal("KILL").finish().expect_killed();
    world.no_faults();
    world.resume(&world.path("runs/run-1")).expect_exit(0).expect_target(["a"]);
}

#[test]
fn a_run_that_goes_on_later_deletes_only_what_a_plan_of_now_would_delete() {
    let step = |name: &str| json!({ "_importId": id_of("target", "imports", name), "type": "import" });
    let changes: [(&str, &str, &dyn Fn(&World)); 3] = [
        ("`source` has it by now: left alone", "stale", &|world| {
            world.load("source", &[import("old").in_account("source", 9)])
        }),
        ("`source` has it by now: left alone", "stale", &|world| {
            world.edit("source", "b", "/name", json!("old"))
        }),
        ("it is used by the flow \"New\": left alone", "conflict", &|world| {
            world.load_list("target", "flows", &[json!({ "_id": "5f7c579b6411271af4e7aaaa", "name": "New", "pageProcessors": [step("old 1")] })]);
        }),
    ];
    for (says, outcome, change) in changes {
        let world = migrate(["a", "b"])
            .job("waves", "[1, rest]")
            .job("pause", "never")
            .target(&import("old"))
            .start();
        world.fault(Fault::on_create(Fault::slow_before(60_000)).named("b"));
        let running = world.spawn_run(&["--quiet"]).until("a is made", || world.imports("target").len() == 2);
        running.until_journal("\"create\"", 2).signal("KILL").finish().expect_killed();
        world.no_faults();
        change(&world);
        let ran = world.resume(&world.path("runs/run-1")).expect_exit(3);
        ran.expect_audit("old", outcome, "not_checked")
            .expect_cell("old", "error_message", says)
            .expect_calls("DELETE", "/v1/imports/{id}", 0);
    }
}

#[test]
fn a_run_that_goes_on_later_ends_no_deletion_for_what_it_cannot_read() {
    let world =
        migrate(["a", "b"]).job("waves", "[1, rest]").job("pause", "never").target(&import("old")).start();
    world.fault(Fault::on_create(Fault::slow_before(60_000)).named("b"));
    let running = world.spawn_run(&["--quiet"]).until("a is made", || world.imports("target").len() == 2);
    running.until_journal("\"create\"", 2).signal("KILL").finish().expect_killed();
    for (status, exit) in [(401, 6), (403, 1)] {
        world.no_faults();
        world.fault(Fault::on("GET", "/v1/imports", Fault::status(status)).in_account("source"));
        world.resume(&world.path("runs/run-1")).expect_exit(exit).expect_target(["a", "old"]);
    }
    world.no_faults();
    // What somebody removed meanwhile is gone, as it is without a kill.
    world.remove("target", "old");
    let ran = world.resume(&world.path("runs/run-1")).expect_exit(0).expect_target(["a", "b"]);
    ran.expect_audit("old", "unchanged", "not_checked");
}

#[test]
fn a_deletion_that_failed_is_not_retried_by_itself_and_that_is_said() {
    let world = migrate(["a"]).target(&import("old")).start();
    world.fault(Fault::on("DELETE", "/v1/imports/*", Fault::status(403)));
    world.run().expect_exit(3).expect_audit("old", "failed", "not_checked");
    world.no_faults();
    world
        .command(&["retry", "runs/run-1"])
        .expect_exit(3)
        .expect_stderr("deleted only by a new run of the job: `transship show run-1` lists it");
}
