//! Runs accounts as children of this process: where each one's run folder is, which plan it does, what a bucket keeps of it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::child::{Program, follow};
use super::definition::Definition;
use super::error::FleetError;
use super::launcher::{Activities, ChildEnd};
use super::plans::Plans;
use super::store::FleetStore;
use crate::job::{Fleet, Job};
use crate::model::cancel::Cancel;
use crate::model::time::Clock;

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
    /// Where run folders are while they are written, where the store is no folder ([`local`]).
    pub local: PathBuf,
    /// The name of this machine.
    pub machine: String,
    /// What this worker is called; no other has this name.
    pub worker: &'a str,
    /// The time of day.
    pub clock: &'a Clock,
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
pub async fn planned(store: &FleetStore, definition: &Definition) -> Result<BTreeSet<String>, FleetError> {
    if ["backup", "compare"].contains(&definition.action.as_str()) {
        return Ok(BTreeSet::new());
    }
    let plans = Plans::read(store, definition.job_sha256).await?;
    let plans = plans.into_iter().flat_map(|plans| plans.planned);
    Ok(plans.filter(|plan| plan.message.is_none()).map(|plan| plan.account).collect())
}

/// Where run folders are while they are written, where the store is no folder.
pub fn local(job: &Job, fleet: &str) -> PathBuf {
    job.output.join(format!("fleet-{fleet}"))
}

impl Children<'_> {
    /// The run folder of an account.
    fn folder(&self, account: &str) -> PathBuf {
        self.store.folder(&format!("runs/{account}")).unwrap_or_else(|| self.local.join(account))
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

    /// In a bucket: says on which machine the run folder of an account is. One that was begun on another machine is not
    /// begun here as well: its journal, which knows what is in doubt, is there.
    ///
    /// # Errors
    ///
    /// What is there is damaged, or the store does not answer.
    pub async fn begun_elsewhere(&self, account: &str) -> Result<Option<String>, FleetError> {
        let folder = self.folder(account);
        if self.store.folder("").is_some() || folder.join("journal.jsonl").is_file() {
            return Ok(None);
        }
        let part = format!("runs/{account}/begun.json");
        let begun = json!({
            "machine": self.machine,
            "folder": folder,
            "at": self.clock.now(),
            "mark": self.worker,
        });
        // Of two that begin at the same time, one finds what the other wrote.
        if self.store.create(&part, begun.to_string().into()).await? {
            return Ok(None);
        }
        let Some(bytes) = self.store.bytes(&part).await? else { return Ok(None) };
        let begun: serde_json::Value = serde_json::from_slice(&bytes).map_err(|source| {
            FleetError::Damaged { name: part, place: self.store.place().to_owned(), source }
        })?;
        let there = begun.get("machine").and_then(serde_json::Value::as_str).unwrap_or_default();
        let was = begun.get("folder").and_then(serde_json::Value::as_str).unwrap_or_default();
        // Here, and cut off before its journal was made: nothing was sent.
        let is_here = there == self.machine && Path::new(was) == folder;
        Ok((!is_here).then(|| format!("its run was begun on {there}, in {was}: go on with it there")))
    }

    /// Keeps in a bucket what the report needs of a run folder.
    async fn keep(&self, account: &str, folder: &Path) -> Result<(), FleetError> {
        if self.store.folder("").is_some() {
            return Ok(());
        }
        for name in ["job.yaml", "plan.json", "journal.jsonl", "summary.json", "audit.csv", "report.html"] {
            let path = folder.join(name);
            if path.is_file() {
                self.store.put_file(&format!("runs/{account}/{name}"), &path).await?;
            }
        }
        Ok(())
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
        if let Some(message) = self.begun_elsewhere(account).await? {
            return Ok(ChildEnd { exit_code: Some(2), message: Some(message), ..ChildEnd::default() });
        }
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
        let child = self.program.start(&words).map_err(|error| refused("start", error))?;
        let ended =
            follow(child, account, activities, cancel).await.map_err(|error| refused("follow", error))?;
        self.keep(account, &folder).await?;
        let place = match self.store.folder("") {
            Some(_) => folder.display().to_string(),
            None => self.store.shown(&format!("runs/{account}")),
        };
        Ok(ended.of_run(place))
    }
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FleetError {
    let path = path.to_owned();
    move |source| FleetError::Refused(format!("cannot {what} {}: {source}", path.display()))
}
