//! `snapshot.json`: the one snapshot of an archive that all accounts of a fleet use.
//!
//! A job that names no snapshot means the latest, and the latest may be another one an hour later. So the first
//! command that plans or runs the fleet chooses it once, and each run of an account is told.

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

/// The message for an account of a fleet whose snapshot is gone, instead of the message of its run; `None` if the run
/// says something else. The run does not know that the fleet may not take another snapshot.
pub(super) fn gone(snapshot: &str, said: &str) -> Option<String> {
    said.contains(&format!("there is no snapshot {snapshot}")).then(|| {
        format!(
            "the snapshot {snapshot}, which all accounts of the fleet get, is in the archive no more (`keep` or `archive prune` \
             removed it): nothing was written; a fleet with another --name takes the latest one"
        )
    })
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
    /// The snapshot that all accounts use for this end of the job, if it was chosen.
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

    /// Chooses the snapshot that all accounts use for this end of the job, unless another worker did at the same
    /// time. Returns the chosen one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_that_is_gone_is_told_from_other_troubles() {
        let said = "there is no snapshot 2026-a-1: name one of the list, or `latest`";
        assert!(
            gone("2026-a-1", said)
                .is_some_and(|told| told.ends_with("a fleet with another --name takes the latest one"))
        );
        assert_eq!(gone("2026-a-2", said), None);
        assert_eq!(gone("2026-a-1", "token refused"), None);
    }
}
