//! What somebody edits between a write of a run and the moment when the run first sees what it wrote: neither `undo` nor `retry`
//! overwrites or removes that. What the service itself makes of a write is no such edit.

use std::rc::Rc;

use serde_json::{Value, json};

use transship::emulator::{CloneAnswer, Effect};

use crate::support::scenario::{Fault, Ran, Scenario, World, import};

fn undo(world: &Rc<World>) -> Ran {
    world.command(&["undo", "runs/run-1", "--yes"])
}

/// An effect on updates of the source and creates in the target: a field is kept as another value.
fn keeps(world: &World, pointer: &str, value: Value, silently: bool, name: &str) {
    for method in ["PUT", "POST"] {
        let effect = Effect::ChangeField { pointer: pointer.into(), value: value.clone(), silently };
        world.fault(Fault::on(method, "/v1/imports*", effect.clone()).named(name));
        world.fault(Fault::on(method, "/v1/imports/*", effect).named(name));
    }
}

/// Somebody else changes an import, which then shows that time.
fn edit(world: &World, account: &str, name: &str, (pointer, value): (&str, &Value), at: &str) {
    let mut theirs = world.import(account, name);
    theirs[&pointer[1..]] = value.clone();
    theirs["lastModified"] = json!(at);
    world.load(account, &[theirs]);
}

const LATER: &str = "2100-02-02T02:02:02.002Z";
const WHOLE_SECOND: &str = "2026-02-02T02:02:02.000Z";

/// Updates of `/n` and `/old`.
fn updating(names: &[&str]) -> Scenario {
    let of = |name: &&str| import(name).set("/n", json!(99)).set("/old", json!("v"));
    let scenario = names.iter().fold(Scenario::update([]), |all, name| all.source(&of(name)));
    scenario.job("transform", "[{ set: { /n: 50, /old: w } }]").job("concurrency", "1")
}

#[cfg(debug_assertions)]
#[test]
fn an_edit_before_the_run_saw_that_its_put_had_its_effect_stays() {
    for (pointer, value) in [
        ("/description", json!("theirs")),
        ("/settings", json!({ "theirs": 1 })),
        ("/sampleData", json!({ "theirs": 1 })),
        ("/theirs", json!("theirs")),
        ("/mapping", json!({ "fields": [{ "extract": "a", "generate": "theirs" }], "lists": [] })),
        // What the run wrote too.
        ("/n", json!("theirs")),
    ] {
        let world = updating(&["a"]).env("TRANSSHIP_CRASH", "call.after_answer:1").start();
        let ran = world.run().expect_killed();
        world.set_env("TRANSSHIP_CRASH", "call.after_answer:99");
        edit(&world, "source", "a", (pointer, &value), LATER);
        world.resume(ran.folder());
        let ran = undo(&world).expect_exit(3).expect_calls("PUT", "/v1/imports/{id}", 0);
        ran.expect_stderr("left alone");
        assert_eq!(world.import("source", "a")[&pointer[1..]], value, "{pointer}");
    }
}

#[test]
fn what_the_service_was_seen_to_make_of_other_writes_is_no_edit() {
    let world = updating(&["a", "b", "c"]).start();
    for (name, kept) in [("a", 7), ("b", 8), ("c", 9)] {
        keeps(&world, "/n", json!(kept), false, name);
    }
    world.fault(Fault::on("PUT", "/v1/imports/*", Effect::CutAfter).named("a").first(1));
    let ran = world.run().expect_exit(3).expect_audit("a", "updated", "differs");
    assert!(ran.file("journal.jsonl").contains("\"adopted\":true"));
    world.no_faults();
    undo(&world).expect_exit(0).expect_in_source("a", "/n", json!(99));
}

/// Runs with whole seconds for times, and has somebody edit `a` between its write and its read-back, in the same second.
fn edited_within_the_second(scenario: Scenario, account: &str) -> Rc<World> {
    let world = scenario.start();
    keeps(&world, "/lastModified", json!(WHOLE_SECOND), false, "*");
    for (method, path) in [("PUT", "/v1/imports/*"), ("POST", "/v1/imports")] {
        world.fault(Fault::on(method, path, Fault::slow_before(400)).named("b"));
    }
    let running = world.spawn_run(&[]).until_journal("\"applied\"", 1);
    edit(&world, account, "a", ("/description", &json!("theirs")), WHOLE_SECOND);
    running.finish().expect_exit(3);
    world.no_faults();
    world
}

#[test]
fn an_edit_within_the_second_of_the_write_stays() {
    let world = edited_within_the_second(updating(&["a", "b"]), "source");
    undo(&world).expect_exit(3).expect_stderr("changed before it was read back").expect_in_source(
        "b",
        "/n",
        json!(99),
    );
    assert_eq!(world.import("source", "a")["description"], "theirs");
    let migrating = || Scenario::migrate(["a", "b"]).job("concurrency", "1");
    let world = edited_within_the_second(migrating(), "target");
    undo(&world).expect_exit(3).expect_target(["a"]);
    let world = edited_within_the_second(migrating(), "target");
    world.command(&["retry", "runs/run-1", "--yes"]).expect_exit(3).expect_no_write();
}

#[test]
fn what_the_service_makes_of_a_write_after_its_answer_is_no_edit() {
    let world =
        Scenario::update(["a"]).job("transform", "[{ set: { /description: \"  Some   text \" } }]").start();
    keeps(&world, "/lastModified", json!(WHOLE_SECOND), false, "*");
    keeps(&world, "/description", json!("some text"), true, "*");
    world.run().expect_exit(3).expect_audit("a", "updated", "differs");
    world.no_faults();
    undo(&world).expect_exit(0);
    assert_eq!(world.import("source", "a").get("description"), None);
}

#[test]
fn a_retry_leaves_alone_what_somebody_edited_before_it_was_read_back() {
    for on_existing in ["skip", "fail", "create"] {
        let world =
            Scenario::migrate(["a", "b"]).job("concurrency", "1").job("on_existing", on_existing).start();
        world.fault(Fault::on_create(Fault::slow_before(400)).named("b"));
        let running = world.spawn_run(&[]).until_journal("\"applied\"", 1);
        edit(&world, "target", "a", ("/description", &json!("theirs")), LATER);
        running.finish().expect_exit(3).expect_audit("a", "created", "differs");
        let ran = world.command(&["retry", "runs/run-1", "--yes"]).expect_exit(3).expect_no_write();
        ran.expect_stderr("somebody may have changed it before it was read back").expect_in_target(
            "a",
            "/description",
            json!("theirs"),
        );
    }
}

/// Reads of single imports take a while: time for somebody to edit what was made and is to be completed.
fn slow_reads(world: &World) {
    world.fault(Fault::on("GET", "/v1/imports/*", Fault::slow_before(1200)));
}

#[test]
fn an_edit_of_a_clone_before_it_is_completed_stays() {
    for (answer, edited) in [CloneAnswer::Document, CloneAnswer::Array]
        .into_iter()
        .flat_map(|answer| [(answer, true), (answer, false)])
    {
        let described = import("a").set("/description", json!("old"));
        let world = Scenario::cloning([])
            .source(&described)
            .job("transform", "[{ set: { /description: new } }]")
            .service(|service| service.clone_answer = answer)
            .start();
        slow_reads(&world);
        let running = world.spawn_run(&[]).until_journal("applied", 1);
        if edited {
            world.edit("source", "Clone - a", "/description", json!("theirs"));
        }
        // What becomes of the source is no edit of its clone.
        world.edit("source", "a", "/description", json!("another"));
        let (exit, outcome, verdict) =
            if edited { (3, "stale", "not_checked") } else { (0, "cloned", "equal") };
        let ran = running.finish().expect_exit(exit).expect_audit("Clone - a", outcome, verdict);
        let kept = if edited { "theirs" } else { "new" };
        assert_eq!(ran.world.import("source", "Clone - a")["description"], kept, "{answer:?}");
    }
}

#[test]
fn a_clone_that_somebody_renamed_or_pointed_elsewhere_before_it_is_completed_stays_so() {
    for answer in [CloneAnswer::Document, CloneAnswer::Array] {
        for (pointer, theirs) in
            [("/name", json!("Returns, not to be touched")), ("/_connectionId", json!("theirs"))]
        {
            let world = Scenario::cloning(["a"])
                .job("transform", "[{ set: { /description: new } }]")
                .service(|service| service.clone_answer = answer)
                .start();
            slow_reads(&world);
            let running = world.spawn_run(&[]).until_journal("applied", 1);
            world.edit("source", "Clone - a", pointer, theirs.clone());
            running.finish().expect_exit(3).expect_audit("Clone - a", "stale", "not_checked");
            let imports = world.imports("source");
            let clone = imports.iter().find(|import| import["name"] != "a").unwrap();
            assert_eq!(clone.pointer(pointer), Some(&theirs), "{answer:?}");
            assert!(clone["description"].is_null(), "{clone}");
        }
    }
}

#[test]
fn what_somebody_cloned_of_the_same_import_is_not_taken_for_the_clone_of_a_run() {
    for (name, connection) in [("Returns", None), ("Clone - a", Some(json!("theirs")))] {
        let world = Scenario::cloning(["a"])
            .job("transform", "[{ set: { /description: new } }]")
            .env("TRANSSHIP_SETTLE", "30")
            .start();
        world.fault(Fault::on("POST", "/v1/imports/*/clone", Effect::CutBefore));
        world.spawn_run(&[]).until_journal("\"intended\"", 1).signal("KILL").finish().expect_killed();
        world.no_faults();
        world.set_env("TRANSSHIP_SETTLE", "0.1");
        let mut theirs = world.import("source", "a");
        theirs["_sourceId"] = theirs["_id"].clone();
        theirs["_id"] = json!("5b5b5b5b0000000000000001");
        theirs["name"] = json!(name);
        theirs["_connectionId"] = connection.unwrap_or_else(|| theirs["_connectionId"].clone());
        world.load("source", &[theirs.clone()]);
        let is_untouched = || world.imports("source").contains(&theirs);
        world.resume(&world.path("runs/run-1"));
        assert!(is_untouched(), "{name}: resume");
        world.command(&["undo", "runs/run-1", "--yes", "--leave-copies"]);
        assert!(is_untouched(), "{name}: undo");
    }
}

#[test]
fn an_edit_of_a_restored_import_before_it_is_completed_stays() {
    let ran = crate::backup::backup(["a"]).run();
    let world = &ran.world;
    // What lies in the recycle bin is to be completed.
    world.edit("source", "a", "/description", json!("newer"));
    world.remove("source", "a");
    crate::backup::now(world, "restore", &[]);
    slow_reads(world);
    let running = world.spawn_run(&[]).until_journal("applied", 1);
    edit(world, "source", "a", ("/description", &json!("theirs")), LATER);
    running.finish().expect_exit(3).expect_audit("a", "stale", "not_checked");
    assert_eq!(world.import("source", "a")["description"], "theirs");
}

#[test]
fn an_edit_before_the_answer_to_what_made_an_import_stays() {
    // However soon after the call that answer comes.
    for wait in [1500, 300] {
        let world = Scenario::cloning(["a"])
            .job("transform", "[{ set: { /description: new } }]")
            .service(|service| service.clone_answer = CloneAnswer::Array)
            .fault(Fault::on("POST", "/v1/imports/*/clone", Fault::slow_after(wait)))
            .start();
        let running = world.spawn_run(&[]).until("the clone", || world.imports("source").len() == 2);
        edit(&world, "source", "Clone - a", ("/settings", &json!({ "theirs": 1 })), LATER);
        running.finish().expect_exit(3).expect_audit("Clone - a", "stale", "not_checked");
        assert_eq!(world.import("source", "Clone - a")["settings"], json!({ "theirs": 1 }));

        let world = deleted("newer");
        world.fault(Fault::on("POST", RESTORE, Fault::slow_after(wait)));
        let running = world.spawn_run(&[]).until("the import", || world.imports("source").len() == 1);
        edit(&world, "source", "a", ("/settings", &json!({ "theirs": 1 })), LATER);
        running.finish().expect_exit(3).expect_audit("a", "stale", "not_checked");
        assert_eq!(world.import("source", "a")["settings"], json!({ "theirs": 1 }));
    }
}

const RESTORE: &str = "/v1/recycleBinTTL/imports/*/doCascadeRestore";

/// A job that restores the import `a` with an empty description; in the recycle bin it has this one.
fn deleted(description: &str) -> Rc<World> {
    let backup = crate::backup::backup([]).source(&import("a").set("/description", json!("old"))).run();
    let world = Rc::clone(&backup.world);
    world.edit("source", "a", "/description", json!(description));
    world.remove("source", "a");
    crate::backup::now(&world, "restore", &[]);
    world
}

/// Has somebody else restore the import `a`, and perhaps edit it, while the service makes the run wait with the same.
fn restored_by_somebody(world: &Rc<World>, edited: bool) -> Ran {
    let (_, bin) = world.call(reqwest::Method::GET, "source", "/v1/recycleBinTTL/imports", None);
    world.fault(Fault::on("POST", RESTORE, Fault::throttled("1")).first(1));
    let running = world.spawn_run(&[]).until_journal("\"not_taken\"", 1);
    let path = RESTORE.replace('*', bin[0]["doc"]["_id"].as_str().unwrap());
    assert_eq!(world.call(reqwest::Method::POST, "source", &path, Some(&json!({}))).0, 204);
    if edited {
        edit(world, "source", "a", ("/settings", &json!({ "theirs": 1 })), LATER);
    }
    running.finish()
}

#[test]
fn what_somebody_else_took_out_of_the_recycle_bin_is_neither_overwritten_nor_removed() {
    for (description, edited) in [("newer", true), ("newer", false), ("old", true), ("old", false)] {
        let world = deleted(description);
        let ran = restored_by_somebody(&world, edited).expect_calls("PUT", "/v1/imports/{id}", 0);
        let theirs = world.import("source", "a");
        let as_wanted = description == "old" && !edited;
        let (exit, outcome, code) =
            if as_wanted { (0, "unchanged", "made_meanwhile") } else { (3, "stale", "stale") };
        ran.expect_exit(exit).expect_audit("a", outcome, "not_checked").expect_cell("a", "error_code", code);
        let last = world.path("runs").read_dir().unwrap().count();
        world.command(&["undo", &format!("runs/run-{last}"), "--yes"]).expect_exit(0).expect_no_write();
        assert_eq!(world.import("source", "a"), theirs, "{description}, {edited}");
    }
}

#[test]
fn what_somebody_else_took_out_of_the_recycle_bin_before_an_undo_did_is_theirs() {
    for edited in [false, true] {
        let headers = json!([{ "name": "X-Key", "value": "******" }]);
        let masked = import("a").set("/http/headers", headers);
        let world = Scenario::delete([]).source(&masked).job("select", "{ names: [a] }").start();
        world.run().expect_exit(0).expect_source([]);
        let (_, bin) = world.call(reqwest::Method::GET, "source", "/v1/recycleBinTTL/imports", None);
        world.fault(Fault::on("POST", RESTORE, Fault::throttled("1")).first(1));
        let undo = world.spawn(&["undo", "runs/run-1", "--yes"], None);
        let sent = || world.control().calls().iter().any(|call| call.status == 429);
        let running = undo.until("the refusal", sent);
        let path = RESTORE.replace('*', bin[0]["doc"]["_id"].as_str().unwrap());
        assert_eq!(world.call(reqwest::Method::POST, "source", &path, Some(&json!({}))).0, 204);
        if edited {
            edit(&world, "source", "a", ("/settings", &json!({ "theirs": 1 })), LATER);
        }
        let code = if edited { "it is not equal" } else { "1  unchanged" };
        running.finish().expect_exit(if edited { 3 } else { 0 }).expect_stderr(code);
        assert_eq!(world.import("source", "a")["settings"].is_null(), !edited);
    }
}

#[test]
fn what_the_service_makes_of_a_clone_is_no_edit_where_it_is_completed_at_once() {
    for answer in [CloneAnswer::Document, CloneAnswer::Array] {
        let own = json!({ "own": 1 });
        let effect = Effect::ChangeField { pointer: "/settings".into(), value: own, silently: true };
        Scenario::cloning(["a"])
            .job("transform", "[{ set: { /description: new } }]")
            .service(|service| service.clone_answer = answer)
            .fault(Fault::on("POST", "/v1/imports/*/clone", effect))
            .run()
            .expect_exit(0)
            .expect_audit("Clone - a", "cloned", "equal")
            .expect_calls("PUT", "/v1/imports/{id}", 1);
    }
}
