//! `references.create`: what imports need and the target lacks is made first, once, and with the same care as imports.

mod doubt;
mod meanwhile;
mod mentions;
mod plan;
mod prefixes;
mod undo;

use crate::support::scenario::{Fault, Import, Scenario, World, id_of, import};
use serde_json::{Value, json};

const ALL: &str = "{ create: [scripts, filedefinitions, lookupcaches, asynchelpers] }";

/// An import with a hook in the script of that name.
fn hooked(name: &str, script: &str) -> Import {
    let hook = json!({ "function": "f", "_scriptId": format!("@scripts/{script}") });
    import(name).set("/hooks", json!({ "preMap": hook }))
}

fn script(name: &str) -> Value {
    json!({ "name": name, "description": "of the source", "content": format!("function f() {{ return '{name}' }}") })
}

/// Two imports share the script `Check`, which the target lacks; a third needs nothing.
fn sharing() -> Scenario {
    Scenario::migrate(["c"])
        .resource("source", "scripts", script("Check"))
        .source(&hooked("a", "Check"))
        .source(&hooked("b", "Check"))
        .job("references", "{ create: [scripts] }")
}

/// That nothing in the target speaks of the source account.
fn expect_no_source_ids(world: &World) {
    for list in ["imports", "scripts", "filedefinitions", "lookupcaches", "asynchelpers"] {
        for document in world.resources("target", list) {
            assert!(!document.to_string().contains("5a5a5a5a"), "{list}: {document:#}");
            assert!(!document.to_string().contains("transship:new"), "{list}: {document:#}");
        }
    }
}

#[test]
fn a_script_that_is_missing_is_created_once_for_all_imports_that_need_it() {
    let ran = sharing()
        .run()
        .expect_exit(0)
        .expect_calls("POST", "/v1/scripts", 1)
        .expect_calls("POST", "/v1/imports", 3)
        .expect_list("scripts", ["Check"])
        .expect_target(["a", "b", "c"])
        .expect_all(4, "created", "equal")
        .expect_cell("Check", "adaptor_type", "scripts")
        .expect_cell("Check", "item", "1")
        .expect_cell("Check", "source_id", &id_of("source", "scripts", "Check"))
        .expect_stderr("Migrated 3 imports and 1 script from source to target.");
    let made = &ran.world.resources("target", "scripts")[0];
    assert_eq!(made["content"], script("Check")["content"]);
    assert_eq!(made["description"], "of the source");
    for name in ["a", "b"] {
        assert_eq!(ran.world.import("target", name)["hooks"]["preMap"]["_scriptId"], made["_id"]);
    }
    let row = ran.row("a");
    assert_eq!(row["sent_sha256"], row["target_sha256"], "the audit tells of what was sent");
    expect_no_source_ids(&ran.world);
    let spent: u64 = ran.summary()["calls"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(ran.summary()["forecast"]["total"], spent);
    let world = ran.world;
    world.command(&["verify", "runs/run-1"]).expect_exit(0);
    for format in ["csv", "json", "html", "junit"] {
        world.command(&["report", "runs/run-1", "--format", format]).expect_exit(0).expect_stdout("Check");
    }
    world.command(&["report", "runs/run-1", "--format", "markdown"]).expect_stdout("3 imports and 1 script");
}

#[test]
fn many_imports_that_share_a_few_scripts_cost_a_few_calls_more() {
    let mut scenario = Scenario::migrate([]).job("references", "{ create: [scripts] }");
    for number in 0..8 {
        scenario = scenario.resource("source", "scripts", script(&format!("s{number}")));
    }
    for number in 0..400 {
        scenario = scenario.source(&hooked(&format!("i{number:03}"), &format!("s{}", number % 8)));
    }
    let ran = scenario.run().expect_exit(0).expect_all(408, "created", "equal").expect_calls(
        "POST",
        "/v1/scripts",
        8,
    );
    let calls = |key: &str| -> u64 {
        ran.summary()[key].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
    };
    assert_eq!(
        calls("calls"),
        400 + 8 + 8 + 1,
        "each once, the scripts read by id, the imports from one page, which shows copies too"
    );
    assert!(calls("planning_calls") < 40, "{:?}", ran.summary()["planning_calls"]);
    expect_no_source_ids(&ran.world);
}

#[test]
fn a_second_run_finds_what_the_first_one_made_and_writes_nothing() {
    sharing()
        .run()
        .expect_exit(0)
        .again()
        .expect_exit(0)
        .expect_no_write()
        .expect_list("scripts", ["Check"])
        .expect_all(3, "unchanged", "equal");
}

#[test]
fn one_that_bears_the_name_in_the_target_is_used_and_none_is_made() {
    sharing()
        .resource("target", "scripts", json!({ "name": "Check", "content": "function f() {}" }))
        .run()
        .expect_exit(0)
        .expect_calls("POST", "/v1/scripts", 0)
        .expect_in_target("a", "/hooks/preMap/_scriptId", id_of("target", "scripts", "Check"))
        .expect_all(3, "created", "equal");
}

#[test]
fn two_that_bear_the_name_in_the_target_are_an_error_that_names_both() {
    let mut twin = script("Check");
    twin["_id"] = json!("5b5b5b5b00000000000000f3");
    sharing()
        .resource("target", "scripts", script("Check"))
        .resource("target", "scripts", twin)
        .run()
        .expect_exit(3)
        .expect_calls("POST", "/v1/scripts", 0)
        .expect_target(["c"])
        .expect_cell("a", "error_code", "ambiguous_reference")
        .expect_cell("a", "error_message", "5b5b5b5b00000000000000f3");
}

#[test]
fn equal_twins_of_the_source_become_one() {
    let mut twin = script("Check");
    twin["_id"] = json!("5a5a5a5a00000000000000f4");
    let world = sharing()
        .resource("source", "scripts", twin)
        .source(&hooked("d", "Check").set("/hooks/preMap/_scriptId", json!("5a5a5a5a00000000000000f4")))
        .start();
    world
        .run()
        .expect_exit(0)
        .expect_list("scripts", ["Check"])
        .expect_all(5, "created", "equal")
        .expect_cell("Check", "warnings", "which are equal");
    world.run().expect_exit(0).expect_no_write();
}

#[test]
fn twins_of_the_source_that_differ_are_not_guessed_at() {
    let mut twin = json!({ "name": "Check", "content": "function f() { return 2 }" });
    twin["_id"] = json!("5a5a5a5a00000000000000f5");
    sharing()
        .resource("source", "scripts", twin)
        .source(&hooked("d", "Check").set("/hooks/preMap/_scriptId", json!("5a5a5a5a00000000000000f5")))
        .run()
        .expect_exit(3)
        .expect_list("scripts", [])
        .expect_target(["c"])
        .expect_cell("Check", "error_code", "ambiguous_source")
        .expect_cell("Check", "error_message", "5a5a5a5a00000000000000f5")
        .expect_cell("a", "error_code", "reference_not_created")
        .expect_cell("a", "error_message", "script \"Check\"");
}

#[test]
fn a_script_that_the_service_refuses_fails_only_the_imports_that_need_it() {
    let ran = sharing()
        .resource("source", "scripts", script("Other"))
        .source(&hooked("d", "Other"))
        .fault(Fault::on("POST", "/v1/scripts", Fault::status(422)).named("Check"))
        .run()
        .expect_exit(3)
        .expect_list("scripts", ["Other"])
        .expect_target(["c", "d"])
        .expect_audit("Check", "failed", "not_checked")
        .expect_audit("a", "failed", "not_checked")
        .expect_cell("a", "error_code", "reference_not_created")
        .expect_cell("a", "error_message", "script \"Check\"")
        .expect_cell("a", "attempts", "0")
        .expect_cell("a", "sent_sha256", "")
        .expect_audit("d", "created", "equal");
    assert_eq!(ran.row("a")["sent_sha256"], "");
    ran.world.no_faults();
    ran.world
        .command(&["retry", "runs/run-1"])
        .expect_exit(0)
        .expect_list("scripts", ["Check", "Other"])
        .expect_target(["a", "b", "c", "d"]);
    expect_no_source_ids(&ran.world);
}

#[test]
fn what_a_resource_refers_to_is_resolved_or_created_with_it() {
    let helper = json!({ "name": "Feed", "http": { "status": { "_exportId": "@exports/Ask" } },
        "hook": { "_scriptId": "@scripts/Check" }, "_connectionId": "@connections/Shop" });
    let ran = Scenario::migrate([])
        .both("exports", json!({ "name": "Ask", "adaptorType": "HTTPExport" }))
        .both("integrations", json!({ "name": "Orders" }))
        .resource("source", "scripts", script("Check"))
        .resource("source", "asynchelpers", helper)
        .resource(
            "source",
            "lookupcaches",
            json!({ "name": "Codes", "_integrationId": "@integrations/Orders", "size": 7 }),
        )
        .resource(
            "source",
            "filedefinitions",
            json!({ "name": "EDI", "format": "delimited/edi", "rules": [{ "name": "x" }] }),
        )
        .source(
            &import("a")
                .set("/http/_asyncHelperId", json!("@asynchelpers/Feed"))
                .set("/lookups", json!([{ "name": "l", "_lookupCacheId": "@lookupcaches/Codes" }]))
                .set("/settings", json!({ "see": "@scripts/Check" })),
        )
        .source(
            &import("b")
                .set("/file", json!({ "fileDefinition": { "_fileDefinitionId": "@filedefinitions/EDI" } })),
        )
        .job("references", ALL)
        .run()
        .expect_exit(0)
        .expect_all(6, "created", "equal")
        .expect_in_target("a", "/lookups/0/name", "l")
        .expect_cell("Codes", "warnings", "without its data")
        .expect_cell("a", "warnings", "/settings/see")
        .expect_stderr("load it before a flow uses it: \"Codes\"");
    let world = &ran.world;
    let one = |list: &str| world.resources("target", list).remove(0);
    assert_eq!(one("asynchelpers")["hook"]["_scriptId"], one("scripts")["_id"]);
    assert_eq!(one("asynchelpers")["http"]["status"]["_exportId"], id_of("target", "exports", "Ask"));
    assert_eq!(one("lookupcaches")["_integrationId"], id_of("target", "integrations", "Orders"));
    assert_eq!(world.import("target", "a")["settings"]["see"], one("scripts")["_id"]);
    expect_no_source_ids(world);
}

/// The helper `Feed` refers to an export that the target lacks.
fn lacking(missing: &str) -> Scenario {
    let helper = json!({ "name": "Feed", "http": { "status": { "_exportId": "@exports/Ask" } } });
    Scenario::migrate(["b"])
        .resource("source", "exports", json!({ "name": "Ask", "adaptorType": "HTTPExport" }))
        .resource("source", "asynchelpers", helper)
        .source(&import("a").set("/http/_asyncHelperId", json!("@asynchelpers/Feed")))
        .job("references", &format!("{{ create: [asynchelpers], missing: {missing} }}"))
}

#[test]
fn a_resource_whose_own_reference_is_missing_fails_with_what_needs_it() {
    lacking("fail")
        .run()
        .expect_exit(3)
        .expect_target(["b"])
        .expect_list("asynchelpers", [])
        .expect_cell("Feed", "error_code", "missing_reference")
        .expect_cell("a", "error_code", "reference_not_created")
        .expect_cell("a", "error_message", "export \"Ask\"");
}

#[test]
fn a_resource_whose_own_reference_is_missing_is_skipped_with_what_needs_it_when_told_so() {
    lacking("skip")
        .run()
        .expect_exit(0)
        .expect_target(["b"])
        .expect_audit("Feed", "skipped", "not_checked")
        .expect_audit("a", "skipped", "not_checked");
}

#[test]
fn a_resource_whose_own_reference_is_missing_is_made_without_it_when_told_so() {
    let ran =
        lacking("drop").run().expect_exit(0).expect_target(["a", "b"]).expect_all(3, "created", "equal");
    assert!(!ran.world.resources("target", "asynchelpers")[0].to_string().contains("_exportId"));
    ran.expect_cell("Feed", "warnings", "/http/status/_exportId");
}

#[test]
fn an_id_of_a_kind_that_is_not_known_does_not_travel() {
    let helper = json!({ "name": "Feed", "_widgetId": "5a5a5a5a00000000000000f6" });
    Scenario::migrate([])
        .resource("source", "asynchelpers", helper)
        .source(&import("a").set("/http/_asyncHelperId", json!("@asynchelpers/Feed")))
        .job("references", ALL)
        .run()
        .expect_exit(3)
        .expect_no_write()
        .expect_cell("Feed", "error_message", "/_widgetId");
}

#[test]
fn what_belongs_to_an_integration_app_is_not_created() {
    let mut owned = script("Check");
    owned["_connectorId"] = json!("5a5a5a5a00000000000000f7");
    Scenario::migrate([])
        .resource("source", "scripts", owned)
        .source(&hooked("a", "Check"))
        .job("references", "{ create: [scripts] }")
        .run()
        .expect_exit(3)
        .expect_no_write()
        .expect_cell("a", "error_message", "belongs to an Integration App and is not created");
}

#[test]
fn scripts_that_mention_each_other_cannot_be_made_and_that_is_said() {
    let telling = |name: &str, other: &str| {
        let id = id_of("source", "scripts", other);
        json!({ "name": name, "content": format!("// see {id}") })
    };
    Scenario::migrate(["c"])
        .resource("source", "scripts", telling("One", "Two"))
        .resource("source", "scripts", telling("Two", "One"))
        .source(&hooked("a", "One"))
        .job("references", "{ create: [scripts] }")
        .run()
        .expect_exit(3)
        .expect_target(["c"])
        .expect_list("scripts", [])
        .expect_cell("One", "error_code", "reference_cycle")
        .expect_cell("a", "error_code", "reference_not_created");
}

#[test]
fn a_kind_that_is_not_named_is_left_missing() {
    sharing()
        .job("references", "{ create: [lookupcaches] }")
        .run()
        .expect_exit(3)
        .expect_list("scripts", [])
        .expect_target(["c"])
        .expect_cell("a", "error_code", "missing_reference");
}

#[test]
fn a_script_is_read_back_by_id_where_the_answer_to_its_create_hides_the_code() {
    for (verify, verdict) in [("full", "equal"), ("response", "not_checked"), ("none", "not_checked")] {
        sharing()
            .service(|service| service.post_script_hides_content = true)
            .job("verify", verify)
            .run()
            .expect_exit(0)
            .expect_audit("Check", "created", verdict);
    }
}

#[test]
fn a_script_that_lost_its_code_on_the_way_reads_back_different() {
    let dropped = transship::emulator::Effect::DropField { pointer: "/content".to_owned(), silently: true };
    sharing()
        .fault(Fault::on("POST", "/v1/scripts", dropped))
        .run()
        .expect_exit(3)
        .expect_audit("Check", "created", "differs")
        .expect_cell("Check", "error_message", "/content");
}

#[test]
fn too_many_failures_stop_the_run_with_them_too() {
    sharing()
        .job("concurrency", "1")
        .job("stop", "{ failures: 1 }")
        .fault(Fault::on("POST", "/v1/scripts", Fault::status(422)))
        .run()
        .expect_exit(4)
        .expect_audit("Check", "failed", "not_checked")
        .expect_audit("c", "unprocessed", "not_checked");
}
