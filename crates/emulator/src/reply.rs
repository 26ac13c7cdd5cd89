//! Answers: JSON, nothing, or the error envelope.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::error::EmulatorError;
use super::rules::{Problem, envelope};

/// The result of a handler.
pub(super) type Reply = Result<Response, Failure>;

/// Why a handler did not do what was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The request was refused.
    Refused(StatusCode, Vec<Problem>),
    /// The emulator itself failed.
    Broken(EmulatorError),
}

impl Failure {
    /// The request cannot be processed as it stands: 422.
    pub(super) fn unprocessable(problems: Vec<Problem>) -> Self {
        Self::Refused(StatusCode::UNPROCESSABLE_ENTITY, problems)
    }

    /// No resource has the id in the path.
    pub(super) fn unknown_id() -> Self {
        Self::Refused(StatusCode::NOT_FOUND, vec![bad_id()])
    }

    /// The path does not exist: no such list, no such call.
    pub(super) fn unknown_path() -> Self {
        let problem = Problem::of_request("not_found", "There is nothing at this path.");
        Self::Refused(StatusCode::NOT_FOUND, vec![problem])
    }

    /// The id in the path is invalid; the service's status for this is not known.
    pub(super) fn malformed_id(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        Self::Refused(status, vec![bad_id()])
    }

    /// Bad query parameters: 400.
    pub(super) fn query(message: &str) -> Self {
        let problem = Problem::of_request("invalid_query_params", message);
        Self::Refused(StatusCode::BAD_REQUEST, vec![problem])
    }

    /// A query for jobs that names no part of the account: 400.
    pub(super) fn jobs_query(message: &str) -> Self {
        Self::Refused(StatusCode::BAD_REQUEST, vec![Problem::of_request("invalid_query", message)])
    }

    /// The body is not the JSON it should be: 400.
    pub(super) fn bad_json(message: impl Into<String>) -> Self {
        Self::Refused(StatusCode::BAD_REQUEST, vec![Problem::of_request("invalid_json", message)])
    }

    /// The state of the resource does not allow it: 409.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::Refused(StatusCode::CONFLICT, vec![Problem::of_request("conflict", message)])
    }
}

fn bad_id() -> Problem {
    Problem::of_request("invalid_ref", "Please provide a valid _id.")
}

impl From<EmulatorError> for Failure {
    fn from(error: EmulatorError) -> Self {
        Self::Broken(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(status, problems) => value(status, &envelope(&problems)),
            Self::Broken(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the emulator failed");
                let problem = Problem::of_request("unexpected_error", error.to_string());
                value(StatusCode::INTERNAL_SERVER_ERROR, &envelope(&[problem]))
            }
        }
    }
}

/// JSON that is text already.
pub(super) fn text(status: StatusCode, text: Bytes) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// An answer whose body is JSON.
pub(super) fn value(status: StatusCode, value: &Value) -> Response {
    text(status, bytes(value))
}

/// The text of a value. Not through `Display`, which costs twice as much.
pub(super) fn bytes(value: &Value) -> Bytes {
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}

/// 204 and no body.
pub(super) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The bare 401, made before any handler: no envelope, no code.
pub(super) fn unauthorized(token_sent: bool) -> Response {
    let message = if token_sent { "Bearer Authentication Failed" } else { "Unauthorized" };
    value(StatusCode::UNAUTHORIZED, &json!({ "message": message }))
}

/// The answer to a call beyond the budget of the account.
pub(super) fn too_many(retry_after: Option<&str>) -> Response {
    let seconds = retry_after.unwrap_or("2");
    let problem =
        Problem::of_request("rate_limited", format!("Too many requests. Retry after {seconds} seconds."));
    let mut response = value(StatusCode::TOO_MANY_REQUESTS, &envelope(&[problem]));
    if let Some(header) = retry_after.and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert("retry-after", header);
    }
    response
}

/// An error envelope with one entry.
pub(super) fn refusal(status: StatusCode, code: &'static str, message: impl Into<String>) -> Response {
    value(status, &envelope(&[Problem::of_request(code, message)]))
}
