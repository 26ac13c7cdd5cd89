//! Mirrors that delete more than a few imports: what the run deleted itself is not missing from any list.

use std::rc::Rc;

use crate::support::scenario::{Fault, Scenario, World, import};

/// A migration of `count` imports to an account that holds so many others, all of which are to go.
fn mirror(scenario: Scenario, old: usize) -> Rc<World> {
    let scenario = scenario.job("mirror", "{ max_delete: 100% }");
    (1..=old).fold(scenario, |scenario, number| scenario.target(&import(&format!("old {number}")))).start()
}

#[test]
fn a_mirror_finishes_and_has_nothing_to_say_of_what_it_deleted() {
    for lost in [false, true] {
        let world = mirror(Scenario::migrate(["a", "b"]), 60);
        if lost {
            world.fault(Fault::cut_before_write("a"));
        }
        let ran = world.run().expect_exit(0).expect_target(["a", "b"]);
        assert!(!ran.stderr.contains("lacks"), "{}", ran.stderr);
    }
}

#[test]
fn an_undo_that_deletes_many_finds_out_what_became_of_what_it_makes_anew() {
    let scenario = Scenario::migrate([]).many(60).service(|service| service.recycle_days = -1);
    let world = mirror(scenario, 1);
    world.run().expect_exit(0).expect_count("created", 60).expect_count("deleted", 1);
    world.fault(Fault::cut_before_write("old 1"));
    world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0).expect_target(["old 1"]);
}

#[test]
fn what_somebody_removed_under_a_run_does_not_keep_it_from_finding_out() {
    let world = Scenario::migrate([]).many(60).source(&import("z")).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::status(401)).named("z"));
    world.run().expect_exit(6);
    world.no_faults();
    for number in 1..=55 {
        world.remove("target", &format!("Import {number:05}"));
    }
    world.fault(Fault::cut_before_write("z"));
    let ran = world.resume(&world.path("runs/run-1"));
    assert_eq!(world.imports("target").len(), 6);
    assert_ne!(ran.exit_code(), Some(1), "{}", ran.stderr);
}
