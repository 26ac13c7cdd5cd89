//! A call that gets no answer: whether it had its effect, and what if it has it later, also after the run was over.

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
    let intended = Instant::now();
    // Sent, and not only its intent written.
    let running = running.until("it is sent", || intended.elapsed() > Duration::from_millis(150));
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

/// An import as a create that a gateway held back makes it.
fn late_create(world: &World, name: &str, id: char) -> serde_json::Value {
    let mut late = world.as_in_target(name);
    late["_id"] = json!(format!("5b5b5b5b00000000000000{id}{id}"));
    late["lastModified"] = late["createdAt"].clone();
    late
}

#[test]
fn a_create_that_lands_after_the_end_of_its_run_is_named_by_retry_and_removed_by_undo() {
    let world = Scenario::migrate(["a", "b", "c"]).start();
    let ran = world.run().expect_exit(0);
    let mut other = late_create(&world, "b", 'b');
    other["description"] = json!("somebody's own");
    world.load("target", &[late_create(&world, "a", 'a'), other]);
    world.command(&["resume", "runs/run-1"]).expect_exit(0).expect_calls("GET", "/v1/imports", 0);
    for _ in 0..2 {
        let again = world.command(&["retry", "runs/run-1"]).expect_exit(3).expect_no_write();
        again.expect_stderr("2 imports are copies that the run did not make");
    }
    assert_eq!(ran.summary()["copies"], 2, "{}", ran.summary());
    assert_eq!(ran.summary()["state"], "finished");
    world.command(&["verify", "runs/run-1"]).expect_exit(0);
    let undone = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3).expect_target(["b"]);
    undone.expect_stderr("unlike what the run made");
    assert_eq!(world.import("target", "b")["description"], "somebody's own");
}

#[test]
fn undo_alone_finds_a_create_that_landed_late_and_leaves_it_where_it_was_edited_since() {
    let world = Scenario::migrate(["a", "b"]).start();
    world.run().expect_exit(0);
    world.load("target", &[late_create(&world, "a", 'a')]);
    world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0).expect_target([]);
    let world = Scenario::migrate(["a", "b"]).start();
    world.run().expect_exit(0);
    let mut cut = late_create(&world, "b", 'b');
    cut["description"] = json!("edited by hand");
    world.load("target", &[cut]);
    world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3).expect_target(["b"]);
}

#[test]
fn what_another_run_made_is_no_late_copy() {
    let world = Scenario::migrate(["a", "b"]).job("on_existing", "create").start();
    world.run().expect_exit(0);
    world.edit("source", "a", "/description", json!("newer"));
    world.edit("source", "b", "/description", json!("newer"));
    world.run().expect_exit(0);
    assert_eq!(world.imports("target").len(), 4);
    world.command(&["retry", "runs/run-1"]).expect_exit(0);
    let undone = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0).expect_target(["a", "b"]);
    drop(undone);
    assert_eq!(world.import("target", "a")["description"], "newer");
}

#[test]
fn a_late_copy_under_a_name_that_the_service_cut_is_known_by_what_it_holds() {
    let world = Scenario::migrate(["a long name", "another"]).start();
    world.run().expect_exit(0);
    // The service cut the name of what the run made, and cuts it again.
    let (mut own, mut cut) = (world.import("target", "a long name"), late_create(&world, "a long name", 'a'));
    (own["name"], cut["name"]) = (json!("a LONG"), json!("a LONG"));
    let mut somebodys = late_create(&world, "another", 'b');
    somebodys["name"] = json!("another (copy)");
    world.load("target", &[own, cut, somebodys]);
    // The run's own differs from what it sent, and stays.
    let undone = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3);
    undone.expect_target(["a LONG", "another (copy)"]);
}

#[test]
fn what_is_called_like_the_beginning_of_a_name_is_somebodys_where_the_service_keeps_names() {
    let world = Scenario::migrate(["a long name", "another"]).start();
    world.run().expect_exit(0);
    let (mut cut, mut loud) = (late_create(&world, "a long name", 'a'), late_create(&world, "another", 'b'));
    (cut["name"], loud["name"]) = (json!("a long"), json!("ANOTHER"));
    world.load("target", &[cut, loud]);
    let undone = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0);
    undone.expect_target(["ANOTHER", "a long"]);
}

#[test]
fn a_run_that_was_killed_after_it_removed_all_it_knew_is_resumed_where_there_is_no_recycle_bin() {
    for point in ["call.after_answer:1", "call.after_answer:2"] {
        let world = Scenario::delete(["a", "b"])
            .job("select", "{ names: [\"*\"] }")
            .job("concurrency", "1")
            .service(|behaviour| behaviour.recycle_days = -1)
            .env("TRANSSHIP_CRASH", point)
            .start();
        let ran = world.run().expect_killed();
        let resumed = world
            .binary(&["resume", &ran.folder().display().to_string()])
            .env_remove("TRANSSHIP_CRASH")
            .output()
            .unwrap();
        assert_eq!(resumed.status.code(), Some(0), "{point}: {}", String::from_utf8_lossy(&resumed.stderr));
        ran.expect_source([]).expect_all(2, "deleted", "equal");
    }
}

#[test]
fn a_new_run_waits_until_the_calls_of_one_that_was_killed_can_no_longer_be_executing() {
    let world = Scenario::migrate(["a"]).env("TRANSSHIP_SETTLE", "3").start();
    let late = Effect::Late { code: 504, after: jiff::SignedDuration::from_millis(1_500) };
    world.fault(Fault::on_create(late).named("a").first(1));
    let running = world.spawn_run(&[]).until_journal("doubted", 1);
    let doubted = Instant::now();
    running.signal("KILL").finish().expect_killed();
    let ran = world.run().expect_exit(0).expect_target(["a"]);
    let ran = ran
        .expect_audit("a", "unchanged", "equal")
        .expect_stderr("for 1 call of the run runs/run-1 to end, until");
    ran.expect_stderr("in doubt: `transship resume runs/run-1` settles it");
    assert!(doubted.elapsed() > Duration::from_millis(2_500));
    // Whatever the run that was killed asks for later, nothing is there twice.
    world.resume(&world.path("runs/run-1")).expect_exit(0).expect_target(["a"]);
    // Once it is settled, nobody waits.
    let ran = world.run().expect_exit(0).expect_no_write();
    assert!(!ran.stderr.contains("waits"), "{}", ran.stderr);
}
