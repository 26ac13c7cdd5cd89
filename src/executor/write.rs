//! write: one function for each operation.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;

use crate::api::{Document, ErrorKind};
use crate::documents::document::read_tree;
use crate::documents::planted::{STALE_WRITE, is_planted};
use crate::executor::context::{Context, document, printed};
use crate::executor::in_use::in_use;
use crate::executor::record::{
    End, Next, applied, end, failed_to_change, failed_to_make, not_its_own, present, print_of_whole,
    unchecked,
};
use crate::executor::resolve_doubt;
use crate::executor::send::{Intent, Sent, send};
use crate::inventory::error::EngineError;
use crate::journal::{Call, Step};
use crate::model::{Id, Operation, Outcome, Verdict, crash};
use crate::run_folder::plan_item::{ImportRef, PlanItem};

/// The time between the sending of a call and the read after it within which nobody is expected to edit the import. A
/// call may have its effect long before it is answered.
const MOMENT: Duration = Duration::from_secs(1);

/// POSTs the document.
pub(crate) async fn create(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let body = document(context, item)?;
    let sent = send(context, item, Intent::of(Operation::Create), async |client| {
        client.create(item.list(), body.clone()).await
    });
    match sent.await? {
        Sent::Not(next) => Ok(next),
        Sent::Answered(Ok(answer), _) => match not_its_own(context, item, &answer.head.id) {
            Some(conflict) => {
                end(context, item.item, conflict.answered(Some(answer.status), answer.attempts)).await
            }
            None => applied(context, item, &body, &answer).await,
        },
        Sent::Answered(Err(error), _) => failed_to_make(context, item, error).await,
    }
}

/// Lets the service clone the source.
pub(crate) async fn clone(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let (Some(source), Some(body)) = (&item.source, &item.clone) else {
        return end(context, item.item, End::failed("plan", "the plan does not say what to clone")).await;
    };
    let wanted = document(context, item)?;
    let sent = send(context, item, Intent::of(Operation::Clone), async |client| {
        client.clone_import(&source.id, body).await
    });
    match sent.await? {
        Sent::Not(next) => Ok(next),
        Sent::Answered(Ok(cloned), sent) => {
            if let Some(conflict) = not_its_own(context, item, &cloned.id) {
                let conflict = conflict.answered(Some(cloned.status), cloned.attempts);
                return end(context, item.item, conflict).await;
            }
            match &cloned.document {
                Some(answer) if !item.adjust => applied(context, item, &wanted, answer).await,
                answer => {
                    crash::point("call.after_answer");
                    let step = Step::Applied {
                        target: cloned.id,
                        status: Some(cloned.status),
                        sends: cloned.attempts,
                        adopted: false,
                        sha256: answer
                            .as_ref()
                            .and_then(|answer| print_of_whole(context, item, &wanted, answer)),
                        modified: answer.as_ref().and_then(|answer| answer.head.last_modified.clone()),
                    };
                    context.journal.note(item.item, step).await?;
                    if !item.adjust {
                        unchecked(context, item.item).await?;
                    }
                    Ok(Next::Made { sent })
                }
            }
        }
        Sent::Answered(Err(error), _) => failed_to_make(context, item, error).await,
    }
}

/// PUTs over a new clone what a clone call cannot set, and over a restored import what it lacks. `sent` is when the
/// call that made it was sent, if this process sent that call and it was answered.
pub(crate) async fn adjust(
    context: &Context<'_>,
    item: &PlanItem,
    target: &Id,
    sent: Option<Instant>,
) -> Result<Next, EngineError> {
    let body = document(context, item)?;
    let there = match context.target.client.get(item.list(), target).await {
        Ok(there) => there,
        Err(error) => return resolve_doubt::unreadable(context, item, &error).await,
    };
    if item.operation == Operation::Restore
        && let Some(print) = resolve_doubt::exactly(context, item, &there)?
    {
        let step = Step::Verified {
            verdict: Verdict::Equal,
            sha256: Some(print),
            differences: Vec::new(),
            modified: there.head.last_modified.clone(),
        };
        context.journal.note(item.item, step).await?;
        return Ok(Next::Go);
    }
    // Between any two calls there is a moment; where the read had to wait, there is time for an edit.
    let at_once = sent.is_some_and(|sent| sent.elapsed() < MOMENT) && there.attempts <= 1;
    if let Some(next) = resolve_doubt::touched_clone(context, item, &there, at_once).await? {
        return Ok(next);
    }
    if let Some(next) = resolve_doubt::touched_restored(context, item, &there, at_once).await? {
        return Ok(next);
    }
    let intent = Intent { operation: item.operation, call: Call::Adjust, before: Some(&there) };
    put(context, item, intent, target, body).await
}

/// Reads the import in the target again and, if it is still what the plan saw, PUTs the document over it.
pub(crate) async fn update(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let Some(target) = item.target.clone() else {
        return end(context, item.item, End::failed("plan", "the plan does not say what to update")).await;
    };
    let body = document(context, item)?;
    let there = match still_there(context, item, &target).await? {
        Ok(there) => there,
        Err(next) => return Ok(next),
    };
    let intent = Intent { before: Some(&there), ..Intent::of(Operation::Update) };
    put(context, item, intent, &target.id, body).await
}

async fn put(
    context: &Context<'_>,
    item: &PlanItem,
    intent: Intent<'_>,
    target: &Id,
    body: Bytes,
) -> Result<Next, EngineError> {
    let sent =
        send(context, item, intent, async |client| client.update(item.list(), target, body.clone()).await);
    match sent.await? {
        Sent::Not(next) => Ok(next),
        Sent::Answered(Ok(answer), _) => applied(context, item, &body, &answer).await,
        Sent::Answered(Err(error), _) => failed_to_change(context, item, error).await,
    }
}

/// Reads the import in the target again and, if it is still what the plan saw, DELETEs it.
pub(crate) async fn delete(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let Some(target) = item.target.clone() else {
        return end(context, item.item, End::failed("plan", "the plan does not say what to delete")).await;
    };
    let there = match still_there(context, item, &target).await? {
        Ok(there) => there,
        Err(next) => return Ok(next),
    };
    if let Some(next) = in_use(context, item, &target.id).await? {
        return Ok(next);
    }
    let intent = Intent { before: Some(&there), ..Intent::of(Operation::Delete) };
    let sent = send(context, item, intent, async |client| client.delete(item.list(), &target.id).await);
    match sent.await? {
        Sent::Not(next) => Ok(next),
        Sent::Answered(Ok(done), _) => {
            present(context, item, &target.id, Some(done.status), done.attempts, false).await
        }
        // Gone is done.
        Sent::Answered(Err(error), _) if error.kind == ErrorKind::NotFound => {
            present(context, item, &target.id, error.status, error.attempts, true).await
        }
        Sent::Answered(Err(error), _) => failed_to_change(context, item, error).await,
    }
}

/// Reads the import to be overwritten or removed, and refuses one that is not what the plan saw.
async fn still_there(
    context: &Context<'_>,
    item: &PlanItem,
    planned: &ImportRef,
) -> Result<Result<Document, Next>, EngineError> {
    let target = &planned.id;
    if context.cancel.is_draining() {
        return Ok(Err(Next::Interrupted));
    }
    let there = match context.target.client.get(item.list(), target).await {
        Ok(there) => there,
        Err(error) if error.kind == ErrorKind::NotFound && context.may_be_behind(item.item) => {
            return Ok(Err(Next::TooEarly));
        }
        Err(error) if error.kind == ErrorKind::NotFound => {
            let may_be_ours = context.journal.may_have_acted(item.item)
                && !context.is_of_another_run(target, |deed| deed.operation == Operation::Delete).await;
            let next = if item.operation == Operation::Delete && may_be_ours {
                resolve_doubt::late_delete(context, item, target).await?
            } else if item.operation == Operation::Delete {
                let message = "it was gone already";
                end(context, item.item, End::new(Outcome::Unchanged, "gone", message).after(&error)).await?
            } else {
                let message = "it was removed by somebody else since it was planned";
                end(context, item.item, End::new(Outcome::Stale, "gone", message).after(&error)).await?
            };
            return Ok(Err(next));
        }
        Err(error) => return Ok(Err(resolve_doubt::unreadable(context, item, &error).await?)),
    };
    let found = printed(context, &there.text);
    let moved = has_moved(planned.modified.as_deref(), there.head.last_modified.as_deref());
    let differs = moved || planned.sha256.is_some_and(|planned| planned != found.print);
    if differs && !is_planted(STALE_WRITE) {
        if is_older(there.head.last_modified.as_deref(), planned.modified.as_deref())
            && context.may_be_behind(item.item)
        {
            return Ok(Err(Next::TooEarly));
        }
        if let Some(next) = resolve_doubt::late_put(context, item, &there).await? {
            return Ok(Err(next));
        }
        let when = there.head.last_modified.clone().unwrap_or_else(|| "an unknown time".to_owned());
        let message = match found.into_tree() {
            Ok(tree) => match restless(context, item, target, &tree).await {
                Some(message) => message,
                None => {
                    format!(
                        "it was changed by somebody else since it was planned (last at {when}): left alone"
                    )
                }
            },
            Err(why) => format!("it cannot be read any more: {why}: left alone"),
        };
        return Ok(Err(end(context, item.item, End::new(Outcome::Stale, "stale", message)).await?));
    }
    Ok(Ok(there))
}

/// What to say about an import that changes at each read although nobody edits it, as another read shows.
async fn restless(context: &Context<'_>, item: &PlanItem, target: &Id, before: &Value) -> Option<String> {
    let again = context.target.client.get(item.list(), target).await.ok()?;
    let again = read_tree(again.text.as_bytes()).ok()?;
    let fields = context.ignore.restless(before, &again);
    if fields.is_empty() {
        return None;
    }
    let fields = fields.join(", ");
    Some(format!(
        "the service changes {fields} at each read, although nobody edits the {}: add `ignore: [{fields}]` to the job; \
         left alone",
        item.noun()
    ))
}

/// Whether an import was written since it was read for the plan, by its `lastModified` then and now.
fn has_moved(then: Option<&str>, now: Option<&str>) -> bool {
    match (then.map(time), now.map(time)) {
        (Some(Some(then)), Some(Some(now))) => now > then,
        (None, _) | (_, None) => false,
        // Without times there is nothing but the texts.
        _ => then != now,
    }
}

/// Whether a document shows an earlier `lastModified` than another.
fn is_older(one: Option<&str>, other: Option<&str>) -> bool {
    one.and_then(time).zip(other.and_then(time)).is_some_and(|(one, other)| one < other)
}

/// A moment as the service writes it.
fn time(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}
