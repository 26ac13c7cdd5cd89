//! What the journal says of every item, read back record by record.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, ItemState, Record, Step};
use crate::model::{ItemKey, Operation, Outcome};

/// The code with which an item ends whose call was never sent.
pub const NOT_SENT: &str = "not_sent";

/// An attempt whose effect was not known when the journal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// What was announced: a restore can turn into a create.
    pub operation: Operation,
}

/// What the journal says of the items of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemStates {
    states: Vec<ItemState>,
    attempts: BTreeMap<ItemKey, u32>,
    doubts: BTreeMap<ItemKey, Doubt>,
    /// Items that failed because their call was never sent.
    not_sent: BTreeSet<ItemKey>,
}

impl ItemStates {
    /// Nothing has happened to any of `items` items.
    pub fn blank(items: u32) -> Self {
        Self { states: vec![ItemState::Untouched; items as usize], ..Self::default() }
    }

    /// Takes note of a record, in the journal's order.
    ///
    /// # Errors
    ///
    /// The step may not follow what the item did before, or there is no such item.
    pub fn take(&mut self, record: &Record) -> Result<(), String> {
        let Entry::Item { item, step } = &record.entry else { return Ok(()) };
        self.step(*item, step)
    }

    /// Takes note of a step of an item.
    ///
    /// # Errors
    ///
    /// As [`ItemStates::take`].
    pub fn step(&mut self, item: ItemKey, step: &Step) -> Result<(), String> {
        let index = (item.0 as usize).wrapping_sub(1);
        let state = self.states.get_mut(index).ok_or_else(|| format!("the plan has no item {item}"))?;
        let after = state.after(step);
        *state = after.ok_or_else(|| format!("item {item} cannot be {} now", word(step)))?;
        match step {
            Step::Ended { outcome: Outcome::Failed, code, .. } if code == NOT_SENT => {
                self.not_sent.insert(item);
            }
            _ => drop(self.not_sent.remove(&item)),
        }
        let is_settled = state.is_final() || matches!(state, ItemState::Applied { .. });
        if let Step::Intended { attempt, operation, .. } = step {
            self.attempts.insert(item, *attempt);
            self.doubts.insert(item, Doubt { operation: *operation });
        } else if !matches!(step, Step::Doubted { .. }) {
            self.doubts.remove(&item);
            if matches!(step, Step::NotSent { .. } | Step::NotTaken { .. }) {
                // It cannot have had an effect: it does not count.
                match self.attempts(item) {
                    0 | 1 => drop(self.attempts.remove(&item)),
                    more => drop(self.attempts.insert(item, more - 1)),
                }
            }
            if is_settled {
                self.attempts.remove(&item);
            }
        }
        Ok(())
    }

    /// Items that failed because their call was never sent, in the order of their keys.
    pub fn failed_unsent(&self) -> Vec<ItemKey> {
        self.not_sent.iter().copied().collect()
    }

    /// The states of all items, in the order of their keys.
    pub fn states(&self) -> &[ItemState] {
        &self.states
    }

    /// How often the item's call was announced since it was last settled, and may have had an effect.
    pub fn attempts(&self, item: ItemKey) -> u32 {
        self.attempts.get(&item).copied().unwrap_or(0)
    }

    /// [`Self::attempts`] of all items that have any.
    pub fn all_attempts(&self) -> &BTreeMap<ItemKey, u32> {
        &self.attempts
    }

    /// The attempt of the item whose effect is not known, if there is one.
    pub fn doubt(&self, item: ItemKey) -> Option<Doubt> {
        self.doubts.get(&item).copied()
    }

    /// The state of an item.
    pub fn state(&self, item: ItemKey) -> &ItemState {
        (item.0 as usize)
            .checked_sub(1)
            .and_then(|index| self.states.get(index))
            .unwrap_or(&ItemState::Untouched)
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
