//! A PUT, DELETE or restore that gets no answer: whether it had its effect, and what if it has it later.

use std::time::{Duration, Instant};

use crate::support::scenario::{Fault, Ran, Scenario, World, import};
use serde_json::json;
use transship::emulator::Effect;

const BY_ID: &str = "/v1/imports/*";

#[test]
fn an_update_that_only_removes_a_field_is_not_taken_for_done_when_its_call_was_cut() {
    let described = import("a").set("/description", json!("old"));
    let world = Scenario::update([])
        .source(&described)
        .job("transform", "[{ remove: [/description] }]")
        .fault(Fault::on("PUT", BY_ID, Effect::CutBefore).first(1))
        .start();
    world.run().expect_exit(0).expect_audit("a", "updated", "equal").expect_calls(
        "PUT",
        "/v1/imports/{id}",
        2,
    );
    assert_eq!(world.import("source", "a").get("description"), None);
}

#[test]
fn the_put_after_a_clone_that_only_removes_a_field_is_not_taken_for_done_when_it_was_cut() {
    let described = import("a").set("/description", json!("old"));
    let world = Scenario::cloning([])
        .source(&described)
        .job("transform", "[{ remove: [/description] }]")
        .fault(Fault::on("PUT", BY_ID, Effect::CutBefore).first(1))
        .start();
    world.run().expect_exit(0).expect_all(1, "cloned", "equal").expect_calls("PUT", "/v1/imports/{id}", 2);
}

/// Kills a run whose write is still executing, and resumes it with the second read of that import held back until the
/// write has had its effect.
fn resumed_while_the_write_lands(scenario: Scenario, method: &str) -> Ran {
    // Believed absent at the first look, however early that is.
    let world = scenario.env("TRANSSHIP_SETTLE", "0").start();
    world.fault(Fault::on(method, BY_ID, Fault::slow_before(900)).first(1));
    world.fault(Fault::on("GET", BY_ID, Fault::slow_before(1_800)).nth(3));
    let running = world.spawn_run(&[]).until_journal("intended", 1);
    let announced = Instant::now();
    // Sent, not only announced.
    let running = running.until("it is sent", || announced.elapsed() > Duration::from_millis(150));
    let ran = running.signal("KILL").finish().expect_killed();
    let ran = world.resume(ran.folder());
    assert_eq!(
        ran.file("journal.jsonl").matches("\"step\":\"absent\"").count(),
        1,
        "it was looked for too early"
    );
    ran
}

#[test]
fn a_put_that_has_its_effect_after_it_was_found_absent_is_this_runs_own() {
    let scenario =
        Scenario::update(["a"]).job("transform", r#"[{ rename: { find: "^", replace: "New " } }]"#);
    resumed_while_the_write_lands(scenario, "PUT").expect_exit(0).expect_audit("New a", "updated", "equal");
}

#[test]
fn a_delete_that_has_its_effect_after_it_was_found_absent_is_this_runs_own() {
    resumed_while_the_write_lands(Scenario::delete(["a"]).job("select", "{ names: [a] }"), "DELETE")
        .expect_exit(0)
        .expect_audit("a", "deleted", "equal");
}

/// A write is answered by a gateway that gave up, and lands between the first look and the time it can take.
fn landing_after_the_first_look(scenario: Scenario, method: &str, land: impl Fn(&World)) -> Ran {
    let world = scenario.env("TRANSSHIP_SETTLE", "1").start();
    world.fault(Fault::on(method, BY_ID, Fault::status(504)).first(1));
    let running = world.spawn_run(&[]).until_journal("doubted", 1);
    // Once before the write, once to see whether it had its effect.
    let running = running.until("a look", || world.control().count("GET", "/v1/imports/{id}") >= 2);
    land(&world);
    running.finish()
}

#[test]
fn a_put_is_not_sent_again_while_the_first_may_still_be_executing() {
    let scenario =
        Scenario::update(["a"]).job("transform", r#"[{ rename: { find: "^", replace: "New " } }]"#);
    landing_after_the_first_look(scenario, "PUT", |world| world.edit("source", "a", "/name", json!("New a")))
        .expect_exit(0)
        .expect_audit("New a", "updated", "equal")
        .expect_calls("PUT", "/v1/imports/{id}", 1);
}

#[test]
fn a_delete_is_not_sent_again_while_the_first_may_still_be_executing() {
    let scenario = Scenario::delete(["a"]).job("select", "{ names: [a] }");
    landing_after_the_first_look(scenario, "DELETE", |world| world.remove("source", "a"))
        .expect_exit(0)
        .expect_audit("a", "deleted", "equal")
        .expect_calls("DELETE", "/v1/imports/{id}", 1);
}

#[test]
fn a_signal_ends_the_wait_for_a_put_that_may_still_be_executing_and_resume_settles_it() {
    let world = Scenario::update(["a"])
        .job("transform", r#"[{ rename: { find: "^", replace: "New " } }]"#)
        .env("TRANSSHIP_SETTLE", "60")
        .start();
    world.fault(Fault::on("PUT", BY_ID, Fault::status(504)).first(1));
    let running = world.spawn_run(&[]).until_journal("doubted", 1);
    let running = running.until("a look", || world.control().count("GET", "/v1/imports/{id}") >= 2);
    let ran = running.signal("TERM").finish().expect_exit(130);
    ran.audit().iter().for_each(|row| assert_eq!(row["error_code"], "in_doubt", "{row:?}"));
    let path = ran.folder().display().to_string();
    world
        .spawn(&["resume", &path, "--settle", "0.1"], Some(ran.folder().to_owned()))
        .finish()
        .expect_exit(0)
        .expect_audit("New a", "updated", "equal");
}
