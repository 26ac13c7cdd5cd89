//! Documents that are JSON and have no tree: a lone surrogate, deep nesting, bytes that are not UTF-8, a control character that is not escaped, a key twice. They are never
//! taken for empty ones, in the source or in the target.

use serde_json::{Value, json};
use transship::emulator::Effect;

use crate::support::scenario::{Fault, Scenario, World, import};

/// The ways in which a text of the service has no tree: what stands for `CUT`.
fn ways() -> [String; 7] {
    let deep = format!("\", \"deep\": {}1{}, \"x\": \"", "[".repeat(200), "]".repeat(200));
    let [half, other, bytes, control, line] =
        ["\\ud83d", "\\ude00\\u0041", "\\xff\\xc3(", "\\x01", "\\x0a"].map(str::to_owned);
    let twice = "\", \"settings\": { \"x\": 1, \"x\": 2 }, \"y\": \"".to_owned();
    [half, other, bytes, control, line, deep, twice]
}

/// From now on the service shows `CUT` as `with`.
fn cut(world: &World, with: &str) {
    for path in ["/v1/imports", "/v1/imports/*"] {
        for method in ["GET", "PUT", "POST"] {
            let effect = Effect::ReplaceBytes { find: "CUT".to_owned(), with: with.to_owned() };
            world.fault(Fault::on(method, path, effect));
        }
    }
}

fn updating() -> Scenario {
    Scenario::migrate([]).job("on_existing", "update").source(&import("A")).source(&import("B"))
}

#[test]
fn a_target_that_cannot_be_read_is_a_conflict_and_keeps_its_secret() {
    for with in ways() {
        let secret = json!([{ "name": "Authorization", "value": "Bearer ******" }]);
        let there = import("A").set("/http/headers", secret.clone()).set("/sampleData", json!("cut CUT"));
        let world = updating().target(&there).start();
        cut(&world, &with);
        let ran = world
            .run()
            .expect_exit(3)
            .expect_calls("PUT", "/v1/imports/{id}", 0)
            .expect_audit("A", "conflict", "not_checked")
            .expect_cell("A", "error_code", "unreadable")
            .expect_cell("A", "error_message", "cannot be read: ")
            .expect_audit("B", "created", "equal");
        assert_eq!(ran.world.import("target", "A")["http"]["headers"], secret);
    }
}

#[test]
fn a_target_that_is_cut_between_plan_and_write_is_stale() {
    for with in ways() {
        let world = updating().target(&import("A").set("/description", json!("old"))).start();
        cut(&world, &with);
        world.command(&["plan", "JOB", "--out", "plan.json"]).expect_exit(0);
        world.edit("target", "A", "/description", json!("edited CUT"));
        let ran = world
            .run_with(&["--plan", "plan.json"])
            .expect_exit(3)
            .expect_calls("PUT", "/v1/imports/{id}", 0)
            .expect_audit("A", "stale", "not_checked");
        assert_eq!(ran.world.import("target", "A")["description"], "edited CUT");
    }
}

#[test]
fn a_source_that_cannot_be_read_fails_alone_whatever_is_done_with_it() {
    for with in ways() {
        for action in ["migrate", "update", "delete", "clone"] {
            let (key, value) = if action == "delete" {
                ("select", r#"{ names: ["*"] }"#)
            } else {
                ("transform", r"[{ set: { /description: new } }]")
            };
            let half = import("A").set("/sampleData", json!("cut CUT"));
            let world = Scenario::of(action, ["B"]).source(&half).job(key, value).start();
            cut(&world, &with);
            let ran = world.run().expect_exit(3);
            let row = ran.row("A");
            assert_eq!(
                (row["outcome"].as_str(), row["error_code"].as_str()),
                ("failed", "unreadable"),
                "{action}"
            );
            let others: Vec<_> = ran.audit().into_iter().filter(|row| row["outcome"] != "failed").collect();
            assert_eq!(others.len(), 1, "{action}");
        }
    }
}

#[test]
fn two_documents_that_cannot_be_read_are_not_equal() {
    for with in ways() {
        let half = || import("A").set("/sampleData", json!("cut CUT"));
        let world = Scenario::migrate(["B"]).source(&half()).target(&half()).start();
        world.write_job("job.yaml", &[("action", "compare")]);
        cut(&world, &with);
        let ran = world.run().expect_exit(3);
        assert_eq!(ran.row("A")["outcome"], "failed");
        // The one that only the source holds in full, beside a target that cannot be read.
        let plain = Scenario::migrate([]).source(&import("A")).target(&half()).start();
        plain.write_job("job.yaml", &[("action", "compare")]);
        cut(&plain, &with);
        plain.run().expect_exit(3).expect_audit("A", "conflict", "not_checked");
    }
}

#[test]
fn what_the_service_cuts_while_it_stores_it_differs_and_can_be_undone() {
    for with in ways() {
        let world =
            Scenario::migrate(["B"]).source(&import("A").set("/sampleData", json!("cut CUT"))).start();
        let effect = Effect::ReplaceBytes { find: "CUT".to_owned(), with };
        for (method, path) in [("GET", "/v1/imports"), ("GET", "/v1/imports/*"), ("POST", "/v1/imports")] {
            world.fault(Fault::on(method, path, effect.clone()).in_account("target"));
        }
        let ran = world.run().expect_exit(3).expect_audit("A", "created", "differs");
        assert!(ran.file("journal.jsonl").contains("cannot be read"));
        let folder = ran.folder().display().to_string();
        world.command(&["undo", &folder, "--yes"]).expect_exit(0).expect_target([]);
    }
}

#[test]
fn half_a_character_in_a_name_does_not_hide_an_import() {
    let world = Scenario::migrate(["B"]).source(&import("A CUT")).start();
    cut(&world, "\\ud83d");
    let ran = world.run().expect_exit(3).expect_audit("B", "created", "equal");
    let failed: Vec<Value> = ran
        .audit()
        .iter()
        .filter(|row| row["outcome"] == "failed")
        .map(|row| json!(row["source_id"]))
        .collect();
    assert_eq!(failed.len(), 1);
    assert_ne!(failed[0], "");
}

#[test]
fn an_import_with_two_names_is_neither_written_nor_deleted() {
    for action in ["update", "delete"] {
        let (key, value) = if action == "delete" {
            ("select", r#"{ names: ["*"] }"#)
        } else {
            ("transform", r"[{ set: { /description: new } }]")
        };
        let there = import("A").set("/sampleData", json!("CUT"));
        let world = Scenario::of(action, ["B"]).source(&there).job(key, value).start();
        cut(&world, "\", \"name\": \"second\", \"y\": \"");
        let ran = world.run().expect_exit(3).expect_audit("A", "failed", "not_checked").expect_cell(
            "A",
            "error_message",
            "duplicate key `/name`",
        );
        assert_eq!(ran.world.import("source", "A")["sampleData"], "CUT");
        assert_ne!(ran.world.import("source", "A")["description"], "new");
    }
}

#[test]
fn bytes_that_are_no_json_text_are_backed_up_as_they_are() {
    // The last two are what the program itself writes for such bytes, here as the service sends them.
    let (half, behind_a_backslash) = (r"\udfff\udc41", r"\\udfff\udcff");
    for (with, bytes) in [
        ("\\xff\\xc3(", &b"\xff\xc3("[..]),
        ("\\x01", b"\x01"),
        (half, half.as_bytes()),
        (behind_a_backslash, behind_a_backslash.as_bytes()),
    ] {
        let broken = import("A").set("/description", json!("a CUT b"));
        let scenario = Scenario::of("backup", ["B"]).job("archive", "{ path: archive }");
        let world = scenario.source(&broken).start();
        cut(&world, with);
        world.run().expect_exit(0);
        let shown = world.binary(&["archive", "cat", "archive", "latest", "A"]).output().unwrap().stdout;
        let wanted = [b"a ", bytes, b" b"].concat();
        assert!(shown.windows(wanted.len()).any(|part| part == wanted), "{}", shown.escape_ascii());
        world.write_job("job.yaml", &[("action", "compare")]);
        world.run().expect_exit(3).expect_audit("B", "unchanged", "equal");
    }
}
