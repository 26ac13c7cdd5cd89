//! Rows of Mapper 1.0: body fields, sublists, subrecords.

use serde_json::{Map, Value, json};

use super::{MappingEdit, Row, Target, names, row};
use crate::schema::Model;
use crate::step_error::StepError;

/// Makes the change in the `mapping` of its holder: the document, or its `netsuite_da` block.
pub(super) fn apply(
    holder: &mut Value,
    edit: &MappingEdit,
    warnings: &mut Vec<String>,
) -> Result<(), StepError> {
    let mapping = mapping(holder)?;
    match edit {
        MappingEdit::Add(target, row, _) => add(mapping, target, row),
        MappingEdit::Edit(target, row) => {
            let (fields, found) = find(mapping, target).ok_or_else(|| absent(target))?;
            for at in &found {
                let Some(keys) = fields[*at].as_object_mut() else { continue };
                let whole = keys.contains_key("subRecordMapping");
                if whole && (row.source.is_some() || row.hard_coded.is_some() || row.lookup.is_some()) {
                    let message = format!("`{}` is a subrecord: it has no source of its own", target.shown());
                    return Err(StepError::failed(message));
                }
                row::write(keys, row, Model::One)?;
            }
            several(target, found.len(), warnings);
            Ok(())
        }
        MappingEdit::Remove(target) => {
            let (fields, found) = find(mapping, target).ok_or_else(|| absent(target))?;
            for at in found.iter().rev() {
                fields.remove(*at);
            }
            several(target, found.len(), warnings);
            Ok(())
        }
    }
}

fn absent(target: &Target) -> StepError {
    StepError::not_applicable(format!("no row has the target `{}`", target.shown()))
}

fn several(target: &Target, count: usize, warnings: &mut Vec<String>) {
    if count > 1 {
        warnings.push(format!("{count} rows have the target `{}`; all were changed", target.shown()));
    }
}

/// The mapping of the import, made if it is not there.
fn mapping(holder: &mut Value) -> Result<&mut Map<String, Value>, StepError> {
    if holder.get("mapping").is_none_or(Value::is_null) {
        holder["mapping"] = json!({ "fields": [], "lists": [] });
    }
    holder["mapping"].as_object_mut().ok_or_else(|| StepError::failed("its mapping is not an object"))
}

fn add(mapping: &mut Map<String, Value>, target: &Target, row: &Row) -> Result<(), StepError> {
    let shown = target.shown();
    if row.source.is_none() && row.hard_coded.is_none() && row.lookup.is_none() && row.default.is_none() {
        return Err(StepError::failed(format!("`{shown}` needs a source, a hard-coded value or a lookup")));
    }
    let mut keys = Map::new();
    row::write(&mut keys, row, Model::One)?;
    keys.insert("generate".to_owned(), Value::from(target.text.clone()));
    let new = Value::Object(keys);
    if let Some((fields, found)) = find(mapping, target) {
        return row::already(&shown, &fields[found[0]], &new, Model::One);
    }
    let fields = match &target.list {
        None => array(mapping, "fields")?,
        Some(list) => {
            let no_list = || StepError::failed(format!("it has no list `{}`", list.join(".")));
            let steps: Vec<&str> = list.iter().map(String::as_str).collect();
            if rows_in(mapping, &steps).is_none() {
                let [name] = steps.as_slice() else { return Err(no_list()) };
                array(mapping, "lists")?.push(json!({ "generate": name, "fields": [] }));
            }
            rows_in(mapping, &steps).ok_or_else(no_list)?
        }
    };
    fields.push(new);
    Ok(())
}

/// The rows of that target, and the list they are in. Without `list`, `item.quantity` may also mean a row of a list.
fn find<'m>(
    mapping: &'m mut Map<String, Value>,
    target: &Target,
) -> Option<(&'m mut Vec<Value>, Vec<usize>)> {
    let names: Vec<&str> = target.names.iter().map(String::as_str).collect();
    let listed: Vec<&str> = target.list.iter().flatten().map(String::as_str).collect();
    let mut places = vec![(listed, names.as_slice(), Some(target.text.as_str()))];
    if target.list.is_none() {
        places.extend((1..names.len()).map(|at| (names[..at].to_vec(), &names[at..], None)));
    }
    for (list, rest, text) in places {
        let Some(rows) = rows_in(mapping, &list) else { continue };
        let that = |is_one: &dyn Fn(&Value) -> bool| -> Vec<usize> {
            (0..rows.len()).filter(|at| is_one(&rows[*at])).collect()
        };
        // Beside a row `['size.unit']`, one of `size.unit` is another.
        let mut found = that(&|row| is_spelled(row, rest, text));
        if found.is_empty() {
            found = that(&|row| is_named(row, rest));
        }
        if !found.is_empty() {
            return rows_in(mapping, &list).map(|rows| (rows, found));
        }
    }
    None
}

/// Whether a row fills that target: by its names, or by one name that holds dots.
fn is_named(row: &Value, wanted: &[&str]) -> bool {
    is_spelled(row, wanted, None) || (!generate(row).is_empty() && generate(row) == wanted.join("."))
}

/// Whether a row fills that target by its text as it was written, or by its names.
fn is_spelled(row: &Value, wanted: &[&str], text: Option<&str>) -> bool {
    let generate = generate(row);
    !generate.is_empty() && (Some(generate) == text || names(generate) == wanted)
}

fn generate(row: &Value) -> &str {
    row.get("generate").and_then(Value::as_str).unwrap_or_default()
}

/// The rows of a list, by its name or the way to it through subrecords; those of the body where no list is named.
fn rows_in<'m>(mapping: &'m mut Map<String, Value>, steps: &[&str]) -> Option<&'m mut Vec<Value>> {
    if steps.is_empty() {
        return array(mapping, "fields").ok();
    }
    let lists = mapping.get("lists").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let found = (1..=steps.len()).find_map(|taken| {
        let at = lists.iter().position(|list| is_named(list, &steps[..taken]))?;
        Some((at, taken))
    });
    if let Some((at, taken)) = found {
        let list = mapping.get_mut("lists")?.as_array_mut()?.get_mut(at)?;
        if list.get("fields").is_none_or(Value::is_null) {
            list["fields"] = json!([]);
        }
        let fields = list.get_mut("fields")?.as_array_mut()?;
        return if taken == steps.len() { Some(fields) } else { in_subrecord(fields, &steps[taken..]) };
    }
    in_subrecord(mapping.get_mut("fields")?.as_array_mut()?, steps)
}

fn in_subrecord<'m>(fields: &'m mut [Value], steps: &[&str]) -> Option<&'m mut Vec<Value>> {
    let (at, taken) = (1..=steps.len()).find_map(|taken| {
        let holds = |field: &Value| field.get("subRecordMapping").is_some();
        let at = fields.iter().position(|field| holds(field) && is_named(field, &steps[..taken]))?;
        Some((at, taken))
    })?;
    let sub = fields.get_mut(at)?.get_mut("subRecordMapping")?;
    let mapping = sub.get_mut("mapping")?.as_object_mut()?;
    rows_in(mapping, &steps[taken..])
}

fn array<'m>(mapping: &'m mut Map<String, Value>, key: &str) -> Result<&'m mut Vec<Value>, StepError> {
    let value = mapping.entry(key).or_insert_with(|| json!([]));
    if value.is_null() {
        *value = json!([]);
    }
    value.as_array_mut().ok_or_else(|| StepError::failed(format!("mapping.{key} is not a list")))
}
