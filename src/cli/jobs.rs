//! Loading the job that a command names.

use std::path::Path;

use super::failure::Failure;
use super::say;
use super::world::CliContext;
use crate::job::{Job, Settings};
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
