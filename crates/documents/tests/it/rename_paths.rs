//! Renaming fields in the paths of both mapping models: one row for each rule, as in `rename_templates`.

use serde_json::json;
use transship_documents::rename::rename_fields;

use crate::rename_places::source;
use crate::rename_templates::{Row, UNREADABLE, check};

#[rustfmt::skip]
const EXTRACTS: &[Row] = &[
    ("a plain name", "id -> code", "id", "code", "-"),
    ("a dotted path", "a.b -> a.c", "a.b", "a.c", "-"),
    ("a quoted name", "e mail -> mail", "['e mail']", "['mail']", "-"),
    ("a bracketed name", "e mail -> mail", "[e mail]", "[mail]", "-"),
    ("a list", "a.b -> a.c", "a[*].b", "a[*].c", "-"),
    ("blanks in brackets", "mail -> post", "[ 'mail' ]", "[ 'post' ]", "-"),
    ("blanks in brackets around each entry", "a.b -> a.c", "a[ * ].b", "a[ * ].c", "-"),
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
    ("a filter by a field that is renamed too", "a.x -> a.z", "$.a[?(@.x==1)].x", "=", UNREADABLE),
    ("the same in brackets", "a.x -> a.z", "$.a[?(@['x']==1)].x", "=", UNREADABLE),
    ("a filter by another field", "a.x -> a.z", "$.a[?(@.y=='x')].x", "$.a[?(@.y=='x')].z", "`[?(@.y=='x')]` could not be read"),
    ("a filter by a field of the same name elsewhere", "a -> b", "$.a[?(@.a==1)].c", "$.b[?(@.a==1)].c", "`[?(@.a==1)]` could not be read"),
    ("a filter by a field of the record", "a -> b", "$.a[?(@.id==$.a.min)].c", "=", UNREADABLE),
    ("a filter of a list that is renamed", "a -> b", "$.a[?(@.x>1 && @.y)].c", "$.b[?(@.x>1 && @.y)].c", "-"),
    ("a filter of a list of which a field is moved", "a.c -> d.c", "$.a[?(@.x)].c", "=", UNREADABLE),
    ("a filter by a method", "a.x -> a.z", "$.a[?(@.x.match(/y/))].x", "=", UNREADABLE),
    ("a filter in a filter", "a.x -> a.z", "$.a[?(@.b[?(@.x)])].x", "=", UNREADABLE),
    ("several names at once", "a.c -> a.d", "$.a['x','y'].c", "=", UNREADABLE),
    ("what stands before several names", "a -> b", "$.a['x','y'].c", "$.b['x','y'].c", "-"),
    ("several positions", "a.c -> a.d", "$.a[0,2].c", "$.a[0,2].d", "-"),
    ("a literal", "depot -> station", "depot", "=", "-"),
    ("blanks in brackets and quotes", "mail -> post", "$[ \"mail\"  ].x", "$[ \"post\"  ].x", "-"),
    ("blanks in brackets around each entry", "l.mail -> l.post", "$.l[ * ].mail", "$.l[ * ].post", "-"),
    ("blanks in brackets around a position", "l.mail -> l.post", "$.l[ 0 ][ 'mail' ]", "$.l[ 0 ][ 'post' ]", "-"),
    ("blanks in brackets around a bare name", "mail -> post", "$[ mail ]", "$[ post ]", "-"),
    ("a filter with blanks in brackets", "a.x -> a.z", "$.a[?(@[ 'x' ]==1)].x", "=", UNREADABLE),
    ("every record of a list", "depot -> station", "$[*].depot", "$[*].station", "-"),
];

#[test]
fn names_in_json_paths_are_followed() {
    let document =
        |text: &str| json!({ "mappings": [{ "extract": text, "generate": "q" }, { "extract": "$.zz" }] });
    check("/mappings/0/extract", document, JSON_PATHS);
}

#[test]
fn the_record_in_an_envelope_is_told_in_every_spelling() {
    let job = ["$.job._id", "$[\"job\"]._id", "$['job']['_id']", "$[ \"job\" ]._id"];
    for (text, becomes) in [
        ("$.record.mail", "$.record.post"),
        ("$[\"record\"].mail", "$[\"record\"].post"),
        ("$['record']['mail']", "$['record']['post']"),
        ("$[ \"record\" ][ \"mail\" ]", "$[ \"record\" ][ \"post\" ]"),
    ] {
        for beside in job {
            let rows = |text: &str| json!({ "mappings": [{ "extract": text }, { "extract": beside }] });
            let mut document = rows(text);
            let said = rename_fields(&mut document, &[source("mail", "post")]);
            assert_eq!((document, said), (rows(becomes), Vec::new()), "{text} {beside}");
        }
    }
}
