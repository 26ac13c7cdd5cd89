//! Reads back from the list: what is as wanted is recorded while the next page is being requested.

use std::collections::{BTreeMap, HashMap};

use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::verdict::{Verified, check, record};
use crate::documents::references::Kind;
use crate::executor::context::Context;
use crate::executor::halt;
use crate::executor::stop_policy::Policy;
use crate::inventory::error::EngineError;
use crate::inventory::list_scan::{BREATH_DOCUMENTS, PageVisitor, Repeats, ScanOptions, list_scan};
use crate::model::{Head, Id, ItemKey, ItemSet, Operation, Verdict};

/// The result of a scan of the list.
pub(super) struct Listed {
    /// Items that are as wanted and are recorded as such.
    pub as_wanted: ItemSet,
    /// Items whose import was to be removed and is not on the list.
    pub gone: Vec<ItemKey>,
    pub differ: HashMap<ItemKey, Verified>,
    /// Whether the list was read to its end.
    pub whole: bool,
    /// Imports that were not there when the run was planned and are not read back, if such imports were looked for.
    pub met: Option<BTreeMap<Id, String>>,
}

/// Compares what a scan of the list shows: what is as wanted is recorded while the next page is being requested; the
/// rest is returned.
pub(super) async fn compare_list(
    context: &Context<'_>,
    policy: &mut Policy,
    open: &ItemSet,
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
        there: ItemSet::default(),
        met: is_look.then(BTreeMap::new),
    };
    // Removed imports are verified by their absence, and absence needs two looks that agree.
    let listed_apart = context.plan.tail().target_listed_apart;
    let manner = ScanOptions {
        steady,
        listed_apart,
        to_the_end: steady,
        repeats: Repeats::Allow,
        ..ScanOptions::default()
    };
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
        let Reader { there, mut removals, differ, told: as_wanted, met, .. } = reader;
        removals.remove_all(&there);
        let gone = if whole { removals.iter().collect() } else { Vec::new() };
        Ok(Listed { as_wanted, gone, differ, whole, met })
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

/// The items among `open` that remove an import.
fn removals(context: &Context<'_>, open: &ItemSet) -> Result<ItemSet, EngineError> {
    let mut removals = ItemSet::default();
    if !context.plan.tail().totals.contains_key(Operation::Delete.as_str()) {
        return Ok(removals);
    }
    // The list of imports tells nothing of what is no import.
    for item in open.iter().filter(|item| context.others.kind(*item) == Kind::Imports) {
        if context.plan.item(item)?.operation == Operation::Delete {
            removals.insert(item);
        }
    }
    Ok(removals)
}

struct Reader<'a, 'b> {
    context: &'a Context<'b>,
    open: &'a ItemSet,
    removals: ItemSet,
    /// Items found to be as wanted; a list that is read again shows them again.
    told: ItemSet,
    equal: mpsc::Sender<(ItemKey, Verified)>,
    differ: HashMap<ItemKey, Verified>,
    there: ItemSet,
    met: Option<BTreeMap<Id, String>>,
}

impl PageVisitor for Reader<'_, '_> {
    fn restart(&mut self) -> Result<(), EngineError> {
        self.differ.clear();
        self.there = ItemSet::default();
        self.met.iter_mut().for_each(BTreeMap::clear);
        Ok(())
    }

    fn ready(&self) -> BoxFuture<'static, ()> {
        let equal = self.equal.clone();
        // Whoever records it goes on as long as the scan does.
        Box::pin(async move { drop(equal.reserve_many(BREATH_DOCUMENTS).await) })
    }

    fn take(&mut self, head: &Head, text: &str) -> Result<bool, EngineError> {
        let owner = self.context.journal.owner(&head.id);
        let Some(key) = owner.filter(|item| self.open.contains(*item)) else {
            if let Some(met) = &mut self.met
                && !self.context.before.had(Kind::Imports, &head.id)
            {
                met.insert(head.id.clone(), head.name.clone());
            }
            return Ok(true);
        };
        if self.removals.contains(key) {
            self.there.insert(key);
            return Ok(true);
        }
        if self.told.contains(key) {
            return Ok(true);
        }
        let verified = check(self.context, key, head, text, || Ok(self.context.plan.item(key)?))?;
        if verified.verdict == Verdict::Differs {
            self.differ.insert(key, verified);
        } else if self.equal.try_send((key, verified)).is_ok() {
            // Whoever records it is there until the list ends; what found no place there would be read once more.
            self.told.insert(key);
        }
        Ok(true)
    }
}
