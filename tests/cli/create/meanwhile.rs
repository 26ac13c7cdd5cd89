//! A script that somebody else makes while a run is interrupted: used by the imports that need it, and nobody's to undo but theirs.

use serde_json::{Value, json};
use transship::emulator::Effect;

use super::{hooked, script, sharing};
use crate::support::scenario::{Fault, Ran, Scenario};

/// Two scripts, each with an import of a wave of its own; the run is killed before the second wave.
fn killed_after_the_first_wave() -> Ran {
    let scenario = Scenario::migrate([])
        .resource("source", "scripts", script("Check"))
        .resource("source", "scripts", script("Other"))
        .source(&hooked("a", "Check"))
        .source(&hooked("b", "Other"))
        .job("references", "{ create: [scripts] }")
        .job("waves", "[1, rest]")
        .job("pause", "never")
        .env("TRANSSHIP_CRASH", "call.after_answer:2");
    let ran = scenario.start().run().expect_killed().expect_list("scripts", ["Check"]);
    ran.world.set_env("TRANSSHIP_CRASH", "call.after_answer:99");
    ran
}

#[cfg(debug_assertions)]
#[test]
fn a_script_that_somebody_made_before_the_run_is_resumed_is_used_and_left_by_the_undo() {
    let ran = killed_after_the_first_wave();
    let world = std::rc::Rc::clone(&ran.world);
    let theirs =
        json!({ "name": "Other", "description": "of the source", "content": script("Other")["content"] });
    let (status, theirs) = world.call(reqwest::Method::POST, "target", "/v1/scripts", Some(&theirs));
    assert_eq!(status, 201);
    let folder = ran.folder().to_owned();
    let resumed = ran
        .resumed()
        .expect_exit(0)
        .expect_calls("POST", "/v1/scripts", 0)
        .expect_list("scripts", ["Check", "Other"])
        .expect_in_target("b", "/hooks/preMap/_scriptId", theirs["_id"].clone())
        .expect_audit("Check", "created", "equal")
        .expect_audit("Other", "unchanged", "not_checked")
        .expect_cell("Other", "error_code", "made_meanwhile")
        .expect_cell("Other", "target_id", theirs["_id"].as_str().unwrap())
        .expect_audit("b", "created", "equal");
    // Nothing was about to be sent for it.
    let item: u64 = resumed.row("Other")["item"].parse().unwrap();
    let is_its_intent = |record: Value| record["item"] == item && record["step"] == "intended";
    let journal = resumed.file("journal.jsonl");
    assert!(!journal.lines().any(|line| is_its_intent(serde_json::from_str(line).unwrap())), "{journal}");
    assert_eq!(world.resume(&folder).exit, Some(0));
    assert_eq!(world.command(&["verify", "runs/run-1"]).exit, Some(0));
    world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(0)
        .expect_target([])
        .expect_list("scripts", ["Other"]);
}

#[test]
fn a_script_that_another_run_made_belongs_to_that_run() {
    let world = sharing().fault(Fault::on("POST", "/v1/scripts", Effect::CutBefore).first(1)).start();
    let killed = world.spawn_run(&[]).until_journal("doubted", 1).signal("KILL").finish().expect_killed();
    world.run().expect_exit(0).expect_list("scripts", ["Check"]).expect_target(["a", "b", "c"]);
    killed
        .resumed()
        .expect_exit(0)
        .expect_calls("POST", "/v1/scripts", 0)
        .expect_audit("Check", "unchanged", "not_checked")
        .expect_audit("a", "unchanged", "not_checked");
    world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_calls("DELETE", "/v1/scripts/{id}", 0)
        .expect_list("scripts", ["Check"])
        .expect_target(["a", "b"]);
}
