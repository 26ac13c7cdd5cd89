//! The service's rules about documents. Synchronous; no network, no storage.

pub(super) mod adaptor;
pub(super) mod clone;
pub(super) mod defaults;
pub(super) mod managed;
pub(super) mod mapper2;
pub(super) mod patch;
pub(super) mod references;
#[cfg(test)]
mod tests;
pub(super) mod validate;

use serde_json::{Map, Value, json};

use crate::store::{Id, Kind};

/// What the rules must know about the account: the tag of a resource, `None` if it does not exist.
pub(super) type Resources<'a> = &'a dyn Fn(Kind, Id) -> Option<Box<str>>;

/// A document, its keys in the order they were sent.
pub(super) type Document = Map<String, Value>;

/// One thing wrong with a request: an entry of `errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) field: Option<String>,
}

impl Problem {
    /// A problem with the field at a dotted path.
    pub(super) fn at(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field.into()) }
    }

    /// A problem with the request as a whole.
    pub(super) fn of_request(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// The field at this dotted path is missing.
    pub(super) fn missing(field: &str) -> Self {
        let leaf = field.rsplit('.').next().unwrap_or(field);
        Self::at(field, "missing_required_field", format!("Expected field: {leaf} to be present."))
    }

    /// The field at this dotted path is not one of the words it may be.
    pub(super) fn not_in_enum(field: &str, value: &str) -> Self {
        let message = format!("`{value}` is not a valid enum value for path `{field}`.");
        Self::at(field, "invalid_field", message)
    }

    /// The field at this dotted path cannot be made a `wanted`.
    pub(super) fn cast(field: &str, wanted: &str, value: &Value) -> Self {
        let shown = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let message = format!("Cast to {wanted} failed for value \"{shown}\" at path \"{field}\"");
        Self::at(field, "invalid_field", message)
    }

    fn to_json(&self) -> Value {
        match &self.field {
            Some(field) => json!({ "field": field, "code": self.code, "message": self.message }),
            None => json!({ "code": self.code, "message": self.message }),
        }
    }
}

/// The error envelope around `problems`.
pub(super) fn envelope(problems: &[Problem]) -> Value {
    json!({ "errors": problems.iter().map(Problem::to_json).collect::<Vec<_>>() })
}

/// The value at a dotted path of object keys.
pub(super) fn dotted<'a>(document: &'a Document, path: &str) -> Option<&'a Value> {
    let mut keys = path.split('.');
    let first = document.get(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key))
}

/// Whether there is anything at a dotted path but null or an empty string.
pub(super) fn present(document: &Document, path: &str) -> bool {
    match dotted(document, path) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}
