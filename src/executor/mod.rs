//! Carries out a plan: write → verify → record, in the plan's order, with a bounded number in flight.

pub mod backup;
mod context;
mod copies;
mod dependencies_ready;
mod held_items;
mod in_use;
mod item;
pub mod journal_view;
mod look_up;
mod lookup;
mod lost;
mod owned_ids;
mod record;
mod resolve_doubt;
mod restless;
mod restore;
mod running_flows;
mod scheduler;
mod send;
mod stop_policy;
mod verify;
mod walk;
pub mod wave_gate;
mod waves;
mod withdrawn;
mod write;
mod write_stage;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::api::BeforeSend;
use crate::documents::normal::Ignore;
use crate::documents::pointer::Pointer;
use crate::executor::context::Context;
use crate::executor::item::{Done, Left};
use crate::executor::journal_view::JournalView;
use crate::executor::lookup::{Before, LookupQueue};
use crate::executor::restless::FirstReads;
use crate::executor::running_flows::RunningFlows;
use crate::executor::stop_policy::Policy;
use crate::executor::walk::walk;
use crate::executor::wave_gate::WaveGate;
use crate::inventory::endpoint::{Account, Spent, spent};
use crate::inventory::error::EngineError;
use crate::job::{Stop, Verify, Waves};
use crate::journal::{Ending, Entry, ItemStates, Journal};
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Events, Stage};
use crate::model::shown::imports;
use crate::model::time::Clock;
use crate::model::{ItemKey, ItemSet, Lease, Operation, WaitsFor};
use crate::run_folder::dependency_items::DependencyItems;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::known_ids::KnownIds;
use crate::run_folder::other_runs::OtherRuns;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::texts_in_order::TextsInOrder;

pub use crate::executor::backup::{BackupRequest, run_backup};
pub(crate) use crate::executor::context::lost_lease;
pub use crate::executor::copies::{LateLook, late_copies};
pub use crate::executor::withdrawn::Withdrawn;

/// The maximum number of items between their stages: items that wait for a lookup do not hold a place in flight.
const MOST_WAITING: usize = 4096;

/// The reason with which a run ends if the service was unavailable for longer than `retry.patience`.
const AWAY: &str = "the service is away";

/// How a plan is carried out.
#[derive(Debug, Clone, Copy)]
pub struct RunOptions {
    /// How writes are checked.
    pub verify: Verify,
    /// When the run stops by itself.
    pub stop: Stop,
    /// How many items are written at once; calls are held back further by the account's own budget.
    pub in_flight: usize,
    /// The maximum number of intents for an item's call.
    pub attempts: u32,
    /// The grace period: after this time, a call without an answer can no longer be executing.
    pub grace_period: Duration,
    /// Only resolve, by reads, what is in doubt and which copies there are; nothing is written to the service.
    pub lookup_only: bool,
}

/// What a run works with.
#[derive(Debug)]
pub struct ExecuteRequest<'a> {
    /// What is to be done.
    pub plan: &'a PlanFile,
    /// The folder of the run, with its plan and its documents.
    pub folder: &'a RunFolder,
    /// The journal of the run, open for writing.
    pub journal: Journal,
    /// What the journal says of an earlier part of this run.
    pub states: ItemStates,
    /// The account that is written to.
    pub target: &'a Account,
    /// Whether an earlier process carried out a part of it.
    pub again: bool,
    /// How the plan is carried out.
    pub options: RunOptions,
    /// The right to write to the target, checked right before each write is sent. Losing it ends the run as
    /// interrupted.
    pub lease: &'a dyn Lease,
    /// The other runs: what they made is not a copy of this run's imports.
    pub other_runs: &'a dyn OtherRuns,
    /// Stops the run.
    pub cancel: &'a Cancel,
    /// Receives the progress of the run.
    pub events: &'a Events,
    /// The clock of the run.
    pub clock: &'a Clock,
    /// The waves, and who is told and asked between them; `None` writes everything in one go.
    pub waves: Option<(&'a Waves, &'a dyn WaveGate)>,
    /// Deletions of the plan that are not carried out any more, and why.
    pub withdrawn: &'a Withdrawn,
}
/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// How the run ended.
    pub ending: Ending,
    /// The reason, for endings other than `Finished`.
    pub reason: Option<String>,
    /// What the run waits for, where it waits for something.
    pub waits_for: Option<WaitsFor>,
}

impl RunEnd {
    /// The end of a run that an error broke off.
    fn broken(reason: String) -> Self {
        Self { ending: Ending::Broken, reason: Some(reason), waits_for: None }
    }
}

/// Carries out what is left of the plan.
///
/// # Errors
///
/// The journal or a file of the run fails. The run can be resumed.
///
/// # Cancel safety
///
/// Dropping the future leaves a run that can be resumed.
pub async fn run(running: ExecuteRequest<'_>) -> Result<RunEnd, EngineError> {
    let ExecuteRequest { plan, folder, journal, states, target, again, .. } = running;
    let ExecuteRequest { options, lease, other_runs, cancel, events, clock, waves, withdrawn, .. } = running;
    let other_runs = (again || options.lookup_only).then_some(other_runs);
    let options = RunOptions { in_flight: options.in_flight.max(1), ..options };
    let started = (tokio::time::Instant::now(), spent([target]));
    let client = target.client.asking(BeforeSend::unless_draining(cancel));
    let stoppable = Account { client, ..target.clone() };
    let ahead = target.client.asking(BeforeSend::unless_draining(cancel).going_ahead());
    let ahead = Account { client: ahead, ..target.clone() };
    let target = &stoppable;
    let known =
        plan.tail().known_sha256.map(|sha256| KnownIds::read(&folder.known_ids(), sha256)).transpose()?;
    let before = Before::new(plan, known.as_ref());
    let wanted = TextsInOrder::open(&folder.wanted()).ok();
    let others = DependencyItems::of(plan)?;
    let stop_counts = states.stop_counts().clone();
    let context = Context {
        plan,
        others: &others,
        target,
        wanted,
        ignore: Ignore::new(plan.head().settings.ignore.iter().map(Pointer::as_str)),
        lookups: LookupQueue::new((ahead, options.grace_period), plan, (&before, other_runs), cancel, events),
        // The first of the two calls may be executing still: an earlier process cannot say since when.
        sent_again: Cell::new(states.made_again().then(tokio::time::Instant::now)),
        journal: JournalView::new(&journal, states, &others),
        before: &before,
        again,
        began: started.0,
        options,
        lease,
        other_runs,
        cancel,
        events,
        clock,
        places: Arc::new(Semaphore::new(options.in_flight)),
        lag: Cell::default(),
        copies: RefCell::default(),
        waves,
        withdrawn,
        goes_on: stop_counts.goes_on,
        declined: Cell::default(),
        running: RunningFlows::of(&plan.tail().usage)
            .filter(|_| options.stop.running && !options.lookup_only),
        away: Cell::new(false),
        lease_lost: Cell::new(false),
        waited_for: RefCell::default(),
        unread: RefCell::default(),
        first_reads: FirstReads::default(),
        read_again: RefCell::default(),
    };
    let mut policy = Policy::new(options.stop, plan.tail().work(), &stop_counts);
    let walked = tokio::select! {
        biased;
        () = cancel.aborting() => Ok(None),
        walked = walk(&context, &mut policy) => walked,
    };
    let ended = walked.and_then(|unknown| ending(&context, &policy, unknown));
    let ended = ended.map_err(|error| lost::unless_journaled(&context, error));
    drop(context);
    let end = match &ended {
        Ok(ended) => ended.clone(),
        Err(error) => RunEnd::broken(error.to_string()),
    };
    let closed = close(journal, &started, target, end).await;
    // What broke it off says more than that this could not be recorded either.
    ended.and_then(|ended| closed.map(|()| ended))
}

/// Reports the end of an item's writing, and stops the run if it reached a limit.
pub(crate) fn finish(context: &Context<'_>, policy: &mut Policy, done: &Done) {
    match done.left {
        None => {}
        Some(Left::PutOff) => return,
        Some(Left::Interrupted) => return held_back(context),
        Some(Left::Unauthorized) => {
            policy.refuse_token();
            context.cancel.drain();
            return;
        }
    }
    context.events.emit(&Event::StageAdvanced { stage: Stage::Write, by: 1 });
    context.events.emit(&Event::ItemFinished {
        item: done.item.item,
        name: done.item.name.as_str().into(),
        outcome: done.outcome,
        message: done.message.clone(),
    });
    policy.ended(done.outcome);
    if done.differs {
        policy.differed(done.item.item);
    }
    halt(context, policy);
}

/// A call was not sent although the run did not stop: the service is unavailable, and nothing else can be sent.
pub(crate) fn held_back(context: &Context<'_>) {
    if !context.cancel.is_draining() {
        context.away.set(true);
        context.events.emit(&Event::Stopping { reason: AWAY.to_owned() });
        context.cancel.drain();
    }
}

fn halt(context: &Context<'_>, policy: &Policy) {
    if let Some(reason) = policy.stopped()
        && !context.cancel.is_draining()
    {
        context.events.emit(&Event::Stopping { reason: reason.to_owned() });
        context.cancel.drain();
    }
}

/// How many items have still to be written.
pub(crate) fn work_left(context: &Context<'_>) -> Result<u64, EngineError> {
    if context.journal.is_blank() {
        return Ok(context.plan.tail().work());
    }
    let mut work = 0;
    for number in 1..=context.plan.len() {
        let key = ItemKey(number);
        if context.journal.is_open(key) && context.plan.item(key)?.is_work() {
            work += 1;
        }
    }
    Ok(work)
}

fn ending(context: &Context<'_>, policy: &Policy, unknown: Option<String>) -> Result<RunEnd, EngineError> {
    let (ending, reason) = if policy.token_refused() {
        (Ending::Unauthorized, Some("the service no longer accepts the token".to_owned()))
    } else if let Some(reason) = policy.stopped() {
        (Ending::Stopped, Some(reason.to_owned()))
    } else if let Some((wave, of)) = context.declined.get() {
        (Ending::Interrupted, Some(format!("nobody agreed to go on after wave {wave} of {of}")))
    } else if context.cancel.is_draining() {
        let reason = match (context.lease_lost.get(), context.away.get()) {
            (true, _) => context.lost_lease(),
            (false, true) => AWAY.to_owned(),
            (false, false) => "interrupted".to_owned(),
        };
        (Ending::Interrupted, Some(reason))
    } else if context.options.lookup_only && !is_complete(context)? {
        (Ending::Interrupted, Some("what was in doubt was looked up; the rest was not done".to_owned()))
    } else if let Some(reason) = left_open(context)?.or(unknown) {
        (Ending::Broken, Some(reason))
    } else {
        (Ending::Finished, None)
    };
    let waits_for = match ending {
        Ending::Stopped => policy.waits_for(),
        Ending::Interrupted => context.declined.get().map(|_| WaitsFor::Agreement),
        _ => None,
    };
    Ok(RunEnd { ending, reason, waits_for })
}

/// Whether every item has its outcome and, where one is expected, its verdict.
fn is_complete(context: &Context<'_>) -> Result<bool, EngineError> {
    let verified = context.options.verify != Verify::Full || context.journal.is_verified();
    Ok(verified && left_open(context)?.is_none())
}

/// What is still undecided after everything was tried: only `resume` can find out.
fn left_open(context: &Context<'_>) -> Result<Option<String>, EngineError> {
    let doubts = context.journal.in_doubt().len();
    if doubts > 0 {
        let what = imports(doubts);
        return Ok(Some(format!("it could not be found out whether the calls of {what} had their effect")));
    }
    let untouched = untouched_work(context)?;
    if untouched > 0 {
        return Ok(Some(format!("{} could not be processed", imports(untouched))));
    }
    let halves = halves(context)?.len();
    Ok((halves > 0).then(|| format!("{} could not be completed after the first call", imports(halves))))
}

/// Items that should have been written, and for which nothing was done.
fn untouched_work(context: &Context<'_>) -> Result<usize, EngineError> {
    let mut count = 0;
    for key in (1..=context.plan.len()).map(ItemKey).filter(|key| context.journal.is_untouched(*key)) {
        count += usize::from(context.plan.item(key)?.is_work());
    }
    Ok(count)
}

/// Items whose first call had its effect, and which a second call is to complete.
fn halves(context: &Context<'_>) -> Result<ItemSet, EngineError> {
    let mut halves = ItemSet::default();
    let totals = &context.plan.tail().totals;
    // Nothing else takes two calls.
    if [Operation::Clone, Operation::Restore].iter().any(|operation| totals.contains_key(operation.as_str()))
    {
        for key in context.journal.half_done() {
            if context.plan.item(key)?.adjust {
                halves.insert(key);
            }
        }
    }
    Ok(halves)
}

async fn close(
    journal: Journal,
    started: &(tokio::time::Instant, Spent),
    target: &Account,
    end: RunEnd,
) -> Result<(), EngineError> {
    let RunEnd { ending, reason, waits_for } = end;
    let spent = spent([target]).since(&started.1);
    let calls: BTreeMap<String, u64> = spent.calls;
    let millis = u64::try_from(started.0.elapsed().as_millis()).unwrap_or(u64::MAX);
    let Spent { throttled, costs, .. } = spent;
    let entry = Entry::Closed { ending, calls, throttled, millis, costs, reason, waits_for };
    journal.append(entry, None).await?;
    journal.close()?;
    Ok(())
}
