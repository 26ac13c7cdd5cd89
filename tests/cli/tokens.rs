//! Tokens that change hands: one account is opened by several people's. The service tells who, never which account; what a plan saw
//! in it does.

use std::rc::Rc;

use serde_json::json;

use crate::support::scenario::{Fault, Scenario, World};

/// From now on the token of the target is another person's.
fn hand_over(world: &World) {
    let identity = json!({ "_userId": "5b5b5b5b0000000000000099", "scope": "*" });
    for account in ["target", "elsewhere"] {
        world
            .fault(Fault::on("GET", "/v1/tokenInfo", Fault::says(200, identity.clone())).in_account(account));
    }
}

/// A run that created `a` and was refused for `b`.
fn half_done() -> Rc<World> {
    ended_at_b(422, 3)
}

/// A run that was broken off before `b`.
fn broken_off() -> Rc<World> {
    ended_at_b(401, 6)
}

/// A run that created `a`, and ended with `exit` since the create of `b` was answered with `status`.
fn ended_at_b(status: u16, exit: i32) -> Rc<World> {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::status(status)).named("b"));
    world.run().expect_exit(exit).expect_target(["a"]);
    world.no_faults();
    world
}

fn planned() -> Rc<World> {
    let world = Scenario::migrate(["a", "b"]).start();
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
    world
}

const ANOTHER_USER: &str = "belongs to another user";

#[test]
fn another_persons_token_of_the_account_is_told_and_does() {
    let world = half_done();
    hand_over(&world);
    let ran = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0).expect_target([]);
    ran.expect_stderr(ANOTHER_USER);
    let world = half_done();
    hand_over(&world);
    let ran = world.command(&["retry", "runs/run-1"]).expect_exit(0).expect_target(["a", "b"]);
    ran.expect_stderr(ANOTHER_USER);
    let world = broken_off();
    hand_over(&world);
    let ran = world.command(&["resume", "runs/run-1"]).expect_exit(0).expect_target(["a", "b"]);
    ran.expect_stderr(ANOTHER_USER);
    let world = planned();
    hand_over(&world);
    let ran = world.run_with(&["--plan", "plan.json"]).expect_exit(0).expect_target(["a", "b"]);
    ran.expect_stderr(ANOTHER_USER);
}

#[test]
fn another_persons_token_of_another_account_is_refused() {
    // Nor does it show that it is the account where it may read nothing.
    for may_read in [true, false] {
        for (world, words) in [
            (half_done(), ["undo", "runs/run-1"]),
            (half_done(), ["retry", "runs/run-1"]),
            (broken_off(), ["undo", "runs/run-1"]),
            (broken_off(), ["resume", "runs/run-1"]),
            (planned(), ["run", "JOB"]),
        ] {
            hand_over(&world);
            world.set_env("TOKEN_TARGET", world.token("elsewhere"));
            if !may_read {
                let refused = Fault::on("GET", "/v1/imports/*", Fault::status(403));
                world.fault(refused.in_account("elsewhere"));
            }
            let words =
                if words[0] == "run" { vec!["run", "JOB", "--plan", "plan.json"] } else { words.to_vec() };
            let ran = world.command(&words).expect_no_write();
            assert!(matches!(ran.exit_code(), Some(1 | 2)), "{words:?}: {ran:?}");
            ran.expect_stderr("another account");
            assert!(world.imports("elsewhere").is_empty());
        }
    }
}
