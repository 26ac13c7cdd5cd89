//! How plans and runs are shown to the person at the terminal.

use std::io::Write;

use super::args::{Diff, PlanDetail};
use super::say;
use super::world::CliContext;
use crate::report;
use crate::report::plan_view::{self, Detail, PlanViewOptions};
use crate::session::{Ending, PlanFile, Run};

/// Shows a plan to the person at the terminal.
pub(super) fn show_plan(world: &CliContext, plan: &PlanFile, detail: &PlanDetail) {
    let mut out = std::io::BufWriter::new(std::io::stderr().lock());
    let mut options = options(world, detail, world.color_err());
    options.per_second = Some(rate_of(plan));
    let shown = plan_view::table(plan, &mut out, options).map(|()| out.flush());
    // A terminal that went away must not keep a nightly run from its work.
    let _ = shown;
}

/// Calls a second the plan's target may be sent.
pub(super) fn rate_of(plan: &PlanFile) -> f64 {
    let rate = plan.head().settings.target.rate;
    rate.per_second * rate.share
}

/// How plans are shown.
pub(super) fn options<'a>(world: &CliContext, detail: &'a PlanDetail, color: bool) -> PlanViewOptions<'a> {
    PlanViewOptions {
        color,
        detail: match detail {
            PlanDetail { all: true, .. } => Detail::All,
            PlanDetail { import, .. } if !import.is_empty() => Detail::Named(import),
            _ => Detail::First,
        },
        diff: match detail.diff {
            Diff::Full => plan_view::Diff::Full,
            Diff::Short => plan_view::Diff::Short,
            Diff::None => plan_view::Diff::None,
        },
        unchanged: world.global.verbose > 0,
        width: world.columns(),
        ..PlanViewOptions::default()
    }
}

/// Says how a run ended, and what resumes it.
pub(super) fn closing(world: &CliContext, run: &Run, quiet: bool) {
    let command = format!("transship resume {}", run.folder.path().display());
    let finished = run.record.ending == Some(Ending::Finished);
    if quiet {
        if !finished {
            // Not a closing word: without it nobody knows how to go on.
            say(world, &format!("this run is not finished: {command}"));
        }
        return;
    }
    let closing = report::Closing {
        folder: Some(run.folder.path()),
        resume: (!finished).then_some(command.as_str()),
        attention: &run.attention,
        width: world.columns(),
        color: world.color_err(),
    };
    let mut out = std::io::stderr().lock();
    // A terminal that went away must not turn a finished run into a failure.
    let _ = report::closing(&run.summary, &closing, &mut out);
}
