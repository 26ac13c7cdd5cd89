//! Imports with secrets that the service shows only masked: out of the recycle bin they come with their secrets, and nothing is
//! written over these.

use std::rc::Rc;

use serde_json::json;

use super::{backup, now};
use crate::support::scenario::{Fault, Import, Scenario, World, import};

fn masked() -> Import {
    import("a").set("/http/headers", json!([{ "name": "X-Key", "value": "******" }]))
}

/// A job that restores the import `a`, which was changed after its backup, or was not, and then removed.
fn removed(edited: bool) -> Rc<World> {
    let ran = backup([]).source(&masked()).run().expect_exit(0);
    if edited {
        ran.world.edit("source", "a", "/description", json!("later"));
    }
    ran.world.remove("source", "a");
    now(&ran.world, "restore", &[]);
    Rc::clone(&ran.world)
}

const BY_HAND: &str = "1 secret";

#[test]
fn what_comes_out_of_the_recycle_bin_has_its_secrets_again() {
    let world = removed(false);
    let plan = world.command(&["plan", "JOB"]).expect_exit(0);
    assert!(!(plan.stdout + &plan.stderr).contains("/http/headers"));
    let ran = world.run().expect_exit(0).expect_audit("a", "restored", "equal");
    assert!(!ran.stderr.contains(BY_HAND), "{}", ran.stderr);
    assert_eq!(ran.summary()["secrets"], 0);
    assert_eq!(world.import("source", "a")["http"]["headers"][0]["value"], "******");
}

#[test]
fn what_an_undo_takes_out_of_the_recycle_bin_has_its_secrets_again() {
    let world = Scenario::delete([]).source(&masked()).job("select", "{ names: [a] }").start();
    world.run().expect_exit(0).expect_source([]);
    let undone = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0).expect_source(["a"]);
    assert!(!undone.stderr.contains(BY_HAND), "{}", undone.stderr);
    undone.expect_stderr("is equal.");
}

#[test]
fn what_is_made_anew_has_its_secrets_to_be_entered_whenever_the_recycle_bin_lost_it() {
    for planned in [true, false] {
        let world = removed(false);
        let (_, bin) = world.call(reqwest::Method::GET, "source", "/v1/recycleBinTTL/imports", None);
        let path = format!("/v1/recycleBinTTL/imports/{}", bin[0]["doc"]["_id"].as_str().unwrap());
        let purge = || assert_eq!(world.call(reqwest::Method::DELETE, "source", &path, None).0, 204);
        if planned {
            purge();
        }
        let plan = world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
        assert_eq!((plan.stdout + &plan.stderr).contains(BY_HAND), planned);
        if !planned {
            purge();
        }
        let ran = world.run_with(&["--plan", "plan.json"]).expect_exit(0);
        let ran = ran.expect_audit("a", "restored", "equal").expect_stderr("Enter 1 secret manually");
        assert_eq!(ran.summary()["secrets"], 1);
    }
}

#[test]
fn what_stays_as_the_recycle_bin_has_it_is_said_in_the_plan() {
    let world = removed(true);
    let stays = "with its secrets, which writing to it would erase: /description stays as it is there";
    world.command(&["plan", "JOB"]).expect_exit(0).expect_stdout(stays);
    world
        .run()
        .expect_exit(3)
        .expect_stderr(stays)
        .expect_audit("a", "restored", "differs")
        .expect_cell("a", "error_message", "/description")
        .expect_in_source("a", "/description", "later")
        .expect_calls("PUT", "/v1/imports/{id}", 0);
}

#[test]
fn an_undo_removes_what_came_back_unlike_what_was_wanted_unless_somebody_changed_that() {
    for edited in [false, true] {
        let world = removed(true);
        let ran = if edited {
            // Before the run first sees it.
            world.fault(Fault::on(
                "POST",
                "/v1/recycleBinTTL/imports/*/doCascadeRestore",
                Fault::slow_after(500),
            ));
            let running = world.spawn_run(&[]).until("the import", || world.imports("source").len() == 1);
            let mut theirs = world.import("source", "a");
            theirs["settings"] = json!({ "theirs": 1 });
            theirs["lastModified"] = json!("2100-02-02T02:02:02.002Z");
            world.load("source", &[theirs]);
            running.finish()
        } else {
            world.run()
        };
        let folder = ran.expect_exit(3).folder().display().to_string();
        let undone = world.command(&["undo", &folder, "--yes"]).expect_exit(if edited { 3 } else { 0 });
        if edited {
            undone.expect_stderr("it was read back unlike what was wanted").expect_source(["a"]);
        } else {
            undone.expect_source([]);
        }
    }
}
