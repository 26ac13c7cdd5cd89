//! verify: reads back what was written and compares it with what was wanted, by the cheaper of pages and single calls.

use std::collections::{HashMap, HashSet};

use futures::StreamExt;
use serde_json::value::RawValue;

use crate::api::ErrorKind;
use crate::executor::context::{Context, document, print_and_tree, sent_sha256, with_article};
use crate::executor::halt;
use crate::executor::record::compare_texts;
use crate::executor::stop_policy::Policy;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{PageVisitor, ScanOptions, list_scan};
use crate::journal::Step;
use crate::model::event::{Event, Stage};
use crate::model::{Head, Id, ItemKey, Operation, Verdict};
use crate::run_folder::forecast;
use crate::run_folder::plan_item::PlanItem;

/// What the comparison of one import said.
struct Verified {
    verdict: Verdict,
    sha256: Option<crate::model::Fingerprint>,
    differences: Vec<String>,
}

/// Reads back every import this run wrote and has not compared yet.
pub(crate) async fn read_back(context: &Context<'_>, policy: &mut Policy) -> Result<(), EngineError> {
    let mut open = context.ledger.unverified();
    // What is not completed yet is not what is wanted, and not to be: `resume` completes it.
    let halves = crate::executor::halves(context)?;
    open.retain(|(item, _)| !halves.contains(item));
    if open.is_empty() {
        return Ok(());
    }
    context.events.emit(&Event::StageStarted { stage: Stage::Verify, total: Some(open.len() as u64) });
    let tail = context.plan.tail();
    // What imports refer to is read by id: its lists do not show all of it.
    let imports = open.iter().filter(|(item, _)| context.others.kind(*item).is_none()).count() as u64;
    let (by_list, _) = forecast::read_back(imports, tail.target_listed + imports, tail.target_page);
    let mut open: HashMap<Id, ItemKey> = open.into_iter().map(|(item, target)| (target, item)).collect();
    if by_list {
        let verified = compare_list(context, &open).await?;
        for (item, verified) in verified {
            let target = record(context, policy, item, verified).await?;
            open.remove(&target);
            halt(context, policy);
        }
    }
    // What the list lacks or shows as different is read by id before that counts.
    let mut rest: Vec<(ItemKey, Id)> = open.into_iter().map(|(target, item)| (item, target)).collect();
    rest.sort_unstable_by_key(|(item, _)| *item);
    let reads = futures::stream::iter(rest)
        .take_until(context.cancel.draining())
        .map(|(item, target)| async move { (item, compare_one(context, item, &target).await) })
        .buffer_unordered(context.options.in_flight);
    futures::pin_mut!(reads);
    while let Some((item, verified)) = reads.next().await {
        match verified? {
            ReadBack::Compared(verified) => drop(record(context, policy, item, verified).await?),
            ReadBack::Unauthorized => {
                policy.refuse_token();
                context.cancel.drain();
            }
            ReadBack::Withheld => crate::executor::held_back(context),
        }
        halt(context, policy);
    }
    context.events.emit(&Event::StageFinished { stage: Stage::Verify });
    Ok(())
}

async fn record(
    context: &Context<'_>,
    policy: &mut Policy,
    item: ItemKey,
    verified: Verified,
) -> Result<Id, EngineError> {
    let target = context.ledger.state(item).target().cloned().unwrap_or_else(|| Id::from(""));
    let name = context.plan.item(item)?.name;
    let Verified { verdict, sha256, differences } = verified;
    context.ledger.note(item, Step::Verified { verdict, sha256, differences: differences.clone() }).await?;
    context.events.emit(&Event::StageAdvanced { stage: Stage::Verify, by: 1 });
    context.events.emit(&Event::ItemVerified { item, name: name.into(), verdict, differences });
    if verdict == Verdict::Differs {
        policy.differed(item);
    }
    Ok(target)
}

/// Compares what a sweep of the list shows; only what is as wanted is settled by it.
async fn compare_list(
    context: &Context<'_>,
    open: &HashMap<Id, ItemKey>,
) -> Result<Vec<(ItemKey, Verified)>, EngineError> {
    let removals = removals(context, open)?;
    let steady = !removals.is_empty();
    let mut reader = Reader { context, open, removals, settled: Vec::new(), there: HashSet::new() };
    // Removed imports are settled by their absence, and absence needs two looks that agree.
    let manner =
        ScanOptions { steady, listed_apart: context.plan.tail().target_listed_apart, to_the_end: steady };
    let swept = list_scan(context.target, manner, context.cancel, &mut reader).await;
    match swept {
        Ok(_) => {}
        // What the list could not tell is asked one by one; a run that drains stops there.
        Err(
            EngineError::Interrupted
            | EngineError::Unsteady { .. }
            | EngineError::CutShort { .. }
            | EngineError::EmptyButUsed { .. },
        ) => {
            return Ok(reader.settled);
        }
        Err(error) if error.is_unauthorized() => return Ok(reader.settled),
        Err(error) => return Err(error),
    }
    let Reader { there, removals, mut settled, .. } = reader;
    let gone = removals.into_iter().filter(|item| !there.contains(item));
    let gone =
        gone.map(|item| (item, Verified { verdict: Verdict::Equal, sha256: None, differences: Vec::new() }));
    settled.extend(gone);
    Ok(settled)
}

/// The items among `open` whose import is to be gone.
fn removals(context: &Context<'_>, open: &HashMap<Id, ItemKey>) -> Result<HashSet<ItemKey>, EngineError> {
    let mut removals = HashSet::new();
    if !context.plan.tail().totals.contains_key(Operation::Delete.as_str()) {
        return Ok(removals);
    }
    // The list of imports tells nothing of what is no import.
    for item in open.values().filter(|item| context.others.kind(**item).is_none()) {
        if context.plan.item(*item)?.operation == Operation::Delete {
            removals.insert(*item);
        }
    }
    Ok(removals)
}

struct Reader<'a, 'b> {
    context: &'a Context<'b>,
    open: &'a HashMap<Id, ItemKey>,
    removals: HashSet<ItemKey>,
    settled: Vec<(ItemKey, Verified)>,
    there: HashSet<ItemKey>,
}

impl PageVisitor for Reader<'_, '_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.settled.clear();
        self.there.clear();
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, EngineError> {
        let Some(key) = self.open.get(&head.id) else { return Ok(true) };
        if self.removals.contains(key) {
            self.there.insert(*key);
            return Ok(true);
        }
        let item = self.context.plan.item(*key)?;
        let verified = check(self.context, &item, text)?;
        if verified.verdict != Verdict::Differs {
            self.settled.push((*key, verified));
        }
        Ok(true)
    }
}

/// What reading one import by id led to.
enum ReadBack {
    Compared(Verified),
    /// The token was refused.
    Unauthorized,
    /// The run drains, or the service is away: it was not read.
    Withheld,
}

/// Reads one import by id and compares it.
async fn compare_one(context: &Context<'_>, key: ItemKey, target: &Id) -> Result<ReadBack, EngineError> {
    let item = context.plan.item(key)?;
    let gone = item.operation == Operation::Delete;
    let differs = |what: &str| {
        let (verdict, differences) = (Verdict::Differs, vec![what.to_owned()]);
        ReadBack::Compared(Verified { verdict, sha256: None, differences })
    };
    match context.target.client.get(item.list(), target).await {
        Ok(_) if gone => Ok(differs(&format!("(the {} is still there)", item.noun()))),
        Ok(there) => check(context, &item, &there.text).map(ReadBack::Compared),
        Err(error) if error.kind == ErrorKind::NotFound && gone => {
            let (verdict, differences) = (Verdict::Equal, Vec::new());
            Ok(ReadBack::Compared(Verified { verdict, sha256: None, differences }))
        }
        Err(error) if error.kind == ErrorKind::NotFound => {
            Ok(differs(&format!("(the {} is not there)", item.noun())))
        }
        Err(error) if error.kind == ErrorKind::Unauthorized => Ok(ReadBack::Unauthorized),
        Err(error) if error.is_held_back() => Ok(ReadBack::Withheld),
        Err(error) => Err(context.target.failed(&format!("read back {}", with_article(item.noun())))(error)),
    }
}

fn check(context: &Context<'_>, item: &PlanItem, text: &RawValue) -> Result<Verified, EngineError> {
    let (print, found) = print_and_tree(context, text.get().as_bytes());
    if Some(print) == sent_sha256(context, item) {
        return Ok(Verified { verdict: Verdict::Equal, sha256: Some(print), differences: Vec::new() });
    }
    let comparison = compare_texts(&context.ignore, &document(context, item)?, found);
    let (mut verdict, mut differences) = (comparison.verdict, comparison.differences);
    // What an update was to take out must be gone; all else that was added is the service's own doing.
    let taken_out = |pointer: &String| {
        item.changes.iter().any(|change| change.to.is_none() && pointer.starts_with(&change.path))
    };
    let kept: Vec<String> = comparison.added.into_iter().filter(taken_out).collect();
    if item.operation == Operation::Update && !kept.is_empty() {
        verdict = Verdict::Differs;
        differences.extend(kept);
    }
    Ok(Verified { verdict, sha256: Some(print), differences })
}
