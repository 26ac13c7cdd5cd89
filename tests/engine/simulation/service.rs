//! A model of the service behind `trait Api`: documents, a history of all that happened to them, and faults that one seed
//! decides.
//!
//! The history is the judge: laws are checked against it, never against a journal.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use transship::api::{Api, ApiError, Call, ErrorKind, Method, Problem, Reply};

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// What stood there before the story.
    Before,
    /// The engine.
    Engine,
    /// A person, or another program.
    Colleague,
}

/// What happened to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Created,
    Updated,
    Deleted,
}

/// One change of the service's state.
#[derive(Debug, Clone)]
pub struct Change {
    pub at: Instant,
    pub who: Who,
    pub what: What,
    pub id: String,
    /// Who had changed the document last before this.
    pub over: Option<(Who, Instant)>,
    /// The change of the document that the engine had read when it sent this, if it had read the last one.
    pub seen: Option<Instant>,
    /// Whether the text that was overwritten or removed cannot be parsed.
    pub over_unreadable: bool,
}

/// How badly the service behaves: shares of calls, 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// A call that never reaches the service.
    pub not_sent: f64,
    /// A write whose answer is lost after it had its effect.
    pub lost_answers: f64,
    /// A write that is answered with 5xx and has no effect.
    pub refused_5xx: f64,
    /// A write that is answered with 409 or 504, and has its effect later.
    pub late: f64,
    /// A call that is answered with 429.
    pub throttled: f64,
    /// How long a list may lag behind, at most.
    pub list_lag: Duration,
    /// How long one way may take, at most.
    pub delay: Duration,
    /// How far clocks of nodes are off, at most.
    pub drift: SignedDuration,
}

#[derive(Debug, Clone)]
struct Document {
    text: String,
    made: Instant,
    changed: Instant,
    by: Who,
    read: Option<Instant>,
    gone: Option<Instant>,
}

#[derive(Debug)]
struct Pending {
    due: Instant,
    effect: Effect,
}

#[derive(Debug, Clone)]
enum Effect {
    Create { id: String, body: Value },
    Update { id: String, body: Value, seen: Option<Instant> },
    Delete { id: String, seen: Option<Instant> },
}

/// How long an effect may come after the answer that hid it.
pub const LATEST: Duration = Duration::from_secs(8);

#[derive(Debug)]
struct State {
    documents: BTreeMap<String, Document>,
    order: Vec<String>,
    pending: Vec<Pending>,
    history: Vec<Change>,
    /// When each write was sent.
    writes: Vec<Instant>,
    random: fastrand::Rng,
    weather: Weather,
    start: Timestamp,
    began: Instant,
    next: u64,
    prefix: &'static str,
}

/// One account of the service.
#[derive(Debug, Clone)]
pub struct Service(Arc<Mutex<State>>);

impl Service {
    /// An empty account whose ids begin with `prefix`.
    pub fn new(prefix: &'static str, seed: u64, start: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            documents: BTreeMap::new(),
            order: Vec::new(),
            pending: Vec::new(),
            history: Vec::new(),
            writes: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
            weather: Weather::default(),
            start,
            began: Instant::now(),
            next: 0,
            prefix,
        })))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap();
        state.settle();
        state
    }

    pub fn set_weather(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// Puts a document there, as text; `%ID%` in it becomes its id.
    pub fn put(&self, who: Who, text: &str) -> String {
        let mut state = self.state();
        let id = state.new_id();
        let text = text.replace("%ID%", &id);
        state.store(id.clone(), text, who, None);
        id
    }

    /// Lets a colleague change a document.
    pub fn edit(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        let Some(found) = state.documents.get(id).filter(|found| found.gone.is_none()) else { return };
        let Ok(mut value) = serde_json::from_str::<Value>(&found.text) else { return };
        change(&mut value);
        value["lastModified"] = json!(state.node_time().to_string());
        state.store(id.to_owned(), value.to_string(), Who::Colleague, None);
    }

    /// Lets a colleague remove a document.
    pub fn remove(&self, id: &str) {
        self.state().delete(id, Who::Colleague, None);
    }

    /// The ids of the documents that stand there.
    pub fn ids(&self) -> Vec<String> {
        let state = self.state();
        state.order.iter().filter(|id| state.documents[*id].gone.is_none()).cloned().collect()
    }

    /// The text of a document that stands there.
    pub fn text(&self, id: &str) -> Option<String> {
        self.state().documents.get(id).filter(|found| found.gone.is_none()).map(|found| found.text.clone())
    }

    pub fn history(&self) -> Vec<Change> {
        self.state().history.clone()
    }

    /// When each write of the engine was sent.
    pub fn writes(&self) -> Vec<Instant> {
        self.state().writes.clone()
    }

    fn answer(&self, call: &Call, seen: Option<Instant>) -> Result<Reply, ApiError> {
        let mut state = self.state();
        let date = Some(state.node_time());
        let reply = |status: u16, body: String, next: Option<String>| Reply {
            status,
            body: Bytes::from(body),
            next,
            date,
            attempts: 1,
        };
        let not_found = || ApiError {
            status: Some(404),
            date,
            ..ApiError::new(call.method, &call.target, ErrorKind::NotFound, "there is no such import")
        };
        let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        match (call.method, parts.as_slice()) {
            (Method::Get, ["tokenInfo"]) => Ok(reply(200, json!({ "_userId": "u1" }).to_string(), None)),
            (Method::Get, ["imports"]) => {
                let wanted = |key: &str| {
                    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                    pairs.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
                };
                if wanted("adaptorType").is_some() {
                    return Ok(reply(204, String::new(), None));
                }
                let lag = state.lag();
                let now = Instant::now();
                let shown: Vec<(String, String)> = state
                    .order
                    .iter()
                    .map(|id| (id, &state.documents[id]))
                    .filter(|(_, found)| found.gone.is_none() && found.made + lag <= now)
                    .map(|(id, found)| (id.clone(), found.text.clone()))
                    .collect();
                let skip: usize = wanted("skip").and_then(|skip| skip.parse().ok()).unwrap_or(0);
                let limit: usize = wanted("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1000);
                let page: Vec<_> = shown.iter().skip(skip).take(limit).collect();
                for (id, _) in &page {
                    state.documents.get_mut(id).unwrap().read = Some(now);
                }
                let texts: Vec<&str> = page.iter().map(|(_, text)| text.as_str()).collect();
                if texts.is_empty() {
                    return Ok(reply(204, String::new(), None));
                }
                let next = (skip + texts.len() < shown.len())
                    .then(|| format!("/v1/imports?limit={limit}&skip={}", skip + texts.len()));
                Ok(reply(200, format!("[{}]", texts.join(",")), next))
            }
            (Method::Get, ["imports", id]) => {
                let found = state.documents.get_mut(*id).filter(|found| found.gone.is_none());
                let found = found.ok_or_else(not_found)?;
                found.read = Some(Instant::now());
                Ok(reply(200, found.text.clone(), None))
            }
            (Method::Get, ["imports", _, "dependencies"]) => Ok(reply(200, "{}".to_owned(), None)),
            (Method::Get, ["recycleBinTTL", "imports", id]) => {
                let found = state.documents.get(*id).filter(|found| found.gone.is_some());
                Ok(reply(200, found.ok_or_else(not_found)?.text.clone(), None))
            }
            (Method::Get, _) => Ok(reply(204, String::new(), None)),
            (Method::Post, ["imports"]) => {
                let id = state.new_id();
                let text = state.apply(Effect::Create { id, body: body(call) })?;
                Ok(reply(201, text, None))
            }
            (Method::Post, ["recycleBinTTL", "imports", id, ..]) => {
                let found = state.documents.get(*id).filter(|found| found.gone.is_some()).cloned();
                let text = found.ok_or_else(not_found)?.text;
                state.store((*id).to_owned(), text, Who::Engine, None);
                Ok(reply(200, "{}".to_owned(), None))
            }
            (Method::Put, ["imports", id]) => {
                state.standing(id).ok_or_else(not_found)?;
                let text = state.apply(Effect::Update { id: (*id).to_owned(), body: body(call), seen })?;
                Ok(reply(200, text, None))
            }
            (Method::Delete, ["imports", id]) => {
                state.standing(id).ok_or_else(not_found)?;
                state.apply(Effect::Delete { id: (*id).to_owned(), seen })?;
                Ok(reply(204, String::new(), None))
            }
            _ => Err(not_found()),
        }
    }

    /// Puts a write where it has its effect later.
    fn defer(&self, call: &Call, due: Instant, seen: Option<Instant>) {
        let mut state = self.state();
        let path = call.target.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let effect = match (call.method, parts.as_slice()) {
            (Method::Post, ["imports"]) => Effect::Create { id: state.new_id(), body: body(call) },
            (Method::Put, ["imports", id]) => Effect::Update { id: (*id).to_owned(), body: body(call), seen },
            (Method::Delete, ["imports", id]) => Effect::Delete { id: (*id).to_owned(), seen },
            _ => return,
        };
        state.pending.push(Pending { due, effect });
    }
}

fn body(call: &Call) -> Value {
    call.body.as_ref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or(Value::Null)
}

impl State {
    /// Lets what is due have its effect.
    fn settle(&mut self) {
        loop {
            let now = Instant::now();
            let due = self.pending.iter().enumerate().filter(|(_, pending)| pending.due <= now);
            let Some(first) = due.min_by_key(|(_, pending)| pending.due).map(|(at, _)| at) else { return };
            let pending = self.pending.remove(first);
            // What is not there any more has no effect.
            let _ = self.apply(pending.effect);
        }
    }

    fn new_id(&mut self) -> String {
        self.next += 1;
        format!("{}{:023x}", self.prefix, self.next)
    }

    /// The time by the clock of the node that answers.
    fn node_time(&mut self) -> Timestamp {
        let most = self.weather.drift.as_millis().try_into().unwrap_or(0_i64);
        let off = if most == 0 { 0 } else { self.random.i64(-most..=most) };
        let gone = SignedDuration::try_from(self.began.elapsed()).unwrap();
        self.start + gone + SignedDuration::from_millis(off)
    }

    fn lag(&mut self) -> Duration {
        let most = u64::try_from(self.weather.list_lag.as_millis()).unwrap();
        // Most lists are up to date.
        if most == 0 || self.random.f64() < 0.6 {
            Duration::ZERO
        } else {
            Duration::from_millis(self.random.u64(..=most))
        }
    }

    /// The last change of the document that a call is about, if the engine has read it.
    fn seen(&self, target: &str) -> Option<Instant> {
        let id = target.split('?').next()?.strip_prefix("/v1/imports/")?;
        let found = self.standing(id)?;
        found.read.filter(|read| *read >= found.changed).map(|_| found.changed)
    }

    fn standing(&self, id: &str) -> Option<&Document> {
        self.documents.get(id).filter(|found| found.gone.is_none())
    }

    fn store(&mut self, id: String, text: String, who: Who, seen: Option<Instant>) {
        let now = Instant::now();
        let before = self.documents.get(&id).cloned();
        let what = if before.as_ref().is_some_and(|before| before.gone.is_none()) {
            What::Updated
        } else {
            What::Created
        };
        if before.is_none() {
            self.order.push(id.clone());
        }
        self.note(who, what, &id, before.as_ref(), seen);
        let made = before.as_ref().map_or(now, |before| before.made);
        let read = before.and_then(|before| before.read);
        self.documents.insert(id, Document { text, made, changed: now, by: who, read, gone: None });
    }

    fn delete(&mut self, id: &str, who: Who, seen: Option<Instant>) {
        let Some(before) = self.standing(id).cloned() else { return };
        self.note(who, What::Deleted, id, Some(&before), seen);
        self.documents.get_mut(id).unwrap().gone = Some(Instant::now());
    }

    fn note(&mut self, who: Who, what: What, id: &str, before: Option<&Document>, seen: Option<Instant>) {
        self.history.push(Change {
            at: Instant::now(),
            who,
            what,
            id: id.to_owned(),
            over: before.filter(|before| before.gone.is_none()).map(|before| (before.by, before.changed)),
            seen,
            over_unreadable: before
                .is_some_and(|before| serde_json::from_str::<Value>(&before.text).is_err()),
        });
    }

    /// Does what the engine asked for, and gives back the text that stands there then.
    fn apply(&mut self, effect: Effect) -> Result<String, ApiError> {
        let time = self.node_time().to_string();
        match effect {
            Effect::Create { id, mut body } => {
                body["_id"] = json!(id);
                body["createdAt"] = json!(time);
                body["lastModified"] = json!(time);
                let text = body.to_string();
                self.store(id, text.clone(), Who::Engine, None);
                Ok(text)
            }
            Effect::Update { id, mut body, seen } => {
                let Some(found) = self.standing(&id) else { return Ok(String::new()) };
                let old: Value = serde_json::from_str(&found.text).unwrap_or(Value::Null);
                body["_id"] = json!(id);
                body["createdAt"] = old.get("createdAt").cloned().unwrap_or(Value::Null);
                body["lastModified"] = json!(time);
                let text = body.to_string();
                self.store(id, text.clone(), Who::Engine, seen);
                Ok(text)
            }
            Effect::Delete { id, seen } => {
                self.delete(&id, Who::Engine, seen);
                Ok(String::new())
            }
        }
    }
}

/// What becomes of one call.
enum Fate {
    Answered,
    NotSent,
    LostAnswer,
    Refused5xx,
    Late { status: u16, by: Duration },
    Throttled,
}

#[async_trait]
impl Api for Service {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let is_write = call.method != Method::Get;
        let (there, back, fate, seen) = {
            let mut state = self.state();
            let seen = state.seen(&call.target);
            if is_write {
                state.writes.push(Instant::now());
            }
            let weather = state.weather;
            let most = u64::try_from(weather.delay.as_millis()).unwrap().max(1);
            let mut way = || Duration::from_millis(state.random.u64(1..=most));
            let (there, back) = (way(), way());
            let mut draw = state.random.f64();
            let mut happens = |share: f64| {
                let hit = draw < share;
                draw -= share;
                hit
            };
            let fate = if happens(weather.not_sent) {
                Fate::NotSent
            } else if happens(weather.throttled) {
                Fate::Throttled
            } else if is_write && happens(weather.lost_answers) {
                Fate::LostAnswer
            } else if is_write && happens(weather.refused_5xx) {
                Fate::Refused5xx
            } else if is_write && happens(weather.late) {
                let by =
                    Duration::from_millis(state.random.u64(1..=u64::try_from(LATEST.as_millis()).unwrap()));
                Fate::Late { status: if state.random.bool() { 504 } else { 409 }, by }
            } else {
                Fate::Answered
            };
            (there, back, fate, seen)
        };
        let failed = |kind: ErrorKind, status: Option<u16>, summary: &str| ApiError {
            status,
            problems: status
                .map(|status| Problem { code: status.to_string(), ..Problem::default() })
                .into_iter()
                .collect(),
            ..ApiError::new(call.method, &call.target, kind, summary)
        };
        match fate {
            Fate::NotSent => return Err(failed(ErrorKind::NotSent, None, "the connection was refused")),
            Fate::Throttled => {
                sleep(there).await;
                let pause = Some(Duration::from_secs(1));
                let error = failed(ErrorKind::Throttled, Some(429), "too many requests");
                return Err(ApiError { retry_after: pause, ..error });
            }
            Fate::Refused5xx => {
                sleep(there + back).await;
                return Err(failed(ErrorKind::InDoubt, Some(500), "internal error"));
            }
            Fate::Late { status, by } => {
                self.defer(call, Instant::now() + there + by, seen);
                sleep(there + back).await;
                return Err(failed(ErrorKind::InDoubt, Some(status), "no answer in time"));
            }
            Fate::LostAnswer => {
                self.defer(call, Instant::now() + there, seen);
                sleep(there + back).await;
                return Err(failed(ErrorKind::InDoubt, None, "the connection was cut"));
            }
            Fate::Answered => {}
        }
        // A write that is on its way has its effect although nobody waits for the answer any more.
        let mut guard = OnTheWay { service: self, call, due: Instant::now() + there, seen, armed: is_write };
        sleep(there).await;
        guard.armed = false;
        let answer = self.answer(call, seen);
        sleep(back).await;
        answer
    }
}

struct OnTheWay<'a> {
    service: &'a Service,
    call: &'a Call,
    due: Instant,
    seen: Option<Instant>,
    armed: bool,
}

impl Drop for OnTheWay<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.service.defer(self.call, self.due, self.seen);
        }
    }
}
