//! How many calls are under way at once: a gate that opens as far as the service bears it.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Calls under way at the start; more only once answers came back.
const START: usize = 4;
/// The most that `Auto` goes to.
const MOST: usize = 64;
/// A rise of latency up to this is not taken for a sign of overload.
const TOLERANCE: f64 = 0.020;

/// How many calls may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Concurrency {
    /// Starts at 4, one more per round trip while latency holds (doubling at first), halved on 5xx and timeouts, up to
    /// 64; stops at 1.5 × rate × round trip, beyond which calls would only wait.
    #[default]
    Auto,
    /// At most this many, reached by one more per answer from 4 on: a service whose bucket is empty refuses few calls
    /// so. Once it has said 429, no more than 1.5 × rate × round trip: the rest would only be refused together.
    Fixed(NonZeroUsize),
}

/// What an answer says about the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    /// An answer: the service bears it.
    Borne,
    /// 5xx or none in time.
    TooMuch,
    /// 429: the service bears it, the account may not.
    Refused,
    /// Nothing: it was not sent.
    Unknown,
}

/// The gate.
#[derive(Debug)]
pub(super) struct Gate {
    semaphore: Semaphore,
    mode: Concurrency,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How many may be under way.
    limit: usize,
    /// How many permits the semaphore has, those handed out included; above `limit` while calls drain.
    permits: usize,
    /// Doubling per round trip: until latency rises or the service fails.
    doubling: bool,
    /// Whether there was a 429.
    refused: bool,
    answers: usize,
    /// Smoothed and least round trip, in seconds.
    round_trip: f64,
    least: f64,
    /// Counts the times the limit was halved: failures of calls sent before the last one do not halve it again.
    cuts: u64,
}

impl Gate {
    pub(super) fn new(mode: Concurrency) -> Self {
        let limit = match mode {
            Concurrency::Auto => START,
            Concurrency::Fixed(most) => START.min(most.get()),
        };
        let state = State {
            limit,
            permits: limit,
            doubling: true,
            refused: false,
            answers: 0,
            round_trip: 0.0,
            least: f64::INFINITY,
            cuts: 0,
        };
        Self { semaphore: Semaphore::new(limit), mode, state: Mutex::new(state) }
    }

    /// How many may be under way now.
    #[cfg(test)]
    pub(super) fn limit(&self) -> usize {
        self.lock().limit
    }

    /// Waits for a place, first come first served.
    pub(super) async fn enter(&self) -> Span<'_> {
        let permit = self.semaphore.acquire().await;
        Span { permit: permit.ok(), gate: self, cuts: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the gate, given back when dropped.
#[derive(Debug)]
pub(super) struct Span<'a> {
    permit: Option<SemaphorePermit<'a>>,
    gate: &'a Gate,
    cuts: u64,
}

impl Span<'_> {
    /// Marks the moment of sending: entering may lie long before, waiting for the budget.
    pub(super) fn sent(&mut self) {
        self.cuts = self.gate.lock().cuts;
    }

    /// Learns from the answer. `rate` is what the budget allows a second, perhaps infinite.
    pub(super) fn answered(&self, load: Load, latency: Duration, rate: f64) {
        let mut state = self.gate.lock();
        let before = state.limit;
        match (self.gate.mode, load) {
            (Concurrency::Fixed(most), Load::Borne) => {
                state.took(latency.as_secs_f64());
                let ceiling = if state.refused { aim(rate, state.round_trip) } else { most.get() };
                state.limit = (state.limit + 1).min(ceiling).min(most.get());
            }
            (Concurrency::Auto, Load::Borne) => {
                state.took(latency.as_secs_f64());
                state.grow(rate);
            }
            (_, Load::Refused) => state.refused = true,
            (Concurrency::Auto, Load::TooMuch) if state.cuts == self.cuts => {
                state.cuts += 1;
                state.doubling = false;
                state.answers = 0;
                state.limit = (state.limit / 2).max(1);
            }
            _ => {}
        }
        if state.limit > before && state.permits < state.limit {
            self.gate.semaphore.add_permits(state.limit - state.permits);
            state.permits = state.limit;
        } else if state.limit < before {
            let surplus = state.permits.saturating_sub(state.limit);
            state.permits -= self.gate.semaphore.forget_permits(surplus);
        }
    }
}

impl State {
    /// Learns how long an answer took, in seconds.
    fn took(&mut self, latency: f64) {
        // The least is let go slowly, so that a service that became slower for good is not held against it for ever.
        self.least = latency.min(self.least * 1.001);
        self.round_trip = if self.round_trip == 0.0 {
            latency
        } else {
            self.round_trip + (latency - self.round_trip) / 8.0
        };
    }

    fn grow(&mut self, rate: f64) {
        if self.round_trip > (2.0 * self.least).max(self.least + TOLERANCE) {
            self.doubling = false;
            return;
        }
        if self.limit >= aim(rate, self.round_trip) {
            return;
        }
        self.answers += 1;
        if self.doubling || self.answers >= self.limit {
            self.answers = 0;
            self.limit += 1;
        }
    }
}

/// 1.5 × rate × round trip, between 4 and 64.
fn aim(rate: f64, round_trip: f64) -> usize {
    let aim = (1.5 * rate * round_trip).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let aim = aim as usize;
    aim.clamp(START, MOST)
}

impl Drop for Span<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        if state.permits > state.limit
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
            state.permits -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(50);

    /// Fills the gate and has every call answered, `rounds` times over.
    async fn rounds(gate: &Gate, rounds: usize, load: Load, latency: Duration, rate: f64) {
        for _ in 0..rounds {
            let mut slots = Vec::new();
            for _ in 0..gate.limit() {
                let mut slot = gate.enter().await;
                slot.sent();
                slots.push(slot);
            }
            for slot in slots {
                slot.answered(load, latency, rate);
            }
        }
    }

    #[tokio::test]
    async fn auto_starts_at_4_and_stops_at_one_and_a_half_times_rate_times_round_trip() {
        let gate = Gate::new(Concurrency::Auto);
        assert_eq!(gate.limit(), 4);
        rounds(&gate, 10, Load::Borne, RTT, 300.0).await;
        assert_eq!(gate.limit(), 23);
    }

    #[tokio::test]
    async fn auto_never_goes_beyond_64() {
        let gate = Gate::new(Concurrency::Auto);
        rounds(&gate, 100, Load::Borne, RTT, f64::INFINITY).await;
        assert_eq!(gate.limit(), 64);
    }

    #[tokio::test]
    async fn failures_of_one_round_trip_halve_it_once() {
        let gate = Gate::new(Concurrency::Auto);
        rounds(&gate, 10, Load::Borne, RTT, f64::INFINITY).await;
        rounds(&gate, 1, Load::TooMuch, RTT, f64::INFINITY).await;
        assert_eq!(gate.limit(), 32);
        rounds(&gate, 9, Load::TooMuch, RTT, f64::INFINITY).await;
        assert_eq!(gate.limit(), 1);
        rounds(&gate, 3, Load::Borne, RTT, f64::INFINITY).await;
        assert_eq!(gate.limit(), 4, "one more per round trip");
    }

    #[tokio::test]
    async fn it_stops_growing_when_latency_rises() {
        let gate = Gate::new(Concurrency::Auto);
        rounds(&gate, 2, Load::Borne, RTT, f64::INFINITY).await;
        rounds(&gate, 1, Load::Borne, RTT * 10, f64::INFINITY).await;
        let limit = gate.limit();
        rounds(&gate, 3, Load::Borne, RTT * 10, f64::INFINITY).await;
        assert_eq!(gate.limit(), limit);
        assert!(limit < 32);
    }

    #[tokio::test]
    async fn a_fixed_number_is_reached_by_answers_and_kept() {
        let gate = Gate::new(Concurrency::Fixed(NonZeroUsize::new(10).unwrap()));
        assert_eq!(gate.limit(), 4);
        rounds(&gate, 5, Load::Borne, RTT, 300.0).await;
        rounds(&gate, 5, Load::TooMuch, RTT, 300.0).await;
        assert_eq!(gate.limit(), 10);
        assert_eq!(gate.semaphore.available_permits(), 10);
        let one = Gate::new(Concurrency::Fixed(NonZeroUsize::MIN));
        rounds(&one, 5, Load::Borne, RTT, 300.0).await;
        assert_eq!(one.limit(), 1);
    }

    #[tokio::test]
    async fn after_a_429_a_fixed_number_is_only_the_most() {
        let gate = Gate::new(Concurrency::Fixed(NonZeroUsize::new(64).unwrap()));
        rounds(&gate, 6, Load::Borne, RTT, 300.0).await;
        assert_eq!(gate.limit(), 64);
        rounds(&gate, 1, Load::Refused, RTT, 300.0).await;
        rounds(&gate, 2, Load::Borne, RTT, 270.0).await;
        assert_eq!(gate.limit(), 21);
        assert_eq!(gate.semaphore.available_permits(), 21);
    }

    #[tokio::test]
    async fn a_call_that_is_dropped_gives_its_place_back() {
        let gate = Gate::new(Concurrency::Auto);
        for _ in 0..100 {
            drop(gate.enter().await);
        }
        assert_eq!(gate.semaphore.available_permits(), 4);
    }
}
