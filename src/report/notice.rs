//! What bars and plain lines share: the gauge, the counts so far, and the lines about single items.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::text::{Paint, Tone, clean, cut, number, span, wrap};
use crate::model::event::Event;
use crate::model::{Outcome, Verdict};

/// The maximum number of lines about single items; further ones are only counted.
const MOST_LINES: usize = 20;

/// The minimum wait for the rate limit that is reported.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// The maximum width of such a line.
const WIDEST: usize = 300;

/// The state of the calls of a run at this moment, over all its accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gauge {
    /// How many calls are under way.
    pub in_flight: usize,
    /// How many calls were sent, repeats included.
    pub calls: u64,
    /// Time spent waiting for the budget, summed over all calls; waits in progress count too.
    pub waited: Duration,
    /// The current pause: until when, and who asked for it.
    pub paused: Option<(Timestamp, String)>,
    /// The number of answers that were 429.
    pub throttled: u64,
    /// Calls that were sent again after a failure other than 429.
    pub retries: u64,
}

/// How lines about progress are written.
#[derive(Debug, Clone)]
pub struct LineStyle {
    /// Whether words have colours.
    pub color: bool,
    /// The time zone of the person who reads them.
    pub zone: TimeZone,
}

/// Reads the present state of the calls.
pub type ReadGauge = Arc<dyn Fn() -> Gauge + Send + Sync>;

/// What did not go as planned so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    failed: u64,
    conflicts: u64,
    stale: u64,
    differing: u64,
    doubted: u64,
}

impl Counts {
    fn take(&mut self, event: &Event) {
        match event {
            Event::ItemFinished { outcome: Outcome::Failed, .. } => self.failed += 1,
            Event::ItemFinished { outcome: Outcome::Conflict, .. } => self.conflicts += 1,
            Event::ItemFinished { outcome: Outcome::Stale, .. } => self.stale += 1,
            Event::ItemVerified { verdict: Verdict::Differs, .. } => self.differing += 1,
            Event::ItemDoubted { .. } => self.doubted += 1,
            _ => {}
        }
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// Gauge and counts in one line.
    pub(super) fn line(&self, gauge: &Gauge, zone: &TimeZone) -> String {
        use fmt::Write;
        let mut line = format!("in flight {}", gauge.in_flight);
        let rest = [
            ("429s", gauge.throttled),
            ("failed", self.failed),
            ("conflicts", self.conflicts),
            ("stale", self.stale),
            ("read back different", self.differing),
            ("were in doubt", self.doubted),
            ("retries", gauge.retries),
        ];
        if let Some((until, reason)) = &gauge.paused {
            line = format!("{} · {line}", paused(*until, reason, zone));
        }
        // What did not happen is not told.
        for (word, count) in rest.into_iter().filter(|(_, count)| *count > 0) {
            let _ = write!(line, " · {word} {}", number(count));
        }
        // Many calls wait at once: together longer than the run.
        if gauge.waited >= WORTH_TELLING {
            let _ = write!(line, " · calls waited {} in all for the rate limit", span(gauge.waited));
        }
        line
    }
}

/// "paused until 14:03:10: the service asks for 240 s (429)", by the clock of whoever reads it.
fn paused(until: Timestamp, reason: &str, zone: &TimeZone) -> String {
    format!("paused until {}: {}", clock_time(until, zone), clean(reason))
}

/// The time of day there, as "14:03:10".
fn clock_time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// Turns events into lines worth a look, a bounded number of them.
#[derive(Debug)]
pub(super) struct Notices {
    pub(super) counts: Counts,
    style: LineStyle,
    /// The width at which lines are broken.
    columns: usize,
    lines: usize,
}

impl Notices {
    pub(super) fn new(style: LineStyle) -> Self {
        Self { counts: Counts::default(), style, columns: usize::MAX, lines: 0 }
    }

    /// Gauge and counts in one line.
    pub(super) fn totals(&self, gauge: &Gauge) -> String {
        self.counts.line(gauge, &self.style.zone)
    }

    /// Breaks lines at this width from now on.
    pub(super) fn fit(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Counts the event; returns a line if a person should see it now.
    pub(super) fn take(&mut self, event: &Event) -> Option<String> {
        self.counts.take(event);
        let (tone, word, rest) = match event {
            // Whoever interrupted it was told when the signal came.
            Event::Stopping { reason } if reason == "interrupted" => return None,
            Event::Stopping { reason } => {
                let rest = format!("{}; what is in flight finishes", clean(reason));
                return Some(self.show(Tone::Bad, "stopping:", &rest));
            }
            Event::Paused { until, reason } => {
                let line = paused(*until, reason, &self.style.zone);
                let rest = line.trim_start_matches("paused ");
                return Some(self.show(Tone::Warn, "paused", rest));
            }
            Event::Waiting { until, what } => {
                let rest = format!("for {}, until {}", clean(what), clock_time(*until, &self.style.zone));
                return Some(self.show(Tone::Warn, "waits", &rest));
            }
            Event::Noted { message } => match message.strip_prefix("warning: ") {
                Some(rest) => (Tone::Warn, "warning:", clean(rest)),
                None => (Tone::Warn, "note", clean(message)),
            },
            Event::ItemFinished { name, outcome, message, .. } if outcome.needs_attention() => {
                let reason =
                    message.as_deref().map_or(String::new(), |message| format!(": {}", clean(message)));
                (Tone::Bad, outcome.as_str(), format!("\"{}\"{reason}", clean(name)))
            }
            Event::ItemVerified { name, verdict: Verdict::Differs, differences, .. } => {
                let places = clean(&differences.join(", "));
                // No path, but that it is gone.
                let is_gone = differences.iter().any(|place| place.starts_with('('));
                let what = if is_gone { "is not as it was written" } else { "reads back different at" };
                (Tone::Bad, "differs", format!("\"{}\" {what} {places}", clean(name)))
            }
            Event::ItemDoubted { name, message, .. } => {
                let rest =
                    format!("\"{}\": {}; looked up before it is sent again", clean(name), clean(message));
                (Tone::Warn, "in doubt", rest)
            }
            _ => return None,
        };
        self.lines += 1;
        if self.lines <= MOST_LINES {
            return Some(self.show(tone, word, &rest));
        }
        (self.lines == MOST_LINES + 1).then(|| {
            self.show(
                Tone::Warn,
                "note",
                "there are more like these: they are counted here, and listed in audit.csv",
            )
        })
    }

    fn show(&self, tone: Tone, word: &str, rest: &str) -> String {
        let lead = format!("{word:<8}");
        let line = wrap(&format!("{lead} {}", cut(rest, WIDEST)), self.columns, 9);
        let rest = line.strip_prefix(lead.as_str()).unwrap_or(&line);
        format!("{}{rest}", Paint { color: self.style.color }.tone(tone, &lead))
    }
}

/// How fast: `38/s`.
pub(super) fn pace(per_second: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive rate; `as` saturates"
    )]
    match per_second {
        rate if !rate.is_finite() || rate <= 0.0 => "0/s".to_owned(),
        0.0..10.0 => format!("{per_second:.1}/s"),
        _ => format!("{}/s", number(per_second.round() as u64)),
    }
}

/// The time left for a number of items at a pace; `None` if this is unknown, or if nothing is left.
pub(super) fn time_left(per_second: f64, left: u64) -> Option<Duration> {
    #[expect(clippy::cast_precision_loss, reason = "counts of imports are far below 2^52")]
    let seconds = left as f64 / per_second;
    (left > 0 && per_second > 0.0).then(|| Duration::try_from_secs_f64(seconds.min(1e9)).ok())?
}

/// One estimate for everything that is running: stages run side by side, so the slowest decides. Empty without an
/// estimate.
pub(super) fn estimate(left: impl IntoIterator<Item = Duration>) -> String {
    left.into_iter().max().map_or(String::new(), |left| format!("{} left · ", span(left)))
}
