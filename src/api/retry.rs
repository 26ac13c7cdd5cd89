//! `Retrying<A>`: sends again what is safe to send again. The only place that names the backoff crate.
//!
//! `backoff` is unmaintained (RUSTSEC-2025-0012): only its delay arithmetic is used, so that it is easy to replace.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use backoff::backoff::Backoff as _;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use tokio::time::{Instant, sleep};

use super::call::ATTEMPT;
use super::{Api, ApiError, Call, ErrorKind, Meter, Reply, TooLargeSign};

/// How often one call may be throttled before it fails.
const MOST_THROTTLES: u32 = 100;
/// How long one call may be throttled before it fails.
const LONGEST_THROTTLING: Duration = Duration::from_mins(10);

/// How often a page that may be too large is requested before a smaller one is.
const MOST_FAILURES_OF_A_PAGE: u32 = 2;
/// How often one call may be sent again at once because its connection was closed properly; after that it counts as
/// failed.
const MOST_ENDINGS: u32 = 20;
/// The largest cap: a longer wait would look like a hang, and a much longer one would overflow a `Duration`.
const LONGEST_CAP: Duration = Duration::from_hours(1);

/// When a failed call is sent again, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many times a call is sent; attempts that were throttled do not count. Default 6.
    pub attempts: NonZeroU32,
    /// The longest wait before the second attempt; it doubles for each further one. Default 500 ms.
    pub base: Duration,
    /// The longest wait (an hour at most), unless the service asks for more. Default 30 s.
    pub cap: Duration,
    /// How long to wait for a service that is unavailable; zero: not at all. Default 10 min.
    pub patience: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: const { NonZeroU32::new(6).unwrap() },
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            patience: Duration::from_mins(10),
        }
    }
}

/// An API that sends failed calls again if that is safe.
///
/// Not sent: any call, at once if only the connection ended. Throttled: any call, when the budget below lets it through
/// again. No answer, 5xx, or an unexpected answer: reads only; a write may have had its effect, so the caller looks it
/// up first. Anything else is returned to the caller at once.
#[derive(Debug)]
pub struct Retrying<A> {
    inner: A,
    policy: RetryPolicy,
    meter: Arc<Meter>,
    random: Mutex<fastrand::Rng>,
}

impl<A> Retrying<A> {
    /// Retries over `inner`, which has to hold calls back after a 429.
    pub fn new(inner: A, policy: RetryPolicy, meter: Arc<Meter>, random: fastrand::Rng) -> Self {
        Self { inner, policy, meter, random: Mutex::new(random) }
    }

    fn random(&self) -> f64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<A: Api> Api for Retrying<A> {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        let (mut sent, mut failed, mut throttled, mut ended) = (0, 0, 0, 0);
        let mut throttled_since: Option<Instant> = None;
        let mut delays: Option<Delays> = None;
        loop {
            let error = match ATTEMPT.scope(sent + 1, self.inner.call(call)).await {
                Ok(reply) => return Ok(Reply { attempts: sent + reply.attempts, ..reply }),
                Err(error) => error,
            };
            sent += error.attempts;
            if error.kind == ErrorKind::NotSent
                && error.retry_after == Some(Duration::ZERO)
                && ended < MOST_ENDINGS
            {
                // The connection ended, not the service: a new one carries the call at once.
                ended += 1;
                self.meter.retried();
                if let Some(before_send) = &call.before_send {
                    before_send.not_taken(&error).await;
                }
                continue;
            }
            let sign = error.too_large.filter(|_| call.can_be_halved);
            let give_up = match worth(call.reads(), &error) {
                Worth::Waiting if call.keeps_answers() => true,
                Worth::Nothing => true,
                // Its caller asks for fewer documents at once.
                Worth::Repeating if sign == Some(TooLargeSign::Certain) => true,
                Worth::Waiting => {
                    throttled += 1;
                    let since = *throttled_since.get_or_insert_with(Instant::now);
                    throttled >= MOST_THROTTLES || since.elapsed() >= LONGEST_THROTTLING
                }
                Worth::Repeating => {
                    failed += 1;
                    let most = self.policy.attempts.get();
                    failed >= if sign.is_some() { most.min(MOST_FAILURES_OF_A_PAGE) } else { most }
                }
            };
            if give_up {
                return Err(ApiError { attempts: sent, ..error });
            }
            if let Some(before_send) = &call.before_send {
                before_send.not_taken(&error).await;
            }
            if error.kind != ErrorKind::Throttled {
                let delay = delays.get_or_insert_with(|| Delays::new(self.policy)).next(self.random());
                self.meter.retried();
                let delay = delay.max(error.retry_after.unwrap_or_default());
                let waited = call.unless_held_back(sleep(delay)).await;
                waited.map_err(|withheld| ApiError { attempts: sent, ..withheld })?;
            }
        }
    }
}

/// What to do with a failed call.
enum Worth {
    /// Sending it again cannot help, or could do harm.
    Nothing,
    /// It goes back into the line; the budget knows how long it has to wait.
    Waiting,
    /// It is sent again after a delay.
    Repeating,
}

fn worth(reads: bool, error: &ApiError) -> Worth {
    match error.kind {
        ErrorKind::NotSent => Worth::Repeating,
        ErrorKind::Throttled => Worth::Waiting,
        // A redirect would lead to the same place again.
        ErrorKind::Broken if matches!(error.status, Some(300..=399)) => Worth::Nothing,
        // An error made on this side (a bad address) was not sent, and would happen again.
        ErrorKind::InDoubt | ErrorKind::Broken if reads && error.attempts > 0 => Worth::Repeating,
        _ => Worth::Nothing,
    }
}

/// The waits between the attempts of one call: exponential with full jitter.
struct Delays {
    ceiling: ExponentialBackoff,
    cap: Duration,
}

impl Delays {
    fn new(policy: RetryPolicy) -> Self {
        let cap = policy.cap.min(LONGEST_CAP);
        let ceiling = ExponentialBackoffBuilder::new()
            .with_initial_interval(policy.base.min(cap))
            .with_max_interval(cap)
            .with_multiplier(2.0)
            // The crate's own jitter cannot be seeded and is not full: the crate only gives the ceiling.
            .with_randomization_factor(0.0)
            .with_max_elapsed_time(None)
            .build();
        Self { ceiling, cap }
    }

    /// The next wait: the fraction `random` (0 to 1) of a ceiling that doubles up to the cap.
    fn next(&mut self, random: f64) -> Duration {
        let ceiling = self.ceiling.next_backoff().unwrap_or(self.cap).min(self.cap);
        let wait = ceiling.mul_f64(random.clamp(0.0, 1.0)).min(self.cap);
        // Whole microseconds: below that the crate adds noise of its own.
        Duration::from_micros(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
