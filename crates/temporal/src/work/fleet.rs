//! A fleet that is loaded on this worker.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use transship::fleet::child::Program;
use transship::fleet::children::Children;
use transship::fleet::held::Held;
use transship::fleet::load::{self, LoadError};
use transship::fleet::plans::{Approved, approved};
use transship::fleet::run::Activities;
use transship::fleet::snapshot::Keep;
use transship::fleet::{AccountResult, Activity, Definition, FleetStore, StoreOptions};
use transship::job::Fleet;
use transship::model::cancel::Cancel;
use transship::model::{Fingerprint, chain};
use transship::session::{Host, archives};

use super::later::{LEFT_TO_OTHERS, Later};
use super::leases::Leases;
use crate::payload::FleetRef;

/// A fleet that is loaded on this worker.
pub(super) struct Loaded {
    pub(super) store: FleetStore,
    pub(super) definition: Definition,
    host: Host,
    fleet: Fleet,
    program: Program,
    held: Held,
    approved: Approved,
    /// The snapshot of an archive that all accounts get, where the job names none.
    snapshot: Option<String>,
    /// The job file as it was when the fleet was loaded.
    job: Fingerprint,
    temporary: tempfile::TempDir,
    activities: Activities,
    running: Mutex<BTreeSet<String>>,
    /// Drains what runs when the fleet is stopped; another one when it goes on.
    stop: Mutex<Cancel>,
    results: tokio::sync::Mutex<Results>,
    /// Since when leases are seen unchanged here.
    leases: Arc<Leases>,
}

/// How accounts ended, and what tells each result from the one that an account had before it was run again.
#[derive(Default)]
struct Results {
    known: BTreeMap<String, AccountResult>,
    tags: BTreeMap<String, Option<String>>,
}

/// An account counts as running as long as this is held.
pub(super) struct Running<'a>(&'a Loaded, String);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        locked(&self.0.running).remove(&self.1);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This worker has not what it takes; another may.
fn not_here(why: String) -> Later {
    Later::new("not here", LEFT_TO_OTHERS, why)
}

fn load_files(host: &Host, fleet: &FleetRef) -> Result<load::Loaded, Later> {
    let loaded = load::load(Path::new(&fleet.file), Some(&fleet.name), &host.env, &host.clock, host.who())
        .map_err(|error| {
            not_here(match error {
                // Problems may quote the file.
                LoadError::Problems(problems) => format!(
                    "{} has {} problems on this worker: transship fleet check tells them",
                    fleet.file,
                    problems.len()
                ),
                LoadError::Refused(why) => why,
            })
        })?;
    same_job(loaded.definition.job_sha256, fleet)?;
    Ok(loaded)
}

fn same_job(found: Fingerprint, fleet: &FleetRef) -> Result<(), Later> {
    if found.to_string() == fleet.job_sha256 {
        return Ok(());
    }
    Err(another_job(&fleet.name))
}

fn another_job(fleet: &str) -> Later {
    not_here(format!(
        "the job on this worker is another version than the one that the fleet `{fleet}` was begun with: nothing is run"
    ))
}

/// The bytes of a file, as a hash.
fn bytes_of(path: &Path) -> Result<Fingerprint, Later> {
    let bytes = std::fs::read(path);
    Ok(Fingerprint::of(&bytes.map_err(|error| not_here(format!("cannot read {}: {error}", path.display())))?))
}

pub(super) fn open(host: &Host, fleet: &FleetRef) -> Result<FleetStore, Later> {
    let options = StoreOptions {
        location: fleet.store.clone(),
        variables: host.env.variables.clone().into_iter().collect(),
        clock: host.clock.clone(),
        create: true,
    };
    Ok(FleetStore::new(options.open()?, &fleet.name))
}

/// Begins a fleet in its store, of files that are those the reference names.
pub(super) async fn begin(host: &Host, fleet: &FleetRef) -> Result<(), Later> {
    let loaded = load_files(host, fleet)?;
    open(host, fleet)?.begin(&loaded.definition).await?;
    Ok(())
}

/// The name of the fleet that a schedule starts: what Temporal appended to the workflow's id is a time, in which `:` may not
/// be in a name.
pub(super) fn dated_name(name: &str, workflow: &str) -> String {
    let date = workflow.strip_prefix(&format!("fleet/{name}-")).unwrap_or(workflow);
    let date: String = date.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    format!("{name}-{date}")
}

impl Loaded {
    pub(super) async fn load(
        host: &Host,
        fleet: &FleetRef,
        program: Program,
        leases: Arc<Leases>,
    ) -> Result<Self, Later> {
        let load::Loaded { fleet: file, job, definition, archive } = load_files(host, fleet)?;
        let bytes = bytes_of(&file.job)?;
        let store = open(host, fleet)?;
        if !store.keeps_conditions().await? {
            let why =
                format!("the store {} does not honour conditional writes, which leases need", store.place());
            return Err(not_here(why));
        }
        let known = store.definition().await?;
        if let Some(unlike) = definition.unlike(&known) {
            let why = format!("on this worker the fleet `{}` is another: {unlike}", fleet.name);
            return Err(not_here(why));
        }
        let approved = approved(&store, &known).await?;
        let snapshot = match archive {
            None => None,
            Some(archive) => Some(match store.snapshot(&archive).await? {
                Some(chosen) => chosen,
                None => {
                    let latest = archives::meant(host, &archive).await;
                    let latest = latest.map_err(|error| not_here(chain(&error)))?;
                    store.choose_snapshot(&archive, &latest, Keep::Chosen).await?
                }
            }),
        };
        let held = Held::new(&known, Path::new(&fleet.file), (&file, &job), &host.env, &host.clock);
        let temporary =
            tempfile::tempdir().map_err(|error| not_here(format!("no temporary folder: {error}")))?;
        Ok(Self {
            store,
            // How much is done at once is as the store has it.
            definition: known,
            host: host.clone(),
            job: bytes,
            fleet: file,
            program,
            held,
            approved,
            snapshot,
            temporary,
            activities: Activities::default(),
            running: Mutex::default(),
            stop: Mutex::new(Cancel::new()),
            results: tokio::sync::Mutex::default(),
            leases,
        })
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn activities(&self) -> &Activities {
        &self.activities
    }

    /// How its accounts are run.
    pub(super) fn children(&self) -> Children<'_> {
        Children {
            program: self.program.clone(),
            store: &self.store,
            fleet: &self.fleet,
            held: &self.held,
            approved: &self.approved,
            snapshot: self.snapshot.as_deref(),
            temporary: self.temporary.path().to_owned(),
            sightings: &self.leases.sightings,
        }
    }

    /// It is under way.
    pub(super) fn touch(&self) {
        self.leases.touch();
    }

    /// Refuses a job that was changed on this worker since the fleet was loaded.
    pub(super) fn is_unchanged(&self) -> Result<(), Later> {
        if bytes_of(&self.fleet.job)? == self.job {
            return Ok(());
        }
        Err(another_job(&self.definition.name))
    }

    /// The task queue of an account, where its row names one.
    pub(super) fn queue(&self, account: &str) -> Option<String> {
        self.fleet.rows.iter().find(|row| row.account.name == account)?.queue.clone()
    }

    /// How every account that ended did. What is known is read again where it changed: the account was run again.
    pub(super) async fn results(&self) -> Result<BTreeMap<String, AccountResult>, Later> {
        let mut results = self.results.lock().await;
        let Results { known, tags } = &mut *results;
        // Listed before it is read: what changes in between is read the next time.
        let now = self.store.result_tags().await?;
        known.retain(|account, _| {
            now.get(account).is_some_and(|tag| tag.is_some() && tags.get(account) == Some(tag))
        });
        *tags = now;
        self.store.results(known).await?;
        Ok(known.clone())
    }

    /// Counts an account as running.
    pub(super) fn running(&self, account: &str) -> Running<'_> {
        self.activities.set(account, Activity::default());
        locked(&self.running).insert(account.to_owned());
        Running(self, account.to_owned())
    }

    /// The accounts that run here.
    pub(super) fn all_running(&self) -> BTreeMap<String, Activity> {
        let running = locked(&self.running);
        let of = |account: &String| (account.clone(), self.activities.of(account).unwrap_or_default());
        running.iter().map(of).collect()
    }

    /// What drains when the fleet is stopped.
    pub(super) fn stop(&self) -> Cancel {
        locked(&self.stop).clone()
    }

    /// The fleet is stopped, or is not.
    pub(super) fn set_stopped(&self, is_stopped: bool) {
        let mut stop = locked(&self.stop);
        if is_stopped {
            stop.drain();
        } else if stop.is_draining() {
            *stop = Cancel::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_night_of_a_schedule_has_a_name_of_its_own() {
        let check = |workflow: &str, wanted: &str| assert_eq!(dated_name("nightly", workflow), wanted);
        check("fleet/nightly-2026-11-28T02:00:00Z", "nightly-2026-11-28T020000Z");
        check("fleet/nightly", "nightly-fleetnightly");
    }
}
