//! What programs read: one JSON document on stdout, as `docs/json.schema.json` says, and JSON on every line of stderr.

use std::rc::Rc;

use serde_json::Value;

use crate::support::scenario::{Fault, Ran, Scenario, World, import};
use crate::support::schema::misfits;

fn schema() -> Value {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.schema.json"));
    serde_json::from_str(&text.unwrap()).unwrap()
}

/// The one document on stdout.
#[track_caller]
fn document(ran: &Ran, definition: &str) -> Value {
    let document: Value = serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("not one document: {error}\n{}\n{}", ran.stdout, ran.stderr));
    let wrong = misfits(&schema(), definition, &document);
    assert!(wrong.is_empty(), "{definition}: {wrong:#?}\n{document:#}");
    if let Some(code) = document.get("exit_code") {
        assert_eq!(code.as_i64(), ran.exit_code().map(i64::from), "{document:#}");
    }
    document
}

/// Runs a command with `--format json`.
#[track_caller]
fn json(world: &Rc<World>, code: i32, words: &[&str], definition: &str) -> Value {
    let words = [words, &["--format", "json"]].concat();
    document(&world.command(&words).expect_exit(code), definition)
}

/// Every line of stderr, each an object with a level.
#[track_caller]
fn lines(ran: &Ran) -> Vec<Value> {
    let parse = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert!(value["level"].is_string() && value["timestamp"].is_string(), "{line}");
        value
    };
    ran.stderr.lines().map(parse).collect()
}

#[test]
fn a_run_and_what_follows_it_are_one_document_each() {
    let world = Scenario::migrate(["a", "b"]).fault(Fault::on_create(Fault::status(403)).named("b")).start();
    let dry = json(&world, 0, &["run", "JOB", "--dry-run"], "run");
    assert_eq!((&dry["result"], &dry["plan"]["totals"]["create"]), (&"dry_run".into(), &2.into()));
    let run = json(&world, 3, &["run", "JOB"], "run");
    assert_eq!((&run["command"], &run["result"]), (&"run".into(), &"ran".into()));
    assert_eq!(run["summary"]["outcomes"]["created"], 1);
    assert_eq!((&run["attention"][0]["word"], &run["attention"][0]["name"]), (&"failed".into(), &"b".into()));
    let folder = run["folder"].as_str().unwrap();
    assert!(world.path(folder).join("journal.jsonl").is_file(), "{folder}");
    assert_eq!(json(&world, 3, &["resume", folder], "run")["result"], "was_finished");
    world.no_faults();
    let retried = json(&world, 0, &["retry", folder], "run");
    assert_eq!(retried["summary"]["outcomes"]["created"], 1);
    assert_eq!(
        json(&world, 0, &["retry", retried["folder"].as_str().unwrap()], "run")["result"],
        "nothing_to_do"
    );
    assert_eq!(json(&world, 0, &["undo", folder], "run")["summary"]["outcomes"]["deleted"], 1);
    let runs = json(&world, 0, &["runs"], "runs");
    assert_eq!(runs.as_array().unwrap().len(), 3);
    std::fs::write(world.path(folder).join("plan.json"), "no plan").unwrap();
    assert_eq!(json(&world, 0, &["runs"], "runs")[2]["state"], "unreadable");
    json(&world, 1, &["verify", folder], "verify");
    json(&world, 0, &["runs", "prune"], "runs_prune");
}

#[test]
fn commands_that_show_something_print_it_as_one_document() {
    let world = Scenario::migrate(["a"])
        .source(&import("b").set("/_connectionId", "@connections/None".into()))
        .start();
    let plan = json(&world, 3, &["plan", "JOB"], "plan_file");
    assert_eq!(plan["items"].as_array().unwrap().len(), 2);
    json(&world, 3, &["plan", "JOB", "--references"], "references");
    json(&world, 0, &["list", "JOB"], "list");
    let check = json(&world, 0, &["check", "JOB"], "check");
    assert_eq!((&check["job"], &check["checks"]), (&"scenario".into(), &Value::Null));
    let check = json(&world, 3, &["check", "JOB", "--online"], "check");
    assert_eq!(
        (&check["checks"][0]["selected"], &check["checks"][0]["cannot_be_done"]),
        (&2.into(), &1.into())
    );
    let ran = world.run();
    assert_eq!(json(&world, 0, &["show"], "report")["items"].as_array().unwrap().len(), 2, "{}", ran.stderr);
    json(&world, 0, &["report"], "report");
    json(&world, 0, &["verify"], "verify");
}

#[test]
fn accounts_and_settings_are_documents_too() {
    let world = Scenario::migrate(["a"]).start();
    let url = world.url().to_owned();
    json(&world, 0, &["accounts", "list"], "accounts_list");
    json(&world, 0, &["accounts", "test"], "accounts_test");
    json(
        &world,
        0,
        &["accounts", "add", "us", "--url", &url, "--token-env", "TOKEN_SOURCE"],
        "accounts_change",
    );
    json(&world, 0, &["accounts", "add", "x", "--url", &url, "--token-env", "NONE"], "accounts_change");
    json(&world, 0, &["accounts", "list"], "accounts_list");
    json(&world, 2, &["accounts", "test"], "accounts_test");
    json(&world, 0, &["accounts", "remove", "x"], "accounts_change");
    json(&world, 2, &["accounts", "remove", "x"], "failure");
    json(&world, 0, &["config", "JOB"], "config");
}

#[test]
fn a_command_that_fails_prints_one_document_too() {
    let world = Scenario::migrate(["a"]).start();
    std::fs::write(world.path("bad.yaml"), "version: 1\nname: bad\naction: migrat\ntaget: b\n").unwrap();
    for command in ["run", "plan", "check", "list"] {
        let bad = json(&world, 2, &[command, "bad.yaml"], "failure");
        assert_eq!((&bad["command"], &bad["error"]["code"]), (&command.into(), &"bad_job".into()));
        let problems = bad["error"]["problems"].as_array().unwrap();
        assert!(problems.iter().any(|problem| problem["line"] == 3), "{bad:#}");
    }
    assert_eq!(json(&world, 2, &["resume", "nowhere"], "failure")["error"]["code"], "bad_arguments");
    assert_eq!(json(&world, 2, &["run", "JOB", "--no-such"], "failure")["command"], Value::Null);
    let csv = world.command(&["run", "JOB", "--format", "csv"]).expect_exit(2);
    assert_eq!(csv.stdout, "", "a form that a command does not print is refused");
    world.fault(Fault::on_list(Fault::status(401)));
    assert_eq!(json(&world, 6, &["run", "JOB"], "failure")["error"]["code"], "token_refused");
}

#[test]
fn a_backup_of_several_accounts_is_one_document() {
    let world = Scenario::migrate(["a"]).start();
    let account = |name: &str| {
        format!("  {name}: {{ url: \"{}\", token: {{ env: TOKEN_{} }} }}\n", world.url(), name.to_uppercase())
    };
    let text = format!(
        "version: 1\nname: nightly\naction: backup\naccounts:\n{}{}sources: [source, target]\narchive: {{ path: ./archive }}\n",
        account("source"),
        account("target")
    );
    std::fs::write(world.path("nightly.yaml"), text).unwrap();
    let plans = json(&world, 0, &["plan", "nightly.yaml"], "plans");
    assert_eq!(plans["plans"].as_array().unwrap().len(), 2);
    let run = json(&world, 0, &["run", "nightly.yaml"], "run");
    assert_eq!(
        (&run["runs"][0]["account"], &run["runs"][1]["account"]),
        (&"source".into(), &"target".into())
    );
    assert_eq!(run["runs"][0]["summary"]["outcomes"]["archived"], 1);
}

#[test]
fn with_log_format_json_every_line_of_stderr_is_json() {
    let world = Scenario::migrate(["a", "b"]).fault(Fault::on_create(Fault::status(403)).named("b")).start();
    let run = world.run_with(&["--log-format", "json"]).expect_exit(3);
    let told = lines(&run);
    assert_eq!(run.stdout, "");
    let message =
        |part: &str| told.iter().any(|line| line["fields"]["message"].as_str().unwrap().contains(part));
    assert!(message("plan: create 2") && message("ended: Migrated 1 of 2 imports"), "{told:#?}");
    let failed = told.iter().find(|line| line["fields"]["outcome"] == "failed").unwrap();
    assert_eq!((&failed["fields"]["name"], &failed["level"]), (&"b".into(), &"WARN".into()));
    assert!(failed["fields"]["reason"].as_str().unwrap().contains("Forbidden"), "{failed}");
    for line in run.stderr.lines() {
        assert_eq!(line.matches("\"message\":").count(), 1, "a key stands twice: {line}");
    }
    assert!(!told.iter().any(|line| line["fields"]["name"] == "a"), "only what fails is named");
    for (code, words) in [
        (2, &["run", "JOB", "--no-such"][..]),
        (2, &["run", "nowhere.yaml"]),
        (2, &["resume", "nowhere"]),
        (2, &["run", "JOB", "--progress", "bar"]),
        (0, &["retry", "runs/run-1", "-vv"]),
        (0, &["undo", "runs/run-1"]),
        (0, &["runs"]),
        (0, &["check", "JOB", "--online", "-v"]),
        (0, &["run", "JOB", "--progress", "plain", "-v"]),
    ] {
        world.no_faults();
        lines(&world.command(&[words, &["--log-format", "json"]].concat()).expect_exit(code));
    }
}

#[test]
fn a_log_file_holds_what_is_told_and_what_becomes_of_each_import() {
    let world = Scenario::migrate(["a", "b"]).start();
    let ran = world.command(&["run", "JOB", "--log-file", "run.log"]).expect_exit(0);
    let log = world.read("run.log");
    assert!(
        log.contains("name=a") && log.contains("created") && log.contains("ended: Migrated 2 imports"),
        "{log}"
    );
    assert!(!ran.stderr.contains("name=a"), "the log is in the file: {}", ran.stderr);
    world.command(&["run", "JOB", "--log-file", "run.log", "--log-format", "json"]).expect_exit(0);
    assert!(world.read("run.log").starts_with(&log), "a log file is added to");
    world.command(&["run", "JOB", "--log-file", "no/such/folder"]).expect_exit(2).expect_stderr("--log-file");
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_told_whatever_was_done() {
    let world = Scenario::migrate(["a"]).start();
    for (command, code) in
        [("run job.yaml --run-dir one", 1), ("undo one --yes", 1), ("run job.yaml --bad", 2)]
    {
        let line = format!("{} {command} --format json > /dev/full", env!("CARGO_BIN_EXE_transship"));
        let output = world.shell(&line);
        assert_eq!(output.status.code(), Some(code), "{command}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            said.contains("could not be written to the standard output"),
            code == 1,
            "{command}: {said}"
        );
    }
    assert!(world.imports("target").is_empty(), "the run and its undo were done");
}
