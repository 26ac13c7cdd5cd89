//! A run that was killed with a call in doubt which had no effect, and another run that did the same meanwhile: what it did is the
//! other's to undo.

use std::rc::Rc;

use serde_json::json;
use transship::emulator::Effect;

use crate::support::scenario::{Fault, Scenario, World, import};

/// A run of which only one call was sent, in vain, and another run of the same job behind it.
fn done_by_another_run(scenario: Scenario, (method, path): (&str, &str)) -> Rc<World> {
    let world = scenario.env("TRANSSHIP_SETTLE", "30").start();
    world.fault(Fault::on(method, path, Effect::CutBefore));
    world.spawn_run(&[]).until_journal("\"intended\"", 1).signal("KILL").finish().expect_killed();
    world.no_faults();
    world.set_env("TRANSSHIP_SETTLE", "0.2");
    world.run().expect_exit(0);
    world
}

#[test]
fn what_another_run_did_for_a_call_in_doubt_is_left_to_that_run() {
    let update = || {
        let old = import("a").set("/description", json!("old"));
        Scenario::migrate(["a"]).target(&old).job("on_existing", "update")
    };
    let table: [(&str, fn() -> Scenario, (&str, &str)); 3] = [
        ("create", || Scenario::migrate(["a"]), ("POST", "/v1/imports")),
        ("update", update, ("PUT", "/v1/imports/*")),
        ("delete", || Scenario::delete(["a"]).job("select", "{ names: [a] }"), ("DELETE", "/v1/imports/*")),
    ];
    for (what, scenario, call) in table {
        for is_resumed in [true, false] {
            let world = done_by_another_run(scenario(), call);
            let both = || (world.imports("source"), world.imports("target"));
            let after = both();
            if is_resumed {
                let resumed = world.resume(&world.path("runs/run-1")).expect_exit(0);
                resumed.expect_audit("a", "unchanged", "not_checked").expect_cell(
                    "a",
                    "error_code",
                    "made_meanwhile",
                );
            }
            world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0);
            assert_eq!(both(), after, "{what}: the other run did it");
            world.command(&["undo", "runs/run-2", "--yes"]).expect_exit(0);
            assert_ne!(both(), after, "{what}: it is undone with the other run");
        }
    }
}

#[test]
fn what_a_killed_run_did_is_its_own_though_another_run_wrote_to_it_since() {
    let old = import("a").set("/description", json!("old"));
    let update = || Scenario::migrate(["a"]).target(&old).job("on_existing", "update");
    let create = || Scenario::migrate(["a"]);
    let scenarios: [(&dyn Fn() -> Scenario, _); 2] = [(&update, "PUT"), (&create, "POST")];
    for (scenario, method) in scenarios {
        let world = scenario().env("TRANSSHIP_SETTLE", "30").start();
        world.fault(Fault::on(method, "/v1/imports*", Effect::CutAfter));
        let running = world.spawn_run(&[]).until_journal("\"intended\"", 1);
        let there = || world.imports("target").iter().any(|import| import["description"].is_null());
        running.until("it had its effect", there).signal("KILL").finish().expect_killed();
        world.no_faults();
        world.set_env("TRANSSHIP_SETTLE", "0.2");
        // Another job overwrites it, and that is undone.
        let theirs = "[{ set: { /description: theirs } }]";
        world.write_job("other.yaml", &[("on_existing", "update"), ("transform", theirs)]);
        let other = ["run", "other.yaml", "--yes", "--run-dir", "runs/other"];
        world.command(&other).expect_exit(0);
        world.command(&["undo", "runs/other", "--yes"]).expect_exit(0);
        let outcome = if method == "PUT" { "updated" } else { "created" };
        world.resume(&world.path("runs/run-1")).expect_exit(0).expect_audit("a", outcome, "equal");
        let undone = world.command(&["undo", "runs/run-1", "--yes"]);
        if method == "PUT" {
            undone.expect_exit(0);
            assert_eq!(world.import("target", "a")["description"], "old");
        } else {
            // It was made by it, and modified since, before the run saw it.
            undone.expect_exit(3).expect_stderr("it was modified since it was made").expect_target(["a"]);
        }
    }
}
