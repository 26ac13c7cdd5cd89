//! What every call passes: authorisation, the account's bucket, faults, the handler, the count.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST, ORIGIN};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;

use super::behaviour::Behaviour;
use super::clock::Clock;
use super::connection::Connection;
use super::control::Control;
use super::fault::apply::{self, Corruption};
use super::fault::{Call, Effect};
use super::limiter::Bucket;
use super::reply;
use super::store::{AccountId, AccountRecord, Id, Kind, Store};

/// Everything the handlers share.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) store: Store,
    pub(super) behaviour: Behaviour,
    pub(super) clock: Clock,
    pub(super) control: Control,
    pub(super) accounts: HashMap<String, Arc<Caller>>,
    pub(super) ids: Mutex<IdGenerator>,
    /// What was made a short while ago: lists may lag behind.
    recent: Mutex<VecDeque<(Instant, Id)>>,
    date: Mutex<(i64, HeaderValue)>,
}

/// The longest time that lists can be made to lag behind.
const LONGEST_LAG: std::time::Duration = std::time::Duration::from_mins(1);

/// The account that a call speaks for.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) record: AccountRecord,
    pub(super) bucket: Mutex<Bucket>,
}

impl Caller {
    pub(super) fn account(&self) -> AccountId {
        self.record.id()
    }

    /// Whether the bucket has a call left; takes it.
    fn may_call(&self) -> bool {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Why a call speaks for no account: no token was sent, or none that is known.
#[derive(Debug)]
enum NoToken {
    Missing,
    Unknown,
}

/// Makes ids like the service's: seconds, something of this run, a counter.
#[derive(Debug)]
pub(super) struct IdGenerator {
    draws: fastrand::Rng,
    run: [u8; 5],
    counter: u32,
}

impl IdGenerator {
    pub(super) fn new(mut draws: fastrand::Rng) -> Self {
        let mut run = [0; 5];
        draws.fill(&mut run);
        Self { counter: draws.u32(..), draws, run }
    }

    fn id(&mut self, seconds: i64) -> Id {
        self.counter = self.counter.wrapping_add(1);
        let mut bytes = [0; 12];
        let seconds = u32::try_from(seconds).unwrap_or_default();
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        bytes[4..9].copy_from_slice(&self.run);
        bytes[9..].copy_from_slice(&self.counter.to_be_bytes()[1..]);
        Id::from_bytes(bytes)
    }
}

impl Server {
    pub(super) fn new(
        store: Store,
        behaviour: Behaviour,
        (clock, control): (Clock, Control),
        accounts: HashMap<String, Arc<Caller>>,
        draws: fastrand::Rng,
    ) -> Self {
        let date = Mutex::new((i64::MIN, HeaderValue::from_static("")));
        let (ids, recent) = (Mutex::new(IdGenerator::new(draws)), Mutex::default());
        Self { store, behaviour, clock, control, accounts, ids, recent, date }
    }

    /// A new id.
    pub(super) fn new_id(&self) -> Id {
        let seconds = self.clock.now().as_second();
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).id(seconds)
    }

    /// Keeps in mind that a document is made now.
    pub(super) fn made(&self, id: Id) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        while recent.front().is_some_and(|(made, _)| made.elapsed() >= LONGEST_LAG) {
            recent.pop_front();
        }
        recent.push_back((Instant::now(), id));
    }

    /// What was made within that time.
    pub(super) fn made_within(&self, time: std::time::Duration) -> HashSet<Id> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().rev().take_while(|(made, _)| made.elapsed() < time).map(|(_, id)| *id).collect()
    }

    /// A new `apiIdentifier`.
    pub(super) fn new_identifier(&self) -> String {
        let number = self.ids.lock().unwrap_or_else(PoisonError::into_inner).draws.u64(..);
        format!("i{:09x}", number & 0xf_ffff_ffff)
    }

    /// The tag of a resource of an account; `None` if it does not exist.
    pub(super) fn tag(&self, account: AccountId, kind: Kind, id: Id) -> Option<Box<str>> {
        self.store.entry(account, kind, id).map(|entry| entry.tag)
    }

    fn date(&self) -> HeaderValue {
        let clock = self.clock.skewed(self.behaviour.date_skew);
        let second = clock.now().as_second();
        let mut date = self.date.lock().unwrap_or_else(PoisonError::into_inner);
        if date.0 != second
            && let Ok(header) = HeaderValue::from_str(&clock.http_date())
        {
            *date = (second, header);
        }
        date.1.clone()
    }

    fn authorise(&self, request: &Request) -> Result<Arc<Caller>, NoToken> {
        let header = request.headers().get(AUTHORIZATION).ok_or(NoToken::Missing)?;
        let token = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let caller = token.and_then(|token| self.accounts.get(token.trim()));
        caller.cloned().ok_or(NoToken::Unknown)
    }

    /// Names by which a fault may know the document of a call: of the one sent, and of the one stored.
    fn names(&self, caller: &Caller, path: &str, body: &Bytes) -> Vec<String> {
        let mut names = Vec::new();
        if let Ok(Value::Object(sent)) = serde_json::from_slice(body) {
            names.extend(sent.get("name").and_then(Value::as_str).map(ToOwned::to_owned));
        }
        let mut segments = path.split('/').skip(2);
        if let (Some(kind), Some(id)) =
            (segments.next().and_then(Kind::from_list), segments.next().and_then(Id::parse))
        {
            names.extend(self.store.entry(caller.account(), kind, id).map(|entry| entry.name.into()));
        }
        names
    }
}

/// The origin by which the client knows the server.
pub(super) fn origin(headers: &axum::http::HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}

/// Whether the client knows the server by a loopback address: another name in `Host` is a web page that rebinds its own.
fn is_of_this_machine(headers: &axum::http::HeaderMap) -> bool {
    headers.get(HOST).is_none_or(|host| host.to_str().is_ok_and(is_loopback))
}

/// Whether a host, with or without a port, is a loopback address.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a browser sent the call for a page of another machine.
fn is_of_a_foreign_page(headers: &axum::http::HeaderMap) -> bool {
    let is_own = |origin: &str| origin.split_once("://").is_some_and(|(_, host)| is_loopback(host));
    headers.get(ORIGIN).is_some_and(|origin| !origin.to_str().is_ok_and(is_own))
}

/// Whether a browser sent the call for a page.
fn is_of_a_web_page(headers: &axum::http::HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// Takes one call from the wire to its answer.
pub(super) async fn pipeline(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    if !is_of_this_machine(request.headers()) {
        let message = "This emulator answers on the loopback addresses of its own machine only.";
        return reply::refusal(StatusCode::MISDIRECTED_REQUEST, "wrong_host", message);
    }
    if is_of_a_foreign_page(request.headers()) {
        let message = "Web pages of other machines may not call the emulator.";
        return reply::refusal(StatusCode::FORBIDDEN, "access_denied", message);
    }
    if request.uri().path().starts_with("/__emulator/") {
        if is_of_a_web_page(request.headers()) {
            let message = "Web pages may not control the emulator.";
            return reply::refusal(StatusCode::FORBIDDEN, "access_denied", message);
        }
        return next.run(request).await;
    }
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let mut response = answer(&server, request, next).await;
    response.headers_mut().insert(DATE, server.date());
    server.control.counted(&method, &path, response.status().as_u16());
    response
}

async fn answer(server: &Arc<Server>, request: Request, next: Next) -> Response {
    let caller = match server.authorise(&request) {
        Ok(caller) => caller,
        Err(reason) => return reply::unauthorized(matches!(reason, NoToken::Unknown)),
    };
    if server.behaviour.rate_limited && !caller.may_call() {
        let seconds = server.behaviour.retry_after;
        let header = (seconds >= 0).then(|| seconds.to_string());
        return reply::too_many(header.as_deref());
    }
    let (mut head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, server.behaviour.body_limit).await else {
        let message = "The request body is too large.";
        return reply::refusal(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message);
    };
    if !body.is_empty() && head.method != Method::GET && !is_json(&head.headers) {
        let message = "The request body must be application/json.";
        return reply::refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message);
    }
    let names = if server.control.asks_for_names() {
        server.names(&caller, head.uri.path(), &body)
    } else {
        Vec::new()
    };
    let effects = server.control.hits(&Call {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        account: &caller.record.name,
        names: &names,
    });
    head.extensions.insert(caller);
    if effects.is_empty() {
        head.extensions.insert(Arc::new(Corruption::default()));
        return next.run(Request::from_parts(head, Body::from(body))).await;
    }
    head.extensions.insert(Arc::new(Corruption::of(&effects)));
    faulty(server, Request::from_parts(head, Body::from(body)), next, &effects).await
}

fn is_json(headers: &axum::http::HeaderMap) -> bool {
    let sent = headers.get(CONTENT_TYPE).and_then(|sent| sent.to_str().ok()).unwrap_or_default();
    let sent = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    sent == "application/json" || sent == "application/json-patch+json"
}

async fn faulty(server: &Server, request: Request, next: Next, effects: &[(Effect, bool)]) -> Response {
    let connection = request.extensions().get::<Connection>().cloned();
    let cut = |wanted: fn(&Effect) -> bool| effects.iter().find(|row| wanted(&row.0)).map(|row| row.1);
    let call = (request.method().as_str().to_owned(), request.uri().path().to_owned());
    let asked = request.uri().path_and_query().map_or("", axum::http::uri::PathAndQuery::as_str);
    let url = format!("{}{asked}", origin(request.headers()));
    let (before, after) = apply::delays(effects);
    sleep(before).await;
    if let Some(reset) = cut(|effect| matches!(effect, Effect::CutBefore)) {
        server.control.counted(&call.0, &call.1, 0);
        return hang_up(connection, reset).await;
    }
    let mut response = match effects.iter().find_map(|row| apply::instead(&row.0)) {
        Some(response) => {
            if let Some(later) = apply::later(effects) {
                // Nobody waits for it any more.
                tokio::spawn(async move {
                    sleep(later).await;
                    drop(next.run(request).await);
                });
            }
            response
        }
        None => next.run(request).await,
    };
    sleep(after).await;
    if let Some(reset) = cut(|effect| matches!(effect, Effect::CutAfter)) {
        server.control.counted(&call.0, &call.1, 0);
        return hang_up(connection, reset).await;
    }
    for (effect, _) in effects {
        response = apply::after(effect, response, &url).await;
    }
    response
}

async fn sleep(time: std::time::Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// Closes the connection; the answer is never sent.
async fn hang_up(connection: Option<Connection>, reset: bool) -> Response {
    if let Some(connection) = connection {
        connection.cut(reset).await;
    }
    reply::nothing()
}
