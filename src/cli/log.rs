//! Log lines: with `--log-format json`, `-v` or `--log-file`. Text of the service is made inert first.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::args::LogFormat;
use super::failure::Failure;
use super::stderr::{EVENTS, PROGRESS, Stderr, TOLD};
use super::world::CliContext;
use crate::model::event::{Event, Listener};
use crate::report::Totals;
use crate::report::text::clean;

/// Where log lines go, and which lines there are.
#[derive(Debug)]
pub(super) struct LogOptions<'a> {
    pub stderr: &'a Stderr,
    pub form: LogFormat,
    /// How often `-v` was given.
    pub verbose: u8,
    pub quiet: bool,
    pub color: bool,
    pub file: Option<&'a Path>,
}

impl<'a> LogOptions<'a> {
    /// What the options of a command say.
    pub(super) fn of(world: &'a CliContext) -> Self {
        Self {
            stderr: &world.stderr,
            form: world.global.log_format,
            verbose: world.global.verbose,
            quiet: world.global.quiet,
            color: world.color_err(),
            file: world.global.log_file.as_deref(),
        }
    }
}

/// Starts logging, for the rest of the process.
pub(super) fn start(options: LogOptions<'_>) -> Result<(), Failure> {
    let asked = ["warn", "info", "debug"][usize::from(options.verbose.min(2))];
    let json = options.form == LogFormat::Json;
    // People read the same as text already; in JSON there is nothing else.
    let events = if json || options.verbose > 0 { asked } else { "off" };
    let (told, progress) = match (json, options.quiet) {
        (false, _) => ("off", asked),
        (true, true) => ("info", asked),
        (true, false) => ("info", if options.verbose > 1 { "debug" } else { "info" }),
    };
    let filter =
        EnvFilter::new(format!("transship={asked},{TOLD}={told},{EVENTS}={events},{PROGRESS}={progress}"));
    let err = options.stderr.clone();
    let on_stderr = layer(json, move || err.clone(), options.color).with_filter(filter);
    let in_file = options.file.map(open).transpose()?.map(|file| {
        let least = if options.verbose > 1 { "debug" } else { "info" };
        layer(json, Arc::new(file), false).with_filter(EnvFilter::new(format!("transship={least}")))
    });
    // Only the first call counts: there is one log a process.
    let _ = Registry::default().with(on_stderr).with(in_file).try_init();
    Ok(())
}

fn layer<S, W>(json: bool, writer: W, color: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer).with_ansi(color);
    if json { layer.json().boxed() } else { layer.with_target(false).boxed() }
}

/// Whether a file is empty or, judging by its beginning, a log. A typing error must not append lines to a job.
fn may_be_a_log(path: &Path) -> bool {
    // Of a pipe or a terminal nothing is read: there may never be anything.
    if !std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return true;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(14).read_to_end(&mut start));
    if read.is_err() || start.is_empty() {
        return true;
    }
    // `{"timestamp":` in JSON; else a time such as `2026-11-28T12:00`.
    let is_time = |text: &[u8]| {
        let digits = [0, 1, 2, 3, 5, 6, 8, 9];
        text.len() > 10
            && digits.iter().all(|at| text[*at].is_ascii_digit())
            && (text[4], text[7], text[10]) == (b'-', b'-', b'T')
    };
    start.starts_with(b"{\"timestamp\":") || is_time(&start)
}

/// Opens the file that log lines are added to; others may not read it.
fn open(path: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    if !may_be_a_log(path) {
        let path = path.display();
        return Err(Failure::BadInput(format!("--log-file: {path} is not a log: name another file")));
    }
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map_err(|error| Failure::BadInput(format!("--log-file: cannot open {}: {error}", path.display())))
}

/// Writes the totals of stages as log lines.
pub(super) fn totals(totals: &Totals) {
    let gauge = &totals.gauge;
    for stage in &totals.stages {
        tracing::info!(
            target: PROGRESS,
            stage = stage.stage.as_str(),
            done = stage.done,
            total = stage.total,
            per_second = (stage.per_second * 10.0).round() / 10.0,
            seconds_left = stage.left().map(|left| left.as_secs()),
            in_flight = gauge.in_flight,
            calls = gauge.calls,
            throttled = gauge.throttled,
            retries = gauge.retries,
            failed = totals.failed,
            "progress"
        );
    }
}

/// Writes events as log lines. No field is called `message`: that is the text of the line itself, and a key may be in
/// JSON only once.
#[derive(Debug)]
pub(super) struct LogLines;

impl Listener for LogLines {
    fn on(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, total } => {
                tracing::info!(target: PROGRESS, stage = stage.as_str(), total, "stage started");
            }
            Event::StageFinished { stage } => {
                tracing::info!(target: PROGRESS, stage = stage.as_str(), "stage finished");
            }
            Event::ItemFinished { item, name, outcome, message } => {
                let (outcome, reason) = (outcome.as_str(), clean(message.as_deref().unwrap_or_default()));
                let name = clean(name);
                if reason.is_empty() {
                    tracing::info!(target: EVENTS, item = item.0, name = %name, outcome, "item finished");
                } else {
                    tracing::warn!(target: EVENTS, item = item.0, name = %name, outcome, reason, "item finished");
                }
            }
            Event::ItemVerified { item, name, verdict, differences } => {
                let (verdict, name) = (verdict.as_str(), clean(name));
                if differences.is_empty() {
                    tracing::info!(target: EVENTS, item = item.0, name = %name, verdict, "item verified");
                } else {
                    tracing::warn!(target: EVENTS, item = item.0, name = %name, verdict, ?differences, "item verified");
                }
            }
            Event::ItemDoubted { item, name, message } => {
                let (name, reason) = (clean(name), clean(message));
                tracing::warn!(target: EVENTS, item = item.0, name = %name, reason, "item in doubt");
            }
            Event::Paused { until, reason } => {
                let reason = clean(reason);
                tracing::warn!(target: EVENTS, %until, reason, "paused");
            }
            Event::Waiting { until, what } => {
                let what = clean(what);
                tracing::warn!(target: EVENTS, %until, what, "waiting");
            }
            Event::Stopping { reason } => {
                let reason = clean(reason);
                tracing::warn!(target: EVENTS, reason, "stopping");
            }
            Event::Noted { message } => {
                let message = clean(message);
                tracing::warn!(target: EVENTS, "{message}");
            }
            Event::ItemStarted { item } => tracing::debug!(target: EVENTS, item = item.0, "item started"),
            Event::StageAdvanced { .. } => {}
        }
    }
}
