//! An apply is a run like any other: stale imports, undo, resume, retry, approved plans.

use serde_json::json;

use super::{add, edit, exported, of, written};
use crate::support::scenario::{Fault, World, import};

#[test]
fn undo_takes_back_what_was_created_renamed_and_edited() {
    let world = exported(of(["a", "b", "c"]));
    let method =
        |world: &World| ["a", "b", "c"].map(|name| world.import("target", name)["http"]["method"].clone());
    let before = method(&world);
    edit(&world, "a", |file| file["http"]["method"] = json!(["PUT"]));
    edit(&world, "b", |file| file["name"] = json!("b2"));
    add(&world, "n.json", &written(&import("n"), "target"));
    let ran = world.run().expect_exit(0).expect_target(["a", "b2", "c", "n"]);
    world.command(&["undo", "runs/run-1"]).expect_exit(0);
    let ran = ran.expect_target(["a", "b", "c"]);
    assert_eq!(before, method(&ran.world));
}

#[test]
fn an_import_that_is_edited_while_the_run_goes_on_is_stale() {
    let world = exported(of(["a", "b"]));
    edit(&world, "a", |file| file["description"] = json!("edited"));
    edit(&world, "b", |file| file["description"] = json!("edited"));
    world.write_job("job.yaml", &[("concurrency", "1")]);
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::slow_before(400)).named("a"));
    let running = world.spawn_run(&["--quiet"]).until_journal("intended", 1);
    world.edit("target", "b", "/description", json!("theirs"));
    running
        .finish()
        .expect_exit(3)
        .expect_audit("a", "updated", "equal")
        .expect_audit("b", "stale", "not_checked")
        .expect_in_target("b", "/description", "theirs");
}

#[test]
fn a_run_that_was_cut_off_is_resumed_without_the_folder() {
    let world = exported(of(["a", "b"]));
    edit(&world, "a", |file| file["description"] = json!("edited"));
    add(&world, "n.json", &written(&import("n"), "target"));
    world.fault(Fault::on_create(Fault::slow_before(60_000)));
    let running = world.spawn_run(&["--quiet"]).until_journal("intended", 2);
    running.signal("KILL").finish().expect_killed();
    world.no_faults();
    std::fs::remove_dir_all(world.path("exported")).unwrap();
    world.resume(&world.path("runs/run-1")).expect_exit(0).expect_target(["a", "b", "n"]).expect_in_target(
        "a",
        "/description",
        "edited",
    );
}

#[test]
fn a_file_that_the_service_refuses_is_mended_and_retried() {
    let world = exported(of(["a"]));
    add(&world, "n.json", &written(&import("n"), "target"));
    world.fault(Fault::on_create(Fault::status(422)));
    world.run().expect_exit(3).expect_audit("n", "failed", "not_checked");
    world.no_faults();
    let mended = written(&import("n").set("/description", json!("mended")), "target");
    add(&world, "n.json", &mended);
    world.command(&["retry", "runs/run-1"]).expect_exit(0).expect_in_target("n", "/description", "mended");
}

#[test]
fn an_approved_plan_does_what_it_says_and_a_file_edited_since_is_stale() {
    let world = exported(of(["a", "b"]));
    edit(&world, "a", |file| file["description"] = json!("approved"));
    edit(&world, "b", |file| file["description"] = json!("approved"));
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    edit(&world, "b", |file| file["description"] = json!("later"));
    world
        .run_with(&["--plan", "plan.json"])
        .expect_exit(3)
        .expect_audit("a", "updated", "equal")
        .expect_audit("b", "stale", "not_checked");
}
