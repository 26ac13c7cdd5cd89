//! Progress on a terminal: a bar per stage, a line of figures below, and lines about single items above.
//! The only place that knows the indicatif crate.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::notice::{Counts, Notices, ReadGauge, pace};
use super::text::{Paint, Tone, count, number, span};
use crate::model::event::{Event, Listener, Stage};

/// How often figures move while nothing happens: a run that waits for the service is seen to wait.
const TICK: Duration = Duration::from_millis(250);

/// Bars on stderr. A clone steers the same bars: keep one to call [`Bars::clear`] before anything else is printed.
#[derive(Clone)]
pub struct Bars(Arc<Mutex<Board>>);

struct Board {
    multi: MultiProgress,
    gauge: ReadGauge,
    notices: Notices,
    counts: Arc<Mutex<Counts>>,
    stages: Vec<(Stage, ProgressBar)>,
    figures: Option<ProgressBar>,
    paint: Paint,
}

impl fmt::Debug for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bars")
    }
}

impl Bars {
    /// Bars on stderr; they hide themselves where that is no terminal.
    pub fn stderr(color: bool, gauge: ReadGauge) -> Self {
        Self::on_target(ProgressDrawTarget::stderr(), color, gauge)
    }

    fn on_target(target: ProgressDrawTarget, color: bool, gauge: ReadGauge) -> Self {
        let paint = Paint { color };
        Self(Arc::new(Mutex::new(Board {
            multi: MultiProgress::with_draw_target(target),
            gauge,
            notices: Notices::new(paint),
            counts: Arc::default(),
            stages: Vec::new(),
            figures: None,
            paint,
        })))
    }

    /// Does what writes to the terminal by itself, with the bars out of the way.
    pub fn suspend(&self, work: impl FnOnce()) {
        let multi = self.0.lock().unwrap_or_else(PoisonError::into_inner).multi.clone();
        multi.suspend(work);
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
            bar.set_style(figures_style(Arc::clone(&self.gauge), Arc::clone(&self.counts)));
            bar.enable_steady_tick(TICK);
            bar
        });
        let bar = self
            .multi
            .insert_before(figures, ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden()));
        bar.set_style(bar_style(total.is_some(), self.paint));
        bar.set_prefix(stage.as_str());
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
        let word = self.paint.tone(Tone::Good, format!("{:<8}", stage.as_str()));
        let _ = self.multi.println(format!("{word} {done} in {took}"));
    }

    fn clear(&mut self) {
        for bar in self.stages.drain(..).map(|(_, bar)| bar).chain(self.figures.take()) {
            bar.finish_and_clear();
            self.multi.remove(&bar);
        }
        let _ = self.multi.clear();
    }
}

fn bar_style(known: bool, paint: Paint) -> ProgressStyle {
    let template = match (known, paint.color) {
        (true, true) => "{prefix:8} {bar:28.cyan/dim} {done} · {pace}",
        (true, false) => "{prefix:8} {bar:28} {done} · {pace}",
        (false, _) => "{prefix:8} {spinner} {done} · {pace}",
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
        .with_key("done", |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = match state.len() {
                Some(total) => write!(out, "{} of {}", number(state.pos()), number(total)),
                None => write!(out, "{}", number(state.pos())),
            };
        })
        .with_key("pace", |state: &ProgressState, out: &mut dyn fmt::Write| {
            let left = state.len().map(|total| total.saturating_sub(state.pos()));
            let _ = out.write_str(&pace(state.per_sec(), left));
        })
}

fn figures_style(gauge: ReadGauge, counts: Arc<Mutex<Counts>>) -> ProgressStyle {
    ProgressStyle::with_template("         {figures}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("figures", move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let counts = *counts.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = out.write_str(&counts.line(&gauge()));
        })
}

#[cfg(test)]
mod tests;
