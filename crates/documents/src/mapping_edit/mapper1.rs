//! Rows of Mapper 1.0: body fields, sublists, subrecords.

use serde_json::{Map, Value, json};

use super::{MappingEdit, Model, Row, Target, row};

/// Makes the change in the `mapping` of its holder: the document, or its `netsuite_da` block.
pub(super) fn apply(
    holder: &mut Value,
    edit: &MappingEdit,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    let mapping = mapping(holder)?;
    match edit {
        MappingEdit::Add(target, row) => add(mapping, target, row),
        MappingEdit::Edit(target, row) => {
            let (fields, name) = found(mapping, target)?;
            let mut count = 0;
            for field in fields.iter_mut().filter(|f| generates(f, &name)) {
                let Some(keys) = field.as_object_mut() else { continue };
                let whole = keys.contains_key("subRecordMapping");
                if whole && (row.source.is_some() || row.hard_coded.is_some() || row.lookup.is_some()) {
                    return Err(format!("`{}` is a subrecord: it has no source of its own", target.target));
                }
                row::write(keys, row, Model::One)?;
                count += 1;
            }
            several(target, count, warnings);
            Ok(())
        }
        MappingEdit::Remove(target) => {
            let (fields, name) = found(mapping, target)?;
            let before = fields.len();
            fields.retain(|f| !generates(f, &name));
            several(target, before - fields.len(), warnings);
            Ok(())
        }
    }
}

fn several(target: &Target, count: usize, warnings: &mut Vec<String>) {
    if count > 1 {
        warnings.push(format!("{count} rows have the target `{}`; all were changed", target.target));
    }
}

/// The mapping of the import, made if it is not there.
fn mapping(holder: &mut Value) -> Result<&mut Map<String, Value>, String> {
    if holder.get("mapping").is_none_or(Value::is_null) {
        holder["mapping"] = json!({ "fields": [], "lists": [] });
    }
    holder["mapping"].as_object_mut().ok_or_else(|| "its mapping is not an object".to_owned())
}

fn add(mapping: &mut Map<String, Value>, target: &Target, row: &Row) -> Result<(), String> {
    if found(mapping, target).is_ok() {
        return Err(format!("a row has the target `{}` already: use edit_mapping", shown(target)));
    }
    let fields = match &target.list {
        None => array(mapping, "fields")?,
        Some(list) => {
            if in_list(mapping, &steps(list)).is_none() {
                if list.contains('.') {
                    return Err(format!("it has no list `{list}`"));
                }
                array(mapping, "lists")?.push(json!({ "generate": list, "fields": [] }));
            }
            in_list(mapping, &steps(list)).ok_or_else(|| format!("it has no list `{list}`"))?
        }
    };
    if row.source.is_none() && row.hard_coded.is_none() && row.lookup.is_none() && row.default.is_none() {
        return Err(format!("`{}` needs a source, a hard-coded value or a lookup", shown(target)));
    }
    let mut keys = Map::new();
    row::write(&mut keys, row, Model::One)?;
    keys.insert("generate".to_owned(), Value::from(target.target.clone()));
    fields.push(Value::Object(keys));
    Ok(())
}

/// The list a row is in and the name it has there. Without `list`, `item.quantity` may also mean a row of a list.
fn found<'m>(
    mapping: &'m mut Map<String, Value>,
    target: &Target,
) -> Result<(&'m mut Vec<Value>, String), String> {
    let absent = || format!("no row has the target `{}`", shown(target));
    let has = |fields: Option<&mut Vec<Value>>, name: &str| {
        fields.is_some_and(|f| f.iter().any(|f| generates(f, name)))
    };
    if let Some(list) = &target.list {
        let steps = steps(list);
        if !has(in_list(mapping, &steps), &target.target) {
            return Err(absent());
        }
        return in_list(mapping, &steps).map(|f| (f, target.target.clone())).ok_or_else(absent);
    }
    if has(mapping.get_mut("fields").and_then(Value::as_array_mut), &target.target) {
        return Ok((array(mapping, "fields")?, target.target.clone()));
    }
    for (at, _) in target.target.match_indices('.') {
        let (list, name) = (steps(&target.target[..at]), &target.target[at + 1..]);
        if has(in_list(mapping, &list), name) {
            return in_list(mapping, &list).map(|f| (f, name.to_owned())).ok_or_else(absent);
        }
    }
    Err(absent())
}

fn steps(list: &str) -> Vec<&str> {
    list.split('.').collect()
}

/// The rows of a list, by its name or the way to it through subrecords.
fn in_list<'m>(mapping: &'m mut Map<String, Value>, steps: &[&str]) -> Option<&'m mut Vec<Value>> {
    let (first, rest) = steps.split_first()?;
    let is_list = mapping
        .get("lists")
        .and_then(Value::as_array)
        .is_some_and(|lists| lists.iter().any(|l| generates(l, first)));
    if is_list {
        let list = mapping.get_mut("lists")?.as_array_mut()?.iter_mut().find(|l| generates(l, first))?;
        if list.get("fields").is_none_or(Value::is_null) {
            list["fields"] = json!([]);
        }
        let fields = list.get_mut("fields")?.as_array_mut()?;
        return if rest.is_empty() { Some(fields) } else { in_subrecord(fields, rest) };
    }
    in_subrecord(mapping.get_mut("fields")?.as_array_mut()?, steps)
}

fn in_subrecord<'m>(fields: &'m mut [Value], steps: &[&str]) -> Option<&'m mut Vec<Value>> {
    let (first, rest) = steps.split_first()?;
    let sub = fields.iter_mut().find(|f| generates(f, first))?.get_mut("subRecordMapping")?;
    let mapping = sub.get_mut("mapping")?.as_object_mut()?;
    if rest.is_empty() { array(mapping, "fields").ok() } else { in_list(mapping, rest) }
}

fn array<'m>(mapping: &'m mut Map<String, Value>, key: &str) -> Result<&'m mut Vec<Value>, String> {
    let value = mapping.entry(key).or_insert_with(|| json!([]));
    if value.is_null() {
        *value = json!([]);
    }
    value.as_array_mut().ok_or_else(|| format!("mapping.{key} is not a list"))
}

fn generates(row: &Value, name: &str) -> bool {
    row.get("generate").and_then(Value::as_str) == Some(name)
}

fn shown(target: &Target) -> String {
    match &target.list {
        None => target.target.clone(),
        Some(list) => format!("{list}.{}", target.target),
    }
}
