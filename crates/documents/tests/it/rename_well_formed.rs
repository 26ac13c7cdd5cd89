//! What a rename makes of a template can be read as the template was.

use proptest::prelude::*;
use serde_json::{Value, json};
use transship_documents::handlebars::{self, Backslash, TagKind};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

/// The template after renaming, and what is said.
fn renamed(text: &str, renames: &[(&str, &str)]) -> (String, Vec<String>) {
    let rename = |(from, to): &(&str, &str)| FieldRename {
        side: Side::Source,
        from: (*from).into(),
        to: (*to).into(),
    };
    let mut document = json!({ "traceKeyTemplate": text });
    let said = rename_fields(&mut document, &renames.iter().map(rename).collect::<Vec<_>>());
    (document["traceKeyTemplate"].as_str().unwrap().to_owned(), said)
}

#[test]
fn a_quoted_name_that_becomes_a_path_loses_its_quotes() {
    for (before, to, after) in [
        (r#"{{"old"}}"#, "new", r#"{{"new"}}"#),
        (r#"{{"old"}}"#, "contact.old", "{{contact.old}}"),
        (r#"{{"old"}}"#, "old.first", "{{old.first}}"),
        ("{{'old'}}", "main contact.old", "{{[main contact].old}}"),
        (r#"{{"old"}}"#, "contact.12", "{{contact.[12]}}"),
        (r#"{{#"old"}}x{{/"old"}}"#, "contact.old", "{{#contact.old}}x{{/contact.old}}"),
        // Behind another name quotes are documented.
        (r#"{{record."old"}}"#, "contact.old", r#"{{record."contact"."old"}}"#),
    ] {
        let (found, said) = renamed(before, &[("old", to)]);
        assert_eq!(found, after, "{before} {to}");
        let is_told = said.iter().any(|one| one.contains("the reverse rename would spell it differently"));
        assert_eq!(is_told, !found.contains('"'), "{said:?}");
    }
}

const NAMES: [&str; 8] = ["a", "b", "lines", "length", "Odd name", "x-1", "PO#", "trim"];

/// A path, as it stands in a tag.
fn path() -> impl Strategy<Value = String> {
    let segment = (prop::sample::select(&NAMES[..]), 0..6_u8).prop_map(|(name, how)| {
        let is_plain = !name.contains([' ', '-', '#']);
        match how {
            0 => format!("[{name}]"),
            1 => format!("{name}.[0]").replace("Odd name", "[Odd name]").replace("x-1", "[x-1]"),
            2 => format!("\"{name}\""),
            _ if is_plain => name.to_owned(),
            _ => format!("[{name}]"),
        }
    });
    let start = prop::sample::select(
        &[
            "",
            "",
            "record.",
            "this.",
            "./",
            "../",
            "../../",
            "@root.",
            "@root.record.",
            "data.0.",
            "item.",
            "batch_of_records.[0].record.",
            "batch_of_records.0.",
            "$.",
        ][..],
    );
    let end = prop::sample::select(&["", "", "", ".length", ".[length]"][..]);
    let fields = (start, prop::collection::vec(segment, 1..4), end)
        .prop_map(|(start, segments, end)| format!("{start}{}{end}", segments.join(".")));
    prop_oneof![9 => fields, 1 => prop::sample::select(&["@index", "@../key", "@first", "this", "."][..]).prop_map(str::to_owned)]
}

/// A word of a tag behind the first.
fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => path(),
        1 => prop::sample::select(&NAMES[..]).prop_map(|name| format!("\"{name}\"")),
        1 => prop::sample::select(&NAMES[..]).prop_map(|name| format!("'record.{name}'")),
        1 => path().prop_map(|path| format!("(trim {path})")),
        1 => prop::sample::select(&["1", "true", "null"][..]).prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = String> {
    (path(), argument(), 0..10_u8, any::<bool>()).prop_map(|(path, argument, kind, strip)| {
        let (open, close) = if strip { ("{{~", "~}}") } else { ("{{", "}}") };
        match kind {
            0 => format!("{{{{{{{path}}}}}}}"),
            1 => format!("{open}trim {argument}{close}"),
            2 => format!("{open}getValue \"record.lines\"{close}{open}pluck {path} 'a'{close}"),
            3 => format!("{open}sort {path} reverse={argument}{close}"),
            4 => format!("{{{{! {path} }}}}{{{{!-- {{{{{path}}}}} --}}}}"),
            5 => format!("\\{{{{{path}}}}} a lines {{{{{{{{raw}}}}}}}}{{{{{path}}}}}{{{{{{{{/raw}}}}}}}}"),
            6 => format!("{open}> part {argument}{close}"),
            _ => format!("{open}{path}{close}"),
        }
    })
}

fn template() -> impl Strategy<Value = String> {
    value().prop_recursive(4, 24, 4, |inner| {
        let inside = || prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| parts.concat());
        (path(), argument(), inside(), inside(), 0..11_u8).prop_map(|(path, argument, one, other, kind)| {
            match kind {
                0 => format!("{{{{#each {path}}}}}{one}{{{{else}}}}{other}{{{{/each}}}}"),
                1 => format!("{{{{#each {path} as |item n|}}}}{one}{{{{/each}}}}{other}"),
                2 => format!("{{{{#with {argument}}}}}{one}{{{{^}}}}{other}{{{{/with}}}}"),
                3 => format!("{{{{#if {path}}}}}{one}{{{{else if {argument}}}}}{other}{{{{/if}}}}"),
                4 => format!("{{{{#if {path}}}}}{one}{{{{else {argument}}}}}{other}{{{{/if}}}}"),
                5 => format!("{{{{^{path}}}}}{one}{{{{else}}}}{other}{{{{/{path}}}}}"),
                6 => format!("{{{{~#{path}~}}}}{one}{{{{~/{path}~}}}}{other}"),
                7 => format!("{{{{#> part {path}}}}}{one}{{{{/part}}}}{other}"),
                8 => format!("{{{{#(trim {path})}}}}{one}{{{{/(trim {path})}}}}{other}"),
                9 => format!("{{{{#filter {path} {argument} \"a\"}}}}{one}{{{{/filter}}}}{other}"),
                _ => format!("{{{{#{path}}}}}{one}{{{{else}}}}{other}{{{{/{path}}}}}"),
            }
        })
    })
}

/// The tags without the names in them.
fn shape(text: &str) -> Option<Vec<(TagKind, Vec<String>, usize)>> {
    let template = handlebars::read(text, Backslash::Escapes).ok()?;
    let words = |tag: &handlebars::Tag| tag.call.as_ref().map_or(0, |call| 1 + call.arguments.len());
    Some(template.tags.iter().map(|tag| (tag.kind, tag.params.clone(), words(tag))).collect())
}

const NEW: [&str; 13] = [
    "zz",
    "a.zz",
    "zz.y.x",
    "zz y",
    "zz-1",
    "12",
    "length",
    "zz.length",
    "trim",
    "else",
    "item",
    "record",
    "['z\"']",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_template_that_can_be_read_is_the_same_tags_after_any_rename(
        text in template(), from in prop::sample::subsequence(&["a", "b", "lines", "a.b", "lines.a", "['PO#']", "Odd name", "length", "trim"][..], 1..4),
        to in prop::sample::subsequence(&NEW[..], 3).prop_shuffle(),
    ) {
        let before = shape(&text);
        prop_assume!(before.is_some());
        let renames: Vec<(&str, &str)> = from.into_iter().zip(to).collect();
        let (after, said) = renamed(&text, &renames);
        prop_assert_eq!(&shape(&after), &before, "{:?}: {} became {}", renames, text, after);
        let refused = said.iter().find(|one| one.contains("could not be read after the rename"));
        prop_assert_eq!(refused, None, "{:?}: {}", renames, text);
    }

    #[test]
    fn a_json_text_is_json_after_any_rename(
        values in prop::collection::vec(value(), 1..4), to in prop::sample::select(&NEW[..]), mark in prop::sample::select(&["\"", "\\", "'"][..]),
    ) {
        // Quotes of the JSON text do not stand in a path.
        let text = json!(["a", values.concat().replace('"', "'")]).to_string();
        prop_assume!(shape(&text).is_some());
        for to in [to.to_owned(), format!("[\"z{}\"]", mark.replace('\\', "\\\\").replace('"', "\\\""))] {
            let mut document = json!({ "netsuite_da": { "internalIdLookup": { "expression": text } } });
            let rename = |from: &str| FieldRename { side: Side::Source, from: from.into(), to: to.clone() };
            rename_fields(&mut document, &[rename("a"), rename("lines")]);
            let after = document["netsuite_da"]["internalIdLookup"]["expression"].as_str().unwrap();
            prop_assert!(serde_json::from_str::<Value>(after).is_ok(), "{to}: {text} became {after}");
        }
    }
}

#[test]
fn a_name_is_bare_only_where_every_reader_takes_it_for_one_word() {
    for blank in ['\u{feff}', '\u{85}', '\u{180e}', '\u{a0}', '\u{2028}', '\u{3000}', ' ', '\t', '\u{b}'] {
        let to = format!("or{blank}der");
        let (found, said) = renamed("{{record.id}}{{trim id}}", &[("id", &to)]);
        assert_eq!((found, said), (format!("{{{{record.[{to}]}}}}{{{{trim [{to}]}}}}"), Vec::new()));
    }
    for letter in ['\u{200b}', '\u{2060}', '\u{ad}', 'ß', '\u{1f44d}'] {
        let to = format!("or{letter}der");
        assert_eq!(renamed("{{record.id}}", &[("id", &to)]).0, format!("{{{{record.{to}}}}}"));
    }
    // To the service the first is a call with an argument, and the second a name.
    assert_eq!(renamed("{{trim\u{feff}id}}", &[("id", "no")]).0, "{{trim\u{feff}no}}");
    assert_eq!(renamed("{{a\u{85}id}}", &[("id", "no")]).0, "{{a\u{85}id}}");
}
