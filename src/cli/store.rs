//! The store that machines share: of fleets, and of leases.

use super::failure::Failure;
use super::world::CliContext;
use crate::fleet::{self, Objects, StoreOptions};

/// An address as it is; a folder from the current one.
pub(super) fn absolute(world: &CliContext, location: &str) -> String {
    fleet::load::absolute(&world.host.env, location)
}

/// Opens the store; with `create`, a folder that is not there is made.
pub(super) fn objects(world: &CliContext, location: String, create: bool) -> Result<Objects, Failure> {
    let variables = world.host.env.variables.clone().into_iter().collect();
    Ok(StoreOptions { location, variables, clock: world.host.clock.clone(), create }.open()?)
}
