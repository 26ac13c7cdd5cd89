//! The schema and the guide of fault files name every key that is read, and no other.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use transship_emulator::{FAULTS_SCHEMA, FaultFile};

const GUIDE: &str = include_str!("../../../../docs/emulator.md");

/// The words that a reader expects where it found `zz`, as its error lists them.
fn expected(file: Value) -> BTreeSet<String> {
    let error = FaultFile::from_value(file).unwrap_err();
    let whole = format!(
        "{error}: {}",
        std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
    );
    assert!(whole.contains("`zz`"), "{whole}");
    let words = whole.split_once("expected").expect("a list of words").1;
    words.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn keys(of: &Value) -> BTreeSet<String> {
    of["properties"].as_object().expect("an object").keys().cloned().collect()
}

fn in_fault(fault: Value) -> Value {
    json!({ "faults": [fault] })
}

#[test]
fn the_schema_and_the_guide_name_every_key() {
    let schema: Value = serde_json::from_str(FAULTS_SCHEMA).unwrap();
    let fault = &schema["properties"]["faults"]["items"];
    let behaviour = &schema["properties"]["behaviour"];
    let places = [
        (keys(&schema), json!({ "zz": 1 })),
        (keys(behaviour), json!({ "behaviour": { "zz": 1 } })),
        (keys(fault), in_fault(json!({ "zz": 1 }))),
        (keys(&fault["properties"]["match"]), in_fault(json!({ "match": { "zz": 1 } }))),
    ];
    for (named, file) in places {
        assert_eq!(named, expected(file.clone()), "{file}");
        for key in named.iter().filter(|key| *key != "faults") {
            assert!(GUIDE.contains(&format!("`{key}`")), "the guide lacks `{key}`");
        }
    }
    for (key, about) in behaviour["properties"].as_object().unwrap() {
        let Some(words) = about["oneOf"].as_array() else { continue };
        let words: BTreeSet<String> =
            words.iter().map(|word| word["const"].as_str().unwrap().to_owned()).collect();
        assert_eq!(words, expected(json!({ "behaviour": { key: "zz" } })), "{key}");
    }
}

#[test]
fn the_schema_and_the_guide_name_every_effect_with_its_keys() {
    let schema: Value = serde_json::from_str(FAULTS_SCHEMA).unwrap();
    let effects = &schema["properties"]["faults"]["items"]["properties"]["effect"]["oneOf"];
    let mut named = BTreeSet::new();
    for effect in effects.as_array().unwrap() {
        let Some(of) = effect["properties"].as_object() else {
            named.insert(effect["const"].as_str().unwrap().to_owned());
            continue;
        };
        for (name, about) in of {
            let file = in_fault(json!({ "effect": { name: { "zz": 1 } } }));
            assert_eq!(keys(about), expected(file), "{name}");
            named.insert(name.clone());
        }
    }
    assert_eq!(named, expected(in_fault(json!({ "effect": "zz" }))));
    for name in named {
        assert!(GUIDE.contains(&format!("`{name}`")), "the guide lacks `{name}`");
    }
}

#[test]
fn the_defaults_of_the_schema_are_those_of_the_emulator() {
    let schema: Value = serde_json::from_str(FAULTS_SCHEMA).unwrap();
    let defaults = serde_json::to_value(FaultFile::default()).unwrap();
    for (key, about) in schema["properties"]["behaviour"]["properties"].as_object().unwrap() {
        let mut given = json!({ "behaviour": {} });
        if let Some(default) = about.get("default") {
            given["behaviour"][key] = default.clone();
        }
        let read = serde_json::to_value(FaultFile::from_value(given).unwrap()).unwrap();
        assert_eq!(read["behaviour"][key], defaults["behaviour"][key], "{key}");
    }
}
