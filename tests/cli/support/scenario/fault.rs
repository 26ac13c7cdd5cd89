//! Faults in the words of scenarios.

use jiff::SignedDuration;
use serde_json::Value;
use transship::emulator::{self, Effect, Match};

/// Something that goes wrong with calls of the service.
#[derive(Debug, Clone)]
pub struct Fault(pub emulator::Fault);

impl Fault {
    /// An effect on every call of a method and path (a glob).
    pub fn on(method: &str, path: &str, effect: Effect) -> Self {
        let matches =
            Match { method: Some(method.to_owned()), path: Some(path.to_owned()), ..Match::default() };
        Self(emulator::Fault::new(matches, effect))
    }

    /// An effect on creates.
    pub fn on_create(effect: Effect) -> Self {
        Self::on("POST", "/v1/imports", effect)
    }

    /// An effect on the lists of imports.
    pub fn on_list(effect: Effect) -> Self {
        Self::on("GET", "/v1/imports", effect)
    }

    /// The first create of that name gets no answer, and is not done.
    pub fn cut_before_write(name: &str) -> Self {
        Self::on_create(Effect::CutBefore).named(name).first(1)
    }

    /// The first create of that name gets no answer, but is done.
    pub fn cut_after_write(name: &str) -> Self {
        Self::on_create(Effect::CutAfter).named(name).first(1)
    }

    /// An answer of this status, with nothing done.
    pub fn status(code: u16) -> Effect {
        Effect::Status { code, retry_after: None, body: None }
    }

    /// An answer of this status and body, with nothing done.
    pub fn says(code: u16, body: Value) -> Effect {
        Effect::Status { code, retry_after: None, body: Some(body) }
    }

    /// A 429 with a `Retry-After`.
    pub fn throttled(retry_after: &str) -> Effect {
        Effect::Status { code: 429, retry_after: Some(retry_after.to_owned()), body: None }
    }

    /// Time before anything is done.
    pub fn slow_before(millis: i64) -> Effect {
        Effect::Slow { before: SignedDuration::from_millis(millis), after: SignedDuration::ZERO }
    }

    /// Time between doing and answering.
    pub fn slow_after(millis: i64) -> Effect {
        Effect::Slow { before: SignedDuration::ZERO, after: SignedDuration::from_millis(millis) }
    }

    /// Only for documents of this name (a glob).
    pub fn named(mut self, name: &str) -> Self {
        self.0.matches.name = Some(name.to_owned());
        self
    }

    /// Only in this account.
    pub fn in_account(mut self, account: &str) -> Self {
        self.0.matches.account = Some(account.to_owned());
        self
    }

    /// Only where the query fits this glob.
    pub fn with_query(mut self, query: &str) -> Self {
        self.0.matches.query = Some(query.to_owned());
        self
    }

    /// Only the first so many.
    pub fn first(mut self, count: u64) -> Self {
        self.0.first = Some(count);
        self
    }

    /// Only this one, from 1.
    pub fn nth(mut self, number: u64) -> Self {
        self.0.nth = Some(number);
        self
    }

    /// Every so many.
    pub fn every(mut self, count: u64) -> Self {
        self.0.every = Some(count);
        self
    }

    /// With this probability, always drawn alike.
    pub fn at_random(mut self, probability: f64, seed: u64) -> Self {
        (self.0.probability, self.0.seed) = (Some(probability), seed);
        self
    }

    /// By a reset of the connection.
    pub fn by_reset(mut self) -> Self {
        self.0.reset = true;
        self
    }
}
