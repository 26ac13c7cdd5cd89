//! Runs accounts as child processes: decides where the run folder of each is, and which plan it carries out.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::child::{Program, follow};
use super::error::FleetError;
use super::held::Held;
use super::launcher::{Activities, ChildEnd};
use super::lease::{LEASES_SEEN, Sightings};
use super::plans::Approved;
use super::snapshot::{FLEET_SNAPSHOT, gone};
use super::store::FleetStore;
use crate::job::Fleet;
use crate::model::WaitsFor;
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
    /// What each account has to match.
    pub held: &'a Held,
    /// Which accounts do what was planned, and which could not be planned.
    pub approved: &'a Approved,
    /// The snapshot of an archive that all accounts use, if the job names none.
    pub snapshot: Option<&'a str>,
    /// A folder for temporary files.
    pub temporary: PathBuf,
    /// What this machine knows about leases: passed to a run, so that it takes over the leases of dead holders
    /// without watching them from the start.
    pub sightings: &'a Sightings,
}

/// The name of the worker, which no other worker has.
pub fn worker_name(machine: Option<String>, random: u16) -> String {
    let machine = machine.unwrap_or_else(|| "worker".to_owned());
    let name = format!("{machine}-{}-{random:04x}", std::process::id());
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect()
}

impl Children<'_> {
    /// The run folder of an account: a path, or in a bucket its address, so that any machine can continue it.
    fn folder(&self, account: &str) -> String {
        self.store.shown(&format!("runs/{account}"))
    }

    /// The plan that was made for an account, as a file; or the reason why its run does not begin.
    async fn plan_of(&self, account: &str) -> Result<Result<Option<PathBuf>, String>, FleetError> {
        if let Some(why) = self.approved.refused.get(account) {
            let again = format!(
                "nothing was written; after `fleet resume`, plan again: transship fleet plan {}",
                self.store.file()
            );
            return Ok(Err(format!("`fleet plan` made no plan of it ({why}): {again}")));
        }
        if !self.approved.followed.contains(account) {
            return Ok(Ok(None));
        }
        let part = format!("plans/{account}.json");
        let gone = || {
            let place = self.store.shown(&part);
            let file = self.store.file();
            format!("its plan {place} is gone: nothing was written; plan again: transship fleet plan {file}")
        };
        if let Some(path) = self.store.folder(&part) {
            return Ok(Some(path).filter(|path| path.is_file()).map(Some).ok_or_else(gone));
        }
        let Some(bytes) = self.store.bytes(&part).await? else { return Ok(Err(gone())) };
        let path = self.temporary.join(format!("{account}.plan.json"));
        std::fs::write(&path, bytes).map_err(file("write", &path))?;
        Ok(Ok(Some(path)))
    }

    /// Runs an account to its end, or continues its run. Once `cancel` drains, the run is told to drain.
    ///
    /// # Errors
    ///
    /// The files of the fleet are not what it was begun with any more, the run cannot be started or followed, or the store
    /// does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the run; the next one continues from its journal.
    pub async fn launch(
        &self,
        account: &str,
        activities: &Activities,
        cancel: &Cancel,
    ) -> Result<ChildEnd, FleetError> {
        self.held.check()?;
        let folder = self.folder(account);
        let plan = match self.plan_of(account).await? {
            Ok(plan) => plan,
            Err(why) => {
                return Ok(ChildEnd { exit_code: Some(2), message: Some(why), ..ChildEnd::default() });
            }
        };
        let mut words: Vec<OsString> = vec!["run".into(), self.fleet.job.clone().into()];
        let mut option = |name: &str, value: OsString| words.extend([name.into(), value]);
        option("--accounts", self.fleet.accounts.clone().into());
        option("--account", account.into());
        option("--as", self.fleet.role.clone().into());
        option("--run-dir", folder.clone().into());
        if let Some(plan) = &plan {
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
        program.variables.push((LEASES_SEEN, self.sightings.to_json().into()));
        program.variables.extend(self.held.variable(account));
        program.variables.extend(self.snapshot.map(|snapshot| (FLEET_SNAPSHOT, snapshot.into())));
        let child = program.start(&words).map_err(|error| refused("start", error))?;
        let ended =
            follow(child, account, activities, cancel).await.map_err(|error| refused("follow", error))?;
        let mut ended = ended.of_run(folder);
        if let Some(told) =
            self.snapshot.zip(ended.message.as_deref()).and_then(|(snapshot, said)| gone(snapshot, said))
        {
            (ended.message, ended.waits_for) = (Some(told), Some(WaitsFor::NewRun));
        }
        // A plan of a bucket was read from a file that is gone when somebody reads this.
        if let (Some(plan), Some(message)) = (plan, &mut ended.message) {
            let shown = self.store.shown(&format!("plans/{account}.json"));
            *message = message.replace(&plan.display().to_string(), &shown);
        }
        Ok(ended)
    }
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FleetError {
    let path = path.to_owned();
    move |source| FleetError::Refused(format!("cannot {what} {}: {source}", path.display()))
}
