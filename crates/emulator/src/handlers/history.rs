//! What uses a resource, and what happened to it.

use axum::extract::{Path, Query as AxumQuery};
use axum::http::header::LINK;
use axum::http::{HeaderValue, StatusCode};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Context;
use crate::page::Query;
use crate::reply::{self, Failure, Reply};
use crate::rules::Document;
use crate::store::{From, Id, Kind};

/// Changes named in one audit entry at most.
const CHANGES: usize = 200;

/// Every resource that uses this one: its kind, id and name.
pub(super) fn users(context: &Context, kind: Kind, id: Id) -> Vec<(Kind, Id, Box<str>)> {
    let mut users = Vec::new();
    for user in [Kind::Flows, Kind::Integrations, Kind::Tools, Kind::Apis] {
        context.server.store.for_each(context.account(), user, |entry| {
            if entry.uses.binary_search(&id).is_ok() {
                users.push((user, entry.id, entry.name.clone()));
            }
        });
    }
    if kind == Kind::Connections || kind == Kind::Integrations {
        for user in [Kind::Imports, Kind::Exports] {
            context.server.store.for_each(context.account(), user, |entry| {
                let used = if kind == Kind::Connections { entry.connection } else { entry.integration };
                if used == Some(id) {
                    users.push((user, entry.id, entry.name.clone()));
                }
            });
        }
    }
    users
}

/// Every resource that uses this one in its configuration, as an import uses a script.
pub(super) fn referrers(context: &Context, kind: Kind, id: Id) -> Result<Vec<(Kind, Id, Box<str>)>, Failure> {
    let mut users = Vec::new();
    let configured =
        [Kind::Scripts, Kind::FileDefinitions, Kind::LookupCaches, Kind::AsyncHelpers, Kind::Stacks];
    if !configured.contains(&kind) {
        return Ok(users);
    }
    let wanted = format!("\"{id}\"");
    for user in [Kind::Imports, Kind::Exports, Kind::AsyncHelpers] {
        let collection = (context.account(), user);
        let places =
            context.server.store.places(collection, false, (From::Skip(0), usize::MAX), |_| true).places;
        context.server.store.read_many(collection, false, &places, |text| {
            if !std::str::from_utf8(text).is_ok_and(|text| text.contains(&wanted)) {
                return;
            }
            let Ok(document) = serde_json::from_slice::<Value>(text) else { return };
            let field = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
            if let Some(user_id) = Id::parse(field("_id")).filter(|user_id| *user_id != id) {
                users.push((user, user_id, field("name").into()));
            }
        })?;
    }
    Ok(users)
}

fn dependents(context: &Context, kind: Kind, id: &str) -> Reply {
    let id = context.id(id)?;
    if context.tag(kind, id).is_none() {
        return Err(Failure::unknown_id());
    }
    let mut by_list = Map::new();
    let all = users(context, kind, id).into_iter().chain(referrers(context, kind, id)?);
    for (kind, id, name) in all {
        let rows = by_list.entry(kind.list()).or_insert_with(|| json!([]));
        if let Value::Array(rows) = rows {
            rows.push(json!({ "id": id, "name": name }));
        }
    }
    Ok(reply::value(StatusCode::OK, &Value::Object(by_list)))
}

pub(super) async fn dependencies_of_import(context: Context, Path(id): Path<String>) -> Reply {
    dependents(&context, Kind::Imports, &id)
}

pub(super) async fn dependencies_of_integration(context: Context, Path(id): Path<String>) -> Reply {
    dependents(&context, Kind::Integrations, &id)
}

pub(super) async fn dependencies(context: Context, Path((list, id)): Path<(String, String)>) -> Reply {
    let kind = Kind::from_list(&list).ok_or_else(Failure::unknown_path)?;
    dependents(&context, kind, &id)
}

pub(super) async fn audit_of_import(context: Context, Path(id): Path<String>) -> Reply {
    entries_of(&context, &id)
}

pub(super) async fn audit_of(context: Context, Path((list, id)): Path<(String, String)>) -> Reply {
    Kind::from_list(&list).ok_or_else(Failure::unknown_path)?;
    entries_of(&context, &id)
}

fn entries_of(context: &Context, id: &str) -> Reply {
    let id = context.id(id)?;
    let mut rows = context.server.store.audit(context.account(), Some(id))?;
    rows.reverse();
    page(context, &rows)
}

/// The audit log of the account, newest first.
pub(super) async fn audit(context: Context, AxumQuery(filters): AxumQuery<Map<String, Value>>) -> Reply {
    let filter = |key: &str| filters.get(key).and_then(Value::as_str);
    let mut rows = Vec::new();
    for text in context.server.store.audit(context.account(), None)?.into_iter().rev() {
        let Ok(row) = serde_json::from_slice::<Value>(&text) else { continue };
        let field = |pointer: &str| row.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let equal = |key: &str, pointer: &str| filter(key).is_none_or(|wanted| wanted == field(pointer));
        let wanted = equal("resourceType", "/resourceType")
            && equal("_resourceId", "/_resourceId")
            && equal("_byUserId", "/byUser/_id")
            && equal("source", "/source")
            && equal("action", "/event")
            && filter("from").is_none_or(|from| field("/time") >= from)
            && filter("to").is_none_or(|to| field("/time") <= to);
        if wanted {
            rows.push(text);
        }
    }
    if let Some(offset) = filter("offset").and_then(|offset| offset.parse::<usize>().ok()) {
        rows.drain(..offset.min(rows.len()));
    }
    page(&context, &rows)
}

fn page(context: &Context, rows: &[Bytes]) -> Reply {
    let behaviour = &context.server.behaviour;
    let query = Query::parse(context.uri.query().unwrap_or_default(), behaviour)?;
    let start = match query.from {
        From::Skip(skip) => skip,
        From::Place(place) | From::UpTo(place) => usize::try_from(place).unwrap_or(usize::MAX),
    };
    let rest = rows.get(start..).unwrap_or_default();
    let shown = &rest[..rest.len().min(query.limit)];
    if shown.is_empty() {
        return Ok(reply::nothing());
    }
    let text = [b"[", shown.join(&b","[..]).as_slice(), b"]"].concat();
    let mut response = reply::text(StatusCode::OK, Bytes::from(text));
    let next = (start + shown.len()) as u64;
    let url = (context.origin.as_str(), context.uri.path());
    let link = query.link(url, behaviour.link, rest.len() > shown.len(), Some(next));
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// What differs between two documents, as the audit log names it.
pub(super) fn changes(old: &Document, new: &Document) -> Vec<Value> {
    let mut changes = Vec::new();
    compare("", old, new, &mut changes);
    changes.retain(|change| change.get("fieldPath").and_then(Value::as_str) != Some("lastModified"));
    changes.truncate(CHANGES);
    changes
}

fn compare(path: &str, old: &Document, new: &Document, changes: &mut Vec<Value>) {
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (old.get(key), new.get(key)) {
            (before, after) if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                compare(&path, before, after, changes);
            }
            (before, after) => {
                changes.push(json!({ "fieldPath": path, "oldValue": before, "newValue": after }));
            }
        }
    }
}
