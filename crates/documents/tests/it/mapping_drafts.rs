//! A mapping of Draft rows only: it maps nothing, and the record passes through.

use serde_json::{Value, json};
use transship_documents::{Facts, Program, StepSpec};

/// The document after a step, and what was said: warnings, or the error.
fn done(document: &Value, step: &str, keys: Value) -> (Value, String) {
    let program = Program::compile(vec![StepSpec::new(step, keys)]).unwrap();
    match program.apply(document.clone(), &Facts::default()) {
        Ok(done) => {
            (done.document, done.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        }
        Err(error) => (document.clone(), format!("error: {error}")),
    }
}

fn two(generate: &str, extract: &str) -> Value {
    json!({ "generate": generate, "dataType": "string", "sourceDataType": "string", "extract": extract, "status": "Active" })
}

fn http(mappings: Value) -> Value {
    json!({ "name": "Orders", "adaptorType": "HTTPImport", "http": {}, "mappings": mappings })
}

#[test]
fn a_mapping_of_drafts_maps_nothing() {
    let draft = |generate: &str| {
        let mut row = two(generate, "$.x");
        row["status"] = json!("Draft");
        row
    };
    let passes = "passes the whole record through";
    for (mappings, step, keys, expected) in [
        (
            json!([draft("x")]),
            "add_mapping",
            json!({ "target": "c", "hard_coded": "EUR" }),
            "its mapping has only Drafts: it passes",
        ),
        (
            json!([draft("x")]),
            "add_mapping",
            json!({ "target": "c", "hard_coded": "EUR", "pass_through": "replace" }),
            "",
        ),
        (
            json!([draft("x"), two("y", "$.y")]),
            "add_mapping",
            json!({ "target": "c", "hard_coded": "EUR" }),
            "",
        ),
        (
            json!([two("x", "$.x")]),
            "edit_mapping",
            json!({ "target": "x", "set": { "status": "Draft" } }),
            passes,
        ),
        (
            json!([two("x", "$.x"), two("y", "$.y")]),
            "edit_mapping",
            json!({ "target": "x", "set": { "status": "Draft" } }),
            "",
        ),
        (json!([draft("x")]), "edit_mapping", json!({ "target": "x", "set": { "status": "Active" } }), ""),
        (json!([draft("x")]), "edit_mapping", json!({ "target": "x", "set": { "source": "z" } }), ""),
        (json!([two("x", "$.x"), draft("y")]), "remove_mapping", json!({ "target": "x" }), passes),
        (json!([two("x", "$.x"), draft("y")]), "remove_mapping", json!({ "target": "y" }), ""),
        (json!([two("x", "$.x")]), "remove_mapping", json!({ "target": "x" }), passes),
        (json!([draft("x")]), "remove_mapping", json!({ "target": "x" }), ""),
    ] {
        let document = http(mappings);
        let (after, said) = done(&document, step, keys.clone());
        assert!(
            if expected.is_empty() { said.is_empty() } else { said.contains(expected) },
            "{keys}: {said}"
        );
        assert_eq!(after == document, said.starts_with("error"), "{keys}");
    }
}
