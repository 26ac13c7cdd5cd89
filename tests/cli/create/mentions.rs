//! Ids that texts mention, of what is made and of what does not travel; and lists and documents that cannot be read.

use serde_json::json;

use super::{expect_no_source_ids, hooked, script, sharing};
use crate::support::scenario::{Fault, Scenario, id_of, import};

/// The script `Check` that runs the export `Ask`, which no import speaks of.
fn running_an_export() -> Scenario {
    let code = format!("exports.run({{ _id: '{}' }})", id_of("source", "exports", "Ask"));
    Scenario::migrate([])
        .resource("source", "exports", json!({ "name": "Ask", "adaptorType": "HTTPExport" }))
        .resource("source", "scripts", json!({ "name": "Check", "content": code }))
        .source(&hooked("a", "Check"))
        .job("references", "{ create: [scripts] }")
}

#[test]
fn an_id_in_a_script_that_is_made_becomes_the_targets_though_no_import_mentions_its_kind() {
    let ran = running_an_export()
        .resource("target", "exports", json!({ "name": "Ask", "adaptorType": "HTTPExport" }))
        .run()
        .expect_exit(0)
        .expect_all(2, "created", "equal")
        .expect_cell("Check", "warnings", "/content was replaced by");
    expect_no_source_ids(&ran.world);
}

#[test]
fn a_script_that_mentions_what_the_target_lacks_is_not_made() {
    running_an_export().run().expect_exit(3).expect_no_write().expect_cell(
        "Check",
        "error_message",
        "export \"Ask\"",
    );
}

#[test]
fn ids_of_flows_and_of_imports_are_carried_over_with_a_word_on_each() {
    let flow = json!({ "name": "Next", "disabled": true });
    let other = import("c").in_account("source", 1)["_id"].clone();
    let run = format!("/v1/flows/{}/run", id_of("source", "flows", "Next"));
    let world = Scenario::migrate(["c"])
        .resource("source", "flows", flow)
        .source(&import("a").set("/http/relativeURI/0", json!(run)))
        .source(&import("b").set("/settings", json!({ "next": other })))
        .start();
    let id = world.id("source", "c");
    world.edit("source", "b", "/settings/next", json!(id.clone()));
    // `c` itself is not selected.
    world
        .run_with(&["--only", "a", "--only", "b"])
        .expect_exit(0)
        .expect_all(2, "created", "equal")
        .expect_cell("a", "warnings", "flow \"Next\"")
        .expect_cell("a", "warnings", "/http/relativeURI/0 is carried over as it is")
        .expect_cell("b", "warnings", &format!("import {id} mentioned in /settings/next is carried over"));
}

#[test]
fn a_list_that_is_refused_is_told_where_a_text_might_mention_one_of_it() {
    let stack = id_of("source", "stacks", "Box");
    let mentioning = || {
        Scenario::migrate([])
            .both("stacks", json!({ "name": "Box", "type": "server" }))
            .source(&import("a").set("/settings", json!({ "see": stack })))
    };
    mentioning().run().expect_exit(0).expect_cell("a", "warnings", "stack \"Box\"");
    mentioning()
        .fault(Fault::on("GET", "/v1/stacks", Fault::status(403)).in_account("source"))
        .run()
        .expect_exit(0)
        .expect_stderr("the stacks of account `source` could not be listed");
}

#[test]
fn an_id_under_a_key_that_is_not_known_fares_the_same_alone_and_in_company() {
    let script = id_of("source", "scripts", "Check");
    let client = id_of("source", "iclients", "App");
    for company in [false, true] {
        let mut scenario = Scenario::migrate([])
            .both("scripts", json!({ "name": "Check", "content": "x" }))
            .resource("source", "iclients", json!({ "name": "App" }))
            .source(&import("a").set("/hooks", json!({ "_postAggregateId": script })))
            .source(&import("b").set("/settings", json!({ "app": client })));
        if company {
            scenario =
                scenario.source(&import("c").set("/settings", json!({ "see": format!("x_{script}") })));
        }
        scenario
            .run()
            .expect_exit(0)
            .expect_cell("a", "warnings", "/hooks/_postAggregateId was replaced by")
            .expect_cell("b", "warnings", "iClient \"App\"")
            .expect_cell("b", "warnings", "/settings/app is carried over as it is");
    }
}

#[test]
fn a_kind_to_create_that_no_import_needs_may_be_refused() {
    sharing()
        .job("references", "{ create: [scripts, lookupcaches] }")
        .fault(Fault::on("GET", "/v1/lookupcaches", Fault::status(403)))
        .run()
        .expect_exit(0)
        .expect_all(4, "created", "equal");
}

#[test]
fn a_script_that_cannot_be_read_fails_only_the_imports_that_need_it() {
    for status in [403, 451] {
        sharing()
            .resource("source", "scripts", script("Other"))
            .source(&hooked("d", "Other"))
            .fault(Fault::on("GET", "/v1/scripts/*", Fault::status(status)).named("Check"))
            .run()
            .expect_exit(3)
            .expect_list("scripts", ["Other"])
            .expect_target(["c", "d"])
            .expect_cell("Check", "error_code", "unreadable")
            .expect_cell("a", "error_code", "reference_not_created")
            .expect_audit("d", "created", "equal");
    }
}

#[test]
fn what_needs_scripts_that_mention_each_other_is_told_of_them_and_one_that_mentions_itself_of_that() {
    let telling = |name: &str, other: &str| {
        let id = id_of("source", "scripts", other);
        json!({ "name": name, "content": format!("// see {id}") })
    };
    Scenario::migrate([])
        .resource("source", "scripts", telling("One", "Two"))
        .resource("source", "scripts", telling("Two", "One"))
        .resource("source", "scripts", telling("Three", "Two"))
        .resource("source", "scripts", telling("Self", "Self"))
        .source(&hooked("a", "Three"))
        .source(&hooked("b", "Self"))
        .job("references", "{ create: [scripts] }")
        .run()
        .expect_exit(3)
        .expect_no_write()
        .expect_cell("Two", "error_code", "reference_cycle")
        .expect_cell("Three", "error_code", "reference_not_created")
        .expect_cell("Self", "error_message", "mentions its own id");
}

#[test]
fn the_size_of_a_cache_is_the_services_own() {
    let cache = json!({ "name": "Codes", "size": 7, "sizeInMB": 3 });
    let ran = Scenario::migrate([])
        .resource("source", "lookupcaches", cache)
        .source(
            &import("a").set("/lookups", json!([{ "name": "l", "_lookupCacheId": "@lookupcaches/Codes" }])),
        )
        .job("references", "{ create: [lookupcaches] }")
        .run()
        .expect_exit(0);
    let made = &ran.world.resources("target", "lookupcaches")[0];
    assert_eq!((made.get("size"), made.get("sizeInMB")), (None, None), "{made:#}");
}

#[test]
fn a_list_that_ends_early_once_leaves_out_no_reference_and_skips_no_import() {
    for account in ["source", "target"] {
        for missing in ["drop", "skip"] {
            let short = transship::emulator::Effect::ShrunkenList { keep: 1 };
            Scenario::migrate([])
                .both("scripts", script("Check"))
                .both("scripts", script("Other"))
                .source(&hooked("a", "Check"))
                .source(&hooked("b", "Other"))
                .job("references", &format!("{{ missing: {missing} }}"))
                .fault(Fault::on("GET", "/v1/scripts", short).in_account(account).first(1))
                .run()
                .expect_exit(0)
                .expect_all(2, "created", "equal")
                .expect_in_target("a", "/hooks/preMap/_scriptId", id_of("target", "scripts", "Check"))
                .expect_in_target("b", "/hooks/preMap/_scriptId", id_of("target", "scripts", "Other"));
        }
    }
}
