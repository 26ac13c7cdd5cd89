//! Which imports a job takes: every key of `select`, and rows for what was asked for and is not there.

use crate::support::scenario::{Fault, Ran, Scenario, id_of, import};
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

/// An account in which flows and a tool of two integrations use imports.
fn used(select: &str) -> Ran {
    let step = |import: &str| json!({ "type": "import", "_importId": format!("@imports/{import}") });
    let routers = |import: &str| json!([{ "branches": [{ "pageProcessors": [step(import)] }] }]);
    let orders = "@integrations/Orders";
    Scenario::migrate(["linear", "routed", "by tool", "elsewhere", "unused"])
        .both("integrations", json!({ "name": "Orders" }))
        .both("integrations", json!({ "name": "Returns" }))
        .resource("source", "flows", json!({ "name": "F", "_integrationId": orders, "pageProcessors": [step("linear 1")] }))
        .resource("source", "flows", json!({ "name": "R", "_integrationId": orders, "routers": routers("routed 2") }))
        .resource("source", "flows", json!({ "name": "E", "_integrationId": "@integrations/Returns", "pageProcessors": [step("elsewhere 4")] }))
        .resource("source", "tools", json!({ "name": "T", "_integrationId": orders, "routers": routers("by tool 3") }))
        .source(&import("app").set("/_integrationId", json!(orders)))
        .job("select", select)
        .run()
}

#[test]
fn an_integration_has_the_imports_of_its_flows_and_tools_and_those_that_name_it() {
    used("{ integrations: [Orders] }").expect_exit(0).expect_target(["app", "by tool", "linear", "routed"]);
    used("{ integrations: [Orders], exclude: { names: [app] } }")
        .expect_target(["by tool", "linear", "routed"]);
    used("{ exclude: { integrations: [Orders] } }").expect_target(["elsewhere", "unused"]);
}

#[test]
fn a_flow_has_the_imports_of_its_steps_and_branches() {
    used("{ flows: [R, E] }").expect_exit(0).expect_target(["elsewhere", "routed"]);
}

#[test]
fn a_name_that_stands_for_nothing_is_an_error_with_the_nearest_names_and_nothing_is_written() {
    for (select, says) in [
        ("{ connections: [Shup] }", "has no connection `Shup`; did you mean `Shop`?"),
        ("{ integrations: [Ordrs] }", "has no integration `Ordrs`; did you mean `Orders`?"),
        ("{ flows: [Nothing] }", "has no flow `Nothing`"),
        ("{ exclude: { connections: [Nowhere] } }", "has no connection `Nowhere`"),
    ] {
        used(select).expect_exit(2).expect_stderr(says).expect_no_write();
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_a_warning() {
    let warning = "`order *` matches no import; in another case it matches 2 (`Order *`)";
    let ran = four(r#"{ names: ["order *", "Customer v1"] }"#);
    let ran = ran.expect_target(["Customer v1"]).expect_stderr(warning);
    ran.world.command(&["check", "JOB", "--online"]).expect_exit(0).expect_stdout(warning);
}

#[test]
fn a_row_whose_id_and_name_disagree_is_a_conflict_for_every_action() {
    let id = |name: &str| id_of("source", "imports", name);
    let rows = format!(
        "id,name\n{},Order 2\n{},Order 3\n{}, Order  3\n",
        id("Order 1 1"),
        id("Order 2 2"),
        id("Order 3 3")
    );
    let names = ["Order 1", "Order 2", "Order 3"];
    for (scenario, done) in [
        (Scenario::migrate(names), "created"),
        (Scenario::delete(names), "deleted"),
        (Scenario::update(names).job("transform", "[{ set: { /description: new } }]"), "updated"),
    ] {
        let ran = scenario.file("rows.csv", &rows).job("select", "{ manifest: rows.csv }").run();
        ran.expect_exit(3)
            .expect_cell("Order 1", "outcome", "conflict")
            .expect_cell("Order 1", "error_message", "line 2: the id is `Order 1`, the row says `Order 2`")
            .expect_cell("Order 2", "outcome", "conflict")
            .expect_cell("Order 3", "outcome", done);
    }
}

#[test]
fn a_name_of_a_manifest_goes_to_the_import_that_bears_it_exactly_and_else_to_one_that_differs_by_blanks() {
    let select = |names: &[&str]| {
        let mut scenario = Scenario::migrate([]);
        for name in names {
            scenario = scenario.source(&import(name));
        }
        scenario.file("rows.csv", "name\nOrders\n").job("select", "{ manifest: rows.csv }").run()
    };
    select(&["Orders ", "Orders"]).expect_exit(0).expect_target(["Orders"]);
    select(&["Orders\u{a0}"]).expect_exit(0).expect_target(["Orders\u{a0}"]);
}

#[test]
fn an_import_that_cannot_be_read_by_id_is_a_problem_with_that_import() {
    for status in [403, 451, 500] {
        let id = |name: &str| id_of("source", "imports", name);
        let select = format!("{{ ids: [{}, {}, {}] }}", id("a 1"), id("b 2"), id("c 3"));
        let path = format!("/v1/imports/{}", id("b 2"));
        let refused = Fault::on("GET", &path, Fault::status(status));
        Scenario::migrate(["a", "b", "c"])
            .job("select", &select)
            .job("retry", "{ attempts: 2, base: 1ms }")
            .fault(refused)
            .run()
            .expect_exit(3)
            .expect_target(["a", "c"])
            .expect_count("failed", 1)
            .expect_count("created", 2);
    }
}

#[test]
fn ids_that_are_not_there_cost_what_the_list_costs() {
    let gone: Vec<String> = (0..500).map(|number| format!("5a5a5a5a{number:016x}")).collect();
    let select = format!("{{ ids: [{}, {}] }}", gone.join(", "), id_of("source", "imports", "a 1"));
    let ran = Scenario::migrate(["a", "b"]).job("select", &select).run().expect_exit(3).expect_target(["a"]);
    assert_eq!(ran.summary()["outcomes"]["failed"], 500, "{}", ran.summary());
    ran.expect_calls("GET", "/v1/imports/{id}", 1);
}

#[test]
fn an_empty_selection_is_a_failure_for_who_asks_for_that() {
    let world = Scenario::migrate(["a"]).job("select", "{ names: [nothing] }").start();
    world.run().expect_exit(0);
    world
        .run_with(&["--fail-if-empty"])
        .expect_exit(3)
        .expect_stderr("nothing is selected")
        .expect_no_write();
    world.command(&["plan", "JOB", "--fail-if-empty"]).expect_exit(3);
}
