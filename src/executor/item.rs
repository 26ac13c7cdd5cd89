//! One item's walk: from where it stands, step by step, until nothing is left to write for it.

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use crate::executor::context::{Context, document, with_article};
use crate::executor::lookup::Found;
use crate::executor::record::{End, Next, end};
use crate::executor::{dependencies_ready, resolve_doubt, write};
use crate::inventory::error::EngineError;
use crate::journal::{ItemState, Phase, Step};
use crate::model::event::Event;
use crate::model::{Id, Operation, Outcome};
use crate::run_folder::outcome::outcome_of;
use crate::run_folder::plan_item::PlanItem;

/// How an item's writing ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub item: PlanItem,
    pub outcome: Outcome,
    pub message: Option<String>,
    /// The service does not accept the token any more.
    pub unauthorized: bool,
    /// It did not come to an end: the run drains.
    pub interrupted: bool,
    /// What the service answered with is not what was sent.
    pub differs: bool,
}

/// Walks an item to the end of its writing. `place` is its place in flight; it is given up while it waits.
pub(crate) async fn drive(
    context: &Context<'_>,
    item: PlanItem,
    place: Option<OwnedSemaphorePermit>,
) -> Result<Done, EngineError> {
    let key = item.item;
    context.events.emit(&Event::ItemStarted { item: key });
    let mut place = place;
    let mut doubted: Option<Instant> = None;
    let mut done = Done {
        item,
        outcome: Outcome::Unprocessed,
        message: None,
        unauthorized: false,
        interrupted: false,
        differs: false,
    };
    loop {
        let state = context.ledger.state(key);
        // When the call of an earlier process went out is not known: it is taken for just now.
        doubted = matches!(state, ItemState::InDoubt { .. }).then(|| doubted.unwrap_or_else(Instant::now));
        let settled = doubted.unwrap_or_else(Instant::now) + context.options.settle;
        if place.is_none() && !matches!(state, ItemState::InDoubt { phase: Phase::Operation, .. }) {
            place = std::sync::Arc::clone(&context.places).acquire_owned().await.ok();
        }
        let unmet = match &state {
            ItemState::Untouched => dependencies_ready::unmet(context, &done.item).await?,
            _ => None,
        };
        let next = match (done.item.operation, &state) {
            _ if let Some(next) = unmet => next,
            (Operation::Create, ItemState::Untouched) => write::create(context, &done.item).await?,
            (Operation::Clone, ItemState::Untouched) => write::clone(context, &done.item).await?,
            (Operation::Update, ItemState::Untouched) => write::update(context, &done.item).await?,
            (Operation::Delete, ItemState::Untouched) => write::delete(context, &done.item).await?,
            (Operation::Restore, ItemState::Untouched) => write::restore(context, &done.item).await?,
            (Operation::Create | Operation::Clone, ItemState::InDoubt { phase: Phase::Operation, .. }) => {
                place = None;
                look_up(context, &done.item).await?
            }
            (Operation::Update, ItemState::InDoubt { phase, .. })
            | (_, ItemState::InDoubt { phase: phase @ Phase::Adjust, .. }) => {
                resolve_doubt::settle_put(context, &done.item, *phase, state.target(), settled).await?
            }
            // It was no longer in the recycle bin, and was being made anew.
            (Operation::Restore, ItemState::InDoubt { .. })
                if context.ledger.doubt(key).is_some_and(|doubt| doubt.operation == Operation::Create) =>
            {
                place = None;
                look_up(context, &done.item).await?
            }
            (Operation::Delete | Operation::Restore, ItemState::InDoubt { .. }) => {
                resolve_doubt::settle_presence(context, &done.item, settled).await?
            }
            (
                Operation::Clone | Operation::Restore,
                ItemState::Applied { phase: Phase::Operation, target },
            ) if done.item.adjust => write::adjust(context, &done.item, target).await?,
            _ => break,
        };
        match next {
            Next::Go => {}
            Next::Ended(message) => done.message = Some(message),
            Next::Differs => done.differs = true,
            Next::TooEarly => {
                place = None;
                tokio::select! {
                    () = sleep_until(settled) => {}
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
    done.outcome = outcome_of(&done.item, &context.ledger.state(key)).0;
    Ok(done)
}

/// Finds out whether a create or clone without an answer had its effect.
async fn look_up(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let key = item.item;
    let doubt = context.ledger.doubt(key);
    let wanted = document(context, item)?;
    let found = context.finder.search(item, doubt.and_then(|doubt| doubt.server_time), &wanted).await;
    let step = match found {
        Found::There { id, sha256, modified } => {
            let sha256 = Some(sha256);
            Step::Applied { target: id, status: None, sends: 0, adopted: true, sha256, modified }
        }
        Found::Nowhere => Step::Absent,
        Found::Unlike(ids) => {
            let what = format!("{} of its name that differs from it has appeared", with_article(item.noun()));
            return end(context, key, conflict("unlike", &ids, &what)).await;
        }
        Found::Older(ids) => {
            let what = "its equal is there, made earlier by the service's clock than it can have been";
            return end(context, key, conflict("older", &ids, what)).await;
        }
        Found::Interrupted => return Ok(Next::Interrupted),
        Found::Unauthorized => return Ok(Next::Unauthorized),
        Found::Unknown(message) => return Ok(Next::StillInDoubt(message)),
    };
    context.ledger.sync(key, step, None).await?;
    Ok(Next::Go)
}

/// Leaves it to a person which of the imports that are there is the item's.
fn conflict(code: &str, ids: &[Id], what: &str) -> End {
    let ids = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let message = format!(
        "its call got no answer, and {what} ({ids}): compare them, and remove the one you do not want"
    );
    End::new(Outcome::Conflict, code, message)
}
