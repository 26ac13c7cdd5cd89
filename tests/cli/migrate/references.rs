//! References to other resources: by name, by map, and what becomes of one that has no counterpart.

use crate::support::scenario::{Import, Scenario, id_of, import};
use serde_json::{Value, json};

/// An import over a connection of this name.
fn over(name: &str, connection: &str) -> Import {
    import(name).set("/_connectionId", json!(format!("@connections/{connection}")))
}

fn connection(name: &str) -> Value {
    json!({ "name": name, "type": "http" })
}

#[test]
fn references_become_those_of_the_same_name() {
    Scenario::migrate([])
        .both("connections", connection("Depot"))
        .source(&over("a", "Depot"))
        .run()
        .expect_exit(0)
        .expect_in_target("a", "/_connectionId", id_of("target", "connections", "Depot"));
}

#[test]
fn a_connection_is_recognised_by_name_and_type() {
    let mut other = json!({ "name": "Depot", "type": "ftp" });
    other["_id"] = json!("5b5b5b5b00000000000000f1");
    Scenario::migrate([])
        .both("connections", connection("Depot"))
        .resource("target", "connections", other)
        .source(&over("a", "Depot"))
        .run()
        .expect_exit(0)
        .expect_in_target("a", "/_connectionId", id_of("target", "connections", "Depot"));
}

#[test]
fn a_connection_of_another_type_is_no_counterpart() {
    Scenario::migrate([])
        .resource("source", "connections", connection("Depot"))
        .resource("target", "connections", json!({ "name": "Depot", "type": "ftp" }))
        .source(&over("a", "Depot"))
        .run()
        .expect_exit(3)
        .expect_no_write()
        .expect_audit("a", "failed", "not_checked")
        .expect_cell("a", "error_code", "missing_reference");
}

#[test]
fn two_candidates_stop_the_item_and_both_are_named() {
    let mut twin = connection("Depot");
    twin["_id"] = json!("5b5b5b5b00000000000000f2");
    for missing in ["fail", "skip", "drop"] {
        Scenario::migrate(["b"])
            .both("connections", connection("Depot"))
            .resource("target", "connections", twin.clone())
            .source(&over("a", "Depot"))
            .job("references", &format!("{{ missing: {missing} }}"))
            .run()
            .expect_exit(3)
            .expect_target(["b"])
            .expect_audit("a", "failed", "not_checked")
            .expect_cell("a", "error_message", "5b5b5b5b00000000000000f2")
            .expect_cell("a", "error_message", &id_of("target", "connections", "Depot"));
    }
}

/// `a` uses a script that the target lacks.
fn lacking(missing: &str) -> Scenario {
    let hooks = json!({ "preMap": { "function": "f", "_scriptId": "@scripts/Check" } });
    Scenario::migrate(["b"])
        .resource("source", "scripts", json!({ "name": "Check" }))
        .source(&import("a").set("/hooks", hooks))
        .job("references", &format!("{{ missing: {missing} }}"))
}

#[test]
fn an_unresolved_reference_stops_the_item_and_is_named() {
    lacking("fail")
        .run()
        .expect_exit(3)
        .expect_target(["b"])
        .expect_audit("a", "failed", "not_checked")
        .expect_cell("a", "error_code", "missing_reference")
        .expect_cell("a", "error_message", "Check")
        .expect_audit("b", "created", "equal");
}

#[test]
fn an_unresolved_reference_skips_the_item_when_told_so() {
    lacking("skip").run().expect_exit(0).expect_target(["b"]).expect_audit("a", "skipped", "not_checked");
}

#[test]
fn an_unresolved_reference_is_left_out_when_told_so_and_that_is_said() {
    let ran =
        lacking("drop").run().expect_exit(0).expect_target(["a", "b"]).expect_audit("a", "created", "equal");
    assert!(!ran.world.import("target", "a").to_string().contains("_scriptId"));
    ran.expect_cell("a", "warnings", "/hooks/preMap");
}

#[test]
fn a_map_in_the_job_comes_before_the_name() {
    Scenario::migrate([])
        .both("connections", connection("Depot"))
        .resource("target", "connections", connection("Depot EU"))
        .source(&over("a", "Depot"))
        .job("references", "{ map: { connections: { Depot: Depot EU } } }")
        .run()
        .expect_exit(0)
        .expect_in_target("a", "/_connectionId", id_of("target", "connections", "Depot EU"));
}

#[test]
fn a_map_file_takes_ids_and_names() {
    let (from, to) = (id_of("source", "connections", "Depot"), id_of("target", "connections", "Depot EU"));
    Scenario::migrate([])
        .resource("source", "connections", connection("Depot"))
        .resource("source", "connections", connection("Shed"))
        .resource("target", "connections", connection("Depot EU"))
        .source(&over("a", "Depot"))
        .source(&over("b", "Shed"))
        .file(
            "refs.csv",
            &format!("kind,source,target\nconnections,{from},{to}\nconnections,Shed,Depot EU\n"),
        )
        .job("references", "{ by: none, map_file: refs.csv }")
        .run()
        .expect_exit(0)
        .expect_in_target("a", "/_connectionId", to.clone())
        .expect_in_target("b", "/_connectionId", to);
}

#[test]
fn by_none_takes_no_name_for_an_answer() {
    Scenario::migrate(["a"])
        .job("references", "{ by: none }")
        .run()
        .expect_exit(3)
        .expect_no_write()
        .expect_cell("a", "error_code", "missing_reference");
}

#[test]
fn a_script_named_by_its_old_key_is_found_alone_and_in_company() {
    let tidy = json!({ "name": "Tidy", "content": "function f() {}" });
    let old = import("old").set("/hooks/_preMapId", json!("@scripts/Tidy"));
    let new = import("new").set("/hooks/preMap", json!({ "function": "f", "_scriptId": "@scripts/Tidy" }));
    let alone = || Scenario::migrate([]).both("scripts", tidy.clone()).source(&old);
    for scenario in [alone(), alone().source(&new)] {
        scenario.run().expect_exit(0).expect_audit("old", "created", "equal").expect_in_target(
            "old",
            "/hooks/_preMapId",
            id_of("target", "scripts", "Tidy"),
        );
    }
}
