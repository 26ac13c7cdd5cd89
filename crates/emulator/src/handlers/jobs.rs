//! Jobs of flows: those in progress, and those that a query asks for.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{Context, object_or_nothing};
use crate::reply::{self, Failure, Reply};
use crate::store::Kind;

/// How many jobs one answer holds.
const PAGE: usize = 1000;

/// The jobs in progress, of the flows or integrations that the request names, or of all.
pub(super) async fn current_jobs(context: Context, body: Bytes) -> Reply {
    let request = object_or_nothing(&body)?;
    let named = |key: &str| -> Option<Vec<String>> {
        let list = request.get(key)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let (flows, integrations, statuses) = (named("_flowIds"), named("_integrationIds"), named("status"));
    let mut ids = Vec::new();
    context.server.store.for_each(context.account(), Kind::Jobs, |entry| ids.push(entry.id));
    let mut jobs = Vec::new();
    for id in ids {
        let Ok((_, job)) = context.document(Kind::Jobs, id) else { continue };
        let text = |key: &str| job.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_in = |list: &Option<Vec<String>>, key: &str| {
            list.as_ref().is_none_or(|list| list.iter().any(|wanted| wanted == text(key)))
        };
        let active = ["queued", "running", "retrying", "canceling"].contains(&text("status"));
        if active
            && is_in(&flows, "_flowId")
            && is_in(&integrations, "_integrationId")
            && is_in(&statuses, "status")
        {
            jobs.push(Value::Object(job));
        }
    }
    Ok(reply::value(StatusCode::OK, &json!({ "jobs": jobs })))
}

/// The jobs that the query asks for, newest first. A query that names no part of the account is refused: 400.
pub(super) fn list(context: &Context) -> Reply {
    let query = context.uri.query().unwrap_or_default();
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let has = |keys: &[&str]| pairs.iter().any(|(key, _)| keys.contains(&key.as_str()));
    let child = pairs.iter().any(|(key, value)| {
        matches!(key.as_str(), "type" | "type_in")
            && value.split(',').all(|one| matches!(one, "export" | "import"))
    });
    let own = has(&["_exportId", "_importId", "_flowJobId"]);
    let wide = has(&["_integrationId", "_flowId", "_flowId_in", "createdAt_gte", "createdAt_lte"]);
    if !(own || wide && !child) {
        let message = if child {
            "Please provide one of _flowJobId, _exportId or _importId in the request query."
        } else {
            "Please provide one of _integrationId, _flowId, _exportId, _importId, _flowJobId or createdAt in the request query."
        };
        return Err(Failure::jobs_query(message));
    }
    let mut ids = Vec::new();
    context.server.store.for_each(context.account(), Kind::Jobs, |entry| ids.push(entry.id));
    let documents = ids.into_iter().filter_map(|id| context.document(Kind::Jobs, id).ok());
    let mut jobs: Vec<_> = documents.map(|(_, job)| job).filter(|job| is_asked_for(job, &pairs)).collect();
    let made = |job: &Map<String, Value>| text(job, "createdAt").to_owned();
    jobs.sort_by_key(|job| std::cmp::Reverse(made(job)));
    jobs.truncate(PAGE);
    if jobs.is_empty() {
        return Ok(reply::nothing());
    }
    Ok(reply::value(StatusCode::OK, &json!(jobs)))
}

fn text<'j>(job: &'j Map<String, Value>, key: &str) -> &'j str {
    job.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the filters accept a job; a key that is not a filter of jobs is ignored.
fn is_asked_for(job: &Map<String, Value>, pairs: &[(String, String)]) -> bool {
    pairs.iter().all(|(key, value)| match key.as_str() {
        "_integrationId" | "_flowId" | "_exportId" | "_importId" | "_flowJobId" | "_parentJobId"
        | "status" | "type" => text(job, key) == value,
        "_flowId_in" | "type_in" => value.split(',').any(|one| one == text(job, &key[..key.len() - 3])),
        "createdAt_gte" | "startedAt_gte" => text(job, &key[..key.len() - 4]) >= value.as_str(),
        "createdAt_lte" | "startedAt_lte" => text(job, &key[..key.len() - 4]) <= value.as_str(),
        _ => true,
    })
}
