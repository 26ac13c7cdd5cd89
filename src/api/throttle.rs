//! `Throttled<A>`: calls keep to the budget of their account and to a number under way, and everybody learns from the
//! answers.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::concurrency::Gate;
use super::controller::{CallKind, Load, Observation};
use super::{Api, ApiError, Budget, Call, Concurrency, ErrorKind, Meter, Reply, ServerClock};
use crate::model::time::Clock;

/// An API whose calls keep to the budget of their account and to a number under way.
#[derive(Debug)]
pub struct Throttled<A> {
    inner: A,
    budget: Arc<Budget>,
    gate: Gate,
    /// Where calls wait one after the other, so that one that goes ahead has at most one of them in front.
    line: tokio::sync::Mutex<()>,
    meter: Arc<Meter>,
    server: Arc<ServerClock>,
    clock: Clock,
}

impl<A> Throttled<A> {
    /// Holds back the calls to `inner`. `clock` is compared with the service's in `server`.
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
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<A: Api> Api for Throttled<A> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let first_in_line =
            if call.goes_ahead() { None } else { Some(call.unless_held_back(self.line.lock()).await?) };
        // First the place, then the permit: a permit spent while waiting for a place would be used late, in a bunch.
        let mut slot = call.unless_held_back(self.gate.enter()).await?;
        let permit = call.unless_held_back(self.budget.permit()).await?;
        drop(first_in_line);
        let permitted = Instant::now();
        call.may_be_sent().await?;
        slot.sent();
        let under_way = self.meter.send(call, permit.waited);
        let (sent, started) = (self.clock.now(), Instant::now());
        let result = self.inner.call(call).await;
        let latency = started.elapsed();
        drop(under_way);
        self.meter.answered(&result, latency);
        let (date, load) = match &result {
            Ok(reply) => (reply.date, Load::Borne),
            Err(error) => (error.date, load(error)),
        };
        match &result {
            Err(error) if error.kind == ErrorKind::Throttled => {
                self.budget.throttled(permit, error.retry_after);
            }
            Err(_) => {}
            Ok(_) => self.budget.accepted(),
        }
        if let Some(date) = date {
            self.server.observe(sent, self.clock.now(), date);
        }
        // The place is held while a call is announced too: as many more places carry the same rate.
        let (latency, held) = (latency.as_secs_f64(), permitted.elapsed().as_secs_f64());
        let (kind, rate) = (CallKind::of(call), self.budget.rate());
        slot.answered(Observation { kind, load, latency, held, generation: 0, rate });
        result
    }
}

fn load(error: &ApiError) -> Load {
    match error.kind {
        ErrorKind::Throttled => Load::Refused,
        ErrorKind::NotSent | ErrorKind::Withheld => Load::Unknown,
        ErrorKind::InDoubt => Load::TooMuch,
        ErrorKind::Broken if error.status.is_none() => Load::Unknown,
        _ => Load::Borne,
    }
}

#[cfg(test)]
mod tests;
