//! The JSON Schema of the job file, made of the same table that the reader follows.

use serde_json::{Map, Value, json};

use super::forms::Format;
use super::keys;
use super::spec::{Dictionary, Rule, Table, Type};

/// The JSON Schema (draft 2020-12) of a job file.
pub fn schema() -> Value {
    whole(&keys::JOB, "A job of transship")
}

/// The JSON Schema (draft 2020-12) of a fleet file.
pub fn fleet_schema() -> Value {
    whole(&keys::FLEET, "A fleet of transship")
}

fn whole(root: &'static Table, title: &str) -> Value {
    let mut tables = Map::new();
    let root = table(root, &mut tables);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
    });
    merge(&mut schema, root);
    merge(&mut schema, json!({ "$defs": tables }));
    schema
}

/// What `holds` takes.
fn of(holds: &'static Type, tables: &mut Map<String, Value>) -> Value {
    match holds {
        Type::Text(form) => text(*form),
        Type::Word(words) => {
            json!({ "oneOf": words.iter().map(|word| json!({ "const": word.word, "description": word.doc })).collect::<Vec<_>>() })
        }
        Type::Bool => json!({ "type": "boolean" }),
        Type::Integer(low, high) if low == high => json!({ "const": low }),
        Type::Integer(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Type::Number(low, high) => json!({ "type": "number", "exclusiveMinimum": low, "maximum": high }),
        Type::Any => json!({}),
        Type::List(inner) => json!({ "type": "array", "minItems": 1, "items": of(inner, tables) }),
        Type::Table(inner) => {
            if !tables.contains_key(inner.name) {
                // Named before it is filled: a condition holds conditions.
                tables.insert(inner.name.to_owned(), Value::Null);
                let made = table(inner, tables);
                tables.insert(inner.name.to_owned(), made);
            }
            json!({ "$ref": format!("#/$defs/{}", inner.name) })
        }
        Type::Dictionary(inner) => dictionary(inner, tables),
        Type::OrNull(inner) => json!({ "anyOf": [of(inner, tables), { "type": "null" }] }),
        Type::Either(types) => {
            json!({ "anyOf": types.iter().map(|one| of(one, tables)).collect::<Vec<_>>() })
        }
    }
}

fn text(form: Format) -> Value {
    // An id of digits alone is a number to YAML.
    let kind = if form == Format::Id { json!(["string", "number"]) } else { json!("string") };
    match form.pattern() {
        Some(pattern) => json!({ "type": kind, "pattern": pattern }),
        None => json!({ "type": kind }),
    }
}

/// A value as it is written in a job file, as JSON: numbers and booleans as such, all else as text.
fn written(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => json!(text),
    }
}

fn table(table: &'static Table, tables: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        let mut value = json!({ "description": super::reference::meaning(key) });
        merge(&mut value, of(&key.holds, tables));
        if let Some(default) = key.default {
            merge(&mut value, json!({ "default": written(default) }));
        }
        properties.insert(key.word.to_owned(), value);
    }
    let required: Vec<_> = table.keys.iter().filter(|key| key.required).map(|key| key.word).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        merge(&mut schema, json!({ "required": required }));
    }
    if matches!(table.rule, Rule::Some(_)) {
        merge(&mut schema, json!({ "minProperties": 1 }));
    }
    if let Rule::OneOf(words, ..) = table.rule {
        let choices: Vec<_> = words.iter().map(|word| json!({ "required": [word] })).collect();
        merge(&mut schema, json!({ "oneOf": choices }));
    }
    schema
}

fn dictionary(dictionary: &'static Dictionary, tables: &mut Map<String, Value>) -> Value {
    let names = match dictionary.key.pattern() {
        _ if !dictionary.words.is_empty() => json!({ "enum": dictionary.words }),
        Some(pattern) => json!({ "pattern": pattern }),
        None => json!({}),
    };
    json!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": names,
        "additionalProperties": of(&dictionary.holds, tables),
    })
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(holds: &'static Type, found: &mut Vec<Format>) {
        match holds {
            Type::Text(form) => found.push(*form),
            Type::List(inner) => forms(inner, found),
            Type::Either(types) => types.iter().for_each(|one| forms(one, found)),
            Type::Dictionary(inner) => {
                found.push(inner.key);
                forms(&inner.holds, found);
            }
            _ => {}
        }
    }

    #[test]
    fn the_pattern_of_a_form_takes_what_the_reader_takes() {
        let samples = [
            "",
            " ",
            "a",
            "a b",
            "5%",
            "0.5%",
            "100%",
            "120%",
            "5 %",
            "500ms",
            "30s",
            "10m",
            "1h",
            "1 h",
            "1d",
            "us",
            "us east",
            "/a/b",
            "a/b",
            "A_1",
            "1A",
            "2026-01-31",
            "2026-01-31T08:00:00Z",
            "yesterday",
            "line\nbreak",
        ];
        let mut found = Vec::new();
        keys::JOB
            .keys
            .iter()
            .chain(keys::STEP.keys)
            .chain(keys::SELECT.keys)
            .for_each(|key| forms(&key.holds, &mut found));
        assert!(found.contains(&Format::Moment) && found.contains(&Format::Pointer));
        for form in found {
            let pattern = form.pattern().map(|pattern| regex::Regex::new(pattern).unwrap());
            for sample in samples {
                let taken = pattern.as_ref().is_none_or(|pattern| pattern.is_match(sample));
                // A pattern may take more (`120%`), but never refuses what the reader takes.
                assert!(taken || !form.fits(sample), "{form:?} {sample:?}");
            }
        }
    }

    #[test]
    fn every_reference_of_the_schema_leads_somewhere() {
        let schema = schema();
        let text = schema.to_string();
        for part in text.split("\"#/$defs/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schema["$defs"][name].is_object(), "{name}");
        }
    }
}
