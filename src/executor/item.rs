//! Processes one item: from its present state, step by step, until nothing is left to write for it.

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use crate::documents::Mistake;
use crate::documents::planted::{NO_LOOK_BEFORE, is_planted};
use crate::executor::context::Context;
use crate::executor::look_up::{Doubts, look_before, look_up};
use crate::executor::record::{End, Next, end, not_checked};
use crate::executor::resolve_doubt::{resolve_presence, resolve_put};
use crate::executor::running_flows::Flows;
use crate::executor::{dependencies_ready, restore, write};
use crate::inventory::error::EngineError;
use crate::journal::{ItemState, Phase};
use crate::model::event::Event;
use crate::model::{Operation, Outcome};
use crate::run_folder::outcome::outcome_of;
use crate::run_folder::plan_item::PlanItem;

/// How an item's writing ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub item: Box<PlanItem>,
    pub outcome: Outcome,
    pub message: Option<String>,
    /// The answer of the service is not what was sent.
    pub differs: bool,
    /// Why the item was left before its end; `None` where it was not.
    pub left: Option<Left>,
}

/// Why an item was left before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// The run is draining.
    Interrupted,
    /// The service no longer accepts the token.
    Unauthorized,
    /// A flow that uses its import is running: nothing was sent, and the item is written last.
    PutOff,
}

impl Done {
    /// Nothing is known to be done.
    fn unprocessed(item: Box<PlanItem>) -> Self {
        Self { item, outcome: Outcome::Unprocessed, message: None, differs: false, left: None }
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
    if let Ok(done) = AssertUnwindSafe(Drive::begin(context, item, place).run()).catch_unwind().await {
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

/// An item on its way.
struct Drive<'a, 'c> {
    context: &'a Context<'c>,
    done: Done,
    /// Its place in flight, which it gives up while it waits.
    place: Option<OwnedSemaphorePermit>,
    doubts: Doubts,
    /// When this process found it in doubt, as long as it is.
    doubted: Option<Instant>,
    /// Whether an earlier run had ended before the effect of its call was known.
    ended_before: bool,
    /// Whether its import may be there already: an earlier process may have made it after this journal was written, or
    /// somebody by hand.
    look_first: bool,
    may_be_in_bin: bool,
    /// When the call that made its import was sent, if that was answered a moment ago.
    sent: Option<Instant>,
}

impl<'a, 'c> Drive<'a, 'c> {
    fn begin(context: &'a Context<'c>, item: Box<PlanItem>, place: Option<OwnedSemaphorePermit>) -> Self {
        let is_made_anew = restore::is_made_anew(context, &item);
        Self {
            place,
            doubts: Doubts::default(),
            doubted: None,
            ended_before: context.journal.doubt(item.item).is_some_and(|doubt| doubt.ended_before),
            look_first: context.again
                && (makes_something(&item) || is_made_anew)
                && !is_planted(NO_LOOK_BEFORE),
            may_be_in_bin: !is_made_anew,
            sent: None,
            done: Done::unprocessed(item),
            context,
        }
    }

    /// Processes the item to the end of its writing.
    async fn run(mut self) -> Result<Done, EngineError> {
        let (context, key) = (self.context, self.done.item.item);
        context.events.emit(&Event::ItemStarted { item: key });
        let _at_work = context.lookups.work();
        loop {
            let state = context.journal.state(key);
            let is_in_doubt = matches!(state, ItemState::InDoubt { .. });
            // When the call of an earlier process went out is not known: it is taken for just now.
            self.doubted = is_in_doubt.then(|| self.doubted.unwrap_or_else(Instant::now));
            let safe_after = self.doubted.unwrap_or_else(Instant::now) + context.options.grace_period;
            self.take_a_place(&state).await;
            if context.options.lookup_only && !is_in_doubt {
                if self.ended_before {
                    ended_again(context, &self.done.item, &state).await?;
                }
                break;
            }
            let is_untouched = matches!(state, ItemState::Untouched);
            let held = if is_untouched { self.held().await? } else { None };
            let next = match held {
                Some(next) => next,
                None => match self.step(&state, safe_after).await? {
                    Some(next) => next,
                    None => break,
                },
            };
            self.sent = match next {
                Next::Made { sent } => Some(sent),
                _ => None,
            };
            if self.take(next, safe_after).await.is_break() {
                return Ok(self.done);
            }
        }
        self.done.outcome = outcome_of(&self.done.item, &context.journal.state(key)).0;
        Ok(self.done)
    }

    /// Waits for a place in flight, unless what comes next is a lookup, which shares its calls with others.
    async fn take_a_place(&mut self, state: &ItemState) {
        if self.place.is_none() && !matches!(state, ItemState::InDoubt { phase: Phase::Operation, .. }) {
            self.place = Arc::clone(&self.context.places).acquire_owned().await.ok();
        }
    }

    /// What keeps an item from being written for which nothing was sent yet: what it depends on, or flows that run.
    async fn held(&self) -> Result<Option<Next>, EngineError> {
        let (context, item) = (self.context, &self.done.item);
        if let Some((outcome, why)) = context.withdrawn.get(&item.item) {
            let end_of_it = End::new(*outcome, &why.code, &why.message);
            return end(context, item.item, end_of_it).await.map(Some);
        }
        // One whose dependencies failed has ended: its flows do not matter any more.
        if let Some(unmet) = dependencies_ready::unmet(context, item).await? {
            return Ok(Some(unmet));
        }
        let Some(flows) = &context.running else { return Ok(None) };
        Ok(match Box::pin(flows.of_item(context.target, item)).await {
            Flows::Quiet => None,
            Flows::Running(_) | Flows::Unknown(_) => {
                flows.hold(item.item);
                Some(Next::PutOff)
            }
            Flows::Withheld => Some(Next::Interrupted),
            Flows::Unauthorized => Some(Next::Unauthorized),
        })
    }

    /// Takes the step that follows from the state of the item; `None` where nothing is left to write for it.
    async fn step(&mut self, state: &ItemState, safe_after: Instant) -> Result<Option<Next>, EngineError> {
        let (context, item, doubts) = (self.context, &self.done.item, &mut self.doubts);
        let next = match (item.operation, state) {
            (_, ItemState::Untouched) if self.look_first => {
                (self.place, self.look_first) = (None, false);
                Box::pin(look_before(context, item)).await
            }
            (Operation::Create, ItemState::Untouched) => write::create(context, item).await,
            (Operation::Clone, ItemState::Untouched) => Box::pin(write::clone(context, item)).await,
            (Operation::Update, ItemState::Untouched) => Box::pin(write::update(context, item)).await,
            (Operation::Delete, ItemState::Untouched) => Box::pin(write::delete(context, item)).await,
            (Operation::Restore, ItemState::Untouched) if self.may_be_in_bin => {
                Box::pin(restore::restore(context, item)).await
            }
            (Operation::Restore, ItemState::Untouched) => Box::pin(restore::make_anew(context, item)).await,
            (Operation::Create | Operation::Clone, ItemState::InDoubt { phase: Phase::Operation, .. }) => {
                self.place = None;
                Box::pin(look_up(context, item, safe_after, doubts)).await
            }
            (Operation::Update, ItemState::InDoubt { phase, .. })
            | (_, ItemState::InDoubt { phase: phase @ Phase::Adjust, .. }) => {
                let put = resolve_put(context, item, *phase, state.target(), safe_after, doubts);
                Box::pin(put).await
            }
            // It was no longer in the recycle bin, and was being made anew.
            (Operation::Restore, ItemState::InDoubt { .. }) if creates_in_doubt(context, item) => {
                self.place = None;
                Box::pin(look_up(context, item, safe_after, doubts)).await
            }
            (Operation::Delete | Operation::Restore, ItemState::InDoubt { .. }) => {
                Box::pin(resolve_presence(context, item, safe_after, doubts)).await
            }
            (
                Operation::Clone | Operation::Restore,
                ItemState::Applied { phase: Phase::Operation, target },
            ) if item.adjust => Box::pin(write::adjust(context, item, target, self.sent)).await,
            _ => return Ok(None),
        };
        next.map(Some)
    }

    /// Takes in what follows a step; a break leaves the item as it is now.
    async fn take(&mut self, next: Next, safe_after: Instant) -> ControlFlow<()> {
        match next {
            Next::Go | Next::Made { .. } => {}
            Next::Ended(message) => self.done.message = Some(message),
            Next::Differs => self.done.differs = true,
            Next::Doubted(doubt) => self.doubts.take(doubt),
            Next::TooEarly => return self.wait_until(safe_after).await,
            Next::ReadOnceMore => {
                return self.wait_until(Instant::now() + self.context.options.grace_period).await;
            }
            Next::NotInBin => {
                // Another run may have made it anew, or somebody by hand.
                (self.may_be_in_bin, self.look_first) = (false, !is_planted(NO_LOOK_BEFORE));
                return self.wait_until(safe_after).await;
            }
            Next::Interrupted => return self.leave(Left::Interrupted),
            Next::Unauthorized => return self.leave(Left::Unauthorized),
            Next::PutOff => return self.leave(Left::PutOff),
            Next::StillInDoubt(message) => {
                self.done.message = Some(message);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn leave(&mut self, why: Left) -> ControlFlow<()> {
        self.done.left = Some(why);
        ControlFlow::Break(())
    }

    /// Waits without a place in flight, unless the run drains.
    async fn wait_until(&mut self, until: Instant) -> ControlFlow<()> {
        self.place = None;
        tokio::select! {
            () = sleep_until(until) => ControlFlow::Continue(()),
            () = self.context.cancel.draining() => self.leave(Left::Interrupted),
        }
    }
}

/// Whether the call in doubt is a create.
fn creates_in_doubt(context: &Context<'_>, item: &PlanItem) -> bool {
    context.journal.doubt(item.item).is_some_and(|doubt| doubt.operation == Operation::Create)
}

/// Whether a new import is made for the item, with an id of the service's choice.
fn makes_something(item: &PlanItem) -> bool {
    match item.operation {
        Operation::Create | Operation::Clone => true,
        Operation::Restore => item.target.is_none(),
        Operation::Update | Operation::Delete | Operation::Archive | Operation::None => false,
    }
}
