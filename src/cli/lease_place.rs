//! The place of the lease that belongs to a run folder: whoever continues or undoes a run meets its writer there.

use std::path::Path;

use super::bring::place;
use super::failure::Failure;
use super::store::objects;
use super::world::CliContext;
use crate::fleet::Objects;

/// A place for leases.
#[derive(Debug)]
pub(super) struct LeasePlace {
    pub objects: Objects,
    pub location: String,
    /// The prefix of the names of leases, with a `/` at its end, if they are not those of the whole store.
    pub below: String,
}

impl LeasePlace {
    /// Whether two places are the same, as far as their addresses show.
    pub(super) fn is(&self, other: &Self) -> bool {
        let folder = |place: &Self| place.objects.folder().and_then(|folder| folder.canonicalize().ok());
        let is_one = match (folder(self), folder(other)) {
            (Some(one), Some(two)) => one == two,
            (None, None) => {
                let place = |place: &Self| place.objects.place().trim_end_matches('/').to_owned();
                place(self) == place(other)
            }
            _ => false,
        };
        is_one && self.below == other.below
    }
}

/// The place of the lease that belongs to a run folder: the store of its fleet; otherwise, in a bucket, the folder
/// itself. A folder on this machine that does not belong to a fleet has none.
pub(super) fn beside(world: &CliContext, folder: Option<&Path>) -> Result<Option<LeasePlace>, Failure> {
    if let Some((own, location, run)) = place(world)? {
        let place = match fleet_store(&location) {
            Some(store) => {
                let objects = objects(world, store.to_owned(), true)?;
                LeasePlace { objects, location: store.to_owned(), below: String::new() }
            }
            None => LeasePlace { objects: own, location, below: format!("{run}/") },
        };
        return Ok(Some(place));
    }
    let Some(runs) = folder.map(|folder| world.host.env.folder.join(folder)).and_then(|folder| {
        let folder = folder.canonicalize().unwrap_or(folder);
        folder.parent().map(Path::to_owned)
    }) else {
        return Ok(None);
    };
    let is_of_a_fleet = runs.with_file_name("fleet.json").is_file();
    let Some(store) = runs.to_str().and_then(fleet_store).filter(|_| is_of_a_fleet) else { return Ok(None) };
    let objects = objects(world, store.to_owned(), true)?;
    Ok(Some(LeasePlace { objects, location: store.to_owned(), below: String::new() }))
}

/// The store of the fleet whose run folders are here: `STORE/fleets/NAME/runs`.
fn fleet_store(runs: &str) -> Option<&str> {
    let (fleets, name) = runs.trim_end_matches('/').strip_suffix("/runs")?.rsplit_once('/')?;
    let store = fleets.strip_suffix("/fleets")?;
    let is_store = !store.is_empty() && !store.ends_with(['/', ':']) && !name.is_empty();
    is_store.then_some(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_of_a_fleet_is_told_by_the_address_of_its_run_folders() {
        for (runs, store) in [
            ("s3://ops/p/fleets/t/runs", Some("s3://ops/p")),
            ("s3://ops/fleets/t/runs/", Some("s3://ops")),
            ("/mnt/store/fleets/t/runs", Some("/mnt/store")),
            ("file:///mnt/store/fleets/t/runs", Some("file:///mnt/store")),
            ("s3://fleets/t/runs", None),
            ("s3://ops/runs", None),
            ("s3://ops/fleets/t", None),
            ("/fleets/t/runs", None),
        ] {
            assert_eq!(fleet_store(runs), store, "{runs}");
        }
    }
}
