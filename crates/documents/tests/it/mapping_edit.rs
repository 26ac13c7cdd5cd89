//! Rows and lookups changed by name, in both mapping models.

use serde_json::{Map, Value, json};
use transship_documents::mapping_edit::{
    LookupEdit, MappingEdit, PassThrough, Row, Target, edit_lookup, edit_mapping,
};

fn at(target: &str) -> Target {
    Target::parse(target, None).unwrap()
}

fn in_list(list: &str, target: &str) -> Target {
    Target::parse(target, Some(list)).unwrap()
}

fn from(source: &str) -> Row {
    Row { source: Some(json!(source)), ..Row::default() }
}

fn literal(value: Value) -> Row {
    Row { hard_coded: Some(value), ..Row::default() }
}

fn add(target: Target, row: Row) -> MappingEdit {
    MappingEdit::Add(target, row, PassThrough::Keep)
}

/// The document after the edit, or the error.
fn after(document: &Value, edit: &MappingEdit) -> Result<Value, String> {
    let mut out = document.clone();
    match edit_mapping(&mut out, edit) {
        Ok(_) => Ok(out),
        Err(error) => {
            assert_eq!(&out, document, "an error leaves the document as it was");
            Err(error.to_string())
        }
    }
}

fn netsuite() -> Value {
    json!({ "name": "Orders", "adaptorType": "NetSuiteDistributedImport", "netsuite_da": {
        "lookups": [{ "name": "terms", "map": { "A": "1" } }],
        "mapping": {
            "fields": [{ "extract": "order.terms", "generate": "terms", "lookupName": "terms", "internalId": true },
                       { "generate": "tobeemailed", "hardCodedValue": "false" }],
            "lists": [{ "generate": "item", "fields": [
                { "extract": "lines[*].qty", "generate": "quantity" },
                { "generate": "detail", "subRecordMapping": { "jsonPath": "$", "mapping": { "lists": [
                    { "generate": "assignment", "fields": [{ "extract": "lot", "generate": "lot" }] }] } } }] }],
        } } })
}

fn http() -> Value {
    json!({ "name": "Orders", "adaptorType": "HTTPImport", "lookups": [{ "name": "c", "map": {} }],
        "http": { "lookups": [{ "name": "c", "map": {} }] },
        "mappings": [
            { "generate": "id", "dataType": "string", "extract": "$.id", "status": "Active", "sourceDataType": "string" },
            { "generate": "customer", "dataType": "object", "status": "Active", "mappings": [
                { "generate": "name", "dataType": "string", "extract": "$.name", "status": "Active" }] },
            { "generate": "lines", "dataType": "objectarray", "status": "Active", "buildArrayHelper": [
                { "extract": "$.lines[*]", "mappings": [
                    { "generate": "sku", "dataType": "string", "extract": "$.lines.sku", "status": "Active" }] }] },
        ] })
}

#[test]
fn a_row_is_found_by_its_target_wherever_it_stands() {
    let edit = |target| MappingEdit::Edit(target, from("x"));
    for (target, pointer) in [
        (at("terms"), "/netsuite_da/mapping/fields/0"),
        (in_list("item", "quantity"), "/netsuite_da/mapping/lists/0/fields/0"),
        (at("item.quantity"), "/netsuite_da/mapping/lists/0/fields/0"),
        (
            in_list("item.detail.assignment", "lot"),
            "/netsuite_da/mapping/lists/0/fields/1/subRecordMapping/mapping/lists/0/fields/0",
        ),
    ] {
        let out = after(&netsuite(), &edit(target)).unwrap();
        assert_eq!(out.pointer(pointer).unwrap()["extract"], "x", "{pointer}");
    }
    for (target, pointer) in [
        (at("id"), "/mappings/0"),
        (at("customer.name"), "/mappings/1/mappings/0"),
        (at("lines.sku"), "/mappings/2/buildArrayHelper/0/mappings/0"),
        (at("lines[*].sku"), "/mappings/2/buildArrayHelper/0/mappings/0"),
        (in_list("lines", "sku"), "/mappings/2/buildArrayHelper/0/mappings/0"),
    ] {
        let out = after(&http(), &edit(target)).unwrap();
        assert_eq!(out.pointer(pointer).unwrap()["extract"], "$.x", "{pointer}");
    }
}

#[test]
fn an_edit_changes_the_named_keys_and_no_other() {
    let row = Row {
        source: Some(json!("unit_price")),
        default: Some(json!("0")),
        lookup: Some(Value::Null),
        data_type: Some(json!("number")),
        when: Some(json!("extract_not_empty")),
        generate_date_format: Some(json!("YYYY")),
        ..Row::default()
    };
    let one = after(&netsuite(), &MappingEdit::Edit(at("terms"), row.clone())).unwrap();
    assert_eq!(
        one["netsuite_da"]["mapping"]["fields"][0],
        json!({ "extract": "unit_price", "generate": "terms", "internalId": true, "default": "0", "dataType": "number",
            "generateDateFormat": "YYYY", "conditional": { "when": "extract_not_empty" } })
    );
    let two = after(&http(), &MappingEdit::Edit(at("id"), row)).unwrap();
    assert_eq!(two["mappings"][0]["extract"], "$.unit_price");
    assert_eq!(two["mappings"][0]["conditional"], json!({ "when": "extract_not_empty" }));
    assert_eq!(two["mappings"][1], http()["mappings"][1]);
}

#[test]
fn a_source_and_a_literal_take_each_others_place() {
    let one = after(&netsuite(), &MappingEdit::Edit(at("tobeemailed"), from("$.mail"))).unwrap();
    assert_eq!(
        one["netsuite_da"]["mapping"]["fields"][1],
        json!({ "generate": "tobeemailed", "extract": "mail" })
    );
    let one = after(&netsuite(), &MappingEdit::Edit(at("terms"), literal(json!(30)))).unwrap();
    let row = &one["netsuite_da"]["mapping"]["fields"][0];
    assert_eq!((row.get("extract"), &row["hardCodedValue"]), (None, &json!("30")));
    let two = after(&http(), &MappingEdit::Edit(at("id"), literal(json!("EUR")))).unwrap();
    assert_eq!(two["mappings"][0]["extract"], "EUR");
    // A literal that would be read as a path goes where it cannot be.
    let two = after(&http(), &MappingEdit::Edit(at("id"), literal(json!("$5")))).unwrap();
    assert_eq!(
        (two["mappings"][0].get("extract"), &two["mappings"][0]["hardCodedValue"]),
        (None, &json!("$5"))
    );
}

#[test]
fn an_added_row_stands_last_in_its_place() {
    let one = after(&netsuite(), &add(at("currency"), literal(json!("EUR")))).unwrap();
    assert_eq!(
        one["netsuite_da"]["mapping"]["fields"][2],
        json!({ "hardCodedValue": "EUR", "generate": "currency" })
    );
    let one = after(&netsuite(), &add(in_list("addressbook", "city"), from("city"))).unwrap();
    assert_eq!(
        one["netsuite_da"]["mapping"]["lists"][1],
        json!({ "generate": "addressbook", "fields": [{ "extract": "city", "generate": "city" }] })
    );
    let new = |name: &str| json!({ "generate": name, "dataType": "string", "extract": "$.x", "sourceDataType": "string", "status": "Active" });
    let two = after(&http(), &add(in_list("lines", "price"), from("x"))).unwrap();
    assert_eq!(two["mappings"][2]["buildArrayHelper"][0]["mappings"][1], new("price"));
    let two = after(&http(), &add(at("customer.address.city"), from("x"))).unwrap();
    assert_eq!(two["mappings"][1]["mappings"][1]["mappings"], json!([new("city")]));
    let flat = json!({ "ftp": {}, "file": { "type": "csv" }, "mappings": [{ "dataType": "objectarray", "buildArrayHelper": [{ "extract": "$", "mappings": [] }] }] });
    let flat = after(&flat, &add(at("COL"), from("x"))).unwrap();
    assert_eq!(flat["mappings"][0]["buildArrayHelper"][0]["mappings"], json!([new("COL")]));
}

#[test]
fn an_import_that_maps_nothing_yet_gets_the_model_of_its_kind() {
    let add = MappingEdit::Add(at("a"), from("b"), PassThrough::Replace);
    let one = after(&json!({ "salesforce": {}, "adaptorType": "SalesforceImport" }), &add).unwrap();
    assert_eq!(one["mapping"]["fields"], json!([{ "extract": "b", "generate": "a" }]));
    let two = after(&json!({ "http": {}, "adaptorType": "HTTPImport" }), &add).unwrap();
    assert_eq!(two["mappings"][0]["extract"], "$.b");
    let old = json!({ "http": {}, "mapping": { "fields": [{ "extract": "x", "generate": "y" }] } });
    assert_eq!(after(&old, &add).unwrap()["mapping"]["fields"][1]["generate"], "a");
}

#[test]
fn a_removed_row_is_gone_and_the_rest_is_as_it_was() {
    let out = after(&netsuite(), &MappingEdit::Remove(in_list("item", "quantity"))).unwrap();
    assert_eq!(out["netsuite_da"]["mapping"]["lists"][0]["fields"].as_array().unwrap().len(), 1);
    assert_eq!(out["netsuite_da"]["mapping"]["fields"], netsuite()["netsuite_da"]["mapping"]["fields"]);
    let out = after(&http(), &MappingEdit::Remove(at("lines.sku"))).unwrap();
    assert_eq!(out["mappings"][2]["buildArrayHelper"][0]["mappings"], json!([]));
    assert_eq!(
        after(&http(), &MappingEdit::Remove(at("customer"))).unwrap()["mappings"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn what_cannot_be_done_is_an_error() {
    let flag = |row: Row| MappingEdit::Edit(at("terms"), row);
    let key = Some(json!(true));
    let refused = vec![
        (netsuite(), MappingEdit::Remove(at("nope")), "no row has the target `nope`"),
        (netsuite(), add(at("terms"), from("x")), "already"),
        (netsuite(), add(at("new"), Row::default()), "needs a source"),
        (
            netsuite(),
            flag(Row { description: Some(json!("d")), ..from("x") }),
            "Mapper 1.0 has no `description`",
        ),
        (netsuite(), flag(Row { lookup: Some(json!("nope")), ..from("x") }), "no lookup \"nope\""),
        (netsuite(), flag(Row { data_type: Some(json!("objectarray")), ..from("x") }), "data_type"),
        (netsuite(), flag(Row { when: Some(json!("lookup_empty")), ..from("x") }), "needs `when_lookup`"),
        (netsuite(), flag(Row { hard_coded: Some(json!("1")), ..from("x") }), "not both"),
        (netsuite(), MappingEdit::Edit(in_list("item", "detail"), from("x")), "subrecord"),
        (http(), MappingEdit::Edit(at("id"), Row { is_key: key, ..from("x") }), "Mapper 2.0 has no `is_key`"),
        (http(), MappingEdit::Edit(at("customer"), from("x")), "holds rows"),
        (http(), MappingEdit::Edit(at("name"), from("x")), "no row"),
        (http(), add(in_list("nope", "x"), from("x")), "has no list `nope`"),
        (http(), add(at("id.x"), from("x")), "holds no rows"),
        (http(), MappingEdit::Edit(at("id"), Row { when: Some(json!("lookup_empty")), ..from("x") }), "when"),
        (json!({ "name": "Orders", "aiAgent": {} }), add(at("a"), from("b")), "no mapping"),
    ];
    for (document, edit, part) in refused {
        let problem = after(&document, &edit).unwrap_err();
        assert!(problem.contains(part), "{problem} / {part}");
    }
}

#[test]
fn every_copy_of_a_lookup_changes_alike() {
    let object = |value: Value| value.as_object().cloned().unwrap();
    let mut document = http();
    edit_lookup(
        &mut document,
        &LookupEdit::Add(object(json!({ "name": "d", "map": { "a": "1", "b": "2" } }))),
    )
    .unwrap();
    let edit = LookupEdit::Edit {
        name: "d".to_owned(),
        set: object(json!({ "default": "0" })),
        map: object(json!({ "a": null, "c": "3" })),
    };
    edit_lookup(&mut document, &edit).unwrap();
    assert_eq!(document["lookups"][1], json!({ "name": "d", "map": { "b": "2", "c": "3" }, "default": "0" }));
    assert_eq!(document["lookups"], document["http"]["lookups"]);

    let use_it = MappingEdit::Edit(at("id"), Row { lookup: Some(json!("d")), ..Row::default() });
    edit_mapping(&mut document, &use_it).unwrap();
    let remove = LookupEdit::Remove { name: "d".to_owned() };
    assert!(
        edit_lookup(&mut document, &remove)
            .unwrap_err()
            .to_string()
            .contains("is used at /mappings/0/lookupName: ")
    );
    let let_go = MappingEdit::Edit(at("id"), Row { lookup: Some(Value::Null), ..Row::default() });
    edit_mapping(&mut document, &let_go).unwrap();
    edit_lookup(&mut document, &remove).unwrap();
    assert_eq!(document, http());

    let twice = LookupEdit::Add(object(json!({ "name": "c" })));
    assert!(edit_lookup(&mut document, &twice).unwrap_err().to_string().contains("already"));
    let gone = LookupEdit::Edit { name: "x".to_owned(), set: Map::new(), map: Map::new() };
    assert!(edit_lookup(&mut document, &gone).unwrap_err().to_string().contains("no lookup `x`"));
}

#[test]
fn a_lookup_is_found_and_kept_where_it_is_used_at_every_depth() {
    let object = |value: Value| value.as_object().cloned().unwrap();
    let bins = json!({ "name": "shelf_bins", "map": { "A1": "101" } });
    let order = json!({ "netsuite_da": { "lookups": [], "mapping": { "lists": [], "fields": [
        { "generate": "detail", "subRecordMapping": { "lookups": [bins], "mapping": { "fields": [
            { "extract": "shelf", "generate": "bin", "lookupName": "shelf_bins" }] } } }] } } });
    let at = "/netsuite_da/mapping/fields/0/subRecordMapping/lookups/0";
    let edit = LookupEdit::Edit {
        name: "shelf_bins".to_owned(),
        set: Map::new(),
        map: object(json!({ "B2": "202" })),
    };
    let mut edited = order.clone();
    edit_lookup(&mut edited, &edit).unwrap();
    assert_eq!(edited.pointer(at).unwrap()["map"], json!({ "A1": "101", "B2": "202" }));

    let mut added = order.clone();
    edit_lookup(&mut added, &LookupEdit::Add(object(bins))).unwrap();
    assert_eq!(added, order, "an equal one is there");
    let other = LookupEdit::Add(object(json!({ "name": "shelf_bins", "map": { "B2": "202" } })));
    assert!(edit_lookup(&mut added, &other).unwrap_err().to_string().contains(at));

    let remove = LookupEdit::Remove { name: "shelf_bins".to_owned() };
    let error = edit_lookup(&mut added, &remove).unwrap_err().to_string();
    assert!(error.contains("/subRecordMapping/mapping/fields/0/lookupName"), "{error}");

    for (key, value, used) in [
        ("existingLookupName", json!("code"), true),
        ("relativeURI", json!(["/r/{{lookup \"code\" record.region}}"]), true),
        ("relativeURI", json!(["/r/{{lookup.code_2}}"]), false),
        ("body", json!(["{{#if (lookup 'code' record.x)}}a{{/if}}"]), true),
        ("description", json!("code"), false),
    ] {
        let mut document =
            json!({ "http": { "lookups": [{ "name": "code" }, { "name": "code_2" }], key: value } });
        let removed = edit_lookup(&mut document, &LookupEdit::Remove { name: "code".to_owned() });
        assert_eq!(removed.is_err(), used, "{key}: {removed:?}");
    }
}

#[test]
fn a_target_with_a_dot_is_reached_in_both_models() {
    let two = |rows: Value| json!({ "http": {}, "mappings": rows });
    let row =
        |name: &str| json!({ "generate": name, "dataType": "string", "extract": "$.a", "status": "Active" });
    let size =
        json!({ "generate": "size", "dataType": "object", "status": "Active", "mappings": [row("unit")] });
    let both = two(json!([row("size.unit"), size, row("Weight [kg]")]));
    for (target, pointer) in [
        ("[\"size.unit\"]", "/mappings/0"),
        ("size.unit", "/mappings/1/mappings/0"),
        ("Weight [kg]", "/mappings/2"),
        ("[\"Weight [kg]\"]", "/mappings/2"),
    ] {
        let out = after(&both, &MappingEdit::Edit(at(target), from("x"))).unwrap();
        assert_eq!(out.pointer(pointer).unwrap()["extract"], "$.x", "{target}");
    }
    let alone = two(json!([row("size.unit")]));
    let out = after(&alone, &MappingEdit::Edit(at("size.unit"), from("x"))).unwrap();
    assert_eq!(out["mappings"][0]["extract"], "$.x");

    let one = json!({ "http": {}, "mapping": { "fields": [{ "extract": "a", "generate": "size.unit" }],
        "lists": [{ "generate": "a.b", "fields": [{ "extract": "i[*].x", "generate": "c.d" }] }] } });
    for (target, pointer) in [
        (at("size.unit"), "/mapping/fields/0"),
        (at("[\"size.unit\"]"), "/mapping/fields/0"),
        (in_list("[\"a.b\"]", "c.d"), "/mapping/lists/0/fields/0"),
        (at("a.b.c.d"), "/mapping/lists/0/fields/0"),
    ] {
        let out = after(&one, &MappingEdit::Edit(target, from("x"))).unwrap();
        assert_eq!(out.pointer(pointer).unwrap()["extract"], "x", "{pointer}");
    }
}

#[test]
fn a_row_is_added_once_and_never_where_the_record_passes_through() {
    let add_currency = add(at("currency"), literal(json!("EUR")));
    for document in [netsuite(), http()] {
        let once = after(&document, &add_currency).unwrap();
        assert_eq!(after(&once, &add_currency).unwrap(), once);
        let problem = after(&once, &add(at("currency"), literal(json!("USD")))).unwrap_err();
        assert!(problem.contains("EUR") && problem.contains("USD"), "{problem}");
    }
    let replace = MappingEdit::Add(at("currency"), literal(json!("EUR")), PassThrough::Replace);
    let sql = json!({ "rdbms": { "queryType": ["per_record"], "query": ["x"] } });
    let blob = json!({ "ftp": {}, "blobKeyPath": "key" });
    for (document, never) in [
        (json!({ "http": {} }), false),
        (json!({ "ftp": {}, "file": { "type": "csv" } }), false),
        (json!({ "http": {}, "mappings": [{ "dataType": "string", "status": "Draft" }] }), false),
        (json!({ "netsuite_da": { "mapping": { "fields": [], "lists": [] } } }), false),
        (sql, true),
        (blob, true),
        (json!({ "mongodb": { "document": "{{record.x}}" } }), true),
        (json!({ "aiAgent": {} }), true),
    ] {
        assert!(after(&document, &add_currency).unwrap_err().contains("no mapping"), "{document}");
        assert_eq!(after(&document, &replace).is_err(), never, "{document}");
    }
    let csv = json!({ "ftp": {}, "file": { "type": "csv" } });
    let made = after(&csv, &replace).unwrap();
    assert_eq!(made["mappings"][0]["buildArrayHelper"][0]["mappings"][0]["generate"], "currency");
    assert!(made["mappings"][0].get("generate").is_none());
}

#[test]
fn a_lookup_that_searches_is_given_no_map_of_values() {
    let document = |lookup: Value| json!({ "adaptorType": "HTTPImport", "http": { "lookups": [lookup] } });
    let edit = |set: Value, map: Value| {
        let members = |value: Value| value.as_object().cloned().unwrap_or_default();
        LookupEdit::Edit { name: "c".to_owned(), set: members(set), map: members(map) }
    };
    let search =
        document(json!({ "name": "c", "method": "GET", "relativeURI": "/c/{{record.x}}", "extract": "id" }));
    let mut found = search.clone();
    let refused = edit_lookup(&mut found, &edit(json!({}), json!({ "A": "1" }))).unwrap_err().to_string();
    assert!(refused.contains("/http/lookups/0 searches (it has `relativeURI`)"), "{refused}");
    assert_eq!(found, search);
    edit_lookup(&mut found, &edit(json!({ "default": "none" }), json!({}))).unwrap();
    assert_eq!(found["http"]["lookups"][0]["default"], "none");
    // Forms leave the keys of the other kind empty.
    let mut values = document(json!({ "name": "c", "relativeURI": "", "recordType": null, "map": null }));
    edit_lookup(&mut values, &edit(json!({}), json!({ "A": "1" }))).unwrap();
    assert_eq!(values["http"]["lookups"][0]["map"], json!({ "A": "1" }));
}

#[test]
fn a_new_lookup_stands_in_a_block_that_the_adaptor_reads() {
    let lookup = json!({ "name": "c", "map": { "A": "1" } });
    let add = || LookupEdit::Add(lookup.as_object().unwrap().clone());
    let mut upload =
        json!({ "adaptorType": "HTTPImport", "http": { "type": "file" }, "file": { "lookups": [] } });
    edit_lookup(&mut upload, &add()).unwrap();
    assert_eq!(upload["http"]["lookups"], json!([lookup]));
    let mut ftp = json!({ "adaptorType": "FTPImport", "ftp": {}, "file": { "type": "csv" } });
    edit_lookup(&mut ftp, &add()).unwrap();
    assert_eq!(ftp["file"]["lookups"], json!([lookup]));
}
