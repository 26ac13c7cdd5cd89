//! Counts what was spent: calls by purpose and by answer, waiting, retries, bytes, latency. Never decides anything.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::{ApiError, Call, ErrorKind, Reply};
use crate::model::Latencies;
use crate::model::event::{Event, Events};
use crate::model::time::Clock;

/// Pauses that end within this time of each other are one.
const SAME_PAUSE: Duration = Duration::from_millis(500);
/// How many of the last latencies are kept.
const RECENT: usize = 512;

/// Counters of one account, shared by everything that shows them.
#[derive(Debug, Default)]
pub struct Meter {
    purposes: Mutex<Vec<(&'static str, u64)>>,
    classes: [AtomicU64; 6],
    in_flight: AtomicUsize,
    waits: Mutex<Waits>,
    pause: Mutex<Pauses>,
    throttled: AtomicU64,
    retries: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    recent: Mutex<VecDeque<Duration>>,
    latencies: Mutex<BTreeMap<&'static str, Latencies>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeterSnapshot {
    /// Calls sent, including repeats, by purpose; sorted by name.
    pub calls: Vec<(&'static str, u64)>,
    /// Counts of answers, by their first digit (1xx to 5xx); at index 0 the calls without an answer.
    pub classes: [u64; 6],
    /// How many calls are under way.
    pub in_flight: usize,
    /// Time spent waiting for the budget, added up over all calls, including current waits.
    pub waited: Duration,
    /// The current pause; absent while calls may be sent.
    pub paused: Option<Pause>,
    /// The number of answers that were 429.
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
    /// How long all answers took, by what the calls were for.
    pub latencies: BTreeMap<&'static str, Latencies>,
}

impl MeterSnapshot {
    /// Calls sent in all.
    pub fn total(&self) -> u64 {
        self.calls.iter().map(|(_, count)| count).sum()
    }
}

impl Meter {
    /// Makes counters that are at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counters at zero; `clock` gives the ends of pauses.
    pub fn with_clock(clock: Clock) -> Self {
        let pause = Mutex::new(Pauses { clock, ..Pauses::default() });
        Self { pause, ..Self::default() }
    }

    /// The counters at this moment.
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
            waited: self.waits().total(Instant::now()),
            paused: self.pauses().current(Instant::now()),
            throttled: self.throttled.load(Relaxed),
            retries: self.retries.load(Relaxed),
            sent_bytes: self.sent.load(Relaxed),
            received_bytes: self.received.load(Relaxed),
            latency: share(50),
            latency_p95: share(95),
            latencies: self.latencies.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Reports pauses to `events` from now on, including the current one.
    pub fn listen(&self, events: &Events) {
        let mut pauses = self.pauses();
        pauses.events = Some(events.clone());
        if let Some(Pause { until, reason }) = pauses.current(Instant::now()) {
            events.emit(&Event::Paused { until, reason });
        }
    }

    /// Records that nothing is sent for `pause` from now on, and reports it to listeners.
    pub(super) fn paused(&self, pause: Duration, reason: &str) {
        let now = Instant::now();
        let mut pauses = self.pauses();
        // Many calls learn of the same pause, at slightly different times.
        let known = pauses.until.is_some_and(|(until, _)| until + SAME_PAUSE >= now + pause);
        if known || pause.is_zero() {
            return;
        }
        let until = pauses.clock.now().saturating_add(SignedDuration::try_from(pause).unwrap_or_default());
        let until = until.unwrap_or(jiff::Timestamp::MAX);
        pauses.until = Some((now + pause, until));
        reason.clone_into(&mut pauses.reason);
        pauses.tell(&Event::Paused { until, reason: reason.to_owned() });
    }

    /// Records that the service is available again after an absence.
    pub(super) fn back_after(&self, absence: Duration) {
        let mut pauses = self.pauses();
        pauses.until = None;
        let message = format!("the service answers again after {:.1} s", absence.as_secs_f64());
        pauses.tell(&Event::Noted { message });
    }

    /// Reports a message to listeners.
    pub(super) fn note(&self, message: &str) {
        self.pauses().tell(&Event::Noted { message: message.to_owned() });
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pauses(&self) -> MutexGuard<'_, Pauses> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the time until the guard is dropped as waiting.
    pub(super) fn waiting(&self) -> Waiting<'_> {
        let since = Instant::now();
        self.waits().begin(since);
        Waiting { meter: self, since }
    }

    /// Counts a call that is being sent; it is under way until the guard is dropped.
    pub(super) fn send(&self, call: &Call) -> InFlight<'_> {
        {
            let mut purposes = self.purposes.lock().unwrap_or_else(PoisonError::into_inner);
            match purposes.iter_mut().find(|(purpose, _)| *purpose == call.purpose) {
                Some((_, count)) => *count += 1,
                None => purposes.push((call.purpose, 1)),
            }
        }
        if let Some(body) = &call.body {
            self.sent.fetch_add(body.len() as u64, Relaxed);
        }
        self.in_flight.fetch_add(1, Relaxed);
        InFlight(self)
    }

    /// Counts an answer, or a missing one.
    pub(super) fn answered(
        &self,
        purpose: &'static str,
        result: &Result<Reply, ApiError>,
        latency: Duration,
    ) {
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
            drop(recent);
            let mut latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
            latencies.entry(purpose).or_default().add(latency);
        }
    }

    /// Counts a call that will be sent again.
    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Relaxed);
    }
}

/// Finished waits, and current ones.
#[derive(Debug)]
struct Waits {
    over: Duration,
    going_on: u32,
    /// The start times of current waits, counted from `origin` and added up.
    begun: Duration,
    origin: Instant,
}

impl Default for Waits {
    fn default() -> Self {
        Self { over: Duration::ZERO, going_on: 0, begun: Duration::ZERO, origin: Instant::now() }
    }
}

impl Waits {
    fn begin(&mut self, since: Instant) {
        self.going_on += 1;
        self.begun += since.saturating_duration_since(self.origin);
    }

    fn end(&mut self, since: Instant, now: Instant) {
        self.going_on -= 1;
        self.begun = self.begun.saturating_sub(since.saturating_duration_since(self.origin));
        self.over += now.saturating_duration_since(since);
    }

    fn total(&self, now: Instant) -> Duration {
        let going_on = now.saturating_duration_since(self.origin) * self.going_on;
        self.over + going_on.saturating_sub(self.begun)
    }
}

/// A current wait for the budget.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    meter: &'a Meter,
    since: Instant,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.meter.waits().end(self.since, Instant::now());
    }
}

/// A time during which nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// When it ends, by the local clock.
    pub until: jiff::Timestamp,
    /// The reason for the pause, for people.
    pub reason: String,
}

#[derive(Debug)]
struct Pauses {
    until: Option<(Instant, jiff::Timestamp)>,
    reason: String,
    events: Option<Events>,
    clock: Clock,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { until: None, reason: String::new(), events: None, clock: Clock::system() }
    }
}

impl Pauses {
    fn current(&self, now: Instant) -> Option<Pause> {
        let (_, until) = self.until.filter(|(end, _)| *end > now)?;
        Some(Pause { until, reason: self.reason.clone() })
    }

    fn tell(&self, event: &Event) {
        if let Some(events) = &self.events {
            events.emit(event);
        }
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
