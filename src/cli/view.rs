//! How plans and runs are shown to the person at the terminal.

use std::path::Path;

use super::args::{Diff, PlanDetail};
use super::next_command::{global, path};
use super::runs::find;
use super::say;
use super::stderr::TOLD;
use super::world::CliContext;
use crate::model::shown::shell_word;
use crate::model::{Action, Outcome};
use crate::report;
use crate::report::console::headline;
use crate::report::plan_view::{self, Detail, PlanViewOptions};
use crate::report::text::clean;
use crate::session::{Ending, PlanFile, Run};

/// Shows a plan to the person at the terminal.
pub(super) fn show_plan(world: &CliContext, plan: &PlanFile, detail: &PlanDetail) {
    let tail = plan.tail();
    tracing::info!(
        target: TOLD,
        job = clean(&plan.head().job),
        action = clean(plan.head().action.as_str()),
        selected = tail.selected,
        calls = tail.forecast.total,
        seconds = tail.forecast.seconds,
        "plan: {}",
        plan_view::totals(plan)
    );
    if world.stderr.is_json() {
        return;
    }
    let mut shown = Vec::new();
    let mut options = options(world, detail, world.color_err());
    options.per_second = Some(rate_of(plan));
    options.width = world.columns_err();
    // What can be shown of a plan that cannot be read to its end is shown; carrying it out will tell.
    let _ = plan_view::table(plan, &mut shown, options);
    world.stderr.put(&shown);
}

/// How many calls a second may be sent to the plan's target.
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
            // Whoever asks for one import wants to see all of it.
            Diff::Short if !detail.all && !detail.import.is_empty() => plan_view::Diff::Full,
            Diff::Full => plan_view::Diff::Full,
            Diff::Short => plan_view::Diff::Short,
            Diff::None => plan_view::Diff::None,
        },
        unchanged: world.global.verbose > 0,
        width: world.columns(),
        ..PlanViewOptions::default()
    }
}

/// Reports how a run ended, and which command resumes it.
pub(super) fn closing(world: &CliContext, run: &Run, quiet: bool) {
    let told = |command: &str| for_run(world, command, run.folder.path());
    let command = told("resume");
    let finished = run.record.ending == Some(Ending::Finished);
    // That one says how in its reason.
    let goes_on = !finished && !run.record.needs_a_new_run();
    if quiet {
        if goes_on {
            // Not a closing word: without it nobody knows how to go on.
            say(world, &format!("this run is not finished: {command}"));
        } else if let Some(reason) = run.record.reason.as_deref().filter(|_| !finished) {
            say(world, &format!("this run is not finished: {reason}"));
        }
        return;
    }
    let summary = &run.summary;
    tracing::info!(
        target: TOLD,
        run_id = summary.run_id,
        state = summary.state,
        folder = %run.folder.path().display(),
        calls = summary.total_calls,
        seconds = summary.seconds,
        "ended: {}",
        headline(summary)
    );
    if world.stderr.is_json() {
        return;
    }
    let (retry, undo) = (told("retry"), told("undo"));
    let wrote = Outcome::ALL.iter().any(|outcome| outcome.wrote() && summary.count(*outcome) > 0);
    let undoable = summary.action != Action::Backup;
    let folder = run.folder.path();
    // A folder that stands for an address is shown as that address.
    let is_here = world.shown(folder) == folder;
    let place = folder.strip_prefix(&world.host.env.folder).ok().filter(|_| is_here).unwrap_or(folder);
    let closing = report::Closing {
        folder: Some(place),
        resume: (goes_on || summary.unread > 0 || summary.in_doubt > 0).then_some(command.as_str()),
        retry: (finished && summary.may_be_redone()).then_some(retry.as_str()),
        undo: (wrote && undoable).then_some(undo.as_str()),
        reasons: &run.reasons,
        width: world.columns_err(),
        color: world.color_err(),
    };
    let mut shown = Vec::new();
    // Writing to memory cannot fail.
    let _ = report::closing(summary, &closing, &mut shown);
    world.stderr.put(&shown);
}

/// The command line of a next command for a run: `transship`, the command, the shortest word for the run, and the
/// global options that the next command needs as well.
pub(super) fn for_run(world: &CliContext, command: &str, folder: &Path) -> String {
    format!("transship {command} {}{}", word_for(world, folder), global(world))
}

/// The shortest word that a person can type for a run: the last part of its id, its id, or its folder.
fn word_for(world: &CliContext, folder: &Path) -> String {
    let runs = &world.global.runs;
    let is_told = |default: &str| runs.as_path() == Path::new(default);
    if !is_told("runs") && !world.host.env.get("TRANSSHIP_RUNS").is_some_and(is_told) {
        // Without `--runs` the next command looks for runs elsewhere.
        return path(folder);
    }
    let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let last = id.rsplit('-').next().unwrap_or_default();
    let is_short = last.len() == 4 && last.bytes().all(|byte| byte.is_ascii_hexdigit()) && last != id;
    let means_it = |word: &str| {
        let found = find(world, Some(Path::new(word)));
        found.is_ok_and(|found| found.canonicalize().ok() == folder.canonicalize().ok())
    };
    let words = [last, id.as_str()];
    let word = words.into_iter().skip(usize::from(!is_short)).find(|word| means_it(word));
    word.map_or_else(|| path(folder), |word| shell_word(word).into_owned())
}
