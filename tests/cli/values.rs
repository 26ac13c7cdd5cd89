//! Values as they were written in the job, its tables and the documents: none loses digits, zeros or its type in silence.

use serde_json::{Value, json};

use crate::support::scenario::{Scenario, id_of, import};

fn updating(transform: &str) -> Scenario {
    Scenario::update(["a"]).job("transform", transform)
}

#[test]
fn an_id_without_quotes_is_the_id() {
    let other = id_of("source", "connections", "Elsewhere");
    for id in ["600000000000000000000001", "6e0000000000000000000002", "000000000000000000000012"] {
        let ran = Scenario::update([])
            .source(&import("a").set("/settings", json!({ "at": other })))
            .job("transform", &format!("[{{ set: {{ /settings/at: {id}, /settings/new: {id} }} }}]"))
            .run()
            .expect_exit(0)
            .expect_audit("a", "updated", "equal");
        let settings = &ran.world.import("source", "a")["settings"];
        assert_eq!(settings, &json!({ "at": id, "new": id }));
        ran.again().expect_exit(0).expect_audit("a", "unchanged", "equal");
    }
}

#[test]
fn leading_zeros_stay_where_a_text_stands_and_are_told_elsewhere() {
    let fields = json!({ "fields": [{ "extract": "x", "generate": "y" }], "lists": [] });
    let ran = Scenario::update([])
        .source(&import("a").set("/mapping", fields).set("/settings", json!({ "zip": "01234", "n": "x" })))
        .job(
            "transform",
            "[{ set: { /settings/zip: 02134, /settings/new: 02134, /settings/n: 5 } },
             { add_mapping: { target: zip, hard_coded: 02134 } },
             { edit_mapping: { target: y, set: { default: 0x1F } } }]",
        )
        .run()
        .expect_exit(0)
        .expect_stderr("`02134` becomes the number 2134, unless a text stands there");
    let document = ran.world.import("source", "a");
    assert_eq!(document["settings"], json!({ "zip": "02134", "n": 5, "new": 2134 }));
    let fields = &document["mapping"]["fields"];
    assert_eq!((&fields[0]["default"], &fields[1]["hardCodedValue"]), (&json!("0x1F"), &json!("02134")));
    ran.expect_cell(
        "a",
        "warnings",
        "/settings/n: was a text and becomes the number `5`: put it into quotes to keep it a text",
    );
}

#[test]
fn a_cell_of_two_lines_makes_no_name_of_two_lines() {
    let ran = updating("[{ name: \"{{ row.q }}\" }]")
        .job("select", "{ manifest: m.csv }")
        .file("m.csv", "name,q\na,\"b\nc\"\n")
        .run()
        .expect_exit(3)
        .expect_audit("a", "failed", "not_checked")
        .expect_cell("a", "error_code", "name_of_lines");
    ran.expect_source(["a"]);
}

#[test]
fn what_a_spreadsheet_writes_where_it_has_no_value_is_told() {
    updating("[{ set: { /description: \"{{ row.d }}\" } }]")
        .job("select", "{ manifest: m.csv }")
        .file("m.csv", "name,d\na,#N/A\n")
        .command(["check", "job.yaml"])
        .expect_exit(0)
        .expect_stderr("`#N/A` is an error value of a spreadsheet");
    updating("[{ rename_fields: f.csv }]")
        .file("f.csv", "side,from,to\nsource,x,=A1\n")
        .command(["check", "job.yaml"])
        .expect_exit(2)
        .expect_stderr("`=A1` is a formula of a spreadsheet");
    updating("[{ add_lookup: { name: terms, map_file: m.csv } }]")
        .file("m.csv", "from,to\nA,\"=\"\"02134\"\"\"\n")
        .command(["check", "job.yaml"])
        .expect_exit(0)
        .expect_stderr("write `02134`");
}

#[test]
fn a_table_tells_what_a_further_run_renames_again_and_no_mistake_twice() {
    updating("[{ rename_fields: f.csv }]")
        .file("f.csv", "side,from,to\nsource,a,b\nsource,b,a\n")
        .command(["check", "job.yaml"])
        .expect_exit(0)
        .expect_stderr("`b` is a new name here");
    let migrated = Scenario::migrate(["a"])
        .job("transform", "[{ rename_fields: f.csv }, { remove: [/http/headers/0] }]")
        .file("f.csv", "side,from,to\nsource,a,b\nsource,b,a\n")
        .command(["check", "job.yaml"])
        .expect_exit(0);
    assert!(!migrated.stderr.contains("a new name here"), "{}", migrated.stderr);
    assert!(!migrated.stderr.contains("each further run"), "{}", migrated.stderr);
    let ragged = updating("[{ rename_fields: f.csv }]")
        .file("f.csv", "side,from,to\nsource,a\n")
        .command(["check", "job.yaml"])
        .expect_exit(2)
        .expect_stderr("the header has 3 cells, this row 2");
    assert!(!ragged.stderr.contains("renames no field"));
}

#[test]
fn what_a_template_prints_of_the_document_keeps_digits_and_order() {
    let text = r#"{"rate":1.10,"huge":123456789012345678901234567890,"o":{"z":1.0,"a":1}}"#;
    let settings: Value = serde_json::from_str(text).unwrap();
    let ran = Scenario::update([])
        .source(&import("a").set("/settings", settings))
        .job(
            "transform",
            r#"[{ set: { /description: "{{ doc.settings.rate }} {{ doc.settings.huge }} {{ doc.settings.o | json }}" } }]"#,
        )
        .run()
        .expect_exit(0);
    let description = &ran.world.import("source", "a")["description"];
    assert_eq!(description, r#"1.10 123456789012345678901234567890 {"z":1.0,"a":1}"#);
}

#[test]
fn a_plan_tells_names_that_a_further_update_changes_again() {
    let rename = "[{ rename: { find: \"^(.*)$\", replace: \"EU $1\" } }]";
    updating(rename)
        .command(["plan", "job.yaml"])
        .expect_exit(0)
        .expect_stdout("\"EU a\" becomes \"EU EU a\"");
    let migrated =
        Scenario::migrate(["a"]).job("transform", rename).command(["plan", "job.yaml"]).expect_exit(0);
    assert!(!migrated.stdout.contains("EU EU a"), "{}", migrated.stdout);
    let selected =
        updating(rename).job("select", "{ names: [\"a*\"] }").command(["plan", "job.yaml"]).expect_exit(0);
    assert!(!selected.stdout.contains("EU EU a"), "{}", selected.stdout);
}

#[test]
fn a_blank_cell_in_the_middle_of_a_name_is_told() {
    let ran = updating(
        "[{ name: \"{{ name }} {{ row.zone }}\" }, { set: { /description: \"of {{ row.zone }}\" } }]",
    )
    .job("select", "{ manifest: m.csv }")
    .file("m.csv", "name,zone\na,\n")
    .run()
    .expect_exit(0);
    let row = &ran.audit()[0];
    assert_eq!(
        row["warnings"],
        "its name was made with a blank cell: `row.zone`; /description was made with a blank cell: `row.zone`"
    );
}

#[test]
fn every_name_and_path_that_is_wrong_is_told_at_once() {
    let ran = updating(
        "[{ name: \"{{ nme }} {{ colour }} {{ row.x }}\" }, { edit_mapping: { target: price, set: { source: \"a..b\" } } }]",
    )
    .command(["check", "job.yaml"])
    .expect_exit(2)
    .expect_stderr("unknown name `nme`")
    .expect_stderr("unknown name `colour`")
    .expect_stderr("`row.x` is a column of a manifest, and the job has none")
    .expect_stderr("`a..b` is not a path of a field");
    assert!(ran.stderr.find("`nme`") < ran.stderr.find("`colour`"), "{}", ran.stderr);
}
