//! A set of items: a bit each, for there may be very many.

use crate::model::ItemKey;

/// Some items of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemSet {
    words: Vec<u64>,
}

impl ItemSet {
    /// Adds an item; `false` if it is there already.
    pub fn insert(&mut self, item: ItemKey) -> bool {
        let (word, bit) = place(item);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        is_new
    }

    /// Whether the item is there.
    pub fn contains(&self, item: ItemKey) -> bool {
        let (word, bit) = place(item);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
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
    }
}
