//! Lookups that are used from rows of a list: their templates are about its elements.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

/// What the template of the lookup `L` becomes, and what is said of it.
fn renamed(mut document: Value, at: &str) -> (String, bool) {
    let rename = FieldRename { side: Side::Source, from: "items.sku".into(), to: "items.code".into() };
    let said = rename_fields(&mut document, &[rename]);
    let text = document.pointer(at).unwrap().as_str().unwrap().to_owned();
    (text, said.iter().any(|one| one.starts_with(&format!("{at}: `sku` stands where"))))
}

fn lookups() -> Value {
    json!([{ "name": "L", "recordType": "item", "expression": "[\"itemid\",\"is\",\"{{{sku}}}\"]" }])
}

#[test]
fn the_lookup_of_a_row_of_a_list_follows_the_fields_of_the_list() {
    for (block, mapping) in [("netsuite_da", true), ("netsuite", true), ("netsuite", false)] {
        let rows = json!({ "fields": [], "lists": [{ "generate": "item", "fields": [
            { "extract": "items[*].sku", "generate": "item", "lookupName": "L" }] }] });
        let mut document = json!({ block: { "lookups": lookups() } });
        if mapping {
            document[block]["mapping"] = rows;
        } else {
            document["mapping"] = rows;
        }
        let (text, warned) = renamed(document, &format!("/{block}/lookups/0/expression"));
        assert_eq!(
            (text.as_str(), warned),
            ("[\"itemid\",\"is\",\"{{{code}}}\"]", false),
            "{block} {mapping}"
        );
    }
}

#[test]
fn a_lookup_that_may_be_about_an_element_is_said() {
    let list = |row: Value| {
        json!({ "lists": [{ "generate": "item", "fields": [
        { "extract": "items[*].no", "generate": "no" }, row] }] })
    };
    let condition = json!({ "when": "lookup_not_empty", "lookupName": "L" });
    let sub = |path: &str, extract: &str| {
        json!({ "fields": [{ "generate": "detail", "subRecordMapping": { "jsonPath": path,
        "mapping": { "fields": [{ "extract": extract, "generate": "n", "lookupName": "L" }] } } }] })
    };
    for mapping in [
        json!({ "fields": [{ "extract": "items[*].sku", "generate": "x", "lookupName": "L" }] }),
        json!({ "fields": [{ "extract": "items[*].sku", "generate": "x", "conditional": condition }] }),
        list(json!({ "extract": "items[*].sku", "generate": "x", "conditional": condition })),
        list(json!({ "generate": "x", "lookupName": "L" })),
        sub("$.items[*]", "sku"),
        sub("items[*]", "lots[*].sku"),
        sub("$", "items[*].sku"),
    ] {
        let document = json!({ "netsuite_da": { "lookups": lookups(), "mapping": mapping } });
        let (text, warned) = renamed(document, "/netsuite_da/lookups/0/expression");
        assert_eq!((text.as_str(), warned), ("[\"itemid\",\"is\",\"{{{sku}}}\"]", true), "{mapping}");
    }
    let row = json!({ "generate": "x", "extract": "$.items.sku", "lookupName": "L" });
    for mappings in [
        json!([{ "generate": "l", "buildArrayHelper": [{ "extract": "$.items[*]", "mappings": [row] }] }]),
        json!([{ "generate": "l", "buildArrayHelper": [{ "extract": "$.items[*]", "mappings": [
            { "generate": "o", "mappings": [row] }] }] }]),
        json!([{ "generate": "x", "extract": "$.items[*].sku", "lookupName": "L" }]),
    ] {
        let document = json!({ "http": { "lookups": [{ "name": "L", "relativeURI": "/{{sku}}" }] }, "mappings": mappings });
        let (text, warned) = renamed(document, "/http/lookups/0/relativeURI");
        assert_eq!((text.as_str(), warned), ("/{{sku}}", true), "{mappings}");
    }
}

#[test]
fn a_name_that_is_written_with_escapes_is_said() {
    let template = |name: &str| format!("[\"itemid\",\"is\",\"{{{{{{{name}}}}}}}\"]");
    let escaped = template("gr\\u00f6\\u00dfe");
    for (document, at) in [
        (
            json!({ "netsuite_da": { "lookups": [{ "name": "L", "recordType": "item", "expression": escaped }] } }),
            "/netsuite_da/lookups/0/expression",
        ),
        (
            json!({ "netsuite_da": { "internalIdLookup": { "expression": escaped } } }),
            "/netsuite_da/internalIdLookup/expression",
        ),
        (json!({ "http": { "body": [escaped] } }), "/http/body/0"),
    ] {
        for (from, is_said) in [("größe", true), ("gr", false)] {
            let rename = FieldRename { side: Side::Source, from: from.into(), to: "size".into() };
            let mut after = document.clone();
            let said = rename_fields(&mut after, &[rename]);
            assert_eq!(after, document);
            let is_one =
                said.iter().any(|one| one.starts_with(&format!("{at}: `{from}` is written with escapes")));
            assert_eq!(is_one, is_said, "{from}: {said:?}");
        }
    }
    let plain = json!({ "http": { "body": [template("größe") + "\\u00e9"] } });
    let mut after = plain.clone();
    let rename = FieldRename { side: Side::Source, from: "größe".into(), to: "size".into() };
    assert_eq!(rename_fields(&mut after, &[rename]), Vec::<String>::new());
    assert_eq!(after["http"]["body"][0], template("size") + "\\u00e9");
}
