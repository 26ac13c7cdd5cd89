//! Everything that is not an import: connections, scripts, integrations, flows, caches and the rest.

use axum::extract::Path;
use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};

use super::lists::CACHE_DATA;
use super::{Context, object, object_or_nothing, shown};
use crate::reply::{self, Failure, Reply};
use crate::rules::{Document, managed, validate};
use crate::store::{Id, Kind, Op, Written};

pub(super) async fn token_info(context: Context) -> Reply {
    let info = json!({ "_userId": context.caller.record.user_id, "scope": "*" });
    Ok(reply::value(StatusCode::OK, &info))
}

fn kind(list: &str) -> Result<Kind, Failure> {
    Kind::from_list(list).ok_or_else(Failure::unknown_path)
}

fn accept(context: &Context, kind: Kind, document: &mut Document) -> Result<(), Failure> {
    let resources = |kind, id| context.tag(kind, id);
    let problems = validate::other(kind, document, &context.server.behaviour, &resources);
    if !problems.is_empty() {
        return Err(Failure::unprocessable(problems));
    }
    if kind == Kind::Connections {
        document.values_mut().for_each(managed::mask);
    }
    Ok(())
}

/// Creates a resource, or runs the import whose `apiIdentifier` is the path.
pub(super) async fn create(context: Context, Path(list): Path<String>, body: Bytes) -> Reply {
    let kind = kind(&list)?;
    let mut document = object(&body)?;
    accept(&context, kind, &mut document)?;
    let id = context.server.new_id();
    managed::assign(kind, &mut document, id, &context.server.clock.stamp(), String::new());
    let response = context.create(kind, id, document).await?;
    if kind == Kind::Scripts && context.server.behaviour.post_script_hides_content {
        let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        let mut answer = super::stored(&text)?;
        answer.shift_remove("content");
        return Ok(reply::value(StatusCode::CREATED, &Value::Object(answer)));
    }
    Ok(response)
}

pub(super) async fn read(context: Context, Path((list, id)): Path<(String, String)>) -> Reply {
    let kind = kind(&list)?;
    let (_, text) = context.text(kind, context.id(&id)?)?;
    shown(&context, kind, text)
}

pub(super) async fn update(context: Context, Path((list, id)): Path<(String, String)>, body: Bytes) -> Reply {
    let kind = kind(&list)?;
    let id = context.id(&id)?;
    let sent = object(&body)?;
    loop {
        let (entry, old) = context.document(kind, id)?;
        let mut document = sent.clone();
        accept(&context, kind, &mut document)?;
        managed::inherit(kind, &mut document, &old, &context.server.clock.stamp());
        if let Some(data) = old.get(CACHE_DATA).filter(|_| kind == Kind::LookupCaches) {
            document.insert(CACHE_DATA.into(), data.clone());
        }
        if let Some(text) = context.replace(kind, (&entry, &old), document).await? {
            if kind == Kind::Scripts && context.server.behaviour.put_script_hides_content {
                let mut answer = super::stored(&text)?;
                answer.shift_remove("content");
                return Ok(reply::value(StatusCode::OK, &Value::Object(answer)));
            }
            return shown(&context, kind, text);
        }
    }
}

pub(super) async fn delete(context: Context, Path((list, id)): Path<(String, String)>) -> Reply {
    let kind = kind(&list)?;
    let id = context.id(&id)?;
    let mut users = super::history::users(&context, kind, id);
    users.extend(super::history::referrers(&context, kind, id)?);
    if context.server.behaviour.delete_in_use_conflicts && !users.is_empty() {
        let message = format!("{} is used by {} resources", kind.model(), users.len());
        return Err(Failure::conflict(message));
    }
    let at = context.server.clock.now().as_millisecond();
    let ops = vec![Op::Delete { kind, id, at }, context.audit(kind, id, "delete", &json!([]))];
    match context.server.store.write(context.account(), ops).await? {
        Written::Done => Ok(reply::nothing()),
        Written::Gone | Written::Moved => Err(Failure::unknown_id()),
    }
}

/// The exports and imports of a flow, in full.
pub(super) async fn descendants(context: Context, Path(id): Path<String>) -> Reply {
    let (entry, _) = context.text(Kind::Flows, context.id(&id)?)?;
    let of = |kind: Kind| -> Vec<Value> {
        let found = entry.uses.iter().filter_map(|id: &Id| context.document(kind, *id).ok());
        found.map(|(_, document)| Value::Object(document)).collect()
    };
    let all = json!({ "exports": of(Kind::Exports), "imports": of(Kind::Imports) });
    Ok(reply::value(StatusCode::OK, &all))
}

/// The entries of a lookup cache; those of `keys` only, if the request names any.
pub(super) async fn cache_data(context: Context, Path(id): Path<String>, body: Bytes) -> Reply {
    let (_, cache) = context.document(Kind::LookupCaches, context.id(&id)?)?;
    let request = object_or_nothing(&body)?;
    let keys = request.get("keys").and_then(Value::as_array);
    let entries = cache.get(CACHE_DATA).and_then(Value::as_array).into_iter().flatten();
    let wanted = entries
        .filter(|entry| keys.is_none_or(|keys| entry.get("key").is_some_and(|key| keys.contains(key))));
    Ok(reply::value(StatusCode::OK, &json!({ "data": wanted.collect::<Vec<_>>() })))
}
