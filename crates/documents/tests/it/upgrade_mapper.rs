//! `upgrade_mapper`: Mapper 1.0 becomes Mapper 2.0 losslessly, or not at all and with the reasons.

use serde_json::{Value, json};
use transship_documents::upgrade::{Untyped, Upgrade, upgrade};

fn http(mapping: &Value) -> Value {
    json!({ "name": "Orders", "adaptorType": "HTTPImport", "http": { "lookups": [{ "name": "l" }] },
        "mapping": mapping, "filter": { "a": 1 } })
}

fn fields(fields: &Value) -> Value {
    http(&json!({ "fields": fields, "lists": [] }))
}

/// The new mapping; panics when the import was left as it is.
fn upgraded(mut document: Value) -> Value {
    let warnings = upgrade(&mut document, Untyped::Leave);
    assert_eq!(warnings, Upgrade::Done);
    assert!(document.get("mapping").is_none(), "Mapper 1.0 is gone");
    assert_eq!(document["filter"], json!({ "a": 1 }), "nothing else is touched");
    document["mappings"].take()
}

/// Why the import was left as it is.
fn refused(document: &Value) -> String {
    let mut after = document.clone();
    let warnings = upgrade(&mut after, Untyped::Leave);
    assert_eq!(&after, document, "left as it is, to the byte");
    let Upgrade::Left(why) = warnings else { panic!("{warnings:?}") };
    assert!(why.starts_with("stays on Mapper 1.0: "), "{why}");
    why
}

fn string(generate: &str, extract: &str) -> Value {
    json!({ "extract": extract, "generate": generate, "dataType": "string" })
}

#[test]
fn rows_become_entries_and_dotted_targets_objects() {
    let made = upgraded(fields(&json!([
        string("id", "order_id"),
        string("ship.city", "shipping.address.city"),
        string("ship.terms", "[Payment Terms]"),
        { "generate": "source", "hardCodedValue": "shop" },
        { "generate": "done", "hardCodedValue": true },
        { "generate": "status", "extract": "s", "dataType": "string", "lookupName": "l", "default": null,
            "conditional": { "when": "extract_not_empty" }, "immutable": false },
        { "generate": "on", "extract": "{{trim record.at}}", "dataType": "string", "generateDateFormat": "YYYY" },
    ])));
    assert_eq!(
        made,
        json!([
            { "generate": "id", "extract": "$.order_id", "dataType": "string", "sourceDataType": "string", "status": "Active" },
            { "generate": "ship", "dataType": "object", "status": "Active", "mappings": [
                { "generate": "city", "extract": "$.shipping.address.city", "dataType": "string",
                    "sourceDataType": "string", "status": "Active" },
                { "generate": "terms", "extract": "$[\"Payment Terms\"]", "dataType": "string",
                    "sourceDataType": "string", "status": "Active" }] },
            { "generate": "source", "extract": "shop", "dataType": "string", "sourceDataType": "string", "status": "Active" },
            { "generate": "done", "extract": "true", "dataType": "boolean", "sourceDataType": "string", "status": "Active" },
            { "generate": "status", "default": null, "lookupName": "l", "conditional": { "when": "extract_not_empty" },
                "extract": "$.s", "dataType": "string", "sourceDataType": "string", "status": "Active" },
            { "generate": "on", "generateDateFormat": "YYYY", "extract": "{{trim record.at}}", "dataType": "string",
                "sourceDataType": "string", "status": "Active" },
        ])
    );
}

#[test]
fn a_list_of_the_source_becomes_an_array_that_is_built_of_it() {
    let made = upgraded(http(&json!({ "fields": [], "lists": [
        { "generate": "items", "fields": [string("sku", "lines[*].sku"), string("order", "order_id")] }] })));
    let helper = &made[0]["buildArrayHelper"][0];
    assert_eq!((&made[0]["generate"], &made[0]["dataType"]), (&json!("items"), &json!("objectarray")));
    assert_eq!(helper["extract"], json!("$.lines[*]"));
    let extracts: Vec<_> = helper["mappings"].as_array().unwrap().iter().map(|m| &m["extract"]).collect();
    assert_eq!(extracts, [&json!("$.lines.sku"), &json!("$.order_id")]);
}

#[test]
fn a_list_whose_only_way_to_a_list_of_the_source_is_left_is_not_said_to_have_none() {
    const NONE: &str = "list `L`: none of its rows goes through a list of the source";
    for (row, reason, none) in [
        (json!({ "extract": "items[*].sku", "isKey": true }), "no `isKey`", false),
        (json!({ "extract": "items[*].sku", "useFirstRow": true }), "no `useFirstRow`", false),
        (json!({ "extract": "items[*]" }), "is a whole entry of a list", false),
        (json!({ "extract": "a[*].b[*].c" }), "goes through several lists", false),
        (json!({ "extract": "*.sku" }), "`*.sku` may not mean the same", false),
        (json!({ "extract": "{{record.x}}" }), "in a list is not known", false),
        (json!({ "extract": "sku", "isKey": true }), "no `isKey`", true),
        (json!({ "extract": "sku" }), NONE, true),
        (json!({ "hardCodedValue": "x" }), NONE, true),
    ] {
        let mut row = row;
        row["generate"] = json!("s");
        row["dataType"] = json!("string");
        let list = json!({ "generate": "L", "fields": [row] });
        let why = refused(&http(&json!({ "fields": [], "lists": [list] })));
        assert!(why.contains(reason) && why.contains(NONE) == none, "{row}: {why}");
    }
}

#[test]
fn a_list_that_is_called_as_the_record_in_an_envelope_is_left() {
    let why = refused(&http(&json!({ "fields": [], "lists": [
        { "generate": "items", "fields": [string("sku", "record[*].sku")] }] })));
    assert!(why.contains("`items.sku`: its source `record[*].sku` begins with `record`"), "{why}");
}

#[test]
fn the_columns_of_a_file_stand_in_one_unnamed_row() {
    let document = json!({ "adaptorType": "FTPImport", "ftp": {}, "file": { "type": "csv" }, "filter": { "a": 1 },
        "mapping": { "fields": [{ "extract": "a b", "generate": "A" }] } });
    let made = upgraded(document);
    let wrapper = json!({ "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$", "sourceDataType": "object", "mappings": made[0]["buildArrayHelper"][0]["mappings"] }] });
    assert_eq!(made, json!([wrapper]));
    let row = &made[0]["buildArrayHelper"][0]["mappings"][0];
    assert_eq!(
        (&row["generate"], &row["extract"], &row["dataType"]),
        (&json!("A"), &json!("$[\"a b\"]"), &json!("string"))
    );
}

#[test]
fn the_rows_of_a_bulk_load_stand_in_one_unnamed_row_and_keep_their_types() {
    for (block, kind) in [("rdbms", "bulk_insert"), ("jdbc", "bulk_load")] {
        let document = |row: &Value| {
            let mut document = json!({ "filter": { "a": 1 }, "mapping": { "fields": [row] } });
            document[block] = json!({ "queryType": [kind] });
            document
        };
        let made = upgraded(document(&json!({ "extract": "no", "generate": "NO", "dataType": "number" })));
        let row = json!({ "generate": "NO", "extract": "$.no", "dataType": "number", "sourceDataType": "number",
            "status": "Active" });
        assert!(made[0].get("generate").is_none());
        assert_eq!(made[0]["buildArrayHelper"][0]["mappings"], json!([row]));
        assert!(refused(&document(&json!({ "extract": "no", "generate": "NO" }))).contains("no data type"));
    }
}

#[test]
fn an_array_has_a_helper_and_nothing_beside_it_or_stays() {
    let made =
        upgraded(fields(&json!([{ "extract": "labels", "generate": "tags", "dataType": "stringarray" }])));
    let helper = json!([{ "extract": "$.labels", "sourceDataType": "stringarray" }]);
    let entry = json!({ "generate": "tags", "dataType": "stringarray", "status": "Active", "buildArrayHelper": helper });
    assert_eq!(made, json!([entry]));
    for row in [
        json!({ "generate": "a", "dataType": "stringarray", "hardCodedValue": "x" }),
        json!({ "generate": "a", "dataType": "numberarray", "extract": "{{record.x}}" }),
        json!({ "generate": "a", "dataType": "stringarray", "extract": "x", "default": "y" }),
        json!({ "generate": "a", "dataType": "stringarray", "extract": "x", "lookupName": "l" }),
    ] {
        assert!(refused(&fields(&json!([row]))).contains("is not known"), "{row}");
    }
}

#[test]
fn what_cannot_be_carried_is_listed_and_the_import_is_left_as_it_is() {
    for (row, reason) in [
        (
            json!({ "extract": "{{trim x}}", "generate": "a", "dataType": "string" }),
            "`a`: its source `{{trim x}}`",
        ),
        (json!({ "extract": "*.x", "generate": "a", "dataType": "string" }), "its source `*.x`"),
        (json!({ "extract": "l[*].x", "generate": "a", "dataType": "string" }), "through the list `l`"),
        (
            json!({ "extract": "l[*]", "generate": "a", "dataType": "string" }),
            "`l[*]` is a whole entry of a list",
        ),
        (json!({ "extract": "l[*].m[*].x", "generate": "a", "dataType": "string" }), "through several lists"),
        (
            json!({ "extract": "l[-1:].x", "generate": "a", "dataType": "string" }),
            "`l[-1:].x` may not mean the same",
        ),
        (
            json!({ "extract": "l[ x ]", "generate": "a", "dataType": "string" }),
            "`l[ x ]` may not mean the same",
        ),
        (
            json!({ "extract": "record.x", "generate": "a", "dataType": "string" }),
            "`record.x` begins with `record`",
        ),
        (json!({ "extract": "['record'].x", "generate": "a", "dataType": "string" }), "begins with `record`"),
        (json!({ "extract": "x", "generate": "a" }), "no data type"),
        (json!({ "extract": "x", "generate": "a", "dataType": "json" }), "no data type `json`"),
        (
            json!({ "extract": "x", "generate": "a", "dataType": "string", "internalId": true }),
            "no `internalId`",
        ),
        (
            json!({ "extract": "x", "generate": "a", "dataType": "string", "discardIfEmpty": true }),
            "no `discardIfEmpty`",
        ),
        (
            json!({ "extract": "x", "generate": "a", "dataType": "string", "conditional": { "when": "lookup_empty", "lookupName": "l" } }),
            "condition `lookup_empty`",
        ),
        (json!({ "extract": "x", "generate": "a", "dataType": "string", "new": 1 }), "`new` is not known"),
        (json!({ "generate": "a", "subRecordMapping": { "recordType": "x" } }), "subrecord"),
        (json!({ "generate": "a", "hardCodedValue": "" }), "hard-coded ``"),
        (json!({ "generate": "a[0]", "hardCodedValue": "x" }), "target `a[0]`"),
        (json!({ "generate": "a" }), "no source"),
        (json!({ "generate": "k.x", "hardCodedValue": "x" }), "`k` of `k.x` is a row itself"),
        (json!({ "generate": "k", "hardCodedValue": "x" }), "several rows have the target `k`"),
    ] {
        let line = refused(&fields(&json!([string("k", "k"), row])));
        assert!(line.contains(reason), "{reason}: {line}");
    }
}

#[test]
fn every_reason_is_counted_and_the_line_stays_short() {
    let rows: Vec<Value> = (0..9)
        .map(|at| json!({ "generate": format!("g{at}"), "extract": "*.x", "dataType": "string" }))
        .collect();
    let line = refused(&fields(&json!(rows)));
    assert!(line.ends_with("; and 4 more"), "{line}");
}

#[test]
fn an_adaptor_without_mapper_2_keeps_its_own() {
    let mapping = json!({ "fields": [string("a", "a")] });
    for document in [
        json!({ "adaptorType": "NetSuiteDistributedImport", "netsuite_da": { "mapping": mapping } }),
        json!({ "adaptorType": "SalesforceImport", "salesforce": {}, "mapping": mapping }),
        json!({ "adaptorType": "HTTPImport", "mapping": mapping, "mappings": [{ "generate": "a" }] }),
        json!({ "adaptorType": "HTTPImport", "mapping": mapping, "oneToMany": "true" }),
        json!({ "adaptorType": "FTPImport", "ftp": {}, "file": { "type": "xml" }, "mapping": mapping }),
    ] {
        refused(&document);
    }
}

#[test]
fn nothing_to_upgrade_is_no_warning_and_twice_is_once() {
    for document in [
        json!({ "adaptorType": "HTTPImport" }),
        json!({ "mappings": [], "mapping": { "fields": [], "lists": [] } }),
    ] {
        let mut after = document.clone();
        assert_eq!(upgrade(&mut after, Untyped::Leave), Upgrade::NothingToDo);
        assert_eq!(after, document);
    }
    let mut once = fields(&json!([string("a", "a")]));
    upgrade(&mut once, Untyped::Leave);
    let mut twice = once.clone();
    assert_eq!(upgrade(&mut twice, Untyped::Leave), Upgrade::NothingToDo);
    assert_eq!(once, twice);
}

#[test]
fn rows_without_a_type_become_texts_where_the_job_says_so() {
    let mut document = fields(&json!([{ "extract": "x", "generate": "a" }]));
    assert_eq!(upgrade(&mut document, Untyped::String), Upgrade::Done);
    assert_eq!(document["mappings"][0]["dataType"], json!("string"));
}

#[test]
fn the_editors_empty_draft_rows_are_no_mapping() {
    let mut document = fields(&json!([string("a", "a")]));
    let draft = json!({ "dataType": "string", "status": "Draft", "sourceDataType": "string" });
    document["mappings"] = json!([draft]);
    let made = upgraded(document.clone());
    assert_eq!((made.as_array().unwrap().len(), &made[0]["generate"]), (1, &json!("a")));
    document["mappings"] =
        json!([draft, { "generate": "b", "extract": "$.b", "dataType": "string", "status": "Active" }]);
    assert!(refused(&document).contains("it has a Mapper 2.0 mapping already"));
}

#[test]
fn a_data_type_that_one_of_the_models_does_not_have_is_a_reason() {
    for (word, model) in [
        ("json", "2.0"),
        ("date", "2.0"),
        ("object", "1.0"),
        ("booleanarray", "1.0"),
        ("objectarray", "1.0"),
        ("arrayarray", "1.0"),
        ("text", "2.0"),
    ] {
        let why = refused(&fields(&json!([{ "extract": "a", "generate": "b", "dataType": word }])));
        assert!(why.contains(&format!("Mapper {model} has no data type `{word}`")), "{word}: {why}");
    }
}

#[test]
fn a_mapping_of_the_wrong_shape_is_never_replaced() {
    let why = refused(&http(&json!({ "fields": string("a", "b"), "lists": [] })));
    assert!(why.contains("its `fields` are not a list"), "{why}");
    let mut both = fields(&json!([string("a", "b")]));
    both["mappings"] = string("c", "$.d");
    assert!(refused(&both).contains("it has a Mapper 2.0 mapping already"));
}

#[test]
fn records_that_are_sent_as_a_file_are_left() {
    let mut feed = fields(&json!([string("sku", "sku")]));
    feed["file"] = json!({ "type": "csv" });
    assert!(refused(&feed).contains("as csv"), "{}", refused(&feed));
    let mut media = fields(&json!([string("sku", "sku")]));
    media["http"]["requestMediaType"] = json!("csv");
    assert!(refused(&media).contains("as csv"));
    media["http"]["requestMediaType"] = json!("json");
    media["file"] = json!({ "csv": {} });
    upgraded(media);
}
