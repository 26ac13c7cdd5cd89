//! The recycle bin: what was deleted in the last days, to be read, restored or purged.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Context, stored};
use crate::reply::{self, Failure, Reply};
use crate::store::{From, Id, Kind, Op, Written};

const DAY: i64 = 86_400_000;

/// The first millisecond whose deletions are still kept.
fn oldest(context: &Context) -> i64 {
    let server = &context.server;
    server.clock.now().as_millisecond() - server.behaviour.recycle_days.saturating_mul(DAY)
}

fn bin(context: &Context, kind: Kind) -> Result<Vec<Value>, Failure> {
    let oldest = oldest(context);
    let store = &context.server.store;
    let collection = (context.account(), kind);
    let kept = |deleted: Option<i64>| deleted.is_some_and(|at| at >= oldest);
    let places =
        store.places(collection, true, (From::Skip(0), usize::MAX), |entry| kept(entry.deleted)).places;
    let mut rows = Vec::new();
    store.read_many(collection, true, &places, |text| {
        if let Ok(document) = serde_json::from_slice::<Value>(text) {
            rows.push(json!({ "model": kind.model(), "doc": document }));
        }
    })?;
    Ok(rows)
}

fn answer(rows: Vec<Value>) -> Response {
    if rows.is_empty() { reply::nothing() } else { reply::value(StatusCode::OK, &Value::Array(rows)) }
}

pub(super) async fn all(context: Context) -> Reply {
    let mut rows = Vec::new();
    for kind in Kind::all() {
        rows.append(&mut bin(&context, kind)?);
    }
    Ok(answer(rows))
}

fn kind(list: &str) -> Result<Kind, Failure> {
    Kind::from_list(list).ok_or_else(Failure::unknown_id)
}

pub(super) async fn list(context: Context, Path(list): Path<String>) -> Reply {
    Ok(answer(bin(&context, kind(&list)?)?))
}

pub(super) async fn read(context: Context, Path((list, id)): Path<(String, String)>) -> Reply {
    let (kind, id) = kept(&context, &list, &id)?;
    let found = context.server.store.read((context.account(), kind, id), true)?;
    let (_, text) = found.ok_or_else(Failure::unknown_id)?;
    let row = json!({ "model": kind.model(), "doc": stored(&text)? });
    Ok(reply::value(StatusCode::OK, &row))
}

pub(super) async fn restore(context: Context, Path((list, id)): Path<(String, String)>) -> Reply {
    let (kind, id) = kept(&context, &list, &id)?;
    end(&context, vec![Op::Restore { kind, id }, context.audit(kind, id, "restore", &json!([]))]).await
}

pub(super) async fn purge(context: Context, Path((list, id)): Path<(String, String)>) -> Reply {
    let (kind, id) = kept(&context, &list, &id)?;
    end(&context, vec![Op::Purge { kind, id }, context.audit(kind, id, "purge", &json!([]))]).await
}

/// Something that is in the bin and not too old.
fn kept(context: &Context, list: &str, id: &str) -> Result<(Kind, Id), Failure> {
    let (kind, id) = (kind(list)?, context.id(id)?);
    let found = context.server.store.read((context.account(), kind, id), true)?;
    let fresh = found.and_then(|(entry, _)| entry.deleted).is_some_and(|at| at >= oldest(context));
    if fresh { Ok((kind, id)) } else { Err(Failure::unknown_id()) }
}

async fn end(context: &Context, ops: Vec<Op>) -> Reply {
    match context.server.store.write(context.account(), ops).await? {
        Written::Done => Ok(reply::nothing()),
        Written::Gone | Written::Moved => Err(Failure::unknown_id()),
    }
}
