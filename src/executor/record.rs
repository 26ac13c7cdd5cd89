//! record: what a call led to, as a step of the journal.

use bytes::Bytes;
use serde_json::Value;

use crate::api::{ApiError, Document, ErrorKind};
use crate::documents::Unreadable;
use crate::documents::document::{print_and_tree, read_tree};
use crate::documents::normal::{Comparison, compare};
use crate::documents::references::Kind;
use crate::executor::context::{Context, sent_sha256};
use crate::inventory::error::EngineError;
use crate::job::Verify;
use crate::journal::Step;
use crate::model::event::Event;
use crate::model::{Id, ItemKey, Operation, Outcome, Verdict, crash};
use crate::run_folder::plan_item::PlanItem;

/// What a step of an item led to.
#[derive(Debug)]
pub(crate) enum Next {
    /// Look at the state again.
    Go,
    /// It ended without effect, for this reason.
    Ended(String),
    /// Nothing is known to be done and nothing may be sent any more.
    Interrupted,
    /// The token was refused.
    Unauthorized,
    /// The answer to a write is not what was sent.
    Differs,
    /// In doubt, and it could not be looked up; it stays so for `resume`.
    StillInDoubt(String),
    /// No effect is to be seen, but the call may still be executing: look again when it no longer can be.
    TooEarly,
}

/// How an item ends without effect.
#[derive(Debug)]
pub(crate) struct End {
    outcome: Outcome,
    status: Option<u16>,
    code: String,
    message: String,
    sends: u32,
}

impl End {
    /// With this outcome; `code` is a stable word for the reason, `message` says it to people.
    pub(crate) fn new(outcome: Outcome, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { outcome, status: None, code: code.into(), message: message.into(), sends: 0 }
    }

    /// It could not be done.
    pub(crate) fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, code, message)
    }

    /// Because of this answer.
    pub(crate) fn after(self, error: &ApiError) -> Self {
        Self { status: error.status, sends: error.attempts, ..self }
    }
}

/// Records an end without effect.
pub(crate) async fn end(context: &Context<'_>, item: ItemKey, end: End) -> Result<Next, EngineError> {
    let End { outcome, status, code, message, sends } = end;
    let step = Step::Ended { outcome, status, code, message: message.clone(), sends };
    context.ledger.note(item, step).await?;
    Ok(Next::Ended(message))
}

/// Records that a write had its effect, and what the service answered.
pub(crate) async fn applied(
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
pub(crate) async fn unchecked(context: &Context<'_>, item: ItemKey) -> Result<(), EngineError> {
    if context.options.verify == Verify::Full {
        return Ok(());
    }
    let step = Step::Verified { verdict: Verdict::NotChecked, sha256: None, differences: Vec::new() };
    context.ledger.note(item, step).await
}

/// Records a failed write by what it means.
pub(crate) async fn failed(
    context: &Context<'_>,
    item: &PlanItem,
    error: ApiError,
) -> Result<Next, EngineError> {
    let (status, sends) = (error.status, error.attempts);
    let message = error.summary.clone();
    match error.kind {
        ErrorKind::InDoubt | ErrorKind::Broken if sends > 0 => {
            context.ledger.note(item.item, Step::Doubted { status, message: message.clone(), sends }).await?;
            context.events.emit(&Event::ItemDoubted { item: item.item, message });
            Ok(Next::Go)
        }
        ErrorKind::Withheld => Ok(Next::Interrupted),
        ErrorKind::Unauthorized => {
            context.ledger.note(item.item, Step::NotTaken { status, message, sends }).await?;
            Ok(Next::Unauthorized)
        }
        ErrorKind::NotSent | ErrorKind::Throttled | ErrorKind::InDoubt | ErrorKind::Broken => {
            let code = if error.kind == ErrorKind::Throttled { "rate_limited" } else { "not_sent" };
            end(context, item.item, End::failed(code, message).after(&error)).await
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
            end(context, item.item, End::failed(code, message).after(&error)).await
        }
    }
}

/// Compares what was sent with what is there. What cannot be read is never equal to anything.
pub(crate) fn compare_texts(sent: &[u8], found: Result<Value, Unreadable>) -> Comparison {
    match (read_tree(sent), found) {
        (Ok(sent), Ok(found)) => compare(&sent, &found),
        (_, Err(why)) => Comparison::impossible(format!("(the import there cannot be read: {why})")),
        (Err(why), _) => Comparison::impossible(format!("(what was sent cannot be read: {why})")),
    }
}
