//! What counts as a difference.

use serde_json::json;
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

#[test]
fn case_29_a_default_that_is_not_built_in() {
    let adds = || Effect::ChangeField {
        pointer: "/http/headers/0/enabled".to_owned(),
        value: json!(true),
        silently: false,
    };
    let faults = vec![Fault::on_create(adds()), Fault::on("PUT", "/v1/imports/*", adds())];
    let case = Case::with("29-default-that-is-not-known", faults);
    case.run("job-1-migrate.yaml").expect_exit(0).expect_all(1, "created", "equal_with_defaults");
    let ran = case.run("job-1-migrate.yaml").expect_exit(0).expect_no_write();
    ran.expect_all(1, "unchanged", "equal_with_defaults");
    case.run("job-2-compare.yaml").expect_exit(0);
}
