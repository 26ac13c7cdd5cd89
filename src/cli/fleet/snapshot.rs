//! The snapshot of an archive that all accounts of a fleet get: chosen once, and said.

use crate::cli::failure::Failure;
use crate::cli::say;
use crate::cli::world::CliContext;
use crate::fleet::FleetStore;
use crate::fleet::snapshot::Keep;
use crate::job::{Account, AccountPlace};
use crate::model::cancel::Cancel;
use crate::report::text::clean;
use crate::session::{EngineError, archives};

/// The snapshot that all accounts get, where the job reads an archive and names none.
pub(super) async fn snapshot(
    world: &CliContext,
    store: &FleetStore,
    archive: Option<&Account>,
    keep: Keep,
    cancel: &Cancel,
) -> Result<Option<String>, Failure> {
    let Some(archive) = archive else { return Ok(None) };
    let kept = if keep == Keep::Chosen { store.snapshot(archive).await? } else { None };
    let chosen = match kept {
        Some(kept) => kept,
        None => {
            let latest = tokio::select! {
                biased;
                () = cancel.draining() => return Err(EngineError::Interrupted.into()),
                latest = archives::meant(&world.host, archive) => latest?,
            };
            store.choose_snapshot(archive, &latest, keep).await?
        }
    };
    if let AccountPlace::Archive { place, .. } = &archive.place {
        say(world, &format!("every account gets snapshot {chosen} of the archive {}", clean(place)));
    }
    Ok(Some(chosen))
}
