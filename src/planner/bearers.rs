//! The imports of the target that have a wanted key: 16 bytes each, because there may be very many. Their data is read
//! when it is needed.

use std::collections::HashMap;

use crate::documents::Unreadable;
use crate::model::packed_id::{pack, unpack};
use crate::model::{Chunks, Halves, Id, Keyed, halves, keyed_by};
use crate::planner::target_file::{Record, TargetFile, TargetImport};
use crate::run_folder::RunFolderError;

/// The imports of the target by the hash of their key.
#[derive(Debug, Default)]
pub(crate) struct Bearers {
    /// The numbers of their records, in the order of the list.
    all: Chunks<u32>,
    /// The keys of those, in their order; until they are [sorted](Self::sort).
    keys: Chunks<Halves>,
    /// Keys, each with where in `all` what bears it stands: to look there for each that is compared takes longer. By key, and
    /// for one key in the order of the list; once they are [sorted](Self::sort).
    by_key: Vec<Keyed>,
    /// What few of them have, by the number of the record.
    more: HashMap<u32, More>,
    /// What was found otherwise than by the list.
    late: HashMap<u64, TargetImport>,
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

    /// Adds an import of the list that was [stored](TargetFile::put_down).
    pub(crate) fn push(&mut self, key: u64, import: TargetImport) {
        let record = self.record(import);
        self.all.push(record);
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

    /// Adds an import under a key that no other import has.
    pub(crate) fn insert(&mut self, key: u64, import: TargetImport) {
        self.late.insert(key, import);
    }

    pub(crate) fn contains(&self, key: u64) -> bool {
        self.late.contains_key(&key) || !self.range(key).is_empty()
    }

    /// The imports with the key, in the order of the list. `file` is where they were stored.
    pub(crate) fn of(&self, key: u64, file: &mut TargetFile) -> Result<Vec<TargetImport>, RunFolderError> {
        match self.late.get(&key) {
            Some(late) => Ok(vec![late.clone()]),
            None => {
                let places = self.range(key).iter();
                places.map(|[.., at]| self.import(self.all[*at as usize], file)).collect()
            }
        }
    }

    /// How many imports have the key.
    pub(crate) fn count(&self, key: u64) -> usize {
        if self.late.contains_key(&key) { 1 } else { self.range(key).len() }
    }

    /// One of the imports with the key, by its index.
    pub(crate) fn get(
        &self,
        key: u64,
        at: usize,
        file: &mut TargetFile,
    ) -> Result<Option<TargetImport>, RunFolderError> {
        match self.late.get(&key) {
            Some(late) => Ok(Some(late.clone()).filter(|_| at == 0)),
            None => {
                let record = self.range(key).get(at).map(|[.., at]| self.all[*at as usize]);
                record.map(|record| self.import(record, file)).transpose()
            }
        }
    }

    /// Replaces an import with another state of it that was [stored](TargetFile::put_down).
    pub(crate) fn put(&mut self, key: u64, at: usize, import: TargetImport) {
        if let Some(late) = self.late.get_mut(&key) {
            *late = import;
        } else if let Some(place) = self.range(key).get(at).map(|[.., at]| *at as usize) {
            self.more.remove(&self.all[place]);
            self.all[place] = self.record(import);
        }
    }

    /// All of them.
    pub(crate) fn iter(
        &self,
        file: &mut TargetFile,
    ) -> impl Iterator<Item = Result<TargetImport, RunFolderError>> {
        let late = self.late.values().cloned().map(Ok);
        self.all.iter().map(|record| self.import(*record, file)).chain(late)
    }

    fn range(&self, key: u64) -> &[Keyed] {
        keyed_by(&self.by_key, key)
    }

    /// The number of an import's record; keeps what that does not say.
    fn record(&mut self, import: TargetImport) -> u32 {
        let TargetImport { id, record, unreadable, .. } = import;
        let id = pack(&id).is_none().then_some(id);
        if id.is_some() || unreadable.is_some() {
            self.more.insert(record, More { id, unreadable });
        }
        record
    }

    fn import(&self, record: u32, file: &mut TargetFile) -> Result<TargetImport, RunFolderError> {
        let Record { id: usual, print, span, app } = file.record(record)?;
        let More { id, unreadable } = self.more.get(&record).cloned().unwrap_or_default();
        let id = id.unwrap_or_else(|| Id::from(unpack(&usual)));
        Ok(TargetImport { id, print, span, record, app, unreadable })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fingerprint;

    fn import(file: &mut TargetFile, id: &str, unreadable: bool) -> TargetImport {
        let print = Fingerprint::of(id.as_bytes());
        let unreadable = unreadable.then_some(Unreadable::TooDeep);
        file.put_down(b"{}", Id::from(id), print, id.starts_with('5'), unreadable).unwrap()
    }

    #[test]
    fn what_bears_a_key_is_given_back_in_the_order_of_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = TargetFile::create(folder.path(), 1).unwrap();
        let usual = "5f7c579b6411271af4e7cefa";
        let all = [
            (7, import(&mut file, usual, false)),
            (9, import(&mut file, "odd", true)),
            (7, import(&mut file, "5F7C579B6411271AF4E7CEFA", false)),
            (7, import(&mut file, usual, true)),
        ];
        let mut bearers = Bearers::default();
        all.iter().for_each(|(key, import)| bearers.push(*key, import.clone()));
        bearers.sort();
        let of = |key| all.iter().filter(|one| one.0 == key).map(|one| one.1.clone()).collect::<Vec<_>>();
        for key in 7..=9 {
            assert_eq!((bearers.of(key, &mut file).unwrap(), bearers.count(key)), (of(key), of(key).len()));
            for at in 0..4 {
                assert_eq!(bearers.get(key, at, &mut file).unwrap().as_ref(), of(key).get(at));
            }
        }
        assert!(bearers.contains(9) && !bearers.contains(8));
        let (other, late) = (import(&mut file, usual, false), import(&mut file, "late", false));
        bearers.put(9, 0, other.clone());
        bearers.insert(8, late.clone());
        assert_eq!(bearers.of(9, &mut file).unwrap(), [other]);
        assert_eq!((bearers.get(8, 1, &mut file).unwrap(), bearers.count(8)), (None, 1));
        assert_eq!(bearers.of(8, &mut file).unwrap(), [late]);
        assert_eq!(bearers.iter(&mut file).map(Result::unwrap).count(), 5);
    }
}
