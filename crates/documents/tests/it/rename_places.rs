//! Renaming a field: every place of an import is looked into, and what cannot be followed is said.

use serde_json::{Value, json};
use transship_documents::rename::{Renamer, rename_fields};
use transship_documents::{FieldRename, Side};

fn rename(side: Side, from: &str, to: &str) -> FieldRename {
    FieldRename { side, from: from.to_owned(), to: to.to_owned() }
}

pub fn source(from: &str, to: &str) -> FieldRename {
    rename(Side::Source, from, to)
}

fn target(from: &str, to: &str) -> FieldRename {
    rename(Side::Target, from, to)
}

/// A document with `value` at a path such as `http.headers[0].value`.
fn planted(path: &str, value: Value) -> Value {
    path.split('.').rev().fold(value, |inner, step| match step.strip_suffix("[0]") {
        Some(key) => json!({ key: [inner] }),
        None => json!({ step: inner }),
    })
}

/// Every place that can name a field of the record before mapping, with a text that names `zebra`.
#[rustfmt::skip]
const SOURCE_PLACES: &[(&str, &str)] = &[
    ("mapping.fields[0].extract", "zebra"),
    ("mapping.lists[0].fields[0].extract", "zebra[*].x"),
    ("netsuite_da.mapping.fields[0].extract", "zebra"),
    ("netsuite_da.mapping.lists[0].fields[0].extract", "['zebra']"),
    ("netsuite_da.mapping.lists[0].jsonPath", "zebra[*]"),
    ("netsuite_da.mapping.lists[0].fields[0].subRecordMapping.jsonPath", "zebra[*].lots"),
    ("netsuite_da.mapping.lists[0].fields[0].subRecordMapping.mapping.fields[0].extract", "zebra"),
    ("netsuite_da.mapping.lists[0].fields[0].subRecordMapping.lookups[0].expression", "[\"{{{zebra}}}\"]"),
    ("netsuite_da.mapping.fields[0].subRecordMapping.mapping.lists[0].fields[0].extract", "zebra"),
    ("mappings[0].extract", "$.zebra"),
    ("mappings[0].mappings[0].extract", "{{record.zebra}}"),
    ("mappings[0].buildArrayHelper[0].extract", "$.zebra[*]"),
    ("mappings[0].buildArrayHelper[0].mappings[0].mappings[0].extract", "$.zebra.x"),
    ("lookups[0].relativeURI", "{{zebra}}"), ("lookups[0].query", "{{record.zebra}}"),
    ("pathToMany", "zebra"), ("blobKeyPath", "zebra"),
    ("dataURITemplate", "{{record.zebra}}"), ("traceKeyTemplate", "{{zebra}}"), ("idLockTemplate", "{{zebra}}"),
    ("http.relativeURI[0]", "{{zebra}}"), ("http.headers[0].value", "{{zebra}}"), ("http.body[0]", "{{zebra}}"),
    ("http.existingExtract", "zebra"), ("http.ignoreExtract", "zebra.id"),
    ("http.lookups[0].relativeURI", "{{zebra}}"), ("http.lookups[0].body", "{{zebra}}"),
    ("rest.relativeURI[0]", "{{zebra}}"), ("rest.body[0]", "{{zebra}}"), ("rest.headers[0].value", "{{zebra}}"),
    ("rest.lookups[0].relativeURI", "{{zebra}}"), ("rest.lookups[0].postBody", "{{zebra}}"),
    ("rest.existingExtract", "zebra"), ("rest.ignoreExtract", "zebra"),
    ("netsuite_da.internalIdLookup.expression", "[\"{{zebra}}\"]"), ("netsuite_da.internalIdLookup.extract", "zebra"),
    ("netsuite_da.lookups[0].expression", "[\"{{zebra}}\"]"), ("netsuite.lookups[0].expression", "[\"{{zebra}}\"]"),
    ("netsuite.file.name", "{{zebra}}"), ("netsuite.file.folderInternalId", "{{zebra}}"),
    ("salesforce.lookups[0].whereClause", "(E = {{{email zebra}}})"), ("salesforce.idLookup.whereClause", "(E = {{zebra}})"),
    ("salesforce.idLookup.extract", "zebra"), ("salesforce.attachment.parentId", "{{zebra}}"),
    ("salesforce.document.name", "{{zebra}}"), ("salesforce.contentVersion.title", "{{zebra}}"),
    ("rdbms.query[0]", "{{record.zebra}}"), ("rdbms.lookups[0].query", "{{record.zebra}}"),
    ("rdbms.updateExtract", "zebra"), ("rdbms.ignoreExtract", "zebra"),
    ("rdbms.bulkInsert.tableName", "{{record.zebra}}"), ("rdbms.bulkLoad.tableName", "{{record.zebra}}"),
    ("jdbc.query[0]", "{{record.zebra}}"), ("jdbc.bulkLoad.tableName", "{{zebra}}"), ("jdbc.lookups[0].query", "{{zebra}}"),
    ("mongodb.document", "{{zebra}}"), ("mongodb.filter", "{{zebra}}"), ("mongodb.update", "{{zebra}}"),
    ("mongodb.ignoreLookupFilter", "{{zebra}}"), ("mongodb.ignoreExtract", "[zebra]"),
    ("dynamodb.itemDocument", "{{zebra}}"), ("dynamodb.partitionKey", "{{zebra}}"),
    ("dynamodb.expressionAttributeValues", "{{zebra}}"), ("dynamodb.ignoreExtract", "zebra"),
    ("file.fileName", "{{zebra}}"), ("file.backupPath", "{{zebra}}"),
    ("file.xml.body", "{{zebra}}"), ("file.json.body", "{{zebra}}"), ("file.lookups[0].relativeURI", "{{zebra}}"),
    ("wrapper.lookups[0].body", "{{zebra}}"),
    ("ftp.fileName", "{{zebra}}"), ("ftp.directoryPath", "{{zebra}}"),
    ("ftp.inProgressFileName", "{{zebra}}"), ("ftp.backupDirectoryPath", "{{zebra}}"),
    ("s3.fileKey", "{{zebra}}"), ("s3.bucket", "{{zebra}}"), ("s3.backupBucket", "{{zebra}}"),
    ("as2.fileNameTemplate", "{{zebra}}"), ("as2.messageIdTemplate", "{{zebra}}"), ("as2.headers[0].value", "{{zebra}}"),
    ("filesystem.directoryPath", "{{zebra}}"),
    ("aiAgent.instructions", "{{record.zebra}}"),
    ("guardrail.aiAgent.instructions", "{{record.zebra}}"),
    ("aiAgent.openai.instructions", "{{record.zebra}}"),
    ("aiAgent.litellm._overrides.gemini.systemInstruction", "{{record.zebra}}"),
    ("aiAgent.litellm._overrides.anthropic.instructions", "{{record.zebra}}"),
    ("guardrail.aiAgent.openai.instructions", "{{record.zebra}}"),
];

#[test]
fn a_name_planted_in_every_documented_place_is_found_in_all() {
    for (place, text) in SOURCE_PLACES {
        let mut found = planted(place, json!(text));
        rename_fields(&mut found, &[source("zebra", "quagga")]);
        assert_eq!(found, planted(place, json!(text.replace("zebra", "quagga"))), "{place}");
    }
}

#[test]
fn both_copies_of_rules_follow_but_not_their_values() {
    let rules = json!(["and", ["equals", ["string", ["extract", "zebra"]], "zebra"], ["extract", "a.zebra"]]);
    let renamed =
        json!(["and", ["equals", ["string", ["extract", "quagga"]], "zebra"], ["extract", "a.zebra"]]);
    for (block, side) in [("filter", Side::Source), ("responseTransform", Side::Response)] {
        let mut both = json!({ block: { "rules": rules, "expression": { "rules": rules } } });
        rename_fields(&mut both, &[rename(side, "zebra", "quagga")]);
        assert_eq!(both, json!({ block: { "rules": renamed, "expression": { "rules": renamed } } }));
    }
}

#[test]
fn the_transform_of_the_response_follows_names_of_the_response_only() {
    let transform = |name: &str| {
        json!({ "responseTransform": {
            "rules": [[{ "extract": name, "generate": "zebra" }]],
            "expression": {
                "rules": [[{ "extract": name, "generate": "zebra" }]],
                "rulesTwoDotZero": { "mappings": [{ "extract": format!("$.{name}"), "generate": "zebra" }] },
            },
        } })
    };
    let mut document = transform("zebra");
    for side in [Side::Source, Side::Target] {
        let said = rename_fields(&mut document, &[rename(side, "zebra", "quagga")]);
        assert_eq!(document, transform("zebra"));
        assert!(said[0].starts_with("/responseTransform: names `zebra` of the response"), "{said:?}");
    }
    assert_eq!(
        rename_fields(&mut document, &[rename(Side::Response, "zebra", "quagga")]),
        Vec::<String>::new()
    );
    assert_eq!(document, transform("quagga"));
}

#[test]
fn keys_of_model_metadata_keep_their_order() {
    let mut metadata = json!({ "modelMetadata": { "a": 1, "zebra": "zebra", "b": 2 } });
    rename_fields(&mut metadata, &[source("zebra", "quagga")]);
    assert_eq!(metadata.to_string(), r#"{"modelMetadata":{"a":1,"quagga":"zebra","b":2}}"#);
    let said = rename_fields(&mut metadata, &[source("a", "b")]);
    assert_eq!(metadata.to_string(), r#"{"modelMetadata":{"a":1,"quagga":"zebra","b":2}}"#);
    assert!(said.iter().any(|w| w.contains("two keys would become one")), "{said:?}");
}

#[test]
fn generates_are_paths_through_their_parents_in_both_models() {
    let entries = |name: &str| {
        json!({ "mappings": [
            { "generate": "a", "mappings": [{ "generate": name }] },
            { "generate": "b" },
            { "generate": "", "buildArrayHelper": [{ "extract": "$", "mappings": [
                { "generate": "a", "mappings": [{ "generate": name }] }] }] },
        ] })
    };
    let mut mapper2 = entries("b");
    rename_fields(&mut mapper2, &[target("a.b", "a.c")]);
    assert_eq!(mapper2, entries("c"));

    let rows = |list: &str, name: &str| {
        json!({ "mapping": {
            "fields": [{ "generate": "sku" }],
            "lists": [{ "generate": list, "fields": [{ "generate": name }] }],
        } })
    };
    let mut mapper1 = rows("lines", "sku");
    rename_fields(&mut mapper1, &[target("lines.sku", "rows.item"), target("lines", "rows")]);
    assert_eq!(mapper1, rows("rows", "item"));
}

#[test]
fn a_row_cannot_leave_its_list_and_is_left_alone() {
    let mut document =
        json!({ "mapping": { "lists": [{ "generate": "lines", "fields": [{ "generate": "sku" }] }] } });
    let original = document.clone();
    let said = rename_fields(&mut document, &[target("lines.sku", "sku")]);
    assert_eq!(document, original);
    assert!(said[0].contains("cannot be renamed where it stands"), "{said:?}");
}

#[test]
fn names_that_refer_to_generates_follow_them() {
    let mut document = json!({ "netsuite_da": { "mapping": {
        "fields": [
            { "generate": "celigo_initializeValues", "hardCodedValue": "entity, subsidiary,recordmode" },
            { "generate": "entity", "extract": "entity" },
        ],
        "lists": [{ "generate": "inventory", "fields": [{ "generate": "detail", "subRecordMapping": {
            "_id": "inventory[*].detail",
            "mapping": { "lists": [{ "generate": "assignment", "fields": [{ "generate": "quantity" }] }] },
        } }] }],
    } } });
    let renames = [
        target("entity", "customer"),
        target("inventory", "stock"),
        target("inventory.detail.assignment.quantity", "stock.detail.assignment.amount"),
    ];
    rename_fields(&mut document, &renames);
    let mapping = &document["netsuite_da"]["mapping"];
    assert_eq!(mapping["fields"][0]["hardCodedValue"], "customer, subsidiary,recordmode");
    assert_eq!(mapping["fields"][1], json!({ "generate": "customer", "extract": "entity" }));
    let sub = &mapping["lists"][0]["fields"][0]["subRecordMapping"];
    assert_eq!(sub["_id"], "stock[*].detail");
    assert_eq!(sub["mapping"]["lists"][0]["fields"][0]["generate"], "amount");
}

#[test]
fn a_lookup_used_by_a_list_sees_its_elements() {
    let lookup = json!({ "name": "item", "expression": "[\"itemid\",\"is\",\"{{{sku}}}\"]" });
    let mut document = json!({ "lookups": [lookup], "netsuite_da": { "lookups": [lookup], "mapping": { "lists": [
        { "generate": "item", "fields": [
            { "extract": "order.lines[*].sku", "generate": "item", "lookupName": "item" }] }] } } });
    rename_fields(&mut document, &[source("order.lines.sku", "order.lines.code")]);
    assert_eq!(document["lookups"][0]["expression"], "[\"itemid\",\"is\",\"{{{code}}}\"]");
    assert_eq!(document["lookups"], document["netsuite_da"]["lookups"]);
}

#[test]
fn a_body_that_skips_the_mapping_is_about_the_record_before_it() {
    let mut document = json!({
        "mapping": { "fields": [{ "extract": "a", "generate": "b" }] },
        "http": { "sendPostMappedData": false, "body": [{ "x": "{{record.a}}{{record.b}}" }] },
    });
    rename_fields(&mut document, &[source("a", "c"), target("b", "d")]);
    assert_eq!(document["http"]["body"][0]["x"], "{{record.c}}{{record.b}}");
    assert_eq!(document["mapping"]["fields"][0], json!({ "extract": "c", "generate": "d" }));
}

#[test]
fn an_envelope_is_told_from_a_field_called_record() {
    let paths = |a: &str, b: &str| json!({ "mappings": [{ "extract": a }, { "extract": b }] });
    let mut envelope = paths("$.record.id", "$.settings.id");
    rename_fields(&mut envelope, &[source("id", "code")]);
    assert_eq!(envelope, paths("$.record.code", "$.settings.id"));
    let said = rename_fields(&mut envelope, &[source("record.code", "record.id")]).join("\n");
    assert_eq!(envelope, paths("$.record.code", "$.settings.id"));
    assert!(said.contains("not clear whether `$.record` is the record"), "{said}");
    let mut plain = paths("$.record.id", "$.id");
    rename_fields(&mut plain, &[source("id", "code")]);
    assert_eq!(plain, paths("$.record.id", "$.code"));
    rename_fields(&mut plain, &[source("record.id", "record.key")]);
    assert_eq!(plain, paths("$.record.key", "$.code"));
}

#[test]
fn what_cannot_be_followed_is_said() {
    let mut document = json!({
        "hooks": {
            "preMap": { "function": "f", "_scriptId": "1", "configuration": { "key": "id" } },
            "postMap": { "function": "g" },
        },
        "filter": { "type": "script", "script": { "_scriptId": "1", "function": "f" } },
        "settings": { "keep": ["id"] },
        "rdbms": { "query": ["UPDATE t SET x = 1 WHERE id = {{record.id}} {{join \"id\" \"\"}}"] },
        "mappings": [{ "extract": "$.lines[?(@.id > 1)].x" }, { "extract": "$.code" }],
    });
    let said = rename_fields(&mut document, &[source("id", "code")]).join("\n");
    for part in [
        "/rdbms/query/0: `id` also stands outside the braces",
        "/rdbms/query/0: `\"id\"` may name the field as a text",
        "/mappings/0/extract: `$.lines[?(@.id > 1)].x` could not be read",
        "/hooks/preMap, /hooks/postMap, /filter",
        "/settings: mentions `id`",
        "/hooks/preMap/configuration: mentions `id`",
        "source: `code` was there before `id` was to become it; the two are now one name",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let said = rename_fields(&mut document, &[target("q", "r")]).join("\n");
    assert!(
        said.contains("/hooks/postMap") && !said.contains("filter") && !said.contains("preMap"),
        "{said}"
    );
}

#[test]
fn a_template_in_a_place_nobody_knows_is_left_alone_and_said() {
    let mut document = json!({
        "newer": { "list": [{ "text": "{{record.id}}" }] },
        "http": { "form": [{ "value": "{{trim id}}", "name": "{{grid_id}}" }], "response": { "x": "{{id}}" } },
        "ftp": { "fileName": "{{code}}", "archive": "{{#each data}}{{id}}{{/each}}" },
        "sampleData": "{{id}}", "description": "{{id}}", "name": "{{id}}", "assistantMetadata": { "a": "{{id}}" },
    });
    let before = document.clone();
    let said = rename_fields(&mut document, &[source("id", "code")]);
    assert_eq!(document, before);
    let places: Vec<&str> =
        said.iter().filter_map(|said| said.split_once(": the template")).map(|(p, _)| p).collect();
    assert_eq!(places, ["/newer/list/0/text", "/http/form/0/value", "/ftp/archive"], "{said:?}");
}

#[test]
fn two_fields_that_become_one_name_in_a_document_are_said() {
    let renames = [source("a", "c"), source("b", "c")];
    let both = "source: `a` and `b` both became `c`";
    let there = |from: &str| {
        format!("source: `c` was there before `{from}` was to become it; the two are now one name")
    };
    for (names, said) in [
        (&["a"][..], vec![]),
        (&["a", "b"], vec![both.to_owned()]),
        (&["a.x", "b.x"], vec![both.to_owned()]),
        (&["b", "c"], vec![there("b")]),
        (&["a", "b", "c"], vec![there("a"), both.to_owned(), there("b")]),
    ] {
        let rows: Vec<Value> = names.iter().map(|name| json!({ "extract": name })).collect();
        let mut document = json!({ "mapping": { "fields": rows } });
        assert_eq!(rename_fields(&mut document, &renames), said, "{names:?}");
    }
    // What one rename puts there, another may be about as well.
    let mut document = json!({ "mapping": { "fields": [{ "extract": "d.f" }, { "extract": "a" }] } });
    let said = rename_fields(&mut document, &[source("d", "q"), source("a", "q.f")]);
    assert!(said.iter().any(|one| one.contains("`q.f` was there before `a`")), "{said:?}");
}

#[test]
fn a_field_that_is_put_inside_of_another_is_said() {
    let fields = |names: &[&str]| {
        let rows = names.iter().map(|name| json!({ "extract": "q", "generate": name })).collect::<Vec<_>>();
        json!({ "mapping": { "fields": rows } })
    };
    let inside =
        "target: `b` became `x.y`, and `x` is there too: if that is a plain value, it cannot hold another";
    for (names, renames, said) in [
        // In one step, and the second of two.
        (&["a", "b"][..], &[target("a", "x"), target("b", "x.y")][..], true),
        (&["b", "a"], &[target("a", "x"), target("b", "x.y")], true),
        (&["x", "b"], &[target("b", "x.y")], true),
        // One of them is not there, or what is inside of it goes on being so.
        (&["b"], &[target("a", "x"), target("b", "x.y")], false),
        (&["a", "a.b"], &[target("a", "x"), target("a.b", "x.y")], false),
        (&["x", "x.b"], &[target("x.b", "x.y")], false),
        (&["a", "a.b"], &[target("a", "x")], false),
    ] {
        let warnings = rename_fields(&mut fields(names), renames);
        let expected = if said { vec![inside.to_owned()] } else { Vec::new() };
        assert_eq!(warnings, expected, "{names:?}");
    }
}

#[test]
fn renames_that_make_no_sense_are_refused() {
    let refused: [(&[FieldRename], &str); 6] = [
        (&[target("a", "celigo_initializeValues")], "a word of the service"),
        (&[source("", "a")], "empty"),
        (&[source("a..b", "c")], "not a field path"),
        (&[source("a[b", "c")], "not a field path"),
        (&[source("a", "b"), source("a", "c")], "renamed twice"),
        (&[source("[*]", "b")], "names no field"),
    ];
    for (renames, part) in refused {
        let problem = Renamer::compile(renames).unwrap_err();
        assert!(problem.message.contains(part), "{problem}");
    }
}

#[test]
fn a_template_beside_the_names_of_a_row_or_a_lookup_is_said() {
    let row = json!({ "generate": "g", "extract": "x", "default": "{{zebra}}" });
    let literal = json!({ "generate": "g", "hardCodedValue": "{{record.zebra}}" });
    let lookup = json!({ "name": "l", "default": "{{zebra}}", "map": { "{{zebra}}": "1" } });
    for (document, at) in [
        (json!({ "mapping": { "fields": [row] } }), "/mapping/fields/0/default"),
        (
            json!({ "mapping": { "lists": [{ "generate": "l", "fields": [literal] }] } }),
            "/mapping/lists/0/fields/0/hardCodedValue",
        ),
        (json!({ "mappings": [{ "generate": "a", "mappings": [row] }] }), "/mappings/0/mappings/0/default"),
        (json!({ "http": { "lookups": [lookup] } }), "/http/lookups/0/default"),
        (
            json!({ "netsuite_da": { "mapping": { "fields": [{ "generate": "s", "subRecordMapping": { "lookups": [lookup] } }] } } }),
            "/netsuite_da/mapping/fields/0/subRecordMapping/lookups/0/default",
        ),
    ] {
        let mut found = document.clone();
        let said = rename_fields(&mut found, &[source("zebra", "quagga")]);
        assert_eq!(found, document);
        assert!(said.len() == 1 && said[0].starts_with(&format!("{at}: the template")), "{said:?}");
    }
}

#[test]
fn what_the_service_does_not_read_is_left_alone_and_said() {
    let mut document = json!({
        "assistantMetadata": { "queryParams": { "q": "{{record.depot}}" }, "label": "depot" },
        "netsuite_da": { "rawOverride": { "externalField": "depot", "x": "{{depot}}" } },
    });
    let before = document.clone();
    let said = rename_fields(&mut document, &[source("depot", "station")]);
    assert_eq!(document, before);
    let mentions = |at: &str| format!("{at}: mentions `depot`; it is free-form and left alone");
    assert_eq!(said, [mentions("/assistantMetadata"), mentions("/netsuite_da/rawOverride")]);
    let mut words = json!({ "assistantMetadata": { "label": "depot", "depot": "{{record.other}}" } });
    assert_eq!(rename_fields(&mut words, &[source("depot", "station")]), Vec::<String>::new());
}
