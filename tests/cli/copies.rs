//! Copies: what came from elsewhere while a run made imports of its name. It is named wherever the service shows it, and only
//! then.

use serde_json::{Value, json};

use crate::support::scenario::{Fault, Import, Running, Scenario, World, import};

/// The double of an import of this run, as a delivery that came twice makes it.
fn double(world: &World, name: &str) -> Value {
    let mut double = world.as_in_target(name);
    double["_id"] = json!("5b5b5b5b0000000000000001");
    double
}

/// A run that holds back its last create, `last`, once another was made.
fn held_at(world: &std::rc::Rc<World>, last: &str) -> Running {
    world.fault(Fault::on_create(Fault::slow_after(400)).named(last));
    world.spawn_run(&[]).until_journal("\"applied\"", 1)
}

#[test]
fn a_double_of_what_the_service_lists_by_its_adaptor_only_is_named_and_undone() {
    let agent = |name| {
        Import::of(json!({
            "name": name, "adaptorType": "AiAgentImport",
            "aiAgent": { "provider": "openai", "openai": { "instructions": "be kind" } },
        }))
    };
    let scenario = Scenario::migrate([]).source(&agent("a")).source(&agent("b")).job("concurrency", "1");
    let world = scenario.service(|behaviour| behaviour.list_agents = false).start();
    let running = held_at(&world, "b");
    let mut double = double(&world, "a");
    double.as_object_mut().unwrap().remove("_connectionId");
    world.load("target", &[double]);
    let ran = running.finish().expect_exit(3);
    assert_eq!(ran.summary()["copies"], 1, "{}", ran.summary());
    assert!(!ran.stderr.contains("transship retry"), "there is nothing to redo: {}", ran.stderr);
    world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0);
    assert!(world.list("target", "imports?adaptorType=AiAgentImport").is_empty());
}

#[test]
fn a_double_is_named_also_where_names_are_not_compared_and_the_service_alters_them() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").job("ignore", "[/name]").start();
    let running = held_at(&world, "b");
    let (mut own, mut double) = (world.import("target", "a"), double(&world, "a"));
    (own["name"], double["name"]) = (json!("a (stored)"), json!("a (stored)"));
    world.load("target", &[own, double]);
    let ran = running.finish().expect_exit(3);
    assert_eq!(ran.summary()["copies"], 1, "{}", ran.summary());
}

#[test]
fn a_double_is_compared_with_every_import_of_its_name() {
    let other = import("same").set("/description", json!("the second"));
    let scenario = Scenario::migrate([]).source(&import("same")).source(&other).source(&import("z"));
    let world = scenario.job("concurrency", "1").start();
    let running = held_at(&world, "z");
    let mut double = double(&world, "z");
    (double["name"], double["description"]) = (json!("same"), json!("the second"));
    double["http"]["relativeURI"] = json!(["/same"]);
    world.load("target", &[double]);
    running.finish().expect_exit(3).expect_stderr("is equal to it");
    world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0).expect_target([]);
}

#[test]
fn a_list_that_lacks_what_was_made_is_not_taken_for_one_without_copies() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").env("TRANSSHIP_SETTLE", "1").start();
    let running = held_at(&world, "b");
    world.fault(Fault::on_list(Fault::says(200, json!([]))).in_account("target"));
    let ran = running.finish().expect_exit(0).expect_all(2, "created", "equal");
    ran.expect_stderr("the list of imports lacks 2 of those that were made");
}

#[test]
fn copies_that_were_met_before_deletions_are_named_though_the_run_stops_there() {
    let scenario = Scenario::migrate(["a", "b", "c"]).target(&import("old")).job("concurrency", "1");
    let world = scenario.job("mirror", "{ max_delete: 10 }").start();
    let running = held_at(&world, "b");
    world.fault(Fault::on_create(Fault::status(422)).named("c"));
    world.load("target", &[double(&world, "a")]);
    let ran = running.finish().expect_exit(4);
    assert_eq!(ran.summary()["copies"], 1, "{}", ran.summary());
}

#[test]
fn what_is_in_doubt_is_not_named_as_a_copy_of_itself() {
    let scenario = Scenario::migrate(["a", "b", "c"]).job("concurrency", "1");
    let world = scenario.env("TRANSSHIP_SETTLE", "0.1").start();
    world.fault(Fault::cut_after_write("b"));
    let running = world.spawn_run(&[]).until_journal("\"doubted\"", 1);
    // Who looks up asks for what is listed apart too, and gets no answer; the read-back does not ask.
    world.fault(Fault::on_list(Fault::status(403)).with_query("*adaptorType*"));
    let ran = running.finish().expect_exit(1);
    assert_eq!(ran.row("b")["error_code"], "in_doubt");
    assert!(!ran.file("journal.jsonl").contains("copy_found"), "{}", ran.stderr);
    world.no_faults();
    world.resume(ran.folder()).expect_exit(0).expect_all(3, "created", "equal");
}

#[test]
fn an_undo_that_is_told_to_leave_copies_removes_only_what_the_run_made() {
    let world = Scenario::migrate(["a", "b"]).job("concurrency", "1").start();
    let running = held_at(&world, "b");
    world.load("target", &[double(&world, "a")]);
    running.finish().expect_exit(3);
    let undo = world.command(&["undo", "runs/run-1", "--yes", "--leave-copies"]).expect_exit(3);
    undo.expect_target(["a"]).expect_stderr("nobody agreed to remove it");
    assert_eq!(world.import("target", "a")["_id"], "5b5b5b5b0000000000000001");
}

#[test]
fn a_double_of_what_was_updated_or_unchanged_is_named_and_left_by_undo() {
    let old = import("a").set("/description", json!("old"));
    let scenario = Scenario::migrate(["a", "b", "c", "d"]).target(&old).target(&import("c"));
    let world = scenario.job("concurrency", "1").job("on_existing", "update").start();
    let running = held_at(&world, "d");
    let doubles = [("a", '1'), ("b", '2'), ("c", '3')].map(|(name, digit)| {
        let mut double = world.as_in_target(name);
        double["_id"] = json!(format!("5b5b5b5b000000000000000{digit}"));
        double
    });
    world.load("target", &doubles);
    let ran = running.finish().expect_exit(3).expect_audit("a", "updated", "equal");
    let ran = ran.expect_audit("b", "created", "equal").expect_audit("c", "unchanged", "equal");
    assert_eq!(ran.summary()["copies"], 3, "{}", ran.summary());
    for name in ["a", "b", "c"] {
        assert!(
            ran.row(name)["warnings"].contains("of the same name, which is equal"),
            "{:?}",
            ran.row(name)
        );
    }
    let undo = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3);
    undo.expect_target(["a", "a", "c", "c"]).expect_stderr("the run made none of its name");
}

/// A run of "a" and then of some "w" that a signal ends before any "w" is sent; another run makes those.
fn made_by_another_run(wanted: usize) -> std::rc::Rc<World> {
    let scenario = Scenario::migrate(["a"]).job("concurrency", "1");
    let world = (0..wanted).fold(scenario, |scenario, _| scenario.source(&import("w"))).start();
    world.fault(Fault::on_create(Fault::slow_before(400)).named("a"));
    let running = world.spawn_run(&[]).until_journal("intended", 1);
    running.signal("INT").finish().expect_exit(130).expect_target(["a"]);
    world.no_faults();
    world.run().expect_exit(0);
    world
}

#[test]
fn of_equal_imports_that_another_run_made_each_item_has_one() {
    let world = made_by_another_run(2);
    let ran = world.resume(&world.path("runs/run-1")).expect_exit(0).expect_target(["a", "w", "w"]);
    assert!(ran.summary()["copies"].is_null(), "{}", ran.summary());
    let audit = ran.audit();
    let rows: Vec<_> = audit.iter().filter(|row| row["error_code"] == "made_meanwhile").collect();
    assert_eq!(rows.len(), 2, "{audit:#?}");
    assert_ne!(rows[0]["target_id"], rows[1]["target_id"]);
    let undone = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0);
    undone.expect_target(["w", "w"]);
}

#[test]
fn an_undo_removes_no_copy_of_what_the_run_did_not_make() {
    let world = made_by_another_run(1);
    world.load("target", &[double(&world, "w")]);
    let ran = world.resume(&world.path("runs/run-1")).expect_exit(3);
    assert_eq!(ran.summary()["copies"], 1, "{}", ran.summary());
    let undone = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3).expect_target(["w", "w"]);
    undone.expect_stderr("the run made none of its name: left alone");
    // Nor where the service refused what the run sent.
    let world = Scenario::migrate(["w", "z"]).job("concurrency", "1").start();
    world.fault(Fault::on_create(Fault::status(422)).named("w"));
    world.fault(Fault::on_create(Fault::slow_after(400)).named("z"));
    let running = world.spawn_run(&[]).until_journal("\"intended\"", 2);
    let mut by_hand = world.as_in_target("w");
    by_hand["_id"] = json!("5b5b5b5b0000000000000001");
    world.load("target", &[by_hand]);
    running.finish().expect_exit(3).expect_audit("w", "failed", "not_checked");
    let undone = world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(3).expect_target(["w"]);
    undone.expect_stderr("the run made none of its name: left alone");
}
