//! Which items want which key: sorted numbers, for there may be very many.

use crate::model::{halves, whole};

/// The hash of a key in two halves, and the item that wants it.
type Wanted = [u32; 3];

/// Hashes of keys, and the items that want them.
#[derive(Debug, Default)]
pub(crate) struct WantedKeys {
    /// In the order of the hashes, and for one of them in that of the items, once they are [sorted](Self::sort).
    all: Vec<Wanted>,
}

impl WantedKeys {
    /// With room for so many: a growing list takes twice as much.
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

    /// Whether any item wants the key.
    pub(crate) fn contains(&self, key: u64) -> bool {
        let key = halves(key);
        let at = self.all.partition_point(|[high, low, _]| [*high, *low] < key);
        self.all.get(at).is_some_and(|[high, low, _]| [*high, *low] == key)
    }

    /// Keeps only the items that `keep` keeps.
    pub(crate) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.all.retain(|[.., item]| keep(*item));
    }

    /// Each key, and the items that want it.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (u64, Vec<u32>)> {
        let groups = self.all.chunk_by(|one, next| one[..2] == next[..2]);
        groups.map(|group| {
            let [high, low, _] = group[0];
            (whole([high, low]), group.iter().map(|[.., item]| *item).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_that_want_one_key_come_together_in_their_order() {
        let mut wanted = WantedKeys::default();
        assert!(wanted.is_empty() && !wanted.contains(7));
        for (key, item) in [(7, 1), (u64::MAX, 2), (7 << 32, 3), (7, 4)] {
            wanted.push(key, item);
        }
        wanted.sort();
        assert!(wanted.contains(7) && wanted.contains(7 << 32) && wanted.contains(u64::MAX));
        assert!(!wanted.contains(0) && !wanted.contains(8));
        let groups: Vec<_> = wanted.groups().collect();
        assert_eq!(groups, [(7, vec![1, 4]), (7 << 32, vec![3]), (u64::MAX, vec![2])]);
    }
}
