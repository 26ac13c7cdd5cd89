//! What an item does with the result of its lookup.

use tokio::time::Instant;

use crate::documents::name::loose_name_key;
use crate::documents::planted::{ONE_LOOK, is_planted};
use crate::executor::context::{Context, document, with_article};
use crate::executor::lookup::{Found, Reason};
use crate::executor::record::{Doubt, End, Next, end};
use crate::inventory::error::EngineError;
use crate::journal::Step;
use crate::model::{Id, Outcome};
use crate::run_folder::plan_item::PlanItem;

/// How often one create may be throttled before it fails.
const MOST_THROTTLES: u32 = 100;
/// How often a call may be answered with 409 without anything in the target that explains it, before it counts as
/// refused.
const MOST_CONFLICTS: u32 = 2;

/// Why an item is in doubt, and how often this was for a reason that the service gave.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// `None` if there was no answer, or if it is no longer known.
    last: Option<Doubt>,
    throttles: u32,
    conflicts: u32,
    /// When this process first looked it up.
    since: Option<Instant>,
}

impl Doubts {
    pub(crate) fn take(&mut self, doubt: Doubt) {
        self.throttles += u32::from(matches!(doubt, Doubt::Throttled(_)));
        self.conflicts += u32::from(matches!(doubt, Doubt::Conflict(_)));
        self.last = Some(doubt);
    }

    /// Called when the call is known to have had no effect: returns how the item ends if it was refused for good.
    pub(crate) fn refusal(&mut self) -> Option<End> {
        match self.last.take() {
            Some(Doubt::Conflict(refusal)) if self.conflicts >= MOST_CONFLICTS => Some(refusal),
            _ => None,
        }
    }
}

/// Finds out whether a create or clone without a usable answer had its effect.
pub(crate) async fn look_up(
    context: &Context<'_>,
    item: &PlanItem,
    safe_after: Instant,
    doubts: &mut Doubts,
) -> Result<Next, EngineError> {
    let wanted = document(context, item)?;
    let since = *doubts.since.get_or_insert_with(Instant::now);
    let reason = match &doubts.last {
        _ if is_planted(ONE_LOOK) => Reason::TakenUpAgain,
        None | Some(Doubt::NoAnswer) => Reason::InDoubt { safe_after },
        Some(Doubt::Throttled(_)) => Reason::Throttled,
        // It was answered: it is not executing any more.
        Some(Doubt::Conflict(_)) => Reason::InDoubt { safe_after: Instant::now() },
    };
    let step = match context.lookups.search(item, reason, &wanted).await {
        Found::There { id, sha256, modified } => {
            if context.journal.attempts(item.item) > 1 {
                // Which of its calls made it is not known, nor whether the others made more.
                context.lag.set(context.lag.get().max(since.elapsed()));
            }
            adopted(id, sha256, modified)
        }
        Found::Nowhere => match doubts.last.take() {
            Some(Doubt::Throttled(failure)) if doubts.throttles >= MOST_THROTTLES => {
                return end(context, item.item, failure).await;
            }
            Some(Doubt::Conflict(failure)) if doubts.conflicts >= MOST_CONFLICTS => {
                return end(context, item.item, failure).await;
            }
            Some(Doubt::Throttled(_)) => {
                let message = "the service asked to wait".to_owned();
                Step::NotTaken { status: Some(429), message, sends: 0 }
            }
            _ => Step::Absent,
        },
        Found::MadeByAnotherRun(id) => return made_by_another_run(context, item, &id).await,
        Found::Unlike(ids) => {
            let what = format!(
                "its call got no answer, and {} that may be its own appeared since the run was planned",
                with_article(item.noun())
            );
            return end(context, item.item, conflict(&ids, &what)).await;
        }
        Found::Interrupted => return Ok(Next::Interrupted),
        Found::Unauthorized => return Ok(Next::Unauthorized),
        Found::Unknown(message) => return Ok(Next::StillInDoubt(message)),
    };
    context.journal.sync(item.item, step, None).await?;
    Ok(Next::Go)
}

/// Before a resumed run creates something: looks whether it already exists. The run folder may be older than the run,
/// and somebody may have created what was missing by hand.
pub(crate) async fn look_before(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let wanted = document(context, item)?;
    let was_sent = context.journal.may_have_made(item.item);
    let was_refused = context.journal.was_refused(item.item);
    let reason = if was_refused { Reason::Refused } else { Reason::TakenUpAgain };
    match context.lookups.search(item, reason, &wanted).await {
        Found::There { id, .. } if !was_sent && !bears_its_name(context, item, &id).await => {
            let what = format!(
                "{} that is equal but for its name appeared since the run was planned",
                with_article(item.noun())
            );
            end(context, item.item, conflict(&[id], &what)).await
        }
        // What needs it is given its id; this run did not make it, and leaves it when it is undone.
        Found::There { id, .. } | Found::MadeByAnotherRun(id) => {
            let message =
                format!("{id} appeared since the run was planned, and is equal: nothing was sent for it");
            let found = End::new(Outcome::Unchanged, "made_meanwhile", message).found(id);
            end(context, item.item, found).await
        }
        Found::Nowhere => Ok(Next::Go),
        Found::Unlike(ids) => {
            let which = if was_sent { "that may be its own" } else { "of its name" };
            let what = format!("{} {which} appeared since the run was planned", with_article(item.noun()));
            end(context, item.item, conflict(&ids, &what)).await
        }
        Found::Interrupted => Ok(Next::Interrupted),
        Found::Unauthorized => Ok(Next::Unauthorized),
        Found::Unknown(message) => Ok(Next::StillInDoubt(message)),
    }
}

/// Whether an import has the name of the item, or what a service may make of it. What cannot be read counts as having it: the
/// list showed that it is equal.
async fn bears_its_name(context: &Context<'_>, item: &PlanItem, id: &Id) -> bool {
    let Ok(found) = context.target.client.get(item.list(), id).await else { return true };
    let (name, found) = (loose_name_key(&item.name), loose_name_key(&found.head.name));
    !found.is_empty() && name.starts_with(&found)
}

/// The call had no effect, and another run made what it was to make; undoing that is up to the other run.
async fn made_by_another_run(context: &Context<'_>, item: &PlanItem, id: &Id) -> Result<Next, EngineError> {
    let message = format!("its call had no effect: another run made {id} meanwhile, which is equal");
    end(context, item.item, End::new(Outcome::Unchanged, "made_meanwhile", message).found(id.clone())).await
}

fn adopted(id: Id, sha256: crate::model::Fingerprint, modified: Option<String>) -> Step {
    let sha256 = Some(sha256);
    Step::Applied { target: id, status: None, sends: 0, adopted: true, sha256, modified }
}

/// Leaves the decision to a person which of the imports in the target is the item's.
fn conflict(ids: &[Id], what: &str) -> End {
    let all = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let message = format!("{what} ({all}): compare them, and remove the one you do not want");
    let conflict = End::new(Outcome::Conflict, "unlike", message);
    match ids {
        [one] => conflict.found(one.clone()),
        _ => conflict,
    }
}
