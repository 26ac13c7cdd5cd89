//! Moving imports into another account: what is written, what is left alone, and what the audit says of each.

mod numbers;
mod plan;
mod real;
mod references;
mod same;
mod scale;
mod select;

use crate::support::scenario::{Fault, Scenario, id_of, import};
use serde_json::json;
use transship::emulator::Effect;

#[test]
fn what_is_not_in_the_target_is_created_read_back_and_equal() {
    Scenario::migrate(["a", "b"])
        .run()
        .expect_exit(0)
        .expect_target(["a", "b"])
        .expect_calls("POST", "/v1/imports", 2)
        .expect_all(2, "created", "equal")
        .expect_cell("a", "http_status", "201")
        .expect_cell("a", "attempts", "1");
}

#[test]
fn a_second_run_changes_nothing_and_writes_nothing() {
    Scenario::migrate(["a", "b"])
        .job("transform", r#"[{ rename: { find: "^", replace: "EU " } }]"#)
        .run()
        .expect_target(["EU a", "EU b"])
        .again()
        .expect_exit(0)
        .expect_no_write()
        .expect_target(["EU a", "EU b"])
        .expect_all(2, "unchanged", "equal");
}

#[test]
fn an_empty_account_is_no_failure() {
    Scenario::migrate([]).run().expect_exit(0).expect_no_write().expect_target([]).expect_count("created", 0);
}

/// `a` stands in the target with another description.
fn standing() -> Scenario {
    let there = import("a").set("/description", json!("of the target"));
    Scenario::migrate(["a", "b"]).target(&there)
}

#[test]
fn what_is_there_and_differs_is_skipped_unless_told_otherwise() {
    standing()
        .run()
        .expect_exit(0)
        .expect_audit("a", "skipped", "not_checked")
        .expect_cell("a", "error_code", "exists")
        .expect_cell("a", "changed_paths", "/description")
        .expect_audit("b", "created", "equal")
        .expect_in_target("a", "/description", "of the target");
}

#[test]
fn on_existing_update_overwrites_it() {
    standing()
        .job("on_existing", "update")
        .run()
        .expect_exit(0)
        .expect_audit("a", "updated", "equal")
        .expect_calls("PUT", "/v1/imports/{id}", 1)
        .expect_target(["a", "b"])
        .expect_in_target("a", "/description", json!(null));
}

#[test]
fn on_existing_create_makes_another_beside_it() {
    standing()
        .job("on_existing", "create")
        .run()
        .expect_exit(0)
        .expect_audit("a", "created", "equal")
        .expect_target(["a", "a", "b"]);
}

#[test]
fn on_existing_fail_fails_the_item_and_no_other() {
    standing()
        .job("on_existing", "fail")
        .run()
        .expect_exit(3)
        .expect_audit("a", "failed", "not_checked")
        .expect_audit("b", "created", "equal")
        .expect_in_target("a", "/description", "of the target");
}

#[test]
fn equal_names_are_paired_by_content() {
    let (one, other) =
        (import("a").set("/description", json!("1")), import("a").set("/description", json!("2")));
    Scenario::migrate([])
        .source(&one)
        .source(&other)
        .target(&other)
        .target(&one)
        .run()
        .expect_exit(0)
        .expect_no_write()
        .expect_all(2, "unchanged", "equal");
}

#[test]
fn of_equal_names_what_is_left_over_on_both_sides_is_a_conflict() {
    let of = |text: &str| import("a").set("/description", json!(text));
    let ran = Scenario::migrate(["b"])
        .source(&of("1"))
        .source(&of("2"))
        .target(&of("2"))
        .target(&of("3"))
        .job("on_existing", "update")
        .run()
        .expect_exit(3)
        .expect_target(["a", "a", "b"])
        .expect_count("conflict", 1)
        .expect_count("unchanged", 1)
        .expect_count("created", 1);
    let conflict = ran.rows("a").into_iter().find(|row| row["outcome"] == "conflict").unwrap();
    let ids = ran.world.imports("target").into_iter().filter(|import| import["name"] == "a");
    for id in ids.map(|import| import["_id"].as_str().unwrap().to_owned()) {
        assert!(conflict["error_message"].contains(&id), "{id} is not named: {conflict:#?}");
    }
}

#[test]
fn equal_twins_of_the_source_are_each_created_once() {
    Scenario::migrate(["a", "a", "a"])
        .run()
        .expect_exit(0)
        .expect_target(["a", "a", "a"])
        .expect_all(3, "created", "equal")
        .again()
        .expect_no_write()
        .expect_all(3, "unchanged", "equal");
}

#[test]
fn a_value_the_service_adds_is_equal_with_defaults_and_no_alarm() {
    let adds =
        Effect::ChangeField { pointer: "/http/requestTimeout".into(), value: json!(30), silently: false };
    Scenario::migrate(["a", "b"])
        .fault(Fault::on_create(adds).named("b"))
        .run()
        .expect_exit(0)
        .expect_audit("a", "created", "equal")
        .expect_audit("b", "created", "equal_with_defaults");
}

#[test]
fn a_field_the_service_drops_is_found_and_named() {
    let drops = Effect::DropField { pointer: "/http/body".into(), silently: true };
    Scenario::migrate(["a", "b", "c"])
        .fault(Fault::on_create(drops).named("b"))
        .run()
        .expect_exit(3)
        .expect_audit("a", "created", "equal")
        .expect_audit("b", "created", "differs")
        .expect_cell("b", "error_message", "/http/body")
        .expect_audit("c", "created", "equal");
}

#[test]
fn a_value_the_service_changes_is_found_and_named() {
    let changes =
        Effect::ChangeField { pointer: "/http/method/0".into(), value: json!("PUT"), silently: true };
    Scenario::migrate(["a"])
        .fault(Fault::on_create(changes))
        .run()
        .expect_exit(3)
        .expect_audit("a", "created", "differs")
        .expect_cell("a", "error_message", "/http/method/0");
}

#[test]
fn verification_by_the_answer_costs_no_call_and_sees_what_the_answer_shows() {
    let drops = |silently| Effect::DropField { pointer: "/http/body".into(), silently };
    Scenario::migrate(["a", "b", "c"])
        .job("verify", "response")
        .fault(Fault::on_create(drops(false)).named("b"))
        .fault(Fault::on_create(drops(true)).named("c"))
        .run()
        .expect_exit(3)
        .expect_calls("GET", "/v1/imports/{id}", 0)
        .expect_audit("a", "created", "equal")
        .expect_audit("b", "created", "differs")
        .expect_audit("c", "created", "equal");
}

#[test]
fn without_verification_nothing_is_claimed() {
    Scenario::migrate(["a"])
        .job("verify", "none")
        .run()
        .expect_exit(0)
        .expect_calls("GET", "/v1/imports/{id}", 0)
        .expect_audit("a", "created", "not_checked");
}

#[test]
fn words_the_service_spells_in_lower_case_are_equal() {
    let netsuite = json!({ "name": "n", "adaptorType": "NetSuiteDistributedImport", "_connectionId": "@connections/NetSuite",
        "distributed": true, "netsuite_da": { "operation": "Add", "recordType": "customer",
        "mapping": { "fields": [{ "extract": "a", "generate": "companyname" }], "lists": [] } } });
    Scenario::migrate([])
        .both("connections", json!({ "name": "NetSuite", "type": "netsuite" }))
        .source(&crate::support::scenario::Import::of(netsuite))
        .run()
        .expect_exit(0)
        .expect_in_target("n", "/netsuite_da/operation", "add")
        .expect_audit("n", "created", "equal");
}

#[test]
fn names_of_any_script_arrive_letter_by_letter() {
    let names =
        ["Überträge → 東京", "بيانات العملاء", "Zoë 👩‍👩‍👧", "e\u{301}", "\u{e9}", "=SUM(A1)", "a,\"b\"\n"];
    let ran = Scenario::migrate(names).run().expect_exit(0).expect_target(names).expect_count("created", 7);
    assert!(!ran.file("audit.csv").contains(",=SUM"), "a cell that a spreadsheet would run");
    ran.again().expect_no_write().expect_count("unchanged", 7);
}

#[test]
fn server_fields_are_not_sent() {
    let ran = Scenario::migrate(["a"])
        .source(
            &import("b").set("/sandbox", json!(true)).set("/debugUntil", json!("2026-01-01T00:00:00.000Z")),
        )
        .run()
        .expect_exit(0);
    let (there, here) = (ran.world.import("target", "b"), ran.world.import("source", "b"));
    for field in ["_id", "createdAt", "lastModified", "apiIdentifier", "sandbox", "debugUntil"] {
        assert_ne!(there.get(field), here.get(field), "{field}");
    }
}

#[test]
fn masked_secrets_are_never_written_and_are_left_as_work_to_do() {
    let masked = import("a").set("/http/headers", json!([{ "name": "X-Key", "value": "******" }]));
    let ran = Scenario::migrate([]).source(&masked).run().expect_exit(0);
    assert!(!ran.world.import("target", "a").to_string().contains("***"));
    assert_eq!(ran.summary()["secrets"], 1);
    let plan = ran.file("plan.json");
    assert!(plan.contains("/http/headers/0/value"), "the plan lists what is left to do: {plan}");
}

#[test]
fn a_comparison_calls_equal_what_a_migration_calls_unchanged() {
    let masked = import("a").set("/http/headers", json!([{ "name": "X-Key", "value": "******" }]));
    let ran = Scenario::migrate([]).source(&masked).run().expect_exit(0);
    ran.world.run().expect_exit(0).expect_all(1, "unchanged", "equal");
    ran.world.write_job("job.yaml", &[("action", "compare")]);
    let ran = ran.world.run().expect_exit(0).expect_no_write();
    ran.expect_stderr("secrets are shown only masked and were not compared");
}

#[test]
fn what_an_integration_app_owns_is_skipped_unless_asked_for() {
    let owned = import("a").set("/_connectorId", json!("5a00000000000000000000aa"));
    Scenario::migrate(["b"])
        .source(&owned)
        .run()
        .expect_exit(0)
        .expect_target(["b"])
        .expect_audit("a", "skipped", "not_checked")
        .expect_cell("a", "error_code", "integration_app");
}

#[test]
fn imports_are_recognised_by_external_id_when_told_so() {
    let of = |name: &str, id: &str| {
        import(name).set("/externalId", json!(id)).set("/http/relativeURI", json!(["/"]))
    };
    Scenario::migrate(["without"])
        .source(&of("new name", "x-1"))
        .source(&of("c", "x-2"))
        .target(&of("old name", "x-1"))
        .job("match", "external_id")
        .job("on_existing", "update")
        .run()
        .expect_exit(3)
        .expect_target(["new name", "c"])
        .expect_audit("new name", "updated", "equal")
        .expect_audit("c", "created", "equal")
        .expect_audit("without", "conflict", "not_checked");
}

#[test]
fn captured_data_stays_at_home_when_told_so() {
    let ran = Scenario::migrate([])
        .source(&import("a").set("/mockResponse", json!([{ "id": 1 }])))
        .job("transform", "[{ remove: [/mockResponse] }, { set: { /description: \"by {{ job.name }}\" } }]")
        .run()
        .expect_exit(0)
        .expect_in_target("a", "/description", "by scenario");
    assert!(ran.world.import("target", "a").get("mockResponse").is_none());
}

#[test]
fn no_id_of_the_source_account_is_ever_written() {
    let mention = format!("see {}", id_of("source", "scripts", "Check"));
    let wide = import("a")
        .set("/_integrationId", json!("@integrations/Orders"))
        .set("/hooks", json!({ "preMap": { "function": "f", "_scriptId": "@scripts/Check" } }))
        .set("/http/lookups", json!([{ "name": "l", "_lookupCacheId": "@lookupcaches/Cache" }]))
        .set("/settings", json!({ "script": mention, "of": { "any": ["@scripts/Check"] } }))
        .set("/_sourceId", json!("5a5a5a5a0000000000000001"));
    let mut scenario = Scenario::migrate(["b"]).source(&wide);
    for (list, name) in [("integrations", "Orders"), ("scripts", "Check"), ("lookupcaches", "Cache")] {
        scenario = scenario.both(list, json!({ "name": name }));
    }
    let ran = scenario.run().expect_exit(0).expect_count("created", 2);
    for import in ran.world.imports("target") {
        assert!(!import.to_string().contains("5a5a5a5a"), "an id of the source: {import:#}");
    }
    assert_eq!(
        ran.world.import("target", "a")["hooks"]["preMap"]["_scriptId"],
        id_of("target", "scripts", "Check")
    );
}
