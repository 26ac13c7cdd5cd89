//! `Throttled<A>`: keeps calls within the budget of their account and below a number under way, and both learn from the
//! answers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::call::ATTEMPT;
use super::concurrency::Gate;
use super::controller::{CallKind, Load, Observation};
use super::{Api, ApiError, Budget, Call, Concurrency, ErrorKind, Meter, Reply, ServerClock};
use crate::model::time::Clock;

/// An API that keeps calls within the budget of their account and below a number under way.
#[derive(Debug)]
pub struct Throttled<A> {
    inner: A,
    budget: Arc<Budget>,
    gate: Gate,
    /// Calls wait here one after the other, so that a call that goes ahead has at most one of them before it.
    line: tokio::sync::Mutex<()>,
    meter: Arc<Meter>,
    server: Arc<ServerClock>,
    clock: Clock,
}

impl<A> Throttled<A> {
    /// Holds back the calls to `inner`. `server` learns the service's time relative to the local `clock`.
    pub fn new(
        inner: A,
        budget: Arc<Budget>,
        concurrency: Concurrency,
        meter: Arc<Meter>,
        (clock, server): (Clock, Arc<ServerClock>),
    ) -> Self {
        Self {
            inner,
            budget,
            gate: Gate::new(concurrency),
            line: tokio::sync::Mutex::default(),
            meter,
            server,
            clock,
        }
    }

    fn tell_of_pause(&self, who: &str, error: &ApiError) {
        let pause = self.budget.paused_for();
        let status = error.status.map(|status| format!(" ({status})")).unwrap_or_default();
        let asked = error.retry_after.unwrap_or(pause).as_secs();
        self.meter.paused(pause, &format!("{who} {asked} s{status}"));
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<A: Api> Api for Throttled<A> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let first_in_line =
            if call.goes_ahead() { None } else { Some(call.unless_held_back(self.line.lock()).await?) };
        // First the place, then the permit: a permit that waits for a place would be used late, together with others.
        let mut place = call.unless_held_back(self.gate.enter()).await?;
        let waiting = self.meter.waiting();
        let permit = call.unless_held_back(self.budget.permit()).await?;
        drop(first_in_line);
        drop(waiting);
        let permitted = Instant::now();
        call.may_be_sent().await?;
        place.sent();
        let under_way = self.meter.send(call);
        let (sent, started) = (self.clock.now(), Instant::now());
        let result = self.inner.call(call).await;
        let latency = started.elapsed();
        drop(under_way);
        trace(call, &result, latency, permit.waited);
        self.meter.answered(call.purpose, &result, latency);
        let (date, load) = match &result {
            Ok(reply) => (reply.date, Load::Borne),
            Err(error) => (error.date, load(error)),
        };
        match &result {
            Err(error) if error.kind == ErrorKind::Throttled => {
                self.budget.throttled(permit, error.retry_after);
                self.tell_of_pause("the service asks for", error);
            }
            // The service is overloaded and says for how long, which applies to everybody.
            Err(error) if error.kind == ErrorKind::InDoubt && error.status.is_some() => {
                if let Some(pause) = error.retry_after {
                    self.budget.pause(pause);
                    self.tell_of_pause("the service is overloaded and asks for", error);
                }
            }
            Err(_) => {}
            Ok(_) => self.budget.accepted(),
        }
        if let Some(date) = date {
            self.server.observe(sent, self.clock.now(), date);
        }
        // A call also holds its place while its intent is written: the same rate needs more places.
        let (latency, held) = (latency.as_secs_f64(), permitted.elapsed().as_secs_f64());
        let (kind, rate) = (CallKind::of(call), self.budget.rate());
        place.answered(Observation { kind, load, latency, held, generation: 0, rate });
        result
    }
}

/// With `-vv`, logs a line for each attempt; never a body, a query or a header.
fn trace(call: &Call, result: &Result<Reply, ApiError>, latency: Duration, waited: Duration) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (ms, waited_ms) = (millis(latency), millis(waited));
    let attempt = ATTEMPT.try_with(|attempt| *attempt).unwrap_or(1);
    let (method, path) = (call.method.as_str(), super::error::path_of(&call.target));
    match result {
        Ok(reply) => tracing::debug!(method, %path, status = reply.status, ms, attempt, waited_ms, "call"),
        Err(error) => {
            let why = super::error::clean(&error.summary, 300);
            tracing::debug!(method, %path, status = error.status, ms, attempt, waited_ms, %why, "call failed");
        }
    }
}

fn load(error: &ApiError) -> Load {
    match error.kind {
        ErrorKind::Throttled => Load::Refused,
        ErrorKind::NotSent | ErrorKind::Withheld | ErrorKind::Away => Load::Unknown,
        ErrorKind::InDoubt => Load::TooMuch,
        ErrorKind::Broken if error.status.is_none() => Load::Unknown,
        _ => Load::Borne,
    }
}

#[cfg(test)]
mod tests;
