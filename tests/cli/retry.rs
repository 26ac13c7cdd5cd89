//! `retry`: what a run did not get done is done, all of it, and what cannot be is told.

use serde_json::json;

use transship::emulator::Effect;

use crate::support::scenario::{Fault, Scenario, import};

#[test]
fn what_failed_is_done_however_much_stands_before_it_and_between() {
    // Each is as long as half of what is prepared in one go.
    let long = |name: &str| import(name).set("/mockResponse", json!({ "text": "x".repeat(600_000) }));
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let scenario = names.iter().fold(Scenario::migrate([]), |all, name| all.source(&long(name)));
    let world = scenario.start();
    for name in ["d", "h"] {
        world.fault(Fault::on_create(Fault::status(403)).named(name));
    }
    world.run().expect_exit(3).expect_count("created", 6).expect_count("failed", 2);
    world.no_faults();
    world.command(&["retry", "runs/run-1"]).expect_exit(0).expect_target(names);
}

#[test]
fn an_import_of_its_own_that_may_not_be_read_any_more_fails_alone() {
    for code in [403, 500] {
        let old = |name: &str| import(name).set("/description", json!("old"));
        let scenario = Scenario::migrate(["a", "b"]).target(&old("a")).target(&old("b"));
        let world = scenario
            .job("on_existing", "update")
            .job("retry", "{ attempts: 1, base: 1ms, cap: 1ms }")
            .start();
        world.fault(Fault::on("PUT", "/v1/imports/*", Fault::status(422)));
        world.run().expect_exit(3).expect_count("failed", 2);
        world.no_faults();
        let id = world.id("target", "a");
        // Neither does the list show it.
        world.remove("target", "a");
        world.fault(Fault::on("GET", &format!("/v1/imports/{id}"), Fault::status(code)));
        let retried = world.command(&["retry", "runs/run-1"]).expect_exit(3).expect_target(["b"]);
        retried.expect_stderr(&format!("{id} is its own, and it cannot be read"));
        assert!(world.import("target", "b")["description"].is_null(), "what failed beside it is done");
    }
}

#[test]
fn what_the_source_lost_in_between_is_told_and_not_passed_over() {
    let world = Scenario::migrate(["a", "b"]).start();
    for name in ["a", "b"] {
        world.fault(Fault::on_create(Fault::status(403)).named(name));
    }
    world.run().expect_exit(3).expect_count("failed", 2);
    world.no_faults();
    world.remove("source", "a");
    let ran = world.command(&["retry", "runs/run-1"]).expect_exit(3).expect_target(["b"]);
    ran.expect_stderr("`source` does not have it any more");
}

#[test]
fn what_was_asked_for_by_name_and_was_not_there_is_done_once_it_is() {
    let scenario = Scenario::migrate(["a"]).file("imports.csv", "name\na\nb\nc\n");
    let world = scenario.job("select", "{ manifest: imports.csv }").start();
    world.run().expect_exit(3).expect_count("created", 1).expect_count("failed", 2);
    world.load("source", &[import("b").in_account("source", 7)]);
    let ran = world.command(&["retry", "runs/run-1"]).expect_exit(3).expect_target(["a", "b"]);
    ran.expect_stderr("there is no such import in account `source`");
}

#[test]
fn what_was_to_be_deleted_and_is_gone_since_is_as_wanted() {
    let world = Scenario::delete(["a", "b"]).job("select", "{ names: [\"*\"] }").start();
    world.fault(Fault::on("DELETE", "/v1/imports/*", Fault::status(403)));
    world.run().expect_exit(3).expect_count("failed", 2);
    world.no_faults();
    world.remove("source", "a");
    world
        .command(&["retry", "runs/run-1"])
        .expect_exit(0)
        .expect_source([])
        .expect_stderr("1 was already as wanted");
}

#[test]
fn the_steps_of_an_update_are_not_applied_to_what_they_made() {
    let renaming = || {
        let scenario = Scenario::update(["a", "b"]);
        scenario.job("transform", r#"[{ rename: { find: "^", replace: "EU " } }]"#).start()
    };
    let changed = |pointer: &str, value: &str| {
        let effect = Effect::ChangeField { pointer: pointer.into(), value: json!(value), silently: false };
        Fault::on("PUT", "/v1/imports/*", effect).named("EU a")
    };
    // Somebody changed something else between the write and the read-back.
    let world = renaming();
    world.fault(changed("/description", "mine"));
    world.run().expect_exit(3).expect_audit("EU a", "updated", "differs");
    world.no_faults();
    let again = world.command(&["retry", "runs/run-1"]).expect_exit(0).expect_no_write();
    again.expect_source(["EU a", "EU b"]).expect_in_source("EU a", "/description", "mine");
    // The service kept something else than what was written.
    let world = renaming();
    world.fault(changed("/name", "lost"));
    world.run().expect_exit(3);
    world.no_faults();
    world.command(&["retry", "runs/run-1"]).expect_exit(0).expect_source(["EU a", "EU b"]);
}

#[cfg(debug_assertions)]
#[test]
fn a_backup_that_broke_off_is_nothing_to_redo() {
    let world = Scenario::migrate(["a", "b"]).start();
    world.fault(Fault::on_create(Fault::status(403)).named("b"));
    world.run().expect_exit(3).expect_stderr("transship retry");
    world.no_faults();
    let job =
        world.read("job.yaml").replace("action: migrate", "action: backup").replace("target: target\n", "");
    std::fs::write(world.path("backup.yaml"), format!("{job}archive: {{ path: archive }}\n")).unwrap();
    let mut backup = world.binary(&["run", "backup.yaml"]);
    let backup = backup.env("TRANSSHIP_CRASH", "archive.before_finish:1").output().unwrap();
    assert_eq!(backup.status.code(), None, "{}", String::from_utf8_lossy(&backup.stderr));
    let ran = world.command(&["retry"]).expect_exit(0).expect_target(["a", "b"]);
    ran.expect_stderr("the last run that left something to redo: runs/run-1");
}

#[test]
fn without_a_terminal_it_writes_only_where_somebody_agreed() {
    let world = Scenario::migrate(["a", "b"]).env("TRANSSHIP_YES", "0").start();
    world.fault(Fault::on_create(Fault::status(422)).named("b"));
    world.run_with(&["--yes"]).expect_exit(3);
    world.no_faults();
    world.command(&["retry", "runs/run-1"]).expect_exit(2).expect_stderr("--yes").expect_no_write();
    world.command(&["retry", "runs/run-1", "--yes"]).expect_exit(0).expect_target(["a", "b"]);
}
