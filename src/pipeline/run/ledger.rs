//! What is known of every item: the journal's states, kept in step with the journal.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::journal::{Entry, ItemState, Journal, JournalError, Phase, Record, Step};
use crate::model::{Id, ItemKey, Operation};
use crate::pipeline::PipelineError;
use crate::pipeline::others::OtherItems;
use crate::transform::references::Kind;

/// An attempt whose effect was not known when the journal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// What was announced: a restore can turn into a create.
    pub operation: Operation,
    /// The service's clock when it was announced, as far as known.
    pub server_time: Option<jiff::Timestamp>,
}

/// What the journal says of the items of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    states: Vec<ItemState>,
    attempts: BTreeMap<ItemKey, u32>,
    doubts: BTreeMap<ItemKey, Doubt>,
    first_intent: Option<jiff::Timestamp>,
}

impl Memory {
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

    fn step(&mut self, item: ItemKey, step: &Step) -> Result<(), String> {
        let index = (item.0 as usize).wrapping_sub(1);
        let state = self.states.get_mut(index).ok_or_else(|| format!("the plan has no item {item}"))?;
        let after = state.after(step);
        *state = after.ok_or_else(|| format!("item {item} cannot be {} now", word(step)))?;
        if let Step::Intended { attempt, server_time, operation, .. } = step {
            self.attempts.insert(item, *attempt);
            self.first_intent = self.first_intent.or(*server_time);
            self.doubts.insert(item, Doubt { operation: *operation, server_time: *server_time });
        } else if !matches!(step, Step::Doubted { .. }) {
            self.doubts.remove(&item);
            if state.is_final() || matches!(state, ItemState::Applied { .. }) {
                self.attempts.remove(&item);
            }
        }
        Ok(())
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
        Step::NotTaken { .. } => "not taken",
        Step::Ended { .. } => "ended",
        Step::Archived { .. } => "archived",
        Step::Verified { .. } => "verified",
    }
}

/// The journal and what follows from it, always in step.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    journal: &'a Journal,
    memory: RefCell<Memory>,
    others: &'a OtherItems,
    owned: RefCell<HashMap<Id, Option<Kind>>>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(journal: &'a Journal, memory: Memory, others: &'a OtherItems) -> Self {
        let ledger = Self { journal, memory: RefCell::default(), others, owned: RefCell::default() };
        for (item, state) in (1_u32..).map(ItemKey).zip(&memory.states) {
            if let Some(target) = state.target() {
                ledger.own(item, target);
            }
        }
        ledger.memory.replace(memory);
        ledger
    }

    fn own(&self, item: ItemKey, target: &Id) {
        self.owned.borrow_mut().insert(target.clone(), self.others.kind(item));
    }

    /// Records a step and waits until it is on the disk.
    pub(super) async fn sync(
        &self,
        item: ItemKey,
        step: Step,
        before: Option<String>,
    ) -> Result<(), PipelineError> {
        self.learn(item, &step)?;
        self.journal.append(Entry::Item { item, step }, before).await?;
        Ok(())
    }

    /// Records a step that may reach the disk a little later.
    pub(super) async fn note(&self, item: ItemKey, step: Step) -> Result<(), PipelineError> {
        self.learn(item, &step)?;
        self.journal.note(Entry::Item { item, step }).await?;
        Ok(())
    }

    fn learn(&self, item: ItemKey, step: &Step) -> Result<(), PipelineError> {
        let mut memory = self.memory.borrow_mut();
        memory
            .step(item, step)
            .map_err(|message| JournalError::Stopped(format!("{message}: this is a bug")))?;
        if let Some(target) = memory.state(item).target() {
            self.own(item, target);
        }
        Ok(())
    }

    pub(super) fn state(&self, item: ItemKey) -> ItemState {
        self.memory.borrow().state(item).clone()
    }

    /// How often the item's call was announced.
    pub(super) fn attempts(&self, item: ItemKey) -> u32 {
        self.memory.borrow().attempts.get(&item).copied().unwrap_or(0)
    }

    pub(super) fn doubt(&self, item: ItemKey) -> Option<Doubt> {
        self.memory.borrow().doubts.get(&item).copied()
    }

    /// When the run's first call was announced, by the service's clock.
    pub(super) fn first_intent(&self) -> Option<jiff::Timestamp> {
        self.memory.borrow().first_intent
    }

    pub(super) fn is_untouched(&self, item: ItemKey) -> bool {
        *self.memory.borrow().state(item) == ItemState::Untouched
    }

    /// Whether something is left to write for the item.
    pub(super) fn is_open(&self, item: ItemKey) -> bool {
        matches!(self.memory.borrow().state(item), ItemState::Untouched | ItemState::InDoubt { .. })
    }

    /// Items whose last call's effect is not known.
    pub(super) fn in_doubt(&self) -> Vec<ItemKey> {
        self.all(|state| matches!(state, ItemState::InDoubt { .. }))
    }

    /// Items whose operation had its effect; a clone among them may still need its PUT.
    pub(super) fn half_done(&self) -> Vec<ItemKey> {
        self.all(|state| matches!(state, ItemState::Applied { phase: Phase::Operation, .. }))
    }

    /// Items that wait to be read back.
    pub(super) fn unverified(&self) -> Vec<(ItemKey, Id)> {
        let memory = self.memory.borrow();
        let items = (1_u32..).map(ItemKey).zip(&memory.states);
        items
            .filter_map(|(key, state)| match state {
                ItemState::Applied { target, .. } => Some((key, target.clone())),
                _ => None,
            })
            .collect()
    }

    fn all(&self, keep: impl Fn(&ItemState) -> bool) -> Vec<ItemKey> {
        let memory = self.memory.borrow();
        (1_u32..)
            .map(ItemKey)
            .zip(&memory.states)
            .filter(|(_, state)| keep(state))
            .map(|(key, _)| key)
            .collect()
    }

    /// Whether an item of this run has that import of the target.
    pub(super) fn owns(&self, id: &Id) -> bool {
        self.owned.borrow().contains_key(id)
    }

    /// Whether items of this run have any of that kind.
    pub(super) fn owns_any(&self, kind: Option<Kind>) -> bool {
        self.owned.borrow().values().any(|of| *of == kind)
    }

    /// The imports of the target, or the resources of a kind, that the items of this run have.
    pub(super) fn owned(&self, kind: Option<Kind>) -> HashSet<Id> {
        self.owned.borrow().iter().filter(|(_, of)| **of == kind).map(|(id, _)| id.clone()).collect()
    }
}
