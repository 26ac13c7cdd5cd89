//! From Mapper 1.0 to Mapper 2.0; whatever has no counterpart is a reason not to.

use serde_json::{Map, Value, json};

use super::Untyped;
use super::of_the_record::is_of_the_record;
use crate::path::way;
use crate::schema::{CONDITIONS, DATA_TYPES, FLAGS, Model, has_word};

const CARRIED: &[&str] = &[
    "lookupName",
    "default",
    "extractDateFormat",
    "extractDateTimezone",
    "generateDateFormat",
    "generateDateTimezone",
];
/// Why a row or a list has no counterpart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct Obstacle(String);

impl Obstacle {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// The rows of a Mapper 1.0 mapping as entries; to be used only when no reason was added.
pub(super) fn mappings(old: &Value, flat: bool, untyped: Untyped, reasons: &mut Vec<String>) -> Vec<Value> {
    let mut entries = Vec::new();
    if let Some(keys) = old.as_object() {
        for key in keys.keys().filter(|key| !["fields", "lists"].contains(&key.as_str())) {
            reasons.push(format!("its mapping holds `{key}`"));
        }
    }
    for key in ["fields", "lists"] {
        if old.get(key).is_some_and(|rows| !rows.is_array() && !rows.is_null()) {
            reasons.push(format!("its `{key}` are not a list"));
        }
    }
    for field in rows(old, "fields") {
        let target = text(field, "generate");
        match row(field, untyped).and_then(|(row, list)| match list {
            None => Ok(row),
            Some(list) => {
                Err(Obstacle::new(format!("its source goes through the list `{}`", list.join("."))))
            }
        }) {
            Ok(row) => place(&mut entries, target, row, flat, reasons),
            Err(reason) => reasons.push(format!("`{target}`: {reason}")),
        }
    }
    for list in rows(old, "lists") {
        let target = text(list, "generate");
        if flat {
            reasons.push(format!("`{target}` is a list, and the rows are those of a table"));
            continue;
        }
        match whole_list(list, untyped, reasons) {
            // What stands in the way of its rows is told.
            Ok(None) => {}
            Ok(Some(row)) => place(&mut entries, target, row, flat, reasons),
            Err(reason) => reasons.push(format!("list `{target}`: {reason}")),
        }
    }
    if !flat {
        return entries;
    }
    vec![json!({ "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$", "sourceDataType": "object", "mappings": entries }] })]
}

fn rows<'v>(holder: &'v Value, key: &str) -> &'v [Value] {
    holder.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// An entry without its `generate`, and the list its source goes through.
fn row(field: &Value, untyped: Untyped) -> Result<(Map<String, Value>, Option<Vec<String>>), Obstacle> {
    let keys = field.as_object().ok_or_else(|| Obstacle::new("it is not an object"))?;
    let mut made = Map::new();
    let mut list = None;
    let (mut source, mut literal, mut data_type) = (None, None, None);
    for (key, value) in keys {
        match (key.as_str(), value) {
            ("generate", Value::String(_)) => {}
            ("default", _) => {
                made.insert(key.clone(), value.clone());
            }
            (_, Value::Null) => {}
            (flag, Value::Bool(false)) if has_word(FLAGS, Model::One, flag) => {}
            (flag, _) if has_word(FLAGS, Model::One, flag) => {
                return Err(Obstacle::new(format!("Mapper 2.0 has no `{flag}`")));
            }
            ("extract", Value::String(text)) if text.is_empty() => {}
            ("extract", Value::String(text)) if is_of_the_record(text) => source = Some(text.clone()),
            ("extract", Value::String(text)) => {
                let (names, stars) = way::parse_one(text)
                    .ok_or_else(|| Obstacle::new(format!("its source `{text}` may not mean the same")))?;
                if names.first().is_some_and(|name| name == "record") {
                    return Err(Obstacle::new(format!(
                        "its source `{text}` begins with `record`, and a path of Mapper 2.0 that does is read as one into an envelope around the record"
                    )));
                }
                list = match stars.as_slice() {
                    [] => None,
                    [at] if *at < names.len() => Some(names[..*at].to_vec()),
                    [_] => {
                        return Err(Obstacle::new(format!(
                            "its source `{text}` is a whole entry of a list, not a field of it"
                        )));
                    }
                    _ => {
                        return Err(Obstacle::new(format!("its source `{text}` goes through several lists")));
                    }
                };
                source = Some(way::write_two(&names));
            }
            ("hardCodedValue", Value::String(_) | Value::Bool(_) | Value::Number(_)) => literal = Some(value),
            ("dataType", Value::String(word)) if !has_word(DATA_TYPES, Model::Two, word) => {
                return Err(Obstacle::new(format!("Mapper 2.0 has no data type `{word}`")));
            }
            ("dataType", Value::String(word)) if !has_word(DATA_TYPES, Model::One, word) => {
                return Err(Obstacle::new(format!(
                    "Mapper 1.0 has no data type `{word}`: what it makes of it is not known"
                )));
            }
            ("dataType", Value::String(word)) => data_type = Some(word.as_str()),
            ("conditional", Value::Object(condition)) => {
                let when = condition.get("when").and_then(Value::as_str).unwrap_or_default();
                let more = condition.iter().any(|(key, value)| key != "when" && !value.is_null());
                if more || !(when.is_empty() || has_word(CONDITIONS, Model::Two, when)) {
                    return Err(Obstacle::new(format!("Mapper 2.0 has no condition `{when}` of this kind")));
                }
                if !when.is_empty() {
                    made.insert(key.clone(), json!({ "when": when }));
                }
            }
            (known, Value::String(text)) if CARRIED.contains(&known) => {
                if !text.is_empty() {
                    made.insert(key.clone(), value.clone());
                }
            }
            ("subRecordMapping", _) => return Err(Obstacle::new("it is a subrecord")),
            _ => return Err(Obstacle::new(format!("what becomes of `{key}` is not known"))),
        }
    }
    let mut path = false;
    match (source, literal) {
        (Some(_), Some(_)) => return Err(Obstacle::new("it has a source and a hard-coded value")),
        (Some(source), None) => {
            path = source.starts_with('$');
            made.insert("extract".to_owned(), Value::from(source));
        }
        (None, Some(literal)) => data_type = Some(literal_row(&mut made, literal, data_type)?),
        (None, None) if made.contains_key("lookupName") => {}
        (None, None) => return Err(Obstacle::new("it has no source, hard-coded value or lookup")),
    }
    let data_type = match (data_type, untyped) {
        (Some(word), _) => word,
        (None, Untyped::String) => "string",
        (None, Untyped::Leave) => {
            return Err(Obstacle::new(
                "it has no data type, and Mapper 2.0 needs one (`untyped: string` makes it a text)",
            ));
        }
    };
    if data_type.ends_with("array") {
        return array(made, data_type, path).map(|made| (made, list));
    }
    // In real documents a path has the type of its row, and whatever else a row is made of is a text.
    let source_type = if path { data_type } else { "string" };
    made.insert("dataType".to_owned(), Value::from(data_type));
    made.insert("sourceDataType".to_owned(), Value::from(source_type));
    made.insert("status".to_owned(), Value::from("Active"));
    Ok((made, list))
}

/// A list of plain values: it is passed through by a helper, without which the service sends an empty list.
fn array(made: Map<String, Value>, data_type: &str, path: bool) -> Result<Map<String, Value>, Obstacle> {
    if !path {
        return Err(Obstacle::new(format!(
            "how Mapper 2.0 makes a `{data_type}` of anything but a field is not known"
        )));
    }
    if let Some(key) = made.keys().find(|key| *key != "extract") {
        return Err(Obstacle::new(format!("what becomes of `{key}` in a `{data_type}` is not known")));
    }
    let helper = json!({ "extract": made["extract"], "sourceDataType": data_type });
    let entry = json!({ "dataType": data_type, "status": "Active", "buildArrayHelper": [helper] });
    if let Value::Object(entry) = entry { Ok(entry) } else { Ok(Map::new()) }
}

/// Writes a literal; answers its data type.
fn literal_row<'t>(
    made: &mut Map<String, Value>,
    literal: &Value,
    data_type: Option<&'t str>,
) -> Result<&'t str, Obstacle> {
    let (text, own) = match literal {
        Value::String(text) => (text.clone(), "string"),
        Value::Bool(_) => (literal.to_string(), "boolean"),
        _ => (literal.to_string(), "number"),
    };
    if text.trim().is_empty() || text.contains("{{") {
        return Err(Obstacle::new(format!("a hard-coded `{text}` may not mean the same in Mapper 2.0")));
    }
    // A path would be followed where a newer row has its literals.
    let key = if text.starts_with('$') { "hardCodedValue" } else { "extract" };
    made.insert(key.to_owned(), Value::from(text));
    Ok(data_type.unwrap_or(own))
}

/// A list and its rows as one entry without its `generate`; none where a reason was added that keeps it from being known.
fn whole_list(
    list: &Value,
    untyped: Untyped,
    reasons: &mut Vec<String>,
) -> Result<Option<Map<String, Value>>, Obstacle> {
    let target = text(list, "generate");
    if let Some(keys) = list.as_object()
        && let Some(key) = keys.keys().find(|key| !["generate", "fields"].contains(&key.as_str()))
    {
        return Err(Obstacle::new(format!("what becomes of `{key}` is not known")));
    }
    let mut source: Option<Vec<String>> = None;
    let mut entries = Vec::new();
    for field in rows(list, "fields") {
        let name = text(field, "generate");
        match row(field, untyped) {
            Ok((row, _)) if text(field, "extract").contains("{{") => {
                let shown = row.get("extract").and_then(Value::as_str).unwrap_or_default();
                reasons.push(format!("`{target}.{name}`: what `{shown}` is about in a list is not known"));
            }
            Ok((row, through)) => {
                if let (Some(known), Some(through)) = (&source, &through)
                    && known != through
                {
                    return Err(Obstacle::new(format!(
                        "it is made of `{}` and of `{}`",
                        known.join("."),
                        through.join(".")
                    )));
                }
                source = source.or(through);
                place(&mut entries, name, row, false, reasons);
            }
            Err(reason) => reasons.push(format!("`{target}.{name}`: {reason}")),
        }
    }
    let Some(source) = source else {
        if rows(list, "fields").iter().any(may_go_through_a_list) {
            return Ok(None);
        }
        return Err(Obstacle::new("none of its rows goes through a list of the source"));
    };
    let made = json!({ "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": format!("{}[*]", way::write_two(&source)),
            "sourceDataType": "objectarray", "mappings": entries }] });
    if let Value::Object(made) = made { Ok(Some(made)) } else { Ok(None) }
}

/// Whether the source of a row goes through a list, as far as it can be read. The row itself may have no counterpart.
fn may_go_through_a_list(field: &Value) -> bool {
    let source = text(field, "extract");
    !source.is_empty() && way::parse_one(source).is_none_or(|(_, stars)| !stars.is_empty())
}

/// Puts a row where its target says; a dotted target is a row inside objects.
fn place(
    entries: &mut Vec<Value>,
    target: &str,
    mut row: Map<String, Value>,
    flat: bool,
    reasons: &mut Vec<String>,
) {
    let names: Vec<&str> = if flat { vec![target] } else { target.split('.').collect() };
    let odd = |name: &&str| name.is_empty() || name.contains(['[', ']', '*', '{', '\'', '"']);
    if flat && target.contains('.') {
        reasons.push(format!(
            "the target `{target}` has a dot: whether the column is called so or stands inside an object is not known"
        ));
        return;
    }
    if names.iter().any(odd) {
        reasons.push(format!("the target `{target}` is not a plain path"));
        return;
    }
    let mut list = entries;
    for name in &names[..names.len() - 1] {
        let at = list.iter().position(|entry| text(entry, "generate") == *name).unwrap_or_else(|| {
            list.push(json!({ "generate": name, "dataType": "object", "status": "Active", "mappings": [] }));
            list.len() - 1
        });
        let Some(inner) = list[at].get_mut("mappings").and_then(Value::as_array_mut) else {
            reasons.push(format!("`{name}` of `{target}` is a row itself"));
            return;
        };
        list = inner;
    }
    let name = names[names.len() - 1];
    if list.iter().any(|entry| text(entry, "generate") == name) {
        reasons.push(format!("several rows have the target `{target}`"));
        return;
    }
    row.shift_insert(0, "generate".to_owned(), Value::from(name));
    list.push(Value::Object(row));
}
