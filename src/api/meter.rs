//! What was spent: calls by purpose and by answer, waiting, retries, bytes, latency. Counts only, never decides.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{ApiError, Call, ErrorKind, Reply};

/// How many of the last latencies are kept.
const RECENT: usize = 512;

/// Counters of one account, shared by all who show them.
#[derive(Debug, Default)]
pub struct Meter {
    purposes: Mutex<Vec<(&'static str, u64)>>,
    classes: [AtomicU64; 6],
    in_flight: AtomicUsize,
    waited: AtomicU64,
    throttled: AtomicU64,
    retries: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    recent: Mutex<VecDeque<Duration>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeterSnapshot {
    /// Calls sent, repeats included, by what they were for; sorted by name.
    pub calls: Vec<(&'static str, u64)>,
    /// Answers 1xx, 2xx, 3xx, 4xx, 5xx at their first digit; at 0 those without an answer.
    pub classes: [u64; 6],
    /// Calls under way.
    pub in_flight: usize,
    /// Time spent waiting for the budget, added up over all calls.
    pub waited: Duration,
    /// Answers 429.
    pub throttled: u64,
    /// Calls that were sent again after a failure other than 429.
    pub retries: u64,
    /// Bytes of bodies sent.
    pub sent_bytes: u64,
    /// Bytes of bodies received, decoded.
    pub received_bytes: u64,
    /// The median of the last 512 latencies; zero before the first.
    pub latency: Duration,
    /// 95 of 100 of them were shorter than this.
    pub latency_p95: Duration,
}

impl MeterSnapshot {
    /// Calls sent in all.
    pub fn total(&self) -> u64 {
        self.calls.iter().map(|(_, count)| count).sum()
    }
}

impl Meter {
    /// Counters at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// The counters now.
    pub fn snapshot(&self) -> MeterSnapshot {
        let mut calls = self.purposes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        calls.sort_unstable();
        let mut recent: Vec<_> =
            self.recent.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        recent.sort_unstable();
        let share = |percent| recent.get(recent.len() * percent / 100).copied().unwrap_or_default();
        MeterSnapshot {
            calls,
            classes: std::array::from_fn(|class| self.classes[class].load(Relaxed)),
            in_flight: self.in_flight.load(Relaxed),
            waited: Duration::from_nanos(self.waited.load(Relaxed)),
            throttled: self.throttled.load(Relaxed),
            retries: self.retries.load(Relaxed),
            sent_bytes: self.sent.load(Relaxed),
            received_bytes: self.received.load(Relaxed),
            latency: share(50),
            latency_p95: share(95),
        }
    }

    /// Counts a call that is being sent; it is under way until the guard is dropped.
    pub(super) fn send(&self, call: &Call, waited: Duration) -> InFlight<'_> {
        {
            let mut purposes = self.purposes.lock().unwrap_or_else(PoisonError::into_inner);
            match purposes.iter_mut().find(|(purpose, _)| *purpose == call.purpose) {
                Some((_, count)) => *count += 1,
                None => purposes.push((call.purpose, 1)),
            }
        }
        if !waited.is_zero() {
            self.waited.fetch_add(u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        }
        if let Some(body) = &call.body {
            self.sent.fetch_add(body.len() as u64, Relaxed);
        }
        self.in_flight.fetch_add(1, Relaxed);
        InFlight(self)
    }

    /// Counts an answer, or that there was none.
    pub(super) fn answered(&self, result: &Result<Reply, ApiError>, latency: Duration) {
        let status = match result {
            Ok(reply) => {
                self.received.fetch_add(reply.body.len() as u64, Relaxed);
                Some(reply.status)
            }
            Err(error) => {
                if error.kind == ErrorKind::Throttled {
                    self.throttled.fetch_add(1, Relaxed);
                }
                error.status
            }
        };
        let class = status.map_or(0, |status| usize::from(status / 100).min(5));
        self.classes[class].fetch_add(1, Relaxed);
        if status.is_some() {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            if recent.len() == RECENT {
                recent.pop_front();
            }
            recent.push_back(latency);
        }
    }

    /// Counts a call that will be sent again.
    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Relaxed);
    }
}

/// A call under way.
#[derive(Debug)]
pub(super) struct InFlight<'a>(&'a Meter);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
