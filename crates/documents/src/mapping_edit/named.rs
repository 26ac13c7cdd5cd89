//! Places that still name a target field after its row is gone: templates of the body, keys of a table, initial values.

use serde_json::Value;

use super::target::{Target, name_of};
use crate::field_rename::{FieldRename, Side};
use crate::place::push_key;
use crate::rename;

/// How many places are named in a message.
const SHOWN: usize = 5;

/// What is said of a target that was removed and is still named; nothing where another row fills it.
///
/// A rename knows every place, so one is made in a copy and thrown away.
pub(super) fn warning(document: &Value, target: &Target) -> Option<String> {
    let mut places = Vec::new();
    // What is written with dots may be the name of one row, and what holds a `*` is nothing else.
    let as_path = if target.star().is_some() { Vec::new() } else { target.path() };
    for path in [as_path, target.literal()] {
        let path: Vec<&str> = path.iter().filter_map(name_of).collect();
        let renames: Vec<FieldRename> = renamed(&path).into_iter().collect();
        let mut copy = document.clone();
        rename::rename_fields(&mut copy, &renames);
        differences(document, &copy, &mut String::new(), &mut places);
    }
    let mut seen = std::collections::HashSet::new();
    places.retain(|place| seen.insert(place.clone()));
    if places.is_empty() || places.iter().any(|place| place.ends_with("/generate")) {
        return None;
    }
    let more = if places.len() > SHOWN {
        format!(" and {} more places", places.len() - SHOWN)
    } else {
        String::new()
    };
    places.truncate(SHOWN);
    let places = places.join(", ");
    if target.has_position() {
        // A rename is about every entry, and the place may be about another one.
        return Some(format!("`{}` may still be named at {places}{more}: check them", target.shown()));
    }
    Some(format!("`{}` is still named at {places}{more}, where nothing fills it in now", target.shown()))
}

/// A rename of the last name of a target.
fn renamed(path: &[&str]) -> Option<FieldRename> {
    let (last, parents) = path.split_last()?;
    let other = format!("{last} removed");
    let spelled = |last: &str| parents.iter().copied().chain([last]).map(spelled).collect::<Option<String>>();
    Some(FieldRename { side: Side::Target, from: spelled(last)?, to: spelled(&other)? })
}

/// A name as it is written in the path of a job; `None` for one that cannot be written there.
fn spelled(name: &str) -> Option<String> {
    (!name.contains('"')).then(|| format!("[\"{name}\"]"))
}

/// Where two documents of one shape differ.
fn differences(one: &Value, other: &Value, at: &mut String, found: &mut Vec<String>) {
    let length = at.len();
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            for (key, value) in one {
                push_key(at, key);
                differences(value, &other[key], at, found);
                at.truncate(length);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                push_key(at, &index.to_string());
                differences(one, other, at, found);
                at.truncate(length);
            }
        }
        _ if one != other => found.push(at.clone()),
        _ => {}
    }
}
