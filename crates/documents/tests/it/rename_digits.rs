//! Digits in a path are a position in a list, or the name of a field where a rename has one: also in the paths that other names are
//! looked up in.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

use crate::rename_rows::{Row, check};

const AMOUNT: &str = "source sales.2024.amount -> sales.2024.total";
const LINES: &str = "source sales.2024.lines.amount -> sales.2024.lines.total";
const YEAR: &str = "source sales.2024 -> sales.y2024";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Blocks
    ("traceKeyTemplate", AMOUNT, "{{record.sales.[2024].amount}}{{#with record.sales.[2024]}}{{amount}}{{/with}}", "{{record.sales.[2024].total}}{{#with record.sales.[2024]}}{{total}}{{/with}}", "-"),
    ("traceKeyTemplate", AMOUNT, "{{#with record.sales.2024}}{{this.amount}}{{/with}}{{#with record.sales.\"2024\"}}{{amount}}{{/with}}", "{{#with record.sales.2024}}{{this.total}}{{/with}}{{#with record.sales.\"2024\"}}{{total}}{{/with}}", "-"),
    ("traceKeyTemplate", AMOUNT, "{{#with record.sales.[2024] as |y|}}{{y.amount}}{{/with}}", "{{#with record.sales.[2024] as |y|}}{{y.total}}{{/with}}", "-"),
    ("traceKeyTemplate", AMOUNT, "{{#record.sales.[2024]}}{{amount}}{{/record.sales.[2024]}}", "{{#record.sales.[2024]}}{{total}}{{/record.sales.[2024]}}", "-"),
    ("traceKeyTemplate", AMOUNT, "{{#with record.sales}}{{#with [2024]}}{{amount}}{{/with}}{{[2024].amount}}{{2024.amount}}{{this.[2024].amount}}{{/with}}", "{{#with record.sales}}{{#with [2024]}}{{total}}{{/with}}{{[2024].total}}{{2024.total}}{{this.[2024].total}}{{/with}}", "-"),
    ("traceKeyTemplate", AMOUNT, "{{#with record.sales as |s|}}{{s.[2024].amount}}{{#with s.[2024]}}{{amount}}{{/with}}{{/with}}", "{{#with record.sales as |s|}}{{s.[2024].total}}{{#with s.[2024]}}{{total}}{{/with}}{{/with}}", "-"),
    ("traceKeyTemplate", AMOUNT, "{{#with record.sales.[2024]}}{{#each lines}}{{../amount}}{{amount}}{{/each}}{{/with}}", "{{#with record.sales.[2024]}}{{#each lines}}{{../total}}{{amount}}{{/each}}{{/with}}", "-"),
    ("traceKeyTemplate", AMOUNT, "{{#with record.sales.[2023]}}{{amount}}{{/with}}{{#with record.sales}}{{amount}}{{[2023].amount}}{{/with}}", "=", "-"),
    ("traceKeyTemplate", LINES, "{{#each record.sales.[2024].lines}}{{amount}}{{/each}}{{record.sales.[2024].lines.[0].amount}}", "{{#each record.sales.[2024].lines}}{{total}}{{/each}}{{record.sales.[2024].lines.[0].total}}", "-"),
    ("traceKeyTemplate", LINES, "{{#each (sort record.sales.[2024].lines)}}{{amount}}{{/each}}", "{{#each (sort record.sales.[2024].lines)}}{{total}}{{/each}}", "-"),
    ("traceKeyTemplate", LINES, "{{#with record.sales.[2024].lines.[0]}}{{amount}}{{/with}}", "{{#with record.sales.[2024].lines.[0]}}{{total}}{{/with}}", "-"),
    // Positions stay what they are
    ("traceKeyTemplate", "source items.sku -> items.code", "{{#with record.items.[2024]}}{{sku}}{{/with}}{{#with record.items}}{{[0].sku}}{{/with}}", "{{#with record.items.[2024]}}{{code}}{{/with}}{{#with record.items}}{{[0].code}}{{/with}}", "-"),
    ("traceKeyTemplate", "source items.sku -> items.pack.sku", "{{#with record.items.[0]}}{{sku}}{{/with}}", "{{#with record.items.[0]}}{{pack.sku}}{{/with}}", "-"),
    ("traceKeyTemplate", "source sales.amount -> sales.total; source sales.2024.tax -> sales.2024.vat", "{{#with record.sales.[2024]}}{{amount}}{{tax}}{{/with}}{{record.sales.[2024].amount}}", "{{#with record.sales.[2024]}}{{total}}{{vat}}{{/with}}{{record.sales.[2024].total}}", "-"),
    // The name of digits itself
    ("traceKeyTemplate", YEAR, "{{#with record.sales.[2024]}}{{amount}}{{/with}}{{#with record.sales}}{{[2024].amount}}{{#with [2024]}}{{x}}{{/with}}{{/with}}", "{{#with record.sales.y2024}}{{amount}}{{/with}}{{#with record.sales}}{{[y2024].amount}}{{#with y2024}}{{x}}{{/with}}{{/with}}", "-"),
    ("traceKeyTemplate", "source sales.2024 -> sales.2025", "{{#with record.sales}}{{[2024].amount}}{{/with}}{{record.sales.[2024]}}", "{{#with record.sales}}{{[2025].amount}}{{/with}}{{record.sales.[2025]}}", "-"),
    ("traceKeyTemplate", "source sales.2024.amount -> sales.total", "{{#with record.sales}}{{[2024].amount}}{{/with}}{{#with record.sales.[2024]}}{{amount}}{{/with}}", "{{#with record.sales}}{{[total]}}{{/with}}{{#with record.sales.[2024]}}{{amount}}{{/with}}", "cannot be renamed where it stands"),
    ("traceKeyTemplate", "source 2024.amount -> 2024.total", "{{record.[2024].amount}}{{#with record.[2024]}}{{amount}}{{/with}}", "{{record.[2024].total}}{{#with record.[2024]}}{{total}}{{/with}}", "-"),
    // Names as texts
    ("traceKeyTemplate", AMOUNT, "{{hasOwn record.sales.[2024] \"amount\"}}{{getValue \"record.sales.2024.amount\"}}", "{{hasOwn record.sales.[2024] \"total\"}}{{getValue \"record.sales.2024.total\"}}", "-"),
    ("traceKeyTemplate", LINES, "{{pluck record.sales.[2024].lines \"amount\"}}{{#filter record.sales.[2024].lines \"x\" \"amount\"}}{{amount}}{{/filter}}", "{{pluck record.sales.[2024].lines \"total\"}}{{#filter record.sales.[2024].lines \"x\" \"total\"}}{{total}}{{/filter}}", "-"),
    ("traceKeyTemplate", LINES, "{{#each (pluck record.sales \"2024.lines\")}}{{amount}}{{/each}}{{pluck record.sales \"2024.lines.amount\"}}", "{{#each (pluck record.sales \"2024.lines\")}}{{total}}{{/each}}{{pluck record.sales \"2024.lines.total\"}}", "-"),
    // What may be a position in a page of records
    ("traceKeyTemplate", "source 2024 -> y2024", "{{this/rows.0.[2024]}}", "=", "it may be a field"),
    ("traceKeyTemplate", "source 2024 -> y2024", "{{batch_of_records.0.rows.0.[2024]}}", "=", "it may be a field"),
    ("traceKeyTemplate", "source 2024 -> y2024", "{{pluck data \"2024\"}}", "=", "it may be a field"),
    ("traceKeyTemplate", "source 2024 -> y2024", "{{getValue \"data.0.2024\"}}", "=", "it may be a field"),
    ("traceKeyTemplate", "source 2024.a -> 2024.b", "{{#each data}}{{[2024].a}}{{/each}}", "=", "it may be a field"),
    ("traceKeyTemplate", "source 2024.a -> 2024.b", "{{#with [2024]}}{{a}}{{/with}}", "=", "not known what it refers to"),
    ("traceKeyTemplate", "source 2024.a -> 2024.b", "{{#with data.0.[2024]}}{{a}}{{/with}}{{#with data.0}}{{a}}{{/with}}", "=", "not known what it refers to"),
    ("traceKeyTemplate", "source 2024.a -> 2024.b", "{{#each data as |d|}}{{#with d.[2024]}}{{a}}{{/with}}{{/each}}", "=", "not known what it refers to"),
    ("traceKeyTemplate", "source 2024.a -> 2024.b", "{{#with data.0}}{{a}}{{/with}}{{#each data.[1].lines}}{{a}}{{/each}}", "=", "-"),
    // Quotation marks inside of brackets
    ("traceKeyTemplate", AMOUNT, "{{#with record.sales.[\"2024\"]}}{{amount}}{{/with}}", "=", "not known what it refers to"),
    ("traceKeyTemplate", "source a.b -> a.c", "{{#with record.[\"a\"] as |x|}}{{x.b}}{{/with}}", "=", "not known what it refers to"),
    ("traceKeyTemplate", "source a.b -> a.c", "{{hasOwn record.['a'] \"b\"}}", "=", "may name the field as a text"),
];

#[test]
fn digits_are_a_name_where_a_rename_has_one() {
    check(ROWS);
}

/// The document after a rename, with what was said.
fn renamed(document: &Value, side: Side, from: &str, to: &str) -> (Value, Vec<String>) {
    let mut after = document.clone();
    let rename = |from: &str, to: &str| FieldRename { side, from: from.to_owned(), to: to.to_owned() };
    let said = rename_fields(&mut after, &[rename(from, to)]);
    let mut back = after.clone();
    rename_fields(&mut back, &[rename(to, from)]);
    assert_eq!(back, *document, "{from} to {to}: {after}");
    (after, said)
}

fn fields(rows: Value) -> Value {
    json!({ "fields": rows, "lists": [] })
}

#[test]
fn a_part_of_the_record_below_digits_is_found_in_every_place() {
    let subrecord = |path: &str| {
        json!({ "netsuite_da": { "mapping": fields(json!([{ "generate": "s", "subRecordMapping": {
            "jsonPath": path, "mapping": fields(json!([{ "extract": "amount", "generate": "a" }])) } }])) } })
    };
    let row = "/netsuite_da/mapping/fields/0/subRecordMapping/mapping/fields/0/extract";
    let lookup = json!({
        "mapping": { "fields": [], "lists": [{ "generate": "l",
            "fields": [{ "extract": "sales.2024[*].id", "generate": "g", "lookupName": "k" }] }] },
        "http": { "lookups": [{ "name": "k", "relativeURI": "/x/{{amount}}" }] } });
    for (document, at, expected) in [
        (
            json!({ "oneToMany": true, "pathToMany": "sales.2024", "mapping": fields(json!([{ "extract": "amount", "generate": "g" }])) }),
            "/mapping/fields/0/extract",
            "total",
        ),
        (
            json!({ "oneToMany": true, "pathToMany": "sales.2024", "mappings": [{ "extract": "$.amount", "generate": "g" }] }),
            "/mappings/0/extract",
            "$.total",
        ),
        (
            json!({ "oneToMany": true, "pathToMany": "sales.2024", "http": { "relativeURI": ["{{record.amount}}"] } }),
            "/http/relativeURI/0",
            "{{record.total}}",
        ),
        (subrecord("sales.2024[*]"), row, "total"),
        (subrecord("$.sales.2024[*]"), row, "total"),
        (lookup, "/http/lookups/0/relativeURI", "/x/{{total}}"),
    ] {
        let (after, said) = renamed(&document, Side::Source, "sales.2024.amount", "sales.2024.total");
        assert_eq!((after.pointer(at), said), (Some(&json!(expected)), vec![]), "{document}");
    }
    let target = json!({
        "mapping": { "fields": [{ "generate": "s", "subRecordMapping": { "mapping": fields(json!([])) } }],
            "lists": [{ "generate": "sales.2024", "fields": [{ "extract": "x", "generate": "amount" }] }] },
        "http": { "body": ["{{#with record.sales.[2024]}}{{amount}}{{/with}}"] } });
    let (after, said) = renamed(&target, Side::Target, "sales.2024.amount", "sales.2024.total");
    assert_eq!(after["mapping"]["lists"][0]["fields"][0]["generate"], "total", "{said:?}");
    assert_eq!(after["http"]["body"][0], "{{#with record.sales.[2024]}}{{total}}{{/with}}", "{said:?}");
    let keys = json!({
        "mappings": [{ "generate": "sales", "dataType": "object", "mappings": [{ "generate": "2024", "dataType": "object",
            "mappings": [{ "generate": "amount", "dataType": "string", "extract": "$.a" }] }] }],
        "http": { "body": ["{{#with record.sales.[2024]}}{{amount}}{{/with}}"] } });
    let (after, said) = renamed(&keys, Side::Target, "sales.2024.amount", "sales.2024.total");
    assert_eq!(after["mappings"][0]["mappings"][0]["mappings"][0]["generate"], "total", "{said:?}");
    assert_eq!(after["http"]["body"][0], "{{#with record.sales.[2024]}}{{total}}{{/with}}", "{said:?}");
    // The name of a target is no position.
    let (after, _) = renamed(&keys, Side::Target, "sales.amount", "sales.total");
    assert_eq!(after["mappings"], keys["mappings"]);
    let answer =
        json!({ "http": { "response": { "resourcePath": ["out.2024"], "resourceIdPath": ["id"] } } });
    let (after, said) = renamed(&answer, Side::Response, "out.2024.id", "out.2024.key");
    assert_eq!(after["http"]["response"]["resourceIdPath"][0], "key", "{said:?}");
}

#[test]
fn a_list_below_digits_keeps_its_rows() {
    let document = json!({ "mappings": [{ "generate": "l", "dataType": "objectarray", "buildArrayHelper": [
        { "extract": "$.sales.2024.lines[*]", "mappings": [
            { "generate": "a", "dataType": "string", "extract": "$.sales.2024.lines.amount" }] }] }] });
    let helper = "/mappings/0/buildArrayHelper/0/extract";
    let row = "/mappings/0/buildArrayHelper/0/mappings/0/extract";
    for (from, to, list, amount) in [
        (
            "sales.2024.lines.amount",
            "sales.2024.lines.total",
            "$.sales.2024.lines[*]",
            "$.sales.2024.lines.total",
        ),
        ("sales.2024", "sales.2025", "$.sales.2025.lines[*]", "$.sales.2025.lines.amount"),
        ("sales.2024", "sales.old", "$.sales.old.lines[*]", "$.sales.old.lines.amount"),
    ] {
        let (after, said) = renamed(&document, Side::Source, from, to);
        let found = (after.pointer(helper), after.pointer(row), said);
        assert_eq!(found, (Some(&json!(list)), Some(&json!(amount)), vec![]), "{from}");
    }
}
