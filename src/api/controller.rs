//! Decides how many calls may be under way at once, as a plain state machine: no clock, no I/O.
//!
//! It learns from answers only. Latency is measured per kind of call, since a slow create next to a fast read is not
//! congestion. When latency rises, it halves the calls under way and checks whether latency falls. If not, the service
//! became slower for other reasons, and the old number is restored.

use super::{Call, Method};

/// Calls under way at the start; more only after answers arrived.
const START: usize = 4;
/// The most that is ever under way.
const MOST: usize = 64;
/// A latency of this multiple of the unloaded latency, plus the number of seconds below, may be a sign of overload.
const SLOWER: f64 = 1.5;
const TOLERANCE: f64 = 0.010;
/// The minimum number of answers of one kind for a mean latency.
const WINDOW: usize = 8;
/// The weight of one answer in the share of failures. Four failures among few answers are an overload, one is not.
const FAILURE_WEIGHT: f64 = 1.0 / 16.0;
/// The share of failures that counts as an overload.
const OVERLOAD: f64 = 0.2;
/// The weight of one answer in the mean time a call holds its place.
const HELD_WEIGHT: f64 = 1.0 / 16.0;
/// If half the calls take more than this part of the time, their number is not the cause of the latency.
const FOLLOWS: f64 = 0.75;

/// Calls that take comparably long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    /// A page of a list. Its latency depends on its length, so it says nothing about the load.
    List,
    /// Any other call, by its verb.
    One(Method),
}

impl CallKind {
    pub(super) fn of(call: &Call) -> Self {
        if call.purpose.starts_with("list ") { Self::List } else { Self::One(call.method) }
    }

    fn index(self) -> Option<usize> {
        match self {
            Self::List => None,
            Self::One(method) => Some(method as usize),
        }
    }
}

/// What an answer says about the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    /// An answer: the service can bear the load.
    Borne,
    /// A 5xx, or no answer in time.
    TooMuch,
    /// 429: the service can bear the load, but the account may not.
    Refused,
    /// Unknown: the call was not sent.
    Unknown,
}

/// What the controller learns from one answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observation {
    pub(super) kind: CallKind,
    pub(super) load: Load,
    /// Seconds from sending to the answer.
    pub(super) latency: f64,
    /// Seconds from the permit to the answer: a call with an intent occupies its place longer.
    pub(super) held: f64,
    /// What [`Controller::generation`] was when the call was sent.
    pub(super) generation: u64,
    /// Calls a second that the budget allows, perhaps infinite.
    pub(super) rate: f64,
}

/// Finds the number of calls under way that carries the allowed rate, and no more than helps.
#[derive(Debug)]
pub(super) struct Controller {
    limit: usize,
    /// The limit grows by one for each answer up to this number, which falls when the service shows strain.
    slow_from: usize,
    /// Good answers since the limit last changed by one.
    answers: usize,
    /// Counts reductions: calls that were sent before the last one say nothing about it.
    generation: u64,
    /// Smoothed share of failures.
    failures: f64,
    /// Smoothed time a call holds its place.
    held: f64,
    latencies: [Latency; 4],
    trial: Option<Trial>,
}

/// The latency of one kind of call.
#[derive(Debug, Clone, Copy, Default)]
struct Latency {
    /// The mean without load; zero before the first window.
    base: f64,
    sum: f64,
    count: usize,
}

/// Tests whether latency falls with half the calls under way.
#[derive(Debug, Clone, Copy)]
struct Trial {
    kind: usize,
    limit_before: usize,
    mean_before: f64,
}

impl Controller {
    pub(super) fn new() -> Self {
        Self {
            limit: START,
            slow_from: MOST,
            answers: 0,
            generation: 0,
            failures: 0.0,
            held: 0.0,
            latencies: [Latency::default(); 4],
            trial: None,
        }
    }

    /// How many calls may be under way.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// 1.5 × rate × round trip, between 4 and 64: more calls would only wait.
    pub(super) fn aim(&self, rate: f64) -> usize {
        let aim = (1.5 * rate * self.held).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        let aim = if aim.is_nan() { MOST } else { aim as usize };
        aim.clamp(START, MOST)
    }

    /// Learns from an answer.
    pub(super) fn observe(&mut self, seen: Observation) {
        match seen.load {
            Load::Unknown | Load::Refused => {}
            Load::TooMuch => self.failed(seen.generation),
            Load::Borne => {
                self.failures -= self.failures * FAILURE_WEIGHT;
                let weight = if self.held == 0.0 { 1.0 } else { HELD_WEIGHT };
                self.held += (seen.held - self.held) * weight;
                let at_ease = self.took(seen);
                self.grow(at_ease, seen.rate);
            }
        }
    }

    fn failed(&mut self, generation: u64) {
        self.failures += (1.0 - self.failures) * FAILURE_WEIGHT;
        if generation != self.generation {
            return; // It was sent before the last reduction.
        }
        if self.failures > OVERLOAD {
            self.slow_from = (self.limit / 2).max(1);
            self.reduce_to(self.slow_from);
            self.trial = None;
        }
    }

    fn reduce_to(&mut self, limit: usize) {
        self.limit = limit;
        self.generation += 1;
        self.answers = 0;
        for latency in &mut self.latencies {
            (latency.sum, latency.count) = (0.0, 0);
        }
    }

    /// Learns a latency. Returns whether calls of this kind are unloaded.
    fn took(&mut self, seen: Observation) -> bool {
        let Some(kind) = seen.kind.index() else { return self.trial.is_none() };
        if seen.generation != self.generation {
            return false;
        }
        let limit = self.limit;
        let latency = &mut self.latencies[kind];
        latency.sum += seen.latency;
        latency.count += 1;
        if latency.count < WINDOW.max(limit) {
            return self.trial.is_none();
        }
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let mean = latency.sum / latency.count as f64;
        (latency.sum, latency.count) = (0.0, 0);
        match self.trial {
            Some(trial) if trial.kind == kind => {
                self.trial = None;
                if mean > FOLLOWS * trial.mean_before {
                    // The service became slower for other reasons: this is its unloaded latency now.
                    latency.base = mean;
                    self.limit = trial.limit_before;
                    self.slow_from = MOST;
                } else {
                    self.slow_from = limit;
                }
            }
            Some(_) => {}
            None if latency.base == 0.0 => latency.base = mean,
            None if mean > SLOWER * latency.base + TOLERANCE && limit > START => {
                self.trial = Some(Trial { kind, limit_before: limit, mean_before: mean });
                self.reduce_to((limit / 2).max(START));
                return false;
            }
            // Adapts to lower latencies quickly, and to higher ones slowly.
            None if mean < latency.base => latency.base += (mean - latency.base) / 4.0,
            None => latency.base = (latency.base * 1.002).min(mean),
        }
        true
    }

    fn grow(&mut self, at_ease: bool, rate: f64) {
        if !at_ease {
            return;
        }
        let aim = self.aim(rate);
        self.answers += 1;
        if self.limit < aim {
            if self.limit < self.slow_from || self.answers >= self.limit {
                self.answers = 0;
                self.limit += 1;
            }
        } else if self.limit > aim && self.answers >= self.limit {
            // Calls above the budget would only wait.
            self.answers = 0;
            self.limit -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
