//! Making a copy of an import, and showing beforehand what would be copied.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Document, Problem, Resources, managed};
use crate::store::{Id, Kind};

/// The copy of `source` that `request` asks for, without the service's own fields.
///
/// # Errors
///
/// When the connections named lead nowhere in the account, or the request is not what it should be.
pub(crate) fn copy(
    source: &Document,
    request: &Document,
    resources: Resources<'_>,
) -> Result<Document, Vec<Problem>> {
    let connections = connection_map(request, resources)?;
    let mut copy = source.clone();
    managed::strip(Kind::Imports, &mut copy);
    let name = match request.get("name") {
        Some(Value::String(name)) if !name.trim().is_empty() => name.clone(),
        Some(other) if !other.is_null() && !other.is_string() => {
            return Err(vec![Problem::cast("name", "String", other)]);
        }
        _ => format!("Clone - {}", source.get("name").and_then(Value::as_str).unwrap_or_default()),
    };
    copy.insert("name".into(), Value::String(name));
    if let Some(integration) = request.get("_integrationId").filter(|id| id.is_string()) {
        copy.insert("_integrationId".into(), integration.clone());
    }
    let mut copy = Value::Object(copy);
    map_connections(&mut copy, &connections);
    match copy {
        Value::Object(copy) => Ok(copy),
        _ => Ok(Document::new()),
    }
}

fn connection_map(
    request: &Document,
    resources: Resources<'_>,
) -> Result<HashMap<String, String>, Vec<Problem>> {
    let map = match request.get("connectionMap") {
        None | Some(Value::Null) => return Ok(HashMap::new()),
        Some(Value::Object(map)) => map,
        Some(other) => return Err(vec![Problem::cast("connectionMap", "Object", other)]),
    };
    let mut problems = Vec::new();
    let mut connections = HashMap::new();
    for (from, to) in map {
        let field = format!("connectionMap.{from}");
        match to.as_str().and_then(|text| Some((text, Id::parse(text)?))) {
            None => problems.push(Problem::cast(&field, "ObjectId", to)),
            Some((_, id)) if resources(Kind::Connections, id).is_none() => {
                problems.push(Problem::at(&field, "invalid_ref", format!("Invalid reference: {field}")));
            }
            Some((text, _)) => drop(connections.insert(from.clone(), text.to_owned())),
        }
    }
    if problems.is_empty() { Ok(connections) } else { Err(problems) }
}

fn map_connections(value: &mut Value, connections: &HashMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(id) if key == "_connectionId" || key == "_mcpConnectionId" => {
                        if let Some(other) = connections.get(id) {
                            id.clone_from(other);
                        }
                    }
                    _ => map_connections(inner, connections),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| map_connections(item, connections)),
        _ => {}
    }
}

/// What a clone of `import` would make, and the connection it would need.
pub(crate) fn preview(import: &Document, connection: Option<Value>) -> Value {
    let mut objects = vec![json!({ "model": "Import", "doc": import })];
    objects.extend(connection.map(|connection| json!({ "model": "Connection", "doc": connection })));
    json!({ "objects": objects, "stackRequired": names_stack(import.values()) })
}

fn names_stack<'a>(mut values: impl Iterator<Item = &'a Value>) -> bool {
    values.any(|value| match value {
        Value::Object(map) => map.contains_key("_stackId") || names_stack(map.values()),
        Value::Array(items) => names_stack(items.iter()),
        _ => false,
    })
}
