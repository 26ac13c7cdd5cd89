//! What is wrong with Mapper 2.0 entries, at every depth.

use serde_json::Value;

use super::Problem;

const DATA_TYPES: [&str; 9] = [
    "string",
    "number",
    "boolean",
    "object",
    "stringarray",
    "numberarray",
    "booleanarray",
    "objectarray",
    "arrayarray",
];

/// Checks `entries` and what is nested in them.
pub(super) fn check(entries: &[Value], requires_status: bool, problems: &mut Vec<Problem>) {
    for entry in entries {
        entry_alone(entry, requires_status, problems);
        if let Some(inner) = entry.get("mappings").and_then(Value::as_array) {
            check(inner, requires_status, problems);
        }
        for helper in entry.get("buildArrayHelper").and_then(Value::as_array).into_iter().flatten() {
            data_type(helper, "sourceDataType", problems);
            if let Some(inner) = helper.get("mappings").and_then(Value::as_array) {
                check(inner, requires_status, problems);
            }
        }
    }
}

fn entry_alone(entry: &Value, requires_status: bool, problems: &mut Vec<Problem>) {
    if !entry.is_object() {
        problems.push(Problem::cast("mappings", "Object", entry));
        return;
    }
    data_type(entry, "dataType", problems);
    data_type(entry, "sourceDataType", problems);
    let name = entry.get("generate").and_then(Value::as_str).unwrap_or_default();
    let filled = |key: &str| entry.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if entry.get("sourceDataType").is_some_and(|found| !found.is_null()) {
        for key in ["mappings", "buildArrayHelper"].into_iter().filter(|key| filled(key)) {
            let message =
                format!("sourceDataType should not be present if {key} field is present. Generate: {name}");
            problems.push(Problem::at("mappings", "unsupported_mapping", message));
        }
    }
    match entry.get("status") {
        None | Some(Value::Null) if requires_status => {
            let message = "Mapping object must have status field present.";
            problems.push(Problem::at("mappings", "missing_required_field", message));
        }
        Some(Value::String(status)) if status != "Active" && status != "Draft" => {
            problems.push(Problem::not_in_enum("mappings.status", status));
        }
        _ => {}
    }
}

fn data_type(entry: &Value, key: &str, problems: &mut Vec<Problem>) {
    match entry.get(key) {
        None | Some(Value::Null) => {}
        Some(Value::String(found)) if DATA_TYPES.contains(&found.as_str()) => {}
        Some(other) => {
            let shown = other.as_str().map_or_else(|| other.to_string(), ToOwned::to_owned);
            let message = format!("`{shown}` is not a valid enum value for path {key}");
            problems.push(Problem::at("mappings", "invalid_datatype_enum", message));
        }
    }
}
