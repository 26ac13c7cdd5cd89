//! What an undo leaves alone, and what it does not: what the run never saw, secrets that nobody is shown, what other runs wrote, and
//! what is used by now.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::json;

use transship::emulator::Effect;

use crate::support::scenario::{Fault, Ran, Scenario, World, import};

fn undo(world: &Rc<World>) -> Ran {
    world.command(&["undo", "runs/run-1", "--yes"])
}

/// A run that is killed when its only create was answered, before that was recorded.
fn killed_after_its_create() -> Rc<World> {
    let world = Scenario::migrate(["a"]).env("TRANSSHIP_CRASH", "call.after_answer:1").start();
    let ran = world.run().expect_killed();
    assert!(!ran.file("journal.jsonl").contains("applied"));
    world.set_env("TRANSSHIP_CRASH", "call.after_answer:99");
    world
}

#[cfg(debug_assertions)]
#[test]
fn what_was_made_without_an_answer_is_removed_unless_somebody_touched_it_since() {
    undo(&killed_after_its_create()).expect_exit(0).expect_target([]);
    for (pointer, value, name) in [
        ("/name", json!("Orders of the night shift"), "Orders of the night shift"),
        ("/description", json!("mine"), "a"),
        // Saved as it was.
        ("/_connectionId", json!(null), "a"),
    ] {
        let world = killed_after_its_create();
        let value =
            if value.is_null() { world.import("target", "a")["_connectionId"].clone() } else { value };
        world.edit("target", "a", pointer, value);
        let ran = undo(&world).expect_exit(3).expect_calls("DELETE", "/v1/imports/{id}", 0);
        ran.expect_stderr("left alone");
        assert_eq!(world.import("target", name)["_connectionId"], import_connection(&world));
    }
}

fn import_connection(world: &World) -> serde_json::Value {
    world.imports("target")[0]["_connectionId"].clone()
}

#[cfg(debug_assertions)]
#[test]
fn what_a_list_shows_that_is_behind_the_delete_is_put_back_all_the_same() {
    let world = Scenario::delete(["a", "b"]).job("select", "{ names: [a] }").start();
    let list = world.imports("source");
    world.run().expect_exit(0).expect_source(["b"]);
    world.fault(Fault::on_list(Fault::says(200, json!(list))));
    let undone = undo(&world).expect_exit(0);
    world.no_faults();
    undone.expect_source(["a", "b"]);
}

#[test]
fn what_somebody_made_under_another_name_is_not_removed_in_the_place_of_what_was_never_made() {
    let world = Scenario::migrate(["a"]).env("TRANSSHIP_CRASH", "call.before_send:1").start();
    world.run().expect_killed();
    world.set_env("TRANSSHIP_CRASH", "call.after_answer:99");
    let mut other = world.as_in_target("a");
    other["name"] = json!("Quite different");
    world.load("target", &[other]);
    undo(&world).expect_exit(3).expect_target(["Quite different"]);
}

#[test]
fn a_secret_that_is_shown_masked_is_left_out_of_what_is_put_back_and_named() {
    let headers = json!([{ "name": "Authorization", "value": "******" }, { "name": "X", "value": "y" }]);
    let world = Scenario::update(["b"])
        .source(&import("a").set("/http/headers", headers))
        .job("transform", "[{ remove: [/http/headers] }]")
        .start();
    world.run().expect_exit(0).expect_audit("a", "updated", "equal");
    let ran = undo(&world).expect_exit(0).expect_in_source("a", "/http/headers/1/value", "y");
    assert_eq!(world.import("source", "a")["http"]["headers"][0], json!({ "name": "Authorization" }));
    ran.expect_stderr("1 secret");
}

#[test]
fn runs_are_undone_one_after_the_other_the_last_one_first() {
    for edited in [false, true] {
        let set = |text: &str| format!("[{{ set: {{ /description: {text} }} }}]");
        let world = Scenario::update(["a", "b"]).job("transform", &set("one")).start();
        world.run().expect_exit(0);
        world.write_job("job.yaml", &[("transform", &set("two"))]);
        world.run().expect_exit(0).expect_in_source("a", "/description", "two");
        // The first cannot be put back: its import holds what the second wrote.
        undo(&world).expect_exit(3).expect_in_source("a", "/description", "two");
        world.command(&["undo", "runs/run-2", "--yes"]).expect_exit(0).expect_in_source(
            "a",
            "/description",
            "one",
        );
        if edited {
            let there = world.import("source", "b");
            world.edit("source", "b", "/description", there["description"].clone());
        }
        // From within the folder of the runs, where a run has no more than its name.
        let line = "cd runs && transship undo run-1 --yes --settle 0";
        assert_eq!(world.shell(line).status.code(), Some(if edited { 3 } else { 0 }));
        assert_eq!(world.import("source", "a").get("description"), None);
        assert_eq!(world.import("source", "b").get("description").is_some(), edited);
    }
}

/// The run folders with a name that the program chose.
fn undos(world: &World) -> BTreeSet<String> {
    let names = std::fs::read_dir(world.path("runs")).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| name.starts_with("20")).collect()
}

#[test]
fn a_run_whose_undo_was_undone_is_undone_again_however_often() {
    for edited in [false, true] {
        let script = json!({ "name": "Check", "content": "function f() {}" });
        let hook = json!({ "function": "f", "_scriptId": "@scripts/Check" });
        let world = Scenario::migrate(["a"])
            .resource("source", "scripts", script)
            .source(&import("b").set("/hooks", json!({ "preMap": hook })))
            .job("references", "{ create: [scripts] }")
            .start();
        world.run().expect_exit(0);
        let made = world.id("target", "a");
        let mut last = "run-1".to_owned();
        for is_there in [false, true, false, true] {
            let before = undos(&world);
            world.command(&["undo", &format!("runs/{last}"), "--yes"]).expect_exit(0);
            last = undos(&world).difference(&before).next().unwrap().clone();
            assert_eq!(world.imports("target").len(), if is_there { 2 } else { 0 });
            assert_eq!(world.list("target", "scripts").len(), usize::from(is_there));
        }
        assert_eq!(world.id("target", "a"), made);
        if edited {
            // Saved as it was.
            let mut theirs = world.import("target", "a");
            theirs["lastModified"] = json!("2100-02-02T02:02:02.002Z");
            world.load("target", &[theirs]);
            undo(&world).expect_exit(3).expect_target(["a"]).expect_list("scripts", []);
        } else {
            undo(&world).expect_exit(0).expect_target([]).expect_list("scripts", []);
        }
    }
}

#[test]
fn what_a_retry_wrote_over_is_undone_behind_it() {
    let world = Scenario::migrate(["a"]).job("on_existing", "update").start();
    let effect = Effect::ChangeField { pointer: "/description".into(), value: json!("odd"), silently: false };
    world.fault(Fault::on_create(effect));
    world.run().expect_exit(3).expect_audit("a", "created", "differs");
    world.no_faults();
    world.command(&["retry", "runs/run-1"]).expect_exit(0);
    let folders = std::fs::read_dir(world.path("runs")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let retried = names.into_iter().find(|name| name.starts_with("20")).unwrap();
    world.command(&["undo", &format!("runs/{retried}"), "--yes"]).expect_exit(0).expect_in_target(
        "a",
        "/description",
        "odd",
    );
    undo(&world).expect_exit(0).expect_target([]);
}

#[test]
fn what_a_flow_uses_by_now_stays() {
    let world = Scenario::migrate(["a", "b"]).start();
    world.run().expect_exit(0);
    let uses = json!([{ "type": "import", "_importId": world.id("target", "a") }]);
    let flow = json!({ "_id": "5f0000000000000000000f01", "name": "Nightly", "pageProcessors": uses });
    world.load_list("target", "flows", &[flow]);
    let ran = undo(&world).expect_exit(3).expect_target(["a"]);
    ran.expect_stderr("it is used by the flow \"Nightly\": left alone; remove it from the flow first");
    world.load_list("target", "flows", &[json!({ "_id": "5f0000000000000000000f01", "name": "Nightly" })]);
    undo(&world).expect_exit(0).expect_target([]);
}

#[test]
fn one_import_that_cannot_be_taken_back_does_not_keep_the_others() {
    for fault in [
        Fault::on("GET", "/v1/imports/*", Fault::status(403)),
        Fault::on("DELETE", "/v1/imports/*", Fault::status(422)),
    ] {
        let stop = "{ failures: 1, consecutive: 1, differs: 1 }";
        let world = Scenario::migrate(["a", "b", "c"]).job("stop", stop).start();
        world.run().expect_exit(0);
        world.fault(fault.first(1));
        undo(&world).expect_exit(3);
        assert_eq!(world.imports("target").len(), 1);
    }
}
