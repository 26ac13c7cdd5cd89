//! The loop of a worker: it asks which account comes next, has it run, and records how that ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::time::Instant;

use super::beat::{Activity, Beat};
use super::control::{Control, ControlState};
use super::definition::Definition;
use super::dispatch::{Dispatcher, Ending, Gate, Next};
use super::error::FleetError;
use super::result::{AccountResult, Counts};
use super::store::FleetStore;
use crate::model::cancel::Cancel;
use crate::model::time::Clock;

/// How long a store that does not answer is waited for.
const STORE_PATIENCE: Duration = Duration::from_mins(5);

/// How a run of an account ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChildEnd {
    /// Its exit code; `None` for one that was killed.
    pub exit_code: Option<u8>,
    /// What became of its imports.
    pub counts: Option<Counts>,
    /// Why it ended early.
    pub message: Option<String>,
    /// Where its run folder is.
    pub folder: Option<String>,
}

/// Runs an account; what it says of its progress meanwhile goes into the [`Activities`].
#[async_trait]
pub trait Launcher: Send + Sync {
    /// Runs an account to its end. Once `cancel` drains, the run is told to; an account whose run drained ended with 130.
    ///
    /// # Errors
    ///
    /// The run could not be started at all.
    async fn launch(
        &self,
        account: &str,
        activities: &Activities,
        cancel: &Cancel,
    ) -> Result<ChildEnd, FleetError>;

    /// Something a person should know.
    fn say(&self, text: &str);
}

/// What the accounts of a worker are doing. A clone shares it.
#[derive(Debug, Clone, Default)]
pub struct Activities(Arc<Mutex<BTreeMap<String, Activity>>>);

impl Activities {
    /// An account is so far.
    pub fn set(&self, account: &str, activity: Activity) {
        self.with(|all| all.insert(account.to_owned(), activity));
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Activity>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Which accounts of a fleet a worker does: the `index`-th of every `of`, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Its number, below `of`.
    pub index: usize,
    /// How many workers share the fleet.
    pub of: usize,
}

impl Shard {
    /// All accounts.
    pub const WHOLE: Self = Self { index: 0, of: 1 };
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// `I/N`: numbered from 0 to N-1, or from 1 to N; N/N is 0/N.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write I/N, e.g. 1/4 to 4/4, or 0/4 to 3/4".to_owned();
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let (index, of): (usize, usize) =
            (index.trim().parse().map_err(|_| wrong())?, of.trim().parse().map_err(|_| wrong())?);
        if of == 0 || index > of {
            return Err(wrong());
        }
        Ok(Self { index: index % of, of })
    }
}

/// How often the store is looked at, and for how long a worker waits.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How often what people ask for is read.
    pub control: Duration,
    /// How often results of others are read, and what this worker does is told.
    pub beat: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { control: Duration::from_secs(3), beat: Duration::from_secs(10) }
    }
}

/// What a worker does of a fleet.
#[derive(Debug)]
pub struct RunRequest<'a> {
    /// Where the fleet is.
    pub store: &'a FleetStore,
    /// What it is.
    pub fleet: &'a Definition,
    /// What the worker is called; no other worker has this name.
    pub worker: &'a str,
    /// Which accounts it does.
    pub shard: Shard,
    /// How many at once, at least 1.
    pub parallel: usize,
    /// Whether it waits for approvals and for other workers.
    pub waits: bool,
    /// How often the store is looked at.
    pub pace: Pace,
    /// The time of day.
    pub clock: &'a Clock,
    /// How to be stopped.
    pub cancel: &'a Cancel,
}

/// How a worker ended, and how the accounts of the fleet stand then.
#[derive(Debug)]
pub struct RunEnd {
    /// Why it ended; `None` when it was told to stop.
    pub ending: Option<Ending>,
    /// How every account that ended did.
    pub results: BTreeMap<String, AccountResult>,
}

/// Does a worker's part of a fleet.
///
/// # Errors
///
/// The store does not answer for a while, or a run cannot be started at all. What runs then is drained first.
///
/// # Cancel safety
///
/// Dropping the future drops the runs; what they have journalled is gone on with by the next worker.
pub async fn run(request: RunRequest<'_>, launcher: &dyn Launcher) -> Result<RunEnd, FleetError> {
    let mut worker = Worker::new(&request, launcher).await?;
    let ended = worker.work().await;
    let told = worker.tell(true).await;
    let results = std::mem::take(&mut worker.results);
    let ending = ended?;
    told?;
    Ok(RunEnd { ending, results })
}

/// A worker at work.
struct Worker<'a> {
    request: &'a RunRequest<'a>,
    launcher: &'a dyn Launcher,
    dispatcher: Dispatcher,
    control: Control,
    results: BTreeMap<String, AccountResult>,
    activities: Activities,
    /// Tells the runs to drain.
    drain: Cancel,
    since: Timestamp,
    calls: (u64, Instant),
    waited_for: Option<Gate>,
    /// Since when the store does not answer.
    away: Option<Instant>,
}

type Child<'a> = futures::future::BoxFuture<'a, (String, Timestamp, Result<ChildEnd, FleetError>)>;

impl<'a> Worker<'a> {
    async fn new(request: &'a RunRequest<'a>, launcher: &'a dyn Launcher) -> Result<Self, FleetError> {
        let Shard { index, of } = request.shard;
        let is_own = move |at: usize| at % of == index;
        let mut results = BTreeMap::new();
        request.store.results(&mut results).await?;
        // Workers that are at work on the same accounts have the first ones.
        let beats = request.store.beats().await?;
        let ahead = beats.iter().filter(|beat| beat.is_live(request.clock.now())).count() * request.parallel;
        Ok(Self {
            request,
            launcher,
            dispatcher: Dispatcher::new(request.fleet, is_own, request.parallel, request.waits).behind(ahead),
            control: request.store.control().await?,
            results,
            activities: Activities::default(),
            drain: Cancel::new(),
            since: request.clock.now(),
            calls: (0, Instant::now()),
            waited_for: None,
            away: None,
        })
    }

    async fn work(&mut self) -> Result<Option<Ending>, FleetError> {
        let pace = self.request.pace;
        let mut children: FuturesUnordered<Child<'a>> = FuturesUnordered::new();
        let mut look = tokio::time::interval(pace.control);
        let mut beat = tokio::time::interval(pace.beat);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failed: Option<FleetError> = None;
        loop {
            let is_stopping = failed.is_some() || self.request.cancel.is_draining();
            let mut until = None;
            if is_stopping {
                if children.is_empty() {
                    return failed.map_or(Ok(None), Err);
                }
            } else {
                match self.dispatcher.next(&self.control, &self.results, Instant::now()) {
                    Next::End(ending) => return Ok(Some(ending)),
                    Next::Start(account) => {
                        self.dispatcher.started(&account);
                        children.push(self.child(account));
                        continue;
                    }
                    Next::Wait(gate, then) => {
                        self.say_gate(&gate);
                        until = then;
                    }
                }
            }
            let sleep = tokio::time::sleep_until(until.unwrap_or_else(|| Instant::now() + pace.beat));
            let done = tokio::select! {
                biased;
                Some((account, began, ended)) = children.next() => self.record(&account, began, ended).await,
                () = self.request.cancel.aborting(), if !self.drain.is_aborting() => {
                    self.drain.abort();
                    Ok(())
                }
                () = self.request.cancel.draining(), if !self.drain.is_draining() => {
                    self.drain.drain();
                    Ok(())
                }
                _ = look.tick() => self.look().await,
                _ = beat.tick() => self.tell_and_read().await,
                () = sleep => Ok(()),
            };
            match done {
                Ok(()) => self.away = None,
                Err(FleetError::Store(error)) if self.is_patient(&error) => {
                    tokio::time::sleep(pace.control).await;
                }
                Err(_) if failed.is_some() => {}
                Err(error) => {
                    // What runs ends where it can be gone on with, and nothing new begins.
                    self.drain.drain();
                    failed = Some(error);
                }
            }
        }
    }

    /// Whether a store that does not answer is waited for.
    fn is_patient(&mut self, error: &crate::archive::ArchiveError) -> bool {
        let is_first = self.away.is_none();
        let since = *self.away.get_or_insert_with(Instant::now);
        if is_first {
            self.launcher
                .say(&format!("the store does not answer; waiting for it: {}", crate::model::chain(error)));
        }
        since.elapsed() < STORE_PATIENCE
    }

    fn child(&self, account: String) -> Child<'a> {
        let (launcher, clock) = (self.launcher, self.request.clock);
        let (activities, cancel) = (self.activities.clone(), self.drain.clone());
        Box::pin(async move {
            let began = clock.now();
            activities.set(&account, Activity::default());
            let ended = launcher.launch(&account, &activities, &cancel).await;
            (account, began, ended)
        })
    }

    async fn record(
        &mut self,
        account: &str,
        started_at: Timestamp,
        ended: Result<ChildEnd, FleetError>,
    ) -> Result<(), FleetError> {
        let ended = ended.inspect_err(|_| {
            self.dispatcher.ended(account, None, Instant::now());
        })?;
        let attempts = self.dispatcher.attempts(account);
        let is_result = self.dispatcher.ended(account, ended.exit_code, Instant::now());
        let (Some(exit_code), true) = (ended.exit_code, is_result) else { return Ok(()) };
        let result = AccountResult {
            account: account.to_owned(),
            exit_code,
            started_at,
            ended_at: self.request.clock.now(),
            worker: self.request.worker.to_owned(),
            attempts,
            counts: ended.counts,
            message: ended.message,
            folder: ended.folder,
        };
        let began = Instant::now();
        let result = loop {
            match self.request.store.record(&result).await {
                Ok(recorded) => break recorded,
                // Without it the account would be run again, which is safe and takes time.
                Err(error) if began.elapsed() > STORE_PATIENCE => return Err(error),
                Err(_) => tokio::time::sleep(self.request.pace.control).await,
            }
        };
        self.results.insert(account.to_owned(), result);
        Ok(())
    }

    /// Reads what people ask for.
    async fn look(&mut self) -> Result<(), FleetError> {
        self.control = self.request.store.control().await?;
        if self.control.state == ControlState::Stopped {
            self.drain.drain();
        } else if self.drain.is_draining() && !self.request.cancel.is_draining() {
            // Somebody had stopped it, and goes on: what runs still drains, what is begun now does not.
            self.drain = Cancel::new();
        }
        Ok(())
    }

    async fn tell_and_read(&mut self) -> Result<(), FleetError> {
        self.tell(false).await?;
        self.request.store.results(&mut self.results).await
    }

    /// Tells what this worker is doing.
    async fn tell(&mut self, is_over: bool) -> Result<(), FleetError> {
        let own = self.dispatcher.running().clone();
        let (running, calls) = self.activities.with(|all| {
            let calls: u64 = all.values().map(|activity| activity.calls).sum();
            let running = all.iter().filter(|(account, _)| own.contains(*account));
            (running.map(|(account, activity)| (account.clone(), activity.clone())).collect(), calls)
        });
        let (before, then) = self.calls;
        let seconds = then.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
        let gone = calls.saturating_sub(before) as f64;
        self.calls = (calls, Instant::now());
        let beat = Beat {
            worker: self.request.worker.to_owned(),
            at: self.request.clock.now(),
            since: self.since,
            is_over,
            running,
            calls_per_second: if seconds > 0.0 && !is_over { gone / seconds } else { 0.0 },
        };
        self.request.store.beat(&beat).await
    }

    /// Says once what is waited for, where a person can do something about it.
    fn say_gate(&mut self, gate: &Gate) {
        if self.waited_for.as_ref() == Some(gate) {
            return;
        }
        self.waited_for = Some(gate.clone());
        let name = &self.request.fleet.name;
        let text = match gate {
            Gate::Own => return,
            Gate::Others => "waiting for the accounts of other workers".to_owned(),
            Gate::Held => "waiting for accounts that other runs hold".to_owned(),
            Gate::Paused => {
                let by = self.control.changed_by.as_deref().map_or(String::new(), |by| format!(" by {by}"));
                format!("paused{by}; to go on: transship fleet resume {name}")
            }
            Gate::Approval(wave) => {
                let accounts = self.request.fleet.size_of(*wave);
                format!("wave {wave} ({accounts} accounts) needs approval: transship fleet approve {name}")
            }
        };
        self.launcher.say(&text);
    }
}

#[cfg(test)]
mod tests;
