//! `Patient<A>`: all calls of an account wait together while the service is unavailable.
//!
//! A service is unavailable if it cannot be connected to, or if it answers every call with 502, 503 or 504. Then only
//! one call asks repeatedly whether it is available again, and all others wait. No call fails because of this until the
//! patience is over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};

use super::{Api, ApiError, AwaySign, Call, ErrorKind, Meter, Reply, RetryPolicy};

/// This many consecutive answers of 502 to 504, to any calls, mean that the service is unavailable.
const BUSY_IN_A_ROW: u32 = 3;
/// The longest time between two questions: a question costs little, and nothing else happens before it succeeds.
const LONGEST_UNASKED: Duration = Duration::from_secs(10);
/// How many times a call is sent before an absence counts as a failed attempt.
const MOST_FREE: u32 = 2;
/// The patience with a service that has never answered: its address may be wrong.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);

/// An API that waits while the service is unavailable.
#[derive(Debug)]
pub struct Patient<A> {
    inner: A,
    policy: RetryPolicy,
    meter: Arc<Meter>,
    state: Mutex<State>,
    /// Held by the call that asks; the others wait for it.
    asking: tokio::sync::Mutex<()>,
    random: Mutex<fastrand::Rng>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Consecutive signs of absence.
    in_a_row: u32,
    /// Whether the service ever answered.
    reached: bool,
}

#[derive(Debug, Clone)]
enum Phase {
    Here,
    Away(Away),
    GivenUp(String),
}

#[derive(Debug, Clone)]
struct Away {
    since: Instant,
    /// When the next question is sent.
    next: Instant,
    /// The longest wait before the question after the next.
    pause: Duration,
    patience: Duration,
    why: String,
}

impl<A> Patient<A> {
    /// Waits for the service of `inner` as `policy` says, and reports it through `meter`.
    pub fn new(inner: A, policy: RetryPolicy, meter: Arc<Meter>, random: fastrand::Rng) -> Self {
        let state = State { phase: Phase::Here, in_a_row: 0, reached: false };
        Self {
            inner,
            policy,
            meter,
            state: Mutex::new(state),
            asking: tokio::sync::Mutex::default(),
            random: Mutex::new(random),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn random(&self) -> f64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }

    /// Learns from an answer. Returns whether the service is unavailable now.
    fn note(&self, result: &Result<Reply, ApiError>) -> bool {
        let mut state = self.lock();
        let Some((sign, error)) =
            result.as_ref().err().and_then(|error| error.away.map(|sign| (sign, error)))
        else {
            // A call that was never sent says nothing.
            if result.as_ref().map_or_else(|error| error.status.is_some(), |_| true) {
                state.reached = true;
                state.in_a_row = 0;
                if let Phase::Away(away) = &state.phase {
                    self.meter.back_after(away.since.elapsed());
                    state.phase = Phase::Here;
                }
            }
            return false;
        };
        state.in_a_row += 1;
        let is_away = match sign {
            AwaySign::Unreachable => true,
            AwaySign::NoConnection => state.reached,
            AwaySign::Busy => state.in_a_row >= BUSY_IN_A_ROW,
        };
        match &state.phase {
            Phase::Here if is_away && !self.policy.patience.is_zero() => {
                let patience = self.policy.patience;
                let patience = if state.reached { patience } else { patience.min(FIRST_PATIENCE) };
                let now = Instant::now();
                let wait = self.policy.base.mul_f64(self.random()).max(error.retry_after.unwrap_or_default());
                let away = Away {
                    since: now,
                    next: now + wait,
                    pause: self.policy.base * 2,
                    patience,
                    why: error.summary.clone(),
                };
                self.meter.paused(patience, &format!("the service is away: {}", away.why));
                state.phase = Phase::Away(away);
                true
            }
            Phase::Here => false,
            Phase::Away(_) | Phase::GivenUp(_) => true,
        }
    }
}

impl<A: Api> Patient<A> {
    /// Returns once the service is not known to be unavailable. Asks it if no other call does.
    async fn available(&self, call: &Call) -> Result<(), ApiError> {
        if matches!(self.lock().phase, Phase::Here) {
            return Ok(());
        }
        let _first = call.unless_held_back(self.asking.lock()).await?;
        loop {
            // A statement of its own, because the code below locks again.
            let phase = self.lock().phase.clone();
            let away = match phase {
                Phase::Here => return Ok(()),
                Phase::Away(away) => away,
                Phase::GivenUp(why) => return Err(self.gave_up(call, why)),
            };
            let end = away.since + away.patience;
            call.unless_held_back(sleep_until(away.next.min(end))).await?;
            if Instant::now() >= end {
                let why = format!(
                    "the service has been away for {} s: {}",
                    away.since.elapsed().as_secs(),
                    away.why
                );
                self.lock().phase = Phase::GivenUp(why);
                continue;
            }
            let answer = call.unless_held_back(self.inner.call(&question())).await?;
            self.note(&answer);
            let wait = away.pause.mul_f64(0.5 + 0.5 * self.random());
            let wait = wait.max(answer.err().and_then(|error| error.retry_after).unwrap_or_default());
            if let Phase::Away(away) = &mut self.lock().phase {
                away.next = Instant::now() + wait;
                away.pause = (away.pause * 2).min(LONGEST_UNASKED);
            }
        }
    }

    fn gave_up(&self, call: &Call, why: String) -> ApiError {
        // An address that never answered may be wrong: waiting for it is pointless.
        let away = (!self.lock().reached).then_some(AwaySign::NoConnection);
        ApiError { attempts: 0, away, ..ApiError::new(call.method, &call.target, ErrorKind::Away, why) }
    }
}

/// A call that every account answers and that changes nothing.
fn question() -> Call {
    Call::get("/v1/tokenInfo".to_owned(), "token info")
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<A: Api> Api for Patient<A> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let mut sent = 0;
        for attempt in 1.. {
            self.available(call).await.map_err(|error| ApiError { attempts: sent, ..error })?;
            let result = self.inner.call(call).await;
            let is_away = self.note(&result);
            match result {
                Ok(reply) => return Ok(Reply { attempts: sent + reply.attempts, ..reply }),
                // The caller of a write that may have had its effect looks it up when the service is available again.
                Err(error)
                    if is_away
                        && (error.kind == ErrorKind::NotSent || call.reads())
                        && attempt < MOST_FREE =>
                {
                    sent += error.attempts;
                    if let Some(before_send) = &call.before_send {
                        before_send.not_taken(&error).await;
                    }
                }
                Err(error) => return Err(ApiError { attempts: sent + error.attempts, ..error }),
            }
        }
        unreachable!("the loop ends by its second attempt")
    }
}

#[cfg(test)]
mod tests;
