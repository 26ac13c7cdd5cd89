//! Turns the status, headers and body of an answer into a [`Reply`] or an [`ApiError`]. Pure, no I/O.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::begun::larger_than;
use super::error::clean;
use super::refusal::{self, Refusal};
use super::split::MARK;
use super::{
    ApiError, AwaySign, Call, ErrorKind, LongPage, Method, PageError, Problem, Reply, Token, TooLargeSign,
    link,
};
use crate::documents::document::escape_bytes;

/// The longest pause that is taken from a `Retry-After`.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// The pause after a 429 without `Retry-After`.
pub(super) const DEFAULT_PAUSE: Duration = Duration::from_secs(2);

/// The largest body that is searched for a message, in bytes. A larger one holds documents.
const MOST_SAID: usize = 64 << 10;

/// An answer as it came from the wire.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `Date`, as sent.
    pub(super) date: Option<String>,
    /// `Retry-After`, as sent.
    pub(super) retry_after: Option<String>,
    /// `Link`, one entry per header.
    pub(super) links: Vec<String>,
    /// `Location` of a redirect.
    pub(super) location: Option<String>,
    /// `Content-Type`, as sent.
    pub(super) content_type: Option<String>,
    pub(super) body: Body,
}

/// A body, or why it is missing.
#[derive(Debug)]
pub(super) enum Body {
    Whole(Bytes),
    /// A page of a list that is too long for memory, or why it cannot be read.
    Long(Result<LongPage, Arc<PageError>>),
    /// Larger than the bound: the bound, and the beginning of the body. If one document of a page is too large, the
    /// beginning of that document.
    TooLarge(usize, Bytes),
    /// The body ended early. Holds what happened, for people.
    Cut(String),
    /// The time limit of the call ran out while the body was arriving.
    TimedOut,
}

impl Body {
    /// The same without the byte-order mark at its beginning.
    fn unmarked(self) -> Self {
        match self {
            Self::Whole(body) if body.starts_with(&MARK) => Self::Whole(body.slice(MARK.len()..)),
            other => other,
        }
    }

    /// The bytes that arrived, unless the end was lost on the way.
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Whole(body) | Self::TooLarge(_, body) => Some(body),
            Self::Long(_) | Self::Cut(_) | Self::TimedOut => None,
        }
    }
}

/// Decides what the answer to `call`, sent to `url`, means.
pub(super) fn judge(call: &Call, url: &Url, answer: Answer, token: &Token) -> Result<Reply, ApiError> {
    let answer = Answer { body: answer.body.unmarked(), ..answer };
    let date = answer.date.as_deref().and_then(http_date);
    let status = answer.status;
    let fail = |kind, summary: String| ApiError {
        status: Some(status),
        date,
        ..ApiError::new(call.method, &call.target, kind, token.redact(summary))
    };
    let too_large = sign_of_size(status, &answer.body);
    match status {
        200..=299 => accept(call, url, answer, date, token)
            .map_err(|(kind, summary)| ApiError { too_large, ..fail(kind, summary) }),
        300..=399 => {
            let host = answer.location.and_then(|to| url.join(&to).ok()).map(|to| link::host(&to));
            let host = clean(&host.unwrap_or_else(|| "another address".to_owned()), 200);
            Err(fail(
                ErrorKind::Broken,
                format!(
                    "{status}, a redirect to {host}; redirects are not followed: sign in there if it is a login page, \
                     or correct the account's url"
                ),
            ))
        }
        _ => {
            let refusal = Refusal::read(status, answer.content_type.as_deref(), answer.body.bytes(), token);
            let kind = kind_of(call, status, &refusal.problems);
            let retry_after = answer.retry_after.as_deref().and_then(|text| pause(text, date));
            let retry_after = retry_after.or((kind == ErrorKind::Throttled).then_some(DEFAULT_PAUSE));
            let away = matches!(status, 502..=504).then_some(AwaySign::Busy);
            let problems = refusal.problems;
            Err(ApiError { problems, retry_after, away, too_large, ..fail(kind, refusal.summary) })
        }
    }
}

/// Whether an unusable answer is a sign that the call asked for too much.
fn sign_of_size(status: u16, body: &Body) -> Option<TooLargeSign> {
    match (status, body) {
        (400 | 413 | 414 | 422 | 431, _) | (200..=299, Body::TooLarge(..) | Body::TimedOut) => {
            Some(TooLargeSign::Certain)
        }
        (408 | 500.., _) | (200..=299, Body::Cut(_)) => Some(TooLargeSign::Possible),
        _ => None,
    }
}

fn accept(
    call: &Call,
    url: &Url,
    answer: Answer,
    date: Option<Timestamp>,
    token: &Token,
) -> Result<Reply, (ErrorKind, String)> {
    let reads = call.reads();
    // A write that was answered with 2xx has most likely had its effect: an unreadable answer leaves it in doubt.
    let unclear = if reads { ErrorKind::Broken } else { ErrorKind::InDoubt };
    let mut page = None;
    let body = match answer.body {
        Body::Whole(body) => body,
        Body::Long(long) => {
            page = Some(long);
            Bytes::new()
        }
        // DELETE is answered with 204, or with 200 and any body: only the status counts.
        _ if call.method == Method::Delete => Bytes::new(),
        Body::TooLarge(bound, begun) => return Err((unclear, larger_than(bound, &begun))),
        Body::Cut(why) => return Err((unclear, format!("the answer was cut short: {why}"))),
        Body::TimedOut => return Err((ErrorKind::InDoubt, "the answer did not end in time".to_owned())),
    };
    // Bytes that are not UTF-8 are a problem with the one document that holds them, not with a whole page.
    let body = match escape_bytes(&body) {
        Cow::Borrowed(_) => body,
        Cow::Owned(text) => Bytes::from(text),
    };
    match shape(&body) {
        // The reader has already decided whether this is an array.
        _ if page.is_some() => {}
        Shape::Json if is_error_envelope(&body) => {
            let said = Refusal::read(answer.status, None, Some(&body), token).summary;
            return Err((
                unclear,
                format!("the service answered {} but with an error: {said}", answer.status),
            ));
        }
        Shape::Json => {}
        // A login page in place of an answer is a broken answer.
        Shape::Other if refusal::looks_like_html(&String::from_utf8_lossy(&body)) => {
            let what = refusal::page(answer.status, answer.content_type.as_deref(), &body);
            return Err((unclear, format!("answered {what}; this is not the service")));
        }
        _ if call.method == Method::Delete => {}
        Shape::Empty if answer.status == 204 => {}
        Shape::Empty => return Err((unclear, format!("answered {} without a body", answer.status))),
        Shape::Other => {
            let what = refusal::page(answer.status, answer.content_type.as_deref(), &body);
            return Err((unclear, format!("answered {what}; this is not the service")));
        }
    }
    let next = if reads && !answer.links.is_empty() {
        link::next(url, &answer.links).map_err(|error| (ErrorKind::Broken, error.to_string()))?
    } else {
        None
    };
    let names_an_id =
        page.is_some() || body.len() > MOST_SAID || memchr::memmem::find(&body, b"\"_id\"").is_some();
    let said = (!names_an_id).then(|| {
        let what = refusal::page(answer.status, answer.content_type.as_deref(), &body);
        token.redact(format!("answered {what}")).into()
    });
    Ok(Reply { status: answer.status, body, page, next, date, attempts: 1, said })
}

enum Shape {
    Empty,
    Json,
    Other,
}

/// Looks at both ends only: the reader of the document parses it anyway and finds what is wrong in between.
fn shape(body: &[u8]) -> Shape {
    let body = body.trim_ascii();
    match (body.first(), body.last()) {
        (None, _) => Shape::Empty,
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => Shape::Json,
        _ => Shape::Other,
    }
}

/// Whether a body is `{"errors":[...]}` without an `_id`: a document may have a field called `errors`.
fn is_error_envelope(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Envelope {
        errors: Vec<serde::de::IgnoredAny>,
        #[serde(rename = "_id")]
        id: Option<serde::de::IgnoredAny>,
    }
    let start = body.trim_ascii_start();
    if start.first() != Some(&b'{') || !start[1..].trim_ascii_start().starts_with(b"\"errors\"") {
        return false;
    }
    serde_json::from_slice::<Envelope>(body)
        .is_ok_and(|envelope| envelope.id.is_none() && !envelope.errors.is_empty())
}

fn kind_of(call: &Call, status: u16, problems: &[Problem]) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthorized,
        404 => ErrorKind::NotFound,
        410 if names_an_id(&call.target) => ErrorKind::NotFound,
        429 => ErrorKind::Throttled,
        // "Too early" (RFC 8470): the service did not want to risk handling the call.
        425 => ErrorKind::NotSent,
        400 | 422 if names_an_id(&call.target) && problems.iter().any(is_unknown_id) => ErrorKind::NotFound,
        // Two deliveries of one create may have met, and one of them was carried out. A PUT or DELETE changes a
        // resource by id: its conflict is mostly with something else, and the sender can look it up. A read has no
        // conflict of its own, and is repeated.
        409 if call.method == Method::Post || call.reads() => ErrorKind::InDoubt,
        408 | 500.. => ErrorKind::InDoubt,
        _ => ErrorKind::Refused,
    }
}

/// Whether the path goes below a list: `/v1/imports/{id}...`.
fn names_an_id(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    path.split_once("/v1/").is_some_and(|(_, rest)| rest.trim_end_matches('/').contains('/'))
}

/// Whether the problem is that the id in the path is not valid or not visible. A bad reference in a body names its
/// field.
fn is_unknown_id(problem: &Problem) -> bool {
    problem.code == "invalid_ref"
        && problem.field.as_deref().is_none_or(|field| field == "_id")
        && problem.message.contains("valid _id")
}

/// The time a `Date` header gives.
fn http_date(text: &str) -> Option<Timestamp> {
    httpdate::parse_http_date(text).ok().and_then(|time| Timestamp::try_from(time).ok())
}

/// The pause `Retry-After` asks for, in seconds or as a date read by the service's own clock; `None` if unreadable.
fn pause(text: &str, date: Option<Timestamp>) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // A number with more digits than fit is still a number of seconds.
        return Some(text.parse().map_or(LONGEST_PAUSE, Duration::from_secs).min(LONGEST_PAUSE));
    }
    let until = http_date(text)?;
    let pause = until.duration_since(date?);
    Some(Duration::try_from(pause).unwrap_or(Duration::ZERO).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests;
