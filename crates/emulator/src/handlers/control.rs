//! `/__emulator/`: what a harness in another process may ask and tell. Off unless it is enabled.

use std::sync::{Arc, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::reply::{self, Failure, Reply};
use crate::server::Server;

pub(super) async fn calls(State(server): State<Arc<Server>>) -> Reply {
    let calls = server.control.calls();
    Ok(reply::value(StatusCode::OK, &json!({ "total": server.control.total(), "calls": calls })))
}

pub(super) async fn reset(State(server): State<Arc<Server>>) -> Reply {
    server.control.reset();
    Ok(reply::nothing())
}

/// Adds one fault or an array of them.
pub(super) async fn add_faults(State(server): State<Arc<Server>>, body: Bytes) -> Reply {
    let faults = match super::json_body(&body)? {
        Value::Array(faults) => faults,
        one => vec![one],
    };
    let faults: Result<Vec<Fault>, _> = faults.into_iter().map(serde_json::from_value).collect();
    for fault in faults.map_err(|error| Failure::bad_json(error.to_string()))? {
        server.control.add_fault(fault).map_err(|error| Failure::bad_json(error.to_string()))?;
    }
    Ok(reply::nothing())
}

pub(super) async fn clear_faults(State(server): State<Arc<Server>>) -> Reply {
    server.control.clear_faults();
    Ok(reply::nothing())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Drain {
    account: String,
    calls: f64,
}

/// Takes calls out of the bucket of an account, as somebody else on it would.
pub(super) async fn drain(State(server): State<Arc<Server>>, body: Bytes) -> Reply {
    let drain: Drain = serde_json::from_slice(&body).map_err(|error| Failure::bad_json(error.to_string()))?;
    let caller = server.accounts.values().find(|caller| caller.record.name == drain.account);
    let caller = caller.ok_or_else(Failure::unknown_id)?;
    caller.bucket.lock().unwrap_or_else(PoisonError::into_inner).drain(drain.calls);
    Ok(reply::nothing())
}
