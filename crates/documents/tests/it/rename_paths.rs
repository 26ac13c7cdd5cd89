//! Renaming fields in the paths of both mapping models: one row for each rule, as in `rename_templates`.

use serde_json::json;

use crate::rename_templates::{Row, UNREADABLE, check};

#[rustfmt::skip]
const EXTRACTS: &[Row] = &[
    ("a plain name", "id -> code", "id", "code", "-"),
    ("a dotted path", "a.b -> a.c", "a.b", "a.c", "-"),
    ("a quoted name", "e mail -> mail", "['e mail']", "['mail']", "-"),
    ("a bracketed name", "e mail -> mail", "[e mail]", "[mail]", "-"),
    ("a list", "a.b -> a.c", "a[*].b", "a[*].c", "-"),
    ("grouped rows", "x -> y", "*.x", "*.y", "-"),
    ("single braces of old documents", "first -> given", "{first} {last}", "{given} {last}", "-"),
    ("single braces around another name", "first -> given", "{firsts} {last}", "=", "-"),
    ("handlebars", "id -> code", "{{record.id}}", "{{record.code}}", "-"),
    ("a bracket that does not close", "id -> code", "a[id", "=", UNREADABLE),
];

#[test]
fn names_in_extracts_are_followed() {
    let document =
        |text: &str| json!({ "mapping": { "fields": [{ "extract": text, "generate": "q" }], "lists": [] } });
    check("/mapping/fields/0/extract", document, EXTRACTS);
}

#[rustfmt::skip]
const JSON_PATHS: &[Row] = &[
    ("a JSON path", "id -> code", "$.id", "$.code", "-"),
    ("a list", "a.b -> a.c", "$.a[*].b", "$.a[*].c", "-"),
    ("a name in quotes", "e mail -> mail", "$[\"e mail\"]", "$[\"mail\"]", "-"),
    ("a name with blanks", "Link 1.href -> Link 1.url", "$.Link 1.href", "$.Link 1.url", "-"),
    ("any child is no field", "depot -> station", "$.*.depot", "=", UNREADABLE),
    ("any child of a field", "a.depot -> a.station", "$.a.*.depot", "=", UNREADABLE),
    ("what stands before any child is one", "a -> b", "$.a.*.depot", "$.b.*.depot", "-"),
    ("a descent", "depot -> station", "$..depot", "=", UNREADABLE),
    ("a filter", "depot -> station", "$.a[?(@.depot)].x", "=", UNREADABLE),
    ("a literal", "depot -> station", "depot", "=", "-"),
    ("every record of a list", "depot -> station", "$[*].depot", "$[*].station", "-"),
];

#[test]
fn names_in_json_paths_are_followed() {
    let document =
        |text: &str| json!({ "mappings": [{ "extract": text, "generate": "q" }, { "extract": "$.zz" }] });
    check("/mappings/0/extract", document, JSON_PATHS);
}
