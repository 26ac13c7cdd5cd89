//! Lookups: one name, several copies.
//!
//! A document repeats its lookups at the top and in the block of its adaptor, and which copy the service reads is not
//! known: every copy is changed alike. Where lists of lookups are is known in one place, [`each_list`], at every depth.

use serde_json::{Map, Value, json};

use super::meant::{Then, meant};
use super::{LookupEdit, uses};
use crate::schema::{SEARCH, adaptor_with_block, lookup_blocks};
use crate::step_error::{StepError, Warnings};

/// How many places are named in a message.
const SHOWN: usize = 5;

/// Changes the lookups. On an error the document is as it was.
///
/// # Errors
///
/// [`StepError::NotApplicable`] when there is no such lookup to edit or remove. [`StepError::Failed`] when there is one
/// already that differs, when it is still used, or when the import has no place for one.
pub fn edit_lookup(document: &mut Value, edit: &LookupEdit) -> Result<Warnings, StepError> {
    match edit {
        LookupEdit::Add(lookup) => add(document, lookup)?,
        LookupEdit::Edit { name, set, map } => {
            if set.contains_key("name") {
                let message = format!("lookup `{name}` keeps its name: rows refer to it by that");
                return Err(StepError::failed(message));
            }
            if !map.is_empty()
                && let Some((place, key)) = search(document, name)
            {
                let message = format!(
                    "lookup `{name}` at {place} searches (it has `{key}`) and has no map of values: change its keys by `set`"
                );
                return Err(StepError::failed(message));
            }
            if !map.is_empty()
                && let Some((place, kind)) = odd_map(document, name)
            {
                let message = format!(
                    "the map of lookup `{name}` at {place} is {kind} and holds no entries that could be changed: correct it with `set` or `patch`"
                );
                return Err(StepError::failed(message));
            }
            each(document, name, &mut |lookups, at| {
                let Some(keys) = lookups[at].as_object_mut() else { return };
                merge(keys, set);
                if map.is_empty() {
                    return;
                }
                let entries = keys.entry("map").or_insert_with(|| json!({}));
                if entries.is_null() {
                    *entries = json!({});
                }
                if let Some(entries) = entries.as_object_mut() {
                    merge(entries, map);
                }
            })?;
        }
        LookupEdit::Remove { name } => {
            let copies = places(document, name);
            if copies.is_empty() {
                return Err(absent(document, name));
            }
            let uses = uses::of(document, name, &copies);
            if !uses.named.is_empty() {
                let message =
                    format!("lookup `{name}` is used at {}: detach it there first", shown(&uses.named));
                return Err(StepError::failed(message));
            }
            each(document, name, &mut |lookups, at| {
                lookups.remove(at);
            })?;
            if !uses.chosen.is_empty() {
                return Ok(vec![format!(
                    "{}: calls a lookup by a name that is only known when it runs; make sure that it is never `{name}`, which was removed",
                    shown(&uses.chosen)
                )]);
            }
        }
    }
    Ok(Vec::new())
}

/// Whether the import has a lookup of that name, those of subrecords included.
pub(super) fn has(document: &Value, name: &str) -> bool {
    !places(document, name).is_empty()
}

/// Why there is no such lookup. A value that is not a list may contain one, in a form that is not documented.
fn absent(document: &Value, name: &str) -> StepError {
    let mut odd = None;
    meant(document, &mut |key, pointer, value| {
        if key == Some("lookups") && !value.is_array() && !value.is_null() {
            odd.get_or_insert_with(|| pointer.to_owned());
        }
        Then::Enter
    });
    match odd {
        Some(place) => StepError::failed(format!("its lookups at {place} are not a list")),
        None => StepError::not_applicable(format!("it has no lookup `{name}`")),
    }
}

fn shown(places: &[String]) -> String {
    let mut text = places[..places.len().min(SHOWN)].join(", ");
    if places.len() > SHOWN {
        text.push_str(&format!(" and {} more places", places.len() - SHOWN));
    }
    text
}

fn is_named(lookup: &Value, name: &str) -> bool {
    lookup.get("name").and_then(Value::as_str) == Some(name)
}

/// The first copy of a lookup that searches, and the key that says so.
fn search(document: &Value, name: &str) -> Option<(String, &'static str)> {
    let filled = |value: &Value| !value.is_null() && value.as_str() != Some("");
    places(document, name).into_iter().find_map(|place| {
        let lookup = document.pointer(&place)?;
        let key = SEARCH.iter().find(|key| lookup.get(**key).is_some_and(filled))?;
        lookup.get("map").is_none_or(Value::is_null).then_some((place, *key))
    })
}

/// The first copy of a lookup whose map is no mapping, and what it is.
fn odd_map(document: &Value, name: &str) -> Option<(String, &'static str)> {
    places(document, name).into_iter().find_map(|place| {
        let kind = match document.pointer(&place)?.get("map")? {
            Value::Array(_) => "a list",
            Value::String(_) => "a text",
            Value::Number(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::Null | Value::Object(_) => return None,
        };
        Some((place, kind))
    })
}

/// The pointers of every copy of a lookup.
fn places(document: &Value, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    each_list(document, &mut |pointer, lookups| {
        for (at, _) in lookups.iter().enumerate().filter(|(_, lookup)| is_named(lookup, name)) {
            found.push(format!("{pointer}/{at}"));
        }
    });
    found
}

/// Calls `f` with every list of lookups and its pointer: at the top, in a block, in a subrecord, in a transform.
fn each_list(document: &Value, f: &mut dyn FnMut(&str, &[Value])) {
    meant(document, &mut |key, pointer, value| match (key, value.as_array()) {
        (Some("lookups"), Some(lookups)) => {
            f(pointer, lookups);
            Then::Skip
        }
        _ => Then::Enter,
    });
}

/// Calls `f` for every copy of the lookup.
fn each(
    document: &mut Value,
    name: &str,
    f: &mut dyn FnMut(&mut Vec<Value>, usize),
) -> Result<(), StepError> {
    let found = places(document, name);
    if found.is_empty() {
        return Err(absent(document, name));
    }
    // From the end, because a removal moves the following entries.
    for place in found.iter().rev() {
        let Some((list, at)) = place.rsplit_once('/') else { continue };
        if let (Some(Value::Array(lookups)), Ok(at)) = (document.pointer_mut(list), at.parse()) {
            f(lookups, at);
        }
    }
    Ok(())
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

fn add(document: &mut Value, lookup: &Map<String, Value>) -> Result<(), StepError> {
    let name = lookup.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(StepError::failed("a lookup needs a name"));
    }
    let there = places(document, name);
    if !there.is_empty() {
        let new = said(lookup);
        let old = |place: &String| document.pointer(place).and_then(Value::as_object).map(said);
        if there.iter().all(|place| old(place).as_ref() == Some(&new)) {
            return Ok(());
        }
        let message =
            format!("it has a lookup `{name}` already, and it differs, at {}: edit it", shown(&there));
        return Err(StepError::failed(message));
    }
    let blocks = homes(document);
    if blocks.is_empty() && document.get("lookups").is_none() {
        return Err(StepError::failed("an import of this kind has no place for lookups"));
    }
    let odd = |holder: &Value| holder.get("lookups").is_some_and(|l| !l.is_array() && !l.is_null());
    if odd(document) || blocks.iter().any(|block| odd(&document[*block])) {
        return Err(StepError::failed("its lookups are not a list"));
    }
    for block in blocks {
        push(&mut document[block], lookup);
    }
    if document.get("lookups").is_some() {
        push(document, lookup);
    }
    Ok(())
}

/// What a lookup says: `null`, `false` and the id that the service gives say nothing.
fn said(lookup: &Map<String, Value>) -> Map<String, Value> {
    let mut said = lookup.clone();
    said.retain(|key, value| key != "_id" && !matches!(value, Value::Null | Value::Bool(false)));
    said
}

fn push(holder: &mut Value, lookup: &Map<String, Value>) {
    if holder.get("lookups").is_none_or(Value::is_null) {
        holder["lookups"] = json!([]);
    }
    if let Some(list) = holder["lookups"].as_array_mut() {
        list.push(Value::Object(lookup.clone()));
    }
}

/// The blocks that a new lookup is put in: those with a list of lookups, and at least one that the adaptor reads.
fn homes(document: &Value) -> Vec<&'static str> {
    let has = |block: &&str| document.get(*block).is_some_and(Value::is_object);
    let in_use = |block: &&str| document.get(*block).is_some_and(|b| b.get("lookups").is_some());
    let mut homes: Vec<&str> = lookup_blocks().filter(in_use).collect();
    let own = adaptor_with_block(document).map_or(&[][..], |adaptor| adaptor.lookups);
    if !homes.iter().any(|block| own.contains(block)) {
        homes.extend(own.iter().copied().find(has));
    }
    if homes.is_empty() {
        homes.extend(lookup_blocks().find(has));
    }
    homes
}
