//! Undo of what a run knows only by having looked for it, and of what holds secrets that nobody is shown.

use std::rc::Rc;

use serde_json::json;

use crate::support::scenario::{Ran, Scenario, World, import};

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
