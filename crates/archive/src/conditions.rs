//! Checks that a storage honours conditional writes: some servers accept the conditions and ignore them.

use bytes::Bytes;
use futures::TryStreamExt;
use jiff::SignedDuration;

use super::ArchiveError;
use super::folder::ASIDE;
use super::store::{Object, Store};

/// How the names of objects begin that conditional writes are tried with.
const PROBE: &str = "tmp/probe-";
/// No try takes longer.
const LONGEST_PROBE: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    /// Tries two that create one name, and a replacement of what has changed.
    pub(super) async fn keeps_conditions(&self) -> Result<bool, ArchiveError> {
        let name = format!("{PROBE}{:016x}", fastrand::u64(..));
        let keeps = match self.try_conditions(&name).await {
            Ok(keeps) => {
                self.clear_probes(&name).await;
                keeps
            }
            Err(ArchiveError::Refused(_)) => false,
            Err(error) => {
                // If writing fails, removing usually fails too; the first error explains the problem.
                let _ = self.remove(&name).await;
                return Err(error);
            }
        };
        self.remove(&name).await?;
        Ok(keeps)
    }

    /// Removes what was left by those who were killed while they tried, by the clock of the storage: it is older than `own`. What
    /// cannot be listed or removed stays for the next one.
    async fn clear_probes(&self, own: &str) {
        let Ok(found) = self.list(ASIDE).try_collect::<Vec<_>>().await else { return };
        let Some(now) = found.iter().find(|object| object.name == own).map(|object| object.modified) else {
            return;
        };
        let is_left = |object: &&Object| {
            object.name.starts_with(PROBE) && now.duration_since(object.modified) >= LONGEST_PROBE
        };
        for object in found.iter().filter(is_left) {
            let _ = self.remove(&object.name).await;
        }
    }

    async fn try_conditions(&self, name: &str) -> Result<bool, ArchiveError> {
        let text = Bytes::from_static;
        if !self.create_own(name, text(b"1")).await? {
            return Ok(false);
        }
        let Some((_, first)) = self.read_version(name).await?.filter(|(found, _)| found == "1") else {
            return Ok(false);
        };
        if self.create_own(name, text(b"2")).await? {
            return Ok(false);
        }
        if !self.replace_only_if(name, text(b"3"), first.clone()).await? {
            return Ok(false);
        }
        Ok(!self.replace_only_if(name, text(b"4"), first).await?)
    }
}
