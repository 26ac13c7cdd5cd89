//! `snapshot.json`: the one snapshot of an archive that all accounts of a fleet get.
//!
//! A job that names no snapshot means the latest, and the latest may be another one an hour later. So it is chosen once, by
//! the first that plans or runs the fleet, and each run of an account is told.

use serde::{Deserialize, Serialize};

use super::error::FleetError;
use super::store::FleetStore;
use crate::job::{Account, AccountPlace};

/// The variable in which a fleet tells a run which snapshot is meant where its job names none.
pub const FLEET_SNAPSHOT: &str = "TRANSSHIP_FLEET_SNAPSHOT";

/// The object of the store that it is in.
const PART: &str = "snapshot.json";

/// The snapshot that all accounts of a fleet get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Chosen {
    /// The archive: a folder or an address.
    archive: String,
    /// The account whose backups are read.
    account: String,
    /// Id of the snapshot.
    snapshot: String,
}

impl Chosen {
    fn is_of(&self, archive: &Account) -> bool {
        matches!(&archive.place, AccountPlace::Archive { place, of, .. } if *place == self.archive && *of == self.account)
    }
}

/// Whether a snapshot that was chosen before is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is, if it is of this archive and account.
    Chosen,
    /// It is not: nothing was done with it yet.
    Nothing,
}

impl FleetStore {
    /// The snapshot that all accounts get from this end of the job, if it was chosen.
    ///
    /// # Errors
    ///
    /// What is there is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn snapshot(&self, archive: &Account) -> Result<Option<String>, FleetError> {
        let chosen: Option<Chosen> = self.part(PART).await?;
        Ok(chosen.filter(|chosen| chosen.is_of(archive)).map(|chosen| chosen.snapshot))
    }

    /// Chooses the snapshot that all accounts get from this end of the job, unless another worker did at the same time. Gives
    /// the one that is chosen.
    ///
    /// # Errors
    ///
    /// As [`FleetStore::change_part`].
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped after a write was sent, it may be chosen; the same call again gives what is.
    pub async fn choose_snapshot(
        &self,
        archive: &Account,
        snapshot: &str,
        keep: Keep,
    ) -> Result<String, FleetError> {
        let AccountPlace::Archive { place, of, .. } = &archive.place else {
            return Err(FleetError::Refused(format!("account `{}` is not an archive", archive.name)));
        };
        let chosen = Chosen { archive: place.clone(), account: of.clone(), snapshot: snapshot.to_owned() };
        let change = |found: Option<Chosen>| {
            let kept = found.filter(|found| keep == Keep::Chosen && found.is_of(archive));
            Ok(kept.unwrap_or_else(|| chosen.clone()))
        };
        Ok(self.change_part(PART, change).await?.snapshot)
    }
}
