//! The listeners of a run: bars on a terminal, plain lines elsewhere, log lines if requested.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::args::{LogFormat, Progress};
use super::log::{LogLines, totals};
use super::stderr::Stderr;
use super::world::CliContext;
use crate::fleet::child::PARENT;
use crate::model::event::{Event, Events, Listener};
use crate::report::plain::PlainOutput;
use crate::report::{Bars, Gauge, PlainLines};
use crate::session::Session;

/// How often a child process reports its progress to its parent.
const TO_PARENT: Duration = Duration::from_secs(2);

/// The listeners of a run; dropping it takes the bars off the screen.
#[derive(Debug)]
pub(super) struct Listening {
    pub events: Events,
    stderr: Stderr,
    bars: Option<Bars>,
    beat: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.events.finish();
        if let Some(bars) = &self.bars {
            bars.clear();
            self.stderr.set_bars(None);
        }
        if let Some(beat) = &self.beat {
            beat.abort();
        }
    }
}

impl Listening {
    /// Events that nobody sees.
    pub(super) fn silent(world: &CliContext) -> Self {
        Self { events: Events::none(), stderr: world.stderr.clone(), bars: None, beat: None }
    }
}

/// The listeners for waits while accounts are opened; they later listen to the run.
pub(super) fn while_opening(world: &CliContext) -> Events {
    let json = world.global.log_format == LogFormat::Json;
    let mut listeners: Vec<Box<dyn Listener>> = Vec::new();
    if !json && !world.global.quiet {
        let stderr = world.stderr.clone();
        let put = move |told: PlainOutput<'_>| {
            if let PlainOutput::Line(line) = told {
                stderr.put(format!("{line}\n").as_bytes());
            }
        };
        let began = tokio::time::Instant::now();
        let lines = PlainLines::new(
            world.line_style(),
            Arc::new(Gauge::default),
            Box::new(move || began.elapsed()),
            Box::new(put),
        );
        listeners.push(Box::new(Once { lines, last: None, noted: HashSet::new() }));
    }
    if json || world.global.verbose > 0 || world.global.log_file.is_some() {
        listeners.push(Box::new(LogLines));
    }
    Events::to(listeners)
}

/// Reports a pause or a note once, though each account learns of it by itself.
struct Once {
    lines: PlainLines,
    last: Option<(Timestamp, String)>,
    noted: HashSet<String>,
}

impl Listener for Once {
    fn on(&mut self, event: &Event) {
        if let Event::Noted { message } = event
            && !self.noted.insert(message.clone())
        {
            return;
        }
        if let Event::Paused { until, reason } = event {
            let again = |(last, why): &(Timestamp, String)| {
                why == reason && until.duration_since(*last).unsigned_abs() < Duration::from_secs(2)
            };
            if self.last.as_ref().is_some_and(again) {
                return;
            }
            self.last = Some((*until, reason.clone()));
        }
        self.lines.on(event);
    }
}

/// Bars on a terminal, plain lines elsewhere; log lines with `-v` or `--log-format json`.
pub(super) fn listeners(world: &CliContext, session: &Session) -> Listening {
    let gauge = session.gauge();
    let json = world.global.log_format == LogFormat::Json;
    let progress = match world.global.progress {
        _ if world.global.quiet => Progress::None,
        Progress::Auto if !json && world.stderr_is_terminal && world.host.env.get("TERM") != Some("dumb") => {
            Progress::Bar
        }
        Progress::Auto => Progress::Plain,
        given => given,
    };
    let mut listeners: Vec<Box<dyn Listener>> = Vec::new();
    let (mut bars, mut beat) = (None, None);
    match progress {
        Progress::Bar => {
            let shown = Bars::stderr(world.line_style(), gauge);
            listeners.push(Box::new(shown.clone()));
            world.stderr.set_bars(Some(shown.clone()));
            bars = Some(shown);
        }
        Progress::Plain | Progress::Auto => {
            let began = tokio::time::Instant::now();
            let stderr = world.stderr.clone();
            let put = move |told: PlainOutput<'_>| match told {
                PlainOutput::Totals(progress) if json => totals(progress),
                // The log lines say the same.
                PlainOutput::Line(_) if json => {}
                PlainOutput::Line(line) => stderr.put(format!("{line}\n").as_bytes()),
                PlainOutput::Totals(progress) => stderr.put(format!("{progress}\n").as_bytes()),
            };
            let elapsed = Box::new(move || began.elapsed());
            let lines = PlainLines::new(world.line_style(), gauge, elapsed, Box::new(put));
            // A parent passes it on to people who look at a fleet.
            let is_child = world.host.env.get(PARENT).is_some();
            let lines = if is_child { lines.every(TO_PARENT) } else { lines };
            listeners.push(Box::new(lines.clone()));
            // A run that waits for the service is seen to wait.
            beat = Some(tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    lines.beat();
                }
            }));
        }
        Progress::None => {}
    }
    if json || world.global.verbose > 0 || world.global.log_file.is_some() {
        listeners.push(Box::new(LogLines));
    }
    let events = Events::to(listeners);
    session.listen(&events);
    Listening { events, stderr: world.stderr.clone(), bars, beat }
}
