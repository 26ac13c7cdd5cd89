//! Steps over documents nobody would write: whatever stands where, a step does its work or says why not.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use transship_documents::advice::{advise, drop_captured};
use transship_documents::diff::diff;
use transship_documents::mapping_edit::{LookupEdit, MappingEdit, Row, Target};
use transship_documents::normal::{compare, fingerprint, masks, normalise};
use transship_documents::references::places;
use transship_documents::upgrade::Untyped;
use transship_documents::{Facts, FieldRename, GuardedStep, Program, Side, Step};

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

fn row() -> impl Strategy<Value = Row> {
    (
        prop::option::of(value()),
        prop::option::of(value()),
        prop::option::of(value()),
        prop::option::of(value()),
    )
        .prop_map(|(source, default, lookup, when)| Row {
            source,
            default,
            lookup,
            when,
            ..Row::default()
        })
}

fn step() -> impl Strategy<Value = Step> {
    let target = (path(), prop::option::of(path())).prop_map(|(target, list)| Target { target, list });
    let side = prop_oneof![Just(Side::Source), Just(Side::Target)];
    let set = (pointer(), value()).prop_map(|one| Step::Set { values: vec![one] });
    let patch = (0..6usize, pointer(), pointer(), value()).prop_map(|(verb, path, from, value)| {
        let op = ["add", "remove", "replace", "move", "copy", "test"][verb];
        Step::Patch { operations: vec![json!({ "op": op, "path": path, "from": from, "value": value })] }
    });
    prop_oneof![
        (side, path(), path()).prop_map(|(side, from, to)| Step::RenameFields {
            renames: vec![FieldRename { side, from, to }.into()]
        }),
        (target.clone(), row())
            .prop_map(|(target, row)| Step::EditMapping { edit: MappingEdit::Add(target, row) }),
        (target.clone(), row())
            .prop_map(|(target, row)| Step::EditMapping { edit: MappingEdit::Edit(target, row) }),
        target.prop_map(|target| Step::EditMapping { edit: MappingEdit::Remove(target) }),
        path().prop_map(|name| Step::EditLookup {
            edit: LookupEdit::Add(json!({ "name": name, "map": { "x": "y" } }).as_object().unwrap().clone())
        }),
        path().prop_map(|name| Step::EditLookup {
            edit: LookupEdit::Edit {
                name,
                set: Map::new(),
                map: Map::from_iter([("x".to_owned(), Value::Null)])
            }
        }),
        path().prop_map(|name| Step::EditLookup { edit: LookupEdit::Remove { name } }),
        Just(Step::UpgradeMapper { untyped: Untyped::String }),
        Just(Step::Rename { find: "^".to_owned(), replace: "x".to_owned() }),
        Just(Step::Name { template: "{{ doc.a | default(name) }} {{ index | pad(3) }}".to_owned() }),
        set,
        pointer().prop_map(|pointer| Step::Remove { pointers: vec![pointer] }),
        patch,
        Just(Step::Jq { program: "(.. | strings) |= ascii_upcase".to_owned() }),
    ]
}

fn facts() -> Facts {
    Facts { row: BTreeMap::new(), job_name: "fuzz".to_owned(), index: 1, ..Facts::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_step_survives_every_document(document in document(), steps in prop::collection::vec(step(), 1..4)) {
        let steps = steps.into_iter().map(|step| GuardedStep { when: None, step }).collect();
        // A step that is refused is refused before any document is touched.
        if let Ok(program) = Program::compile(steps) {
            match program.apply(document.clone(), &facts()) {
                Ok(done) => {
                    prop_assert_eq!(done.document.get("_id"), document.get("_id"));
                    let changes = diff(&document, &done.document);
                    prop_assert!(document != done.document || changes.is_empty());
                    advise(&document, &done.document, true);
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
        advise(&document, &document, true);
        let mut less = document;
        drop_captured(&mut less);
        prop_assert!(less.get("sampleData").is_none());
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
        let renames = [Side::Source, Side::Target]
            .map(|side| FieldRename { side, from: "a".to_owned(), to: "b".to_owned() }.into());
        let steps = [
            Step::RenameFields { renames: renames.into() },
            Step::Jq { program: ".".to_owned() },
            Step::UpgradeMapper { untyped: Untyped::String },
        ];
        let steps = steps.map(|step| GuardedStep { when: None, step });
        let done = Program::compile(steps.into()).unwrap().apply(document.clone(), &facts()).unwrap();
        diff(&document, &done.document);
        advise(&document, &done.document, true);
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
        let rename = FieldRename { side: Side::Source, from: "a".to_owned(), to: "b".to_owned() };
        let step = GuardedStep { when: None, step: Step::RenameFields { renames: vec![rename.into()] } };
        let program = Program::compile(vec![step]).unwrap();
        let started = Instant::now();
        let done = program.apply(document.clone(), &facts()).unwrap();
        let took = started.elapsed();
        diff(&document, &done.document);
        assert!(took < Duration::from_secs(30), "{}… took {took:?}", &text[..20]);
    }
}
