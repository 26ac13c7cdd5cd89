//! verify: reads back what was written and compares it with what was wanted, by the cheaper of pages and single calls.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::api::ErrorKind;
use crate::documents::contained;
use crate::documents::references::Kind;
use crate::executor::context::{Context, document, printed, sent_sha256, with_article};
use crate::executor::record::compare_texts;
use crate::executor::stop_policy::Policy;
use crate::executor::{copies, halt};
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{BREATH_DOCUMENTS, PageVisitor, ScanOptions, list_scan};
use crate::journal::Step;
use crate::model::event::{Event, Stage};
use crate::model::{Head, Id, IdMap, ItemKey, ItemSet, Operation, Verdict};
use crate::run_folder::forecast;
use crate::run_folder::plan_item::PlanItem;

/// The first pause between two looks at what may be behind; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest of them.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What the comparison of one import said.
struct Verified {
    verdict: Verdict,
    sha256: Option<crate::model::Fingerprint>,
    differences: Vec<String>,
    /// `lastModified` of what was read.
    modified: Option<String>,
    /// The name of its item, where that was looked at.
    name: Option<Arc<str>>,
}

impl Verified {
    /// Of what was not read.
    fn absent(verdict: Verdict, what: Option<String>) -> Self {
        Self { verdict, sha256: None, differences: what.into_iter().collect(), modified: None, name: None }
    }
}

/// Reads back every import this run wrote and has not compared yet.
///
/// A read may be behind the write: what differs and is not the very version that the write was answered with is read
/// again until the grace period is over, and only then counts as different.
///
/// Where one scan of the list showed all that this run made, and as it is to be, that was the look for copies too: what it
/// met beside that is given back, by id with the name. A list that lags does not, and is looked at once more.
pub(crate) async fn read_back(
    context: &Context<'_>,
    policy: &mut Policy,
) -> Result<Option<BTreeMap<Id, String>>, EngineError> {
    // What is not completed yet is not what is wanted, and not to be: `resume` completes it.
    let mut open = context.ledger.unverified(&crate::executor::halves(context)?);
    if open.is_empty() {
        return Ok(None);
    }
    let is_import = |item: &ItemKey| context.others.kind(*item) == Kind::Imports;
    let mut is_look = copies::is_look(context, open.values().filter(|item| is_import(item)).count());
    let mut looked = None;
    context.events.emit(&Event::StageStarted { stage: Stage::Verify, total: Some(open.len() as u64) });
    let deadline = Instant::now() + context.options.settle;
    let listed = context.plan.tail().target_listed + open.len() as u64;
    // What the list showed as different once.
    let mut seen: HashSet<ItemKey> = HashSet::new();
    let mut pause = PAUSE;
    while !open.is_empty() && !context.cancel.is_draining() {
        let late = Instant::now() >= deadline;
        let mut by_id: Vec<(ItemKey, Id)> = Vec::new();
        let mut confirmed_by_list = false;
        if is_cheaper_by_list(context, listed, open.values()) {
            let Listed { settled, gone, differ, whole, met } =
                compare_list(context, policy, &open, is_look).await?;
            open.retain(|item| !settled.contains(*item));
            looked = met.filter(|_| whole && !open.values().any(is_import));
            is_look = false;
            for item in gone {
                let absent = Verified::absent(Verdict::Equal, None);
                let target = record(context, policy, item, absent).await?;
                open.remove(&target);
                halt(context, policy);
            }
            // Many are confirmed by a second scan, few by id.
            confirmed_by_list = whole && is_cheaper_by_list(context, listed, open.values());
            for (item, verified) in if confirmed_by_list { differ } else { HashMap::new() } {
                if !seen.insert(item) && (late || is_the_answer(context, item, &verified)) {
                    let target = record(context, policy, item, verified).await?;
                    open.remove(&target);
                    halt(context, policy);
                }
            }
        }
        if !confirmed_by_list || late {
            by_id.extend(open.iter().map(|(target, item)| (*item, target)));
        }
        by_id.sort_unstable_by_key(|(item, _)| *item);
        let reads = futures::stream::iter(by_id)
            .take_until(context.cancel.draining())
            .map(|(item, target)| async move { (item, compare_one(context, item, &target).await, target) })
            .buffer_unordered(context.options.in_flight);
        futures::pin_mut!(reads);
        while let Some((item, verified, target)) = reads.next().await {
            match verified? {
                ReadBack::Unauthorized => {
                    policy.refuse_token();
                    context.cancel.drain();
                }
                ReadBack::Withheld => crate::executor::held_back(context),
                ReadBack::Compared(verified)
                    if late
                        || verified.verdict != Verdict::Differs
                        || is_the_answer(context, item, &verified) =>
                {
                    record(context, policy, item, verified).await?;
                    open.remove(&target);
                }
                // It may be behind.
                ReadBack::Compared(_) => {}
            }
            halt(context, policy);
        }
        if !open.is_empty() {
            let rest = deadline.saturating_duration_since(Instant::now());
            tokio::select! {
                () = sleep(pause.min(rest)) => {}
                () = context.cancel.draining() => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
    context.events.emit(&Event::StageFinished { stage: Stage::Verify });
    Ok(looked)
}

/// Whether items are read back by fewer calls from the list.
fn is_cheaper_by_list<'i>(
    context: &Context<'_>,
    listed: u64,
    items: impl Iterator<Item = &'i ItemKey>,
) -> bool {
    // What imports refer to is read by id: its lists do not show all of it.
    let imports = items.filter(|item| context.others.kind(**item) == Kind::Imports).count() as u64;
    forecast::read_back(imports, listed, context.plan.tail().target_page).0
}

/// Whether what was read is the very version that the write was answered with: then no later read shows another.
fn is_the_answer(context: &Context<'_>, item: ItemKey, verified: &Verified) -> bool {
    context.ledger.is_the_answer(item, verified.modified.as_deref(), verified.sha256)
}

async fn record(
    context: &Context<'_>,
    policy: &mut Policy,
    item: ItemKey,
    verified: Verified,
) -> Result<Id, EngineError> {
    let target = context.ledger.state(item).target().cloned().unwrap_or_else(|| Id::from(""));
    let Verified { verdict, sha256, differences, modified, name } = verified;
    let name = name.map_or_else(|| context.plan.item(item).map(|item| item.name.into()), Ok)?;
    let step = Step::Verified { verdict, sha256, differences: differences.clone(), modified };
    context.ledger.note(item, step).await?;
    context.events.emit(&Event::StageAdvanced { stage: Stage::Verify, by: 1 });
    context.events.emit(&Event::ItemVerified { item, name, verdict, differences });
    if verdict == Verdict::Differs {
        policy.differed(item);
    }
    Ok(target)
}

/// What a scan of the list said.
struct Listed {
    /// What is as wanted, and recorded so.
    settled: ItemSet,
    /// Items whose import is to be gone, and is.
    gone: Vec<ItemKey>,
    differ: HashMap<ItemKey, Verified>,
    /// Whether the list was read to its end.
    whole: bool,
    /// Imports that were not there when the run was planned, nor are read back, if they were looked for.
    met: Option<BTreeMap<Id, String>>,
}

/// Compares what a scan of the list shows: what is as wanted, which is recorded while the next page is on its way, and what is
/// there and is not.
async fn compare_list(
    context: &Context<'_>,
    policy: &mut Policy,
    open: &IdMap<ItemKey>,
    is_look: bool,
) -> Result<Listed, EngineError> {
    let removals = removals(context, open)?;
    let steady = !removals.is_empty();
    let (sender, mut equal) = mpsc::channel(2 * BREATH_DOCUMENTS);
    let mut reader = Reader {
        context,
        open,
        removals,
        told: ItemSet::default(),
        equal: sender,
        differ: HashMap::new(),
        there: HashSet::new(),
        met: is_look.then(BTreeMap::new),
    };
    // Removed imports are settled by their absence, and absence needs two looks that agree.
    let listed_apart = context.plan.tail().target_listed_apart;
    let manner = ScanOptions { steady, listed_apart, to_the_end: steady, ..ScanOptions::default() };
    let scanning = async {
        let whole = match list_scan(context.target, manner, context.cancel, &mut reader).await {
            Ok(_) => true,
            // What the list could not tell is asked one by one; a run that drains stops there.
            Err(
                EngineError::Interrupted
                | EngineError::Unsteady { .. }
                | EngineError::CutShort { .. }
                | EngineError::EmptyButUsed { .. },
            ) => false,
            Err(error) if error.is_unauthorized() || error.is_away() => false,
            Err(error) => return Err(error),
        };
        let Reader { there, removals, differ, told: settled, met, .. } = reader;
        let gone = if whole { removals.difference(&there).copied().collect() } else { Vec::new() };
        Ok(Listed { settled, gone, differ, whole, met })
    };
    let recording = async {
        while let Some((item, verified)) = equal.recv().await {
            record(context, policy, item, verified).await?;
            halt(context, policy);
        }
        Ok(())
    };
    let (listed, ()) = futures::try_join!(scanning, recording)?;
    Ok(listed)
}

/// The items among `open` whose import is to be gone.
fn removals(context: &Context<'_>, open: &IdMap<ItemKey>) -> Result<HashSet<ItemKey>, EngineError> {
    let mut removals = HashSet::new();
    if !context.plan.tail().totals.contains_key(Operation::Delete.as_str()) {
        return Ok(removals);
    }
    // The list of imports tells nothing of what is no import.
    for item in open.values().filter(|item| context.others.kind(**item) == Kind::Imports) {
        if context.plan.item(*item)?.operation == Operation::Delete {
            removals.insert(*item);
        }
    }
    Ok(removals)
}

struct Reader<'a, 'b> {
    context: &'a Context<'b>,
    open: &'a IdMap<ItemKey>,
    removals: HashSet<ItemKey>,
    /// What was found to be as wanted: a list that is read again shows it again.
    told: ItemSet,
    equal: mpsc::Sender<(ItemKey, Verified)>,
    differ: HashMap<ItemKey, Verified>,
    there: HashSet<ItemKey>,
    met: Option<BTreeMap<Id, String>>,
}

impl PageVisitor for Reader<'_, '_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.differ.clear();
        self.there.clear();
        self.met.iter_mut().for_each(BTreeMap::clear);
        Ok(())
    }

    fn ready(&self) -> BoxFuture<'static, ()> {
        let equal = self.equal.clone();
        // Whoever records it goes on as long as the scan does.
        Box::pin(async move { drop(equal.reserve_many(BREATH_DOCUMENTS).await) })
    }

    fn take(&mut self, head: &Head, text: &str) -> Result<bool, EngineError> {
        let Some(key) = self.open.get(&head.id) else {
            if let Some(met) = &mut self.met
                && !self.context.before.had(Kind::Imports, &head.id)
            {
                met.insert(head.id.clone(), head.name.clone());
            }
            return Ok(true);
        };
        if self.removals.contains(key) {
            self.there.insert(*key);
            return Ok(true);
        }
        if self.told.contains(*key) {
            return Ok(true);
        }
        let item = self.context.plan.item(*key)?;
        let verified = check(self.context, &item, head, text)?;
        if verified.verdict == Verdict::Differs {
            self.differ.insert(*key, verified);
        } else if self.equal.try_send((*key, verified)).is_ok() {
            // Whoever records it is there until the list ends; what found no place there would be read once more.
            self.told.insert(*key);
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

/// Reads one import by id and compares it. One that the service does not show is not checked, and says why.
async fn compare_one(context: &Context<'_>, key: ItemKey, target: &Id) -> Result<ReadBack, EngineError> {
    let item = context.plan.item(key)?;
    let gone = item.operation == Operation::Delete;
    let differs = |what: String| ReadBack::Compared(Verified::absent(Verdict::Differs, Some(what)));
    match context.target.client.get(item.list(), target).await {
        Ok(_) if gone => Ok(differs(format!("(the {} is still there)", item.noun()))),
        Ok(there) => check(context, &item, &there.head, &there.text).map(ReadBack::Compared),
        Err(error) if error.kind == ErrorKind::NotFound && gone => {
            Ok(ReadBack::Compared(Verified::absent(Verdict::Equal, None)))
        }
        Err(error) if error.kind == ErrorKind::NotFound => {
            Ok(differs(format!("(the {} is not there)", item.noun())))
        }
        Err(error) if error.kind == ErrorKind::Unauthorized => Ok(ReadBack::Unauthorized),
        Err(error) if error.is_held_back() => Ok(ReadBack::Withheld),
        Err(error) if error.is_of_one_document() => {
            let why = format!("(it could not be read back: {})", error.summary);
            Ok(ReadBack::Compared(Verified::absent(Verdict::NotChecked, Some(why))))
        }
        Err(error) => Err(context.target.failed(&format!("read back {}", with_article(item.noun())))(error)),
    }
}

/// Compares what was read with what was sent. A panic leaves it unchecked, and says so.
fn check(context: &Context<'_>, item: &PlanItem, head: &Head, text: &str) -> Result<Verified, EngineError> {
    contained(|| compare(context, item, head, text)).unwrap_or_else(|mistake| {
        let why = format!("(it could not be compared: {mistake})");
        Ok(Verified::absent(Verdict::NotChecked, Some(why)))
    })
}

fn compare(context: &Context<'_>, item: &PlanItem, head: &Head, text: &str) -> Result<Verified, EngineError> {
    let (sent, modified) = (sent_sha256(context, item), head.last_modified.clone());
    let name = Some(item.name.as_str().into());
    let equal = |sha256, modified, name| {
        Ok(Verified { verdict: Verdict::Equal, sha256, differences: Vec::new(), modified, name })
    };
    if sent.is_some() && context.ledger.is_known_as_sent(item.item, text) {
        return equal(sent, modified, name);
    }
    let printed = printed(context, text);
    let sha256 = Some(printed.print);
    if sha256 == sent {
        return equal(sha256, modified, name);
    }
    let found = printed.into_tree();
    let comparison = compare_texts(&context.ignore, &document(context, item)?, &found);
    let (mut verdict, mut differences) = (comparison.verdict, comparison.differences);
    // What was taken out where it stood must be gone. All else that was added is the service's own doing, so too what an
    // import of another account held before and holds again: the document that replaced it lacked that.
    let in_place = context.plan.head().source == context.plan.head().target;
    let taken_out = |pointer: &String| {
        item.changes.iter().any(|change| change.to.is_none() && leads_into(pointer, &change.path))
    };
    let kept: Vec<String> = comparison.added.into_iter().filter(taken_out).collect();
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

/// Whether a JSON pointer leads to a place or into it.
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
