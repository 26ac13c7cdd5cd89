//! The keys of one row, as each model has them.

use serde_json::{Map, Value};

use super::Row;
use crate::path::{extract, json_path};
use crate::schema::{CONDITIONS, DATA_TYPES, Model, RowWord, STATUSES, has_word, words_of};
use crate::shortened::shortened;
use crate::step_error::StepError;

/// How many characters of a row are shown.
const SHOWN: usize = 200;

/// Writes what the row shall say into its keys.
pub(super) fn write(keys: &mut Map<String, Value>, row: &Row, model: Model) -> Result<(), StepError> {
    cannot_say(row, model)?;
    one_of("data_type", row.data_type.as_ref(), DATA_TYPES, model)?;
    one_of("source_data_type", row.source_data_type.as_ref(), DATA_TYPES, Model::Two)?;
    one_of("when", row.when.as_ref(), CONDITIONS, model)?;
    one_of("status", row.status.as_ref(), STATUSES, Model::Two)?;
    required(row, model)?;
    let given = |value: &Option<Value>| value.as_ref().is_some_and(|v| !v.is_null());
    if given(&row.source) && given(&row.hard_coded) {
        return Err(StepError::failed("a row has a source or a hard-coded value, not both"));
    }
    source(keys, row, model)?;
    for (key, value) in [
        ("lookupName", &row.lookup),
        ("default", &row.default),
        ("dataType", &row.data_type),
        ("sourceDataType", &row.source_data_type),
        ("extractDateFormat", &row.extract_date_format),
        ("extractDateTimezone", &row.extract_date_timezone),
        ("generateDateFormat", &row.generate_date_format),
        ("generateDateTimezone", &row.generate_date_timezone),
        ("description", &row.description),
        ("status", &row.status),
        ("internalId", &row.internal_id),
        ("immutable", &row.immutable),
        ("discardIfEmpty", &row.discard_if_empty),
        ("isKey", &row.is_key),
    ] {
        put(keys, key, value.as_ref());
    }
    condition(keys, row)
}

/// What becomes of a row that is to be added where one of its target is: nothing if the two say the same.
pub(super) fn already(shown: &str, there: &Value, new: &Value, model: Model) -> Result<(), StepError> {
    if canonical(there, model) == canonical(new, model) {
        return Ok(());
    }
    Err(StepError::failed(format!(
        "a row has the target `{shown}` already, and it differs: {} is there, {} was to be added; use edit_mapping",
        short(there),
        short(new)
    )))
}

fn short(row: &Value) -> String {
    shortened(&row.to_string(), SHOWN)
}

/// What a row says: what is absent, null, empty or false says nothing.
fn canonical(row: &Value, model: Model) -> Option<Map<String, Value>> {
    let mut said = row.as_object()?.clone();
    said.retain(|key, value| {
        let nothing = matches!(value, Value::Null | Value::Bool(false)) || value.as_str() == Some("");
        let is_value = matches!(key.as_str(), "hardCodedValue" | "default") && !value.is_null();
        key != "generate" && (is_value || !nothing)
    });
    if let Some(literal) =
        said.get("hardCodedValue").filter(|literal| !literal.is_string() && !literal.is_null())
    {
        let text = literal.to_string();
        said.insert("hardCodedValue".to_owned(), Value::from(text));
    }
    if model == Model::Two {
        if let Some(Value::String(text)) = said.get("hardCodedValue")
            && !said.contains_key("extract")
            && !is_read(text)
        {
            let text = Value::from(text.clone());
            said.shift_remove("hardCodedValue");
            said.insert("extract".to_owned(), text);
        }
        for (key, otherwise) in [("status", "Active"), ("dataType", "string"), ("sourceDataType", "string")] {
            said.entry(key).or_insert_with(|| Value::from(otherwise));
        }
    }
    Some(said)
}

/// Whether the text of an `extract` of Mapper 2.0 is a path or a template, and not a literal.
fn is_read(text: &str) -> bool {
    text.starts_with('$') || text.contains("{{")
}

fn source(keys: &mut Map<String, Value>, row: &Row, model: Model) -> Result<(), StepError> {
    match &row.source {
        None => {}
        Some(Value::Null) => put(keys, "extract", Some(&Value::Null)),
        Some(Value::String(text)) if !text.is_empty() => {
            keys.shift_remove("hardCodedValue");
            keys.insert("extract".to_owned(), Value::from(spelled(text, model)?));
        }
        Some(other) => {
            return Err(StepError::failed(format!("source: {other} is not a field, path or template")));
        }
    }
    let Some(literal) = &row.hard_coded else { return Ok(()) };
    let text = match literal {
        Value::Null => {
            keys.shift_remove("hardCodedValue");
            return Ok(());
        }
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => literal.to_string(),
        _ => {
            return Err(StepError::failed(format!("hard_coded: {literal} is not a text, number or boolean")));
        }
    };
    // Newer Mapper 2.0 rows hold their literal in `extract`, where a path or template would be taken for one.
    let in_extract = model == Model::Two && !keys.contains_key("hardCodedValue") && !is_read(&text);
    if in_extract {
        keys.insert("extract".to_owned(), Value::from(text));
    } else {
        keys.shift_remove("extract");
        keys.insert("hardCodedValue".to_owned(), Value::from(text));
    }
    Ok(())
}

/// A source the way the model writes it: `$.unit_price` is `unit_price` in Mapper 1.0.
///
/// # Errors
///
/// It is a path of Mapper 2.0 that is more than names, positions and `[*]`, and the model is Mapper 1.0.
fn spelled(text: &str, model: Model) -> Result<String, StepError> {
    // Of Mapper 2.0 it is a path already.
    if text.contains("{{") || model == Model::Two {
        return Ok(text.to_owned());
    }
    let rest = match text.strip_prefix("$.") {
        Some(rest) => rest,
        None if text.starts_with("$[") => &text[1..],
        None => return Ok(text.to_owned()),
    };
    let is_plain =
        json_path::parse(text).is_some_and(|path| path.opaque.is_empty() && path.end == text.len());
    if !is_plain || extract::parse(rest).is_none() {
        return Err(StepError::failed(format!("source: `{text}` may not mean the same in Mapper 1.0")));
    }
    Ok(rest.to_owned())
}

fn condition(keys: &mut Map<String, Value>, row: &Row) -> Result<(), StepError> {
    if row.when == Some(Value::Null) {
        keys.shift_remove("conditional");
        return Ok(());
    }
    if row.when.is_some() || row.when_lookup.is_some() {
        let entry = keys.entry("conditional").or_insert_with(|| Value::Object(Map::new()));
        let Some(conditional) = entry.as_object_mut() else {
            return Err(StepError::failed("conditional is not an object: remove it first"));
        };
        put(conditional, "when", row.when.as_ref());
        put(conditional, "lookupName", row.when_lookup.as_ref());
        let when = conditional.get("when").and_then(Value::as_str).unwrap_or_default();
        if when.is_empty() {
            return Err(StepError::failed("when_lookup needs a `when`"));
        }
        if when.starts_with("lookup_") && !conditional.contains_key("lookupName") {
            return Err(StepError::failed(format!("when: `{when}` needs `when_lookup`")));
        }
    }
    Ok(())
}

fn put(keys: &mut Map<String, Value>, key: &str, value: Option<&Value>) {
    match value {
        None => {}
        Some(Value::Null) => {
            keys.shift_remove(key);
        }
        Some(value) => {
            keys.insert(key.to_owned(), value.clone());
        }
    }
}

fn one_of(
    key: &str,
    value: Option<&Value>,
    words: &'static [RowWord],
    model: Model,
) -> Result<(), StepError> {
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(word)) if has_word(words, model, word) => Ok(()),
        Some(other) => {
            let known: Vec<&str> = words_of(words, model).collect();
            Err(StepError::failed(format!("{key}: {other} is not one of {}", known.join(", "))))
        }
    }
}

/// Keys that no row of the model can be without.
fn required(row: &Row, model: Model) -> Result<(), StepError> {
    let keys = [("data_type", &row.data_type), ("status", &row.status)];
    match keys.into_iter().find(|(_, value)| model == Model::Two && **value == Some(Value::Null)) {
        None => Ok(()),
        Some((key, _)) => {
            Err(StepError::failed(format!("Mapper 2.0 requires a `{key}`: `null` cannot remove it")))
        }
    }
}

/// Keys the model has no words for.
fn cannot_say(row: &Row, model: Model) -> Result<(), StepError> {
    let (number, keys) = match model {
        Model::One => (
            "1.0",
            vec![
                ("source_data_type", &row.source_data_type),
                ("description", &row.description),
                ("status", &row.status),
            ],
        ),
        Model::Two => (
            "2.0",
            vec![
                ("when_lookup", &row.when_lookup),
                ("internal_id", &row.internal_id),
                ("immutable", &row.immutable),
                ("discard_if_empty", &row.discard_if_empty),
                ("is_key", &row.is_key),
            ],
        ),
    };
    match keys.into_iter().find(|(_, value)| value.is_some()) {
        None => Ok(()),
        Some((key, _)) => {
            Err(StepError::failed(format!("Mapper {number} has no `{key}`: leave it out for this import")))
        }
    }
}
