//! Sends a write: permit, check, intent on disk, call, in this order. The check makes sure that the run is not
//! draining and still has its lease.
//!
//! An intent is on disk only for a call that is about to be sent. An intent whose call was not sent is recorded as
//! not sent. Nothing is sent once the run is draining.

use std::time::Duration;

use tokio::time::Instant;

use crate::api::{ApiError, AttemptEvent, BeforeSend, Client, Cloned, Document, Done, ErrorKind};
use crate::documents::planted::{INTENT_BEFORE_PERMIT, is_planted};
use crate::executor::context::Context;
use crate::executor::record::{End, Next, end};
use crate::inventory::error::EngineError;
use crate::journal::{Call, GIVEN_UP, ItemState, NO_ANSWER, Step};
use crate::model::{Cancel, Fingerprint, Operation, crash};
use crate::run_folder::document_file::one_line;
use crate::run_folder::plan_item::PlanItem;

/// If a write waited longer than this for its permit, the import to be overwritten or removed is read again, once: a
/// service may demand a pause of minutes, and somebody may have changed the import meanwhile.
const READ_IS_FRESH: Duration = Duration::from_secs(5);
/// The same limit for a write that the service did not accept at first, and that is sent again after a pause.
const READ_IS_FRESH_AFTER_A_REFUSAL: Duration = Duration::from_secs(1);

/// What is about to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intent<'a> {
    pub operation: Operation,
    pub call: Call,
    /// The document that is overwritten or removed, as it was.
    pub before: Option<&'a Document>,
}

impl Intent<'_> {
    /// The intent of a call that overwrites nothing.
    pub(crate) fn of(operation: Operation) -> Self {
        Self { operation, call: Call::Operation, before: None }
    }
}

/// The result of a write.
pub(crate) enum Sent<T> {
    /// The write was sent, with this result; the last time at this moment.
    Answered(Result<T, ApiError>, Instant),
    /// The write was not sent.
    Not(Next),
}

/// Sends a write for an item once it has its permit and its intent is on disk.
pub(crate) async fn send<T: Counted>(
    context: &Context<'_>,
    item: &PlanItem,
    intent: Intent<'_>,
    call: impl AsyncFnOnce(&Client) -> Result<T, ApiError>,
) -> Result<Sent<T>, EngineError> {
    if let Some(next) = too_often(context, item).await? {
        return Ok(Sent::Not(next));
    }
    let (mut before_send, mut attempts) = BeforeSend::with_attempts(context.cancel);
    if intent.call == Call::Operation && matches!(intent.operation, Operation::Create | Operation::Clone) {
        // A second import would be made if the service said 429 after it had made the first.
        before_send = before_send.keeping_answers();
    }
    if is_planted(INTENT_BEFORE_PERMIT) {
        write_intent(context, item, intent).await?;
        before_send = BeforeSend::unless_draining(&Cancel::new());
    }
    let client = context.target.client.asking(before_send);
    let call = call(&client);
    tokio::pin!(call);
    let read = Instant::now();
    let (mut is_outdated, mut fresh, mut sent) = (false, READ_IS_FRESH, read);
    // Times it was sent that the journal has already.
    let mut recorded = 0;
    let answer = loop {
        tokio::select! {
            biased;
            Some(attempt) = attempts.recv() => match attempt {
                AttemptEvent::Ready(may_send) => {
                    is_outdated = intent.before.is_some()
                        && read.elapsed() > fresh
                        && context.read_again.borrow_mut().insert(item.item);
                    let go = !is_outdated && write_intent(context, item, intent).await?;
                    sent = Instant::now();
                    // Whoever waits for it is this very call.
                    let _ = may_send.send(go);
                }
                AttemptEvent::NotTaken { kind: ErrorKind::NotSent, message, sends, .. } => {
                    recorded += sends;
                    context.journal.note(item.item, Step::NotSent { message }).await?;
                }
                AttemptEvent::NotTaken { status, message, sends, .. } => {
                    recorded += sends;
                    fresh = READ_IS_FRESH_AFTER_A_REFUSAL;
                    context.journal.note(item.item, Step::NotTaken { status, message, sends }).await?;
                }
            },
            answer = &mut call => break answer,
        }
    };
    match answer {
        Ok(mut answer) => {
            *answer.sends() -= recorded.min(*answer.sends());
            Ok(Sent::Answered(Ok(answer), sent))
        }
        Err(error) if error.is_held_back() => {
            if matches!(context.journal.state(item.item), ItemState::InDoubt { .. }) {
                let message = match error.kind {
                    ErrorKind::Away => error.summary,
                    _ if is_outdated => "it had waited long since it was read, and is read again".to_owned(),
                    _ => "the run was stopped before it was sent".to_owned(),
                };
                context.journal.note(item.item, Step::NotSent { message }).await?;
            }
            Ok(Sent::Not(if is_outdated { Next::Go } else { Next::Interrupted }))
        }
        Err(mut error) => {
            error.attempts -= recorded.min(error.attempts);
            Ok(Sent::Answered(Err(error), sent))
        }
    }
}

/// Called with the permit in hand: puts the intent on disk; `false` if nothing may be sent any more.
async fn write_intent(
    context: &Context<'_>,
    item: &PlanItem,
    intent: Intent<'_>,
) -> Result<bool, EngineError> {
    if !context.may_write() {
        return Ok(false);
    }
    // The second call of an operation whose first one had no effect: its intent is written already.
    if !matches!(context.journal.state(item.item), ItemState::InDoubt { .. }) {
        intend(context, item, intent).await?;
    }
    crash::point("call.before_send");
    // It may have begun to drain, or lost its lease, while the disk was busy.
    Ok(context.may_write())
}

/// Puts an intent on disk, together with the document as it was.
pub(crate) async fn intend(
    context: &Context<'_>,
    item: &PlanItem,
    intent: Intent<'_>,
) -> Result<(), EngineError> {
    if intent.call == Call::Operation && context.journal.attempts(item.item) > 0 {
        context.sent_again.set(Some(Instant::now()));
    }
    let text = intent.before.map(|document| one_line(&document.text));
    let text = text.as_deref();
    let step = Step::Intended {
        operation: intent.operation,
        call: intent.call,
        attempt: context.journal.attempts(item.item) + 1,
        server_time: Some(context.target.clock.estimate(context.clock.now())),
        before_sha256: text.map(|text| Fingerprint::of(text.as_bytes())),
    };
    let line = text.map(|text| format!("{{\"item\":{},\"document\":{text}}}", item.item));
    context.journal.sync(item.item, step, line).await
}

/// Ends an item whose calls too often had no effect and no answer.
async fn too_often(context: &Context<'_>, item: &PlanItem) -> Result<Option<Next>, EngineError> {
    let attempts = context.journal.attempts_of_this_process(item.item);
    if attempts < context.options.attempts {
        return Ok(None);
    }
    let times = if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") };
    let (code, status, message) = match context.journal.last_doubt(item.item) {
        Some((status @ Some(_), last)) => (GIVEN_UP, status, format!("given up after {times}: {last}")),
        Some((None, last)) => (NO_ANSWER, None, format!("given up after {times} without an answer: {last}")),
        None => (NO_ANSWER, None, format!("given up after {times} without an answer")),
    };
    end(context, item.item, End::failed(code, message).answered(status, 0)).await.map(Some)
}

/// The answer to a write, which says how often it was sent.
pub(crate) trait Counted {
    /// How often the call was sent.
    fn sends(&mut self) -> &mut u32;
}

impl Counted for Document {
    fn sends(&mut self) -> &mut u32 {
        &mut self.attempts
    }
}

impl Counted for Cloned {
    fn sends(&mut self) -> &mut u32 {
        &mut self.attempts
    }
}

impl Counted for Done {
    fn sends(&mut self) -> &mut u32 {
        &mut self.attempts
    }
}
