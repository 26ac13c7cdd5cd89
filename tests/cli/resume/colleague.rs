//! What somebody makes by hand before a run is resumed: only an import of the very name stands for one that is missing.

use serde_json::json;

use crate::support::scenario::{Fault, Scenario};

#[test]
fn an_import_of_another_name_never_stands_for_an_item_of_which_nothing_is_in_doubt() {
    for (by_hand, made) in [("Clone - c", ["a", "b", "Clone - c", "c"]), ("e", ["a", "b", "c", "e"])] {
        let mut scenario = Scenario::migrate(["a", "b", "c", "d"]).job("concurrency", "1");
        scenario = scenario.job("transform", "[{ set: { /http/relativeURI: [/same] } }]");
        let world = scenario.start();
        let refused = Fault::says(401, json!({ "message": "Bearer Authentication Failed" }));
        world.fault(Fault::on_create(refused).named("[cd]"));
        let ran = world.run().expect_exit(6).expect_target(["a", "b"]);
        world.no_faults();
        let mut theirs = world.import("target", "a");
        theirs["_id"] = json!("5b5b5b5b00000000000000aa");
        theirs["name"] = json!(by_hand);
        world.load("target", &[theirs]);
        // Of the one that was refused it is known that it was not made. Of the other the folder may be older than the run, and
        // the service may have changed its name: it is not made a second time, and a person is told.
        world
            .resume(ran.folder())
            .expect_exit(3)
            .expect_target(made)
            .expect_audit("c", "created", "equal")
            .expect_audit("d", "conflict", "not_checked")
            .expect_stderr("an import that is equal but for its name appeared since the run was planned")
            .expect_calls("POST", "/v1/imports", 1);
    }
}

#[test]
fn an_import_of_another_name_may_be_what_a_call_without_an_answer_made() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.fault(Fault::cut_after_write("b"));
    let running = world.spawn_run(&[]).until_journal("doubted", 1).signal("KILL");
    let ran = running.finish().expect_killed();
    world.edit("target", "b", "/name", json!("another"));
    let resumed = world.resume(ran.folder()).expect_exit(3).expect_target(["a", "another"]);
    resumed.expect_audit("b", "created", "differs").expect_calls("POST", "/v1/imports", 0);
}
