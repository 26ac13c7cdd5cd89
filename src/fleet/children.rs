//! Runs accounts as children of this process: where each one's run folder is, and which plan it does.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::child::{Program, follow};
use super::definition::Definition;
use super::error::FleetError;
use super::launcher::{Activities, ChildEnd};
use super::lease::{LEASES_SEEN, Sightings};
use super::plans::Plans;
use super::store::FleetStore;
use crate::job::Fleet;
use crate::model::cancel::Cancel;

/// Runs accounts as children of this process.
#[derive(Debug)]
pub struct Children<'a> {
    /// What is started.
    pub program: Program,
    /// Where the fleet is.
    pub store: &'a FleetStore,
    /// Its file: job, accounts, role.
    pub fleet: &'a Fleet,
    /// The accounts whose plans were made beforehand ([`planned`]): they do what these say.
    pub planned: BTreeSet<String>,
    /// A folder for files that are needed for a moment.
    pub temporary: PathBuf,
    /// What this machine has seen of leases: a run is told, so that it takes those of the dead over without watching anew.
    pub sightings: &'a Sightings,
}

/// What a worker is called: no other has this name.
pub fn worker_name(machine: Option<String>, random: u16) -> String {
    let machine = machine.unwrap_or_else(|| "worker".to_owned());
    let name = format!("{machine}-{}-{random:04x}", std::process::id());
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect()
}

/// The accounts of which `fleet plan` left a plan with this job. A backup or a comparison does not do what a plan says.
///
/// # Errors
///
/// What is there is damaged, or the store does not answer.
///
/// # Cancel safety
///
/// Cancel safe: it only reads.
pub async fn planned(store: &FleetStore, definition: &Definition) -> Result<BTreeSet<String>, FleetError> {
    if ["backup", "compare"].contains(&definition.action.as_str()) {
        return Ok(BTreeSet::new());
    }
    let plans = Plans::read(store, definition.job_sha256).await?;
    let plans = plans.into_iter().flat_map(|plans| plans.planned);
    Ok(plans.filter(|plan| plan.message.is_none()).map(|plan| plan.account).collect())
}

impl Children<'_> {
    /// The run folder of an account: a path, or in a bucket its address, so that any machine goes on with it.
    fn folder(&self, account: &str) -> String {
        self.store.shown(&format!("runs/{account}"))
    }

    /// The plan that was made of an account, as a file.
    async fn plan_of(&self, account: &str) -> Result<Option<PathBuf>, FleetError> {
        if !self.planned.contains(account) {
            return Ok(None);
        }
        let part = format!("plans/{account}.json");
        if let Some(path) = self.store.folder(&part) {
            return Ok(Some(path).filter(|path| path.is_file()));
        }
        let Some(bytes) = self.store.bytes(&part).await? else { return Ok(None) };
        let path = self.temporary.join(format!("{account}.plan.json"));
        std::fs::write(&path, bytes).map_err(file("write", &path))?;
        Ok(Some(path))
    }

    /// Runs an account to its end, or goes on with its run. Once `cancel` drains, the run is told to.
    ///
    /// # Errors
    ///
    /// The run cannot be started or followed, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the run; what it has journalled is gone on with by the next one.
    pub async fn launch(
        &self,
        account: &str,
        activities: &Activities,
        cancel: &Cancel,
    ) -> Result<ChildEnd, FleetError> {
        let folder = self.folder(account);
        let mut words: Vec<OsString> = vec!["run".into(), self.fleet.job.clone().into()];
        let mut option = |name: &str, value: OsString| words.extend([name.into(), value]);
        option("--accounts", self.fleet.accounts.clone().into());
        option("--account", account.into());
        option("--as", self.fleet.role.clone().into());
        option("--run-dir", folder.clone().into());
        if let Some(plan) = self.plan_of(account).await? {
            option("--plan", plan.into());
        }
        words.extend(["--or-resume".into(), "--yes".into()]);
        if cfg!(target_os = "linux") {
            words.push("--die-with-parent".into());
        }
        let refused = |what: &str, error: std::io::Error| {
            FleetError::Refused(format!("cannot {what} the run of `{account}`: {error}"))
        };
        let mut program = self.program.clone();
        program.variables.push((LEASES_SEEN, self.sightings.told().into()));
        let child = program.start(&words).map_err(|error| refused("start", error))?;
        let ended =
            follow(child, account, activities, cancel).await.map_err(|error| refused("follow", error))?;
        Ok(ended.of_run(folder))
    }
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FleetError {
    let path = path.to_owned();
    move |source| FleetError::Refused(format!("cannot {what} {}: {source}", path.display()))
}
