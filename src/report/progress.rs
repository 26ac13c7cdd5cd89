//! Progress on a terminal: a bar per stage, a line of figures below, and lines about single items above.
//! The only place that knows the indicatif crate.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use jiff::tz::TimeZone;

use super::notice::{Counts, LineStyle, Notices, ReadGauge, estimate, pace, time_left};
use super::text::{Paint, Tone, count, cut, number, span, width};
use crate::model::event::{Event, Listener, Stage};

/// How often figures are updated while nothing happens, so that a run that waits for the service is seen to wait.
const TICK: Duration = Duration::from_millis(250);

/// The maximum and minimum number of cells of a bar: with fewer it is left out.
const LONGEST: usize = 28;
const SHORTEST: usize = 6;

/// The time left for each running stage, as its bar showed last.
type TimesLeft = Arc<Mutex<Vec<(Stage, Duration)>>>;

/// Returns the present width of the terminal.
type Columns = Arc<dyn Fn() -> usize + Send + Sync>;

/// Bars on stderr. A clone controls the same bars: keep one to call [`Bars::clear`] before anything else is printed.
#[derive(Clone)]
pub struct Bars(Arc<Mutex<Board>>);

struct Board {
    multi: MultiProgress,
    gauge: ReadGauge,
    notices: Notices,
    counts: Arc<Mutex<Counts>>,
    left: TimesLeft,
    stages: Vec<(Stage, ProgressBar)>,
    figures: Option<ProgressBar>,
    paint: Paint,
    zone: TimeZone,
    columns: Columns,
}

impl fmt::Debug for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bars")
    }
}

impl Bars {
    /// Bars on stderr; they are hidden if stderr is not a terminal.
    pub fn stderr(style: LineStyle, gauge: ReadGauge) -> Self {
        let columns = Arc::new(|| usize::from(console::Term::stderr().size().1));
        Self::on_target(ProgressDrawTarget::stderr(), style, gauge, columns)
    }

    fn on_target(target: ProgressDrawTarget, style: LineStyle, gauge: ReadGauge, columns: Columns) -> Self {
        let (paint, zone) = (Paint { color: style.color }, style.zone.clone());
        Self(Arc::new(Mutex::new(Board {
            multi: MultiProgress::with_draw_target(target),
            gauge,
            notices: Notices::new(style),
            zone,
            counts: Arc::default(),
            left: Arc::default(),
            stages: Vec::new(),
            figures: None,
            paint,
            columns,
        })))
    }

    /// Runs something that writes to the terminal itself, with the bars removed.
    pub fn suspend(&self, work: impl FnOnce()) {
        let multi = self.0.lock().unwrap_or_else(PoisonError::into_inner).multi.clone();
        multi.suspend(work);
    }

    /// Whether bars are on the screen.
    pub fn are_shown(&self) -> bool {
        let board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        board.figures.is_some() && !board.multi.is_hidden()
    }

    /// Takes the bars away, so that other text can be printed; the next stage brings them back.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Listener for Bars {
    fn on(&mut self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).on(event);
    }
}

impl Board {
    fn on(&mut self, event: &Event) {
        self.notices.fit((self.columns)().max(40));
        if let Some(line) = self.notices.take(event) {
            let _ = self.multi.println(line);
        }
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = self.notices.counts;
        match event {
            Event::StageStarted { stage, total } => self.start(*stage, *total),
            Event::StageAdvanced { stage, by } => {
                if let Some((_, bar)) = self.stages.iter().find(|(running, _)| running == stage) {
                    bar.inc(*by);
                }
            }
            Event::StageFinished { stage } => self.finish(*stage),
            _ => {}
        }
    }

    fn start(&mut self, stage: Stage, total: Option<u64>) {
        self.finish(stage);
        let figures = self.figures.get_or_insert_with(|| {
            let bar = self.multi.add(ProgressBar::no_length());
            let figures = Figures {
                gauge: Arc::clone(&self.gauge),
                counts: Arc::clone(&self.counts),
                left: Arc::clone(&self.left),
                zone: self.zone.clone(),
                columns: Arc::clone(&self.columns),
            };
            bar.set_style(figures_style(figures));
            bar.enable_steady_tick(TICK);
            bar
        });
        let bar = self
            .multi
            .insert_before(figures, ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden()));
        bar.set_style(bar_style(stage, self.paint, Arc::clone(&self.left), Arc::clone(&self.columns)));
        bar.enable_steady_tick(TICK);
        self.stages.push((stage, bar));
    }

    fn finish(&mut self, stage: Stage) {
        let Some(at) = self.stages.iter().position(|(running, _)| *running == stage) else { return };
        let (_, bar) = self.stages.remove(at);
        let done = count(bar.position(), "import", "imports");
        let took = span(bar.elapsed());
        bar.finish_and_clear();
        self.multi.remove(&bar);
        note_left(&self.left, stage, None);
        // What was in doubt is told by name when it comes to be, and counted below the bars.
        if stage == Stage::LookUp {
            return;
        }
        let word = self.paint.tone(Tone::Good, format!("{:<8}", stage.as_str()));
        let _ = self.multi.println(format!("{word} {done} in {took}"));
    }

    fn clear(&mut self) {
        for bar in self.stages.drain(..).map(|(_, bar)| bar).chain(self.figures.take()) {
            bar.finish_and_clear();
            self.multi.remove(&bar);
        }
        self.left.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let _ = self.multi.clear();
    }
}

/// A line that we draw ourselves, so that it never takes more columns than the terminal has, whatever its present
/// size.
fn style(line: impl Fn(&ProgressState) -> String + Clone + Send + Sync + 'static) -> ProgressStyle {
    ProgressStyle::with_template("{line}").unwrap_or_else(|_| ProgressStyle::default_bar()).with_key(
        "line",
        move |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = out.write_str(&line(state));
        },
    )
}

/// Notes the time left for a stage.
fn note_left(left: &TimesLeft, stage: Stage, time: Option<Duration>) {
    let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
    left.retain(|(noted, _)| *noted != stage);
    left.extend(time.map(|time| (stage, time)));
}

fn bar_style(stage: Stage, paint: Paint, left: TimesLeft, columns: Columns) -> ProgressStyle {
    style(move |state| {
        let (done, total) = (state.pos(), state.len());
        let of = total.map_or(String::new(), |total| format!(" of {}", number(total)));
        let per_second = state.per_sec();
        note_left(&left, stage, total.and_then(|total| time_left(per_second, total.saturating_sub(done))));
        let text = format!("{}{of} · {}", number(done), pace(per_second));
        let line = Line { stage, done, total, text, elapsed: state.elapsed() };
        line.fit(paint, columns())
    })
}

/// The text of a bar.
#[derive(Debug)]
struct Line {
    stage: Stage,
    done: u64,
    total: Option<u64>,
    text: String,
    elapsed: Duration,
}

impl Line {
    /// The line in the given width: first the bar is shortened, then the text is cut.
    fn fit(&self, paint: Paint, columns: usize) -> String {
        let (stage, text) = (self.stage.as_str(), &self.text);
        let room = columns.saturating_sub(1);
        let free = room.saturating_sub(9 + 1 + width(text));
        let Some(total) = self.total else {
            let turn = usize::try_from(self.elapsed.as_millis() / TICK.as_millis()).unwrap_or(0);
            let sign = ["|", "/", "-", "\\"][turn % 4];
            return cut(&format!("{stage:8} {sign} {text}"), room).into_owned();
        };
        if free < SHORTEST {
            return cut(&format!("{stage:8} {text}"), room).into_owned();
        }
        let cells = free.min(LONGEST);
        let filled = u128::from(self.done.min(total)) * cells as u128 / u128::from(total.max(1));
        let filled = usize::try_from(filled).unwrap_or(cells);
        let (full, rest) = ("━".repeat(filled), "─".repeat(cells - filled));
        format!("{stage:8} {}{} {text}", paint.tone(Tone::Change, full), paint.tone(Tone::Dim, rest))
    }
}

/// What the line below the bars is made from.
struct Figures {
    gauge: ReadGauge,
    counts: Arc<Mutex<Counts>>,
    left: TimesLeft,
    zone: TimeZone,
    columns: Columns,
}

fn figures_style(figures: Figures) -> ProgressStyle {
    let Figures { gauge, counts, left, zone, columns } = figures;
    style(move |_| {
        let counts = *counts.lock().unwrap_or_else(PoisonError::into_inner);
        let left =
            estimate(left.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(_, left)| *left));
        let line = format!("         {left}{}", counts.line(&gauge(), &zone));
        cut(line.trim_end_matches(" · "), columns().saturating_sub(1)).into_owned()
    })
}

#[cfg(test)]
mod tests;
