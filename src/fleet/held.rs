//! Makes sure that each account matches what the fleet was begun with: its job, the files that the job names, and the
//! account's row.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::definition::{Definition, version};
use super::error::FleetError;
use super::load::load;
use crate::job::{Env, Fleet, Job};
use crate::model::time::Clock;

/// The variable in which a fleet tells a run which version of the job and of its row it is for.
pub const HELD_TO: &str = "TRANSSHIP_FLEET_VERSION";

/// What shows that a file was written since it was last read.
type Looked = Option<(SystemTime, u64)>;

/// The files of a fleet, and the content that they must keep as long as the fleet runs.
#[derive(Debug)]
pub struct Held {
    /// What the fleet was begun with.
    definition: Definition,
    /// The fleet file, and the name of the fleet if it is not the one in there.
    file: PathBuf,
    env: Env,
    clock: Clock,
    paths: Vec<PathBuf>,
    /// The state of the files when they were last read and found to be right.
    looked: Mutex<Vec<Looked>>,
}

impl Held {
    /// Checks the accounts of a fleet against its definition; `file` is the fleet file that was loaded.
    pub fn new(
        definition: &Definition,
        file: &Path,
        loaded: (&Fleet, &Job),
        env: &Env,
        clock: &Clock,
    ) -> Self {
        let (fleet, job) = loaded;
        let named = job.files.iter().map(|file| file.path.clone());
        let paths = [env.folder.join(file), fleet.job.clone(), fleet.accounts.clone()];
        Self {
            definition: definition.clone(),
            file: file.to_owned(),
            env: env.clone(),
            clock: clock.clone(),
            paths: paths.into_iter().chain(named).collect(),
            looked: Mutex::default(),
        }
    }

    /// Reads the files again if they were written since they were last read.
    ///
    /// # Errors
    ///
    /// They are not what the fleet was begun with, or have problems: what changed, and what to do.
    pub fn check(&self) -> Result<(), FleetError> {
        let now: Vec<Looked> = self.paths.iter().map(|path| look(path)).collect();
        if *self.looked.lock().unwrap_or_else(PoisonError::into_inner) == now {
            return Ok(());
        }
        let name = &self.definition.name;
        let found = load(&self.file, Some(name), &self.env, &self.clock, None).map_err(|error| {
            FleetError::Refused(format!(
                "a file of the fleet `{name}` was changed while it is under way, and cannot be read any more: {error}"
            ))
        })?;
        if let Some(unlike) = found.definition.unlike(&self.definition) {
            return Err(FleetError::Refused(self.definition.refusal(&unlike)));
        }
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    }

    /// What a run of this account is told, so that it refuses any other version.
    pub fn variable(&self, account: &str) -> Option<(&'static str, OsString)> {
        self.definition.version_of(account).map(|version| (HELD_TO, version.to_string().into()))
    }
}

fn look(path: &Path) -> Looked {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// Why a run that a fleet started must not begin: it was given another version of the job and its row than it has
/// read.
pub fn differs(given: &str, job: &Job) -> Option<String> {
    let row = job.stand_in.as_ref()?;
    if version(job, row).to_string() == given {
        return None;
    }
    Some(format!(
        "the job, a file that it names, or the row of `{}` was changed since the fleet read it: nothing was written; put it back \
         as it was, or give a fleet of the changed job another name with --name",
        row.account.name
    ))
}
