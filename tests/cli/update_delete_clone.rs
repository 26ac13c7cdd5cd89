//! Changing imports in place, removing them, and cloning them within their account.

use crate::support::scenario::{Fault, Ran, Scenario, World, id_of, import};
use reqwest::Method;
use serde_json::{Value, json};
use transship::emulator::{CloneAnswer, Effect};

/// Renames every import in place.
fn renaming(names: [&str; 3]) -> Scenario {
    Scenario::update(names).job("transform", r#"[{ rename: { find: "^", replace: "New " } }]"#)
}

/// The documents of `before.jsonl`, by name.
fn before(ran: &Ran) -> Vec<Value> {
    let text = ran.file("before.jsonl");
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["document"].clone()).collect()
}

#[test]
fn an_update_writes_the_whole_document_over_the_one_that_is_there() {
    let world = renaming(["a", "b", "c"]).start();
    let whole = world.import("source", "a");
    let ran = world
        .run()
        .expect_exit(0)
        .expect_source(["New a", "New b", "New c"])
        .expect_calls("PUT", "/v1/imports/{id}", 3)
        .expect_calls("POST", "/v1/imports", 0)
        .expect_all(3, "updated", "equal");
    let now = world.import("source", "New a");
    for key in ["_id", "createdAt", "_connectionId", "adaptorType"] {
        assert_eq!(now[key], whole[key], "{key}");
    }
    assert_eq!(now["http"]["body"], whole["http"]["body"]);
    ran.expect_cell("New a", "changed_paths", "/name");
}

#[test]
fn an_import_that_is_as_wanted_is_unchanged_and_costs_no_call() {
    Scenario::update(["a", "b"])
        .job("transform", r#"[{ rename: { find: "^a$", replace: "A" } }]"#)
        .run()
        .expect_exit(0)
        .expect_calls("PUT", "/v1/imports/{id}", 1)
        .expect_audit("A", "updated", "equal")
        .expect_audit("b", "unchanged", "equal");
}

#[test]
fn an_import_that_gets_another_connection_is_told_which_ids_may_be_missing_there() {
    let other = id_of("source", "connections", "Elsewhere");
    let lookups = json!([{ "name": "terms", "map": { "A": "1", "B": "2" } }]);
    let ran = Scenario::update(["c"])
        .both("connections", json!({ "name": "Elsewhere", "type": "http" }))
        .source(&import("a").set("/lookups", lookups.clone()).set("/http/lookups", lookups.clone()))
        .source(&import("b").set("/lookups", lookups.clone()).set("/http/lookups", lookups))
        .source(&import("d").set("/mapping", json!({ "fields": [{ "extract": "x", "generate": "y" }] })).set(
            "/mappings",
            json!([{ "extract": "$.x", "generate": "y", "dataType": "string", "status": "Active" }]),
        ))
        .job(
            "transform",
            &format!(
                "[{{ set: {{ /_connectionId: \"{other}\" }}, when: {{ names: [a] }} }}, {{ set: {{ /description: new }} }}]"
            ),
        )
        .run()
        .expect_exit(0)
        .expect_cell("a", "warnings", "a list of ids in the target system")
        .expect_cell("d", "warnings", "both mapping models are filled");
    let quiet = ran.row("b")["warnings"].is_empty();
    ran.expect("what keeps its connection has no warning", quiet);
}

#[test]
fn what_was_overwritten_is_kept_as_it_was() {
    let world = renaming(["a", "b", "c"]).start();
    let was: Vec<Value> = ["a", "b", "c"].map(|name| world.import("source", name)).into();
    let ran = world.run().expect_exit(0);
    let mut kept = before(&ran);
    kept.sort_by_key(|document| document["name"].to_string());
    assert_eq!(kept, was);
}

/// A plan of the job in `plan.json`, and then somebody edits `b`.
fn edited_since(scenario: Scenario) -> std::rc::Rc<World> {
    let world = scenario.start();
    world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0).expect_no_write();
    world.edit("source", "b", "/description", json!("edited"));
    world
}

#[test]
fn an_import_edited_between_plan_and_run_is_stale_and_left_alone() {
    let ran = edited_since(renaming(["a", "b", "c"]))
        .run_with(&["--plan", "plan.json"])
        .expect_exit(3)
        .expect_source(["New a", "b", "New c"])
        .expect_audit("b", "stale", "not_checked");
    assert_eq!(ran.world.import("source", "b")["description"], "edited");
}

#[test]
fn an_import_edited_while_the_run_goes_on_is_stale_too() {
    let world = renaming(["a", "b", "c"]).job("concurrency", "1").start();
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::slow_before(400)).named("a"));
    let running = world.spawn_run(&[]).until_journal("intended", 1);
    world.edit("source", "b", "/description", json!("edited"));
    running
        .finish()
        .expect_exit(3)
        .expect_source(["New a", "b", "New c"])
        .expect_audit("b", "stale", "not_checked")
        .expect_audit("New c", "updated", "equal");
}

#[test]
fn an_import_edited_while_its_write_waits_out_a_pause_is_stale_too() {
    let world = renaming(["a", "b", "c"]).start();
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::throttled("2")).named("a").first(1));
    let running = world.spawn_run(&[]).until_journal("not_taken", 1);
    world.edit("source", "a", "/description", json!("edited"));
    let ran = running
        .finish()
        .expect_exit(3)
        .expect_source(["a", "New b", "New c"])
        .expect_audit("a", "stale", "not_checked")
        .expect_audit("New b", "updated", "equal");
    assert_eq!(ran.world.import("source", "a")["description"], "edited");
}

#[test]
fn an_update_of_what_somebody_removed_meanwhile_is_stale() {
    let world = renaming(["a", "b", "c"]).job("concurrency", "1").start();
    world.fault(Fault::on("PUT", "/v1/imports/*", Fault::slow_before(400)).named("a"));
    let running = world.spawn_run(&[]).until_journal("intended", 1);
    world.remove("source", "b");
    running
        .finish()
        .expect_exit(3)
        .expect_source(["New a", "New c"])
        .expect_cell("b", "outcome", "stale")
        .expect_cell("b", "error_code", "gone");
}

#[test]
fn a_masked_secret_is_not_written_back_over_itself() {
    let masked = import("m").set("/http/headers", json!([{ "name": "X-Key", "value": "******" }]));
    renaming(["a", "b", "c"])
        .source(&masked)
        .run()
        .expect_exit(3)
        .expect_source(["New a", "New b", "New c", "m"])
        .expect_audit("m", "conflict", "not_checked")
        .expect_cell("m", "error_code", "masked_secret");
}

#[test]
fn a_clone_that_is_not_written_to_keeps_its_secrets() {
    let masked = import("m").set("/http/headers", json!([{ "name": "X-Key", "value": "******" }]));
    let ran = Scenario::of("clone", []).source(&masked).run().expect_exit(0);
    assert_eq!(ran.summary()["secrets"], 0);
    assert!(!ran.stderr.contains("(hidden)") && !ran.stderr.contains("to enter"), "{}", ran.stderr);
}

#[test]
fn what_no_step_changes_is_unchanged_whatever_would_stand_in_the_way_of_a_change() {
    let masked = import("m").set("/http/headers", json!([{ "name": "X-Key", "value": "******" }]));
    let owned = import("o").set("/_connectorId", json!("5b5b5b5b00000000000000aa"));
    let world = Scenario::update(["a"])
        .job("transform", r#"[{ rename: { find: "^a$", replace: "A" } }]"#)
        .source(&masked)
        .source(&owned)
        .start();
    let ran = world
        .run()
        .expect_exit(0)
        .expect_audit("A", "updated", "equal")
        .expect_audit("m", "unchanged", "equal")
        .expect_audit("o", "unchanged", "equal")
        .expect_cell("m", "warnings", "");
    ran.again().expect_exit(0).expect_all(3, "unchanged", "equal").expect_no_write();
}

#[test]
fn a_field_that_the_service_keeps_though_it_was_taken_out_differs() {
    let keeps = Effect::ChangeField { pointer: "/description".into(), value: json!("kept"), silently: true };
    Scenario::update([])
        .source(&import("a").set("/description", json!("kept")))
        .job("transform", "[{ remove: [/description] }]")
        .fault(Fault::on("PUT", "/v1/imports/*", keeps))
        .run()
        .expect_exit(3)
        .expect_audit("a", "updated", "differs")
        .expect_cell("a", "error_message", "/description");
}

#[test]
fn undo_puts_every_document_back_but_those_edited_since() {
    let world = renaming(["a", "b", "c"]).start();
    let ran = world.run().expect_exit(0);
    world.edit("source", "New b", "/description", json!("edited"));
    let folder = ran.folder().display().to_string();
    world.command(&["undo", &folder]).expect_exit(3).expect_source(["a", "New b", "c"]);
}

/// Deletes what the manifest names.
fn deleting(manifest: &str) -> Scenario {
    Scenario::delete(["a", "b", "c"]).file("gone.csv", manifest).job("select", "{ manifest: gone.csv }")
}

#[test]
fn a_delete_removes_what_the_manifest_names_and_nothing_else() {
    let world = deleting("name\na\nc\n").start();
    let was = world.import("source", "a");
    let ran = world
        .run()
        .expect_exit(0)
        .expect_source(["b"])
        .expect_calls("DELETE", "/v1/imports/{id}", 2)
        .expect_audit("a", "deleted", "equal")
        .expect_audit("c", "deleted", "equal");
    assert!(before(&ran).contains(&was), "what was removed is kept as it was");
    let (status, _) = world.call(
        Method::GET,
        "source",
        &format!("/v1/recycleBinTTL/imports/{}", was["_id"].as_str().unwrap()),
        None,
    );
    assert_eq!(status, 200, "it waits in the recycle bin");
}

#[test]
fn a_name_that_two_imports_bear_does_not_say_which_to_delete() {
    deleting("name\na\n")
        .source(&import("a").set("/description", json!("twin")))
        .run()
        .expect_exit(3)
        .expect_no_write()
        .expect_count("conflict", 2)
        .expect_source(["a", "a", "b", "c"]);
}

#[test]
fn deleting_what_is_gone_already_is_no_failure() {
    let world = deleting("name\na\nc\n").job("concurrency", "1").start();
    world.fault(Fault::on("DELETE", "/v1/imports/*", Fault::slow_before(400)).named("a"));
    let running = world.spawn_run(&[]).until_journal("intended", 1);
    world.remove("source", "c");
    running
        .finish()
        .expect_exit(0)
        .expect_source(["b"])
        .expect_audit("a", "deleted", "equal")
        .expect_cell("c", "outcome", "unchanged")
        .expect_cell("c", "error_code", "gone");
}

#[test]
fn an_import_edited_since_it_was_planned_is_not_deleted() {
    edited_since(deleting("name\nb\nc\n"))
        .run_with(&["--plan", "plan.json"])
        .expect_exit(3)
        .expect_source(["a", "b"])
        .expect_audit("b", "stale", "not_checked")
        .expect_audit("c", "deleted", "equal");
}

#[test]
fn a_delete_that_takes_everything_has_to_say_so() {
    Scenario::delete(["a"]).run().expect_exit(2).expect_no_write().expect_source(["a"]);
}

#[test]
fn undo_brings_deleted_imports_back_under_their_ids() {
    let world = deleting("name\na\nc\n").start();
    let was = world.id("source", "a");
    let ran = world.run().expect_exit(0);
    let folder = ran.folder().display().to_string();
    world.command(&["undo", &folder]).expect_exit(0).expect_source(["a", "b", "c"]);
    assert_eq!(world.id("source", "a"), was);
}

#[test]
fn a_clone_is_made_by_the_service_and_bears_the_services_name() {
    for answer in [CloneAnswer::Document, CloneAnswer::Array] {
        Scenario::cloning(["a", "b"])
            .service(|service| service.clone_answer = answer)
            .run()
            .expect_exit(0)
            .expect_source(["a", "b", "Clone - a", "Clone - b"])
            .expect_calls("POST", "/v1/imports/{id}/clone", 2)
            .expect_calls("POST", "/v1/imports", 0)
            .expect_calls("PUT", "/v1/imports/{id}", 0)
            .expect_all(2, "cloned", "equal");
    }
}

#[test]
fn a_clone_that_changes_more_than_a_clone_can_say_is_put_over() {
    for answer in [CloneAnswer::Document, CloneAnswer::Array] {
        let ran = Scenario::cloning(["a"])
            .service(|service| service.clone_answer = answer)
            .job(
                "transform",
                r#"[{ name: "copy" }, { set: { /description: "of {{ original_name | default('a') }}" } }]"#,
            )
            .run()
            .expect_exit(0)
            .expect_source(["a", "copy"])
            .expect_calls("POST", "/v1/imports/{id}/clone", 1)
            .expect_calls("PUT", "/v1/imports/{id}", 1)
            .expect_audit("copy", "cloned", "equal");
        assert!(ran.world.import("source", "copy")["description"].as_str().unwrap().starts_with("of "));
    }
}

#[test]
fn a_clone_in_doubt_is_completed_unless_somebody_edited_it_first() {
    for edited in [false, true] {
        let world = Scenario::cloning(["a"])
            .job("transform", r#"[{ name: "copy" }, { set: { /description: wanted } }]"#)
            .fault(Fault::on("POST", "/v1/imports/*/clone", Effect::CutAfter).first(1))
            .start();
        let running = world.spawn_run(&[]).until_journal("intended", 1);
        world.fault(Fault::on("GET", "/v1/imports", Fault::slow_before(600)));
        let there = || world.imports("source").iter().any(|import| import["name"] == "copy");
        let running = running.until("the clone is there", there);
        if edited {
            world.edit("source", "copy", "/description", json!("edited"));
        }
        let ran = running.finish();
        if edited {
            ran.expect_exit(3).expect_audit("copy", "stale", "not_checked");
        } else {
            ran.expect_exit(0).expect_audit("copy", "cloned", "equal");
        }
        let description = if edited { "edited" } else { "wanted" };
        assert_eq!(world.import("source", "copy")["description"], description);
        assert_eq!(world.imports("source").len(), 2);
    }
}

#[test]
fn a_clone_over_another_connection_needs_no_put() {
    let ran = Scenario::cloning(["a"])
        .both("connections", json!({ "name": "Depot", "type": "http" }))
        .job("references", "{ map: { connections: { Shop: Depot } } }")
        .run()
        .expect_exit(0)
        .expect_calls("PUT", "/v1/imports/{id}", 0)
        .expect_audit("Clone - a", "cloned", "equal");
    let clone = ran.world.import("source", "Clone - a");
    assert_eq!(clone["_connectionId"], id_of("source", "connections", "Depot"));
}

#[test]
fn a_second_run_of_a_clone_job_clones_nothing() {
    Scenario::cloning(["a"])
        .job("select", "{ exclude: { names: [\"Clone - *\"] } }")
        .run()
        .expect_exit(0)
        .again()
        .expect_exit(0)
        .expect_no_write()
        .expect_source(["a", "Clone - a"]);
}

#[test]
fn the_put_over_a_clone_that_gets_no_answer_is_sent_again_and_the_clone_is_not() {
    Scenario::cloning(["a"])
        .job("transform", r#"[{ name: "copy" }, { set: { /description: "d" } }]"#)
        .fault(Fault::on("PUT", "/v1/imports/*", Effect::CutBefore).first(1))
        .run()
        .expect_exit(0)
        .expect_source(["a", "copy"])
        .expect_calls("POST", "/v1/imports/{id}/clone", 1)
        .expect_calls("PUT", "/v1/imports/{id}", 2)
        .expect_audit("copy", "cloned", "equal");
}

#[test]
fn a_clone_whose_changes_are_refused_is_named_and_undo_removes_it() {
    let world = Scenario::cloning(["a"])
        .job("transform", "[{ set: { /description: new } }]")
        .fault(Fault::on("PUT", "/v1/imports/*", Fault::status(422)))
        .start();
    let ran = world.run().expect_exit(3).expect_all(1, "failed", "not_checked");
    let made = world.imports("source").into_iter().find(|import| import["_sourceId"].is_string()).unwrap();
    let row = &ran.audit()[0];
    assert_eq!(row["target_id"], made["_id"].as_str().unwrap());
    assert!(row["error_message"].contains("`transship undo` removes it"), "{row:?}");
    world.no_faults();
    let folder = ran.folder().display().to_string();
    world.command(&["undo", &folder]).expect_exit(0).expect_source(["a"]);
    world.command(&["retry", &folder]).expect_exit(0);
    assert_eq!(world.imports("source").len(), 2);
}

/// Runs a job of several imports one by one, the second write held back by `slow` while somebody changes the first, and
/// undoes it.
fn undone_after_a_change_before_the_read_back(scenario: Scenario, account: &str, slow: Fault) {
    let world = scenario.job("concurrency", "1").start();
    world.fault(slow.nth(2));
    let running = world.spawn_run(&[]).until_journal("intended", 2);
    world.edit(account, "New a", "/description", json!("of somebody else"));
    let ran = running.finish().expect_exit(3);
    let folder = ran.folder().display().to_string();
    world.command(&["undo", &folder]).expect_exit(3).expect_stderr("was changed since the run");
    assert_eq!(world.import(account, "New a")["description"], "of somebody else");
}

#[test]
fn what_was_changed_between_the_write_and_the_read_back_is_left_alone_by_undo() {
    let slow = Fault::slow_before(700);
    let put = Fault::on("PUT", "/v1/imports/*", slow.clone());
    undone_after_a_change_before_the_read_back(renaming(["a", "b", "c"]), "source", put);
    let create = Fault::on_create(slow);
    undone_after_a_change_before_the_read_back(Scenario::migrate(["New a", "b"]), "target", create);
}

#[test]
fn what_the_service_itself_keeps_otherwise_than_it_answered_can_be_undone() {
    let dropped = Effect::DropField { pointer: "/description".to_owned(), silently: true };
    let world = renaming(["a", "b", "c"])
        .source(&import("d").set("/description", json!("old")))
        .fault(Fault::on("PUT", "/v1/imports/*", dropped).named("New d").first(1))
        .start();
    let ran = world.run().expect_exit(3).expect_audit("New d", "updated", "differs");
    let folder = ran.folder().display().to_string();
    world.command(&["undo", &folder]).expect_exit(0).expect_source(["a", "b", "c", "d"]);
    assert_eq!(world.import("source", "d")["description"], "old");
}
