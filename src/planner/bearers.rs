//! The imports of the target that bear a wanted key: 28 bytes each, for there may be very many. What they are is read where
//! it is asked for.

use std::collections::HashMap;

use crate::documents::Unreadable;
use crate::model::packed_id::{pack, unpack};
use crate::model::{Chunks, Fingerprint, Halves, Id, Keyed, halves, keyed_by};
use crate::run_folder::RunFolderError;
use crate::run_folder::document_file::{DocumentFile, PackedSpan, Span, spoilt};

/// Bytes of a fingerprint, and of an id of the usual form.
const PRINT: u32 = 32;
const ID: u32 = 12;

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

impl TargetImport {
    /// Puts a document down; behind it stand its fingerprint and its id.
    pub(crate) fn put_down(
        spool: &mut DocumentFile,
        id: &Id,
        text: &[u8],
        print: Fingerprint,
    ) -> Result<Span, RunFolderError> {
        let slot = spool.append(text)?;
        spool.append(&print.0)?;
        spool.append(&pack(id).unwrap_or_default())?;
        Ok(slot)
    }
}

/// What of the target bears which key, by the hash of that.
#[derive(Debug, Default)]
pub(crate) struct Bearers {
    /// In the order of the list.
    all: Chunks<Kept>,
    /// The keys of those, in their order; until they are [sorted](Self::sort).
    keys: Chunks<Halves>,
    /// Keys, each with where in `all` what bears it stands: to look there for each that is compared takes longer. By key, and
    /// for one key in the order of the list; once they are [sorted](Self::sort).
    by_key: Vec<Keyed>,
    /// What few of them have, by where the text begins.
    more: HashMap<u64, More>,
    /// What was found otherwise than by the list.
    late: HashMap<u64, TargetImport>,
}

#[derive(Debug)]
struct Kept {
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

    /// Adds an import that the list shows and that was [put down](TargetImport::put_down).
    pub(crate) fn push(&mut self, key: u64, import: TargetImport) {
        let kept = self.pack(import);
        self.all.push(kept);
        self.keys.push(halves(key));
    }

    /// To be called once the list is over.
    pub(crate) fn sort(&mut self) {
        let mut keys = std::mem::take(&mut self.keys);
        let mut by_key = Vec::with_capacity(keys.len());
        for (at, place) in (0..keys.len()).zip(0_u32..) {
            let [high, low] = keys[at];
            by_key.push([high, low, place]);
            keys.release(at);
        }
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

    /// What bears the key, in the order of the list. `spool` is where it was put down.
    pub(crate) fn of(&self, key: u64, spool: &mut DocumentFile) -> Result<Vec<TargetImport>, RunFolderError> {
        match self.late.get(&key) {
            Some(late) => Ok(vec![late.clone()]),
            None => {
                let places = self.range(key).iter();
                places.map(|[.., at]| self.unpack(&self.all[*at as usize], spool)).collect()
            }
        }
    }

    /// How many bear the key.
    pub(crate) fn count(&self, key: u64) -> usize {
        if self.late.contains_key(&key) { 1 } else { self.range(key).len() }
    }

    /// One of what bears the key, by its place.
    pub(crate) fn get(
        &self,
        key: u64,
        at: usize,
        spool: &mut DocumentFile,
    ) -> Result<Option<TargetImport>, RunFolderError> {
        match self.late.get(&key) {
            Some(late) => Ok(Some(late.clone()).filter(|_| at == 0)),
            None => {
                let kept = self.range(key).get(at).map(|[.., at]| &self.all[*at as usize]);
                kept.map(|kept| self.unpack(kept, spool)).transpose()
            }
        }
    }

    /// Puts another state of an import, which was [put down](TargetImport::put_down), in its place.
    pub(crate) fn put(&mut self, key: u64, at: usize, import: TargetImport) {
        if let Some(late) = self.late.get_mut(&key) {
            *late = import;
        } else if let Some(place) = self.range(key).get(at).map(|[.., at]| *at as usize) {
            self.more.remove(&Span::from(self.all[place].slot).offset);
            self.all[place] = self.pack(import);
        }
    }

    /// All of them.
    pub(crate) fn iter(
        &self,
        spool: &mut DocumentFile,
    ) -> impl Iterator<Item = Result<TargetImport, RunFolderError>> {
        let late = self.late.values().cloned().map(Ok);
        self.all.iter().map(|kept| self.unpack(kept, spool)).chain(late)
    }

    fn range(&self, key: u64) -> &[Keyed] {
        keyed_by(&self.by_key, key)
    }

    fn pack(&mut self, import: TargetImport) -> Kept {
        let TargetImport { id, slot, app, unreadable, .. } = import;
        let usual = pack(&id);
        let has_more = usual.is_none() || unreadable.is_some();
        if has_more {
            let more = More { id: usual.is_none().then_some(id), unreadable };
            self.more.insert(slot.offset, more);
        }
        Kept { slot: slot.into(), app, has_more }
    }

    fn unpack(&self, kept: &Kept, spool: &mut DocumentFile) -> Result<TargetImport, RunFolderError> {
        let slot = Span::from(kept.slot);
        let behind = Span { offset: slot.offset + u64::from(slot.length), length: PRINT + ID };
        let behind = spool.read(behind)?;
        let (Some(print), Some(usual)) = (behind.first_chunk(), behind.last_chunk()) else {
            return Err(spoilt(spool.path(), &"it is too short"));
        };
        let more = if kept.has_more { self.more.get(&slot.offset).cloned() } else { None };
        let More { id, unreadable } = more.unwrap_or_default();
        let id = id.unwrap_or_else(|| Id::from(unpack(usual)));
        Ok(TargetImport { id, print: Fingerprint(*print), slot, app: kept.app, unreadable })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(spool: &mut DocumentFile, id: &str, unreadable: bool) -> TargetImport {
        let (id, print) = (Id::from(id), Fingerprint::of(id.as_bytes()));
        let slot = TargetImport::put_down(spool, &id, b"{}", print).unwrap();
        let unreadable = unreadable.then_some(Unreadable::TooDeep);
        TargetImport { id, print, slot, app: slot.offset.is_multiple_of(4), unreadable }
    }

    #[test]
    fn what_bears_a_key_is_given_back_in_the_order_of_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = DocumentFile::create_in_passing(&folder.path().join("spool")).unwrap();
        let usual = "5f7c579b6411271af4e7cefa";
        let all = [
            (7, import(&mut spool, usual, false)),
            (9, import(&mut spool, "odd", true)),
            (7, import(&mut spool, "5F7C579B6411271AF4E7CEFA", false)),
            (7, import(&mut spool, usual, true)),
        ];
        let mut bearers = Bearers::default();
        all.iter().for_each(|(key, import)| bearers.push(*key, import.clone()));
        bearers.sort();
        let of = |key| all.iter().filter(|one| one.0 == key).map(|one| one.1.clone()).collect::<Vec<_>>();
        for key in 7..=9 {
            assert_eq!((bearers.of(key, &mut spool).unwrap(), bearers.count(key)), (of(key), of(key).len()));
            for at in 0..4 {
                assert_eq!(bearers.get(key, at, &mut spool).unwrap().as_ref(), of(key).get(at));
            }
        }
        assert!(bearers.contains(9) && !bearers.contains(8));
        let (other, late) = (import(&mut spool, usual, false), import(&mut spool, "late", false));
        bearers.put(9, 0, other.clone());
        bearers.insert(8, late.clone());
        assert_eq!(bearers.of(9, &mut spool).unwrap(), [other]);
        assert_eq!((bearers.get(8, 1, &mut spool).unwrap(), bearers.count(8)), (None, 1));
        assert_eq!(bearers.of(8, &mut spool).unwrap(), [late]);
        assert_eq!(bearers.iter(&mut spool).map(Result::unwrap).count(), 5);
        assert!(size_of::<Kept>() <= 16);
    }
}
