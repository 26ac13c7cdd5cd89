//! The shared store of fleets and of leases.

use super::failure::Failure;
use super::world::CliContext;
use crate::fleet::{self, Objects, StoreOptions};

/// An address unchanged; a folder relative to the current one.
pub(super) fn absolute(world: &CliContext, location: &str) -> String {
    fleet::load::absolute(&world.host.env, location)
}

/// Opens the store; with `create`, a missing folder is created.
pub(super) fn objects(world: &CliContext, location: String, create: bool) -> Result<Objects, Failure> {
    let variables = world.host.env.variables.clone().into_iter().collect();
    Ok(StoreOptions { location, variables, clock: world.host.clock.clone(), create }.open()?)
}
