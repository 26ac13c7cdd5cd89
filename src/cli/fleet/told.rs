//! How a fleet stands, read from its store.

use std::collections::BTreeMap;

use crate::cli::failure::Failure;
use crate::cli::world::CliContext;
use crate::fleet::{AccountResult, Definition, FleetStore, Status, status};

/// How a fleet stands, and how every account that ended did.
pub(super) async fn standing(
    world: &CliContext,
    store: &FleetStore,
    definition: &Definition,
) -> Result<(Status, BTreeMap<String, AccountResult>), Failure> {
    let mut results = BTreeMap::new();
    store.results(&mut results).await?;
    let (control, beats) = (store.control().await?, store.beats().await?);
    Ok((status(definition, &control, &results, &beats, world.host.clock.now()), results))
}
