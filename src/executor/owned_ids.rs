//! Which imports and resources of the target belong to the items of a run.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::journal::ItemStates;
use crate::model::{Id, IdMap, ItemKey};

/// The ids that items have or had. The ids that they have are in the states already; there may be very many, so only
/// the items are kept here, found by the hash of the id.
#[derive(Debug, Default)]
pub(crate) struct OwnedIds {
    now: HashTable<ItemKey>,
    /// The ids that items had earlier, that they share with later items, or that items were found to be.
    before: IdMap<ItemKey>,
    hasher: RandomState,
}

impl OwnedIds {
    /// Notes that an item has the import that its state names. If several items have the same import, the last is its
    /// owner.
    pub(crate) fn own(&mut self, item: ItemKey, states: &ItemStates) {
        let Some(id) = target(states, item) else { return };
        let is_it = |other: &ItemKey| target(states, *other).as_ref() == Some(&id);
        let hash = |other: &ItemKey| self.hasher.hash_one(target(states, *other));
        match self.now.entry(self.hasher.hash_one(Some(&id)), is_it, hash) {
            Entry::Occupied(mut there) => *there.get_mut() = item,
            Entry::Vacant(place) => {
                place.insert(item);
                self.before.remove(&id);
            }
        }
    }

    /// Notes that the state of an item no longer names the import that belongs to it.
    pub(crate) fn had(&mut self, item: ItemKey, id: &Id) {
        if let Ok(there) = self.now.find_entry(self.hasher.hash_one(Some(id)), |other| *other == item) {
            there.remove();
            self.before.insert(id, item);
        }
    }

    /// Notes that an import was found to belong to an item whose state does not name it.
    pub(crate) fn met(&mut self, item: ItemKey, id: &Id, states: &ItemStates) {
        if self.owner(id, states).is_none() {
            self.before.insert(id, item);
        }
    }

    /// The item to which an import or resource of the target belongs.
    pub(crate) fn owner(&self, id: &Id, states: &ItemStates) -> Option<ItemKey> {
        let is_it = |item: &ItemKey| target(states, *item).as_ref() == Some(id);
        let now = self.now.find(self.hasher.hash_one(Some(id)), is_it);
        now.or_else(|| self.before.get(id)).copied()
    }

    /// The items that have any, as often as they have one.
    pub(crate) fn items(&self) -> impl Iterator<Item = ItemKey> {
        self.now.iter().chain(self.before.values()).copied()
    }

    /// What items have and had.
    pub(crate) fn all<'a>(&'a self, states: &'a ItemStates) -> impl Iterator<Item = (Id, ItemKey)> + 'a {
        let now = self.now.iter().filter_map(|item| Some((target(states, *item)?, *item)));
        now.chain(self.before.iter().map(|(id, item)| (id, *item)))
    }
}

fn target(states: &ItemStates, item: ItemKey) -> Option<Id> {
    states.state(item).target().cloned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::journal::Step;
    use crate::model::Fingerprint;

    const ITEMS: u32 = 6;

    fn name(states: &mut ItemStates, item: ItemKey, id: &Id) {
        *states = (1..=ITEMS).map(ItemKey).fold(ItemStates::blank(ITEMS), |mut next, other| {
            let named = if other == item { Some(id.clone()) } else { target(states, other) };
            if let Some(snapshot) = named {
                next.step(other, &Step::Archived { snapshot, sha256: Fingerprint::of(b"") }).unwrap();
            }
            next
        });
    }

    proptest! {
        /// The table is a map from ids to the last item that had them, whatever becomes of the states.
        #[test]
        fn the_owner_of_an_id_is_the_last_item_that_had_it(
            changes in proptest::collection::vec((1..=ITEMS, 0..8_u32), 0..60)
        ) {
            let (mut states, mut owned) = (ItemStates::blank(ITEMS), OwnedIds::default());
            let mut map: BTreeMap<Id, ItemKey> = BTreeMap::new();
            for (item, id) in changes {
                let (item, id) = (ItemKey(item), Id::from(format!("{id:024x}")));
                let was = target(&states, item).filter(|was| *was != id);
                name(&mut states, item, &id);
                was.iter().for_each(|was| owned.had(item, was));
                owned.own(item, &states);
                map.insert(id, item);
                for id in map.keys() {
                    prop_assert_eq!(owned.owner(id, &states), map.get(id).copied());
                }
                prop_assert_eq!(owned.all(&states).collect::<BTreeMap<_, _>>(), map.clone());
                prop_assert_eq!(owned.items().count(), map.len());
            }
            prop_assert_eq!(owned.owner(&Id::from("another"), &states), None);
        }
    }
}
