//! Reads the status of a fleet from its store.

use std::collections::BTreeMap;

use crate::cli::failure::Failure;
use crate::cli::world::CliContext;
use crate::fleet::{AccountResult, Definition, FleetStore, Status, status};

/// The status of a fleet, and the result of every account that ended.
pub(super) async fn read_status(
    world: &CliContext,
    store: &FleetStore,
    definition: &Definition,
) -> Result<(Status, BTreeMap<String, AccountResult>), Failure> {
    let mut results = BTreeMap::new();
    store.results(&mut results).await?;
    let (control, beats) = (store.control().await?, store.beats().await?);
    Ok((status(definition, &control, &results, &beats, world.host.clock.now()), results))
}
