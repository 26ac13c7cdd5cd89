//! After a PUT, a DELETE or a restore without an answer: reads the target, and decides whether the call had its
//! effect.
//!
//! "No effect" is believed only once the call can no longer be executing. If the effect comes even later, the next
//! attempt of the item meets it: what is then in the target was made by this run, not by somebody else.

use tokio::time::Instant;

use crate::api::{ApiError, Document, ErrorKind};
use crate::documents::Document as BeforeImage;
use crate::documents::document::read_tree;
use crate::documents::normal::{compare, landed, may_be_made_of};
use crate::executor::context::{Context, document, printed, sent_sha256};
use crate::executor::look_up::Doubts;
use crate::executor::record::{End, Next, compare_texts, end, present};
use crate::executor::send::{Intent, intend};
use crate::inventory::error::EngineError;
use crate::journal::{Call, ItemState, Phase, Step};
use crate::model::stamp::Stamp;
use crate::model::{Fingerprint, Id, Operation, Outcome, Verdict};
use crate::run_folder::before_images::BeforeImages;
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_item::PlanItem;

/// Resolves a PUT in doubt, which can no longer be executing after `safe_after`.
pub(crate) async fn resolve_put(
    context: &Context<'_>,
    item: &PlanItem,
    phase: Phase,
    target: Option<&Id>,
    safe_after: Instant,
    doubts: &mut Doubts,
) -> Result<Next, EngineError> {
    let target = target.or(item.target.as_ref().map(|target| &target.id)).cloned();
    let Some(target) = target else {
        return end(context, item.item, End::failed("plan", "the plan does not say what to update")).await;
    };
    let began = Instant::now();
    let there = match context.target.client.get(item.list(), &target).await {
        Ok(there) => there,
        Err(error) => return unreadable(context, item, &error).await,
    };
    let Found { print, as_wanted, exactly } = found(context, item, &there)?;
    let planned = item.target.as_ref().and_then(|target| target.sha256);
    let had_effect = match phase {
        // A document that only loses fields compares as wanted before the PUT too: what the plan saw is no effect.
        Phase::Operation => planned != Some(print) && (as_wanted || was_normalised(context, item, &there)?),
        // What a fresh clone was like is not known: unless it is exactly as wanted, the PUT is repeated.
        Phase::Adjust => exactly,
    };
    if had_effect && context.is_of_another_run(&target, |deed| deed.wrote(print)).await {
        let message = "its PUT had no effect: another run wrote the same meanwhile";
        return end(context, item.item, End::new(Outcome::Unchanged, "made_meanwhile", message)).await;
    }
    if had_effect {
        context.journal.sync(item.item, adopted(target, print, &there), None).await?;
        return Ok(Next::Go);
    }
    if began < safe_after {
        return Ok(Next::TooEarly);
    }
    if phase == Phase::Operation && planned != Some(print) {
        let message = "whether its PUT had its effect was not known, and it was changed by somebody else since: left alone";
        return end(context, item.item, End::new(Outcome::Stale, "stale", message)).await;
    }
    no_effect(context, item, doubts).await
}

/// Resolves a DELETE or a restore in doubt, which can no longer be executing after `safe_after`.
pub(crate) async fn resolve_presence(
    context: &Context<'_>,
    item: &PlanItem,
    safe_after: Instant,
    doubts: &mut Doubts,
) -> Result<Next, EngineError> {
    let Some(target) = item.target.clone() else {
        return end(context, item.item, End::failed("plan", "the plan does not say which import")).await;
    };
    let began = Instant::now();
    let there = match context.target.client.get(item.list(), &target.id).await {
        Ok(_) => true,
        Err(error) if error.kind == ErrorKind::NotFound => false,
        Err(error) => return unreadable(context, item, &error).await,
    };
    if there == (item.operation == Operation::Restore) {
        if context.is_of_another_run(&target.id, |deed| deed.operation == item.operation).await {
            let did = if there { "brought it back" } else { "removed it" };
            let message = format!("its call had no effect: another run {did} meanwhile");
            return end(context, item.item, End::new(Outcome::Unchanged, "made_meanwhile", message)).await;
        }
        return present(context, item, &target.id, None, 0, true).await;
    }
    if began < safe_after {
        return Ok(Next::TooEarly);
    }
    no_effect(context, item, doubts).await
}

/// The call had no effect: it is sent again, unless it was refused for good.
async fn no_effect(context: &Context<'_>, item: &PlanItem, doubts: &mut Doubts) -> Result<Next, EngineError> {
    if let Some(refusal) = doubts.refusal() {
        return end(context, item.item, refusal).await;
    }
    context.journal.sync(item.item, Step::Absent, None).await?;
    Ok(Next::Go)
}

/// If an earlier attempt of this run changed the import to be overwritten, the item is done.
pub(crate) async fn late_put(
    context: &Context<'_>,
    item: &PlanItem,
    there: &Document,
) -> Result<Option<Next>, EngineError> {
    if item.operation != Operation::Update || !context.journal.may_have_acted(item.item) {
        return Ok(None);
    }
    let Found { print, as_wanted, .. } = found(context, item, there)?;
    let target = there.head.id.clone();
    if !as_wanted && !was_normalised(context, item, there)?
        || context.is_of_another_run(&target, |deed| deed.wrote(print)).await
    {
        return Ok(None);
    }
    intend(context, item, Intent::of(Operation::Update)).await?;
    context.journal.sync(item.item, adopted(target, print, there), None).await?;
    Ok(Some(Next::Go))
}

/// Checks a clone before it is completed: if it changed, its PUT was done already, the service changed `lastModified`
/// by itself, or somebody edited it. Times only call for a closer look; the content decides. `at_once`: the clone was
/// read right after the answer, with no time for an edit.
pub(crate) async fn touched_clone(
    context: &Context<'_>,
    item: &PlanItem,
    there: &Document,
    at_once: bool,
) -> Result<Option<Next>, EngineError> {
    if item.operation != Operation::Clone {
        return Ok(None);
    }
    let cloned = context.journal.cloned(item.item);
    let then = cloned.as_ref().and_then(|cloned| cloned.modified.clone());
    let now = &there.head.last_modified;
    // An answer that is not a document does not say when the clone was created; the clone itself does.
    let made = then.as_ref().or(there.head.created_at.as_ref()).map(|made| Stamp::of(made));
    let modified = now.as_deref().map(Stamp::of);
    let is_of_then = made.as_ref().zip(modified.as_ref()).is_some_and(|(made, now)| made.is_moment_of(now));
    let is_exact = modified.as_ref().is_some_and(Stamp::is_exact);
    let shows_no_edit = is_of_then || made.is_none() || modified.is_none();
    if is_of_then && is_exact || at_once && shows_no_edit {
        return Ok(None);
    }
    // The answer says what the clone was like when it was created, whatever the service made of it.
    if cloned
        .and_then(|cloned| cloned.sha256)
        .is_some_and(|print| print == printed(context, &there.text).print)
    {
        return Ok(None);
    }
    if let Some(next) = was_completed(context, item, there).await? {
        return Ok(Some(next));
    }
    if let Some(source) = &item.source {
        match context.target.client.get(item.list(), &source.id).await {
            Ok(source) if is_clone_of(item, &source, there) => return Ok(None),
            Err(error) if error.kind != ErrorKind::NotFound => {
                return unreadable(context, item, &error).await.map(Some);
            }
            _ => {}
        }
    }
    let last = now.as_deref().map_or_else(String::new, |now| format!(" (last at {now})"));
    let who = if is_of_then {
        "its clone is not as its source is: somebody else may have changed either"
    } else {
        "somebody else changed the clone since"
    };
    let message = format!("it was cloned, but not completed: {who}{last}: left alone");
    end(context, item.item, End::new(Outcome::Stale, "stale", message)).await.map(Some)
}

/// Whether the PUT that completes an item has had its effect already: the document in the target is as wanted, or is
/// what the service made of it.
async fn was_completed(
    context: &Context<'_>,
    item: &PlanItem,
    there: &Document,
) -> Result<Option<Next>, EngineError> {
    let Found { print, as_wanted, .. } = found(context, item, there)?;
    if !as_wanted && !was_normalised(context, item, there)? {
        return Ok(None);
    }
    let intent = Intent { call: Call::Adjust, ..Intent::of(item.operation) };
    intend(context, item, intent).await?;
    context.journal.sync(item.item, adopted(there.head.id.clone(), print, there), None).await?;
    Ok(Some(Next::Go))
}

/// Checks an import from the recycle bin before it is completed: if it is neither as it was in the bin nor as this
/// run's PUT made it, somebody has changed it. What the bin did not show is believed where it was read `at_once`.
pub(crate) async fn touched_restored(
    context: &Context<'_>,
    item: &PlanItem,
    there: &Document,
    at_once: bool,
) -> Result<Option<Next>, EngineError> {
    if item.operation != Operation::Restore {
        return Ok(None);
    }
    let is_as_before = match before_of(context, item)? {
        Some(before) => is_unchanged(&before, there),
        None => at_once,
    };
    if is_as_before {
        return Ok(None);
    }
    if let Some(next) = was_completed(context, item, there).await? {
        return Ok(Some(next));
    }
    let last = there.head.last_modified.as_deref().map_or_else(String::new, |at| format!(" (last at {at})"));
    let message = format!(
        "it was taken out of the recycle bin, but not completed: somebody else changed it since{last}: left alone"
    );
    end(context, item.item, End::new(Outcome::Stale, "stale", message)).await.map(Some)
}

/// Whether the import in the target is the one that was in the recycle bin, also in the fields that the job ignores.
fn is_unchanged(before: &BeforeImage, there: &Document) -> bool {
    let (Ok(before), Ok(there)) = (before.tree(), read_tree(there.text.as_bytes())) else { return false };
    let comparison = compare(before, &there);
    comparison.verdict != Verdict::Differs && comparison.added.is_empty()
}

/// Whether an import holds what the service makes when it clones another for this item: the call's name, or what a
/// service makes of it, the call's connection, and its own references to what was cloned along with it.
fn is_clone_of(item: &PlanItem, source: &Document, clone: &Document) -> bool {
    let tree = |document: &Document| read_tree(document.text.as_bytes());
    let (Ok(mut source), Ok(mut clone)) = (tree(source), tree(clone)) else { return false };
    let asked = item.clone.as_ref().and_then(|call| call.get("name")).unwrap_or(&source["name"]).clone();
    if !may_be_made_of(&asked, &clone["name"]) {
        return false;
    }
    source["name"] = asked.clone();
    clone["name"] = asked;
    let map = item.clone.as_ref().and_then(|call| call.get("connectionMap"));
    let to = map.zip(source["_connectionId"].as_str()).and_then(|(map, from)| map.get(from)).cloned();
    if let Some(to) = to.filter(|to| clone["_connectionId"] == *to) {
        source["_connectionId"] = to;
    }
    let is_its_own = |pointer: &str| {
        let key = pointer.rsplit('/').next().unwrap_or_default();
        pointer != "/_connectionId" && key.starts_with('_') && key.ends_with("Id")
    };
    [(&source, &clone), (&clone, &source)].into_iter().all(|(one, other)| {
        let comparison = compare(one, other);
        comparison.differences.iter().all(|pointer| is_its_own(pointer))
    })
}

/// The import to be removed is gone, and an earlier attempt of this run may have removed it: the item is done.
pub(crate) async fn late_delete(
    context: &Context<'_>,
    item: &PlanItem,
    target: &Id,
) -> Result<Next, EngineError> {
    intend(context, item, Intent::of(Operation::Delete)).await?;
    present(context, item, target, None, 0, true).await
}

/// The fingerprint of the document in the target, if it is what is wanted and nothing more.
pub(crate) fn exactly(
    context: &Context<'_>,
    item: &PlanItem,
    there: &Document,
) -> Result<Option<Fingerprint>, EngineError> {
    let Found { print, exactly, .. } = found(context, item, there)?;
    Ok(exactly.then_some(print))
}

/// Whether the document in the target is what the service made of the document that was sent, as far as this can be
/// decided from the document as it was before.
fn was_normalised(context: &Context<'_>, item: &PlanItem, there: &Document) -> Result<bool, EngineError> {
    let Some(before) = before_of(context, item)? else { return Ok(false) };
    let (Ok(before), Ok(wanted)) = (before.tree(), read_tree(&document(context, item)?)) else {
        return Ok(false);
    };
    Ok(read_tree(there.text.as_bytes()).is_ok_and(|found| landed(before, &wanted, &found)))
}

/// The document as it was before this run first changed it, if it was kept.
fn before_of(context: &Context<'_>, item: &PlanItem) -> Result<Option<BeforeImage>, EngineError> {
    let folder = context.plan.path().parent().map(RunFolder::at);
    Ok(folder.map(|folder| BeforeImages::first_of(&folder, item.item)).transpose()?.flatten())
}

/// The call had its effect, as the document in the target shows.
fn adopted(target: Id, print: Fingerprint, there: &Document) -> Step {
    let modified = there.head.last_modified.clone();
    Step::Applied { target, status: None, sends: 0, adopted: true, sha256: Some(print), modified }
}

/// The document in the target, compared with what is wanted.
struct Found {
    print: Fingerprint,
    /// Everything that is wanted is there and equal.
    as_wanted: bool,
    /// There is also nothing more.
    exactly: bool,
}

/// Compares the document in the target with what is wanted.
fn found(context: &Context<'_>, item: &PlanItem, there: &Document) -> Result<Found, EngineError> {
    let found = printed(context, &there.text);
    let print = found.print;
    if Some(print) == sent_sha256(context, item) {
        return Ok(Found { print, as_wanted: true, exactly: true });
    }
    let found = found.into_tree();
    let comparison = compare_texts(&context.ignore, &document(context, item)?, &found);
    let as_wanted = comparison.verdict != Verdict::Differs;
    Ok(Found { print, as_wanted, exactly: as_wanted && comparison.added.is_empty() })
}

/// A read before or after a write failed: the item stays in its state, or fails if no intent was written.
pub(crate) async fn unreadable(
    context: &Context<'_>,
    item: &PlanItem,
    error: &ApiError,
) -> Result<Next, EngineError> {
    match error.kind {
        ErrorKind::Unauthorized => return Ok(Next::Unauthorized),
        ErrorKind::Withheld | ErrorKind::Away => return Ok(Next::Interrupted),
        _ => {}
    }
    // What was made or seen a moment ago may not be shown by its id yet.
    let is_new = matches!(context.journal.state(item.item), ItemState::Applied { .. });
    if error.kind == ErrorKind::NotFound && is_new && context.waited_for.borrow_mut().insert(item.item) {
        return Ok(Next::TooEarly);
    }
    if error.kind == ErrorKind::NotFound {
        let message = "it was removed by somebody else while it was being written";
        return end(context, item.item, End::new(Outcome::Stale, "gone", message).after(error)).await;
    }
    let code = error.code().map_or_else(
        || error.status.map_or("unreadable".to_owned(), |status| status.to_string()),
        str::to_owned,
    );
    let state = context.journal.state(item.item);
    let is_sent = matches!(state, ItemState::InDoubt { .. } | ItemState::Applied { .. });
    // It had ended so before: it does again, as long as it cannot be read.
    let ended_before = context.journal.doubt(item.item).is_some_and(|doubt| doubt.ended_before);
    // What may not be read is not readable later either. Another failure may pass: it is read once more.
    let may_pass = error.kind != ErrorKind::Refused && error.is_of_one_document();
    if is_sent && may_pass && !context.options.lookup_only && context.unread.borrow_mut().insert(item.item) {
        return Ok(Next::ReadOnceMore);
    }
    let is_over = error.is_of_one_document();
    let (outcome, message) = match state {
        // An undo resolves what it can; what it cannot read stays in doubt for the next one.
        ItemState::InDoubt { .. } if (!is_over || context.options.lookup_only) && !ended_before => {
            return Ok(Next::StillInDoubt(format!("it could not be read back: {}", error.summary)));
        }
        ItemState::InDoubt { .. } => {
            let message = format!(
                "a call was sent for it, and whether that had its effect is not known: it cannot be read ({})",
                error.summary
            );
            (Outcome::Conflict, message)
        }
        ItemState::Applied { .. } if !is_over => {
            let message = format!("it is there, but could not be read to be completed: {}", error.summary);
            return Ok(Next::StillInDoubt(message));
        }
        ItemState::Applied { target, .. } => {
            let message = format!(
                "it is there as {target}, but cannot be read to be completed ({}): `transship undo` removes it",
                error.summary
            );
            (Outcome::Failed, message)
        }
        _ => return end(context, item.item, End::failed(code, error.summary.clone()).after(error)).await,
    };
    end(context, item.item, End::new(outcome, code, message).answered(error.status, 0)).await
}
