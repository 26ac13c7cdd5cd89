//! What counts as a difference.

use serde_json::{Value, json};
use transship::emulator::Effect;

use super::Case;
use crate::support::scenario::Fault;

#[test]
fn case_28_a_masked_secret_where_nothing_changes() {
    let case = Case::of("28-masked-secret-where-nothing-changes");
    let name = case.source(1)["name"].as_str().unwrap().to_owned();
    let ran = case.run("job.yaml").expect_exit(0).expect_audit(&name, "unchanged", "equal");
    assert_eq!(ran.row(&name)["warnings"], "");
    case.expect();
    case.run("job.yaml").expect_exit(0).expect_all(2, "unchanged", "equal");
}

/// Imports to which the service adds this by itself are written once.
fn written_once(pointer: &str, value: &Value) {
    let adds = || Effect::ChangeField { pointer: pointer.to_owned(), value: value.clone(), silently: false };
    let faults = vec![Fault::on_create(adds()), Fault::on("PUT", "/v1/imports/*", adds())];
    let case = Case::with("29-default-that-is-not-known", faults);
    case.run("job-1-migrate.yaml").expect_exit(0).expect_all(1, "created", "equal_with_defaults");
    let ran = case.run("job-1-migrate.yaml").expect_exit(0).expect_no_write();
    ran.expect_all(1, "unchanged", "equal_with_defaults");
    case.run("job-2-compare.yaml").expect_exit(0);
}

#[test]
fn case_29_a_default_that_is_not_built_in() {
    written_once("/http/headers/0/enabled", &json!(true));
}

/// Case 28 with these steps in the place of its own.
fn masked_with(steps: &str) -> Case {
    let case = Case::of("28-masked-secret-where-nothing-changes");
    let job = case.world.read("job.yaml");
    let head = job.split("transform:").next().unwrap();
    std::fs::write(case.world.path("job.yaml"), format!("{head}transform: [{{ {steps} }}]\n")).unwrap();
    case
}

#[test]
fn variants_of_case_28_change_nothing_and_are_no_conflict() {
    for step in [
        "jq: .",
        "remove: [/mockResponse]",
        "rename_field: { side: source, from: nowhere, to: elsewhere }",
        "rename: { find: '^$', replace: x }",
        "patch: [{ op: test, path: /adaptorType, value: HTTPImport }]",
    ] {
        let case = masked_with(step);
        case.run("job.yaml").expect_exit(0).expect_no_write().expect_all(2, "unchanged", "equal");
    }
    // One that a step does change stays a conflict.
    let case = masked_with("set: { /description: new }");
    let name = case.source(1)["name"].as_str().unwrap().to_owned();
    case.run("job.yaml").expect_exit(3).expect_audit(&name, "conflict", "not_checked");
}

#[test]
fn variants_of_case_29_are_written_once() {
    for (pointer, value) in [
        ("/autoRecover", json!(true)),
        ("/http/limits", json!({ "perMinute": 60, "unit": "calls" })),
        ("/http/headers/0/kind", json!("plain")),
    ] {
        written_once(pointer, &value);
    }
}
