//! Whether a write without an answer had its effect, where the service keeps other than it was sent. Pure.

use serde_json::Value;

use super::compare::{Comparison, compare};
use crate::name::loose_name_key;
use crate::schema::is_server_field;

/// Whether `found` is what a service made of `wanted`, which was sent to overwrite `before`.
///
/// It is if nothing changed but what was to change, and of that something is as wanted, if need be but for case, blanks,
/// entities and a cut end; or if several values were to change and none of them is as before. One value alone that is neither
/// may be somebody else's edit, and a change anywhere else is.
pub fn landed(before: &Value, wanted: &Value, found: &Value) -> bool {
    let mut seen = Seen::default();
    seen.walk(before, wanted, found, true);
    seen.foreign == 0 && (seen.as_wanted > 0 || seen.as_before == 0 && seen.other > 1)
}

/// JSON pointers of the places in `found`, the document after a write of `sent`, that the write does not explain: the value was
/// neither sent nor there `before`, and no service makes it by trimming, cutting or filling in. It may be somebody else's edit.
pub fn unexplained(before: Option<&Value>, sent: &Value, found: &Value) -> Vec<String> {
    let Comparison { differences, added, .. } = compare(sent, found);
    let mut unexplained: Vec<String> = Vec::new();
    for pointer in added.iter().chain(&differences) {
        let place = aligned(before, sent, found, pointer);
        let now = found.pointer(place);
        let is_as_before = before.is_some_and(|before| before.pointer(place) == now);
        let is_of_the_service =
            sent.pointer(place).is_some_and(|sent| may_be_made_of(sent, now.unwrap_or(&Value::Null)));
        if !is_as_before && !is_of_the_service && !unexplained.iter().any(|known| known == place) {
            unexplained.push(place.to_owned());
        }
    }
    unexplained
}

/// A pointer, or that of the first list on its way whose entries do not stand side by side in all documents.
fn aligned<'p>(before: Option<&Value>, sent: &Value, found: &Value, pointer: &'p str) -> &'p str {
    let ends = pointer.match_indices('/').map(|(at, _)| at).skip(1);
    let length =
        |document: &Value, place: &str| document.pointer(place).and_then(Value::as_array).map(Vec::len);
    ends.map(|end| &pointer[..end])
        .find(|place| {
            let known = length(found, place);
            known != length(sent, place) || before.is_some_and(|before| known != length(before, place))
        })
        .unwrap_or(pointer)
}

#[derive(Debug, Default)]
struct Seen {
    as_wanted: usize,
    as_before: usize,
    other: usize,
    /// Values that were not to change, and did.
    foreign: usize,
}

impl Seen {
    fn walk(&mut self, before: &Value, wanted: &Value, found: &Value, is_root: bool) {
        match (before, wanted, found) {
            (Value::Object(before), Value::Object(wanted), Value::Object(found)) => {
                let keys = before.keys().chain(wanted.keys().filter(|key| !before.contains_key(*key)));
                for key in keys.filter(|key| !is_root || !is_server_field(key)) {
                    let of = |members: &serde_json::Map<String, Value>| {
                        members.get(key).cloned().unwrap_or_default()
                    };
                    self.walk(&of(before), &of(wanted), &of(found), false);
                }
            }
            (Value::Array(before), Value::Array(wanted), Value::Array(found))
                if before.len() == wanted.len() && wanted.len() == found.len() =>
            {
                for ((before, wanted), found) in before.iter().zip(wanted).zip(found) {
                    self.walk(before, wanted, found, false);
                }
            }
            _ if before == wanted => self.foreign += usize::from(!may_be_made_of(wanted, found)),
            _ if found == before => self.as_before += 1,
            _ if may_be_made_of(wanted, found) => self.as_wanted += 1,
            _ => self.other += 1,
        }
    }
}

/// Whether a service may have made the value found of the one that was wanted: by trimming, cutting, unescaping or lower-casing a
/// text, or by leaving out what is empty.
pub fn may_be_made_of(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::String(wanted), Value::String(found)) => {
            let (wanted, found) = (loose_name_key(wanted), loose_name_key(found));
            wanted == found || !found.is_empty() && wanted.starts_with(&found)
        }
        // Defaults come and go.
        (Value::Null, _) | (_, Value::Null) => {
            wanted.is_null() && !found.is_string() || found.is_null() && is_empty(wanted)
        }
        _ => wanted == found,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_write_that_was_normalised_landed_and_an_edit_of_somebody_else_did_not() {
        let before = json!({"_id": "1", "name": "a", "description": "old", "http": {"body": ["x"], "n": 1}});
        let wanted = json!({"name": "New  A", "description": "old", "http": {"body": ["y"], "n": 1}});
        let check =
            |found: Value, expected: bool| assert_eq!(landed(&before, &wanted, &found), expected, "{found}");
        check(
            json!({"_id": "1", "name": "new a", "description": "old", "http": {"body": ["y"], "n": 1}}),
            true,
        );
        check(
            json!({"name": "New", "description": "old", "http": {"body": ["x"], "n": 1}, "added": true}),
            true,
        );
        check(json!({"name": "odd", "description": "old", "http": {"body": ["z"], "n": 1}}), true);
        // One value that is neither may be of the service or of somebody else.
        let (one, edited) = (json!({"name": "a"}), json!({"name": "theirs"}));
        assert!(!landed(&one, &json!({"name": "b"}), &edited));
        // Not written: somebody renamed it.
        check(json!({"name": "theirs", "description": "old", "http": {"body": ["x"], "n": 1}}), false);
        // Nothing happened.
        check(before.clone(), false);
        // Written, and then edited by somebody else.
        check(json!({"name": "New A", "description": "theirs", "http": {"body": ["y"], "n": 1}}), false);
        check(json!({"name": "New A", "description": "old", "http": {"body": ["y"], "n": 2}}), false);
    }

    #[test]
    fn what_neither_the_write_nor_the_service_explains_is_told() {
        let before = json!({"name": "a", "n": 1, "kept": "x", "http": {"body": ["x"]}});
        let sent = json!({"name": "New  A", "n": 2, "text": "some text", "none": null, "http": {"body": ["y", "z"]}});
        let of_the_service = json!({"_id": "1", "name": "new a", "n": 2, "text": "some", "none": 0,
                                    "kept": "x", "http": {"body": ["y", "z"], "flag": false}});
        let check = |pointer: &str, value: Value, expected: &[&str]| {
            let mut found = of_the_service.clone();
            match found.pointer_mut(pointer) {
                Some(place) => *place = value,
                None => found[&pointer[1..]] = value,
            }
            assert_eq!(unexplained(Some(&before), &sent, &found), expected, "{found}");
        };
        check("/name", json!("new a"), &[]);
        check("/description", json!("theirs"), &["/description"]);
        check("/settings", json!({"theirs": 1}), &["/settings"]);
        check("/odd", json!("theirs"), &["/odd"]);
        check("/n", json!("theirs"), &["/n"]);
        // As it was before, nothing of theirs is lost.
        check("/n", json!(1), &[]);
        check("/kept", json!("theirs"), &["/kept"]);
        check("/name", json!("theirs"), &["/name"]);
        check("/http/body", json!(["y", "theirs"]), &["/http/body"]);
        check("/http/body", json!(["y", "z", "theirs"]), &["/http/body"]);
        check("/http/body", json!(["y"]), &["/http/body"]);
    }
}
