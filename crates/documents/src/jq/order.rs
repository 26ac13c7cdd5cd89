//! The order of keys after a filter: a key that is still there stands where it stood.
//!
//! jaq moves the last key of an object into the gap when one is deleted. Keys that are new keep their place among each
//! other, behind the old ones.

use serde_json::{Map, Value};

/// Puts the keys of `after` into the order of `before`, at every depth where the two are the same thing.
pub(super) fn keep(before: &Value, after: &mut Value) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            if !is_in_order(before, after) {
                let mut rest = std::mem::take(after);
                for key in before.keys() {
                    if let Some((key, value)) = rest.shift_remove_entry(key) {
                        after.insert(key, value);
                    }
                }
                after.extend(rest);
            }
            for (key, value) in after.iter_mut() {
                if let Some(before) = before.get(key) {
                    keep(before, value);
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (before, after) in before.iter().zip(after) {
                if is_same_entry(before, after) {
                    keep(before, after);
                }
            }
        }
        _ => {}
    }
}

/// Whether the keys that both have come in one order.
fn is_in_order(before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let mut old = before.keys().filter(|key| after.contains_key(*key));
    after.keys().filter(|key| before.contains_key(*key)).all(|key| old.next() == Some(key))
}

/// Entries at one place of a list may be two different ones after it was sorted: they are the same if they still share
/// something.
fn is_same_entry(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.iter().any(|(key, value)| after.get(key) == Some(value))
        }
        (Value::Array(_), Value::Array(_)) => true,
        _ => false,
    }
}
