//! Makes sure of the snapshots that are about to be used: a list reads only the start of each manifest.

use std::collections::BTreeSet;

use super::read::Listing;
use super::{Archive, ArchiveError, SnapshotId};

impl Archive {
    /// The list, after each manifest that `chosen` names was read whole. One that turns out damaged counts as damaged in the
    /// list, and `chosen` is asked again.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads, and its temporary file is removed.
    pub async fn confirmed(
        &self,
        mut listing: Listing,
        chosen: impl Fn(&Listing) -> Vec<SnapshotId>,
    ) -> Result<Listing, ArchiveError> {
        let mut whole = BTreeSet::new();
        while let Some(id) = chosen(&listing).into_iter().find(|id| !whole.contains(id)) {
            match self.read_whole(&id).await {
                Ok(()) => {
                    whole.insert(id);
                }
                Err(error) if error.is_damage() => {
                    listing.snapshots.retain(|snapshot| snapshot.id != id);
                    listing.damaged.push((id, error.detail()));
                    listing.damaged.sort();
                }
                Err(error) => return Err(error),
            }
        }
        Ok(listing)
    }

    /// Every snapshot, of which the newest of this account was read whole.
    ///
    /// # Errors
    ///
    /// As [`Self::confirmed`].
    ///
    /// # Cancel safety
    ///
    /// As [`Self::confirmed`].
    pub async fn snapshots_to_read(&self, account: &str) -> Result<Listing, ArchiveError> {
        let newest =
            |listing: &Listing| listing.latest(account).map(|one| one.id.clone()).into_iter().collect();
        self.confirmed(self.snapshots().await?, newest).await
    }

    async fn read_whole(&self, id: &SnapshotId) -> Result<(), ArchiveError> {
        for entry in self.entries(id).await?.1 {
            entry?;
        }
        Ok(())
    }
}
