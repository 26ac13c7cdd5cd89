//! Which imports a job takes: every key of `select`, and rows for what was asked for and is not there.

use crate::support::scenario::{Ran, Scenario, import};
use serde_json::json;

/// Four imports that differ in everything `select` asks about.
fn four(select: &str) -> Ran {
    Scenario::migrate([])
        .both("connections", json!({ "name": "Depot", "type": "http" }))
        .both("integrations", json!({ "name": "Orders" }))
        .source(&import("Order 1").set("/http/method/0", json!("PUT")))
        .source(&import("Order 2").set("/_connectionId", json!("@connections/Depot")))
        .source(&import("Customer v1").set("/_integrationId", json!("@integrations/Orders")))
        .source(&import("Customer v2").set("/lastModified", json!("2026-03-01T00:00:00.000Z")))
        .job("select", select)
        .run()
        .expect_exit(0)
}

#[test]
fn names_are_globs_or_regular_expressions() {
    four(r#"{ names: ["Order *"] }"#).expect_target(["Order 1", "Order 2"]);
    four(r#"{ names: ["re:^Customer v[0-9]$"] }"#).expect_target(["Customer v1", "Customer v2"]);
    four(r#"{ names: ["Order 1", "re:2$"] }"#).expect_target(["Order 1", "Order 2", "Customer v2"]);
}

#[test]
fn where_is_a_jq_filter() {
    four(r#"{ where: '.http.method | index("PUT")' }"#).expect_target(["Order 1"]);
}

#[test]
fn connections_and_integrations_are_given_by_name() {
    four("{ connections: [Depot] }").expect_target(["Order 2"]);
    four("{ integrations: [Orders] }").expect_target(["Customer v1"]);
}

#[test]
fn imports_changed_since_a_day_are_taken() {
    four("{ modified_since: 2026-02-15 }").expect_target(["Customer v2"]);
}

#[test]
fn every_key_given_must_hold_and_what_is_excluded_is_left_out() {
    four(r#"{ names: ["Order *"], connections: [Shop] }"#).expect_target(["Order 1"]);
    four(r#"{ adaptor_types: [HTTPImport], exclude: { names: ["* 1", "* v1"] } }"#)
        .expect_target(["Order 2", "Customer v2"]);
}

#[test]
fn a_filter_that_cannot_be_decided_fails_that_import_only() {
    Scenario::migrate(["a"])
        .source(&import("b").set("/description", json!({ "no": "text" })))
        .job("select", r#"{ where: '.description | not or startswith("x")' }"#)
        .run()
        .expect_exit(3)
        .expect_audit("a", "created", "equal")
        .expect_audit("b", "failed", "not_checked");
}

#[test]
fn ids_that_are_not_there_are_rows_too() {
    let world = Scenario::migrate(["a", "b"]).start();
    let select = format!("{{ ids: [{}, 5a5a5a5a000000000000dead] }}", world.id("source", "a"));
    world.write_job("job.yaml", &[("select", &select)]);
    let ran = world.run().expect_exit(3).expect_target(["a"]).expect_audit("a", "created", "equal");
    let gone = ran.audit().into_iter().find(|row| row["error_code"] == "not_found").expect("a row for it");
    assert_eq!(
        (gone["source_id"].as_str(), gone["outcome"].as_str()),
        ("5a5a5a5a000000000000dead", "failed")
    );
    ran.expect_calls("GET", "/v1/imports/{id}", 3);
}

#[test]
fn a_manifest_names_imports_and_its_columns_go_into_templates() {
    Scenario::migrate(["a", "b", "c"])
        .file("imports.csv", "name,region\na,EU\nc,US\n")
        .job("select", "{ manifest: imports.csv }")
        .job("transform", r#"[{ name: "{{ name }} ({{ row.region }})" }]"#)
        .run()
        .expect_exit(0)
        .expect_target(["a (EU)", "c (US)"]);
}

#[test]
fn a_row_of_the_manifest_that_fits_nothing_is_a_row_of_the_audit() {
    Scenario::migrate(["a"])
        .file("imports.csv", "name\na\nghost\n")
        .job("select", "{ manifest: imports.csv }")
        .run()
        .expect_exit(3)
        .expect_target(["a"])
        .expect_audit("ghost", "failed", "not_checked")
        .expect_cell("ghost", "error_code", "not_found")
        .expect_cell("ghost", "error_message", "line 3");
}
