//! What the effects of faults do: to the call before it is handled, to what is stored, to the answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_LENGTH, LINK, TRANSFER_ENCODING};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use jiff::SignedDuration;
use serde_json::Value;

use super::Effect;
use crate::reply;
use crate::rules::Document;

/// The effects that handlers must know of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Corruption {
    fields: Vec<(String, Option<Value>, bool)>,
    pub(crate) shrink: Option<usize>,
    pub(crate) repeat: bool,
    pub(crate) reorder: Option<u64>,
    pub(crate) lag: Option<Duration>,
}

impl Corruption {
    /// What `effects` mean for handlers.
    pub(crate) fn of(effects: &[(Effect, bool)]) -> Self {
        let mut corruption = Self::default();
        for (effect, _) in effects {
            match effect {
                Effect::DropField { pointer, silently } => {
                    corruption.fields.push((pointer.clone(), None, *silently));
                }
                Effect::ChangeField { pointer, value, silently } => {
                    corruption.fields.push((pointer.clone(), Some(value.clone()), *silently));
                }
                Effect::ShrunkenList { keep } => corruption.shrink = Some(*keep),
                Effect::RepeatPage => corruption.repeat = true,
                Effect::Reorder { seed } => corruption.reorder = Some(*seed),
                Effect::ListLag { by } => corruption.lag = Some(unsigned(*by)),
                _ => {}
            }
        }
        corruption
    }

    /// Corrupts `document`; returns what the answer is to show if that is not the stored document.
    pub(crate) fn corrupt(&self, document: &mut Document) -> Option<Document> {
        if self.fields.is_empty() {
            return None;
        }
        let shown = {
            let mut shown = Value::Object(document.clone());
            self.fields
                .iter()
                .filter(|field| !field.2)
                .for_each(|field| corrupt(&mut shown, &field.0, field.1.as_ref()));
            shown
        };
        let mut stored = Value::Object(std::mem::take(document));
        self.fields.iter().for_each(|field| corrupt(&mut stored, &field.0, field.1.as_ref()));
        if let Value::Object(stored) = stored {
            *document = stored;
        }
        match shown {
            Value::Object(shown) => Some(shown),
            _ => None,
        }
    }
}

fn corrupt(document: &mut Value, pointer: &str, value: Option<&Value>) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    let key = key.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent), value) {
        (Some(Value::Object(map)), None) => drop(map.shift_remove(&key)),
        (Some(Value::Object(map)), Some(value)) => drop(map.insert(key, value.clone())),
        (Some(Value::Array(items)), value) => {
            let Some(at) = key.parse::<usize>().ok().filter(|at| *at < items.len()) else { return };
            match value {
                None => drop(items.remove(at)),
                Some(value) => items[at] = value.clone(),
            }
        }
        _ => {}
    }
}

/// The answer that a fault gives in place of the service, if it does.
pub(crate) fn instead(effect: &Effect) -> Option<Response> {
    match effect {
        Effect::Status { code, retry_after, body } => {
            Some(status(*code, retry_after.as_deref(), body.as_ref()))
        }
        Effect::Late { code, .. } => Some(status(*code, None, None)),
        Effect::OkWithErrorBody => {
            Some(reply::refusal(StatusCode::OK, "unexpected_error", "Something went wrong."))
        }
        Effect::HugeBody { bytes } => Some(huge(*bytes)),
        _ => None,
    }
}

fn status(code: u16, retry_after: Option<&str>, body: Option<&Value>) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match (body, code) {
        (Some(Value::String(text)), _) => reply::text(status, Bytes::from(text.clone())),
        (Some(body), _) => reply::value(status, body),
        (None, 401) => reply::unauthorized(true),
        (None, 429) => {
            let mut response = reply::too_many(retry_after);
            if retry_after.is_none() {
                response.headers_mut().remove("retry-after");
            }
            response
        }
        (None, _) => reply::refusal(
            status,
            "unexpected_error",
            status.canonical_reason().unwrap_or("An error occurred"),
        ),
    };
    if let Some(header) = retry_after.and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert("retry-after", header);
    }
    response
}

fn huge(bytes: u64) -> Response {
    const PIECE: usize = 64 << 10;
    let blanks = Bytes::from(vec![b' '; PIECE]);
    let pieces = stream::unfold(bytes, move |left| {
        let size = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let piece = blanks.slice(..size);
        std::future::ready((size > 0).then(|| (Ok::<_, io::Error>(piece), left - size as u64)))
    });
    let mut response = reply::text(StatusCode::OK, Bytes::new());
    *response.body_mut() = Body::from_stream(pieces);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    response
}

/// The time a fault takes, before and after a call is handled.
pub(crate) fn delays(effects: &[(Effect, bool)]) -> (Duration, Duration) {
    let mut delays = (Duration::ZERO, Duration::ZERO);
    for (effect, _) in effects {
        if let Effect::Slow { before, after } = effect {
            delays.0 += unsigned(*before);
            delays.1 += unsigned(*after);
        }
    }
    delays
}

/// How much later than its answer a call is done, if a fault says so.
pub(crate) fn later(effects: &[(Effect, bool)]) -> Option<Duration> {
    effects.iter().find_map(|(effect, _)| match effect {
        Effect::Late { after, .. } => Some(unsigned(*after)),
        _ => None,
    })
}

fn unsigned(duration: SignedDuration) -> Duration {
    Duration::try_from(duration).unwrap_or(Duration::ZERO)
}

/// Corrupts an answer.
pub(crate) async fn after(effect: &Effect, mut response: Response, url: &str) -> Response {
    match effect {
        Effect::LinkElsewhere { origin } => {
            let path = url.find("/v1/").map_or("/v1/imports", |at| &url[at..]);
            relink(&mut response, &format!("{origin}{path}"));
        }
        Effect::LinkCircle => relink(&mut response, url),
        Effect::LinkRelative => {
            let next =
                response.headers().get(LINK).and_then(|link| link.to_str().ok()).map(ToOwned::to_owned);
            // The last page has a link too, to the one before it.
            if let Some(path) = next
                .as_deref()
                .and_then(|link| {
                    link.find(">; rel=\"next\"").or(link.find(">; rel=next")).map(|end| &link[..end])
                })
                .and_then(|link| link.rfind('<').map(|start| &link[start + 1..]))
                .and_then(|next| next.find("/v1/").map(|at| &next[at..]))
            {
                relink(&mut response, path);
            }
        }
        Effect::SlowBody { chunk, pause } => {
            let (mut head, text) = take(response).await;
            let (chunk, pause) = ((*chunk).max(1), unsigned(*pause));
            let length = text.len();
            let pieces = stream::iter((0..length).step_by(chunk)).then(move |start| {
                let piece = text.slice(start..(start + chunk).min(length));
                async move {
                    tokio::time::sleep(pause).await;
                    Ok::<_, io::Error>(piece)
                }
            });
            *head.body_mut() = Body::from_stream(pieces);
            head.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            return head;
        }
        Effect::CutBody => {
            let (head, text) = take(response).await;
            let half = text.slice(..text.len() / 2);
            return declare(head, text.len() as u64, half);
        }
        Effect::WrongContentLength { delta } => {
            let (head, text) = take(response).await;
            let length = (text.len() as u64).saturating_add_signed(*delta);
            let sent = usize::try_from(length).unwrap_or(usize::MAX).min(text.len());
            return declare(head, length, text.slice(..sent));
        }
        Effect::BadJson => {
            let (mut head, text) = take(response).await;
            *head.body_mut() = Body::from(text.slice(..text.len() / 2));
            return head;
        }
        Effect::ReplaceBytes { find, with } => {
            let (mut head, text) = take(response).await;
            *head.body_mut() = Body::from(replaced(&text, find.as_bytes(), &bytes_of(with)));
            return head;
        }
        Effect::NotArray => {
            let (mut head, text) = take(response).await;
            *head.body_mut() = Body::from([b"{\"data\":", &*text, b"}"].concat());
            return head;
        }
        _ => {}
    }
    response
}

/// The bytes of a text in which `\xHH` is the byte HH.
fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(b"\\x"),
        }
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn replaced(text: &[u8], find: &[u8], with: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = rest.windows(find.len().max(1)).position(|part| part == find) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + find.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn relink(response: &mut Response, next: &str) {
    if let Ok(link) = HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")) {
        response.headers_mut().insert(LINK, link);
    }
}

async fn take(response: Response) -> (Response, Bytes) {
    let (mut head, body) = response.into_parts();
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove(TRANSFER_ENCODING);
    let text = to_bytes(body, usize::MAX).await.unwrap_or_default();
    (Response::from_parts(head, Body::empty()), text)
}

/// An answer that announces `length` bytes and breaks off after `sent`.
fn declare(mut head: Response, length: u64, sent: Bytes) -> Response {
    head.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    *head.body_mut() = if length == sent.len() as u64 {
        Body::from(sent)
    } else {
        Body::from_stream(Broken { sent: Some(sent), flushed: false })
    };
    head
}

/// A body that ends in an error, which closes the connection; what came before is sent first.
#[derive(Debug)]
struct Broken {
    sent: Option<Bytes>,
    flushed: bool,
}

impl Stream for Broken {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(sent) = self.sent.take() {
            return Poll::Ready(Some(Ok(sent)));
        }
        if !std::mem::replace(&mut self.flushed, true) {
            // Once round the loop, so that the first part leaves before the connection does.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted))))
    }
}
