//! The plan: reads only, and binds the run that is given it.

use crate::support::scenario::{Fault, Scenario, World, import};
use serde_json::json;
use std::rc::Rc;
use transship::emulator::Effect;

#[test]
fn a_plan_reads_and_never_writes() {
    Scenario::migrate(["a"]).command(["plan", "JOB"]).expect_exit(0).expect_no_write().expect_stdout("a");
}

#[test]
fn a_dry_run_sends_no_write_verb_and_leaves_no_run() {
    let world = Scenario::migrate(["a", "b"]).start();
    let ran = world.run_with(&["--dry-run"]).expect_exit(0).expect_no_write().expect_target([]);
    assert!(!ran.folder().exists());
    world.run().expect_exit(0).expect_target(["a", "b"]);
}

#[test]
fn a_dry_run_and_a_run_take_the_same_imports() {
    let world = Scenario::migrate(["Order 1", "Order 2", "Customer"])
        .job("select", r#"{ names: ["Order *"] }"#)
        .start();
    let dry = world.run_with(&["--dry-run"]).expect_exit(0);
    assert!(dry.stderr.contains("Order 1") && dry.stderr.contains("Order 2"), "{}", dry.stderr);
    assert!(!dry.stderr.contains("Customer"), "{}", dry.stderr);
    world.run().expect_target(["Order 1", "Order 2"]);
}

#[test]
fn plan_exit_code_tells_whether_there_are_changes() {
    let world = Scenario::migrate(["a"]).start();
    world.command(&["plan", "JOB", "--exit-code"]).expect_exit(5);
    world.run().expect_exit(0);
    world.command(&["plan", "JOB", "--exit-code"]).expect_exit(0);
}

/// A plan of the job in `plan.json`.
fn planned(scenario: Scenario) -> Rc<World> {
    let world = scenario.start();
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    world
}

#[test]
fn a_run_of_a_plan_does_what_the_plan_says() {
    planned(Scenario::migrate(["a", "b"]))
        .run_with(&["--plan", "plan.json"])
        .expect_exit(0)
        .expect_all(2, "created", "equal");
}

#[test]
fn a_plan_is_not_run_with_an_only_that_leaves_out_what_it_does() {
    let world = planned(Scenario::migrate(["a", "b"]));
    world
        .run_with(&["--plan", "plan.json", "--only", "a"])
        .expect_exit(2)
        .expect_stderr("`--only` leaves out the import \"b\"");
    world.command(&["plan", "JOB", "--only", "a", "--out", "plan.json"]).expect_exit(0);
    world.run_with(&["--plan", "plan.json", "--only", "a"]).expect_exit(0).expect_target(["a"]);
}

#[test]
fn what_was_not_in_the_plan_is_not_done() {
    let world = planned(Scenario::migrate(["a", "b"]).job("select", "{ exclude: { names: [late] } }"));
    let mut late = world.import("source", "a");
    late["name"] = json!("late comer");
    late["_id"] = json!("5a5a5a5a0000000000000fff");
    world.load("source", &[late]);
    world.run_with(&["--plan", "plan.json"]).expect_exit(0).expect_target(["a", "b"]);
}

#[test]
fn a_source_that_was_changed_since_is_stale_and_left_alone() {
    let world = planned(Scenario::migrate(["a", "b"]));
    world.edit("source", "b", "/description", json!("edited"));
    world
        .run_with(&["--plan", "plan.json"])
        .expect_exit(3)
        .expect_target(["a"])
        .expect_audit("a", "created", "equal")
        .expect_audit("b", "stale", "not_checked");
}

#[test]
fn a_source_that_is_gone_is_stale() {
    let world = planned(Scenario::migrate(["a", "b"]));
    world.remove("source", "b");
    world.run_with(&["--plan", "plan.json"]).expect_exit(3).expect_target(["a"]).expect_audit(
        "b",
        "stale",
        "not_checked",
    );
}

#[test]
fn what_appeared_in_the_target_since_is_stale_and_not_doubled() {
    let world = planned(Scenario::migrate(["a", "b"]));
    let mut there = world.import("source", "b");
    there["_id"] = json!("5b5b5b5b0000000000000fff");
    there["description"] = json!("of the target");
    world.load("target", &[there]);
    world.run_with(&["--plan", "plan.json"]).expect_exit(3).expect_target(["a", "b"]).expect_audit(
        "b",
        "stale",
        "not_checked",
    );
}

#[test]
fn what_was_equal_when_it_was_approved_is_equal_only_if_it_still_is() {
    let scenario = Scenario::migrate(["a", "b", "c", "d", "e"]).job("on_existing", "update");
    let world = scenario.start();
    world.run().expect_exit(0);
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    world.edit("target", "a", "/description", json!("of a colleague"));
    world.remove("target", "b");
    world.edit("source", "c", "/description", json!("edited"));
    world.remove("source", "d");
    let mut ran = world.run_with(&["--plan", "plan.json"]).expect_exit(3).expect_no_write();
    for name in ["a", "b", "c", "d"] {
        ran = ran.expect_audit(name, "stale", "not_checked");
    }
    ran.expect_audit("e", "unchanged", "equal").expect_cell(
        "d",
        "error_message",
        "no longer among the selected",
    );
}

/// A plan with `ignore: [/lastUsedAt]` is made, and then the service shows another value of that field.
fn planned_and_seen_since(action: &str, transform: &str, ignore: &str) -> Rc<World> {
    let scenario = Scenario::of(action, []).source(&import("a").set("/lastUsedAt", json!("SEEN-0")));
    let world = planned(scenario.job("transform", transform).job("ignore", ignore));
    let effect = || Effect::ReplaceBytes { find: "SEEN-0".to_owned(), with: "SEEN-1".to_owned() };
    for fault in [Fault::on_list(effect()), Fault::on("GET", "/v1/imports/*", effect())] {
        world.fault(fault.in_account("source"));
    }
    world
}

#[test]
fn what_is_ignored_does_not_make_an_approved_plan_stale() {
    for (action, transform, outcome) in [
        ("migrate", "[{ set: { /description: new } }]", "created"),
        ("update", "[{ set: { /description: new } }]", "updated"),
        ("clone", r#"[{ name: "{{ name }} c" }]"#, "cloned"),
    ] {
        let world = planned_and_seen_since(action, transform, "[/lastUsedAt]");
        let ran = world.run_with(&["--plan", "plan.json"]).expect_exit(0);
        assert_eq!(ran.audit()[0]["outcome"], outcome);
    }
    let world = planned_and_seen_since("update", "[{ set: { /description: new } }]", "[/other]");
    let ran =
        world.run_with(&["--plan", "plan.json"]).expect_exit(3).expect_audit("a", "stale", "not_checked");
    ran.expect_cell("a", "error_message", "its `lastModified` did not move");
}

#[test]
fn what_a_step_writes_where_the_job_ignores_differences_was_approved_too() {
    let copies = "[{ jq: '.description = .lastUsedAt' }]";
    let world = planned_and_seen_since("migrate", copies, "[/lastUsedAt, /description]");
    world.run_with(&["--plan", "plan.json"]).expect_exit(3).expect_audit("a", "stale", "not_checked");
}

#[test]
fn what_is_not_in_the_approved_plan_is_told() {
    let world = planned(Scenario::migrate(["a"]));
    world.load("source", &["late 1", "late 2"].map(|name| import(name).in_account("source", 77)));
    let ran = world.run_with(&["--plan", "plan.json"]).expect_exit(0).expect_target(["a"]);
    ran.expect_stderr("2 imports that a new plan would write or delete are not in the approved plan");
}

#[test]
fn a_part_of_an_approved_plan_says_nothing_of_the_rest() {
    let world = Scenario::migrate(["a"]).start();
    world.run().expect_exit(0);
    world.load("source", &[import("b").in_account("source", 77)]);
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    world.run_with(&["--plan", "plan.json", "--only", "b"]).expect_exit(0).expect_all(1, "created", "equal");
}

#[test]
fn a_run_of_another_plan_is_not_taken_for_that_of_this_one() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::status(401)).named("a"));
    let start = |more: &[&str]| {
        world.command(&[&["run", "JOB", "--run-dir", "same", "--or-resume", "--yes"], more].concat())
    };
    world.command(&["plan", "JOB", "--out", "all.json"]).expect_exit(0);
    world.command(&["plan", "JOB", "--only", "a", "--out", "a.json"]).expect_exit(0);
    start(&["--plan", "all.json"]).expect_exit(6);
    world.no_faults();
    // The same plan, made again when a part is done.
    world.command(&["plan", "JOB", "--out", "again.json"]).expect_exit(0);
    for other in [&["--plan", "a.json"][..], &["--only", "a"]] {
        start(other).expect_exit(2).expect_stderr("a run of another plan").expect_target([]);
    }
    start(&["--plan", "again.json"]).expect_exit(0).expect_target(["a", "b"]);
    world.load("source", &[import("c").in_account("source", 77)]);
    world.command(&["plan", "JOB", "--out", "c.json"]).expect_exit(0);
    start(&["--plan", "c.json"]).expect_exit(2).expect_target(["a", "b"]);
    start(&["--plan", "all.json"]).expect_exit(0);
}

#[test]
fn what_is_no_longer_selected_is_gone_however_the_plan_had_it() {
    let needy = import("b").set("/_connectionId", json!("@connections/Only here"));
    let world = Scenario::migrate(["a"]).source(&needy).start();
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(3);
    world.remove("source", "a");
    world.remove("source", "b");
    let ran = world.run_with(&["--plan", "plan.json"]).expect_exit(3).expect_no_write();
    ran.expect_audit("a", "stale", "not_checked").expect_audit("b", "stale", "not_checked");
}

#[test]
fn a_plan_of_another_job_is_refused() {
    let world = planned(Scenario::migrate(["a", "b"]));
    world.write_job("job.yaml", &[("on_existing", "update")]);
    world
        .run_with(&["--plan", "plan.json"])
        .expect_no_write()
        .expect_stderr("make the plan again")
        .expect_exit(2);
}

#[test]
fn existence_is_decided_by_a_live_read_and_not_by_an_old_run() {
    let world = Scenario::migrate(["a", "b"]).start();
    world.run().expect_exit(0);
    world.remove("target", "a");
    world.run().expect_exit(0).expect_audit("a", "created", "equal").expect_audit("b", "unchanged", "equal");
}

#[test]
fn a_rename_of_a_field_that_no_import_has_is_noted() {
    let renames = "[{ rename_field: { side: source, from: id, to: key } }, { rename_fields: f.csv }]";
    Scenario::update(["a"])
        .job("transform", renames)
        .file("f.csv", "side,from,to\nsource,idd,x\ntarget,id,y\nsource,z,z\n")
        .command(["plan", "JOB"])
        .expect_exit(0)
        .expect_stdout("step 2 (rename_fields, line")
        .expect_stdout("of the job) found none of these fields in any import: `idd` (source), `id` (target)");
}
