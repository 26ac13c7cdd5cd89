//! Undo removes what a run created for its imports, after them, and leaves alone what is not its own any more.

use serde_json::json;

use super::{hooked, script, sharing};
use crate::support::scenario::{Fault, World, import};

/// Somebody else changes a resource of the target.
fn edit(world: &World, list: &str, key: &str, value: serde_json::Value) {
    let mut document = world.resources("target", list).remove(0);
    document[key] = value;
    let path = format!("/v1/{list}/{}", document["_id"].as_str().unwrap());
    assert_eq!(world.call(reqwest::Method::PUT, "target", &path, Some(&document)).0, 200);
}

#[test]
fn undo_removes_the_imports_and_then_what_was_created_for_them_and_nothing_else() {
    let world = sharing().resource("target", "scripts", script("Mine")).target(&import("mine")).start();
    world.run().expect_exit(0).expect_list("scripts", ["Check", "Mine"]);
    let ran = world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(0)
        .expect_list("scripts", ["Mine"])
        .expect_target(["mine"])
        .expect_stderr("delete    script \"Check\"");
    let runs = std::fs::read_dir(world.path("runs")).unwrap().map(|run| run.unwrap().path());
    let undo = runs.filter(|run| run.display().to_string().contains("undo")).max().unwrap();
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(undo.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["outcomes"]["deleted"], 4);
    let spent: u64 = summary["calls"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(summary["forecast"]["total"], spent);
    world.command(&["verify", &undo.display().to_string()]).expect_exit(0);
    ran.world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0).expect_stderr("nothing to undo");
    world
        .command(&["undo", &undo.display().to_string(), "--yes"])
        .expect_exit(0)
        .expect_list("scripts", ["Check", "Mine"])
        .expect_target(["a", "b", "c", "mine"]);
    let restored = world.import("target", "a")["hooks"]["preMap"]["_scriptId"].clone();
    assert!(world.list("target", "scripts").iter().any(|script| script["_id"] == restored));
}

#[test]
fn a_script_that_was_edited_since_is_left_alone_and_the_imports_go_all_the_same() {
    let world = sharing().start();
    world.run().expect_exit(0);
    edit(&world, "scripts", "content", json!("function f() { /* better */ }"));
    world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(3)
        .expect_target([])
        .expect_list("scripts", ["Check"])
        .expect_stderr("it was changed since the run");
}

#[test]
fn a_script_that_something_else_uses_by_now_is_left_alone_and_that_is_named() {
    let world = sharing().start();
    world.run().expect_exit(0);
    let made = world.list("target", "scripts")[0]["_id"].clone();
    let mut other = world.as_in_target("c");
    other["name"] = json!("of somebody else");
    other["hooks"] = json!({ "preMap": { "function": "f", "_scriptId": made } });
    world.load("target", &[other]);
    world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(3)
        .expect_target(["of somebody else"])
        .expect_list("scripts", ["Check"])
        .expect_stderr("it is used by \"of somebody else\" (imports)");
}

#[test]
fn a_script_whose_import_was_edited_stays_with_it() {
    let world = sharing().start();
    world.run().expect_exit(0);
    world.edit("target", "a", "/description", json!("edited"));
    world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(3)
        .expect_target(["a"])
        .expect_list("scripts", ["Check"])
        .expect_stderr("\"a\" uses it and stays as it is");
}

#[test]
fn a_script_that_comes_to_be_used_while_the_undo_runs_is_left_alone() {
    // The service does not refuse it: it has to be asked.
    let world = sharing().service(|service| service.delete_in_use_conflicts = false).start();
    world.run().expect_exit(0);
    world.fault(Fault::on("DELETE", "/v1/imports/*", Fault::status(400)).named("a"));
    world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(3)
        .expect_target(["a"])
        .expect_list("scripts", ["Check"])
        .expect_calls("DELETE", "/v1/scripts/{id}", 0);
}

#[test]
fn a_script_stays_while_it_cannot_be_found_out_what_uses_it() {
    let world = sharing().service(|service| service.delete_in_use_conflicts = false).start();
    world.run().expect_exit(0);
    let mut other = world.as_in_target("c");
    other["name"] = json!("of somebody else");
    other["hooks"] =
        json!({ "preMap": { "function": "f", "_scriptId": world.list("target", "scripts")[0]["_id"] } });
    world.load("target", &[other]);
    // When the undo is planned, and when it only comes to the removal.
    for allowed in [0, 1] {
        for status in [403, 400, 500] {
            world.no_faults();
            let users = |answer| Fault::on("GET", "/v1/scripts/*/dependencies", answer);
            if allowed > 0 {
                world.fault(users(Fault::says(200, json!({}))).first(allowed));
            }
            for call in allowed + 1..=allowed + 20 {
                world.fault(users(Fault::status(status)).nth(call));
            }
            let undone = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3);
            undone.expect_calls("DELETE", "/v1/scripts/{id}", 0).expect_list("scripts", ["Check"]);
        }
    }
}

#[test]
fn a_script_whose_import_could_not_be_removed_stays_even_if_the_service_tells_nothing() {
    let world = sharing().service(|service| service.delete_in_use_conflicts = false).start();
    world.run().expect_exit(0);
    world.fault(Fault::on("GET", "/v1/scripts/*/dependencies", Fault::status(404)));
    world.fault(Fault::on("DELETE", "/v1/imports/*", Fault::status(400)).named("a"));
    world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(3)
        .expect_target(["a"])
        .expect_list("scripts", ["Check"])
        .expect_calls("DELETE", "/v1/scripts/{id}", 0);
    world.no_faults();
    world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(0)
        .expect_target([])
        .expect_list("scripts", []);
}

#[test]
fn an_undo_that_is_killed_around_any_removal_ends_as_undisturbed() {
    for point in ["call.before_send:1", "call.after_answer:2", "call.before_send:4", "call.after_answer:4"] {
        let world = sharing().job("concurrency", "1").start();
        world.run().expect_exit(0);
        let undo = ["undo", "runs/run-1", "--yes"];
        let killed = world.binary(&undo).env("TRANSSHIP_CRASH", point).output().unwrap();
        assert_eq!(killed.status.code(), None, "{point}: {}", String::from_utf8_lossy(&killed.stderr));
        let runs = std::fs::read_dir(world.path("runs")).unwrap().map(|run| run.unwrap().path());
        let run = runs.filter(|run| run.display().to_string().contains("undo")).max().unwrap();
        world
            .resume(&run)
            .expect_exit(0)
            .expect_all(4, "deleted", "equal")
            .expect_target([])
            .expect_list("scripts", []);
    }
}

#[test]
fn what_was_created_is_removed_though_the_imports_that_needed_it_failed() {
    let world = sharing()
        .source(&hooked("d", "Check"))
        .fault(Fault::on_create(Fault::status(422)).named("[abd]"))
        .start();
    world.run().expect_exit(3).expect_target(["c"]).expect_list("scripts", ["Check"]);
    world.no_faults();
    world
        .command(&["undo", "runs/run-1", "--yes"])
        .expect_exit(0)
        .expect_target([])
        .expect_list("scripts", []);
}
