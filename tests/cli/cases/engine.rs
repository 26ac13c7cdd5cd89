//! Cases of a service, of machines and of people that a run has to withstand: each as it was reported, and variants of it.
//! Those that are about time alone are in `tests/engine/cases.rs`.

use serde_json::{Value, json};
use transship::emulator::Effect;

use super::Case;
use crate::support::scenario::{Fault, Scenario, import};

/// Lists and reads by id of an account show a field otherwise than it is stored.
fn shows(account: &str, find: &str, with: &str) -> [Fault; 2] {
    let effect = || Effect::ReplaceBytes { find: find.to_owned(), with: with.to_owned() };
    [Fault::on_list(effect()), Fault::on("GET", "/v1/imports/*", effect())]
        .map(|fault| fault.in_account(account))
}

#[test]
fn case_30_a_field_that_changes_at_each_read() {
    let seen = || import("a").set("/lastUsedAt", json!("SEEN-0"));
    // The plan reads the list; the first read by id shows another value.
    let [_, restless] = shows("source", "SEEN-0", "SEEN-1").map(|fault| fault.first(1));
    let updating = |ignore: &str| {
        Scenario::update([])
            .source(&seen())
            .job("transform", "[{ set: { /description: new } }]")
            .job("ignore", ignore)
            .fault(restless.clone())
            .run()
    };
    updating("[/lastUsedAt]").expect_exit(0).expect_audit("a", "updated", "equal");
    let stale = updating("[/other]").expect_exit(3).expect_audit("a", "stale", "not_checked");
    let message = stale.row("a")["error_message"].clone();
    assert!(message.contains("/lastUsedAt") && !message.contains("somebody else"), "{message}");
    // Where imports are made, the two reads that confirm a difference show that it changes: it is named with the cure.
    let mut scenario = Scenario::migrate([]);
    for name in ["a", "b", "c", "d", "e", "f"] {
        scenario = scenario.source(&import(name).set("/lastUsedAt", json!("SEEN-0")));
    }
    let effect = |with: &str| Effect::ReplaceBytes { find: "SEEN-0".to_owned(), with: with.to_owned() };
    let shown = |with: &str| Fault::on_list(effect(with)).in_account("target");
    let making = scenario.fault(shown("SEEN-2").every(2)).fault(shown("SEEN-1"));
    making.run().expect_exit(3).expect_stderr("add `ignore: [/lastUsedAt]`");
    // Migrated, it is no difference where it is ignored; nor is it one that an archive stores each night.
    let migrating = Scenario::migrate([]).source(&seen()).job("ignore", "[/lastUsedAt]").start();
    for fault in shows("target", "SEEN-0", "SEEN-9") {
        migrating.fault(fault);
    }
    migrating.run().expect_exit(0).expect_audit("a", "created", "equal");
    migrating.run().expect_exit(0).expect_no_write().expect_audit("a", "unchanged", "equal");
}

#[test]
fn case_31_a_name_that_the_service_trims() {
    let trims = |name: &str| {
        let effect = Effect::ChangeField { pointer: "/name".into(), value: json!(name), silently: false };
        Fault::on_create(effect)
    };
    let case = Case::with("31-name-trimmed-by-the-service", vec![trims("Orders").named("Orders ")]);
    case.run("job.yaml").expect_exit(3).expect_audit("Orders ", "created", "differs");
    for _ in 0..2 {
        case.run("job.yaml").expect_no_write();
        assert_eq!(case.world.imports("target").len(), 1);
    }
    // One that lowers the case, and one that cuts.
    for (sent, stored) in
        [("ORDERS to NetSuite", "orders to netsuite"), ("Orders to NetSuite", "Orders to N")]
    {
        let world = Scenario::migrate([]).source(&import(sent)).fault(trims(stored)).start();
        world.run().expect_exit(3);
        for _ in 0..2 {
            world.run().expect_no_write();
            assert_eq!(world.imports("target").len(), 1, "{sent}");
        }
    }
}

#[test]
fn case_32_a_text_cut_in_the_middle_of_an_emoji() {
    const HALF: &str = "\\ud83d";
    // The emulator stores `CUT`, and shows what it stands for here.
    let showing = |with: &str| {
        let effect = Effect::ReplaceBytes { find: "CUT".to_owned(), with: with.to_owned() };
        let faults = ["/v1/imports", "/v1/imports/*"].map(|path| Fault::on("GET", path, effect.clone()));
        Case::with("32-text-cut-in-an-emoji", faults.map(|fault| fault.in_account("target")).into())
    };
    let there = |case: &Case| -> Value {
        let text = std::fs::read_to_string(case.folder.join("target-import.txt")).unwrap();
        assert_eq!(text.matches(HALF).count(), 1, "the case is about half a character");
        serde_json::from_str(&text.replace(HALF, "CUT")).unwrap()
    };
    // With half a character or a whole one, also elsewhere than reported: the secret and the document stay.
    let places = ["/sampleData", "/http/headers/0/name", "/http/relativeURI/0"];
    for (with, code) in [(HALF, "unreadable"), ("\\ude00", "unreadable"), ("x", "masked_secret")] {
        for place in places {
            let case = showing(with);
            let mut import = there(&case);
            import["sampleData"] = json!("whole");
            *import.pointer_mut(place).unwrap() = json!("cut CUT");
            case.world.load("target", std::slice::from_ref(&import));
            let before = case.world.import("target", "Order");
            let ran = case.run("job.yaml").expect_exit(3).expect_no_write();
            let ran = ran.expect_audit("Order", "conflict", "not_checked");
            drop(ran.expect_cell("Order", "error_code", code));
            case.world.command(&["undo", "runs/case-1", "--yes"]).expect_no_write();
            assert_eq!(case.world.import("target", "Order"), before, "{with} at {place}");
        }
    }
    // Without the header, and edited between plan and write.
    for with in [HALF, "x"] {
        let case = showing(with);
        let mut import = there(&case);
        import["sampleData"] = json!("whole");
        import["http"].as_object_mut().unwrap().remove("headers");
        case.world.load("target", &[import]);
        case.world.command(&["plan", "job.yaml", "--out", "plan.json"]).expect_exit(0);
        case.world.edit("target", "Order", "/sampleData", json!("cut CUT"));
        let ran = case.run_with("job.yaml", &["--plan", "plan.json"]).expect_exit(3).expect_no_write();
        drop(ran.expect_audit("Order", "stale", "not_checked"));
        assert_eq!(case.world.import("target", "Order")["sampleData"], "cut CUT", "{with}");
    }
}

#[test]
fn case_33_a_page_that_is_too_large() {
    // 413 for more than so many at a time; a page that no reader would take to its end.
    let limits = ["limit=1000*", "limit=500*", "limit=250*", "limit=125*"];
    for code in [400, 413] {
        let mut scenario = Scenario::migrate([]).many(90);
        for limit in limits {
            scenario = scenario.fault(Fault::on_list(Fault::status(code)).with_query(limit));
        }
        let ran = scenario.run().expect_exit(0).expect_all(90, "created", "equal");
        assert_eq!(ran.world.imports("target").len(), 90, "{code}");
    }
    let huge = Effect::HugeBody { bytes: 80 << 20 };
    let ran = Scenario::migrate([])
        .many(12)
        .fault(Fault::on_list(huge).with_query("limit=1000*").in_account("source"))
        .run();
    ran.expect_exit(0).expect_all(12, "created", "equal");
}

#[test]
fn case_34_two_machines_and_one_target() {
    // The other one begins at once, or when this one is half done; and what is made is a clone.
    two_machines(Scenario::migrate([]), "/v1/imports", "target", 1);
    two_machines(Scenario::migrate([]), "/v1/imports", "target", 10);
    let renamed = r#"[{ rename: { find: "^", replace: "New " } }]"#;
    let cloning = Scenario::cloning([]).job("transform", renamed).job("select", r#"{ names: ["Import *"] }"#);
    two_machines(cloning, "/v1/imports/*/clone", "source", 1);
}

fn two_machines(scenario: Scenario, path: &str, account: &str, begun: usize) {
    let world = scenario.many(20).job("concurrency", "2").start();
    let before = world.imports(account).len();
    world.fault(Fault::on("POST", path, Fault::slow_before(30)));
    let first = world.spawn_run(&[]).until_journal("\"applied\"", begun);
    // Another machine: another home, so another folder of locks.
    for name in ["HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        world.set_env(name, &world.path("elsewhere").display().to_string());
    }
    let second = world.spawn_run(&[]);
    let (first, second) = (first.finish(), second.finish());
    let made = world.imports(account).len() - before;
    let told = |ran: &crate::support::scenario::Ran| ran.summary()["copies"].as_u64().unwrap_or_default();
    let copies = told(&first).max(told(&second));
    let doubled = made as u64 - 20;
    assert_eq!(doubled, copies, "whoever ends last names each: {path}, {begun}");
    let last = if told(&first) >= told(&second) { first } else { second };
    if copies > 0 {
        last.expect_exit(3).expect_stderr("that this run did not make");
    }
}

#[test]
fn case_35_resumed_after_a_colleague_helped() {
    for (edit, outcome, exit) in [(None, "unchanged", 0), (Some("by hand"), "conflict", 3)] {
        let world = Scenario::migrate(["a", "b", "c", "d"]).job("concurrency", "1").start();
        world.fault(
            Fault::on_create(Fault::says(401, json!({ "message": "Bearer Authentication Failed" })))
                .named("[cd]"),
        );
        let ran = world.run().expect_exit(6).expect_target(["a", "b"]);
        world.no_faults();
        let mut by_hand = world.as_in_target("c");
        if let Some(text) = edit {
            by_hand["description"] = json!(text);
        }
        world.load("target", &[by_hand]);
        let resumed = world.resume(ran.folder()).expect_exit(exit).expect_target(["a", "b", "c", "d"]);
        let found = resumed.row("c")["outcome"].clone();
        assert!(found == outcome || edit.is_none() && found == "created", "{edit:?}: {found}");
        assert_eq!(world.control().count("POST", "/v1/imports"), 1, "only `d` is made");
    }
}

#[test]
fn case_36_the_token_of_another_environment() {
    let world = Scenario::migrate(["a", "b", "c"]).start();
    let ran = world.run().expect_exit(0);
    world.set_env("TOKEN_TARGET", world.token("elsewhere"));
    for words in [["undo", "runs/run-1"], ["retry", "runs/run-1"]] {
        let refused = world.command(&words).expect_exit(2).expect_no_write();
        refused.expect_stderr("another environment").expect_target(["a", "b", "c"]);
    }
    // A run into one environment is not held up by one into the other, which has a connection of that name too.
    let connection = json!({ "_id": "5b5b5b5b00000000000000cc", "name": "Shop", "type": "http" });
    world.load_list("elsewhere", "connections", &[connection]);
    world.write_job("two.yaml", &[("on_existing", "create")]);
    world.fault(Fault::on_create(Fault::slow_before(400)).in_account("elsewhere"));
    let other = world.spawn(&["run", "two.yaml", "--run-dir", "runs/other"], Some(world.path("runs/other")));
    let other = other.until_journal("intended", 1);
    world.set_env("TOKEN_TARGET", world.token("target"));
    let ran_there = world.run().expect_exit(0).expect_audit("a", "unchanged", "equal");
    drop(other.finish().expect_exit(0).expect_all(3, "created", "equal"));
    drop(ran_there);
    world.no_faults();
    // A run that is not finished is not gone on with there.
    world.set_env("TOKEN_TARGET", world.token("target"));
    world.command(&["undo", "runs/run-1"]).expect_exit(0).expect_target([]);
    world.fault(Fault::on_create(Fault::says(401, json!({ "message": "Unauthorized" }))).named("c"));
    let broken = world.run().expect_exit(6);
    world.no_faults();
    world.set_env("TOKEN_TARGET", world.token("elsewhere"));
    world.resume(broken.folder()).expect_exit(2).expect_no_write().expect_stderr("another environment");
    drop(ran);
    // Nor is one taken back there that updated what it found.
    let new = import("a").set("/description", json!("new"));
    let world = Scenario::migrate([]).source(&new).target(&import("a")).job("on_existing", "update").start();
    world.run().expect_exit(0).expect_audit("a", "updated", "equal");
    world.set_env("TOKEN_TARGET", world.token("elsewhere"));
    for command in ["undo", "retry", "resume"] {
        let ran = world.command(&[command, "runs/run-1"]).expect_no_write();
        assert_eq!(ran.exit_code(), Some(if command == "resume" { 0 } else { 2 }), "{command}");
    }
}

#[test]
fn case_38_a_read_that_is_behind_the_write() {
    let behind = |times: u64| {
        let world = Scenario::update([])
            .source(&import("a").set("/description", json!("old")))
            .job("transform", "[{ set: { /description: new } }]")
            .env("TRANSSHIP_SETTLE", "3")
            .start();
        let written = world.spawn_run(&[]);
        drop(written.finish().expect_exit(0).expect_audit("a", "updated", "equal"));
        world.edit("source", "a", "/description", json!("old"));
        // Reads show the document as it was, also when it was last modified.
        for (find, with) in [
            ("\"description\":\"new\"", "\"description\":\"old\""),
            ("\"lastModified\":\"2", "\"lastModified\":\"1"),
        ] {
            for fault in shows("source", find, with) {
                world.fault(fault.first(times));
            }
        }
        world.run()
    };
    behind(1).expect_exit(0).expect_audit("a", "updated", "equal");
    behind(2).expect_exit(0).expect_audit("a", "updated", "equal");
    // Still as it was when the grace period is over.
    behind(1000).expect_exit(3).expect_audit("a", "updated", "differs");
    // Otherwise unlike what was sent: that is no matter of waiting.
    let world = Scenario::update(["a"]).job("transform", "[{ set: { /description: new } }]").start();
    world.set_env("TRANSSHIP_SETTLE", "3600");
    for fault in shows("source", "\"description\":\"new\"", "\"description\":\"other\"") {
        world.fault(fault);
    }
    world.run().expect_exit(3).expect_audit("a", "updated", "differs");
}

#[test]
fn case_42_interrupted_because_it_is_wrong_and_undone() {
    for signals in [1, 2] {
        let world = Scenario::migrate([]).many(120).job("concurrency", "5").start();
        world.fault(Fault::on_create(Fault::slow_before(40)));
        let running = world.spawn_run(&[]).until_journal("\"applied\"", 20);
        let intents = running.in_journal("\"step\":\"intended\"");
        let mut running = running.signal("INT");
        if signals == 2 {
            running = running.signal("INT");
        }
        let ran = running.finish().expect_exit(130);
        let sent = world.control().count("POST", "/v1/imports");
        assert!(sent <= intents + 8, "{intents} intents, {sent} sent");
        let doubts = ran.summary()["in_doubt"].as_u64().unwrap_or_default();
        let ran = ran.expect("what is in doubt is told", doubts == 0 || signals == 2);
        let ran = if doubts > 0 { ran.expect_stderr("may or may not exist") } else { ran };
        world.no_faults();
        world
            .command(&["undo", "runs/run-1"])
            .expect_exit(0)
            .expect_target([])
            .expect_stderr("gone from the target");
        drop(ran);
    }
}

#[test]
fn case_42_the_same_with_updates_and_deletes_stopped_as_a_service_manager_does() {
    for (action, method, key, value) in [
        ("update", "PUT", "transform", "[{ set: { /description: wrong } }]"),
        ("delete", "DELETE", "select", r#"{ names: ["*"] }"#),
    ] {
        let world = Scenario::of(action, []).many(80).job("concurrency", "5").job(key, value).start();
        let before = world.imports("source");
        world.fault(Fault::on(method, "/v1/imports/*", Fault::slow_before(40)));
        let running = world.spawn_run(&[]).until_journal("\"applied\"", 20);
        let intents = running.in_journal("\"step\":\"intended\"");
        let ran = running.signal("TERM").finish().expect_exit(130);
        let sent = world.control().count(method, "/v1/imports/{id}");
        assert!(sent <= intents + 8 && sent < 80, "{action}: {intents} intents, {sent} sent");
        world.no_faults();
        drop(world.command(&["undo", "runs/run-1", "--yes"]).expect_exit(0));
        drop(ran);
        // What the service adds to what is written stays.
        let plain = |imports: Vec<Value>| -> Vec<Value> {
            let plain = |import: Value| json!([import["_id"], import["name"], import["description"]]);
            let mut imports: Vec<Value> = imports.into_iter().map(plain).collect();
            imports.sort_by_key(Value::to_string);
            imports
        };
        assert_eq!(plain(world.imports("source")), plain(before), "{action}");
    }
}
