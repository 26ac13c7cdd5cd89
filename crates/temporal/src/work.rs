//! What a worker knows of fleets: which it has loaded, what runs here, and what the store says. Nothing in here knows the SDK.

mod fleet;
mod later;
mod leases;
mod watch;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;
use transship::fleet::AccountResult;
use transship::fleet::child::{Program, follow};
use transship::fleet::control::{Control, ControlState};
use transship::fleet::dispatch::{Dispatcher, Gate, Next};
use transship::fleet::run::{Activities, ChildEnd};
use transship::fleet::words::{Anew, FleetEnd, fleet_end, waits};
use transship::model::cancel::Cancel;
use transship::session::Host;

use crate::payload::{ACCOUNTS_PER_RUN, AccountInput, Ask, Ended, FleetRef, Page, Progress, Step, Todo};
use fleet::Loaded;
use later::ASKED_AGAIN;
pub use later::Later;
use leases::Leases;

/// How many fleets are kept loaded.
const KEPT: usize = 8;

/// The part of a worker that is not the SDK: it loads fleets, starts runs and records how they end.
pub struct Engine {
    host: Host,
    name: String,
    /// What children are started with: the program, and words before their arguments.
    program: (PathBuf, Vec<std::ffi::OsString>),
    /// Drains when the worker is told to end.
    drain: Cancel,
    loaded: Mutex<VecDeque<((FleetRef, String), Arc<Loaded>)>>,
    /// The leases of each store.
    leases: Mutex<BTreeMap<String, Arc<Leases>>>,
}

/// What is to be done about an account.
pub enum Begun {
    /// It has a result already.
    Ended(u8),
    /// The fleet is stopped.
    Stopped,
    /// Its run is to be begun, or gone on with.
    Now(At),
}

/// An account on this worker.
pub struct At {
    fleet: Arc<Loaded>,
    account: String,
    worker: String,
    drain: Cancel,
    began: Timestamp,
}

/// How a run ended.
#[derive(Debug)]
pub struct RunEnded {
    /// The end of its process.
    pub end: ChildEnd,
    /// Whether somebody had stopped the fleet.
    pub was_stopped: bool,
}

impl Engine {
    /// A worker of that name on this machine.
    pub fn new(host: Host, name: String, program: (PathBuf, Vec<std::ffi::OsString>), drain: Cancel) -> Self {
        Self { host, name, program, drain, loaded: Mutex::default(), leases: Mutex::default() }
    }

    /// What the worker is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn program(&self, fleet: &FleetRef) -> Program {
        Program {
            exe: self.program.0.clone(),
            words: self.program.1.clone(),
            folder: self.host.env.folder.clone(),
            store: fleet.store.clone(),
            fleet: fleet.name.clone(),
            variables: Vec::new(),
        }
    }

    /// The leases of the fleet's store.
    async fn leases(&self, fleet: &FleetRef) -> Result<Arc<Leases>, Later> {
        let mut leases = self.leases.lock().await;
        if let Some(known) = leases.get(&fleet.store) {
            return Ok(Arc::clone(known));
        }
        let new = Leases::watch(fleet::open(&self.host, fleet)?.objects().clone());
        leases.insert(fleet.store.clone(), Arc::clone(&new));
        Ok(new)
    }

    /// The fleet, loaded once for each run of its workflow; refused where its files here are not those it was begun with.
    async fn fleet(&self, fleet: &FleetRef, run: &str) -> Result<Arc<Loaded>, Later> {
        let key = (fleet.clone(), run.to_owned());
        let mut loaded = self.loaded.lock().await;
        if let Some((_, known)) = loaded.iter().find(|(known, _)| *known == key) {
            known.touch();
            return Ok(Arc::clone(known));
        }
        // One watch for all fleets of a store: what it has seen outlives a fleet that is submitted again.
        let leases = self.leases(fleet).await?;
        let new = Loaded::load(&self.host, fleet, self.program(fleet), leases).await?;
        let new = Arc::new(new);
        watch::watch(Arc::downgrade(&new), self.host.clock.clone(), self.name.clone());
        loaded.push_back((key, Arc::clone(&new)));
        while loaded.len() > KEPT {
            loaded.pop_front();
        }
        Ok(new)
    }

    /// Makes a fleet for each start of a schedule: its name is the schedule's, with the date that Temporal appended to the
    /// id of the workflow.
    ///
    /// # Errors
    ///
    /// The files are not there or are not those that the schedule was made with; the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the fleet may exist already; the next call continues it.
    pub async fn begin(&self, fleet: FleetRef, workflow: &str) -> Result<FleetRef, Later> {
        let name = fleet::dated_name(&fleet.name, workflow);
        let dated = FleetRef { name, ..fleet };
        fleet::begin(&self.host, &dated).await?;
        Ok(dated)
    }

    /// What the workflow does next.
    ///
    /// # Errors
    ///
    /// The fleet waits for a person, cannot be loaded here, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: nothing is begun or recorded.
    pub async fn next(&self, fleet: &FleetRef, run: &str) -> Result<Step, Later> {
        self.unless_draining()?;
        let loaded = self.fleet(fleet, run).await?;
        let (definition, results) = (&loaded.definition, loaded.results().await?);
        let control = loaded.store.control().await?;
        let dispatcher = Dispatcher::new(definition, |_| true, definition.parallel, true);
        let bad = results.values().filter(|result| crate::outcome::is_bad(result.exit_code)).count();
        match dispatcher.next(&control, &results, Instant::now()) {
            Next::Start(first) => {
                let wave = definition.accounts.iter().find(|member| member.account == first);
                let wave = wave.map_or(1, |member| member.wave);
                let open = definition.accounts.iter().filter(|member| member.wave == wave);
                let open = open.filter(|member| !results.contains_key(&member.account));
                let todo = open.take(ACCOUNTS_PER_RUN).map(|member| Todo {
                    account: member.account.clone(),
                    queue: loaded.queue(&member.account),
                });
                Ok(Step::Page(Page {
                    wave,
                    parallel: definition.parallel,
                    accounts: todo.collect(),
                    bad,
                    most_bad: dispatcher.most_bad(),
                }))
            }
            Next::Wait(gate, _) => Err(waiting(&gate, &control, &loaded)),
            Next::End(ending) => {
                let good = results.values().filter(|result| result.exit_code == 0).count();
                let FleetEnd { exit_code, why } =
                    fleet_end(Some(&ending), definition, results.len() - good, Anew::Submit);
                Ok(Step::End(Ended {
                    exit_code,
                    reason: why.unwrap_or_default(),
                    accounts: definition.accounts.len(),
                    done: good,
                    attention: results.len() - good,
                }))
            }
        }
    }

    /// Carries out a command of `transship fleet`; gives its exit code.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the command, which may have been carried out.
    pub async fn ask(&self, ask: &Ask) -> Result<Option<u8>, Later> {
        let refused = |error| Later::new("fleet", ASKED_AGAIN, format!("cannot start transship: {error}"));
        let words = ["fleet", ask.word.as_str(), ask.fleet.name.as_str()];
        let child = self.program(&ask.fleet).start(&words).map_err(refused)?;
        let ended = follow(child, "", &Activities::default(), &Cancel::new()).await.map_err(refused)?;
        Ok(ended.exit_code)
    }

    /// What is to be done about an account.
    ///
    /// # Errors
    ///
    /// The fleet is paused, its files here are others, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: nothing is begun or recorded.
    pub async fn account(&self, input: &AccountInput, run: &str) -> Result<Begun, Later> {
        self.unless_draining()?;
        let loaded = self.fleet(&input.fleet, run).await?;
        if let Some(result) = loaded.store.result(&input.account).await? {
            return Ok(Begun::Ended(result.exit_code));
        }
        let control = loaded.store.control().await?;
        loaded.set_stopped(control.state == ControlState::Stopped);
        match control.state {
            ControlState::Stopped => return Ok(Begun::Stopped),
            ControlState::Paused => return Err(waiting(&Gate::Paused, &control, &loaded)),
            ControlState::Running => {}
        }
        loaded.is_unchanged()?;
        Ok(Begun::Now(At {
            fleet: loaded,
            account: input.account.clone(),
            worker: self.name.clone(),
            drain: self.drain.clone(),
            began: self.host.clock.now(),
        }))
    }

    /// A worker that was told to end begins nothing.
    fn unless_draining(&self) -> Result<(), Later> {
        if self.drain.is_draining() {
            return Err(Later::new("drains", Duration::from_secs(1), "the worker was told to end"));
        }
        Ok(())
    }
}

impl At {
    /// Runs it to its end. It drains with `cancel`, with the fleet, and with the worker.
    ///
    /// # Errors
    ///
    /// It cannot be started, or the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the run; the next call resumes it.
    pub async fn run(&self, cancel: &Cancel) -> Result<RunEnded, Later> {
        let _running = self.fleet.running(&self.account);
        let children = self.fleet.children();
        let stop = self.fleet.stop();
        let draining = async {
            tokio::select! {
                () = stop.draining() => cancel.drain(),
                () = self.drain.draining() => cancel.drain(),
            }
            self.drain.aborting().await;
            cancel.abort();
            std::future::pending::<()>().await;
        };
        let run = children.launch(&self.account, self.fleet.activities(), cancel);
        let end = tokio::select! {
            end = run => end?,
            () = draining => unreachable!("it goes on until the run has ended"),
        };
        Ok(RunEnded { end, was_stopped: stop.is_draining() })
    }

    /// How far it is.
    pub fn fill(&self, progress: &mut Progress) {
        self.fleet.touch();
        if let Some(now) = self.fleet.activities().of(&self.account) {
            (progress.done, progress.total, progress.calls) = (now.done, now.total, now.calls);
        }
    }

    /// Records how it ended, unless another worker did; gives the exit code that is recorded.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the result may have been recorded; recording again gives what is recorded.
    pub async fn record(&self, end: ChildEnd, attempts: u32) -> Result<u8, Later> {
        let result = AccountResult {
            account: self.account.clone(),
            exit_code: end.exit_code.unwrap_or(130),
            started_at: self.began,
            ended_at: self.fleet.host().clock.now(),
            worker: self.worker.clone(),
            attempts,
            counts: end.counts,
            message: end.message,
            waits_for: end.waits_for,
            folder: end.folder,
        };
        Ok(self.fleet.store.record(&result).await?.exit_code)
    }
}

/// What is waited for, for the console.
fn waiting(gate: &Gate, control: &Control, loaded: &Loaded) -> Later {
    let why = waits(gate, &loaded.definition, Some(control));
    let (kind, why) = match gate {
        Gate::Approval(_) => ("approval", format!("{why}, or the signal `approve`")),
        Gate::Paused => ("paused", format!("{why}, or the signal `resume`")),
        Gate::Own | Gate::Others | Gate::Held => ("waits", why),
    };
    Later::new(kind, ASKED_AGAIN, why)
}
