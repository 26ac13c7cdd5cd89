//! Names in blocks that may change what `this` is, or not: they stay, and are reported.

use serde_json::json;
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

/// The template after a rename, and what was said.
fn renamed(text: &str, from: &str, to: &str) -> (String, String) {
    let mut document = json!({ "traceKeyTemplate": text });
    let rename = FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() };
    let said = rename_fields(&mut document, &[rename]).join("; ");
    (document["traceKeyTemplate"].as_str().unwrap().to_owned(), said)
}

fn stays(text: &str, from: &str, reason: &str) {
    let (after, said) = renamed(text, from, &format!("{from}NEW"));
    assert_eq!(after, text, "{from}: {said}");
    assert!(said.contains(reason), "{from} in {text}: {said}");
}

fn changes(text: &str, from: &str, to: &str, after: &str) {
    assert_eq!(renamed(text, from, to), (after.to_owned(), String::new()), "{from} in {text}");
}

#[test]
fn a_block_over_the_value_at_hand_may_not_count() {
    for block in [
        "{{#with this}}{{../id}}{{/with}}",
        "{{#with .}}{{../id}}{{/with}}",
        "{{#this}}{{../id}}{{/this}}",
        "{{#with this}}{{#with this}}{{../../id}}{{/with}}{{/with}}",
        "{{#with this}}{{trim ../id}}{{/with}}",
        "{{#with this}}{{#if ../id}}{{/if}}{{/with}}",
        "{{#with @root.record.items}}{{../id}}{{/with}}",
    ] {
        let text = format!("{{{{#each record.items}}}}{block}{{{{/each}}}}");
        for from in ["id", "items.id"] {
            stays(&text, from, "it is not known what it refers to");
        }
    }
    for from in ["id", "items.id"] {
        stays(
            "{{#each record.items as |it|}}{{#with it}}{{../id}}{{/with}}{{/each}}",
            from,
            "it is not known what it refers to",
        );
    }
    changes(
        "{{#each record.items}}{{#with this}}{{id}}{{#each lines}}{{../id}}{{/each}}{{/with}}{{/each}}",
        "items.id",
        "items.key",
        "{{#each record.items}}{{#with this}}{{key}}{{#each lines}}{{../key}}{{/each}}{{/with}}{{/each}}",
    );
    changes(
        "{{#each record.items}}{{#with lines}}{{../id}}{{/with}}{{#each this}}{{/each}}{{/each}}",
        "items.id",
        "items.key",
        "{{#each record.items}}{{#with lines}}{{../key}}{{/with}}{{#each this}}{{/each}}{{/each}}",
    );
}

#[test]
fn a_block_over_a_field_may_be_one_over_a_flag() {
    let reason = "where that field is `true`, the names in the block are those outside of it";
    for (text, from) in [
        ("{{#flag}}{{id}}{{/flag}}", "id"),
        ("{{#flag}}{{this.id}}{{./id}}{{trim id}}{{/flag}}", "id"),
        ("{{#record.flag}}{{record.id}}{{/record.flag}}", "id"),
        ("{{#settings.flow.flag}}{{record.id}}{{/settings.flow.flag}}", "id"),
        ("{{#a}}{{#b}}{{id}}{{/b}}{{/a}}", "id"),
        ("{{#a}}{{#b}}{{id}}{{/b}}{{/a}}", "a.id"),
        ("{{^a}}{{else}}{{id}}{{/a}}", "id"),
        ("{{#if x}}{{else a}}{{id}}{{/if}}", "id"),
        ("{{#each record.items}}{{#active}}{{sku}}{{/active}}{{/each}}", "items.sku"),
        ("{{#flag}}{{#each lines}}{{../id}}{{/each}}{{/flag}}", "id"),
    ] {
        stays(text, from, reason);
    }
    // What is known stays known.
    changes("{{#a}}{{id}}{{../id}}{{/a}}", "a.id", "a.no", "{{#a}}{{no}}{{../id}}{{/a}}");
    changes("{{#a}}{{else}}{{id}}{{/a}}", "id", "no", "{{#a}}{{else}}{{no}}{{/a}}");
    changes("{{^a}}{{id}}{{/a}}", "id", "no", "{{^a}}{{no}}{{/a}}");
    changes("{{#a}}{{../id}}{{@root.id}}{{/a}}", "id", "no", "{{#a}}{{../no}}{{@root.no}}{{/a}}");
    for from in ["id", "items.id"] {
        stays(
            "{{#each record.items}}{{#active}}{{../id}}{{/active}}{{/each}}",
            from,
            "it is not known what it refers to",
        );
    }
}

#[test]
fn a_field_that_is_called_in_parentheses_is_said() {
    let called = "is called like a helper";
    for text in [
        "{{trim (record.id)}}",
        "{{trim (record.id record.x)}}",
        "{{trim (trim (id))}}",
        "{{#if (record.id)}}{{/if}}",
        "{{trim x=(record.id)}}",
        "{{trim (this.id)}}",
        "{{trim (@root.record.id)}}",
        "{{this.id x}}",
        "{{#each (record.id)}}{{/each}}",
        "{{> (record.id x)}}",
    ] {
        stays(text, "id", called);
    }
    stays("{{#each record.items}}{{trim (sku)}}{{/each}}", "items.sku", called);
    stays("{{trim ('id')}}", "id", "may name the field as a text");
    changes("{{trim (timestamp)}}", "timestamp", "at", "{{trim (timestamp)}}");
}

#[test]
fn a_field_in_the_name_of_a_partial_is_renamed_and_said() {
    for (text, after) in [
        ("{{> (trim record.id)}}", "{{> (trim record.no)}}"),
        ("{{#> (trim record.id)}}{{/(trim record.id)}}", "{{#> (trim record.id)}}{{/(trim record.id)}}"),
        ("{{> (trim x) record.id}}", "{{> (trim x) record.no}}"),
        ("{{> (lookup record \"id\")}}", "{{> (lookup record \"id\")}}"),
    ] {
        let (found, said) = renamed(text, "id", "no");
        assert_eq!(found, after, "{said}");
        assert!(!said.is_empty(), "{text}");
    }
    changes("{{> id}}", "id", "no", "{{> id}}");
}
