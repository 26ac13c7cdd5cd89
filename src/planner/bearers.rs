//! The imports of the target that bear a wanted key: 80 bytes each, for there may be very many.

use std::collections::HashMap;

use crate::documents::Unreadable;
use crate::model::packed_id::{UsualId, pack, unpack};
use crate::model::{Chunks, Fingerprint, Halves, Id, halves};
use crate::run_folder::document_file::{PackedSpan, Span};

/// An import of the target that bears a wanted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetImport {
    pub id: Id,
    pub print: Fingerprint,
    pub slot: Span,
    /// Owned by an Integration App.
    pub app: bool,
    /// Why its text has no tree, if it has none. It is never equal to anything.
    pub unreadable: Option<Unreadable>,
}

/// What of the target bears which key, by the hash of that.
#[derive(Debug, Default)]
pub(crate) struct Bearers {
    /// In the order of the list.
    all: Chunks<Kept>,
    /// By key, and for one key in the order of the list; once they are [sorted](Self::sort).
    by_key: Vec<Place>,
    /// What few of them have, by where the text begins.
    more: HashMap<u64, More>,
    /// What was found otherwise than by the list.
    late: HashMap<u64, TargetImport>,
}

/// A key in two halves, and where in `all` what bears it stands: to look there for each key that is compared takes longer.
type Place = [u32; 3];

#[derive(Debug)]
struct Kept {
    key: Halves,
    id: UsualId,
    print: [u8; 32],
    slot: PackedSpan,
    app: bool,
    has_more: bool,
}

/// An id of another form, and why there is no tree.
#[derive(Debug, Clone, Default)]
struct More {
    id: Option<Id>,
    unreadable: Option<Unreadable>,
}

impl Bearers {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds an import that the list shows.
    pub(crate) fn push(&mut self, key: u64, import: TargetImport) {
        let kept = self.pack(halves(key), import);
        self.all.push(kept);
    }

    /// To be called once the list is over.
    pub(crate) fn sort(&mut self) {
        let mut by_key = Vec::with_capacity(self.all.len());
        by_key
            .extend((0..).zip(self.all.iter()).map(|(at, Kept { key: [high, low], .. })| [*high, *low, at]));
        by_key.sort_unstable();
        self.by_key = by_key;
    }

    /// Adds an import under a key that nothing bears.
    pub(crate) fn insert(&mut self, key: u64, import: TargetImport) {
        self.late.insert(key, import);
    }

    pub(crate) fn contains(&self, key: u64) -> bool {
        self.late.contains_key(&key) || !self.range(key).is_empty()
    }

    /// What bears the key, in the order of the list.
    pub(crate) fn of(&self, key: u64) -> Vec<TargetImport> {
        match self.late.get(&key) {
            Some(late) => vec![late.clone()],
            None => self.range(key).iter().map(|[.., at]| self.unpack(&self.all[*at as usize])).collect(),
        }
    }

    /// One of what bears the key, by its place.
    pub(crate) fn get(&self, key: u64, at: usize) -> Option<TargetImport> {
        match self.late.get(&key) {
            Some(late) => Some(late.clone()).filter(|_| at == 0),
            None => self.range(key).get(at).map(|[.., at]| self.unpack(&self.all[*at as usize])),
        }
    }

    /// Puts another state of an import in its place.
    pub(crate) fn put(&mut self, key: u64, at: usize, import: TargetImport) {
        if let Some(late) = self.late.get_mut(&key) {
            *late = import;
        } else if let Some(place) = self.range(key).get(at).map(|[.., at]| *at as usize) {
            self.more.remove(&Span::from(self.all[place].slot).offset);
            self.all[place] = self.pack(halves(key), import);
        }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = TargetImport> {
        self.all.iter().map(|kept| self.unpack(kept)).chain(self.late.values().cloned())
    }

    fn range(&self, key: u64) -> &[Place] {
        let key = halves(key);
        let from = self.by_key.partition_point(|[high, low, _]| [*high, *low] < key);
        let length = self.by_key[from..].iter().take_while(|[high, low, _]| [*high, *low] == key).count();
        &self.by_key[from..from + length]
    }

    fn pack(&mut self, key: Halves, import: TargetImport) -> Kept {
        let TargetImport { id, print, slot, app, unreadable } = import;
        let usual = pack(&id);
        let has_more = usual.is_none() || unreadable.is_some();
        if has_more {
            let more = More { id: usual.is_none().then_some(id), unreadable };
            self.more.insert(slot.offset, more);
        }
        Kept { key, id: usual.unwrap_or_default(), print: print.0, slot: slot.into(), app, has_more }
    }

    fn unpack(&self, kept: &Kept) -> TargetImport {
        let slot = Span::from(kept.slot);
        let more = if kept.has_more { self.more.get(&slot.offset).cloned() } else { None };
        let More { id, unreadable } = more.unwrap_or_default();
        let id = id.unwrap_or_else(|| Id::from(unpack(&kept.id)));
        TargetImport { id, print: Fingerprint(kept.print), slot, app: kept.app, unreadable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(number: u64, id: &str, unreadable: bool) -> TargetImport {
        TargetImport {
            id: Id::from(id),
            print: Fingerprint::of(id.as_bytes()),
            slot: Span { offset: number, length: 1 },
            app: number.is_multiple_of(2),
            unreadable: unreadable.then_some(Unreadable::TooDeep),
        }
    }

    #[test]
    fn what_bears_a_key_is_given_back_in_the_order_of_the_list() {
        let usual = "5f7c579b6411271af4e7cefa";
        let all = [
            (7, import(1, usual, false)),
            (9, import(2, "odd", true)),
            (7, import(3, "5F7C579B6411271AF4E7CEFA", false)),
            (7, import(4, usual, true)),
        ];
        let mut bearers = Bearers::default();
        all.iter().for_each(|(key, import)| bearers.push(*key, import.clone()));
        bearers.sort();
        let of = |key| all.iter().filter(|one| one.0 == key).map(|one| one.1.clone()).collect::<Vec<_>>();
        assert_eq!((bearers.of(7), bearers.of(9), bearers.of(8)), (of(7), of(9), Vec::new()));
        assert_eq!(bearers.get(7, 1), Some(of(7)[1].clone()));
        assert_eq!((bearers.get(7, 3), bearers.get(8, 0)), (None, None));
        assert!(bearers.contains(9) && !bearers.contains(8));
        bearers.put(9, 0, import(5, usual, false));
        bearers.insert(8, import(6, "late", false));
        assert_eq!(bearers.of(9), [import(5, usual, false)]);
        assert_eq!((bearers.of(8), bearers.get(8, 1)), (vec![import(6, "late", false)], None));
        assert_eq!(bearers.iter().count(), 5);
        assert!(size_of::<Kept>() <= 68);
    }
}
