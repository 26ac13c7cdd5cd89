//! Undo beside what others do: what stands in the place of what a run removed, and reads that are behind.

use std::rc::Rc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::scenario::{Fault, Ran, Scenario, World, import};

fn undo(world: &Rc<World>) -> Ran {
    world.command(&["undo", "runs/run-1", "--yes"])
}

/// How many imports of the source are called so.
fn count(world: &World, name: &str) -> usize {
    world.imports("source").iter().filter(|import| import["name"] == name).count()
}

/// An import as somebody else makes it in the source.
fn made_by_hand(document: &Value, id: char) -> Value {
    let mut made = document.clone();
    made["_id"] = json!(format!("5b5b5b5b00000000000000{id}{id}"));
    made
}

#[test]
fn what_somebody_made_in_the_place_of_a_deleted_import_is_named_and_nothing_is_put_beside_it() {
    for days in [-1, 30] {
        let world = Scenario::delete(["a", "b", "c", "d"])
            .job("select", "{ names: [a, b, c] }")
            .service(|service| service.recycle_days = days)
            .start();
        let (a, mut b) = (world.import("source", "a"), world.import("source", "b"));
        world.run().expect_exit(0).expect_source(["d"]);
        b["description"] = json!("by hand");
        world.load("source", &[made_by_hand(&a, 'a'), made_by_hand(&b, 'b')]);
        let ran = undo(&world).expect_exit(3).expect_source(["a", "b", "c", "d"]);
        ran.expect_stderr("\"a\" was made again by somebody else since the run and is equal: left alone")
            .expect_stderr("an import of its name appeared since the run (5b5b5b5b00000000000000bb)");
        assert_eq!(world.import("source", "b")["description"], "by hand");
    }
}

#[test]
fn what_bore_the_name_of_a_deleted_import_before_is_no_reason_to_leave_that_away() {
    let other = || import("a").set("/description", json!("x"));
    for days in [-1, 30] {
        for select in ["{ where: '.description == \"x\"' }", "IDS"] {
            let world = Scenario::delete(["a", "b"])
                .source(&other())
                .service(|service| service.recycle_days = days)
                .start();
            let twin =
                world.imports("source").into_iter().find(|import| import["description"] == "x").unwrap();
            let ids = format!("{{ ids: [{}] }}", twin["_id"]);
            world.write_job("job.yaml", &[("select", if select == "IDS" { &ids } else { select })]);
            world.run().expect_exit(0).expect_source(["a", "b"]);
            let ran = undo(&world).expect_exit(0).expect_source(["a", "a", "b"]);
            let is_told = ran.stderr.contains("put back beside an import of its name");
            assert_eq!(is_told, select == "IDS", "{}", ran.stderr);
        }
    }
}

#[test]
fn what_somebody_took_out_of_the_bin_a_moment_ago_is_not_made_once_more() {
    let world = Scenario::delete(["a", "b"]).job("select", "{ names: [a] }").start();
    let (a, b) = (world.id("source", "a"), world.import("source", "b"));
    world.run().expect_exit(0).expect_source(["b"]);
    let bin = format!("/v1/recycleBinTTL/imports/{a}/doCascadeRestore");
    assert!(world.call(Method::POST, "source", &bin, None).0 < 300);
    // Reads do not show it yet.
    world.fault(Fault::on_list(Fault::says(200, json!([b]))).in_account("source"));
    world.fault(Fault::on("GET", &format!("/v1/imports/{a}"), Fault::status(404)));
    world.set_env("TRANSSHIP_SETTLE", "2");
    let asked = || world.control().count("POST", "/v1/recycleBinTTL/imports/{id}/doCascadeRestore");
    let running =
        world.spawn(&["undo", "runs/run-1", "--yes"], None).until("it is asked for", || asked() > 0);
    std::thread::sleep(Duration::from_millis(300));
    world.no_faults();
    running.finish().expect_exit(0);
    assert_eq!(count(&world, "a"), 1);
}

#[test]
fn whether_a_read_is_behind_is_not_told_by_the_time_since_the_run() {
    for verify in ["response", "none"] {
        let world = Scenario::migrate(["a", "b"]).job("verify", verify).target(&import("z")).start();
        world.run().expect_exit(0);
        let z = world.import("target", "z");
        world.set_env("TRANSSHIP_SETTLE", "2");
        std::thread::sleep(Duration::from_millis(2_100));
        world.fault(Fault::on_list(Fault::says(200, json!([z]))).in_account("target"));
        for name in ["a", "b"] {
            let path = format!("/v1/imports/{}", world.id("target", name));
            world.fault(Fault::on("GET", &path, Fault::status(404)));
        }
        let listed = || world.control().count("GET", "/v1/imports");
        let running = world.spawn(&["undo", "runs/run-1", "--yes"], None);
        let running = running.until("it has looked", || listed() >= 2);
        std::thread::sleep(Duration::from_millis(700));
        world.no_faults();
        running.finish().expect_exit(0).expect_target(["z"]);
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_read_before_a_delete_may_be_behind_however_old_the_plan_is() {
    let world = Scenario::delete(["a"])
        .job("select", "{ names: [a] }")
        .env("TRANSSHIP_CRASH", "journal.after_sync:1")
        .start();
    let killed = world.run().expect_killed();
    world.set_env("TRANSSHIP_CRASH", "call.after_answer:99");
    std::thread::sleep(Duration::from_millis(1_100));
    world.set_env("TRANSSHIP_SETTLE", "1");
    let path = format!("/v1/imports/{}", world.id("source", "a"));
    // The first is the look for the account's own imports.
    world.fault(Fault::on("GET", &path, Fault::status(404)).nth(2));
    world.resume(killed.folder()).expect_exit(0).expect_source([]).expect_audit("a", "deleted", "equal");
}
