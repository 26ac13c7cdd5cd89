//! What the journal says about every item, read back record by record.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Misfit;
use super::{Ending, Entry, ItemState, NOT_SENT, Phase, Record, Step, StopCounts};
use crate::model::packed_id::{UsualId, pack, unpack};
use crate::model::{Fingerprint, Id, ItemKey, Operation, Outcome, Verdict, WaitsFor};

/// The status of an answer to a token that was refused: nothing was done.
const UNAUTHORIZED: u16 = 401;

/// An attempt whose effect was not known when the journal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// The operation of the intent: a restore can turn into a create.
    pub operation: Operation,
    /// Whether the item had ended although its effect was unknown, and is looked up again.
    pub ended_before: bool,
}

/// An id as a state holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeptId {
    Usual(UsualId),
    /// The place of an id of another form, in bytes of a number.
    Odd([u8; 4]),
}

/// What the journal says about the items of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemStates {
    /// In 15 bytes each, because there may be very many.
    states: Vec<ItemState<KeptId>>,
    /// Ids of another form than usual. An id that follows itself, as that of a snapshot does, is kept once.
    odd: Vec<Id>,
    attempts: BTreeMap<ItemKey, u32>,
    doubts: BTreeMap<ItemKey, Doubt>,
    /// Items that failed because their call was never sent.
    not_sent: BTreeSet<ItemKey>,
    /// Items that were written and that the service did not show at the read-back.
    unread: BTreeSet<ItemKey>,
    /// Items that ended while the effect of their call was unknown, because the import could not be read.
    undecided: BTreeMap<ItemKey, Doubt>,
    /// Items whose call was answered with a 429 or 401 and that were not resolved since, with that status: a service may
    /// answer 429 after it has acted, so that is kept.
    not_taken: BTreeMap<ItemKey, Option<u16>>,
    /// Whether the intent of a call that creates an import was written again after the call may have been sent.
    made_again: bool,
    /// `lastModified` of clones, as the service returned it when it created them.
    cloned: BTreeMap<ItemKey, Cloned>,
    /// The imports that items were found to have already, so that nothing was sent for them.
    found: BTreeMap<ItemKey, Id>,
    /// What counts against the limits of `stop`.
    stop_counts: StopCounts,
}

/// The service's answer about a clone, if it contained the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloned {
    /// When it was last changed, according to the service.
    pub modified: Option<String>,
    /// The fingerprint of that document.
    pub sha256: Option<Fingerprint>,
}

impl ItemStates {
    /// Nothing has happened to any of `items` items.
    pub fn blank(items: u32) -> Self {
        Self { states: vec![ItemState::Untouched; items as usize], ..Self::default() }
    }

    /// Applies a record, in the journal's order.
    ///
    /// # Errors
    ///
    /// The step may not follow what the item did before, or there is no such item.
    pub fn take(&mut self, record: &Record) -> Result<(), Misfit> {
        match &record.entry {
            Entry::Item { item, step } => return self.step(*item, step),
            Entry::Closed { ending: Ending::Stopped, .. } => self.stop_counts.stopped(self.done()),
            Entry::Closed { waits_for: Some(WaitsFor::Agreement), .. } => self.stop_counts.goes_on = true,
            _ => {}
        }
        Ok(())
    }

    /// How many items have no call left to be made.
    fn done(&self) -> u32 {
        let is_done =
            |state: &&ItemState<KeptId>| !matches!(state, ItemState::Untouched | ItemState::InDoubt { .. });
        u32::try_from(self.states.iter().filter(is_done).count()).unwrap_or(u32::MAX)
    }

    /// What went wrong since the run last stopped by itself.
    pub fn stop_counts(&self) -> &StopCounts {
        &self.stop_counts
    }

    /// Applies a step of an item.
    ///
    /// # Errors
    ///
    /// Applies one step of an item; errors as for [`ItemStates::take`].
    pub fn step(&mut self, item: ItemKey, step: &Step) -> Result<(), Misfit> {
        let index = (item.0 as usize).wrapping_sub(1);
        let kept = self.states.get(index).ok_or(Misfit::NoSuchItem(item))?;
        let before = kept.with_id(|kept| self.id(kept));
        let after = before.after(step);
        let state = after.ok_or_else(|| Misfit::NotNow { item, step: word(step) })?;
        self.states[index] = state.with_id(|id| self.keep(id));
        self.stop_counts.step(item, step);
        match step {
            Step::Ended { outcome: Outcome::Failed, code, .. } if code == NOT_SENT => {
                self.not_sent.insert(item);
            }
            _ => drop(self.not_sent.remove(&item)),
        }
        match step {
            Step::Ended { outcome: Outcome::Unchanged, found: Some(id), .. } => {
                self.found.insert(item, id.clone());
            }
            _ => drop(self.found.remove(&item)),
        }
        match step {
            Step::Verified { verdict: Verdict::NotChecked, differences, .. } if !differences.is_empty() => {
                self.unread.insert(item);
            }
            _ => drop(self.unread.remove(&item)),
        }
        if let Step::Applied { modified, sha256, adopted, .. } = step
            && self.doubts.get(&item).is_some_and(|doubt| doubt.operation == Operation::Clone)
        {
            match state {
                ItemState::Applied { phase: Phase::Operation, .. } => {
                    let cloned = Cloned { modified: modified.clone(), sha256: sha256.filter(|_| !adopted) };
                    drop(self.cloned.insert(item, cloned));
                }
                _ => drop(self.cloned.remove(&item)),
            }
        }
        // What completes an import and had no effect leaves that as it was made: the call is counted on.
        let is_resolved = state.is_final() || matches!(step, Step::Applied { .. });
        if let Step::NotTaken { status, .. } = step {
            let last = self.not_taken.entry(item).or_insert(*status);
            *last = if *last == Some(UNAUTHORIZED) { *status } else { *last };
        } else if is_resolved {
            self.not_taken.remove(&item);
        }
        let undecided = self.undecided.remove(&item);
        if let (Step::Reopened, Some(doubt)) = (step, undecided) {
            self.doubts.insert(item, Doubt { ended_before: true, ..doubt });
            self.attempts.insert(item, 1);
            return Ok(());
        }
        if let Step::Ended { outcome: Outcome::Conflict, .. } = step
            && let Some(doubt) = self.doubts.get(&item)
            && is_found_by_its_id(&before, *doubt)
        {
            self.undecided.insert(item, *doubt);
        }
        if let Step::Intended { attempt, operation, .. } = step {
            self.attempts.insert(item, *attempt);
            self.made_again |= *attempt > 1 && operation.makes_an_import();
            self.doubts.insert(item, Doubt { operation: *operation, ended_before: false });
        } else if !matches!(step, Step::Doubted { .. }) {
            self.doubts.remove(&item);
            if matches!(step, Step::NotSent { .. } | Step::NotTaken { .. }) {
                // It cannot have had an effect: it does not count.
                match self.attempts(item) {
                    0 | 1 => drop(self.attempts.remove(&item)),
                    more => drop(self.attempts.insert(item, more - 1)),
                }
            }
            if is_resolved {
                self.attempts.remove(&item);
            }
        }
        Ok(())
    }

    /// Items that failed because their call was never sent, in the order of their keys.
    pub fn failed_unsent(&self) -> Vec<ItemKey> {
        self.not_sent.iter().copied().collect()
    }

    /// Items that were written and that the service did not show at the read-back, in the order of their keys.
    pub fn unread(&self) -> Vec<ItemKey> {
        self.unread.iter().copied().collect()
    }

    /// Items that ended although it is unknown whether their call had its effect, in the order of their keys.
    pub fn undecided(&self) -> Vec<ItemKey> {
        self.undecided.keys().copied().collect()
    }

    /// Whether the item is among those.
    pub fn is_undecided(&self, item: ItemKey) -> bool {
        self.undecided.contains_key(&item)
    }

    /// Items that a resumed run redoes: those of [`Self::failed_unsent`], [`Self::unread`] and [`Self::undecided`].
    pub fn reopened_by_resume(&self) -> Vec<ItemKey> {
        [self.failed_unsent(), self.unread(), self.undecided()].concat()
    }

    /// Whether the item is among [`Self::reopened_by_resume`].
    pub fn is_reopened_by_resume(&self, item: ItemKey) -> bool {
        self.not_sent.contains(&item) || self.unread.contains(&item) || self.is_undecided(item)
    }

    /// Items whose import was found to exist already when their turn came, with that import: the run did not make it,
    /// and it belongs to no other item of the run.
    pub fn found(&self) -> impl Iterator<Item = (ItemKey, &Id)> {
        self.found.iter().map(|(item, id)| (*item, id))
    }

    /// The import or resource that the item was found to have already.
    pub fn found_for(&self, item: ItemKey) -> Option<&Id> {
        self.found.get(&item)
    }

    /// The import of the target that belongs to an item: what it has, or what was found.
    pub fn of_items(&self) -> impl Iterator<Item = Id> {
        self.states().filter_map(|state| state.target().cloned()).chain(self.found.values().cloned())
    }

    /// The keys of all items, in their order.
    pub fn items(&self) -> impl Iterator<Item = ItemKey> + use<> {
        (1..=u32::try_from(self.states.len()).unwrap_or(u32::MAX)).map(ItemKey)
    }

    /// The states of all items, in the order of their keys.
    pub fn states(&self) -> impl Iterator<Item = ItemState> {
        self.states.iter().map(|kept| kept.with_id(|kept| self.id(kept)))
    }

    /// How many intents for the item's call were written since it was last resolved, and may have had an effect.
    pub fn attempts(&self, item: ItemKey) -> u32 {
        self.attempts.get(&item).copied().unwrap_or(0)
    }

    /// Whether the item's call was sent since it was last resolved and may have had its effect, whatever the answer
    /// was.
    pub fn may_have_acted(&self, item: ItemKey) -> bool {
        self.attempts(item) > 0 || self.not_taken.contains_key(&item)
    }

    /// Whether a call for the item may have made its import: one without a usable answer, or one of which the service
    /// said that it did not accept it, which may be wrong. With a token that was refused, nothing was made.
    pub fn may_have_made(&self, item: ItemKey) -> bool {
        self.attempts(item) > 0 || self.not_taken.get(&item).is_some_and(|last| *last != Some(UNAUTHORIZED))
    }

    /// Whether the last call for the item had no effect, because its token was refused.
    pub fn was_refused(&self, item: ItemKey) -> bool {
        self.not_taken.contains_key(&item) && !self.may_have_made(item)
    }

    /// Whether the intent of any call that creates an import was written again after the call may have been sent.
    pub fn made_again(&self) -> bool {
        self.made_again
    }

    /// [`Self::attempts`] of all items with attempts.
    pub fn all_attempts(&self) -> &BTreeMap<ItemKey, u32> {
        &self.attempts
    }

    /// The attempt of the item whose effect is not known, if there is one.
    pub fn doubt(&self, item: ItemKey) -> Option<Doubt> {
        self.doubts.get(&item).copied()
    }

    /// The service's answer about the clone of an item that is not completed yet.
    pub fn cloned(&self, item: ItemKey) -> Option<&Cloned> {
        self.cloned.get(&item)
    }

    /// The state of an item.
    pub fn state(&self, item: ItemKey) -> ItemState {
        let kept = (item.0 as usize).checked_sub(1).and_then(|index| self.states.get(index));
        kept.map(|kept| kept.with_id(|kept| self.id(kept))).unwrap_or_default()
    }

    fn id(&self, kept: &KeptId) -> Id {
        match kept {
            KeptId::Usual(usual) => Id::from(unpack(usual)),
            KeptId::Odd(place) => self.odd[u32::from_le_bytes(*place) as usize].clone(),
        }
    }

    fn keep(&mut self, id: &Id) -> KeptId {
        if let Some(usual) = pack(id) {
            return KeptId::Usual(usual);
        }
        if self.odd.last() != Some(id) {
            self.odd.push(id.clone());
        }
        KeptId::Odd(u32::try_from(self.odd.len() - 1).unwrap_or(u32::MAX).to_le_bytes())
    }
}

/// Whether a read by id shows the effect of a call in doubt. What a create or a clone made has to be searched for.
fn is_found_by_its_id(state: &ItemState, doubt: Doubt) -> bool {
    match state {
        ItemState::InDoubt { phase: Phase::Adjust, .. } => true,
        ItemState::InDoubt { phase: Phase::Operation, .. } => {
            matches!(doubt.operation, Operation::Update | Operation::Delete | Operation::Restore)
        }
        _ => false,
    }
}

fn word(step: &Step) -> &'static str {
    match step {
        Step::Intended { .. } => "intended",
        Step::Applied { .. } => "applied",
        Step::Doubted { .. } => "doubted",
        Step::Absent => "absent",
        Step::NotSent { .. } => "not sent",
        Step::NotTaken { .. } => "not taken",
        Step::Ended { .. } => "ended",
        Step::Reopened => "reopened",
        Step::Archived { .. } => "archived",
        Step::Verified { .. } => "verified",
    }
}

#[cfg(test)]
mod tests;
