//! The budget of one account: rate, burst, and the pause the service asked for.
//!
//! Callers wait in line under one lock: the first one sleeps, the others queue behind it.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::answer::{DEFAULT_PAUSE, LONGEST_PAUSE};
use super::bucket::{Bucket, Level, whole};

/// The part of the burst that is used: at the service's full burst 3 to 5 calls are refused, at 98 % none.
const BURST_USED: f64 = 0.98;
/// The factor by which a series of 429s reduces the rate.
const CUT: f64 = 0.9;
/// The part of the configured rate that is restored each second.
const RECOVERY: f64 = 0.01;
/// The rate never falls below this part of the configured one.
const LEAST: f64 = 0.05;
/// The part of the refill during a pause that is counted on: other clients use the same bucket.
const CREDIT: f64 = 0.8;
/// The part of its share that a new process uses until the other processes have counted it.
const NEWCOMER: f64 = 0.1;
/// The shortest pause after a 429, doubled for each one without a success in between.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// How fast one account may be called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetOptions {
    /// Calls a second the service allows. If infinite, there is no local limit, but pauses are still kept. Default 300.
    pub per_second: f64,
    /// Calls at once the service allows after a time without calls. Default 1,000.
    pub burst: u32,
    /// The part of `per_second` that is used, above 0 and up to 1; the rest is left to production. Default 0.9.
    pub share: f64,
}

impl Default for BudgetOptions {
    fn default() -> Self {
        Self { per_second: 300.0, burst: 1000, share: 0.9 }
    }
}

/// Why a budget is invalid.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BudgetError {
    /// A rate that is zero, negative or not a number.
    #[error("a rate of {0} calls a second is not one; give more than 0")]
    Rate(f64),
    /// A share that is not above 0 and at most 1.
    #[error("a share of {0} is not one; give more than 0 and at most 1")]
    Share(f64),
    /// Timers have a resolution of a millisecond: with a smaller burst, tokens would be lost to rounding.
    #[error("a burst of {burst} is less than 10 ms worth of calls; give at least {least}")]
    Burst {
        /// The burst as it was given, in calls.
        burst: u32,
        /// The smallest burst that is accepted, in calls.
        least: u64,
    },
}

/// The budget of one account, shared by all its clients in this process.
#[derive(Debug)]
pub struct Budget {
    /// Held by the first in line, even while it sleeps. Tokio's lock is first come, first served.
    line: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// Permission to send one call.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Permit {
    /// Time spent in the line.
    pub waited: Duration,
    episode: u64,
}

#[derive(Debug)]
struct State {
    /// How many processes share the account. Rate and burst are for all of them.
    holders: u32,
    of_all: (f64, u32),
    /// The others may not have counted this process yet.
    is_new: bool,
    /// `None` with an infinite rate.
    bucket: Option<Bucket>,
    configured: f64,
    rate: f64,
    adjusted: Instant,
    paused_until: Option<Instant>,
    /// When the service's bucket was last found empty, until the refill since then is credited.
    emptied: Option<Instant>,
    /// The level that the bucket would have if it had filled at the configured rate since it was empty. The bucket gets
    /// this level once the rate is restored, because the unused calls have accumulated in the service's bucket.
    unhindered: Option<Level>,
    /// Counts the episodes of 429s. A 429 to a call that was sent before the last one began belongs to it.
    episode: u64,
    /// Episodes since the last success.
    in_a_row: u32,
    random: fastrand::Rng,
}

impl Budget {
    /// A full budget. `random` is for the jitter of pauses.
    ///
    /// # Errors
    ///
    /// [`BudgetError`] names the invalid option.
    pub fn new(options: BudgetOptions, random: fastrand::Rng) -> Result<Self, BudgetError> {
        let BudgetOptions { per_second, burst, share } = options;
        if per_second.is_nan() || per_second <= 0.0 {
            return Err(BudgetError::Rate(per_second));
        }
        if !(share > 0.0 && share <= 1.0) {
            return Err(BudgetError::Share(share));
        }
        let configured = per_second * share;
        let used = whole(f64::from(burst) * BURST_USED).max(1);
        if burst == 0 || (configured.is_finite() && f64::from(used) < configured * 0.01) {
            let least = (configured * 0.01 / BURST_USED).ceil().max(1.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for a message")]
            let least = if least.is_finite() { least as u64 } else { 1 };
            return Err(BudgetError::Burst { burst, least });
        }
        let state = State {
            holders: 1,
            of_all: (configured, used),
            is_new: false,
            bucket: configured.is_finite().then(|| Bucket::new(configured, used, f64::from(used))),
            configured,
            rate: configured,
            adjusted: Instant::now(),
            paused_until: None,
            emptied: None,
            unhindered: None,
            episode: 0,
            in_a_row: 0,
            random,
        };
        Ok(Self { line: tokio::sync::Mutex::default(), state: Mutex::new(state) })
    }

    /// Shares the account among `holders` processes, this one included: each uses an equal part of the rate and of the
    /// burst. The calls saved up here are divided when processes join, and kept when they leave.
    pub fn share_among(&self, holders: NonZeroU32) {
        self.lock().share_among(holders.get(), Instant::now());
    }

    /// The same for a process that has just joined. If there are others, it uses a tenth of its part until the next
    /// [`Self::share_among`], because the others use all of the budget until they have counted it.
    pub fn join(&self, holders: NonZeroU32) {
        self.lock().join(holders.get(), Instant::now());
    }

    /// The rate that is allowed now, in calls a second.
    pub fn rate(&self) -> f64 {
        self.lock().rate
    }

    /// How long the service's pause still lasts; zero if there is none.
    pub fn paused_for(&self) -> Duration {
        self.lock()
            .paused_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Waits in line until a call may be sent: quota and pause are both over.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line and spends nothing.
    pub async fn permit(&self) -> Permit {
        let joined = Instant::now();
        let _first = self.line.lock().await;
        loop {
            let now = Instant::now();
            let decision = self.lock().decide(now);
            match decision {
                Decision::Go(episode) => {
                    return Permit { waited: now.saturating_duration_since(joined), episode };
                }
                Decision::Pause(until) => sleep_until(until).await,
                Decision::Wait(time) => sleep(time).await,
            }
        }
    }

    /// Handles a 429 to a call that was sent with `permit`: pauses the whole account and reduces its rate.
    ///
    /// The deadline only ever moves forward. All 429s to calls sent before the pause count as one for the rate.
    pub fn throttled(&self, permit: Permit, retry_after: Option<Duration>) {
        let now = Instant::now();
        let mut state = self.lock();
        if permit.episode == state.episode {
            state.episode += 1;
            state.in_a_row = (state.in_a_row + 1).min(6);
            state.rate = (state.rate * CUT).max(state.configured * LEAST);
            state.emptied = Some(now);
            state.unhindered = Some(Level { tokens: 0.0, at: now });
        }
        let least = SHORTEST_PAUSE * 2_u32.pow(state.in_a_row.max(1) - 1);
        let asked = retry_after.unwrap_or(DEFAULT_PAUSE).clamp(least, LONGEST_PAUSE);
        state.pause_for(now, asked);
    }

    /// Pauses the whole account for the time the service asked for, without reducing its rate.
    pub(super) fn pause(&self, asked: Duration) {
        self.lock().pause_for(Instant::now(), asked.min(LONGEST_PAUSE));
    }

    /// Records that a call was accepted.
    pub(super) fn accepted(&self) {
        self.lock().in_a_row = 0;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Decision {
    Go(u64),
    Pause(Instant),
    Wait(Duration),
}

impl State {
    /// Never earlier than asked for; a little later, so that several processes do not wake at once.
    fn pause_for(&mut self, now: Instant, asked: Duration) {
        let jitter = asked.mul_f64(0.1 * self.random.f64()).min(Duration::from_millis(250));
        self.pause_until(now + asked + jitter);
    }

    /// The deadline only ever moves forward.
    fn pause_until(&mut self, until: Instant) {
        if self.paused_until.is_none_or(|present| present < until) {
            self.paused_until = Some(until);
        }
    }

    fn share_among(&mut self, holders: u32, now: Instant) {
        let was_new = std::mem::take(&mut self.is_new);
        if holders == self.holders && !was_new {
            return;
        }
        let (rate, burst) = self.of_all;
        let slowed = if self.configured.is_finite() && !was_new { self.rate / self.configured } else { 1.0 };
        self.configured = rate / f64::from(holders);
        self.rate = self.configured * slowed;
        self.adjusted = now;
        self.unhindered = None;
        if let Some(bucket) = &mut self.bucket {
            let part = (f64::from(self.holders) / f64::from(holders)).min(1.0);
            let level = bucket.level.after(bucket.rate, bucket.burst, now) * part;
            *bucket = Bucket::new(self.rate, (burst / holders).max(1), level);
        }
        self.holders = holders;
    }

    fn join(&mut self, holders: u32, now: Instant) {
        self.share_among(holders, now);
        if let Some(bucket) = self.bucket.as_mut().filter(|_| holders > 1) {
            self.is_new = true;
            self.rate = self.configured * NEWCOMER;
            let level = bucket.level.after(bucket.rate, bucket.burst, now) * NEWCOMER;
            *bucket = Bucket::new(self.rate, bucket.burst, level);
        }
    }

    fn decide(&mut self, now: Instant) -> Decision {
        match self.paused_until {
            Some(until) if until > now => return Decision::Pause(until),
            Some(_) => self.resume(now),
            None => {}
        }
        if self.rate < self.configured
            && now.saturating_duration_since(self.adjusted) >= Duration::from_secs(1)
        {
            let gone = now.saturating_duration_since(self.adjusted).as_secs_f64();
            self.rate = (self.rate + self.configured * RECOVERY * gone).min(self.configured);
            self.adjusted = now;
            if let Some(bucket) = &mut self.bucket {
                let mut level = bucket.level.after(bucket.rate, bucket.burst, now);
                if self.rate >= self.configured
                    && let Some(unhindered) = self.unhindered.take()
                {
                    level = level.max(unhindered.after(self.configured, bucket.burst, now));
                }
                *bucket = Bucket::new(self.rate, bucket.burst, level);
            }
        }
        let Some(bucket) = &mut self.bucket else { return Decision::Go(self.episode) };
        if let Err(wait) = bucket.take(now) {
            return Decision::Wait(wait);
        }
        if let Some(unhindered) = &mut self.unhindered {
            let tokens = unhindered.after(self.configured, bucket.burst, now) - 1.0;
            *unhindered = Level { tokens, at: now };
        }
        Decision::Go(self.episode)
    }

    /// After a pause: the bucket was empty at the 429 and has refilled since, less what other clients took.
    fn resume(&mut self, now: Instant) {
        self.paused_until = None;
        self.adjusted = now;
        if let (Some(bucket), Some(emptied)) = (&mut self.bucket, self.emptied.take()) {
            let gone = now.saturating_duration_since(emptied).as_secs_f64();
            *bucket = Bucket::new(self.rate, bucket.burst, CREDIT * self.rate * gone);
        }
    }
}

#[cfg(test)]
mod tests;
