//! Laws of the pure core, over real documents where they are at hand and over generated ones.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use transship_documents::diff::diff;
use transship_documents::jq;
use transship_documents::normal::compare::Verdict;
use transship_documents::normal::masks::remove;
use transship_documents::normal::{
    compare, fingerprint, masks, normalise, remove_pointers, strip_server_fields,
};
use transship_documents::place::push_key;
use transship_documents::schema::{self, Area, Shape};

use crate::corpus::documents;

/// Every document at hand, and one that holds a bit of everything.
fn corpus() -> Vec<(String, Value)> {
    let mut documents = documents("transform laws");
    documents.push(("authored".to_owned(), authored()));
    documents
}

fn authored() -> Value {
    json!({"_id": "aaaaaaaaaaaaaaaaaaaaaaaa", "createdAt": "2026-01-01T00:00:00.000Z", "name": "Order ü",
        "_connectionId": "bbbbbbbbbbbbbbbbbbbbbbbb", "oneToMany": "false", "pathToMany": "lines.items",
        "http": {"method": ["PUT", "POST"], "relativeURI": ["/a/{{record.id}}", "/a"], "sendPostMappedData": false,
            "headers": [{"name": "X", "value": "1"}], "lookups": [{"name": "l", "map": {"a": "b"}, "default": null}]},
        "mapping": {"fields": [{"extract": "a", "generate": "b", "internalId": true}],
            "lists": [{"generate": "item", "fields": [{"extract": "x", "generate": "y", "default": ""}]}]},
        "mappings": [{"generate": "o", "dataType": "object", "mappings": [{"generate": "p", "extract": "$.q"}]}],
        "settings": {"on": false, "n": 1.5, "list": [null, 1, "x"]}, "sampleData": {"a": [1, 2]}})
}

/// Every value that is neither object nor list, with its pointer.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    let mut under = |key: &str, value: &Value| {
        let mut inner = pointer.to_owned();
        push_key(&mut inner, key);
        leaves(value, &inner, found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| under(key, value)),
        Value::Array(entries) => {
            entries.iter().enumerate().for_each(|(index, value)| under(&index.to_string(), value));
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// The leaves to try: every one of a small document, some 25 of a large one, for each is a comparison of the whole.
fn some_leaves(document: &Value) -> Vec<String> {
    let mut all = Vec::new();
    leaves(document, "", &mut all);
    let stride = all.len().div_ceil(25).max(1);
    all.into_iter().step_by(stride).collect()
}

/// Whether what stands at the pointer, or what it stands in, means the same as nothing there.
fn is_absent(document: &Value, pointer: &str) -> bool {
    let shape = Shape::of(document);
    let (mut value, mut inner) = (document, Area::Root);
    let mut key = String::new();
    for step in pointer[1..].split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        // An entry of a list is never absent; only `null` in it would pass for it, as in free data.
        let mut area = Area::Free;
        value = match value {
            Value::Object(members) => {
                area = inner;
                inner = area.enter(&step);
                key.clone_from(&step);
                &members[&step]
            }
            Value::Array(entries) => {
                "0".clone_into(&mut key);
                &entries[step.parse::<usize>().unwrap()]
            }
            _ => panic!("{pointer}"),
        };
        if shape.is_absent(area, &key, value) {
            return true;
        }
    }
    false
}

#[test]
fn any_leaf_that_is_dropped_differs_and_is_named() {
    let mut checked = 0;
    for (name, mut sent) in corpus() {
        strip_server_fields(&mut sent);
        for pointer in some_leaves(&sent) {
            let is_type = pointer == "/adaptorType";
            if !is_type && is_absent(&sent, &pointer) {
                continue;
            }
            let mut found = sent.clone();
            remove(&mut found, &pointer).unwrap();
            let comparison = compare(&sent, &found);
            assert_eq!(comparison.verdict, Verdict::Differs, "{name} {pointer}");
            // Of equal neighbours in a list, which one is gone cannot be told.
            let list = pointer.rsplit_once('/').unwrap().0;
            let named = comparison
                .differences
                .iter()
                .any(|p| *p == pointer || p.starts_with(list) && !list.is_empty());
            assert!(named, "{name} {pointer} {:?}", comparison.differences);
            if sent.pointer(list).is_some_and(Value::is_object) {
                assert_eq!(comparison.differences, std::slice::from_ref(&pointer), "{name}");
                assert!(is_type || fingerprint(&sent) != fingerprint(&found), "{name} {pointer}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 25, "{checked}");
}

#[test]
fn any_leaf_that_is_changed_differs_and_is_named() {
    for (name, mut sent) in corpus() {
        strip_server_fields(&mut sent);
        for pointer in some_leaves(&sent) {
            let parent = pointer.rsplit_once('/').unwrap();
            if parent.1.starts_with("_httpConnector") || parent.0.ends_with("_httpConnectorEndpointIds") {
                continue;
            }
            let in_lookup = parent.0.contains("/lookups/") && parent.1 == "_id";
            let mut found = sent.clone();
            *found.pointer_mut(&pointer).unwrap() = json!("changed by somebody");
            let comparison = compare(&sent, &found);
            assert!(
                in_lookup || comparison.differences == [pointer.clone()],
                "{name} {pointer} {comparison:?}"
            );
            assert!(in_lookup || fingerprint(&sent) != fingerprint(&found), "{name} {pointer}");
            assert!(in_lookup || !diff(&sent, &found).is_empty(), "{name} {pointer}");
        }
    }
}

/// Turns the order of keys round, everywhere.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect()
        }
        Value::Array(entries) => entries.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

/// Adds what the service fills in when it stores an import.
fn with_defaults(document: &Value) -> Value {
    let mut found = document.clone();
    let shell = json!({"type": "expression", "expression": {"version": "1"}, "version": "1"});
    let members = found.as_object_mut().unwrap();
    let mut default = |key: &str, value: Value| {
        members.entry(key).or_insert(value);
    };
    default("_id", json!("ffffffffffffffffffffffff"));
    default("createdAt", json!("2026-01-01T00:00:00.000Z"));
    default("lastModified", json!("2026-01-01T00:00:00.000Z"));
    default("ignoreExisting", json!(false));
    default("oneToMany", json!(false));
    default("parsers", json!([]));
    default("settings", json!({}));
    default("filter", shell.clone());
    default("responseTransform", shell);
    default("assistantMetadata", Value::Null);
    let mut inside = |block: &str, key: &str, value: Value| {
        if let Some(Value::Object(block)) = members.get_mut(block) {
            block.entry(key).or_insert(value);
        }
    };
    inside("http", "sendPostMappedData", json!(true));
    inside("http", "lookups", json!([]));
    inside("file", "skipAggregation", json!(false));
    inside("file", "encoding", json!("utf8"));
    inside("s3", "region", json!("us-east-1"));
    inside("dynamodb", "region", json!("us-east-1"));
    inside("guardrail", "confidenceThreshold", json!(0.7));
    inside("netsuite_da", "lookups", json!([]));
    inside("netsuite_da", "mapping", json!({"fields": [], "lists": []}));
    found
}

#[test]
fn documented_defaults_and_the_order_of_keys_do_not_count() {
    for (name, mut sent) in corpus() {
        strip_server_fields(&mut sent);
        let found = reversed(&with_defaults(&sent));
        let comparison = compare(&sent, &found);
        assert_eq!(comparison.verdict, Verdict::EqualWithDefaults, "{name} {comparison:?}");
        assert_eq!(comparison.added, Vec::<String>::new(), "{name}");
        assert!(comparison.is_as_wanted());
        assert_eq!(fingerprint(&sent), fingerprint(&found), "{name}");
        assert_eq!(normalise(&sent), normalise(&found), "{name}");
        assert_eq!(fingerprint(&sent), fingerprint(&normalise(&sent)), "{name}");
        assert_eq!(diff(&sent, &found), [], "{name}");
        assert_eq!(compare(&sent, &sent).verdict, Verdict::Equal, "{name}");
    }
}

#[test]
fn stripping_keeps_every_other_key_in_its_place() {
    for (name, document) in corpus() {
        let mut stripped = document.clone();
        strip_server_fields(&mut stripped);
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut expected = keys(&document);
        expected.retain(|key| !schema::is_server_field(key));
        assert_eq!(keys(&stripped), expected, "{name}");
        for key in expected {
            assert_eq!(document[&key].to_string(), stripped[&key].to_string(), "{name}");
        }
    }
}

#[test]
fn the_jq_identity_gives_every_document_back_byte_for_byte() {
    let identity = jq::Filter::compile(".").unwrap();
    for (name, document) in corpus() {
        let result = identity.one(&document, jq::DEADLINE).unwrap();
        assert_eq!(result.to_string(), document.to_string(), "{name}");
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
        "[a-z*{}/~ é\"\\\\]{0,12}".prop_map(Value::String),
        Just(json!("false")),
        Just(json!("Bearer ******")),
    ];
    let key = prop_oneof![
        "[a-c~/]{0,2}",
        prop::sample::select(vec![
            "http",
            "lookups",
            "mapping",
            "mappings",
            "fields",
            "lists",
            "generate",
            "name",
            "settings",
            "filter",
            "oneToMany",
            "_id",
            "netsuite_da",
            "operation",
            "buildArrayHelper",
            "map",
            "internalId",
            "rules",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn the_jq_identity_holds_for_any_document(document in json_value()) {
        let identity = jq::Filter::compile(".").unwrap();
        prop_assert_eq!(identity.one(&document, jq::DEADLINE).unwrap().to_string(), document.to_string());
    }

    #[test]
    fn the_fingerprint_is_that_of_the_normal_form_whatever_the_order(document in json_value()) {
        let normal = normalise(&document);
        prop_assert_eq!(fingerprint(&document), fingerprint(&reversed(&document)));
        prop_assert_eq!(normalise(&reversed(&document)).to_string(), normal.to_string());
        prop_assert_eq!(compare(&document, &document).verdict, Verdict::Equal);
        prop_assert_eq!(diff(&document, &document), []);
    }

    #[test]
    fn two_documents_that_do_not_differ_show_no_difference_and_the_other_way_round(
        one in json_value(), other in json_value(),
    ) {
        // Neither panics, whatever they are given, and a document is never equal to one of another meaning.
        let changes = diff(&one, &other);
        if normalise(&one) != normalise(&other) && compare(&one, &other).verdict == Verdict::Equal {
            prop_assert!(false, "{} {}", one, other);
        }
        let comparison = compare(&one, &other);
        if comparison.verdict == Verdict::Equal && one.is_object() {
            prop_assert_eq!(&changes, &[]);
        }
        // What a service filled in is as wanted and still shown; what it took away or changed never is as wanted.
        if comparison.is_as_wanted() && one.is_object() {
            prop_assert!(changes.iter().all(|change| change.from.is_none()), "{:?}", changes);
        }
    }

    #[test]
    fn after_masks_are_removed_none_is_left(document in json_value()) {
        let mut document = document;
        let found = masks(&document);
        prop_assume!(!found.contains(&String::new()));
        remove_pointers(&mut document, &found);
        prop_assert_eq!(masks(&document), Vec::<String>::new());
    }
}
