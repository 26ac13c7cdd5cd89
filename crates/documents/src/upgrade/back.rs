//! From Mapper 2.0 to what Mapper 1.0 would say, to hold an upgrade against its original.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Untyped, path};

/// Rows by list and target, in one spelling.
pub(super) type Rows = BTreeMap<(String, String), BTreeMap<String, Value>>;

/// The rows of a Mapper 1.0 mapping in one spelling: what is absent, null, empty or false says nothing.
pub(super) fn canonical(old: &Value, untyped: Untyped) -> Rows {
    let mut rows = Rows::new();
    let list =
        |holder: &Value, key: &str| holder.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let name = |holder: &Value| holder.get("generate").and_then(Value::as_str).unwrap_or_default().to_owned();
    for field in list(old, "fields") {
        rows.insert((String::new(), name(&field)), row_one(&field, untyped));
    }
    for holder in list(old, "lists") {
        for field in list(&holder, "fields") {
            rows.insert((name(&holder), name(&field)), row_one(&field, untyped));
        }
    }
    rows
}

fn row_one(field: &Value, untyped: Untyped) -> BTreeMap<String, Value> {
    let mut row = BTreeMap::new();
    for (key, value) in field.as_object().into_iter().flatten() {
        let says_nothing = matches!(value, Value::Null | Value::Bool(false)) || value.as_str() == Some("");
        match key.as_str() {
            "generate" => {}
            "default" => {
                row.insert(key.clone(), value.clone());
            }
            "hardCodedValue" if !value.is_null() => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                row.insert(key.clone(), Value::from(text));
                let own = match value {
                    Value::Bool(_) => "boolean",
                    Value::Number(_) => "number",
                    _ => "string",
                };
                row.entry("dataType".to_owned()).or_insert_with(|| Value::from(own));
            }
            _ if says_nothing => {}
            "extract" => {
                let names = value
                    .as_str()
                    .and_then(path::parse_one)
                    .map(|(names, stars)| Value::from(format!("{names:?} {:?}", stars.first())));
                row.insert(key.clone(), names.unwrap_or_else(|| value.clone()));
            }
            "conditional" => {
                if let Some(when) =
                    value.get("when").filter(|when| when.as_str().is_some_and(|w| !w.is_empty()))
                {
                    row.insert(key.clone(), when.clone());
                }
            }
            _ => {
                row.insert(key.clone(), value.clone());
            }
        }
    }
    if untyped == Untyped::String {
        row.entry("dataType".to_owned()).or_insert_with(|| Value::from("string"));
    }
    row
}

/// Maps entries back; `None` for what an upgrade never makes.
pub(super) fn mapping(entries: &Value, flat: bool) -> Option<Rows> {
    let mut entries = entries.as_array()?;
    if flat {
        let helper = entries.first()?.get("buildArrayHelper")?.get(0)?;
        (helper.get("extract")?.as_str()? == "$").then_some(())?;
        entries = helper.get("mappings")?.as_array()?;
    }
    let mut rows = Rows::new();
    collect(entries, "", "", &[], &mut rows)?;
    Some(rows)
}

fn collect(entries: &[Value], list: &str, above: &str, source: &[String], rows: &mut Rows) -> Option<()> {
    for entry in entries {
        let keys = entry.as_object()?;
        let name = keys.get("generate")?.as_str()?;
        let target = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        match keys.get("dataType")?.as_str()? {
            "object" => collect(keys.get("mappings")?.as_array()?, list, &target, source, rows)?,
            "objectarray" if list.is_empty() => {
                let helper = keys.get("buildArrayHelper")?.get(0)?;
                let through = path::parse_two(helper.get("extract")?.as_str()?.strip_suffix("[*]")?)?;
                collect(helper.get("mappings")?.as_array()?, &target, "", &through, rows)?;
            }
            _ => {
                rows.insert((list.to_owned(), target), row_two(keys, source)?);
            }
        }
    }
    Some(())
}

fn row_two(keys: &Map<String, Value>, source: &[String]) -> Option<BTreeMap<String, Value>> {
    let mut row = BTreeMap::new();
    for (key, value) in keys {
        match (key.as_str(), value) {
            ("generate" | "sourceDataType" | "status", _) => {}
            ("extract", Value::String(text)) if text.starts_with('$') => {
                let names = path::parse_two(text)?;
                // Inside a list, whatever begins with the list's own way is about its items.
                let inside = !source.is_empty() && names.len() > source.len() && names.starts_with(source);
                let star = inside.then_some(&source.len()).copied();
                row.insert(key.clone(), Value::from(format!("{names:?} {:?}", star.as_ref())));
            }
            ("extract", Value::String(template)) if template.contains("{{") => {
                row.insert(key.clone(), value.clone());
            }
            ("extract", literal) => {
                row.insert("hardCodedValue".to_owned(), literal.clone());
            }
            ("conditional", condition) => {
                row.insert(key.clone(), condition.get("when")?.clone());
            }
            _ => {
                row.insert(key.clone(), value.clone());
            }
        }
    }
    Some(row)
}
