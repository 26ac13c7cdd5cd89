//! record: the result of a call, as a step of the journal.

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;

use crate::api::{ApiError, Document, ErrorKind};
use crate::documents::Unreadable;
use crate::documents::document::{Printed, read_tree};
use crate::documents::normal::{Comparison, Ignore};
use crate::documents::planted::{ANY_ANSWER, is_planted};
use crate::documents::references::Kind;
use crate::documents::schema::is_server_field;
use crate::executor::context::{Context, print_as_sent, printed, sent_sha256};
use crate::inventory::error::EngineError;
use crate::job::Verify;
use crate::journal::{NOT_SENT, Step};
use crate::model::event::Event;
use crate::model::{Fingerprint, Id, ItemKey, Operation, Outcome, Verdict, crash};
use crate::run_folder::plan_item::PlanItem;

/// What follows a step of an item.
#[derive(Debug)]
pub(crate) enum Next {
    /// Look at the state again.
    Go,
    /// The same, after a call was answered that made what may have to be completed.
    Made {
        /// When the call was sent.
        sent: Instant,
    },
    /// It ended without effect, for this reason.
    Ended(String),
    /// Nothing is known to have had an effect, and nothing may be sent any more.
    Interrupted,
    /// The token was refused.
    Unauthorized,
    /// A flow that uses its import is running: the item is written last.
    PutOff,
    /// The answer to a write is not what was sent.
    Differs,
    /// Whether a call had its effect is not known.
    Doubted(Doubt),
    /// In doubt, and the lookup failed; it stays in doubt for `resume`.
    StillInDoubt(String),
    /// No effect is visible, but the call may still be executing: look again when it no longer can be.
    TooEarly,
    /// The import could not be read; it is read once more after a grace period.
    ReadOnceMore,
    /// The import is not in the recycle bin and not visible elsewhere yet; it is created again after a lookup.
    NotInBin,
}

/// Why it is not known whether a call had its effect.
#[derive(Debug)]
pub(crate) enum Doubt {
    /// There was no usable answer.
    NoAnswer,
    /// The service answered 429, perhaps after it had acted.
    Throttled(End),
    /// The service answered 409, perhaps because an earlier sending of the same call had its effect.
    Conflict(End),
}

/// How an item ends without effect.
#[derive(Debug)]
pub(crate) struct End {
    outcome: Outcome,
    status: Option<u16>,
    code: String,
    message: String,
    sends: u32,
    found: Option<Id>,
}

impl End {
    /// With this outcome; `code` is a stable word for the reason, `message` explains it to people.
    pub(crate) fn new(outcome: Outcome, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { outcome, status: None, code: code.into(), message: message.into(), sends: 0, found: None }
    }

    /// It could not be done.
    pub(crate) fn failed(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, code, message)
    }

    /// Because of this answer.
    pub(crate) fn after(self, error: &ApiError) -> Self {
        Self { status: error.status, sends: error.attempts, ..self }
    }

    /// Because of an answer with this status, after the call was sent so many times.
    pub(crate) fn answered(self, status: Option<u16>, sends: u32) -> Self {
        Self { status, sends, ..self }
    }

    /// With the import that is in the target in its place.
    pub(crate) fn found(self, id: Id) -> Self {
        Self { found: Some(id), ..self }
    }
}

/// Records an end without effect.
pub(crate) async fn end(context: &Context<'_>, item: ItemKey, end: End) -> Result<Next, EngineError> {
    let End { outcome, status, code, message, sends, found } = end;
    // Its item names it: it is no copy beside anything.
    context.copies.borrow_mut().extend(found.clone());
    let step = Step::Ended { outcome, status, code, message: message.clone(), sends, found };
    context.journal.note(item, step).await?;
    Ok(Next::Ended(message))
}

/// Records that a write had its effect, and the answer of the service.
pub(crate) async fn applied(
    context: &Context<'_>,
    item: &PlanItem,
    sent: &Bytes,
    answer: &Document,
) -> Result<Next, EngineError> {
    crash::point("call.after_answer");
    let (print, read) = match print_as_sent(context, item, answer) {
        Some(print) => (print, None),
        None => {
            let printed = printed(context, &answer.text);
            (printed.print, Some(printed))
        }
    };
    let is_another = Some(print) != sent_sha256(context, item);
    // What holds the ids of others is what was sent only as long as those have them.
    if !is_another && !item.holds_placeholders() {
        context.journal.is_as_sent(item.item, &answer.text);
    }
    let tree = || read.map_or_else(|| read_tree(answer.text.as_bytes()), Printed::into_tree);
    let found = (is_another || item.kind == Kind::Scripts).then(tree);
    let whole = found.as_ref().is_none_or(|found| match found {
        Ok(found) => is_whole(item.kind, sent, found),
        Err(_) => item.kind != Kind::Scripts,
    });
    let step = Step::Applied {
        target: answer.head.id.clone(),
        status: Some(answer.status),
        sends: answer.attempts,
        adopted: false,
        sha256: whole.then_some(print),
        modified: answer.head.last_modified.clone(),
    };
    context.journal.note(item.item, step).await?;
    if context.options.verify == Verify::None || !whole {
        unchecked(context, item.item).await?;
        return Ok(Next::Go);
    }
    let found = found.filter(|_| is_another);
    let comparison = found.map(|found| compare_texts(&context.ignore, sent, &found));
    let differs = comparison.as_ref().is_some_and(|comparison| comparison.verdict == Verdict::Differs);
    if context.options.verify == Verify::Response {
        let step = Step::Verified {
            verdict: comparison.as_ref().map_or(Verdict::Equal, |comparison| comparison.verdict),
            sha256: Some(print),
            differences: comparison.map(|comparison| comparison.differences).unwrap_or_default(),
            modified: answer.head.last_modified.clone(),
        };
        context.journal.note(item.item, step).await?;
    }
    Ok(if differs { Next::Differs } else { Next::Go })
}

/// The fingerprint of the document in an answer.
pub(crate) fn print_of_whole(
    context: &Context<'_>,
    item: &PlanItem,
    sent: &[u8],
    answer: &Document,
) -> Option<Fingerprint> {
    let printed = printed(context, &answer.text);
    let print = printed.print;
    printed.into_tree().is_ok_and(|tree| is_whole(item.kind, sent, &tree)).then_some(print)
}

/// Whether the answer to a write contains the document, and not only its id. The answer to the write of a script may
/// lack its code (section 10): it then says nothing about the whole document.
fn is_whole(kind: Kind, sent: &[u8], found: &Value) -> bool {
    if kind == Kind::Scripts {
        return found.get("content").is_some();
    }
    let Ok(Value::Object(sent)) = read_tree(sent) else { return true };
    let mut content = sent.keys().filter(|key| *key != "name" && !is_server_field(key)).peekable();
    content.peek().is_none() || content.any(|key| found.get(key).is_some())
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
    context.journal.note(item.item, step).await?;
    // One that is still to be completed is not done yet.
    if !item.adjust {
        unchecked(context, item.item).await?;
    }
    Ok(Next::Go)
}

/// With `verify: none`, or if the answer contains no document: done, and not checked.
pub(crate) async fn unchecked(context: &Context<'_>, item: ItemKey) -> Result<(), EngineError> {
    if context.options.verify == Verify::Full {
        return Ok(());
    }
    not_checked(context, item).await
}

/// Ends an item without reading it back.
pub(crate) async fn not_checked(context: &Context<'_>, item: ItemKey) -> Result<(), EngineError> {
    let step = Step::Verified {
        verdict: Verdict::NotChecked,
        sha256: None,
        differences: Vec::new(),
        modified: None,
    };
    context.journal.note(item, step).await
}

/// Records a failed create or clone according to what the failure means. A second call would make a second import, so
/// the service's statement about the effect is not believed where it is known to be wrong at times.
pub(crate) async fn failed_to_make(
    context: &Context<'_>,
    item: &PlanItem,
    error: ApiError,
) -> Result<Next, EngineError> {
    match error.kind {
        ErrorKind::Throttled => {
            let (status, sends, message) = (error.status, error.attempts, error.summary);
            let failure = End::failed("rate_limited", message.clone()).answered(status, 0);
            context.journal.note(item.item, Step::Doubted { status, message, sends }).await?;
            Ok(Next::Doubted(Doubt::Throttled(failure)))
        }
        ErrorKind::Refused if error.status == Some(409) => conflicted(context, item, error).await,
        _ => failed(context, item, error).await,
    }
}

/// What the answer about another import cannot say about this item.
const UNKNOWN: &str = "what the call made, if anything, is not known";

/// Why the import in the answer to a create is not the item's own; `None` if it is.
pub(crate) fn not_its_own(context: &Context<'_>, item: &PlanItem, id: &Id) -> Option<End> {
    if is_planted(ANY_ANSWER) {
        return None;
    }
    let noun = item.noun();
    let message = if context.before.had(item.kind, id) {
        format!("the service answered with the {noun} {id}, which existed before this run: {UNKNOWN}")
    } else if context.journal.owns(id) {
        format!("the service answered with the {noun} {id}, which another item of this run has: {UNKNOWN}")
    } else {
        return None;
    };
    Some(End::new(Outcome::Conflict, "not_its_own", message).found(id.clone()))
}

/// Records a failed write according to what the failure means.
pub(crate) async fn failed(
    context: &Context<'_>,
    item: &PlanItem,
    error: ApiError,
) -> Result<Next, EngineError> {
    let (status, sends) = (error.status, error.attempts);
    let message = error.summary.clone();
    match error.kind {
        ErrorKind::InDoubt | ErrorKind::Broken if sends > 0 => {
            context
                .journal
                .note(item.item, Step::Doubted { status, message: message.clone(), sends })
                .await?;
            context.events.emit(&Event::ItemDoubted {
                item: item.item,
                name: item.name.as_str().into(),
                message,
            });
            Ok(Next::Doubted(Doubt::NoAnswer))
        }
        ErrorKind::Withheld | ErrorKind::Away => Ok(Next::Interrupted),
        ErrorKind::Unauthorized => {
            context.journal.note(item.item, Step::NotTaken { status, message, sends }).await?;
            Ok(Next::Unauthorized)
        }
        ErrorKind::NotSent | ErrorKind::Throttled | ErrorKind::InDoubt | ErrorKind::Broken => {
            let code = if error.kind == ErrorKind::Throttled { "rate_limited" } else { NOT_SENT };
            end(context, item.item, End::failed(code, message).after(&error)).await
        }
        ErrorKind::Refused | ErrorKind::NotFound => {
            let code = error
                .code()
                .map_or_else(|| status.map_or("refused".to_owned(), |s| s.to_string()), str::to_owned);
            // Half of a clone stands: whoever reads this has to know.
            let message = match context.journal.state(item.item).target() {
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

/// Records a PUT or DELETE that failed. A 409 mostly means that something else prevents it, but this call or an
/// earlier delivery of it may have had its effect. So it is in doubt each time, and refused only after a read.
pub(crate) async fn failed_to_change(
    context: &Context<'_>,
    item: &PlanItem,
    error: ApiError,
) -> Result<Next, EngineError> {
    if error.status == Some(409) {
        conflicted(context, item, error).await
    } else {
        failed(context, item, error).await
    }
}

/// Records a write that was answered with 409: refused, with the message of the service, unless it had its effect.
async fn conflicted(context: &Context<'_>, item: &PlanItem, error: ApiError) -> Result<Next, EngineError> {
    let (status, sends) = (error.status, error.attempts);
    let code = error.code().unwrap_or("409").to_owned();
    let message = error.summary;
    let refusal = End::failed(code, message.clone()).answered(status, 0);
    context.journal.note(item.item, Step::Doubted { status, message: message.clone(), sends }).await?;
    context.events.emit(&Event::ItemDoubted { item: item.item, name: item.name.as_str().into(), message });
    Ok(Next::Doubted(Doubt::Conflict(refusal)))
}

/// Compares what was sent with what is in the target. A document that cannot be read is never equal to anything.
pub(crate) fn compare_texts(ignore: &Ignore, sent: &[u8], found: &Result<Value, Unreadable>) -> Comparison {
    match (read_tree(sent), found) {
        (Ok(sent), Ok(found)) => {
            let mut comparison = ignore.compare(&sent, found);
            // Without what is ignored, the two may be the same to the letter.
            if !ignore.is_empty() && ignore.fingerprint(&sent) == ignore.fingerprint(found) {
                comparison.verdict = Verdict::Equal;
            }
            comparison
        }
        (_, Err(why)) => Comparison::impossible(format!("(the import there cannot be read: {why})")),
        (Err(why), _) => Comparison::impossible(format!("(what was sent cannot be read: {why})")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_that_says_only_which_import_it_is_tells_nothing_of_what_it_holds() {
        let sent =
            json!({"name": "a", "adaptorType": "HTTPImport", "http": {"method": ["POST"]}}).to_string();
        let whole = |found| is_whole(Kind::Imports, sent.as_bytes(), &found);
        assert!(!whole(json!({"_id": "1"})));
        assert!(!whole(json!({"_id": "1", "name": "a", "lastModified": "t", "sandbox": false})));
        // What a service leaves out of the document is a difference of that.
        assert!(whole(json!({"_id": "1", "name": "a", "adaptorType": "HTTPImport"})));
        assert!(is_whole(Kind::Imports, br#"{"name":"a"}"#, &json!({"_id": "1", "name": "a"})));
        assert!(!is_whole(
            Kind::Scripts,
            br#"{"name":"a","content":"x"}"#,
            &json!({"_id": "1", "name": "a"})
        ));
    }
}
