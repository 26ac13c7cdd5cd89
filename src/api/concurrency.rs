//! Limits how many calls are under way at once: a gate whose width the controller sets.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::controller::{Controller, Load, Observation};

/// Calls under way at the start; more only after answers arrived.
const START: usize = 4;

/// How many calls may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Concurrency {
    /// Starts at 4, doubles per round trip up to 1.5 × rate × round trip and at most 64. Reduces the number when the
    /// service shows strain: rising latency for a kind of call, or more than occasional 5xx and timeouts.
    #[default]
    Auto,
    /// At most this many, starting at 4 and growing by one per answer: a service whose bucket is empty then refuses few
    /// calls. After a 429, at most 1.5 × rate × round trip: the service would only refuse the rest together.
    Fixed(NonZeroUsize),
}

/// Lets through as many calls at once as the controller allows.
#[derive(Debug)]
pub(super) struct Gate {
    semaphore: Semaphore,
    mode: Concurrency,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    controller: Controller,
    /// How many calls may be under way.
    limit: usize,
    /// How many permits the semaphore has, including those in use; more than `limit` while calls drain.
    permits: usize,
    /// Whether there was a 429.
    refused: bool,
}

impl Gate {
    pub(super) fn new(mode: Concurrency) -> Self {
        let controller = Controller::new();
        let limit = match mode {
            Concurrency::Auto => controller.limit(),
            Concurrency::Fixed(most) => START.min(most.get()),
        };
        let state = State { controller, limit, permits: limit, refused: false };
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
        Span { permit: permit.ok(), gate: self, generation: 0 }
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
    generation: u64,
}

impl Span<'_> {
    /// Marks the moment of sending: entering may have been much earlier, because of the wait for the budget.
    pub(super) fn sent(&mut self) {
        self.generation = self.gate.lock().controller.generation();
    }

    /// Learns from the answer. Fills in the generation of `seen`.
    pub(super) fn answered(&self, seen: Observation) {
        let mut state = self.gate.lock();
        let before = state.limit;
        state.controller.observe(Observation { generation: self.generation, ..seen });
        state.refused |= seen.load == Load::Refused;
        state.limit = match self.gate.mode {
            Concurrency::Auto => state.controller.limit(),
            Concurrency::Fixed(most) if seen.load == Load::Borne => {
                let ceiling = if state.refused { state.controller.aim(seen.rate) } else { most.get() };
                (state.limit + 1).min(ceiling).min(most.get())
            }
            Concurrency::Fixed(_) => before,
        };
        if state.limit > before && state.permits < state.limit {
            self.gate.semaphore.add_permits(state.limit - state.permits);
            state.permits = state.limit;
        } else if state.limit < before {
            let surplus = state.permits.saturating_sub(state.limit);
            state.permits -= self.gate.semaphore.forget_permits(surplus);
        }
    }
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
    use crate::api::Method;
    use crate::api::controller::CallKind;

    const ROUND_TRIP: f64 = 0.050;

    /// Fills the gate and has every call answered, `rounds` times over.
    async fn rounds(gate: &Gate, rounds: usize, load: Load, rate: f64) {
        let kind = CallKind::One(Method::Post);
        let seen = Observation { kind, load, latency: ROUND_TRIP, held: ROUND_TRIP, generation: 0, rate };
        for _ in 0..rounds {
            let mut spans = Vec::new();
            for _ in 0..gate.limit() {
                let mut span = gate.enter().await;
                span.sent();
                spans.push(span);
            }
            for span in spans {
                span.answered(seen);
            }
        }
    }

    #[tokio::test]
    async fn auto_starts_at_4_and_stops_at_one_and_a_half_times_rate_times_round_trip() {
        let gate = Gate::new(Concurrency::Auto);
        assert_eq!(gate.limit(), 4);
        rounds(&gate, 10, Load::Borne, 300.0).await;
        assert_eq!(gate.limit(), 23);
    }

    #[tokio::test]
    async fn auto_never_goes_beyond_64_and_gives_places_back_when_the_service_fails() {
        let gate = Gate::new(Concurrency::Auto);
        rounds(&gate, 100, Load::Borne, f64::INFINITY).await;
        assert_eq!((gate.limit(), gate.semaphore.available_permits()), (64, 64));
        rounds(&gate, 9, Load::TooMuch, f64::INFINITY).await;
        assert_eq!((gate.limit(), gate.semaphore.available_permits()), (1, 1));
        rounds(&gate, 90, Load::Borne, f64::INFINITY).await;
        assert_eq!((gate.limit() > 4, gate.semaphore.available_permits()), (true, gate.limit()));
    }

    #[tokio::test]
    async fn a_fixed_number_is_reached_by_answers_and_kept() {
        let gate = Gate::new(Concurrency::Fixed(NonZeroUsize::new(10).unwrap()));
        assert_eq!(gate.limit(), 4);
        rounds(&gate, 5, Load::Borne, 300.0).await;
        rounds(&gate, 5, Load::TooMuch, 300.0).await;
        assert_eq!(gate.limit(), 10);
        assert_eq!(gate.semaphore.available_permits(), 10);
        let one = Gate::new(Concurrency::Fixed(NonZeroUsize::MIN));
        rounds(&one, 5, Load::Borne, 300.0).await;
        assert_eq!(one.limit(), 1);
    }

    #[tokio::test]
    async fn after_a_429_a_fixed_number_is_only_the_most() {
        let gate = Gate::new(Concurrency::Fixed(NonZeroUsize::new(64).unwrap()));
        rounds(&gate, 6, Load::Borne, 300.0).await;
        assert_eq!(gate.limit(), 64);
        rounds(&gate, 1, Load::Refused, 300.0).await;
        rounds(&gate, 2, Load::Borne, 270.0).await;
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
