//! `plans.json`: what `fleet plan` found in each account.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::definition::{Definition, Member};
use super::error::FleetError;
use super::groups::Planned;
use super::status::{AttentionRow, Status};
use super::store::FleetStore;
use super::words::some;
use crate::model::{Action, Fingerprint};

/// The object of the store with the plans.
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

    /// The plans that `fleet plan` left, if it was run.
    ///
    /// # Errors
    ///
    /// What is there is damaged, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn read(store: &FleetStore) -> Result<Option<Self>, FleetError> {
        let Some(bytes) = store.bytes(PLANS).await? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&bytes).map_err(store.damaged(PLANS))?))
    }

    fn is_of(&self, fleet: &Definition, plan: &Planned) -> bool {
        self.job_sha256 == fleet.job_sha256
            && (plan.version.is_none() || plan.version == fleet.version_of(&plan.account))
    }
}

/// What `fleet plan` found in the accounts of a fleet: nothing if it was not run.
#[derive(Debug, Clone, Default)]
pub struct Approved {
    /// The accounts whose plans are followed.
    pub followed: BTreeSet<String>,
    /// The accounts that could not be planned, and why: nothing is written there, because nothing was shown.
    pub refused: BTreeMap<String, String>,
    /// The accounts that were not planned although others were.
    pub without: Vec<String>,
}

/// What has to be done as planned. A backup or a comparison does not follow a plan.
///
/// # Errors
///
/// The plans are of another version of the job, of a file it names or of a row; what is there is damaged; the store does not
/// answer.
///
/// # Cancel safety
///
/// Cancel safe: it only reads.
pub async fn approved(store: &FleetStore, fleet: &Definition) -> Result<Approved, FleetError> {
    let mut approved = Approved::default();
    if matches!(Action::of(&fleet.action), Some(Action::Backup | Action::Compare)) {
        return Ok(approved);
    }
    let Some(plans) = Plans::read(store).await? else { return Ok(approved) };
    let known: BTreeMap<&str, &Planned> =
        plans.planned.iter().map(|plan| (plan.account.as_str(), plan)).collect();
    let mut outdated = Vec::new();
    for Member { account, .. } in &fleet.accounts {
        match known.get(account.as_str()) {
            None => approved.without.push(account.clone()),
            Some(plan) if !plans.is_of(fleet, plan) => outdated.push(account.clone()),
            Some(Planned { message: Some(why), .. }) => {
                approved.refused.insert(account.clone(), why.clone());
            }
            Some(_) => {
                approved.followed.insert(account.clone());
            }
        }
    }
    if outdated.is_empty() {
        return Ok(approved);
    }
    Err(FleetError::Refused(format!(
        "{} in {}: what was planned for {} is of another version of the job, of a file that it names, or of the row: plan again: \
         transship fleet plan {}",
        PLANS,
        store.shown("").trim_end_matches('/'),
        some(&outdated),
        store.file()
    )))
}

/// The state of a fleet that was planned and not begun: accounts without a plan need attention, and no wave waits for
/// an approval yet.
#[must_use]
pub fn not_begun(status: Status, fleet: &Definition, plans: Option<&Plans>, file: &str) -> Status {
    let mut status = Status { state: "planned", next: None, file: Some(file.to_owned()), ..status };
    for member in &fleet.accounts {
        let plan = plans.and_then(|plans| plans.planned.iter().find(|plan| plan.account == member.account));
        let Some((plan, why)) = plan.and_then(|plan| Some((plan, plan.message.as_ref()?))) else { continue };
        if member.wave == status.wave {
            status.waiting = status.waiting.saturating_sub(1);
        } else {
            status.not_started = status.not_started.saturating_sub(1);
        }
        status.rows.push(AttentionRow {
            account: member.account.clone(),
            exit_code: plan.exit_code,
            message: format!("no plan: {why}"),
            help: format!("see to it, then plan again: transship fleet plan {file}"),
            folder: None,
        });
    }
    status.attention = status.rows.len();
    status
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
        let error = Plans::read(&store).await.unwrap_err().to_string();
        let wanted =
            "fleets/f/plans.json in s3://bucket cannot be read: put it back from a copy, or remove it";
        assert_eq!(error, wanted);
    }
}
