//! References of a document to other resources of its account.

use serde_json::Value;

use super::{Document, Problem, Resources};
use crate::store::{Id, Kind};

/// Keys that hold an id wherever they stand.
pub(crate) const EVERYWHERE: [(&str, Kind); 9] = [
    ("_scriptId", Kind::Scripts),
    ("_stackId", Kind::Stacks),
    ("_fileDefinitionId", Kind::FileDefinitions),
    ("_lookupCacheId", Kind::LookupCaches),
    ("_asyncHelperId", Kind::AsyncHelpers),
    ("_mcpConnectionId", Kind::Connections),
    ("_toolId", Kind::Tools),
    ("_importId", Kind::Imports),
    ("_exportId", Kind::Exports),
];
/// Keys that hold an id at the top of a document only.
pub(crate) const AT_THE_TOP: [(&str, Kind); 3] = [
    ("_connectionId", Kind::Connections),
    ("_integrationId", Kind::Integrations),
    ("_ediProfileId", Kind::EdiProfiles),
];
/// Free content, in which a key of those names means nothing to the service.
pub(crate) const OPAQUE: [&str; 10] = [
    "settings",
    "configuration",
    "overrides",
    "mockResponse",
    "mockOutput",
    "sampleData",
    "sampleResponseData",
    "rawOverride",
    "assistantMetadata",
    "map",
];

/// Adds a problem for every reference that is not an id or names no resource.
pub(super) fn check(document: &Document, resources: Resources<'_>, problems: &mut Vec<Problem>) {
    for (key, kind) in AT_THE_TOP {
        if let Some(value) = document.get(key) {
            reference(key, kind, value, resources, problems);
        }
    }
    let mut path = String::new();
    for (key, value) in document {
        enter(key, value, &mut path, resources, problems);
    }
}

fn enter(key: &str, value: &Value, path: &mut String, resources: Resources<'_>, problems: &mut Vec<Problem>) {
    if OPAQUE.contains(&key) {
        return;
    }
    let length = path.len();
    if length > 0 {
        path.push('.');
    }
    path.push_str(key);
    match EVERYWHERE.iter().find(|row| row.0 == key) {
        Some((_, kind)) => reference(path, *kind, value, resources, problems),
        None => walk(value, path, resources, problems),
    }
    path.truncate(length);
}

fn walk(value: &Value, path: &mut String, resources: Resources<'_>, problems: &mut Vec<Problem>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                enter(key, value, path, resources, problems);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (at, item) in items.iter().enumerate() {
                let length = path.len();
                path.push('.');
                path.push_str(&at.to_string());
                walk(item, path, resources, problems);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn reference(path: &str, kind: Kind, value: &Value, resources: Resources<'_>, problems: &mut Vec<Problem>) {
    if value.is_null() || value.as_str().is_some_and(str::is_empty) {
        return;
    }
    let Some(id) = value.as_str().and_then(Id::parse) else {
        problems.push(Problem::cast(path, "ObjectId", value));
        return;
    };
    if resources(kind, id).is_none() {
        let message = if kind == Kind::Scripts {
            format!(
                "Only a script owned by the user or a script shared by the Integration App can be used at {path}."
            )
        } else {
            format!("Invalid reference: {path}")
        };
        problems.push(Problem::at(path, "invalid_ref", message));
    }
}
