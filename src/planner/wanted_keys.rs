//! Which items want which key: sorted numbers, because there may be very many.

use std::hash::{BuildHasher, RandomState};

use crate::model::{Keyed, halves, keyed_by, whole};

/// Hashes keys, so that a hundred thousand of them take little memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(RandomState);

/// Of a hash: no [`id_key`] has it.
const HASHED: u64 = 1 << 63;

impl Keys {
    pub(crate) fn of(&self, key: &str) -> u64 {
        self.0.hash_one(key) | HASHED
    }
}

/// The key of an import that has exactly the id of the item with this number.
pub(crate) fn id_key(item: u32) -> u64 {
    u64::from(item)
}

/// Hashes of keys, and the items that want them.
#[derive(Debug, Default)]
pub(crate) struct WantedKeys {
    /// Each with the item that wants it: in the order of the hashes, and for one of them in that of the items, once they are [sorted](Self::sort).
    all: Vec<Keyed>,
}

impl WantedKeys {
    /// Allocated for this many: a growing list would take twice as much.
    pub(crate) fn reserve(&mut self, items: usize) {
        self.all.reserve_exact(items);
    }

    pub(crate) fn push(&mut self, key: u64, item: u32) {
        let [high, low] = halves(key);
        self.all.push([high, low, item]);
    }

    /// To be called once all are there.
    pub(crate) fn sort(&mut self) {
        self.all.sort_unstable();
        self.all.shrink_to_fit();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The first item that wants the key.
    pub(crate) fn first(&self, key: u64) -> Option<u32> {
        keyed_by(&self.all, key).first().map(|[.., item]| *item)
    }

    /// Keeps only the items that `keep` keeps.
    pub(crate) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.all.retain(|[.., item]| keep(*item));
    }

    /// Each key, and the items that want it, in the order of the first items, so that their stored data is read in
    /// order.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (u64, Vec<u32>)> {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let is_first = |at: &usize| *at == 0 || self.all[at - 1][..2] != self.all[*at][..2];
        let mut firsts: Vec<u32> = (0..self.all.len()).filter(is_first).map(place).collect();
        firsts.sort_unstable_by_key(|at| self.all[*at as usize][2]);
        firsts.into_iter().map(|at| {
            let group = &self.all[at as usize..];
            let [high, low, _] = group[0];
            let same = group.iter().take_while(|one| one[..2] == group[0][..2]);
            (whole([high, low]), same.map(|[.., item]| *item).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_that_want_one_key_come_together_in_their_order() {
        let mut wanted = WantedKeys::default();
        assert!(wanted.is_empty() && wanted.first(7).is_none());
        for (key, item) in [(7, 1), (u64::MAX, 2), (7 << 32, 3), (7, 4)] {
            wanted.push(key, item);
        }
        wanted.sort();
        assert_eq!(
            [7, 7 << 32, u64::MAX, 0, 8].map(|key| wanted.first(key)),
            [Some(1), Some(3), Some(2), None, None]
        );
        let groups: Vec<_> = wanted.groups().collect();
        assert_eq!(groups, [(7, vec![1, 4]), (u64::MAX, vec![2]), (7 << 32, vec![3])]);
    }
}
