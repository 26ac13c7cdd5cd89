//! write: intend, sync, act, record. One function for each operation, and one for each way of finding out afterwards.

use bytes::Bytes;
use serde_json::Value;

use crate::api::{ApiError, Document, ErrorKind};
use crate::documents::Unreadable;
use crate::documents::document::{print_and_tree, read_tree};
use crate::documents::normal::{Comparison, compare};
use crate::documents::references::Kind;
use crate::executor::item::{Next, document, sent_sha256};
use crate::executor::{Context, resolve_doubt};
use crate::inventory::error::EngineError;
use crate::job::Verify;
use crate::journal::{Call, Step};
use crate::model::{Fingerprint, Id, ItemKey, Operation, Outcome, Verdict, crash};
use crate::run_folder::document_file::one_line;
use crate::run_folder::plan_item::PlanItem;

/// POSTs the document.
pub(crate) async fn create(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let body = document(context, item)?;
    if let Some(next) = announce(context, item, Operation::Create, Call::Operation, None).await? {
        return Ok(next);
    }
    match context.target.client.create(item.list(), body.clone()).await {
        Ok(answer) => {
            context.finder.learn(&answer.head);
            applied(context, item, &body, &answer).await
        }
        Err(error) => failed(context, item, error).await,
    }
}

/// Has the service clone the source.
pub(crate) async fn clone(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let (Some(source), Some(body)) = (&item.source, &item.clone) else {
        return end(context, item, Outcome::Failed, None, "plan", "the plan does not say what to clone", 0)
            .await;
    };
    let wanted = document(context, item)?;
    if let Some(next) = announce(context, item, Operation::Clone, Call::Operation, None).await? {
        return Ok(next);
    }
    match context.target.client.clone_import(&source.id, body).await {
        Ok(cloned) => {
            if let Some(document) = &cloned.document {
                context.finder.learn(&document.head);
            }
            match &cloned.document {
                Some(answer) if !item.adjust => applied(context, item, &wanted, answer).await,
                _ => {
                    crash::point("call.after_answer");
                    let step = Step::Applied {
                        target: cloned.id,
                        status: Some(cloned.status),
                        sends: cloned.attempts,
                        adopted: false,
                        sha256: None,
                        modified: None,
                    };
                    context.ledger.note(item.item, step).await?;
                    if !item.adjust {
                        unchecked(context, item.item).await?;
                    }
                    Ok(Next::Go)
                }
            }
        }
        Err(error) => failed(context, item, error).await,
    }
}

/// PUTs over a fresh clone what a clone call cannot say, and over a restored import what it lacks.
pub(crate) async fn adjust(context: &Context<'_>, item: &PlanItem, target: &Id) -> Result<Next, EngineError> {
    let body = document(context, item)?;
    let there = match context.target.client.get(item.list(), target).await {
        Ok(there) => there,
        Err(error) => return resolve_doubt::unreadable(context, item, &error).await,
    };
    if item.operation == Operation::Restore
        && let Some(print) = resolve_doubt::exactly(context, item, &there)?
    {
        let step = Step::Verified { verdict: Verdict::Equal, sha256: Some(print), differences: Vec::new() };
        context.ledger.note(item.item, step).await?;
        return Ok(Next::Go);
    }
    if let Some(next) = announce(context, item, item.operation, Call::Adjust, Some(&there)).await? {
        return Ok(next);
    }
    put(context, item, target, body).await
}

/// Re-reads the import that is there and, if it is still what the plan saw, PUTs the document over it.
pub(crate) async fn update(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let Some(target) = item.target.clone() else {
        return end(context, item, Outcome::Failed, None, "plan", "the plan does not say what to update", 0)
            .await;
    };
    let body = document(context, item)?;
    let there = match still_there(context, item, &target.id, target.sha256).await? {
        Ok(there) => there,
        Err(next) => return Ok(next),
    };
    if let Some(next) = announce(context, item, Operation::Update, Call::Operation, Some(&there)).await? {
        return Ok(next);
    }
    put(context, item, &target.id, body).await
}

async fn put(context: &Context<'_>, item: &PlanItem, target: &Id, body: Bytes) -> Result<Next, EngineError> {
    match context.target.client.update(item.list(), target, body.clone()).await {
        Ok(answer) => applied(context, item, &body, &answer).await,
        Err(error) => failed(context, item, error).await,
    }
}

/// Re-reads the import that is there and, if it is still what the plan saw, DELETEs it.
pub(crate) async fn delete(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let Some(target) = item.target.clone() else {
        return end(context, item, Outcome::Failed, None, "plan", "the plan does not say what to delete", 0)
            .await;
    };
    let there = match still_there(context, item, &target.id, target.sha256).await? {
        Ok(there) => there,
        Err(next) => return Ok(next),
    };
    if let Some(next) = resolve_doubt::in_use(context, item, &target.id).await? {
        return Ok(next);
    }
    if let Some(next) = announce(context, item, Operation::Delete, Call::Operation, Some(&there)).await? {
        return Ok(next);
    }
    match context.target.client.delete(item.list(), &target.id).await {
        Ok(done) => present(context, item, &target.id, Some(done.status), done.attempts, false).await,
        // Gone is done.
        Err(error) if error.kind == ErrorKind::NotFound => {
            present(context, item, &target.id, error.status, error.attempts, true).await
        }
        Err(error) => failed(context, item, error).await,
    }
}

/// Brings a deleted import back: from the recycle bin with its id, else as a new one.
pub(crate) async fn restore(context: &Context<'_>, item: &PlanItem) -> Result<Next, EngineError> {
    let Some(target) = item.target.clone() else { return create(context, item).await };
    if let Some(next) = announce(context, item, Operation::Restore, Call::Operation, None).await? {
        return Ok(next);
    }
    match context.target.client.restore_from_bin(item.list(), &target.id).await {
        Ok(done) => present(context, item, &target.id, Some(done.status), done.attempts, false).await,
        // It is in the bin no more: made anew, unless an earlier attempt brought it back after all.
        Err(error) if error.kind == ErrorKind::NotFound => {
            match context.target.client.get(item.list(), &target.id).await {
                Ok(_) => present(context, item, &target.id, None, error.attempts, true).await,
                Err(error) if error.kind == ErrorKind::NotFound => {
                    context.ledger.sync(item.item, Step::Absent, None).await?;
                    create(context, item).await
                }
                Err(error) => resolve_doubt::unreadable(context, item, &error).await,
            }
        }
        Err(error) => failed(context, item, error).await,
    }
}

/// Reads the import to be overwritten or removed; refuses one that is not what the plan saw.
async fn still_there(
    context: &Context<'_>,
    item: &PlanItem,
    target: &Id,
    planned: Option<Fingerprint>,
) -> Result<Result<Document, Next>, EngineError> {
    if context.cancel.is_draining() {
        return Ok(Err(Next::Interrupted));
    }
    let there = match context.target.client.get(item.list(), target).await {
        Ok(there) => there,
        Err(error) if error.kind == ErrorKind::NotFound => {
            let next = if item.operation == Operation::Delete && context.ledger.attempts(item.item) > 0 {
                resolve_doubt::late_delete(context, item, target).await?
            } else if item.operation == Operation::Delete {
                let message = "it was gone already";
                end(context, item, Outcome::Unchanged, error.status, "gone", message, error.attempts).await?
            } else {
                let message = "it was removed by somebody else since it was planned";
                end(context, item, Outcome::Stale, error.status, "gone", message, error.attempts).await?
            };
            return Ok(Err(next));
        }
        Err(error) => return Ok(Err(resolve_doubt::unreadable(context, item, &error).await?)),
    };
    let (found, tree) = print_and_tree(there.text.get().as_bytes());
    if planned.is_some_and(|planned| planned != found) {
        if let Some(next) = resolve_doubt::late_put(context, item, &there).await? {
            return Ok(Err(next));
        }
        let when = there.head.last_modified.clone().unwrap_or_else(|| "an unknown time".to_owned());
        let message = match tree {
            Ok(_) => {
                format!("it was changed by somebody else since it was planned (last at {when}): left alone")
            }
            Err(why) => format!("it cannot be read any more: {why}: left alone"),
        };
        return Ok(Err(end(context, item, Outcome::Stale, None, "stale", &message, 0).await?));
    }
    Ok(Ok(there))
}

/// Writes the intent, and with it the document as it was; nothing may be sent before this returns `None`.
pub(crate) async fn announce(
    context: &Context<'_>,
    item: &PlanItem,
    operation: Operation,
    call: Call,
    before: Option<&Document>,
) -> Result<Option<Next>, EngineError> {
    if context.cancel.is_draining() {
        return Ok(Some(Next::Interrupted));
    }
    let attempt = context.ledger.attempts(item.item) + 1;
    if attempt > context.options.attempts {
        let message = format!("given up after {} attempts without an answer", attempt - 1);
        return end(context, item, Outcome::Failed, None, "no_answer", &message, 0).await.map(Some);
    }
    let text = before.map(|document| one_line(document.text.get()));
    let text = text.as_deref();
    let step = Step::Intended {
        operation,
        call,
        attempt,
        server_time: Some(context.target.clock.estimate(context.clock.now())),
        before_sha256: text.map(|text| Fingerprint::of(text.as_bytes())),
    };
    let line = text.map(|text| format!("{{\"item\":{},\"document\":{text}}}", item.item));
    context.ledger.sync(item.item, step, line).await?;
    crash::point("call.before_send");
    Ok(None)
}

/// Records that a write had its effect, and what the service answered.
async fn applied(
    context: &Context<'_>,
    item: &PlanItem,
    sent: &Bytes,
    answer: &Document,
) -> Result<Next, EngineError> {
    crash::point("call.after_answer");
    let (print, found) = print_and_tree(answer.text.get().as_bytes());
    // The answer to the write of a script may lack its code (section 10): then it tells nothing of the whole.
    let whole =
        item.kind != Some(Kind::Scripts) || found.as_ref().is_ok_and(|found| found.get("content").is_some());
    let step = Step::Applied {
        target: answer.head.id.clone(),
        status: Some(answer.status),
        sends: answer.attempts,
        adopted: false,
        sha256: whole.then_some(print),
        modified: answer.head.last_modified.clone(),
    };
    context.ledger.note(item.item, step).await?;
    if context.options.verify == Verify::None || !whole {
        unchecked(context, item.item).await?;
        return Ok(Next::Go);
    }
    let comparison = (Some(print) != sent_sha256(context, item)).then(|| compare_texts(sent, found));
    let differs = comparison.as_ref().is_some_and(|comparison| comparison.verdict == Verdict::Differs);
    if context.options.verify == Verify::Response {
        let step = Step::Verified {
            verdict: comparison.as_ref().map_or(Verdict::Equal, |comparison| comparison.verdict),
            sha256: Some(print),
            differences: comparison.map(|comparison| comparison.differences).unwrap_or_default(),
        };
        context.ledger.note(item.item, step).await?;
    }
    Ok(if differs { Next::Differs } else { Next::Go })
}

/// Records that an import is gone, or back.
pub(crate) async fn present(
    context: &Context<'_>,
    item: &PlanItem,
    target: &Id,
    status: Option<u16>,
    sends: u32,
    adopted: bool,
) -> Result<Next, EngineError> {
    crash::point("call.after_answer");
    let target = target.clone();
    let step = Step::Applied { target, status, sends, adopted, sha256: None, modified: None };
    context.ledger.note(item.item, step).await?;
    if context.options.verify != Verify::Full {
        unchecked(context, item.item).await?;
    }
    Ok(Next::Go)
}

/// With `verify: none`, or an answer that holds no document: done, and not checked.
async fn unchecked(context: &Context<'_>, item: ItemKey) -> Result<(), EngineError> {
    if context.options.verify == Verify::Full {
        return Ok(());
    }
    let step = Step::Verified { verdict: Verdict::NotChecked, sha256: None, differences: Vec::new() };
    context.ledger.note(item, step).await
}

/// Records a failed write by what it means.
async fn failed(context: &Context<'_>, item: &PlanItem, error: ApiError) -> Result<Next, EngineError> {
    let (status, sends) = (error.status, error.attempts);
    let message = error.summary.clone();
    match error.kind {
        ErrorKind::InDoubt | ErrorKind::Broken if sends > 0 => {
            context.ledger.note(item.item, Step::Doubted { status, message: message.clone(), sends }).await?;
            context.events.emit(&crate::model::event::Event::ItemDoubted { item: item.item, message });
            Ok(Next::Go)
        }
        ErrorKind::Unauthorized => {
            context.ledger.note(item.item, Step::NotTaken { status, message, sends }).await?;
            Ok(Next::Unauthorized)
        }
        ErrorKind::NotSent | ErrorKind::Throttled | ErrorKind::InDoubt | ErrorKind::Broken => {
            let code = if error.kind == ErrorKind::Throttled { "rate_limited" } else { "not_sent" };
            end(context, item, Outcome::Failed, status, code, &message, sends).await
        }
        ErrorKind::Refused | ErrorKind::NotFound => {
            let code = error
                .code()
                .map_or_else(|| status.map_or("refused".to_owned(), |s| s.to_string()), str::to_owned);
            // Half of a clone stands: whoever reads this has to know.
            let message = match context.ledger.state(item.item).target() {
                Some(made) if item.operation == Operation::Clone => {
                    format!(
                        "{message}; its clone {made} stands as it was cloned: `transship undo` removes it"
                    )
                }
                _ => message,
            };
            end(context, item, Outcome::Failed, status, &code, &message, sends).await
        }
    }
}

/// Records an end without effect.
pub(crate) async fn end(
    context: &Context<'_>,
    item: &PlanItem,
    outcome: Outcome,
    status: Option<u16>,
    code: &str,
    message: &str,
    sends: u32,
) -> Result<Next, EngineError> {
    remember(context, item.item, message);
    let step = Step::Ended { outcome, status, code: code.to_owned(), message: message.to_owned(), sends };
    context.ledger.note(item.item, step).await?;
    Ok(Next::Go)
}

/// Keeps the message of an item's end, for those who listen.
pub(crate) fn remember(context: &Context<'_>, item: ItemKey, message: &str) {
    context.messages.borrow_mut().insert(item, message.to_owned());
}

/// The message of an item's end.
pub(crate) fn last_message(context: &Context<'_>, item: ItemKey) -> Option<String> {
    context.messages.borrow_mut().remove(&item)
}

/// Compares what was sent with what is there. What cannot be read is never equal to anything.
pub(crate) fn compare_texts(sent: &[u8], found: Result<Value, Unreadable>) -> Comparison {
    match (read_tree(sent), found) {
        (Ok(sent), Ok(found)) => compare(&sent, &found),
        (_, Err(why)) => Comparison::impossible(format!("(the import there cannot be read: {why})")),
        (Err(why), _) => Comparison::impossible(format!("(what was sent cannot be read: {why})")),
    }
}
