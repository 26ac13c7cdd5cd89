//! Processes one item: from its present state, step by step, until nothing is left to write for it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use crate::documents::Mistake;
use crate::documents::planted::{NO_LOOK_BEFORE, is_planted};
use crate::executor::context::Context;
use crate::executor::look_up::{Doubts, look_before, look_up};
use crate::executor::record::{End, Next, end, not_checked};
use crate::executor::running_flows::Flows;
use crate::executor::{dependencies_ready, resolve_doubt, write};
use crate::inventory::error::EngineError;
use crate::journal::{ItemState, Phase};
use crate::model::event::Event;
use crate::model::{Operation, Outcome};
use crate::run_folder::outcome::outcome_of;
use crate::run_folder::plan_item::PlanItem;

/// How an item's writing ended.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked by itself, and at most two hold")]
pub(crate) struct Done {
    pub item: Box<PlanItem>,
    pub outcome: Outcome,
    pub message: Option<String>,
    /// The service no longer accepts the token.
    pub unauthorized: bool,
    /// The item did not end, because the run is draining.
    pub interrupted: bool,
    /// The answer of the service is not what was sent.
    pub differs: bool,
    /// A flow that uses its import is running: nothing was sent, and the item is written last.
    pub is_put_off: bool,
}

impl Done {
    /// Nothing is known to be done.
    fn unprocessed(item: Box<PlanItem>) -> Self {
        let outcome = Outcome::Unprocessed;
        Self {
            item,
            outcome,
            message: None,
            unauthorized: false,
            interrupted: false,
            differs: false,
            is_put_off: false,
        }
    }

    /// It ended without anything being sent for it.
    pub(crate) fn over(item: PlanItem, outcome: Outcome, message: String) -> Self {
        Self { outcome, message: Some(message), ..Self::unprocessed(Box::new(item)) }
    }
}

/// Processes an item to the end of its writing. A panic fails this item and no other.
pub(crate) async fn drive_or_fail(
    context: &Context<'_>,
    item: Box<PlanItem>,
    place: Option<OwnedSemaphorePermit>,
) -> Result<Done, EngineError> {
    let key = item.item;
    // Nothing that is shared is left half changed: the journal's view is changed in one step.
    if let Ok(done) = AssertUnwindSafe(drive(context, item, place)).catch_unwind().await {
        return done;
    }
    let mut done = Done::unprocessed(Box::new(context.plan.item(key)?));
    let message = &Mistake.to_string();
    if matches!(context.journal.state(key), ItemState::Untouched) {
        end(context, key, End::failed("panic", message.as_str())).await?;
        done.outcome = Outcome::Failed;
    }
    done.message = Some(message.clone());
    Ok(done)
}

/// Ends an item once more, after it had ended before the effect of its call was known and the effect is known now. An
/// undo sends nothing for it, and the run stays finished.
async fn ended_again(context: &Context<'_>, item: &PlanItem, state: &ItemState) -> Result<(), EngineError> {
    let failed = |message: &str| end(context, item.item, End::failed("no_effect", message));
    match state {
        ItemState::Applied { phase: Phase::Operation, .. } if item.adjust => {
            failed("it stands as it was made: what was to complete it got no answer, and had no effect")
                .await
                .map(drop)
        }
        ItemState::Applied { .. } => not_checked(context, item.item).await,
        ItemState::Untouched => failed("its call got no answer, and it had no effect").await.map(drop),
        _ => Ok(()),
    }
}

/// Processes an item to the end of its writing. `place` is its place in flight, which it gives up while it waits.
async fn drive(
    context: &Context<'_>,
    item: Box<PlanItem>,
    place: Option<OwnedSemaphorePermit>,
) -> Result<Done, EngineError> {
    let key = item.item;
    context.events.emit(&Event::ItemStarted { item: key });
    let _at_work = context.lookups.work();
    let mut place = place;
    let mut doubts = Doubts::default();
    // An earlier process may have made it after this journal was written, or somebody by hand.
    let mut look_first = context.again && makes_something(&item) && !is_planted(NO_LOOK_BEFORE);
    let mut may_be_in_bin = true;
    // When the call that made it was answered.
    let mut made: Option<Instant> = None;
    let ended_before = context.journal.doubt(key).is_some_and(|doubt| doubt.ended_before);
    let mut doubted: Option<Instant> = None;
    let mut done = Done::unprocessed(item);
    loop {
        let state = context.journal.state(key);
        // When the call of an earlier process went out is not known: it is taken for just now.
        doubted = matches!(state, ItemState::InDoubt { .. }).then(|| doubted.unwrap_or_else(Instant::now));
        let safe_after = doubted.unwrap_or_else(Instant::now) + context.options.grace_period;
        if place.is_none() && !matches!(state, ItemState::InDoubt { phase: Phase::Operation, .. }) {
            place = std::sync::Arc::clone(&context.places).acquire_owned().await.ok();
        }
        if context.options.lookup_only && !matches!(state, ItemState::InDoubt { .. }) {
            if ended_before {
                ended_again(context, &done.item, &state).await?;
            }
            break;
        }
        let unmet = match &state {
            ItemState::Untouched => dependencies_ready::unmet(context, &done.item).await?,
            _ => None,
        };
        // One whose dependencies failed has ended: its flows do not matter any more.
        if let (None, Some(flows), ItemState::Untouched) = (&unmet, &context.running, &state) {
            match Box::pin(flows.of_item(context.target, &done.item)).await {
                Flows::Quiet => {}
                Flows::Running(_) | Flows::Unknown(_) => {
                    flows.hold(key);
                    done.is_put_off = true;
                    return Ok(done);
                }
                Flows::Withheld => {
                    done.interrupted = true;
                    return Ok(done);
                }
                Flows::Unauthorized => {
                    (done.unauthorized, done.interrupted) = (true, true);
                    return Ok(done);
                }
            }
        }
        let next = match (done.item.operation, &state) {
            _ if let Some(next) = unmet => next,
            (_, ItemState::Untouched) if look_first => {
                place = None;
                look_first = false;
                Box::pin(look_before(context, &done.item)).await?
            }
            (Operation::Create, ItemState::Untouched) => write::create(context, &done.item).await?,
            (Operation::Clone, ItemState::Untouched) => Box::pin(write::clone(context, &done.item)).await?,
            (Operation::Update, ItemState::Untouched) => Box::pin(write::update(context, &done.item)).await?,
            (Operation::Delete, ItemState::Untouched) => Box::pin(write::delete(context, &done.item)).await?,
            (Operation::Restore, ItemState::Untouched) if may_be_in_bin => {
                Box::pin(write::restore(context, &done.item)).await?
            }
            (Operation::Restore, ItemState::Untouched) => {
                Box::pin(write::make_anew(context, &done.item)).await?
            }
            (Operation::Create | Operation::Clone, ItemState::InDoubt { phase: Phase::Operation, .. }) => {
                place = None;
                Box::pin(look_up(context, &done.item, safe_after, &mut doubts)).await?
            }
            (Operation::Update, ItemState::InDoubt { phase, .. })
            | (_, ItemState::InDoubt { phase: phase @ Phase::Adjust, .. }) => {
                let target = state.target();
                Box::pin(resolve_doubt::resolve_put(
                    context,
                    &done.item,
                    *phase,
                    target,
                    safe_after,
                    &mut doubts,
                ))
                .await?
            }
            // It was no longer in the recycle bin, and was being made anew.
            (Operation::Restore, ItemState::InDoubt { .. })
                if context.journal.doubt(key).is_some_and(|doubt| doubt.operation == Operation::Create) =>
            {
                place = None;
                Box::pin(look_up(context, &done.item, safe_after, &mut doubts)).await?
            }
            (Operation::Delete | Operation::Restore, ItemState::InDoubt { .. }) => {
                Box::pin(resolve_doubt::resolve_presence(context, &done.item, safe_after, &mut doubts))
                    .await?
            }
            (
                Operation::Clone | Operation::Restore,
                ItemState::Applied { phase: Phase::Operation, target },
            ) if done.item.adjust => Box::pin(write::adjust(context, &done.item, target, made)).await?,
            _ => break,
        };
        if matches!(state, ItemState::Untouched) {
            made = matches!(next, Next::Go).then(Instant::now);
        }
        match next {
            Next::Go => {}
            Next::Ended(message) => done.message = Some(message),
            Next::Differs => done.differs = true,
            Next::Doubted(doubt) => doubts.take(doubt),
            Next::TooEarly | Next::NotInBin | Next::ReadOnceMore => {
                let until = match next {
                    Next::ReadOnceMore => Instant::now() + context.options.grace_period,
                    _ => safe_after,
                };
                if matches!(next, Next::NotInBin) {
                    // Another run may have made it anew, or somebody by hand.
                    (may_be_in_bin, look_first) = (false, !is_planted(NO_LOOK_BEFORE));
                }
                place = None;
                tokio::select! {
                    () = sleep_until(until) => {}
                    () = context.cancel.draining() => {
                        done.interrupted = true;
                        return Ok(done);
                    }
                }
            }
            Next::Interrupted => {
                done.interrupted = true;
                return Ok(done);
            }
            Next::Unauthorized => {
                done.unauthorized = true;
                done.interrupted = true;
                return Ok(done);
            }
            Next::StillInDoubt(message) => {
                done.outcome = Outcome::Unprocessed;
                done.message = Some(message);
                return Ok(done);
            }
        }
    }
    done.outcome = outcome_of(&done.item, &context.journal.state(key)).0;
    Ok(done)
}

/// Whether a new import is made for the item, with an id of the service's choice.
fn makes_something(item: &PlanItem) -> bool {
    match item.operation {
        Operation::Create | Operation::Clone => true,
        Operation::Restore => item.target.is_none(),
        Operation::Update | Operation::Delete | Operation::Archive | Operation::None => false,
    }
}
