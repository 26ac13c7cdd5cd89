//! Finding the fields of the table in a document.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::fields::{FIELDS, Field, Holds};
use super::keys::{class_of, last_key};
use super::resources::Kind;
use crate::place::push_key;

/// The rows by the first key of their path, those at any depth left out.
static BY_BLOCK: LazyLock<HashMap<&str, Vec<&Field>>> = LazyLock::new(|| {
    let mut blocks: HashMap<&str, Vec<&Field>> = HashMap::new();
    for field in FIELDS.iter().filter(|field| !field.at.starts_with("**.")) {
        blocks.entry(first_key(field.at)).or_default().push(field);
    }
    blocks
});

/// What stands under a key at any depth, by that key.
static BY_KEY: LazyLock<HashMap<&str, Vec<&Field>>> = LazyLock::new(|| {
    let mut keys: HashMap<&str, Vec<&Field>> = HashMap::new();
    for field in FIELDS.iter().filter(|field| field.at.starts_with("**.")) {
        keys.entry(last_key(field.at)).or_default().push(field);
    }
    keys
});

/// The keys that hold references.
static REFERENCES: LazyLock<Vec<(&str, Kind)>> = LazyLock::new(|| {
    let reference = |field: &'static Field| match field.holds {
        Holds::Reference(kind) => Some((last_key(field.at), kind)),
        _ => None,
    };
    FIELDS.iter().filter_map(reference).collect()
});

fn first_key(at: &str) -> &str {
    at.split(['.', '[']).next().unwrap_or(at)
}

/// The rows whose path begins with that key of a document.
pub fn rows_of(block: &str) -> &'static [&'static Field] {
    BY_BLOCK.get(block).map_or(&[], Vec::as_slice)
}

/// What a value under that key is, wherever it stands.
pub fn holds_anywhere(key: &str) -> impl Iterator<Item = Holds> {
    BY_KEY.get(key).into_iter().flatten().map(|field| field.holds)
}

/// The kind of resource that a key refers to.
pub fn reference_kind(key: &str) -> Option<Kind> {
    // Nearly every key of a document fails here.
    if !key.starts_with('_') {
        return None;
    }
    class_of(key).reference
}

/// Every key that holds a reference, with the kind of resource it refers to.
pub fn references() -> impl Iterator<Item = (&'static str, Kind)> {
    REFERENCES.iter().copied()
}

/// Whether the value of the key is dead: left over from another version, and not read by anything.
pub fn is_dead(key: &str) -> bool {
    class_of(key).is_dead
}

/// Whether the value of the key is free-form, dead or captured: the service ignores all keys in it.
pub fn is_closed(key: &str) -> bool {
    class_of(key).is_closed
}

/// Calls `found` with the row, JSON pointer and value of every field of the table that the document holds.
///
/// The rows come in the order of the document's keys. Rows at any depth are left out: see [`holds_anywhere`].
pub fn walk<'v>(document: &'v Value, found: &mut dyn FnMut(&'static Field, &str, &'v Value)) {
    walk_those(document, |_| true, found);
}

/// As [`walk`], over the rows that hold what is looked for.
pub fn walk_those<'v>(
    document: &'v Value,
    looked_for: impl Fn(Holds) -> bool,
    found: &mut dyn FnMut(&'static Field, &str, &'v Value),
) {
    let mut pointer = String::new();
    for (key, value) in document.as_object().into_iter().flatten() {
        for row in rows_of(key).iter().filter(|row| looked_for(row.holds)) {
            pointer.clear();
            push_key(&mut pointer, key);
            visit(value, below_block(row.at), &mut pointer, &mut |pointer, value| found(row, pointer, value));
        }
    }
}

/// The part of a row's path behind its first key.
pub fn below_block(at: &str) -> &str {
    let rest = &at[first_key(at).len()..];
    rest.strip_prefix('.').unwrap_or(rest)
}

fn visit<'v>(value: &'v Value, path: &str, pointer: &mut String, found: &mut dyn FnMut(&str, &'v Value)) {
    if path.is_empty() {
        return found(pointer, value);
    }
    let length = pointer.len();
    let (step, rest) = split(path);
    match step {
        "*" => {
            for (key, one) in value.as_object().into_iter().flatten() {
                push_key(pointer, key);
                visit(one, rest, pointer, found);
                pointer.truncate(length);
            }
        }
        "[]" => {
            for (index, one) in value.as_array().into_iter().flatten().enumerate() {
                push_key(pointer, &index.to_string());
                visit(one, rest, pointer, found);
                pointer.truncate(length);
            }
        }
        key => {
            if let Some(one) = value.get(key) {
                push_key(pointer, key);
                visit(one, rest, pointer, found);
                pointer.truncate(length);
            }
        }
    }
}

/// The same for a value that is changed.
pub fn visit_mut(
    value: &mut Value,
    path: &str,
    pointer: &mut String,
    found: &mut dyn FnMut(&mut String, &mut Value),
) {
    if path.is_empty() {
        return found(pointer, value);
    }
    let length = pointer.len();
    let (step, rest) = split(path);
    match step {
        "*" => {
            for (key, one) in value.as_object_mut().into_iter().flatten() {
                push_key(pointer, key);
                visit_mut(one, rest, pointer, found);
                pointer.truncate(length);
            }
        }
        "[]" => {
            for (index, one) in value.as_array_mut().into_iter().flatten().enumerate() {
                push_key(pointer, &index.to_string());
                visit_mut(one, rest, pointer, found);
                pointer.truncate(length);
            }
        }
        key => {
            if let Some(one) = value.get_mut(key) {
                push_key(pointer, key);
                visit_mut(one, rest, pointer, found);
                pointer.truncate(length);
            }
        }
    }
}

/// The first step of a path and the rest: `a`, `*` or `[]`.
fn split(path: &str) -> (&str, &str) {
    if let Some(rest) = path.strip_prefix("[]") {
        return ("[]", rest.strip_prefix('.').unwrap_or(rest));
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    (&path[..end], path[end..].strip_prefix('.').unwrap_or(&path[end..]))
}
