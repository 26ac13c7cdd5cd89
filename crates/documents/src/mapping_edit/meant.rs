//! The walk over what a document says to the service. Data that is captured, dead or the user's own is left out.

use serde_json::Value;

use crate::place::push_key;
use crate::schema::Area;

/// Whether the walk goes on below a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Enter,
    Skip,
}

/// Calls `f` with every value below the document: its key, where it is a member of an object, its pointer and itself.
pub(super) fn meant<'v>(document: &'v Value, f: &mut dyn FnMut(Option<&str>, &str, &'v Value) -> Then) {
    walk(document, Area::Root, &mut String::new(), f);
}

fn walk<'v>(
    value: &'v Value,
    area: Area,
    pointer: &mut String,
    f: &mut dyn FnMut(Option<&str>, &str, &'v Value) -> Then,
) {
    let length = pointer.len();
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                let inside = area.enter(key);
                if inside == Area::Free {
                    continue;
                }
                push_key(pointer, key);
                if f(Some(key), pointer, inner) == Then::Enter {
                    walk(inner, inside, pointer, f);
                }
                pointer.truncate(length);
            }
        }
        Value::Array(entries) => {
            for (at, inner) in entries.iter().enumerate() {
                push_key(pointer, &at.to_string());
                if f(None, pointer, inner) == Then::Enter {
                    walk(inner, area, pointer, f);
                }
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}
