//! Holds a JSON value against the part of JSON Schema that `docs/json.schema.json` uses.

use serde_json::{Map, Value};

/// What does not fit, each with its place; empty if all does.
pub fn misfits(root: &Value, definition: &str, value: &Value) -> Vec<String> {
    let schema = &root["$defs"][definition];
    assert!(schema.is_object(), "there is no $defs/{definition}");
    let mut wrong = Vec::new();
    check(root, schema, value, "", &mut wrong);
    wrong
}

fn check(root: &Value, schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "description" | "properties" | "required" | "additionalProperties" | "items" => {}
            "$ref" => {
                let name = wanted.as_str().unwrap().strip_prefix("#/$defs/").expect("a reference of ours");
                assert!(root["$defs"][name].is_object(), "there is no $defs/{name}");
                check(root, &root["$defs"][name], value, place, wrong);
            }
            "const" if value != wanted => wrong.push(format!("{place}: {value} is not {wanted}")),
            "const" => {}
            "enum" if !wanted.as_array().unwrap().contains(value) => {
                wrong.push(format!("{place}: {value} is none of {wanted}"));
            }
            "enum" => {}
            "type" => {
                let types = wanted.as_array().map_or_else(|| vec![wanted], |types| types.iter().collect());
                if !types.iter().any(|wanted| is_of(value, wanted.as_str().unwrap())) {
                    wrong.push(format!("{place}: {value} is not {wanted}"));
                }
            }
            "oneOf" => {
                let fits = |schema: &&Value| {
                    let mut wrong = Vec::new();
                    check(root, schema, value, place, &mut wrong);
                    wrong.is_empty()
                };
                let fitting = wanted.as_array().unwrap().iter().filter(fits).count();
                if fitting != 1 {
                    wrong.push(format!("{place}: {fitting} of the alternatives fit: {value}"));
                }
            }
            other => panic!("this test does not know the keyword {other}"),
        }
    }
    if let Some(members) = value.as_object() {
        object(root, schema, members, place, wrong);
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        for (at, item) in items.iter().enumerate() {
            check(root, schema, item, &format!("{place}/{at}"), wrong);
        }
    }
}

fn object(root: &Value, schema: &Value, members: &Map<String, Value>, place: &str, wrong: &mut Vec<String>) {
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        if !members.contains_key(name.as_str().unwrap()) {
            wrong.push(format!("{place}: lacks {name}"));
        }
    }
    for (name, value) in members {
        let place = format!("{place}/{name}");
        match (
            schema.pointer("/properties").and_then(|all| all.get(name)),
            schema.get("additionalProperties"),
        ) {
            (Some(schema), _) => check(root, schema, value, &place, wrong),
            (None, Some(Value::Bool(false))) => wrong.push(format!("{place}: is not described")),
            (None, Some(schema @ Value::Object(_))) => check(root, schema, value, &place, wrong),
            (None, _) => {}
        }
    }
}

fn is_of(value: &Value, wanted: &str) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("there is no type {other}"),
    }
}
