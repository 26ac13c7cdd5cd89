//! The loop of a worker: it asks which account comes next, lets it run, and records how it ended.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::time::Instant;

use super::beat::{Activity, Beat};
use super::control::{Control, ControlState};
use super::dispatch::{Dispatcher, Ending, Gate, Next, is_result};
use super::error::FleetError;
pub use super::launcher::{Activities, ChildEnd, Launcher};
use super::recording::{STORE_PATIENCE, record};
pub use super::request::{Pace, RunEnd, RunRequest};
use super::result::{AccountResult, Meaning};
pub use super::shard::Shard;
use super::words::waits;
use crate::model::cancel::Cancel;

/// Does a worker's part of a fleet.
///
/// # Errors
///
/// The store does not answer for a while, or a run cannot be started at all. Running accounts are drained first.
///
/// # Cancel safety
///
/// Dropping the future drops the runs; the next worker continues from their journals.
pub async fn run(request: RunRequest<'_>, launcher: &dyn Launcher) -> Result<RunEnd, FleetError> {
    let mut worker = Worker::new(&request, launcher).await?;
    let ended = worker.work().await;
    let last = worker.beat(true);
    let written = request.store.beat(&last).await;
    let results = std::mem::take(&mut worker.results);
    let ending = ended?;
    written?;
    Ok(RunEnd { ending, results })
}

/// A worker while it runs.
struct Worker<'a> {
    request: &'a RunRequest<'a>,
    launcher: &'a dyn Launcher,
    dispatcher: Dispatcher,
    control: Control,
    results: BTreeMap<String, AccountResult>,
    /// What was recorded here since the results of others were requested: an answer does not contain it yet.
    fresh: BTreeMap<String, AccountResult>,
    activities: Activities,
    /// Tells the runs to drain.
    drain: Cancel,
    since: Timestamp,
    /// The accounts that other runs hold, with what was said of that.
    held: BTreeMap<String, String>,
    calls: (u64, Instant),
    /// What was last written of the accounts that run here: which they are, and of which it is known how far they are.
    last_heads: BTreeMap<String, bool>,
    waited_for: Option<Gate>,
    /// Since when the store does not answer.
    away: Option<Instant>,
}

/// What a worker waits for; all of it at once, so that nothing keeps it from hearing of anything else.
enum Heard {
    /// The run of an account ended, and was recorded if that is how the account ended.
    Ended(String, Result<Settled, FleetError>),
    /// What people ask for.
    Control(Result<Control, FleetError>),
    /// It is time to write what this worker does, and to read what others did.
    Due,
    /// What this worker does was written, and the results of others were read.
    OthersRead(Result<BTreeMap<String, AccountResult>, FleetError>),
    /// It is time to see whether the accounts that run here changed.
    Changed,
    /// What runs here was written.
    HeadsWritten(Result<(), FleetError>),
}

/// How the run of an account ended.
struct Settled {
    exit_code: Option<u8>,
    /// Why it ended early, in a sentence, if it did.
    message: Option<String>,
    /// What is recorded of it.
    recorded: Option<AccountResult>,
}

type Waiting<'a> = FuturesUnordered<BoxFuture<'a, Heard>>;

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
            fresh: BTreeMap::new(),
            activities: Activities::default(),
            drain: Cancel::new(),
            since: request.clock.now(),
            held: BTreeMap::new(),
            calls: (0, Instant::now()),
            last_heads: BTreeMap::new(),
            waited_for: None,
            away: None,
        })
    }

    async fn work(&mut self) -> Result<Option<Ending>, FleetError> {
        let pace = self.request.pace;
        let mut waiting: Waiting<'a> = FuturesUnordered::new();
        waiting.push(self.look(Duration::ZERO));
        waiting.push(Box::pin(async { Heard::Due }));
        waiting.push(after(pace.control, Heard::Changed));
        let mut failed: Option<FleetError> = None;
        loop {
            let is_stopping = failed.is_some() || self.request.cancel.is_draining();
            let mut until = None;
            if is_stopping {
                if self.dispatcher.running().is_empty() {
                    return failed.map_or(Ok(None), Err);
                }
            } else {
                match self.dispatcher.next(&self.control, &self.results, Instant::now()) {
                    Next::End(ending) => return Ok(Some(ending)),
                    Next::Start(account) => {
                        self.dispatcher.started(&account);
                        waiting.push(self.child(account));
                        continue;
                    }
                    Next::Wait(gate, then) => {
                        self.say_gate(&gate);
                        until = then;
                    }
                }
            }
            let sleep = tokio::time::sleep_until(until.unwrap_or_else(|| Instant::now() + pace.beat));
            let heard = tokio::select! {
                biased;
                () = self.request.cancel.aborting(), if !self.drain.is_aborting() => {
                    self.drain.abort();
                    continue;
                }
                () = self.request.cancel.draining(), if !self.drain.is_draining() => {
                    self.drain.drain();
                    continue;
                }
                Some(heard) = waiting.next() => heard,
                () = sleep => continue,
            };
            let done = match heard {
                Heard::Ended(account, settled) => self.ended(&account, settled),
                Heard::Control(control) => {
                    waiting.push(self.look(pace.control));
                    control.map(|control| {
                        self.asked(control);
                        true
                    })
                }
                Heard::Due => {
                    waiting.push(self.write_and_read());
                    continue;
                }
                Heard::Changed if self.heads() == self.last_heads => {
                    waiting.push(after(pace.control, Heard::Changed));
                    continue;
                }
                Heard::Changed => {
                    let (store, beat) = (self.request.store, self.beat(false));
                    waiting.push(Box::pin(async move { Heard::HeadsWritten(store.beat(&beat).await) }));
                    continue;
                }
                Heard::HeadsWritten(written) => {
                    waiting.push(after(pace.control, Heard::Changed));
                    written.map(|()| true)
                }
                Heard::OthersRead(results) => {
                    waiting.push(after(pace.beat, Heard::Due));
                    results.map(|results| {
                        self.results = results;
                        self.results.append(&mut self.fresh);
                        true
                    })
                }
            };
            match done {
                Ok(is_answer) => self.away = self.away.filter(|_| !is_answer),
                Err(FleetError::Store(error)) if failed.is_none() && self.is_patient(&error) => {}
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

    /// Runs an account, and records how it ended.
    fn child(&self, account: String) -> BoxFuture<'a, Heard> {
        let (request, launcher) = (self.request, self.launcher);
        let (activities, cancel) = (self.activities.clone(), self.drain.clone());
        let attempts = self.dispatcher.attempts(&account);
        Box::pin(async move {
            let started_at = request.clock.now();
            activities.set(&account, Activity::default());
            let settled = async {
                let ended = launcher.launch(&account, &activities, &cancel).await?;
                let exit_code = ended.exit_code;
                let (Some(code), true) = (exit_code, is_result(exit_code, attempts)) else {
                    return Ok(Settled { exit_code, message: ended.message, recorded: None });
                };
                let result = AccountResult {
                    account: account.clone(),
                    exit_code: code,
                    started_at,
                    ended_at: request.clock.now(),
                    worker: request.worker.to_owned(),
                    attempts,
                    counts: ended.counts,
                    message: ended.message,
                    waits_for: ended.waits_for,
                    folder: ended.folder,
                };
                let recorded = record(request, &result).await?;
                Ok(Settled { exit_code, message: None, recorded })
            };
            let settled = settled.await;
            Heard::Ended(account, settled)
        })
    }

    /// Processes the end of a run. Returns whether the store answered.
    fn ended(&mut self, account: &str, settled: Result<Settled, FleetError>) -> Result<bool, FleetError> {
        let now = Instant::now();
        self.held.remove(account);
        match settled {
            Ok(Settled { recorded: Some(result), exit_code, .. }) => {
                self.dispatcher.ended(account, exit_code, now);
                self.fresh.insert(account.to_owned(), result.clone());
                self.results.insert(account.to_owned(), result);
                Ok(true)
            }
            Ok(Settled { exit_code, message, recorded: None }) => {
                if Meaning::of(exit_code) == Meaning::Held {
                    self.held.insert(account.to_owned(), message.unwrap_or_default());
                }
                // Nothing was asked of the store, or it was not waited for: the account is run again.
                let exit_code =
                    exit_code.filter(|_| !is_result(exit_code, self.dispatcher.attempts(account)));
                self.dispatcher.ended(account, exit_code, now);
                Ok(false)
            }
            Err(error) => {
                self.dispatcher.ended(account, None, now);
                Err(error)
            }
        }
    }

    /// Reads what people ask for, after a while.
    fn look(&self, after: Duration) -> BoxFuture<'a, Heard> {
        let store = self.request.store;
        Box::pin(async move {
            tokio::time::sleep(after).await;
            Heard::Control(store.control().await)
        })
    }

    fn asked(&mut self, control: Control) {
        self.control = control;
        if self.control.state == ControlState::Stopped {
            self.drain.drain();
        } else if self.drain.is_draining() && !self.request.cancel.is_draining() {
            // Somebody had stopped it, and goes on: what runs still drains, what is begun now does not.
            self.drain = self.drain.anew();
        }
    }

    fn write_and_read(&mut self) -> BoxFuture<'a, Heard> {
        let (store, beat) = (self.request.store, self.beat(false));
        let mut results = self.results.clone();
        self.fresh.clear();
        Box::pin(async move {
            let results = async {
                store.beat(&beat).await?;
                store.results(&mut results).await?;
                Ok(results)
            };
            Heard::OthersRead(results.await)
        })
    }

    /// The accounts that run here, and for which the progress is known.
    fn heads(&self) -> BTreeMap<String, bool> {
        let own = self.dispatcher.running().iter();
        own.map(|account| (account.clone(), self.activities.of(account).is_some_and(|one| one.calls > 0)))
            .collect()
    }

    /// What this worker is doing; once it has ended, the progress of the accounts that it began and that have not
    /// ended.
    fn beat(&mut self, is_over: bool) -> Beat {
        self.last_heads = self.heads();
        let begun = self.activities.with(|all| all.clone());
        let calls: u64 = begun.values().map(|activity| activity.calls).sum();
        let running = if is_over {
            begun.into_iter().filter(|(account, _)| !self.results.contains_key(account)).collect()
        } else {
            // What was begun a moment ago has said nothing yet.
            let own = self.dispatcher.running().iter();
            own.map(|account| (account.clone(), begun.get(account).cloned().unwrap_or_default())).collect()
        };
        let (before, then) = self.calls;
        let seconds = then.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
        let gone = calls.saturating_sub(before) as f64;
        self.calls = (calls, Instant::now());
        Beat {
            worker: self.request.worker.to_owned(),
            at: self.request.clock.now(),
            since: self.since,
            is_over,
            running,
            held: if is_over { BTreeMap::new() } else { self.held.clone() },
            calls_per_second: if seconds > 0.0 && !is_over { gone / seconds } else { 0.0 },
        }
    }

    /// Reports once what is waited for, if a person can do something about it.
    fn say_gate(&mut self, gate: &Gate) {
        if self.waited_for.as_ref() == Some(gate) {
            return;
        }
        self.waited_for = Some(gate.clone());
        if *gate != Gate::Own {
            self.launcher.say(&waits(gate, self.request.fleet, Some(&self.control)));
        }
    }
}

/// Hears this, after a while.
fn after<'a>(time: Duration, heard: Heard) -> BoxFuture<'a, Heard> {
    Box::pin(async move {
        tokio::time::sleep(time).await;
        heard
    })
}

#[cfg(test)]
mod tests;
