//! Imports: create, read, replace, patch, delete, clone.

use axum::extract::Path;
use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Context, json_body, object, object_or_nothing};
use crate::behaviour::{CloneAnswer, ReplaceAnswer};
use crate::reply::{self, Failure, Reply};
use crate::rules::{Document, Problem, clone as cloning, defaults, managed, patch as patching, validate};
use crate::store::{Id, Kind, Op, Written};

const KIND: Kind = Kind::Imports;

/// Normalises and checks a document, fills it in and names its kind.
fn accept(context: &Context, document: &mut Document) -> Result<(), Failure> {
    let behaviour = &context.server.behaviour;
    defaults::make_lists(document);
    defaults::lower_case(document);
    let resources = |kind, id| context.tag(kind, id);
    let adaptor = validate::import(document, behaviour, &resources).map_err(Failure::unprocessable)?;
    defaults::fill(document, behaviour);
    document.insert("adaptorType".into(), Value::String(adaptor.name.to_owned()));
    Ok(())
}

async fn keep_new(context: &Context, mut document: Document, source: Option<Value>) -> Reply {
    let id = context.server.new_id();
    managed::assign(KIND, &mut document, id, &context.server.clock.stamp(), context.server.new_identifier());
    if let Some(source) = source {
        document.insert("_sourceId".into(), source);
    }
    context.create(KIND, id, document).await
}

pub(super) async fn create(context: Context, body: Bytes) -> Reply {
    let mut document = object(&body)?;
    accept(&context, &mut document)?;
    keep_new(&context, document, None).await
}

pub(super) async fn read(context: Context, Path(id): Path<String>) -> Reply {
    let (_, text) = context.text(KIND, context.id(&id)?)?;
    Ok(context.tagged(text))
}

pub(super) async fn update(context: Context, Path(id): Path<String>, body: Bytes) -> Reply {
    let id = context.id(&id)?;
    let sent = object(&body)?;
    loop {
        let (entry, old) = context.document(KIND, id)?;
        check_against(&context, &sent, &old, id)?;
        let mut document = sent.clone();
        keep_adaptor(&mut document, &old, context.server.behaviour.check_adaptor_type)?;
        accept(&context, &mut document)?;
        managed::inherit(KIND, &mut document, &old, &context.server.clock.stamp());
        if let Some(text) = context.replace(KIND, (&entry, &old), document).await? {
            return Ok(reply::text(StatusCode::OK, text));
        }
    }
}

/// The checks of a PUT that the service may or may not make.
fn check_against(context: &Context, sent: &Document, old: &Document, id: Id) -> Result<(), Failure> {
    let behaviour = &context.server.behaviour;
    let differs = |key: &str| sent.get(key).is_some_and(|value| old.get(key) != Some(value));
    if behaviour.put_checks_id && differs("_id") {
        let message = format!("The _id in the body is not {id}.");
        return Err(Failure::unprocessable(vec![Problem::at("_id", "invalid_field", message)]));
    }
    if behaviour.put_checks_last_modified && differs("lastModified") {
        return Err(Failure::conflict("The import was modified since it was read."));
    }
    Ok(())
}

/// The kind of an import is fixed when it is made; clients may leave it out.
fn keep_adaptor(document: &mut Document, old: &Document, check: bool) -> Result<(), Failure> {
    let Some(kind) = old.get("adaptorType") else { return Ok(()) };
    if check && document.get("adaptorType").is_some_and(|sent| !sent.is_null() && sent != kind) {
        let message = "adaptorType cannot be changed after creation";
        return Err(Failure::unprocessable(vec![Problem::at("adaptorType", "invalid_field", message)]));
    }
    document.insert("adaptorType".into(), kind.clone());
    Ok(())
}

pub(super) async fn patch(context: Context, Path(id): Path<String>, body: Bytes) -> Reply {
    let id = context.id(&id)?;
    let operations = json_body(&body)?;
    loop {
        let (entry, old) = context.document(KIND, id)?;
        let mut document = old.clone();
        patching::apply(&mut document, &operations).map_err(Failure::unprocessable)?;
        document.insert("lastModified".into(), Value::String(context.server.clock.stamp()));
        if context.replace(KIND, (&entry, &old), document).await?.is_some() {
            return Ok(reply::nothing());
        }
    }
}

pub(super) async fn delete(context: Context, Path(id): Path<String>) -> Reply {
    let id = context.id(&id)?;
    if context.server.store.entry(context.account(), KIND, id).is_none() {
        return Err(Failure::unknown_id());
    }
    let users = super::history::users(&context, KIND, id);
    let flows = users.iter().filter(|user| user.0 == Kind::Flows).count();
    if context.server.behaviour.delete_in_use_conflicts && !users.is_empty() {
        let by = if flows == users.len() { "flows" } else { "resources" };
        return Err(Failure::conflict(format!("Import is used by {} {by}", users.len())));
    }
    let at = context.server.clock.now().as_millisecond();
    let ops = vec![Op::Delete { kind: KIND, id, at }, context.audit(KIND, id, "delete", &json!([]))];
    match context.server.store.write(context.account(), ops).await? {
        Written::Done => Ok(reply::nothing()),
        Written::Gone | Written::Moved => Err(Failure::unknown_id()),
    }
}

pub(super) async fn clone(context: Context, Path(id): Path<String>, body: Bytes) -> Reply {
    let (_, source) = context.document(KIND, context.id(&id)?)?;
    let request = object_or_nothing(&body)?;
    let mut copy = cloning::copy(&source, &request, &|kind, id| context.tag(kind, id))
        .map_err(Failure::unprocessable)?;
    accept(&context, &mut copy)?;
    let response = keep_new(&context, copy, source.get("_id").cloned()).await?;
    match context.server.behaviour.clone_answer {
        CloneAnswer::Document => Ok(response),
        CloneAnswer::Array => {
            let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
            let made = super::stored(&text)?;
            let row = json!([{ "model": "Import", "_id": made.get("_id"), "name": made.get("name") }]);
            Ok(reply::value(StatusCode::CREATED, &row))
        }
    }
}

pub(super) async fn clone_preview(context: Context, Path(id): Path<String>) -> Reply {
    let (entry, import) = context.document(KIND, context.id(&id)?)?;
    let connection = match entry.connection {
        Some(id) => context.document(Kind::Connections, id).ok().map(|(_, document)| Value::Object(document)),
        None => None,
    };
    Ok(reply::value(StatusCode::OK, &cloning::preview(&import, connection)))
}

pub(super) async fn replace_connection(context: Context, Path(id): Path<String>, body: Bytes) -> Reply {
    let id = context.id(&id)?;
    let request = object(&body)?;
    let refused = |problem| Err(Failure::unprocessable(vec![problem]));
    let key = "_newConnectionId";
    let wanted = match request.get(key) {
        None | Some(Value::Null) => return refused(Problem::missing(key)),
        Some(wanted) => wanted,
    };
    match wanted.as_str().and_then(Id::parse) {
        None => return refused(Problem::cast(key, "ObjectId", wanted)),
        Some(new) if context.tag(Kind::Connections, new).is_none() => {
            return refused(Problem::at(key, "invalid_ref", format!("Invalid reference: {key}")));
        }
        Some(_) => {}
    }
    loop {
        let (entry, old) = context.document(KIND, id)?;
        let mut document = old.clone();
        document.insert("_connectionId".into(), wanted.clone());
        document.insert("lastModified".into(), Value::String(context.server.clock.stamp()));
        if let Some(text) = context.replace(KIND, (&entry, &old), document).await? {
            return Ok(match context.server.behaviour.replace_connection_answer {
                ReplaceAnswer::Document => reply::text(StatusCode::OK, text),
                ReplaceAnswer::Empty => reply::value(StatusCode::OK, &json!({})),
            });
        }
    }
}

/// Answers as if every record had been imported; nothing is sent anywhere.
pub(super) async fn invoke(context: Context, Path(id): Path<String>, body: Bytes) -> Reply {
    context.text(KIND, context.id(&id)?)?;
    let Value::Array(records) = json_body(&body)? else {
        return Err(Failure::bad_json("The request body must be an array of records."));
    };
    let result =
        |record: &Value| json!({ "statusCode": 200, "id": record.get("id"), "ignored": false, "errors": [] });
    let results: Vec<Value> = records.iter().map(result).collect();
    Ok(reply::value(StatusCode::OK, &Value::Array(results)))
}

const DISTRIBUTED: &str = "netsuite_da";

pub(super) async fn distributed(context: Context, Path(id): Path<String>) -> Reply {
    let (_, import) = context.document(KIND, context.id(&id)?)?;
    let block = import.get(DISTRIBUTED).ok_or_else(Failure::unknown_id)?;
    Ok(reply::value(StatusCode::OK, block))
}

pub(super) async fn set_distributed(context: Context, Path(id): Path<String>, body: Bytes) -> Reply {
    let id = context.id(&id)?;
    let block = object(&body)?;
    loop {
        let (entry, old) = context.document(KIND, id)?;
        let mut document = old.clone();
        document.insert(DISTRIBUTED.into(), Value::Object(block.clone()));
        accept(&context, &mut document)?;
        document.insert("lastModified".into(), Value::String(context.server.clock.stamp()));
        let kept = document.get(DISTRIBUTED).cloned().unwrap_or_default();
        if context.replace(KIND, (&entry, &old), document).await?.is_some() {
            return Ok(reply::value(StatusCode::OK, &kept));
        }
    }
}
