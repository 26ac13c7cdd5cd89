//! The comparison of one import with what was sent, and how its result is recorded.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::documents::contained;
use crate::documents::normal::consensus::place;
use crate::documents::normal::{masks, remove_masks, remove_pointers};
use crate::executor::context::{Context, document, printed, sent_sha256};
use crate::executor::record::compare_texts;
use crate::executor::stop_policy::Policy;
use crate::inventory::error::EngineError;
use crate::journal::Step;
use crate::model::event::{Event, Stage};
use crate::model::{Fingerprint, Head, ItemKey, Operation, Verdict};
use crate::run_folder::plan_item::PlanItem;

/// The result of comparing one import.
pub(super) struct Verified {
    pub verdict: Verdict,
    pub sha256: Option<Fingerprint>,
    pub differences: Vec<String>,
    /// `lastModified` of what was read.
    pub modified: Option<String>,
    /// The name of its item, if it was read.
    name: Option<Arc<str>>,
}

impl Verified {
    /// The result for an import that was not read.
    pub(super) fn absent(verdict: Verdict, what: Option<String>) -> Self {
        Self { verdict, sha256: None, differences: what.into_iter().collect(), modified: None, name: None }
    }
}

/// Records the result for an item.
pub(super) async fn record(
    context: &Context<'_>,
    policy: &mut Policy,
    item: ItemKey,
    verified: Verified,
) -> Result<(), EngineError> {
    let Verified { verdict, sha256, differences, modified, name } = verified;
    let name = name.map_or_else(|| context.plan.item(item).map(|item| item.name.into()), Ok)?;
    let step = Step::Verified { verdict, sha256, differences: differences.clone(), modified };
    context.journal.note(item, step).await?;
    context.events.emit(&Event::StageAdvanced { stage: Stage::Verify, by: 1 });
    context.events.emit(&Event::ItemVerified { item, name, verdict, differences });
    if verdict == Verdict::Differs {
        policy.differed(item);
    }
    Ok(())
}

/// The result for a text that is known to equal what was sent: only a few fields of its item are read.
fn known_as_sent(
    context: &Context<'_>,
    item: ItemKey,
    head: &Head,
    text: &str,
) -> Result<Option<Verified>, EngineError> {
    if !context.journal.is_known_as_sent(item, text) {
        return Ok(None);
    }
    let item = context.plan.sent_item(item)?;
    let Some(sha256) = item.sent_sha256() else { return Ok(None) };
    Ok(Some(Verified {
        verdict: Verdict::Equal,
        sha256: Some(sha256),
        differences: Vec::new(),
        modified: head.last_modified.clone(),
        name: Some(item.name.into()),
    }))
}

/// Compares what was read with what was sent for an item, which is read only if needed. A panic leaves the item
/// unchecked, with a message.
pub(super) fn check(
    context: &Context<'_>,
    key: ItemKey,
    head: &Head,
    text: &str,
    item: impl FnOnce() -> Result<PlanItem, EngineError>,
) -> Result<Verified, EngineError> {
    if let Some(verified) = known_as_sent(context, key, head, text)? {
        return Ok(verified);
    }
    let item = item()?;
    contained(|| compare(context, &item, head, text)).unwrap_or_else(|mistake| {
        let why = format!("(it could not be compared: {mistake})");
        Ok(Verified::absent(Verdict::NotChecked, Some(why)))
    })
}

fn compare(context: &Context<'_>, item: &PlanItem, head: &Head, text: &str) -> Result<Verified, EngineError> {
    let printed = printed(context, text);
    let (sha256, modified) = (Some(printed.print), head.last_modified.clone());
    let name = Some(item.name.as_str().into());
    if sha256 == sent_sha256(context, item) {
        return Ok(Verified { verdict: Verdict::Equal, sha256, differences: Vec::new(), modified, name });
    }
    let mut found = printed.into_tree();
    // It came back with the secrets that a document made of the backup lacks.
    if let (Operation::Restore, Some(was), Ok(found)) = (item.operation, &item.target, &mut found)
        && was.id == head.id
    {
        remove_masks(found, &item.secrets);
    }
    // The service copies what it shows masked; what is sent holds no masks.
    let mut copied = Vec::new();
    if let (Operation::Clone, false, Ok(found)) = (item.operation, item.adjust, &mut found) {
        copied = masks(found);
        remove_pointers(found, &copied);
    }
    let comparison = compare_texts(&context.ignore, &document(context, item)?, &found);
    if comparison.verdict == Verdict::Differs && comparison.only_grew() {
        let grown: BTreeSet<String> = comparison.grown.iter().map(|pointer| place(pointer)).collect();
        let message = context.first_reads.filled_in(&grown);
        message.into_iter().for_each(|message| context.events.emit(&Event::Noted { message }));
    }
    let (mut verdict, mut differences) = (comparison.verdict, comparison.differences);
    if verdict == Verdict::Equal && !copied.is_empty() {
        verdict = Verdict::EqualWithDefaults;
    }
    // What was taken out where it stood must be gone. All else that was added is the service's own doing, so too what an
    // import of another account held before and holds again: the document that replaced it lacked that.
    let in_place = context.plan.head().source == context.plan.head().target;
    let taken_out = |pointer: &String| {
        item.changes.iter().any(|change| change.to.is_none() && leads_into(pointer, &change.path))
    };
    let kept: Vec<String> = comparison.added.into_iter().chain(comparison.blank).filter(taken_out).collect();
    if in_place && item.operation == Operation::Update && !kept.is_empty() {
        verdict = Verdict::Differs;
        differences.extend(kept);
    }
    if let (Verdict::Differs, Ok(found)) = (verdict, &found)
        && let Some(message) = context.first_reads.notice(&context.ignore, item.item, found)
    {
        context.events.emit(&Event::Noted { message });
    }
    Ok(Verified { verdict, sha256, differences, modified, name })
}

/// Whether a JSON pointer points to a place or into it.
fn leads_into(pointer: &str, place: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::leads_into;

    #[test]
    fn a_place_that_begins_alike_is_another() {
        let rows =
            [("/http/body", true), ("/http/body/0", true), ("/http/bodyType", false), ("/http", false)];
        for (pointer, wanted) in rows {
            assert_eq!(leads_into(pointer, "/http/body"), wanted, "{pointer}");
        }
    }
}
