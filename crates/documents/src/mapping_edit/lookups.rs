//! Lookups: one name, several copies.
//!
//! A document repeats its lookups at the top and in the block of its adaptor, and which copy the service reads is not
//! known: every copy is changed alike.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::LookupEdit;
use crate::step::{StepError, Warnings};

const BLOCKS: &[&str] =
    &["http", "rest", "file", "salesforce", "rdbms", "jdbc", "netsuite", "netsuite_da", "wrapper"];

/// Keys whose text is the name of a lookup.
const USES: &[&str] = &["lookupName", "existingLookupName", "ignoreLookupName", "updateLookupName"];

/// Changes the lookups.
///
/// # Errors
///
/// [`StepError::NotApplicable`] when there is no such lookup to edit or remove. [`StepError::Failed`] when there is one
/// already that differs, when it is still used, or when the import has no place for one.
pub fn edit_lookup(document: &mut Value, edit: &LookupEdit) -> Result<Warnings, StepError> {
    apply(document, edit).map(|()| Vec::new()).map_err(StepError::Failed)
}

/// Whether the import has a lookup of that name.
pub(super) fn has(document: &Value, name: &str) -> bool {
    names(document).contains(name)
}

/// The names of the import's lookups, those of subrecords included.
pub(super) fn names(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(document, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if key == "lookups" {
                    let names = inner.as_array().into_iter().flatten().filter_map(|l| l.get("name"));
                    found.extend(names.filter_map(Value::as_str).map(str::to_owned));
                } else if !matches!(key.as_str(), "sampleData" | "mockResponse" | "sampleResponseData") {
                    collect(inner, found);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| collect(inner, found)),
        _ => {}
    }
}

fn apply(document: &mut Value, edit: &LookupEdit) -> Result<(), String> {
    match edit {
        LookupEdit::Add(lookup) => add(document, lookup),
        LookupEdit::Edit { name, set, map } => {
            if set.contains_key("name") {
                return Err(format!("lookup `{name}` keeps its name: rows refer to it by that"));
            }
            each(document, name, &mut |lookups, at| {
                let Some(keys) = lookups[at].as_object_mut() else { return };
                merge(keys, set);
                if !map.is_empty() {
                    let entries = keys.entry("map").or_insert_with(|| json!({}));
                    if entries.is_null() {
                        *entries = json!({});
                    }
                    if let Some(entries) = entries.as_object_mut() {
                        merge(entries, map);
                    }
                }
            })
        }
        LookupEdit::Remove { name } => {
            let uses = uses(document, name);
            if uses > 0 {
                return Err(format!("lookup `{name}` is used in {uses} places: detach it there first"));
            }
            each(document, name, &mut |lookups, at| {
                lookups.remove(at);
            })
        }
    }
}

fn merge(keys: &mut Map<String, Value>, set: &Map<String, Value>) {
    for (key, value) in set {
        if value.is_null() {
            keys.shift_remove(key);
        } else {
            keys.insert(key.clone(), value.clone());
        }
    }
}

/// Calls `f` for every copy of the lookup.
fn each(document: &mut Value, name: &str, f: &mut dyn FnMut(&mut Vec<Value>, usize)) -> Result<(), String> {
    let mut found = false;
    let mut at_holder = |holder: Option<&mut Value>| {
        let Some(lookups) = holder.and_then(|h| h.get_mut("lookups")).and_then(Value::as_array_mut) else {
            return;
        };
        if let Some(at) = lookups.iter().position(|l| l.get("name").and_then(Value::as_str) == Some(name)) {
            found = true;
            f(lookups, at);
        }
    };
    at_holder(Some(document));
    for block in BLOCKS {
        at_holder(document.get_mut(*block));
    }
    if found { Ok(()) } else { Err(format!("it has no lookup `{name}`")) }
}

fn add(document: &mut Value, lookup: &Map<String, Value>) -> Result<(), String> {
    let name = lookup.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err("a lookup needs a name".to_owned());
    }
    if names(document).contains(name) {
        return Err(format!("it has a lookup `{name}` already: edit it"));
    }
    let blocks = homes(document);
    if blocks.is_empty() && document.get("lookups").is_none() {
        return Err("an import of this kind has no place for lookups".to_owned());
    }
    let odd = |holder: &Value| holder.get("lookups").is_some_and(|l| !l.is_array() && !l.is_null());
    if odd(document) || blocks.iter().any(|block| odd(&document[*block])) {
        return Err("its lookups are not a list".to_owned());
    }
    for block in blocks {
        push(&mut document[block], lookup);
    }
    if document.get("lookups").is_some() {
        push(document, lookup);
    }
    Ok(())
}

fn push(holder: &mut Value, lookup: &Map<String, Value>) {
    if holder.get("lookups").is_none_or(Value::is_null) {
        holder["lookups"] = json!([]);
    }
    if let Some(list) = holder["lookups"].as_array_mut() {
        list.push(Value::Object(lookup.clone()));
    }
}

/// The blocks that hold the lookups of the import.
fn homes(document: &Value) -> Vec<&'static str> {
    let has = |block: &str| document.get(block).is_some_and(Value::is_object);
    let in_use: Vec<&str> = BLOCKS
        .iter()
        .copied()
        .filter(|b| document.get(*b).is_some_and(|b| b.get("lookups").is_some()))
        .collect();
    if !in_use.is_empty() {
        return in_use;
    }
    // A file import over HTTP has both blocks; its lookups are those of `http`.
    BLOCKS.iter().copied().find(|block| has(block)).into_iter().collect()
}

fn uses(value: &Value, name: &str) -> usize {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "sampleData" | "mockResponse" | "sampleResponseData"))
            .map(|(key, inner)| {
                let here = USES.contains(&key.as_str()) && inner.as_str() == Some(name);
                usize::from(here) + uses(inner, name)
            })
            .sum(),
        Value::Array(list) => list.iter().map(|inner| uses(inner, name)).sum(),
        Value::String(text) => usize::from(text.contains("{{") && text.contains(&format!("lookup.{name}"))),
        _ => 0,
    }
}
