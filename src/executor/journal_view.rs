//! What is known about every item: the states of the journal, kept in step with it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::num::{NonZeroU32, NonZeroU64};

use crate::documents::references::Kind;
use crate::executor::owned_ids::OwnedIds;
use crate::inventory::error::EngineError;
use crate::journal::{Cloned, Doubt, Entry, ItemState, ItemStates, Journal, JournalError, Phase, Step};
use crate::model::{Chunks, Fingerprint, Id, IdSet, ItemKey, ItemSet, Outcome};
use crate::run_folder::dependency_items::DependencyItems;

/// The journal and what follows from it, always in step.
#[derive(Debug)]
pub(crate) struct JournalView<'a> {
    journal: &'a Journal,
    states: RefCell<ItemStates>,
    others: &'a DependencyItems,
    /// The imports and resources of the target that belong to items.
    owned: RefCell<OwnedIds>,
    /// How many intents earlier processes wrote for each item.
    earlier: BTreeMap<ItemKey, u32>,
    /// The version in the answer to each write of this process, as a hash, because there may be very many. If two
    /// versions have the same hash, the only cost is a second read of an import that differs.
    answers: RefCell<Chunks<Option<NonZeroU32>>>,
    /// The texts of answers that have the fingerprint of what was sent, as hashes with a key of this process, so that
    /// nobody can construct another text with the same hash.
    repeated: RefCell<Chunks<Option<NonZeroU64>>>,
    hasher: RandomState,
    /// Status and reason of the last attempt of an item that got no usable answer.
    last_doubts: RefCell<HashMap<ItemKey, (Option<u16>, String)>>,
}

impl<'a> JournalView<'a> {
    pub(crate) fn new(journal: &'a Journal, states: ItemStates, others: &'a DependencyItems) -> Self {
        let earlier = states.all_attempts().clone();
        let mut owned = OwnedIds::default();
        states.items().for_each(|item| owned.own(item, &states));
        states.found().for_each(|(item, id)| owned.met(item, id, &states));
        Self {
            journal,
            states: RefCell::new(states),
            others,
            owned: RefCell::new(owned),
            earlier,
            answers: RefCell::default(),
            repeated: RefCell::default(),
            hasher: RandomState::new(),
            last_doubts: RefCell::default(),
        }
    }

    /// Records a step and waits until it is on the disk.
    pub(crate) async fn sync(
        &self,
        item: ItemKey,
        step: Step,
        before: Option<String>,
    ) -> Result<(), EngineError> {
        self.learn(item, &step)?;
        let is_intent = matches!(step, Step::Intended { .. });
        let written = self.journal.append(Entry::Item { item, step }, before).await;
        if is_intent && let Err(error) = &written {
            // Without an intent on disk, nothing is sent.
            self.learn(item, &Step::NotSent { message: error.to_string() })?;
        }
        Ok(written?)
    }

    /// Records a step that may reach the disk a little later.
    pub(crate) async fn note(&self, item: ItemKey, step: Step) -> Result<(), EngineError> {
        self.learn(item, &step)?;
        self.journal.note(Entry::Item { item, step }).await?;
        Ok(())
    }

    /// Records an entry that is not a step of an item.
    pub(crate) async fn record(&self, entry: Entry) -> Result<(), EngineError> {
        Ok(self.journal.append(entry, None).await?)
    }

    fn learn(&self, item: ItemKey, step: &Step) -> Result<(), EngineError> {
        let (mut states, mut owned) = (self.states.borrow_mut(), self.owned.borrow_mut());
        let was = states.state(item);
        states
            .step(item, step)
            .map_err(|message| JournalError::Stopped(format!("{message}: this is a bug")))?;
        if let Some(id) = was.target()
            && states.state(item).target() != Some(id)
        {
            owned.had(item, id);
        }
        // An intent has no import yet, and what is verified has one that is known.
        if !matches!(step, Step::Intended { .. } | Step::Verified { .. }) {
            owned.own(item, &states);
        }
        if let Step::Ended { outcome: Outcome::Unchanged, found: Some(id), .. } = step {
            owned.met(item, id, &states);
        }
        if let Step::Applied { sha256, modified, .. } = step {
            let version = self.version(modified.as_deref(), *sha256);
            self.answered(item, version);
        }
        let mut last_doubts = self.last_doubts.borrow_mut();
        match step {
            Step::Doubted { status, message, .. } => {
                last_doubts.insert(item, (*status, message.clone()));
            }
            Step::Ended { .. } | Step::Verified { .. } => drop(last_doubts.remove(&item)),
            _ => {}
        }
        Ok(())
    }

    /// Remembers the version in the answer to the item's last write.
    fn answered(&self, item: ItemKey, version: Option<NonZeroU32>) {
        if version.is_some() {
            put(&mut self.answers.borrow_mut(), item, version);
        }
    }

    /// Remembers the text of a document that has the fingerprint of what is sent for an item.
    pub(crate) fn is_as_sent(&self, item: ItemKey, text: &str) {
        put(&mut self.repeated.borrow_mut(), item, Some(nonzero(self.hasher.hash_one(text))));
    }

    /// Whether a text is the remembered one: its fingerprint is then known without reading it.
    pub(crate) fn is_known_as_sent(&self, item: ItemKey, text: &str) -> bool {
        let known = self.repeated.borrow().get(item.0 as usize).copied().flatten();
        known.is_some_and(|known| known == nonzero(self.hasher.hash_one(text)))
    }

    /// The version of a document: its `lastModified` or, without one, its fingerprint.
    fn version(&self, modified: Option<&str>, sha256: Option<Fingerprint>) -> Option<NonZeroU32> {
        let hash = modified.map(|text| self.hasher.hash_one(text));
        let hash = hash.or_else(|| sha256.map(|print| self.hasher.hash_one(print)))?;
        let [_, _, _, _, half @ ..] = hash.to_le_bytes();
        Some(NonZeroU32::new(u32::from_le_bytes(half)).unwrap_or(NonZeroU32::MIN))
    }

    /// Whether what was read is the version in the answer to the item's last write.
    pub(crate) fn is_the_answer(
        &self,
        item: ItemKey,
        modified: Option<&str>,
        sha256: Option<Fingerprint>,
    ) -> bool {
        let version = self.version(modified, sha256);
        version.is_some() && self.answers.borrow().get(item.0 as usize).copied().flatten() == version
    }

    /// Status and reason of the last attempt of this process that got no usable answer.
    pub(crate) fn last_doubt(&self, item: ItemKey) -> Option<(Option<u16>, String)> {
        self.last_doubts.borrow().get(&item).cloned()
    }

    pub(crate) fn state(&self, item: ItemKey) -> ItemState {
        self.states.borrow().state(item)
    }

    /// The id that other items write where they need the item.
    pub(crate) fn id_of(&self, item: ItemKey) -> Option<Id> {
        self.others.id_of(item, &self.states.borrow())
    }

    /// Whether the item's call was sent and may have had its effect, whatever the answer was.
    pub(crate) fn may_have_acted(&self, item: ItemKey) -> bool {
        self.states.borrow().may_have_acted(item)
    }

    /// Whether a call for the item may have made its import, although it is not known to have done so.
    pub(crate) fn may_have_made(&self, item: ItemKey) -> bool {
        self.states.borrow().may_have_made(item)
    }

    /// Whether the last call for the item had no effect, because its token was refused.
    pub(crate) fn was_refused(&self, item: ItemKey) -> bool {
        self.states.borrow().was_refused(item)
    }

    /// How many intents were written for the item.
    pub(crate) fn attempts(&self, item: ItemKey) -> u32 {
        self.states.borrow().attempts(item)
    }

    /// How many intents this process wrote for the item: someone who resumes a run wants the call to be tried again.
    pub(crate) fn attempts_of_this_process(&self, item: ItemKey) -> u32 {
        self.attempts(item).saturating_sub(self.earlier.get(&item).copied().unwrap_or(0))
    }

    /// When the service last changed the clone of an item that is not completed yet, according to the service.
    pub(crate) fn cloned(&self, item: ItemKey) -> Option<Cloned> {
        self.states.borrow().cloned(item).cloned()
    }

    pub(crate) fn doubt(&self, item: ItemKey) -> Option<Doubt> {
        self.states.borrow().doubt(item)
    }

    pub(crate) fn is_untouched(&self, item: ItemKey) -> bool {
        self.states.borrow().state(item) == ItemState::Untouched
    }

    /// Whether nothing has been done for any item.
    pub(crate) fn is_blank(&self) -> bool {
        self.states.borrow().states().all(|state| state == ItemState::Untouched)
    }

    /// Whether something is left to write for the item.
    pub(crate) fn is_open(&self, item: ItemKey) -> bool {
        matches!(self.states.borrow().state(item), ItemState::Untouched | ItemState::InDoubt { .. })
    }

    /// Whether `resume` has something to do for the item: it has not ended, its call was never sent, or it could not
    /// be read back.
    pub(crate) fn may_be_resumed(&self, item: ItemKey) -> bool {
        let states = self.states.borrow();
        !states.state(item).is_final() || states.is_reopened_by_resume(item)
    }

    /// Items for which the effect of the last call is not known.
    pub(crate) fn in_doubt(&self) -> Vec<ItemKey> {
        self.all(|state| matches!(state, ItemState::InDoubt { .. }))
    }

    /// Items whose operation had its effect; a clone among them may still need its PUT.
    pub(crate) fn half_done(&self) -> Vec<ItemKey> {
        self.all(|state| matches!(state, ItemState::Applied { phase: Phase::Operation, .. }))
    }

    /// Whether nothing waits to be read back.
    pub(crate) fn is_verified(&self) -> bool {
        !self.states.borrow().states().any(|state| matches!(state, ItemState::Applied { .. }))
    }

    /// Items that wait to be read back.
    pub(crate) fn unverified(&self) -> ItemSet {
        self.all(|state| matches!(state, ItemState::Applied { .. }))
    }

    /// The items of some state.
    fn all<C: FromIterator<ItemKey>>(&self, keep: impl Fn(&ItemState) -> bool) -> C {
        let states = self.states.borrow();
        (1_u32..)
            .map(ItemKey)
            .zip(states.states())
            .filter(|(_, state)| keep(state))
            .map(|(key, _)| key)
            .collect()
    }

    /// The item of this run to which an import or resource of the target belongs.
    pub(crate) fn owner(&self, id: &Id) -> Option<ItemKey> {
        self.owned.borrow().owner(id, &self.states.borrow())
    }

    /// Whether an import of the target belongs to an item of this run.
    pub(crate) fn owns(&self, id: &Id) -> bool {
        self.owner(id).is_some()
    }

    /// Whether any resource of a kind belongs to items of this run.
    pub(crate) fn owns_any(&self, kind: Kind) -> bool {
        self.owned.borrow().items().any(|of| self.others.kind(of) == kind)
    }

    /// How many imports of the target, or resources of a kind, belong to items of this run.
    pub(crate) fn count_owned(&self, kind: Kind) -> usize {
        self.owned.borrow().items().filter(|of| self.others.kind(*of) == kind).count()
    }

    /// The imports of the target, or the resources of a kind, that belong to items of this run.
    pub(crate) fn owned(&self, kind: Kind) -> IdSet {
        self.owned_by(kind, |_| true)
    }

    /// Of these, the ones that belong to the given items.
    pub(crate) fn owned_by(&self, kind: Kind, is_one: impl Fn(ItemKey) -> bool) -> IdSet {
        let (owned, states) = (self.owned.borrow(), self.states.borrow());
        let those = owned.all(&states).filter(|(_, of)| self.others.kind(*of) == kind && is_one(*of));
        those.map(|(id, _)| (id, ())).collect()
    }
}

fn nonzero(hash: u64) -> NonZeroU64 {
    NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN)
}

/// Stores a hash for an item.
fn put<T: Copy>(hashes: &mut Chunks<Option<T>>, item: ItemKey, hash: Option<T>) {
    while hashes.len() <= item.0 as usize {
        hashes.push(None);
    }
    hashes[item.0 as usize] = hash;
}
