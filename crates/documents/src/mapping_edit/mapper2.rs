//! Rows of Mapper 2.0: entries inside entries; lists and unnamed wrappers are passed through.

use serde_json::{Map, Value, json};

use super::{MappingEdit, Model, Row, row};

/// What is done at a row: the list it is in, and where.
type AtRow<'f> = dyn FnMut(&mut Vec<Value>, usize) -> Result<(), String> + 'f;

/// Makes the change in the import's Mapper 2.0 mapping.
pub(super) fn apply(
    document: &mut Value,
    edit: &MappingEdit,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    if document.get("mappings").is_none_or(Value::is_null) {
        document["mappings"] = json!([]);
    }
    let entries = document["mappings"].as_array_mut().ok_or("mappings is not a list")?;
    let (MappingEdit::Add(target, _) | MappingEdit::Edit(target, _) | MappingEdit::Remove(target)) = edit;
    let path = target.list.iter().flat_map(|list| list.split('.')).chain(target.target.split('.'));
    // Lists may be written as such, the way sources are: `lines[*].sku`.
    let path: Vec<&str> = path.map(|step| step.trim_end_matches("[*]").trim_end_matches("[]")).collect();
    let shown = path.join(".");
    let mut count = 0;
    match edit {
        MappingEdit::Add(_, row) => {
            visit(entries, &path, &mut |_, _| {
                count += 1;
                Ok(())
            })?;
            if count > 0 {
                return Err(format!("a row has the target `{shown}` already: use edit_mapping"));
            }
            let new = new_row(path.last().copied().unwrap_or_default(), row)?;
            let into = if target.list.is_some() { path.len() - target.target.split('.').count() } else { 0 };
            return add(entries, &path, into, new, warnings);
        }
        MappingEdit::Edit(_, row) => visit(entries, &path, &mut |list, at| {
            count += 1;
            let keys = list[at].as_object_mut().ok_or("an entry is not an object")?;
            let container = keys.contains_key("mappings") || keys.contains_key("buildArrayHelper");
            if container && (row.source.is_some() || row.hard_coded.is_some() || row.lookup.is_some()) {
                return Err(format!("`{shown}` holds rows: it has no source of its own"));
            }
            if container && row.source_data_type.is_some() {
                return Err(format!("`{shown}` holds rows: source_data_type cannot stand beside them"));
            }
            if container && row.data_type.is_some() {
                return Err(format!("`{shown}` holds rows: its data type cannot change"));
            }
            row::write(keys, row, Model::Two)
        })?,
        MappingEdit::Remove(_) => visit(entries, &path, &mut |list, at| {
            count += 1;
            list.remove(at);
            Ok(())
        })?,
    }
    match count {
        0 => return Err(format!("no row has the target `{shown}`")),
        1 => {}
        _ => warnings.push(format!("{count} rows have the target `{shown}`; all were changed")),
    }
    Ok(())
}

fn new_row(name: &str, row: &Row) -> Result<Value, String> {
    let mut keys = Map::new();
    keys.insert("generate".to_owned(), Value::from(name));
    keys.insert("dataType".to_owned(), Value::from("string"));
    row::write(&mut keys, row, Model::Two)?;
    if !keys.contains_key("extract") && !keys.contains_key("hardCodedValue") && row.lookup.is_none() {
        return Err(format!("`{name}` needs a source, a hard-coded value or a lookup"));
    }
    let data_type = keys.get("dataType").and_then(Value::as_str).unwrap_or_default();
    if data_type.contains("array") || data_type == "object" {
        return Err(format!("data_type: a new row of `{data_type}` needs rows of its own: use patch"));
    }
    keys.entry("sourceDataType").or_insert_with(|| Value::from("string"));
    keys.entry("status").or_insert_with(|| Value::from("Active"));
    Ok(Value::Object(keys))
}

fn name(entry: &Value) -> &str {
    entry.get("generate").and_then(Value::as_str).unwrap_or_default()
}

/// Calls `f` with the list and index of every row at the path.
fn visit(entries: &mut Vec<Value>, path: &[&str], f: &mut AtRow<'_>) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else { return Ok(()) };
    let mut at = 0;
    while at < entries.len() {
        let before = entries.len();
        if name(&entries[at]).is_empty() {
            each_inside(&mut entries[at], &mut |inner| visit(inner, path, f))?;
        } else if name(&entries[at]) == *first {
            if rest.is_empty() {
                f(entries, at)?;
            } else {
                each_inside(&mut entries[at], &mut |inner| visit(inner, rest, f))?;
            }
        }
        at += usize::from(entries.len() == before);
    }
    Ok(())
}

/// The lists of entries an entry holds.
fn each_inside(
    entry: &mut Value,
    f: &mut dyn FnMut(&mut Vec<Value>) -> Result<(), String>,
) -> Result<(), String> {
    if let Some(inner) = entry.get_mut("mappings").and_then(Value::as_array_mut) {
        f(inner)?;
    }
    for helper in entry.get_mut("buildArrayHelper").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(inner) = helper.get_mut("mappings").and_then(Value::as_array_mut) {
            f(inner)?;
        }
    }
    Ok(())
}

/// Adds a row below its parents; those that are missing become objects, but for the first `lists`, which are lists.
fn add(
    entries: &mut Vec<Value>,
    path: &[&str],
    lists: usize,
    new: Value,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    // The rows of a flat file stand in one unnamed wrapper.
    if let [only] = entries.as_mut_slice()
        && name(only).is_empty()
        && (only.get("buildArrayHelper").is_some() || only.get("mappings").is_some())
    {
        return add(inside(only, "", warnings)?, path, lists, new, warnings);
    }
    let (Some((first, rest)), true) = (path.split_first(), path.len() > 1) else {
        entries.push(new);
        return Ok(());
    };
    let at = match entries.iter().position(|e| name(e) == *first) {
        Some(at) => at,
        None if lists > 0 => {
            return Err(format!("it has no list `{first}`, and a new one needs a source: use patch"));
        }
        None => {
            entries
                .push(json!({ "generate": first, "dataType": "object", "status": "Active", "mappings": [] }));
            entries.len() - 1
        }
    };
    add(inside(&mut entries[at], first, warnings)?, rest, lists.saturating_sub(1), new, warnings)
}

/// The list of entries a new row goes into.
fn inside<'v>(
    entry: &'v mut Value,
    shown: &str,
    warnings: &mut Vec<String>,
) -> Result<&'v mut Vec<Value>, String> {
    let refuse = || format!("`{shown}` holds no rows: remove it first");
    if entry.get("dataType").and_then(Value::as_str) == Some("object") && entry.get("extract").is_none() {
        let Some(keys) = entry.as_object_mut() else { return Err(refuse()) };
        return keys.entry("mappings").or_insert_with(|| json!([])).as_array_mut().ok_or_else(refuse);
    }
    let helpers = entry.get_mut("buildArrayHelper").and_then(Value::as_array_mut).ok_or_else(refuse)?;
    let holds = |h: &Value| h.get("mappings").is_some_and(Value::is_array);
    if helpers.iter().filter(|h| holds(h)).count() > 1 {
        warnings.push(format!("`{shown}` is built of several parts; the row was added to the first"));
    }
    let first = helpers.iter_mut().find(|h| holds(h)).ok_or_else(refuse)?;
    first.get_mut("mappings").and_then(Value::as_array_mut).ok_or_else(refuse)
}
