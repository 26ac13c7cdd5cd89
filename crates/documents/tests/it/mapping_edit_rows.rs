//! Rows that a step may only change with a look at the mapping around them.

use serde_json::{Value, json};
use transship_documents::{Facts, Program, StepSpec};

/// The document after a step, and what was said: warnings, or the error.
fn done(document: &Value, step: &str, keys: Value) -> (Value, String) {
    let program = Program::compile(vec![StepSpec::new(step, keys)]).unwrap();
    match program.apply(document.clone(), &Facts::default()) {
        Ok(done) => {
            (done.document, done.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        }
        Err(error) => (document.clone(), format!("error: {error}")),
    }
}

fn two(generate: &str, extract: &str) -> Value {
    json!({ "generate": generate, "dataType": "string", "sourceDataType": "string", "extract": extract, "status": "Active" })
}

fn http(mappings: Value) -> Value {
    json!({ "name": "Orders", "adaptorType": "HTTPImport", "http": {}, "mappings": mappings })
}

#[test]
fn no_row_becomes_a_list_without_a_helper() {
    let document = http(
        json!([two("tags", "$.tags"), { "generate": "draft", "dataType": "stringarray", "status": "Draft" },
        { "generate": "bare", "dataType": "numberarray", "extract": "$.n", "status": "Active" }]),
    );
    for kind in ["stringarray", "numberarray", "booleanarray", "objectarray", "arrayarray", "object"] {
        for (step, keys) in [
            ("edit_mapping", json!({ "target": "tags", "set": { "data_type": kind } })),
            ("add_mapping", json!({ "target": "more", "source": "more", "data_type": kind })),
        ] {
            let (after, said) = done(&document, step, keys);
            assert_eq!(after, document, "{kind}");
            let lacks = if kind == "object" { "rows" } else { "a helper" };
            assert!(
                said.starts_with("error: ") && said.contains(lacks) && said.contains("patch"),
                "{kind}: {said}"
            );
        }
    }
    let (_, said) = done(&document, "edit_mapping", json!({ "target": "draft", "set": { "source": "x" } }));
    assert!(said.contains("`draft` as `stringarray` needs a helper"), "{said}");
    // What is there without one stays as it is.
    let (after, said) =
        done(&document, "edit_mapping", json!({ "target": "bare", "set": { "source": "m" } }));
    assert_eq!((after["mappings"][2]["extract"].as_str(), said.as_str()), (Some("$.m"), ""));
    let (after, _) =
        done(&document, "edit_mapping", json!({ "target": "tags", "set": { "data_type": "number" } }));
    assert_eq!(after["mappings"][0]["dataType"], "number");
}

#[test]
fn what_every_row_of_mapper_2_has_is_not_removed() {
    let two = http(json!([two("a", "$.a")]));
    let one = json!({ "name": "x", "adaptorType": "HTTPImport", "http": {},
        "mapping": { "fields": [{ "extract": "a", "generate": "a", "dataType": "string" }], "lists": [] } });
    let keys = json!({ "target": "a", "set": { "data_type": null } });
    let (after, said) = done(&two, "edit_mapping", keys.clone());
    assert_eq!(after, two);
    assert!(said.contains("Mapper 2.0 requires a `data_type`: `null` cannot remove it"), "{said}");
    let (after, said) = done(&one, "edit_mapping", keys);
    assert_eq!((after["mapping"]["fields"][0].get("dataType"), said.as_str()), (None, ""));
    let status = StepSpec::new("edit_mapping", json!({ "target": "a", "set": { "status": null } }));
    let problems = Program::compile(vec![status]).unwrap_err();
    assert_eq!(problems[0].problem.path.join(" "), "edit_mapping set status");
    for key in ["source_data_type", "default", "description", "when", "lookup", "generate_date_format"] {
        let (_, said) = done(&two, "edit_mapping", json!({ "target": "a", "set": { key: null } }));
        assert_eq!(said, "", "{key}");
    }
}

#[test]
fn a_source_is_written_as_the_paths_around_it_are() {
    let envelope = json!([two("a", "$.record.x"), two("b", "$.settings.flow.y"), two("c", "$.record.z")]);
    let plain = json!([two("a", "$.x"), two("b", "$.record")]);
    for (mappings, source, expected, warned) in [
        (&envelope, "w", "$.record.w", false),
        (&envelope, "q.r", "$.record.q.r", false),
        (&envelope, "[\"a b\"]", "$.record[\"a b\"]", false),
        (&envelope, "record.w", "$.record.w", false),
        (&envelope, "$.record.w", "$.record.w", false),
        (&envelope, "$.settings.flow.w", "$.settings.flow.w", false),
        (&envelope, "settings.flow.w", "$.settings.flow.w", true),
        (&envelope, "$.w", "$.w", true),
        (&envelope, "{{record.w}}", "{{record.w}}", false),
        (&plain, "w", "$.w", true),
        (&json!([two("a", "$.x")]), "w", "$.w", false),
        (&json!([two("a", "$.x")]), "[\"a b\"]", "$[\"a b\"]", false),
    ] {
        for (step, keys, at) in [
            ("edit_mapping", json!({ "target": "a", "set": { "source": source } }), 0),
            ("add_mapping", json!({ "target": "n", "source": source }), mappings.as_array().unwrap().len()),
        ] {
            let (after, said) = done(&http(mappings.clone()), step, keys.clone());
            assert_eq!(after["mappings"][at]["extract"], expected, "{source}");
            // Of a mapping of one row, an edit may change what speaks for the envelope.
            assert_eq!(!said.is_empty(), warned, "{step} {source}: {said}");
            assert_eq!(done(&after, step, keys).0, after, "a second time nothing changes");
        }
    }
}

#[test]
fn what_loses_its_last_row_is_named() {
    let table = json!({ "ftp": {}, "file": { "type": "csv" }, "mappings": [{ "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$", "mappings": [two("a", "$.a")] }] }] });
    let object = http(
        json!([two("id", "$.id"), { "generate": "o", "dataType": "object", "mappings": [two("a", "$.a")] }]),
    );
    let list = json!({ "netsuite_da": { "mapping": { "fields": [{ "extract": "x", "generate": "x" }],
        "lists": [{ "generate": "item", "fields": [{ "extract": "a", "generate": "a" }] }] } },
        "adaptorType": "NetSuiteDistributedImport" });
    for (document, target) in [(&table, "a"), (&object, "o.a"), (&list, "item.a")] {
        let (after, said) = done(document, "remove_mapping", json!({ "target": target }));
        assert_ne!(&after, document);
        assert!(said.contains(&format!("`{target}` was the last row")), "{said}");
    }
    let (_, said) = done(&object, "remove_mapping", json!({ "target": "id" }));
    assert_eq!(said, "");
    let (_, said) = done(&list, "remove_mapping", json!({ "target": "x" }));
    assert_eq!(said, "");
}

#[test]
fn a_template_of_its_own_would_see_another_record() {
    let step = json!({ "target": "currency", "hard_coded": "EUR", "pass_through": "replace" });
    for document in [
        json!({ "adaptorType": "HTTPImport", "http": { "body": ["{{record.a}}"] } }),
        json!({ "adaptorType": "HTTPImport", "http": { "body": "{{{jsonSerialize record}}}" } }),
        json!({ "adaptorType": "FTPImport", "ftp": {}, "file": { "type": "xml", "xml": { "body": "<a>{{record.a}}</a>" } } }),
    ] {
        let (after, said) = done(&document, "add_mapping", step.clone());
        assert_eq!(after, document);
        assert!(said.contains("its own template /") && said.contains("mapped record"), "{said}");
    }
    for document in [
        json!({ "adaptorType": "HTTPImport", "http": { "body": ["{}"], "relativeURI": ["/{{record.a}}"] } }),
        json!({ "adaptorType": "FTPImport", "ftp": {}, "file": { "type": "csv", "fileName": "{{timestamp}}" } }),
    ] {
        let (after, said) = done(&document, "add_mapping", step.clone());
        assert!(after["mappings"][0].is_object(), "{said}");
    }
}

#[test]
fn what_has_no_source_of_its_own_is_told_as_what_it_is() {
    let simple = json!({ "generate": "tags", "dataType": "stringarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$.tags", "sourceDataType": "stringarray" }] });
    let wrapper = json!({ "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$", "mappings": [] }, { "extract": "$.x", "mappings": [two("a", "$.a")] }] });
    let (_, said) =
        done(&http(json!([simple])), "edit_mapping", json!({ "target": "tags", "set": { "source": "x" } }));
    assert!(
        said.contains("`tags` takes its entries by `buildArrayHelper`") && !said.contains("rows"),
        "{said}"
    );
    let (_, said) = done(&http(json!([simple])), "add_mapping", json!({ "target": "tags.x", "source": "x" }));
    assert!(said.contains("`tags` is no object or list of objects"), "{said}");
    let (_, said) = done(&http(json!([wrapper])), "add_mapping", json!({ "target": "b", "source": "b" }));
    assert!(said.starts_with("the entry without a name around its rows is built of several parts"), "{said}");
}

#[test]
fn lookups_that_are_no_list_are_told_by_every_step() {
    let document =
        json!({ "adaptorType": "HTTPImport", "http": {}, "lookups": { "name": "l", "map": { "a": "1" } } });
    for (step, keys) in [
        ("add_lookup", json!({ "name": "l", "map": { "b": "2" } })),
        ("edit_lookup", json!({ "name": "l", "map": { "b": "2" } })),
        ("remove_lookup", json!({ "name": "l" })),
    ] {
        let (after, said) = done(&document, step, keys);
        assert_eq!(after, document);
        assert!(said.contains("error: ") && said.contains("not a list"), "{step}: {said}");
    }
}

#[test]
fn a_source_inside_of_a_helper_is_that_of_an_entry() {
    let helper = |list: &str, rows: Value| {
        json!({ "generate": "items", "dataType": "objectarray", "status": "Active",
            "buildArrayHelper": [{ "extract": list, "mappings": rows }] })
    };
    let document = http(json!([helper("$.lines[*]", json!([two("q", "$.lines.q")])), two("top", "$.x")]));
    let rows = "/mappings/0/buildArrayHelper/0/mappings";
    for (source, expected) in [
        ("lines[*].qty", "$.lines.qty"),
        ("$.lines[*].qty", "$.lines.qty"),
        ("lines.qty", "$.lines.qty"),
        ("lines[*].packs[*].qty", "$.lines.packs[*].qty"),
        ("lines[0].qty", "$.lines[0].qty"),
        ("linesets[*].qty", "$.linesets[*].qty"),
        ("other[*].qty", "$.other[*].qty"),
        ("{{lines[*].qty}}", "{{lines[*].qty}}"),
    ] {
        let set = json!({ "target": "items[*].q", "set": { "source": source } });
        let (after, said) = done(&document, "edit_mapping", set);
        assert_eq!(after.pointer(&format!("{rows}/0/extract")), Some(&json!(expected)), "{source}: {said}");
        for keys in [
            json!({ "target": "k", "list": "items", "source": source }),
            json!({ "target": "items.k", "source": source }),
        ] {
            let (after, said) = done(&document, "add_mapping", keys.clone());
            assert_eq!(
                after.pointer(&format!("{rows}/1/extract")),
                Some(&json!(expected)),
                "{source}: {said}"
            );
            assert_eq!(done(&after, "add_mapping", keys), (after.clone(), said), "twice: {source}");
        }
    }
    let (after, _) =
        done(&document, "edit_mapping", json!({ "target": "top", "set": { "source": "lines[*].qty" } }));
    assert_eq!(after.pointer("/mappings/1/extract"), Some(&json!("$.lines[*].qty")));
    let inner = json!({ "generate": "packs", "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$.lines.packs[*]", "mappings": [two("c", "$.lines.packs.c")] }] });
    let nested = http(json!([helper("$.lines[*]", json!([inner]))]));
    let set = json!({ "target": "items.packs.c", "set": { "source": "lines[*].packs[*].code" } });
    let (after, _) = done(&nested, "edit_mapping", set);
    let at = format!("{rows}/0/buildArrayHelper/0/mappings/0/extract");
    assert_eq!(after.pointer(&at), Some(&json!("$.lines.packs.code")));
}

#[test]
fn a_target_that_is_removed_and_still_named_is_said() {
    let rows = json!([two("price", "$.p"), two("sku", "$.s"), two("pri.ce", "$.q")]);
    for (block, target, is_said) in [
        (json!({ "http": { "body": ["{\"p\": {{record.price}}}"] } }), "price", true),
        (json!({ "http": { "body": ["{\"p\": {{record.price}}}"] } }), "sku", false),
        (json!({ "http": { "body": ["{{record.[pri.ce]}}"] } }), "pri.ce", true),
        (json!({ "http": { "relativeURI": ["/x/{{record.price}}"] } }), "price", false),
        (
            json!({ "adaptorType": "RDBMSImport", "rdbms": { "bulkLoad": { "primaryKeys": ["price"] } } }),
            "price",
            true,
        ),
    ] {
        let mut document = http(rows.clone());
        for (key, value) in block.as_object().unwrap() {
            document[key] = value.clone();
        }
        let (after, said) = done(&document, "remove_mapping", json!({ "target": target }));
        assert_eq!(after["mappings"].as_array().unwrap().len(), 2, "{said}");
        assert_eq!(said.contains("is still named at /"), is_said, "{block} {target}: {said}");
    }
    let mapping = json!({ "fields": [{ "generate": "celigo_initializeValues", "hardCodedValue": "memo,entity" },
        { "generate": "memo", "extract": "m" }, { "generate": "entity", "extract": "e" }], "lists": [] });
    let netsuite = json!({ "name": "n", "adaptorType": "NetSuiteDistributedImport",
        "netsuite_da": { "operation": "add", "recordType": "x", "mapping": mapping } });
    let (_, said) = done(&netsuite, "remove_mapping", json!({ "target": "memo" }));
    assert!(said.contains("`memo` is still named at /netsuite_da/mapping/fields/0/hardCodedValue"), "{said}");
}

#[test]
fn a_quoted_target_is_not_the_path_of_the_same_letters() {
    let rows = [
        json!({ "extract": "a", "generate": "size.unit" }),
        json!({ "extract": "a", "generate": "['size.unit']" }),
    ];
    let fields = json!({ "fields": rows, "lists": [] });
    let document = json!({ "name": "n", "adaptorType": "NetSuiteDistributedImport",
        "netsuite_da": { "operation": "add", "recordType": "x", "mapping": fields } });
    for (target, changed) in [("size.unit", 0), ("[\"size.unit\"]", 1), ("['size.unit']", 1)] {
        let (after, said) =
            done(&document, "edit_mapping", json!({ "target": target, "set": { "source": "x" } }));
        let fields = &after["netsuite_da"]["mapping"]["fields"];
        assert_eq!(fields[changed]["extract"], "x", "{target}: {said}");
        assert_eq!((&fields[1 - changed], said.as_str()), (&rows[1 - changed], ""), "{target}");
    }
}

#[test]
fn every_list_of_a_name_is_looked_at() {
    let document = |lists: Value| {
        json!({ "name": "n", "adaptorType": "NetSuiteDistributedImport",
            "netsuite_da": { "operation": "add", "recordType": "x", "mapping": { "fields": [], "lists": lists } } })
    };
    let list = |rows: Value| json!({ "generate": "item", "fields": rows });
    let row = |extract: &str, generate: &str| json!({ "extract": extract, "generate": generate });
    let lists = |document: &Value| document["netsuite_da"]["mapping"]["lists"].clone();
    let two =
        document(json!([list(json!([row("a[*].s", "sku")])), list(json!([row("b[*].q", "quantity")]))]));
    for list_key in [json!("item"), Value::Null] {
        let target = if list_key.is_null() { "item.quantity" } else { "quantity" };
        let mut keys = json!({ "target": target });
        if !list_key.is_null() {
            keys["list"] = list_key;
        }
        let (after, said) = done(&two, "remove_mapping", keys.clone());
        assert_eq!(lists(&after)[1]["fields"], json!([]), "{said}");
        keys["set"] = json!({ "source": "b[*].n" });
        let (after, said) = done(&two, "edit_mapping", keys);
        assert_eq!((&lists(&after)[1]["fields"][0]["extract"], said.as_str()), (&json!("b[*].n"), ""));
    }
    // The same target in both: as in the body, both are changed, with a warning.
    let both =
        document(json!([list(json!([row("a[*].q", "quantity")])), list(json!([row("b[*].q", "quantity")]))]));
    let (after, said) = done(
        &both,
        "edit_mapping",
        json!({ "target": "quantity", "list": "item", "set": { "default": "1" } }),
    );
    assert!(
        lists(&after).as_array().unwrap().iter().all(|list| list["fields"][0]["default"] == "1"),
        "{after}"
    );
    assert!(said.contains("2 rows have the target `item.quantity`; all were changed"), "{said}");
    // A row that is added belongs to the list of its source.
    for (source, at) in [("a[*].r", 0), ("b[*].r", 1)] {
        let keys = json!({ "target": "rate", "list": "item", "source": source });
        let (after, said) = done(&two, "add_mapping", keys.clone());
        assert_eq!(lists(&after)[at]["fields"][1], row(source, "rate"), "{said}");
        assert_eq!(done(&after, "add_mapping", keys).0, after, "a second time nothing changes");
    }
    let (after, said) =
        done(&two, "add_mapping", json!({ "target": "rate", "list": "item", "hard_coded": "1" }));
    assert_eq!(after, two);
    assert!(said.contains("several lists `item`"), "{said}");
}

#[test]
fn every_subrecord_of_a_name_is_looked_at() {
    let sub = |name: &str| {
        json!({ "generate": "detail", "subRecordMapping": { "jsonPath": "$", "mapping": { "fields": [], "lists": [
            { "generate": "assignment", "fields": [{ "extract": "lot", "generate": name }] }] } } })
    };
    let document = json!({ "name": "n", "adaptorType": "NetSuiteDistributedImport", "netsuite_da": {
        "operation": "add", "recordType": "x", "mapping": { "fields": [sub("a"), sub("b")], "lists": [] } } });
    let (after, said) = done(
        &document,
        "edit_mapping",
        json!({ "target": "b", "list": "detail.assignment", "set": { "source": "x" } }),
    );
    let row = "/netsuite_da/mapping/fields/1/subRecordMapping/mapping/lists/0/fields/0/extract";
    assert_eq!(after.pointer(row), Some(&json!("x")), "{said}");
}
