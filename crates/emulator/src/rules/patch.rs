//! The two fields of an import that can be patched.

use jiff::Timestamp;
use serde_json::Value;

use super::{Document, Problem};
use crate::clock::iso;

/// Applies a JSON Patch to an import.
///
/// # Errors
///
/// Every operation that is not allowed; the document is then to be thrown away.
pub(crate) fn apply(document: &mut Document, patch: &Value) -> Result<(), Vec<Problem>> {
    let Some(operations) = patch.as_array() else {
        return Err(vec![Problem::of_request("invalid_patch", "The patch must be an array of operations.")]);
    };
    let problems: Vec<_> =
        operations.iter().filter_map(|operation| operate(document, operation).err()).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn operate(document: &mut Document, operation: &Value) -> Result<(), Problem> {
    let text = |key: &str| operation.get(key).and_then(Value::as_str).unwrap_or_default();
    let path = text("path");
    let key = match path {
        "/debugUntil" => "debugUntil",
        "/assistantMetadata" => "assistantMetadata",
        _ => {
            let message = format!("The path {path} cannot be patched.");
            return Err(Problem::of_request("invalid_patch", message));
        }
    };
    match (text("op"), operation.get("value")) {
        ("remove", _) => drop(document.shift_remove(key)),
        ("add" | "replace", Some(value)) if key == "debugUntil" => {
            let instant = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
            let instant = instant.ok_or_else(|| Problem::cast(key, "Date", value))?;
            document.insert(key.into(), Value::String(iso(instant)));
        }
        ("add" | "replace", Some(value)) => drop(document.insert(key.into(), value.clone())),
        (op, _) => {
            let message = format!("The operation {op} on {path} is not valid.");
            return Err(Problem::of_request("invalid_patch", message));
        }
    }
    Ok(())
}
