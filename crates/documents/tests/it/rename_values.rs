//! Where the values of an object are taken one by one, a name may be that of a field below any of them: it stays, and is reported.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

use crate::rename_rows::{Row, check};

const CITY: &str = "source addr.home.city -> addr.home.town";
const SKU: &str = "source addr.home.items.sku -> addr.home.items.code";
const UNKNOWN: &str = "stands where it is not known what it refers to and is left alone";
const CHILD: &str = "takes every child at `*`";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("traceKeyTemplate", CITY, "{{#each record.addr}}{{city}}{{/each}}", "=", UNKNOWN),
    ("traceKeyTemplate", CITY, "{{#each record.addr as |a|}}{{a.city}}{{/each}}", "=", "`a.city` stands"),
    ("traceKeyTemplate", CITY, "{{#each record.addr as |v k|}}{{k}}{{v.city}}{{/each}}", "=", "`v.city` stands"),
    ("traceKeyTemplate", CITY, "{{#each record.addr}}{{#with this}}{{city}}{{/with}}{{/each}}", "=", UNKNOWN),
    ("traceKeyTemplate", CITY, "{{#each record.addr}}{{#with . as |w|}}{{w.city}}{{/with}}{{/each}}", "=", UNKNOWN),
    ("traceKeyTemplate", CITY, "{{#each record.addr}}{{hasOwn this \"city\"}}{{/each}}", "=", "`city` stands"),
    ("traceKeyTemplate", CITY, "{{#each record.addr}}{{#each ../record.x}}{{../city}}{{/each}}{{/each}}", "=", "`../city` stands"),
    ("traceKeyTemplate", CITY, "{{#each record.addr}}{{#if x}}{{trim this.city}}{{/if}}{{/each}}", "=", UNKNOWN),
    ("traceKeyTemplate", CITY, "{{#with record.addr}}{{#each this}}{{city}}{{/each}}{{/with}}", "=", UNKNOWN),
    ("traceKeyTemplate", CITY, "{{#if x}}{{else each record.addr}}{{city}}{{else}}{{city}}{{/if}}", "=", UNKNOWN),
    ("traceKeyTemplate", CITY, "{{record.addr.home.city}}{{#each record.addr}}{{city}}{{/each}}", "{{record.addr.home.town}}{{#each record.addr}}{{city}}{{/each}}", UNKNOWN),
    ("traceKeyTemplate", SKU, "{{#each record.addr}}{{items.[0].sku}}{{/each}}", "=", UNKNOWN),
    ("traceKeyTemplate", SKU, "{{#each record.addr}}{{#each items}}{{sku}}{{/each}}{{/each}}", "=", UNKNOWN),
    ("traceKeyTemplate", SKU, "{{#each record.addr}}{{#with items.[0]}}{{sku}}{{/with}}{{/each}}", "=", UNKNOWN),
    ("traceKeyTemplate", SKU, "{{#each record.addr}}{{pluck items \"sku\"}}{{/each}}", "=", "`sku` stands"),
    ("traceKeyTemplate", SKU, "{{#each record.addr}}{{#filter items \"x\" \"sku\"}}{{/filter}}{{/each}}", "=", "`sku` stands"),
    ("traceKeyTemplate", "source a.x.b.y.c -> a.x.b.y.d", "{{#each record.a}}{{#each b}}{{c}}{{/each}}{{/each}}", "=", UNKNOWN),
    ("traceKeyTemplate", "source addr.2024.city -> addr.2024.town", "{{#each record.addr}}{{city}}{{/each}}", "=", UNKNOWN),
    // What is not meant
    ("traceKeyTemplate", CITY, "{{#with record.addr}}{{city}}{{/with}}{{#each record.other}}{{city}}{{/each}}", "=", "-"),
    ("traceKeyTemplate", CITY, "{{#each record.addr}}{{../city}}{{x}}{{city.x.y.z}}{{@root.record.city}}{{else}}{{city}}{{/each}}", "=", UNKNOWN),
    ("traceKeyTemplate", CITY, "{{#each record.addr}}{{../city}}{{zip}}{{@root.record.city}}{{else}}{{city}}{{/each}}", "=", "-"),
    ("traceKeyTemplate", CITY, "{{#each (sort record.addr)}}{{city}}{{/each}}{{#filter record.addr \"x\" \"city\"}}{{city}}{{/filter}}", "=", "-"),
    ("traceKeyTemplate", "source addr.home -> addr.house", "{{#each record.addr}}{{city}}{{home}}{{/each}}", "{{#each record.addr}}{{city}}{{house}}{{/each}}", "-"),
    ("traceKeyTemplate", "source addr.city -> addr.town", "{{#each record.addr}}{{city}}{{/each}}", "{{#each record.addr}}{{town}}{{/each}}", "-"),
    // Where an entry holds the field around it, it is one of a list
    ("traceKeyTemplate", "source lines.item.id -> lines.item.no", "{{#each record.lines as |l|}}{{id}}{{l.id}}{{l.item.id}}{{/each}}", "{{#each record.lines as |l|}}{{id}}{{l.id}}{{l.item.no}}{{/each}}", "-"),
    ("traceKeyTemplate", "source lines.item.id -> lines.item.no", "{{#each record.lines}}{{id}}{{#with item}}{{x}}{{/with}}{{/each}}", "=", "-"),
    ("traceKeyTemplate", "source lines.item.id -> lines.item.no", "{{#each record.lines}}{{id}}{{part.id}}{{/each}}", "=", UNKNOWN),
    // Paths
    ("mappings[0].extract", CITY, "$.addr[*].city", "=", CHILD),
    ("mappings[0].extract", CITY, "$.addr[?(@.x)].city", "=", CHILD),
    ("mappings[0].extract", SKU, "$.addr[*].items[*].sku", "=", CHILD),
    ("mappings[0].extract", CITY, "$.addr.*.city", "=", "could not be read"),
    ("mappings[0].extract", CITY, "$.addr[0].city", "=", "-"),
    ("mappings[0].extract", "source addr.city -> addr.town", "$.addr[*].city", "$.addr[*].town", "-"),
    ("mapping.fields[0].extract", CITY, "addr.*.city", "=", CHILD),
    ("mapping.fields[0].extract", "source addr.city -> addr.town", "addr.*.city", "=", CHILD),
    ("mapping.fields[0].extract", "source addr -> address", "addr.*.city", "address.*.city", "-"),
    ("mapping.fields[0].extract", "source city -> town", "addr.*.city", "=", "-"),
    ("mapping.fields[0].extract", CITY, "addr[*].city", "=", "-"),
    ("mapping.fields[0].extract", "source city -> town", "*.city", "*.town", "-"),
    ("mapping.fields[0].extract", "source home.city -> home.town", "*.city", "=", "-"),
    ("traceKeyTemplate", CITY, "{{record.addr.[*].city}}", "=", UNKNOWN),
    ("traceKeyTemplate", "source addr.city -> addr.town", "{{record.addr.*.city}}", "=", UNKNOWN),
];

#[test]
fn a_name_below_the_values_of_an_object_is_said() {
    check(ROWS);
}

#[test]
fn a_rule_through_any_child_is_said() {
    for (from, to) in [("addr.home.city", "addr.home.town"), ("addr.city", "addr.town")] {
        let mut document =
            json!({ "filter": { "rules": ["equals", ["string", ["extract", "addr.*.city"]], "x"] } });
        let before: Value = document.clone();
        let rename = FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() };
        let said = rename_fields(&mut document, &[rename]).join("; ");
        assert_eq!(document, before);
        assert!(said.starts_with("/filter/rules/1/1/1: `addr.*.city` takes every child at `*`"), "{said}");
    }
}

#[test]
fn what_a_block_says_of_its_entries_holds_for_all_of_the_template() {
    let deep = "{{#each record.a}}".repeat(200) + "{{b}}" + &"{{/each}}".repeat(200);
    let this = "{{#with record.a}}".to_owned()
        + &"{{#each this}}".repeat(200)
        + "{{b}}"
        + &"{{/each}}".repeat(200)
        + "{{/with}}";
    for text in [deep, this] {
        let mut document = json!({ "traceKeyTemplate": text });
        let rename = FieldRename { side: Side::Source, from: "a.x.b".to_owned(), to: "a.x.c".to_owned() };
        let said = rename_fields(&mut document, &[rename]);
        assert_eq!(said.len(), 1, "{said:?}");
    }
}
