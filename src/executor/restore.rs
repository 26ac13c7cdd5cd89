//! Brings deleted imports back: from the recycle bin or, where that no longer has them, by a create.

use crate::api::{ApiError, Document, ErrorKind};
use crate::documents::normal::remove_masks;
use crate::executor::context::{Context, document, printed};
use crate::executor::record::{End, Next, compare_texts, end, failed, present};
use crate::executor::resolve_doubt;
use crate::executor::send::{Intent, Sent, intend, send};
use crate::executor::write::create;
use crate::inventory::error::EngineError;
use crate::journal::Step;
use crate::model::{Action, Id, Operation, Outcome, Verdict};
use crate::run_folder::plan_item::PlanItem;

/// Brings a deleted import back from the recycle bin, with its id.
pub(crate) async fn restore(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let Some(target) = item.target.clone() else { return create(context, item).await };
    let before = match in_the_bin(context, item, &target.id).await? {
        Ok(before) => before,
        Err(next) => return Ok(next),
    };
    let intent = Intent { before: before.as_ref(), ..Intent::of(Operation::Restore) };
    let sent =
        send(context, item, intent, async |client| client.restore_from_bin(item.list(), &target.id).await);
    match sent.await? {
        Sent::Not(next) => Ok(next),
        Sent::Answered(Ok(done), sent) => {
            present(context, item, &target.id, Some(done.status), done.attempts, false).await?;
            Ok(Next::Made { sent })
        }
        Sent::Answered(Err(error), _) if error.kind == ErrorKind::NotFound => {
            not_in_the_bin(context, item, &target.id, error).await
        }
        Sent::Answered(Err(error), _) => failed(context, item, error).await,
    }
}

/// A restore was answered with 404: the import is in the bin no more. An earlier attempt may have brought it back, or
/// somebody else.
async fn not_in_the_bin(
    context: &Context<'_>,
    item: &PlanItem,
    id: &Id,
    error: ApiError,
) -> Result<Next, EngineError> {
    let there = match context.target.client.get(item.list(), id).await {
        Ok(there) => Some(there),
        Err(error) if error.kind == ErrorKind::NotFound => None,
        Err(error) => return resolve_doubt::unreadable(context, item, &error).await,
    };
    if context.journal.attempts(item.item) > 1 {
        if there.is_some() {
            return present(context, item, id, None, error.attempts, true).await;
        }
        context.journal.sync(item.item, Step::Absent, None).await?;
        return Ok(Next::NotInBin);
    }
    // The only call that may have had an effect had none.
    let step = Step::NotTaken { status: error.status, message: error.summary, sends: error.attempts };
    context.journal.sync(item.item, step, None).await?;
    match there {
        Some(there) => brought_back(context, item, &there).await,
        None => Ok(Next::NotInBin),
    }
}

/// Whether an import is made anew without asking the recycle bin for it: the plan of this restore asked, right after it had
/// listed the target. An undo lists nothing, and asks once more.
pub(crate) fn is_made_anew(context: &Context<'_>, item: &PlanItem) -> bool {
    item.is_not_in_bin() && context.plan.head().action == Action::Restore
}

/// Creates a deleted import again that is in no recycle bin and on no list, unless its id exists again after all.
pub(crate) async fn make_anew(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let Some(target) = &item.target else { return create(context, item).await };
    match context.target.client.get(item.list(), &target.id).await {
        Ok(_) if context.journal.attempts(item.item) > 0 && !is_made_anew(context, item) => {
            intend(context, item, Intent::of(Operation::Restore)).await?;
            present(context, item, &target.id, None, 0, true).await
        }
        Ok(there) => brought_back(context, item, &there).await,
        Err(error) if error.kind == ErrorKind::NotFound => create(context, item).await,
        Err(error) => resolve_doubt::unreadable(context, item, &error).await,
    }
}

/// Reads what is to be restored and then completed: after a kill, the run that completes it has to know what somebody
/// changed meanwhile. An import that the bin does not show is requested anyway.
async fn in_the_bin(
    context: &Context<'_>,
    item: &PlanItem,
    id: &Id,
) -> Result<Result<Option<Document>, Next>, EngineError> {
    if !item.adjust {
        return Ok(Ok(None));
    }
    match context.target.client.bin_get(item.list(), id).await {
        Ok(before) => Ok(Ok(Some(before))),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Ok(None)),
        Err(error) => Ok(Err(resolve_doubt::unreadable(context, item, &error).await?)),
    }
}

/// Ends the restore of an import that is back although no call of this run can have brought it back: somebody else did, and may
/// have changed it too. Nothing is written over it, and an undo leaves it.
pub(crate) async fn brought_back(
    context: &Context<'_>,
    item: &PlanItem,
    there: &Document,
) -> Result<Next, EngineError> {
    let id = &there.head.id;
    let is_of_a_run = context.is_of_another_run(id, |deed| deed.operation == Operation::Restore).await;
    let who = if is_of_a_run { "another run" } else { "somebody else" };
    let mut found = printed(context, &there.text).into_tree();
    if let Ok(found) = &mut found {
        // What is wanted lacks them.
        remove_masks(found, &item.secrets);
    }
    let comparison = compare_texts(&context.ignore, &document(context, item)?, &found);
    let ended = if comparison.verdict != Verdict::Differs && comparison.added.is_empty() {
        let message = format!("{who} took it out of the recycle bin meanwhile, and it is equal");
        End::new(Outcome::Unchanged, "made_meanwhile", message)
    } else {
        let message =
            format!("{who} took it out of the recycle bin meanwhile, and it is not equal: left alone");
        End::new(Outcome::Stale, "stale", message)
    };
    end(context, item.item, ended.found(id.clone())).await
}
