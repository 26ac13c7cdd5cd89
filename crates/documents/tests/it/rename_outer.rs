//! A field that is put into what the document shows to be a list.

use crate::rename_rows::{Row, check};

const LIST: &str =
    "source: `sku` became `items.sku`, and `items` is a list there: a list has no field of its own";
const VALUE: &str = "`items` is there too: if that is a plain value, it cannot hold another";
const INTO: &str = "source sku -> items.sku";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("traceKeyTemplate", INTO, "{{record.items.[0].q}}{{record.sku}}", "{{record.items.[0].q}}{{record.items.sku}}", LIST),
    ("traceKeyTemplate", INTO, "{{record.sku}}{{record.items.0.q}}", "{{record.items.sku}}{{record.items.0.q}}", LIST),
    ("traceKeyTemplate", INTO, "{{#each record.items}}{{q}}{{/each}}{{record.sku}}", "{{#each record.items}}{{q}}{{/each}}{{record.items.sku}}", VALUE),
    ("traceKeyTemplate", INTO, "{{#each record.items.[0].packs}}{{/each}}{{record.sku}}{{record.items}}", "{{#each record.items.[0].packs}}{{/each}}{{record.items.sku}}{{record.items}}", LIST),
    ("traceKeyTemplate", INTO, "{{record.items.q}}{{record.sku}}", "{{record.items.q}}{{record.items.sku}}", "-"),
    ("traceKeyTemplate", "source items.sku -> items.a.sku", "{{record.items.sku}}{{record.items.[0].q}}", "{{record.items.a.sku}}{{record.items.[0].q}}", "-"),
    ("traceKeyTemplate", "source sku -> items.2024.sku", "{{record.sku}}{{record.items.[2024].q}}", "{{record.items.2024.sku}}{{record.items.[2024].q}}", "-"),
    ("mapping.fields[0].extract", INTO, "{sku} {items[*].q}", "{items.sku} {items[*].q}", LIST),
    ("mapping.fields[0].extract", INTO, "{sku} {items.*.q}", "{items.sku} {items.*.q}", "-"),
    ("mapping.fields[0].extract", "source sku -> order.items.sku", "{sku} {order.items[0].q}", "{order.items.sku} {order.items[0].q}", "`order.items` is a list there"),
    ("mapping.fields[0].extract", "source sku -> items.sku; source items.q -> items.r", "{sku} {items[*].q}", "{items.sku} {items[*].r}", LIST),
];

#[test]
fn a_field_that_is_put_into_a_list_is_said() {
    check(ROWS);
}

#[test]
fn the_rows_of_mapper_2_show_lists() {
    let mut document = serde_json::json!({ "mappings": [
        { "generate": "a", "dataType": "string", "extract": "$.items[*].q" },
        { "generate": "b", "dataType": "string", "extract": "$.sku" }] });
    let rename = transship_documents::FieldRename {
        side: transship_documents::Side::Source,
        from: "sku".to_owned(),
        to: "items.sku".to_owned(),
    };
    let said = transship_documents::rename::rename_fields(&mut document, &[rename]);
    assert_eq!(said, [LIST]);
}
