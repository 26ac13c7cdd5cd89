//! Steps over documents nobody would write: whatever stands where, a step does its work or says why not.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use transship_documents::Edited;
use transship_documents::diff::diff;
use transship_documents::hints::{drop_captured, migration_hints};
use transship_documents::normal::{compare, fingerprint, masks, normalise};
use transship_documents::references::places;
use transship_documents::{Facts, Program, StepSpec};

/// Keys that mean something to one step or another.
const KEYS: &[&str] = &[
    "mapping",
    "mappings",
    "fields",
    "lists",
    "extract",
    "generate",
    "subRecordMapping",
    "jsonPath",
    "_id",
    "lookups",
    "name",
    "map",
    "http",
    "body",
    "relativeURI",
    "headers",
    "value",
    "buildArrayHelper",
    "dataType",
    "conditional",
    "when",
    "lookupName",
    "hardCodedValue",
    "filter",
    "expression",
    "rules",
    "responseTransform",
    "rulesTwoDotZero",
    "modelMetadata",
    "netsuite_da",
    "netsuite",
    "salesforce",
    "rdbms",
    "query",
    "file",
    "oneToMany",
    "pathToMany",
    "adaptorType",
    "sampleData",
    "_connectionId",
    "hooks",
    "settings",
    "aiAgent",
    "",
    "a",
    "a.b",
    "a/b~",
    "é",
];

const TEXTS: &[&str] = &[
    "a",
    "$.a",
    "{{record.a}}",
    "{{#each data}}{{a}}",
    "{{/if}}{{else}}{{a",
    "['a']",
    "a[*].b",
    "*.a",
    "$",
    "",
    "a.b",
    "******",
    "extract",
    "celigo_initializeValues",
    "$..a[?(@.a)]",
    "{a} {b}",
    "HTTPImport",
    "SalesforceImport",
    "true",
    "objectarray",
    "\u{0}\u{feff}",
    "[\"a\",\"is\",\"{{a}}\"]",
    "a..b",
    "[",
    "5a0000000000000000000000",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(serde_json::from_str("1e400").unwrap()),
    ];
    leaf.prop_recursive(6, 96, 6, |inner| {
        let key = prop::sample::select(KEYS).prop_map(str::to_owned);
        prop_oneof![
            2 => prop::collection::vec((key, inner.clone()), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::Array),
        ]
    })
}

fn document() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(KEYS).prop_map(str::to_owned);
    prop::collection::vec((key, value()), 0..8)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

fn path() -> impl Strategy<Value = String> + Clone {
    prop::sample::select(&["a", "b", "a.b", "a[*].b", "é", "id", "[\"a.b\"]"][..]).prop_map(str::to_owned)
}

fn pointer() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        4 => prop::sample::select(KEYS).prop_map(|key| key.replace('~', "~0").replace('/', "~1")),
        1 => prop::sample::select(&["0", "1", "-", "01", "99999999999999999999"][..]).prop_map(str::to_owned),
    ];
    prop::collection::vec(step, 1..4).prop_map(|steps| format!("/{}", steps.join("/")))
}

/// What a row shall say, right or wrong.
fn row() -> impl Strategy<Value = Map<String, Value>> {
    let maybe = || prop::option::of(value());
    (maybe(), maybe(), maybe(), maybe()).prop_map(|(source, default, lookup, when)| {
        let keys = [("source", source), ("default", default), ("lookup", lookup), ("when", when)];
        keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    })
}

fn step() -> impl Strategy<Value = StepSpec> {
    let target = || {
        (path(), prop::option::of(path())).prop_map(|(target, list)| {
            let mut keys = json!({ "target": target }).as_object().unwrap().clone();
            keys.extend(list.map(|list| ("list".to_owned(), json!(list))));
            keys
        })
    };
    let side = prop_oneof![Just("source"), Just("target")];
    let set =
        (pointer(), value()).prop_map(|(pointer, value)| StepSpec::new("set", json!({ pointer: value })));
    let patch = (0..6usize, pointer(), pointer(), value()).prop_map(|(verb, path, from, value)| {
        let op = ["add", "remove", "replace", "move", "copy", "test"][verb];
        StepSpec::new("patch", json!([{ "op": op, "path": path, "from": from, "value": value }]))
    });
    let fixed = |key: &'static str, value: Value| Just(StepSpec::new(key, value));
    prop_oneof![
        (side, path(), path()).prop_map(|(side, from, to)| {
            StepSpec::new("rename_field", json!({ "side": side, "from": from, "to": to }))
        }),
        (target(), row(), any::<bool>()).prop_map(|(mut keys, row, replace)| {
            keys.extend(row);
            keys.extend(replace.then(|| ("pass_through".to_owned(), json!("replace"))));
            StepSpec::new("add_mapping", Value::Object(keys))
        }),
        (target(), row()).prop_map(|(mut keys, row)| {
            keys.insert("set".to_owned(), Value::Object(row));
            StepSpec::new("edit_mapping", Value::Object(keys))
        }),
        target().prop_map(|keys| StepSpec::new("remove_mapping", Value::Object(keys))),
        path().prop_map(|name| StepSpec::new("add_lookup", json!({ "name": name, "map": { "x": "y" } }))),
        path().prop_map(|name| StepSpec::new("edit_lookup", json!({ "name": name, "map": { "x": null } }))),
        path().prop_map(|name| StepSpec::new("remove_lookup", json!({ "name": name }))),
        fixed("upgrade_mapper", json!({ "untyped": "string" })),
        fixed("rename", json!({ "find": "^", "replace": "x" })),
        fixed("name", json!("{{ doc.a | default(name) }} {{ index | pad(3) }}")),
        set,
        pointer().prop_map(|pointer| StepSpec::new("remove", json!([pointer]))),
        patch,
        fixed("jq", json!("(.. | strings) |= ascii_upcase")),
    ]
}

fn facts() -> Facts {
    Facts { row: BTreeMap::new(), job_name: "fuzz".to_owned(), index: 1, ..Facts::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_step_survives_every_document(document in document(), steps in prop::collection::vec(step(), 1..4)) {
        // A step that is refused is refused before any document is touched.
        if let Ok(program) = Program::compile(steps) {
            match program.apply(document.clone(), &facts()) {
                Ok(done) => {
                    prop_assert_eq!(done.document.get("_id"), document.get("_id"));
                    let changes = diff(&document, &done.document);
                    prop_assert!(document != done.document || changes.is_empty());
                    // A step touches what it names and nothing else.
                    let mut edited = Edited::new(document);
                    *edited.edit(&program.touches()) = done.document;
                    prop_assert_eq!(edited.changes(), changes);
                    migration_hints(&edited, true);
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn everything_that_looks_at_a_document_survives_it(document in document()) {
        prop_assert!(diff(&document, &document).is_empty());
        prop_assert!(compare(&document, &document).differences.is_empty());
        fingerprint(&normalise(&document));
        masks(&document);
        places(&document);
        let mut less = Edited::new(document);
        migration_hints(&less, true);
        drop_captured(&mut less);
        prop_assert!(less.now().get("sampleData").is_none());
        less.changes();
    }
}

/// As deep as a reader of JSON goes.
fn deep(wrap: impl Fn(Value) -> Value, levels: usize) -> Value {
    (0..levels).fold(json!("$.a"), |inner, _| wrap(inner))
}

#[test]
fn documents_as_deep_as_they_can_be_read_are_gone_through() {
    let row = |inner: Value| json!({ "generate": "g", "extract": "a", "mappings": [inner] });
    let sub = |inner: Value| json!({ "generate": "g", "subRecordMapping": { "jsonPath": "a", "mapping": { "fields": [inner] } } });
    let helper = |inner: Value| json!({ "generate": "g", "buildArrayHelper": [{ "extract": "$.a", "mappings": [inner] }] });
    for document in [
        json!({ "name": "x", "mappings": [deep(row, 60)] }),
        json!({ "name": "x", "mappings": [deep(helper, 30)] }),
        json!({ "name": "x", "netsuite_da": { "mapping": { "fields": [deep(sub, 30)] } } }),
        json!({ "name": "x", "filter": { "rules": deep(|inner| json!([inner]), 120) } }),
        json!({ "name": "x", "settings": deep(|inner| json!({ "a": inner }), 120) }),
        json!({ "name": "x", "mongodb": { "document": deep(|inner| json!([inner]), 120) } }),
    ] {
        let text = document.to_string();
        let document: Value = serde_json::from_str(&text).unwrap();
        let renames = ["source", "target"].map(|side| json!({ "side": side, "from": "a", "to": "b" }));
        let steps = [
            StepSpec::new("rename_fields", json!(renames)),
            StepSpec::new("jq", json!(".")),
            StepSpec::new("upgrade_mapper", json!({ "untyped": "string" })),
        ];
        let done = Program::compile(steps.into()).unwrap().apply(document.clone(), &facts()).unwrap();
        diff(&document, &done.document);
        migration_hints(&Edited::between(document, done.document.clone()), true);
        assert!(serde_json::from_str::<Value>(&done.document.to_string()).is_ok());
    }
}

#[test]
fn a_text_takes_time_by_its_length_and_not_by_its_square() {
    let long = |part: &str| part.repeat(10_000);
    for text in [
        long("{{a}}"),
        "{{#each a}}".repeat(500),
        long("{{#if a}}{{/if}}"),
        long("{{"),
        long("("),
        format!("{{{{{}}}}}", long("(")),
        format!("{{{{{}}}}}", long("a.")),
        format!("{{{{{}}}}}", long("../")),
        format!("{{{{{}}}}}", long("[a].")),
        long("{{\"a"),
        long("\\{{a}}"),
        long("{{! a"),
        long("{a}"),
        long("a."),
        long("['a']"),
        long("a[*]"),
    ] {
        let document = json!({ "name": "x", "http": { "body": [text] }, "mapping": { "fields": [{ "extract": text }] },
            "mappings": [{ "extract": format!("$.{text}") }], "rdbms": { "query": [text] } });
        let step = StepSpec::new("rename_field", json!({ "side": "source", "from": "a", "to": "b" }));
        let program = Program::compile(vec![step]).unwrap();
        let started = Instant::now();
        let done = program.apply(document.clone(), &facts()).unwrap();
        let took = started.elapsed();
        diff(&document, &done.document);
        assert!(took < Duration::from_secs(30), "{}… took {took:?}", &text[..20]);
    }
}
