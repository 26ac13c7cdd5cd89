//! A set of items: one bit for each, because there may be very many.

use crate::model::ItemKey;

/// Some items of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemSet {
    words: Vec<u64>,
}

impl ItemSet {
    /// Adds an item; `false` if the set has it already.
    pub fn insert(&mut self, item: ItemKey) -> bool {
        let (word, bit) = place(item);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        is_new
    }

    /// Removes an item.
    pub fn remove(&mut self, item: ItemKey) {
        let (word, bit) = place(item);
        if let Some(bits) = self.words.get_mut(word) {
            *bits &= !bit;
        }
    }

    /// Removes the items of another set.
    pub fn remove_all(&mut self, others: &Self) {
        self.words.iter_mut().zip(&others.words).for_each(|(bits, others)| *bits &= !others);
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.words.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|bits| *bits == 0)
    }

    /// The items, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = ItemKey> {
        (0..).zip(&self.words).flat_map(|(word, bits)| {
            (0..64).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| ItemKey(64 * word + bit))
        })
    }

    /// Whether the set has the item.
    pub fn contains(&self, item: ItemKey) -> bool {
        let (word, bit) = place(item);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

impl FromIterator<ItemKey> for ItemSet {
    fn from_iter<I: IntoIterator<Item = ItemKey>>(items: I) -> Self {
        let mut set = Self::default();
        for item in items {
            set.insert(item);
        }
        set
    }
}

fn place(item: ItemKey) -> (usize, u64) {
    (item.0 as usize / 64, 1 << (item.0 % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_was_put_into_it_and_nothing_else() {
        let items = [0, 1, 63, 64, 65, 1000].map(ItemKey);
        let mut set = ItemSet::default();
        for item in items {
            assert_eq!((set.contains(item), set.insert(item), set.insert(item)), (false, true, false));
        }
        let held: Vec<ItemKey> = (0..2000).map(ItemKey).filter(|item| set.contains(*item)).collect();
        assert_eq!(held, items);
        assert!(set.iter().eq(items));
        assert_eq!((set.len(), set.is_empty()), (items.len(), false));
        set.remove_all(&[0, 63, 64, 5000].map(ItemKey).into_iter().collect());
        [65, 65, 6000].map(ItemKey).into_iter().for_each(|item| set.remove(item));
        assert!(set.iter().eq([1, 1000].map(ItemKey)));
        set.remove_all(&set.clone());
        assert_eq!((set.iter().next(), set.len(), set.is_empty()), (None, 0, true));
    }
}
