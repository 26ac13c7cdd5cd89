//! Loading the job that a command names.

use std::path::Path;

use super::args::Narrow;
use super::failure::Failure;
use super::say;
use super::world::CliContext;
use crate::job::{Action, Job, Only, Settings};
use crate::session::{self, SessionError};

/// Loads a job; its problems or warnings are shown where they stand.
pub(super) fn load_job(world: &CliContext, path: &Path) -> Result<(Job, Settings), Failure> {
    let (job, settings) = session::load_job(&world.host, path).map_err(|error| match error {
        SessionError::Job(problems) => Failure::of_job(&problems, world.color_err()),
        error => error.into(),
    })?;
    if !job.warnings.is_empty() {
        say(world, &job.warnings.render(world.color_err()));
        world.document.set("warnings", job.warnings.located());
    }
    Ok((job, settings))
}

/// Takes `--repoint-flows` into the settings of a job: only a restore gives an import another id.
pub(super) fn take_repoint(settings: &mut Settings, job: &Job, repoint: bool) -> Result<(), Failure> {
    if repoint && job.action != Action::Restore {
        let action = job.action.as_str();
        let message = format!("--repoint-flows is for a restore, and this job is a {action}: leave it out");
        return Err(Failure::BadInput(message));
    }
    settings.repoint_flows = repoint;
    Ok(())
}

/// Loads a job, and takes of it what `--only` and `--limit` say.
pub(super) fn load_part(
    world: &CliContext,
    path: &Path,
    narrow: &Narrow,
) -> Result<(Job, Settings), Failure> {
    let (mut job, settings) = load_job(world, path)?;
    for text in &narrow.only {
        let only = Only::parse(text).map_err(|why| Failure::BadInput(format!("--only {text:?}: {why}")))?;
        job.select.narrowed.only.push(only);
    }
    job.select.narrowed.limit = narrow.limit;
    if job.action == Action::Backup && !job.select.narrowed.is_all() {
        let message = "a backup takes all that its job selects: leave --only and --limit out".to_owned();
        return Err(Failure::BadInput(message));
    }
    Ok((job, settings))
}
