//! Edits by JSON pointer: set, remove, and RFC 6902 patches. The keys that are not named keep their order.
//!
//! Patches are read by json-patch and applied here: its own removal moves the last key of an object into the gap.

use json_patch::PatchOperation;
use serde_json::{Map, Value};

use crate::normal::{masks, same_number};
use crate::schema as service;

/// A JSON pointer, checked.
///
/// As JSON it is the text as written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer {
    text: String,
    steps: Vec<String>,
}

impl Pointer {
    /// Reads a pointer such as `/http/method/0`.
    ///
    /// # Errors
    ///
    /// It is empty (the whole document), does not start with `/`, or has a `~` that stands for nothing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(if text.is_empty() {
                "an empty pointer is the whole document: name a field, as `/description`".to_owned()
            } else {
                format!("not a JSON pointer: write `/{}`", text.trim_start_matches('.').replace('.', "/"))
            });
        };
        let steps = rest.split('/').map(unescape).collect::<Option<Vec<_>>>();
        match steps {
            Some(steps) => Ok(Self { text: text.to_owned(), steps }),
            None => Err("not a JSON pointer: `~` is written `~0` and `/` inside a key `~1`".to_owned()),
        }
    }

    /// The pointer as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of the managed field it leads to or into, if it does: what is written there is not sent.
    pub fn server_field(&self) -> Option<&str> {
        self.steps.first().map(String::as_str).filter(|first| service::is_server_field(first))
    }
}

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.text
    }
}

fn unescape(step: &str) -> Option<String> {
    let mut text = String::with_capacity(step.len());
    let mut characters = step.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '~' => match characters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(text)
}

/// Sets a value, replacing what is there. Objects on the way are made where missing or `null`; `-` as the last step
/// appends to a list, and makes one where there is none.
///
/// # Errors
///
/// Something on the way is neither object nor list, or a list has no such entry. The document may then hold objects
/// that were made on the way.
pub fn set(document: &mut Value, pointer: &Pointer, value: Value) -> Result<(), String> {
    let mut current = document;
    let mut walked = String::new();
    for (index, step) in pointer.steps.iter().enumerate() {
        if current.is_null() {
            *current = if step == "-" { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
        }
        let last = index + 1 == pointer.steps.len();
        if let Value::Array(entries) = current
            && step == "-"
            && last
        {
            entries.push(value);
            return Ok(());
        }
        let found = kind(current);
        let next = match current {
            Value::Object(members) => Some(members.entry(step).or_insert(Value::Null)),
            Value::Array(entries) => {
                let count = entries.len();
                let entry = step.parse::<usize>().ok().and_then(|index| entries.get_mut(index));
                Some(entry.ok_or_else(|| {
                    format!(
                        "{} is a list of {count}, it has no entry `{step}`: use `-` to append",
                        shown(&walked)
                    )
                })?)
            }
            _ => None,
        };
        current = next.ok_or_else(|| format!("{} is {found}, not an object or a list", shown(&walked)))?;
        masks::push_key(&mut walked, step);
    }
    *current = value;
    Ok(())
}

/// Removes a value; nothing happens where there is none.
pub fn remove(document: &mut Value, pointer: &Pointer) {
    masks::remove(document, &pointer.text);
}

fn shown(pointer: &str) -> &str {
    if pointer.is_empty() { "the document" } else { pointer }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Reads one operation of a patch.
///
/// # Errors
///
/// It is not one of RFC 6902, or writes to a field the service manages.
pub fn operation(value: &Value) -> Result<PatchOperation, String> {
    let operation: PatchOperation = serde::Deserialize::deserialize(value)
        .map_err(|error| format!("not an operation of RFC 6902: {error}"))?;
    let written = match &operation {
        PatchOperation::Add(op) => Some(op.path.as_str()),
        PatchOperation::Replace(op) => Some(op.path.as_str()),
        PatchOperation::Move(op) => Some(op.path.as_str()),
        PatchOperation::Copy(op) => Some(op.path.as_str()),
        PatchOperation::Remove(op) => Some(op.path.as_str()),
        PatchOperation::Test(_) => None,
    };
    let taken = if let PatchOperation::Move(op) = &operation { Some(op.from.as_str()) } else { None };
    for path in written.into_iter().chain(taken) {
        let pointer = Pointer::parse(path)?;
        if let Some(field) = pointer.server_field() {
            return Err(format!("`{field}` is managed by the service and not sent"));
        }
    }
    Ok(operation)
}

/// Applies a patch. It is all or nothing for the caller who drops the document on an error.
///
/// # Errors
///
/// The first operation that could not be applied.
pub fn patch(document: &mut Value, operations: &[PatchOperation]) -> Result<(), String> {
    for (index, operation) in operations.iter().enumerate() {
        apply(document, operation).map_err(|reason| format!("operation {}: {reason}", index + 1))?;
    }
    Ok(())
}

fn apply(document: &mut Value, operation: &PatchOperation) -> Result<(), String> {
    match operation {
        PatchOperation::Add(op) => add(document, op.path.as_str(), op.value.clone()),
        PatchOperation::Remove(op) => take(document, op.path.as_str()).map(drop),
        PatchOperation::Replace(op) => {
            *find(document, op.path.as_str())? = op.value.clone();
            Ok(())
        }
        PatchOperation::Move(op) => {
            let (from, to) = (op.from.as_str(), op.path.as_str());
            if to.strip_prefix(from).is_some_and(|rest| rest.starts_with('/')) {
                return Err(format!("{from} cannot be moved into itself"));
            }
            let value = take(document, from)?;
            add(document, to, value)
        }
        PatchOperation::Copy(op) => {
            let value = find(document, op.from.as_str())?.clone();
            add(document, op.path.as_str(), value)
        }
        PatchOperation::Test(op) => {
            let found = find(document, op.path.as_str())?;
            if same(found, &op.value) {
                return Ok(());
            }
            // The value itself is not quoted: it can be a secret.
            Err(format!("{} is {} that is not the one tested for", op.path.as_str(), kind(found)))
        }
    }
}

/// Equal in the sense of RFC 6902: numbers by their value, however they are spelled.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

fn find<'a>(document: &'a mut Value, path: &str) -> Result<&'a mut Value, String> {
    document.pointer_mut(path).ok_or_else(|| format!("there is nothing at {path}"))
}

fn take(document: &mut Value, path: &str) -> Result<Value, String> {
    masks::remove(document, path).ok_or_else(|| format!("there is nothing at {path}"))
}

/// The `add` of RFC 6902: into an object under a key, new or not; into a list before an entry.
fn add(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let (parent, last) = path.rsplit_once('/').unwrap_or_default();
    match find(document, parent)? {
        Value::Object(members) => {
            members.insert(unescape(last).unwrap_or_default(), value);
            Ok(())
        }
        Value::Array(entries) => {
            let index = if last == "-" { Some(entries.len()) } else { last.parse().ok() };
            match index.filter(|index| *index <= entries.len()) {
                Some(index) => {
                    entries.insert(index, value);
                    Ok(())
                }
                None => {
                    Err(format!("{} is a list of {}, it has no place `{last}`", shown(parent), entries.len()))
                }
            }
        }
        other => Err(format!("{} is {}, not an object or a list", shown(parent), kind(other))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check_set(pointer: &str, expected: Result<Value, &str>) {
        let mut document = json!({"z": 1, "http": {"method": ["GET"], "n": null}, "a": "x"});
        let result = set(&mut document, &Pointer::parse(pointer).unwrap(), json!("new"));
        assert_eq!(
            result.map(|()| document.to_string()),
            expected.map(|v| v.to_string()).map_err(str::to_owned)
        );
    }

    #[test]
    fn set_makes_what_is_missing_and_appends() {
        check_set("/a", Ok(json!({"z": 1, "http": {"method": ["GET"], "n": null}, "a": "new"})));
        check_set("/http/method/0", Ok(json!({"z": 1, "http": {"method": ["new"], "n": null}, "a": "x"})));
        check_set(
            "/http/method/-",
            Ok(json!({"z": 1, "http": {"method": ["GET", "new"], "n": null}, "a": "x"})),
        );
        check_set("/http/n/x", Ok(json!({"z": 1, "http": {"method": ["GET"], "n": {"x": "new"}}, "a": "x"})));
        check_set(
            "/b/c~1d/-",
            Ok(json!({"z": 1, "http": {"method": ["GET"], "n": null}, "a": "x", "b": {"c/d": ["new"]}})),
        );
    }

    #[test]
    fn set_says_what_is_in_the_way() {
        check_set("/a/b", Err("/a is a text, not an object or a list"));
        check_set("/z/b/c", Err("/z is a number, not an object or a list"));
        check_set(
            "/http/method/1",
            Err("/http/method is a list of 1, it has no entry `1`: use `-` to append"),
        );
        check_set(
            "/http/method/x",
            Err("/http/method is a list of 1, it has no entry `x`: use `-` to append"),
        );
    }

    #[test]
    fn what_is_not_a_pointer_is_told_with_what_to_write() {
        assert_eq!(Pointer::parse("http.method"), Err("not a JSON pointer: write `/http/method`".to_owned()));
        assert!(
            Pointer::parse("").is_err() && Pointer::parse("/a~2").is_err() && Pointer::parse("/a~").is_err()
        );
        assert_eq!(Pointer::parse("/draft/x").unwrap().server_field(), Some("draft"));
    }

    #[test]
    fn a_removal_by_patch_keeps_the_order() {
        let mut document = json!({"a": 1, "b": 2, "c": 3, "d": 4});
        let operations = [operation(&json!({"op": "remove", "path": "/a"})).unwrap()];
        patch(&mut document, &operations).unwrap();
        assert_eq!(document.to_string(), r#"{"b":2,"c":3,"d":4}"#);
    }

    #[test]
    fn a_patch_that_cannot_be_applied_says_where_and_quotes_no_value() {
        let mut document = json!({"a": "secret", "l": [1]});
        for (op, message) in [
            (
                json!({"op": "test", "path": "/a", "value": "x"}),
                "operation 1: /a is a text that is not the one tested for",
            ),
            (json!({"op": "remove", "path": "/q"}), "operation 1: there is nothing at /q"),
            (json!({"op": "replace", "path": "/q", "value": 1}), "operation 1: there is nothing at /q"),
            (
                json!({"op": "add", "path": "/l/3", "value": 1}),
                "operation 1: /l is a list of 1, it has no place `3`",
            ),
            (
                json!({"op": "add", "path": "/a/b", "value": 1}),
                "operation 1: /a is a text, not an object or a list",
            ),
            (
                json!({"op": "move", "from": "/l", "path": "/l/0"}),
                "operation 1: /l cannot be moved into itself",
            ),
        ] {
            let operations = [operation(&op).unwrap()];
            assert_eq!(patch(&mut document, &operations), Err(message.to_owned()));
        }
        assert!(operation(&json!({"op": "replace", "path": "/_id", "value": 1})).is_err());
        assert!(operation(&json!({"op": "frob", "path": "/a"})).is_err());
    }

    proptest! {
        #[test]
        fn a_patch_does_what_json_patch_does(
            ops in prop::collection::vec(
                (0..6usize, "(/[ab0-]){1,3}", "(/[ab0]){1,2}", prop_oneof![Just(json!(1)), Just(json!({"a": [2]}))]), 1..6),
        ) {
            let mut document = json!({"a": {"b": [1, {"a": 1}], "a": 2}, "b": [[], {"b": 0}]});
            let mut other = document.clone();
            for (verb, path, from, value) in ops {
                let verb = ["add", "remove", "replace", "move", "copy", "test"][verb];
                let text = json!({"op": verb, "path": path, "from": from, "value": value});
                let op = [operation(&text).unwrap()];
                // The oracle takes `-` for the last entry when it removes; RFC 6901 says it is no entry at all.
                prop_assume!(!(verb != "add" && verb != "copy" && path.contains('-')) && verb != "move");
                let before = document.clone();
                let ours = patch(&mut document, &op).is_ok();
                prop_assert_eq!(ours, json_patch::patch(&mut other, &op).is_ok(), "{}", text);
                if !ours {
                    document = before.clone();
                    other = before;
                }
                prop_assert_eq!(&document, &other);
            }
        }
    }
}
