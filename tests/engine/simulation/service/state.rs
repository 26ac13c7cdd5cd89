//! What stands in an account, what is on its way there, and all that happened.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::network::Weather;
use super::{Change, Sent, What, Who};

#[derive(Debug, Clone)]
pub struct Document {
    pub text: String,
    pub made: Instant,
    pub changed: Instant,
    pub by: Who,
    pub read: Option<Instant>,
    pub gone: Option<Instant>,
}

#[derive(Debug)]
struct Pending {
    due: Instant,
    effect: Effect,
}

/// What a write does.
#[derive(Debug, Clone)]
pub enum Effect {
    Create { id: String, body: Value },
    Clone { of: String, id: String, body: Value },
    Update { id: String, body: Value, seen: Option<Instant> },
    Delete { id: String, seen: Option<Instant> },
    Restore { id: String },
}

#[derive(Debug)]
pub struct State {
    pub documents: BTreeMap<String, Document>,
    pub order: Vec<String>,
    pending: Vec<Pending>,
    pub history: Vec<Change>,
    pub writes: Vec<Instant>,
    pub creates: Vec<Sent>,
    pub calls: Vec<String>,
    pub random: fastrand::Rng,
    pub weather: Weather,
    names: fn(&str) -> String,
    start: Timestamp,
    pub began: Instant,
    /// When what was due has its effect, while it has it.
    due: Option<Instant>,
    next: u64,
    prefix: &'static str,
}

impl State {
    pub fn new(prefix: &'static str, seed: u64, start: Timestamp, names: fn(&str) -> String) -> Self {
        Self {
            documents: BTreeMap::new(),
            order: Vec::new(),
            pending: Vec::new(),
            history: Vec::new(),
            writes: Vec::new(),
            creates: Vec::new(),
            calls: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
            weather: Weather::default(),
            names,
            start,
            began: Instant::now(),
            due: None,
            next: 0,
            prefix,
        }
    }

    /// Lets what is due have its effect, at the moment at which it was due: nobody may have called since.
    pub fn settle(&mut self) {
        loop {
            let now = Instant::now();
            let due = self.pending.iter().enumerate().filter(|(_, pending)| pending.due <= now);
            let Some(first) = due.min_by_key(|(_, pending)| pending.due).map(|(at, _)| at) else { return };
            let pending = self.pending.remove(first);
            self.due = Some(pending.due);
            // What is not there any more has no effect.
            let _ = self.apply(pending.effect);
            self.due = None;
        }
    }

    /// Lets a write have its effect later.
    pub fn defer(&mut self, due: Instant, effect: Effect) {
        self.pending.push(Pending { due, effect });
    }

    pub fn new_id(&mut self) -> String {
        self.next += 1;
        format!("{}{:023x}", self.prefix, self.next)
    }

    /// Time since the story began.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The moment at which something happens.
    fn now(&self) -> Instant {
        self.due.unwrap_or_else(Instant::now)
    }

    /// The time by the clock of the node that answers.
    pub fn node_time(&mut self) -> Timestamp {
        let most = self.weather.drift.as_millis().try_into().unwrap_or(0_i64);
        let off = if most == 0 { 0 } else { self.random.i64(-most..=most) };
        let gone = SignedDuration::try_from(self.now() - self.began).unwrap();
        self.start + gone + SignedDuration::from_millis(off)
    }

    /// How far the answer of a list lags behind. Most are up to date.
    pub fn lag(&mut self) -> Duration {
        let most = u64::try_from(self.weather.list_lag.as_millis()).unwrap();
        if most == 0 || self.random.f64() < 0.6 {
            Duration::ZERO
        } else {
            Duration::from_millis(self.random.u64(..=most))
        }
    }

    /// The last change of the document that a call is about, if the engine has read it. A read of the very moment of the change
    /// may have come before it.
    pub fn seen(&self, target: &str) -> Option<Instant> {
        let id = target.split('?').next()?.strip_prefix("/v1/imports/")?;
        let found = self.standing(id)?;
        found.read.filter(|read| *read > found.changed).map(|_| found.changed)
    }

    pub fn standing(&self, id: &str) -> Option<&Document> {
        self.documents.get(id).filter(|found| found.gone.is_none())
    }

    pub fn store(&mut self, id: String, text: String, who: Who, seen: Option<Instant>, key: Option<String>) {
        let now = self.now();
        let before = self.documents.get(&id).cloned();
        let stood = before.as_ref().is_some_and(|before| before.gone.is_none());
        if before.is_none() {
            self.order.push(id.clone());
        }
        self.note(who, if stood { What::Updated } else { What::Created }, &id, before.as_ref(), seen, key);
        let made = before.as_ref().map_or(now, |before| before.made);
        let read = before.and_then(|before| before.read);
        self.documents.insert(id, Document { text, made, changed: now, by: who, read, gone: None });
    }

    pub fn delete(&mut self, id: &str, who: Who, seen: Option<Instant>) {
        let Some(before) = self.standing(id).cloned() else { return };
        self.note(who, What::Deleted, id, Some(&before), seen, None);
        let now = self.now();
        self.documents.get_mut(id).unwrap().gone = Some(now);
    }

    fn note(
        &mut self,
        who: Who,
        what: What,
        id: &str,
        before: Option<&Document>,
        seen: Option<Instant>,
        key: Option<String>,
    ) {
        let before = before.filter(|before| before.gone.is_none());
        let unreadable = |before: &Document| serde_json::from_str::<Value>(&before.text).is_err();
        self.history.push(Change {
            at: self.now(),
            who,
            what,
            id: id.to_owned(),
            over: before.map(|before| (before.by, before.changed)),
            seen,
            over_unreadable: before.is_some_and(unreadable),
            key,
        });
    }

    /// Does what the engine asked for, and gives back the text that stands there then; `None` if there is nothing to do
    /// it to.
    pub fn apply(&mut self, effect: Effect) -> Option<String> {
        let time = json!(self.node_time().to_string());
        let key = key_of(&effect);
        let made = |mut body: Value, id: &str| {
            body["_id"] = json!(id);
            body["createdAt"] = time.clone();
            body["lastModified"] = time.clone();
            body
        };
        match effect {
            Effect::Create { id, body } => {
                let text = self.named(made(body, &id));
                self.store(id, text.clone(), Who::Engine, None, key);
                Some(text)
            }
            Effect::Clone { of, id, body } => {
                let source = self.standing(&of)?.text.clone();
                let mut copy = made(serde_json::from_str(&source).ok()?, &id);
                copy["_sourceId"] = json!(of);
                if let Some(name) = body.get("name") {
                    copy["name"] = name.clone();
                }
                let text = self.named(copy);
                self.store(id, text.clone(), Who::Engine, None, key);
                Some(text)
            }
            Effect::Update { id, mut body, seen } => {
                let old: Value = serde_json::from_str(&self.standing(&id)?.text).unwrap_or(Value::Null);
                body["_id"] = json!(id);
                body["createdAt"] = old.get("createdAt").cloned().unwrap_or(Value::Null);
                if let Some(source) = old.get("_sourceId") {
                    body["_sourceId"] = source.clone();
                }
                body["lastModified"] = time;
                let text = self.named(body);
                self.store(id, text.clone(), Who::Engine, seen, None);
                Some(text)
            }
            Effect::Delete { id, seen } => {
                self.standing(&id)?;
                self.delete(&id, Who::Engine, seen);
                Some(String::new())
            }
            Effect::Restore { id } => {
                let found = self.documents.get(&id).filter(|found| found.gone.is_some())?;
                let text = found.text.clone();
                self.store(id, text, Who::Engine, None, None);
                Some("{}".to_owned())
            }
        }
    }

    /// The text of a document with its name as this service stores names.
    fn named(&self, mut document: Value) -> String {
        if let Some(name) = document.get("name").and_then(Value::as_str) {
            document["name"] = json!((self.names)(name));
        }
        document.to_string()
    }
}

/// What tells one create from another: the same for each sending of one item's.
pub fn key_of(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Create { body, .. } => Some(format!("{}|{}", body["name"], body["description"])),
        Effect::Clone { of, body, .. } => Some(format!("clone of {of}|{}", body["name"])),
        Effect::Update { .. } | Effect::Delete { .. } | Effect::Restore { .. } => None,
    }
}
