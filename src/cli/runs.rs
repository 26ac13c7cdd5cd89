//! Finding runs: by folder, by id, or the last one.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::world::CliContext;
use crate::session::runs;

/// The folders of runs, in the order in which they started.
pub(super) fn all(world: &CliContext) -> Vec<PathBuf> {
    runs::all(&world.global.runs)
}

/// The folder of the run that is named, or of the last one.
pub(super) fn find(world: &CliContext, named: Option<&Path>) -> Result<PathBuf, Failure> {
    Ok(runs::find(&world.global.runs, named)?)
}
