//! Progress without a terminal: a line when a stage begins and ends, and every few seconds between.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::notice::{Notices, ReadGauge, pace};
use super::text::{Paint, count, number, span};
use crate::model::event::{Event, Listener, Stage};

/// How far apart lines about the same stage are.
const EVERY: Duration = Duration::from_secs(5);

/// Tells the time since any fixed moment.
pub type Elapsed = Box<dyn Fn() -> Duration + Send>;

/// Writes progress as plain lines. A clone writes to the same place: keep one to call [`PlainLines::beat`].
pub struct PlainLines<W: Write + Send>(Arc<Mutex<Lines<W>>>);

struct Lines<W> {
    out: W,
    gauge: ReadGauge,
    elapsed: Elapsed,
    notices: Notices,
    stages: Vec<ExecuteRequest>,
    last: Duration,
}

struct ExecuteRequest {
    stage: Stage,
    total: Option<u64>,
    done: u64,
    began: Duration,
    /// What was done, and when, at the last line: the pace is that of late, not of the burst at the start.
    shown: (u64, Duration),
}

impl<W: Write + Send> fmt::Debug for PlainLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainLines")
    }
}

impl<W: Write + Send> Clone for PlainLines<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Write + Send> PlainLines<W> {
    /// Writes to `out`. A line that cannot be written is lost: progress never ends a run.
    pub fn new(out: W, color: bool, gauge: ReadGauge, elapsed: Elapsed) -> Self {
        let last = elapsed();
        let notices = Notices::new(Paint { color });
        Self(Arc::new(Mutex::new(Lines { out, gauge, elapsed, notices, stages: Vec::new(), last })))
    }

    /// Writes a line if the last one is a while ago: call it now and then, so that a run that waits for the service
    /// is seen to wait.
    pub fn beat(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).beat();
    }
}

impl<W: Write + Send> Listener for PlainLines<W> {
    fn on(&mut self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).on(event);
    }
}

impl<W: Write> Lines<W> {
    fn on(&mut self, event: &Event) {
        if let Some(line) = self.notices.take(event) {
            self.say(&line);
        }
        match event {
            Event::StageStarted { stage, total } => {
                let now = (self.elapsed)();
                self.stages.retain(|running| running.stage != *stage);
                let (stage, total) = (*stage, *total);
                self.stages.push(ExecuteRequest { stage, total, done: 0, began: now, shown: (0, now) });
                self.last = now;
                let size =
                    total.map_or(String::new(), |total| format!(" {}", count(total, "import", "imports")));
                self.say(&format!("{}:{size} started", stage.as_str()));
            }
            Event::StageAdvanced { stage, by } => {
                if let Some(running) = self.stages.iter_mut().find(|running| running.stage == *stage) {
                    running.done += by;
                }
                self.beat();
            }
            Event::StageFinished { stage } => {
                let now = (self.elapsed)();
                let Some(at) = self.stages.iter().position(|running| running.stage == *stage) else { return };
                let running = self.stages.remove(at);
                let done = count(running.done, "import", "imports");
                let took = span(now.saturating_sub(running.began));
                self.say(&format!("{}: {done} done in {took}", stage.as_str()));
                self.last = now;
            }
            _ => {}
        }
    }

    fn beat(&mut self) {
        let now = (self.elapsed)();
        if self.stages.is_empty() || now.saturating_sub(self.last) < EVERY {
            return;
        }
        self.last = now;
        let mut parts = Vec::new();
        for running in &mut self.stages {
            let since = now.saturating_sub(running.shown.1).as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "counts of imports are far below 2^52")]
            let per_second = (running.done - running.shown.0) as f64 / since;
            running.shown = (running.done, now);
            let of = running.total.map_or(String::new(), |total| format!(" of {}", number(total)));
            let left = running.total.map(|total| total.saturating_sub(running.done));
            let pace = pace(per_second, left);
            parts.push(format!("{}: {}{of} · {pace}", running.stage.as_str(), number(running.done)));
        }
        let line = format!("{} · {}", parts.join(" · "), self.notices.counts.line(&(self.gauge)()));
        self.say(&line);
    }

    fn say(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests;
