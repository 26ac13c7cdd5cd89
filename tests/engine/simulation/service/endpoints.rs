//! What calls are answered with.

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;
use transship::api::{ApiError, Call, ErrorKind, Method, Reply};

use super::state::{Effect, State};
use super::{Service, Who};

impl Service {
    /// Answers a call, and does what it asks for.
    pub(super) fn answer(&self, call: &Call, seen: Option<Instant>) -> Result<Reply, ApiError> {
        let mut state = self.state();
        let date = Some(state.node_time());
        let reply = |status: u16, body: String, next: Option<String>| {
            Ok(Reply { next, date, ..Reply::new(status, body) })
        };
        let not_found = || ApiError {
            status: Some(404),
            date,
            ..ApiError::new(call.method, &call.target, ErrorKind::NotFound, "there is no such import")
        };
        if call.method != Method::Get {
            let status = if call.method == Method::Post { 201 } else { 200 };
            let effect = effect_of(&mut state, call, seen).ok_or_else(not_found)?;
            let is_delete = matches!(effect, Effect::Delete { .. });
            let text = state.apply(effect).ok_or_else(not_found)?;
            return reply(if is_delete { 204 } else { status }, text, None);
        }
        match parts(call).as_slice() {
            ["tokenInfo"] => reply(200, json!({ "_userId": "u1" }).to_string(), None),
            ["imports"] => {
                let (text, next) = page(&mut state, call);
                if text.is_empty() { reply(204, text, None) } else { reply(200, text, next) }
            }
            ["imports", id] => {
                let found = state.documents.get_mut(*id).filter(|found| found.gone.is_none());
                let found = found.ok_or_else(not_found)?;
                found.read = Some(Instant::now());
                reply(200, found.text.clone(), None)
            }
            ["imports", _, "dependencies"] => reply(200, "{}".to_owned(), None),
            ["recycleBinTTL", "imports", id] => {
                let found = state.documents.get(*id).filter(|found| found.gone.is_some());
                reply(200, found.ok_or_else(not_found)?.text.clone(), None)
            }
            _ => reply(204, String::new(), None),
        }
    }

    /// Answers a create with an import that stood there before the story, as a service does that takes it for the same.
    pub(super) fn answer_with_another(&self) -> Option<Reply> {
        let mut state = self.state();
        let date = Some(state.node_time());
        let number = state.random.usize(..);
        let is_older = |id: &&String| state.standing(id).is_some_and(|found| found.by == Who::Before);
        let ids: Vec<&String> = state.order.iter().filter(is_older).collect();
        let id = ids.get(number.checked_rem(ids.len())?)?;
        let body = Bytes::from(state.documents[*id].text.clone());
        Some(Reply { date, ..Reply::new(201, body) })
    }
}

/// One page of the list of imports, and where the next one is.
fn page(state: &mut State, call: &Call) -> (String, Option<String>) {
    let query = call.target.split_once('?').map_or("", |(_, query)| query);
    let wanted = |key: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
    };
    if wanted("adaptorType").is_some() {
        return (String::new(), None);
    }
    let (lag, now, began) = (state.lag(), Instant::now(), state.began);
    let is_shown = |id: &&String| {
        let found = &state.documents[*id];
        // What stood there before the story is on every list, however far behind that is.
        found.gone.is_none() && (found.made == began || found.made + lag <= now)
    };
    let shown: Vec<String> = state.order.iter().filter(is_shown).cloned().collect();
    let skip: usize = wanted("skip").and_then(|skip| skip.parse().ok()).unwrap_or(0);
    let limit: usize = wanted("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1000);
    let page: Vec<&String> = shown.iter().skip(skip).take(limit).collect();
    if page.is_empty() {
        return (String::new(), None);
    }
    let texts: Vec<&str> = page.iter().map(|id| state.documents[*id].text.as_str()).collect();
    let end = skip + page.len();
    let next = (end < shown.len()).then(|| format!("/v1/imports?limit={limit}&skip={end}"));
    (format!("[{}]", texts.join(",")), next)
}

fn parts(call: &Call) -> Vec<&str> {
    let path = call.target.split('?').next().unwrap_or_default();
    path.trim_start_matches("/v1/").split('/').collect()
}

/// What a write does; `None` for one that there is not.
pub(super) fn effect_of(state: &mut State, call: &Call, seen: Option<Instant>) -> Option<Effect> {
    let body: Value =
        call.body.as_ref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or(Value::Null);
    let owned = |id: &str| id.to_owned();
    Some(match (call.method, parts(call).as_slice()) {
        (Method::Post, ["imports"]) => Effect::Create { id: state.new_id(), body },
        (Method::Post, ["imports", of, "clone"]) => Effect::Clone { of: owned(of), id: state.new_id(), body },
        (Method::Post, ["recycleBinTTL", "imports", id, ..]) => Effect::Restore { id: owned(id) },
        (Method::Put, ["imports", id]) => Effect::Update { id: owned(id), body, seen },
        (Method::Delete, ["imports", id]) => Effect::Delete { id: owned(id), seen },
        _ => return None,
    })
}
