//! Progress without a terminal: the totals every ten seconds, and a line about each problem. The number of lines is
//! limited.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::notice::{Gauge, LineStyle, Notices, ReadGauge, estimate, pace, time_left};
use super::text::number;
use crate::model::event::{Event, Listener, Stage};

/// The time between totals, by default.
const EVERY: Duration = Duration::from_secs(10);

/// Returns the time since a fixed moment.
pub type Elapsed = Box<dyn Fn() -> Duration + Send>;

/// Receives progress messages, to write them somewhere.
pub type Put = Box<dyn FnMut(PlainOutput<'_>) + Send>;

/// A progress message.
#[derive(Debug, Clone, Copy)]
pub enum PlainOutput<'a> {
    /// A line about a problem.
    Line(&'a str),
    /// The progress so far. Its text is one line.
    Totals(&'a Totals),
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    /// The stages that are running.
    pub stages: Vec<StageTotals>,
    /// The state of its calls.
    pub gauge: Gauge,
    /// How many items failed so far.
    pub failed: u64,
    line: String,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageTotals {
    /// The stage that the line is about.
    pub stage: Stage,
    /// How many imports it is for, where known.
    pub total: Option<u64>,
    /// How many are done.
    pub done: u64,
    /// How many a second were done since the previous totals.
    pub per_second: f64,
}

impl StageTotals {
    /// The time left at this pace; `None` if this is unknown.
    pub fn left(&self) -> Option<Duration> {
        time_left(self.per_second, self.total?.saturating_sub(self.done))
    }
}

/// Reports progress. A clone continues with the same counts: keep one to call [`PlainLines::beat`].
#[derive(Clone)]
pub struct PlainLines(Arc<Mutex<Lines>>);

struct Lines {
    put: Put,
    gauge: ReadGauge,
    elapsed: Elapsed,
    notices: Notices,
    stages: Vec<Running>,
    last: Duration,
    every: Duration,
}

struct Running {
    stage: Stage,
    total: Option<u64>,
    done: u64,
    /// What was done, and when, at the last totals: the pace is the recent one, not that of the burst at the start.
    shown: (u64, Duration),
}

impl fmt::Debug for PlainLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainLines")
    }
}

impl PlainLines {
    /// Reports to `put`, which must return at once.
    pub fn new(style: LineStyle, gauge: ReadGauge, elapsed: Elapsed, put: Put) -> Self {
        let last = elapsed();
        let notices = Notices::new(style);
        Self(Arc::new(Mutex::new(Lines {
            put,
            gauge,
            elapsed,
            notices,
            stages: Vec::new(),
            last,
            every: EVERY,
        })))
    }

    /// Reports the totals at this interval; ten seconds by default.
    #[must_use]
    pub fn every(self, every: Duration) -> Self {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).every = every;
        self
    }

    /// Reports the totals if the last ones are old enough: call it now and then, so that a run that waits for the
    /// service is seen to wait.
    pub fn beat(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).beat();
    }
}

impl Listener for PlainLines {
    fn on(&mut self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).on(event);
    }
}

impl Lines {
    fn on(&mut self, event: &Event) {
        if let Some(line) = self.notices.take(event) {
            (self.put)(PlainOutput::Line(&line));
        }
        match event {
            Event::StageStarted { stage, total } => {
                let now = (self.elapsed)();
                self.stages.retain(|running| running.stage != *stage);
                self.stages.push(Running { stage: *stage, total: *total, done: 0, shown: (0, now) });
            }
            Event::StageAdvanced { stage, by } => {
                if let Some(running) = self.stages.iter_mut().find(|running| running.stage == *stage) {
                    running.done += by;
                }
                self.beat();
            }
            Event::StageFinished { stage } => self.stages.retain(|running| running.stage != *stage),
            _ => {}
        }
    }

    fn beat(&mut self) {
        let now = (self.elapsed)();
        if self.stages.is_empty() || now.saturating_sub(self.last) < self.every {
            return;
        }
        self.last = now;
        let (mut stages, mut parts) = (Vec::new(), Vec::new());
        for running in &mut self.stages {
            let since = now.saturating_sub(running.shown.1).as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "counts of imports are far below 2^52")]
            let done = (running.done - running.shown.0) as f64;
            let per_second = if since > 0.0 { done / since } else { 0.0 };
            running.shown = (running.done, now);
            let Running { stage, total, done, .. } = *running;
            let of = total.map_or(String::new(), |total| format!(" of {}", number(total)));
            parts.push(format!("{}: {}{of} · {}", stage.as_str(), number(done), pace(per_second)));
            stages.push(StageTotals { stage, total, done, per_second });
        }
        let gauge = (self.gauge)();
        let left = estimate(stages.iter().filter_map(StageTotals::left));
        let line = format!("{} · {left}{}", parts.join(" · "), self.notices.totals(&gauge));
        let totals = Totals { stages, gauge, failed: self.notices.counts.failed(), line };
        (self.put)(PlainOutput::Totals(&totals));
    }
}

#[cfg(test)]
mod tests;
