//! A map for very many ids: ids of the usual form take half their length and no overhead.

use std::collections::HashMap;

use crate::model::Id;
use crate::model::packed_id::{UsualId, pack, unpack};

/// A map from ids to values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdMap<T> {
    usual: HashMap<UsualId, T>,
    others: HashMap<Id, T>,
}

/// A set of ids: a map without values.
pub type IdSet = IdMap<()>;

impl<T> Default for IdMap<T> {
    fn default() -> Self {
        Self { usual: HashMap::new(), others: HashMap::new() }
    }
}

impl<T> IdMap<T> {
    /// Sets the value of an id. Returns the one that it had.
    pub fn insert(&mut self, id: &Id, value: T) -> Option<T> {
        match pack(id) {
            Some(usual) => self.usual.insert(usual, value),
            None => self.others.insert(id.clone(), value),
        }
    }

    /// The value of an id.
    pub fn get(&self, id: &Id) -> Option<&T> {
        match pack(id) {
            Some(usual) => self.usual.get(&usual),
            None => self.others.get(id),
        }
    }

    /// Whether the map has the id.
    pub fn contains(&self, id: &Id) -> bool {
        self.get(id).is_some()
    }

    /// Removes an id.
    pub fn remove(&mut self, id: &Id) -> Option<T> {
        match pack(id) {
            Some(usual) => self.usual.remove(&usual),
            None => self.others.remove(id),
        }
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.usual.len() + self.others.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of all ids.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.usual.values().chain(self.others.values())
    }

    /// The ids and their values.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        let usual = self.usual.iter().map(|(usual, value)| (Id::from(unpack(usual)), value));
        usual.chain(self.others.iter().map(|(id, value)| (id.clone(), value)))
    }

    /// Removes the ids for whose value `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.usual.retain(|_, value| keep(value));
        self.others.retain(|_, value| keep(value));
    }
}

impl<T> FromIterator<(Id, T)> for IdMap<T> {
    fn from_iter<I: IntoIterator<Item = (Id, T)>>(all: I) -> Self {
        let mut map = Self::default();
        for (id, value) in all {
            map.insert(&id, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_form_are_told_apart() {
        let ids =
            ["5f7c579b6411271af4e7cefa", "5F7C579B6411271AF4E7CEFA", "000000000000000000000000", "odd", ""];
        let ids = ids.map(Id::from);
        let mut map: IdMap<usize> = ids.iter().cloned().zip(0..).collect();
        assert_eq!(map.len(), ids.len());
        for (at, id) in ids.iter().enumerate() {
            assert_eq!(map.get(id), Some(&at));
        }
        let mut all: Vec<(Id, usize)> = map.iter().map(|(id, at)| (id, *at)).collect();
        all.sort_by_key(|(_, at)| *at);
        assert!(all.into_iter().map(|(id, _)| id).eq(ids.iter().cloned()));
        let mut some = map.clone();
        some.retain(|at| *at >= 2);
        assert_eq!((some.len(), some.contains(&ids[0]), some.contains(&ids[3])), (3, false, true));
        for (at, id) in ids.iter().enumerate() {
            assert_eq!((map.insert(id, 9), map.remove(id), map.contains(id)), (Some(at), Some(9), false));
        }
        assert!(map.is_empty());
    }
}
