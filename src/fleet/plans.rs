//! `plans.json`: what `fleet plan` found of each account.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::FleetError;
use super::groups::Planned;
use super::store::FleetStore;
use crate::model::Fingerprint;

/// The object of the store that they are in.
pub const PLANS: &str = "plans.json";

/// The plans of a fleet, as `plans.json` keeps them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Plans {
    /// SHA-256 of the job they are of.
    pub job_sha256: Fingerprint,
    /// One for each account.
    pub planned: Vec<Planned>,
}

impl Plans {
    /// These plans, with those of the other accounts.
    #[must_use]
    pub fn with(job_sha256: Fingerprint, planned: &[Planned], others: Option<Self>) -> Self {
        let own: BTreeSet<&str> = planned.iter().map(|plan| plan.account.as_str()).collect();
        let others = others.into_iter().flat_map(|plans| plans.planned);
        let others = others.filter(|plan| !own.contains(plan.account.as_str()));
        let mut planned: Vec<Planned> = planned.iter().cloned().chain(others).collect();
        planned.sort_by(|a, b| a.account.cmp(&b.account));
        Self { job_sha256, planned }
    }

    /// The plans that `fleet plan` left, if they are of this job.
    ///
    /// # Errors
    ///
    /// What is there is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn read(store: &FleetStore, job: Fingerprint) -> Result<Option<Self>, FleetError> {
        let Some(bytes) = store.bytes(PLANS).await? else { return Ok(None) };
        let plans: Self = serde_json::from_slice(&bytes).map_err(store.damaged(PLANS))?;
        Ok(Some(plans).filter(|plans| plans.job_sha256 == job))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;
    use crate::archive::{ArchiveOptions, Objects};
    use crate::model::time::Clock;

    #[tokio::test]
    async fn plans_that_cannot_be_read_are_named_once_with_their_store() {
        let options = ArchiveOptions::new(Clock::system());
        let objects = Objects::in_store(Arc::new(InMemory::new()), "s3://bucket", &options);
        let store = FleetStore::new(objects, "f");
        store.put(PLANS, "no JSON".into()).await.unwrap();
        let error = Plans::read(&store, Fingerprint::of(b"")).await.unwrap_err().to_string();
        let wanted =
            "fleets/f/plans.json in s3://bucket cannot be read: put it back from a copy, or remove it";
        assert_eq!(error, wanted);
    }
}
