//! What a rename does to a template, judged by another implementation of the language.
//!
//! A template is rendered over a record; then the field is renamed in both, the record by hand and the template by this
//! program, and rendered again. Where the rename says nothing to look at, both must print the same. And what the other
//! implementation reads, this one reads too, but for what is listed.
//!
//! Only what both know: blocks, paths, block parameters, `lookup` left out (the service gives it another meaning).

use handlebars::Handlebars;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use transship_documents::handlebars::{Backslash, read};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

/// What the engine renders over: the record at `record`, and its fields at the top as in older templates.
fn context(record: &Value) -> Value {
    let mut context: Map<String, Value> = record.as_object().cloned().unwrap_or_default();
    context.insert("record".to_owned(), record.clone());
    Value::Object(context)
}

fn record(top: &str, inner: &str) -> Value {
    json!({
        top: { inner: "t", "n": "tn" },
        "b": "B",
        "e mail": "M",
        "l": [{ inner: "1", "n": "one", "m": [{ "a": "deep" }] }, { inner: "2", "n": "two", "m": [] }],
        "o": { inner: "o", "n": "on" },
        "none": [],
    })
}

fn engine() -> Handlebars<'static> {
    let mut engine = Handlebars::new();
    engine.register_escape_fn(handlebars::no_escape);
    engine
}

/// Compares a template before and after its renames; answers how many of them changed it.
fn check(template: &str) -> Result<usize, TestCaseError> {
    let engine = engine();
    let Ok(before) = engine.render_template(template, &context(&record("a", "a"))) else { return Ok(0) };
    let mut compared = 0;
    for (from, to, after) in [
        ("a", "zz", record("zz", "a")),
        ("l.a", "l.zz", {
            let mut after = record("a", "a");
            after["l"] = record("a", "zz")["l"].clone();
            after
        }),
        ("o.a", "o.z z", {
            let mut after = record("a", "a");
            after["o"] = record("a", "z z")["o"].clone();
            after
        }),
    ] {
        let mut document = json!({ "traceKeyTemplate": template });
        let rename = FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() };
        let said = rename_fields(&mut document, &[rename]);
        if !said.is_empty() {
            continue;
        }
        let renamed = document["traceKeyTemplate"].as_str().unwrap_or_default();
        compared += usize::from(renamed != template);
        let printed = engine.render_template(renamed, &context(&after));
        prop_assert!(
            printed.as_ref().ok() == Some(&before),
            "{} -> {}: {} became {}",
            from,
            to,
            template,
            renamed
        );
    }
    Ok(compared)
}

/// A part of a template. `0` stands for what is inside.
const PARTS: [&str; 30] = [
    "{{a.n}}",
    "{{record.a.n}}",
    "{{{record.a.a}}}",
    "{{b}}",
    "{{this.a}}",
    "{{./a}}",
    "{{../a.n}}",
    "{{../record.a.n}}",
    "{{@root.record.a.n}}",
    "{{@index}}",
    "{{n}}",
    "{{a}}",
    "{{[e mail]}}",
    "{{record.[a].n}}",
    "{{l.[0].a}}",
    "{{record.l.1.a}}",
    "{{! a }}",
    "{{!-- {{a}} --}}",
    "{{~b~}}",
    " a ",
    "\n",
    "{{#each l}}0{{/each}}",
    "{{#each record.l}}0{{else}}{{a.n}}{{/each}}",
    "{{#each record.l as |x i|}}{{x.a}}{{i}}0{{/each}}",
    "{{#with o}}0{{/with}}",
    "{{#with record.o as |y|}}{{y.a}}0{{/with}}",
    "{{#if a}}0{{else}}{{b}}{{/if}}",
    "{{#unless record.none}}0{{/unless}}",
    "{{#each m}}0{{/each}}",
    "{{#each none}}0{{else}}{{record.a.n}}{{/each}}",
];

fn template() -> impl Strategy<Value = String> {
    let part = prop::sample::select(&PARTS[..]).prop_map(str::to_owned);
    let leaf = part.clone().prop_map(|part| part.replacen('0', "", 1));
    leaf.prop_recursive(4, 24, 4, move |inner| {
        (part.clone(), prop::collection::vec(inner, 1..4)).prop_map(|(part, inner)| {
            if part.starts_with("{{#") { part.replacen('0', &inner.concat(), 1) } else { inner.concat() }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_renamed_template_prints_the_same_over_a_renamed_record(template in template()) {
        check(&template)?;
    }

    #[test]
    fn what_the_other_implementation_reads_is_read_here(template in template()) {
        if handlebars::Template::compile(&template).is_ok() {
            prop_assert!(read(&template, Backslash::Escapes).is_ok(), "{}", template);
        }
    }
}

#[test]
fn most_parts_are_changed_and_compared() {
    let inside = |outer: &str, inner: &str| outer.replacen('0', &inner.replacen('0', "{{a}}", 1), 1);
    let pairs = PARTS.iter().flat_map(|outer| PARTS.iter().map(|inner| inside(outer, inner)));
    let compared: usize = pairs.map(|template| check(&template).expect("the same is printed")).sum();
    // Inside a block over something else `record` is left alone and told, so those are not compared.
    assert!(compared > 400, "{compared}");
}
