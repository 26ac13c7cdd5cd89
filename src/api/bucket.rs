//! A token bucket whose level can be carried over to another rate. The only place that names governor.
//!
//! Uses `check()` and a sleep of our own: `until_ready` would wake every waiter for every permit, and its timer ignores
//! paused time.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// A governor limiter whose level can be carried over to another rate.
#[derive(Debug)]
pub(super) struct Bucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, StateInformationMiddleware>,
    pub(super) rate: f64,
    pub(super) burst: u32,
    pub(super) level: Level,
}

/// The level of a bucket at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    pub(super) tokens: f64,
    pub(super) at: Instant,
}

impl Level {
    /// The level at `now`.
    pub(super) fn after(self, rate: f64, burst: u32, now: Instant) -> f64 {
        let refill = now.saturating_duration_since(self.at).as_secs_f64() * rate;
        (self.tokens + refill).min(f64::from(burst))
    }
}

impl Bucket {
    pub(super) fn new(rate: f64, burst: u32, level: f64) -> Self {
        let now = Instant::now();
        // Rounded up: never faster than asked for.
        let period = Duration::from_secs_f64((1.0 / rate).min(86_400.0)) + Duration::from_nanos(1);
        let size = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(size)).allow_burst(size);
        let limiter = RateLimiter::direct_with_clock(quota, TokioClock(now))
            .with_middleware::<StateInformationMiddleware>();
        let level = whole(level).min(burst);
        if let Some(missing) = NonZeroU32::new(burst - level) {
            // A new limiter is full: the difference to the wanted level is taken out at once.
            let _taken = limiter.check_n(missing);
        }
        Self { limiter, rate, burst, level: Level { tokens: f64::from(level), at: now } }
    }

    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        match self.limiter.check() {
            Ok(snapshot) => {
                self.level = Level { tokens: f64::from(snapshot.remaining_burst_capacity()), at: now };
                Ok(())
            }
            // Waits a little at least: a wait of zero would spin.
            Err(not_until) => {
                Err(not_until.wait_time_from(self.limiter.clock().now()).max(Duration::from_micros(1)))
            }
        }
    }
}

/// governor's clock over tokio's time, which tests can pause.
#[derive(Debug, Clone, Copy)]
struct TokioClock(Instant);

impl governor::clock::Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}

/// The whole part of a number, clamped to what fits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
pub(super) fn whole(number: f64) -> u32 {
    number.clamp(0.0, f64::from(u32::MAX)) as u32
}
