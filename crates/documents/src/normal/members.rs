//! The fingerprint of a document in which some members changed, without reading the others again.

use std::ops::Range;

use serde_json::Value;

use super::Hash;
use crate::Fingerprint;
use crate::planted::{PANIC_PRINTING, panic_over};
use crate::schema::{Area, Shape};
use crate::tree::{Seen, Tree};

/// The longest normal form that is kept: a longer one is read again.
const LONGEST: usize = 1 << 20;

/// The normal form of a document, member by member of its top level, as the hasher gets it.
#[derive(Debug)]
pub struct PrintedMembers {
    shape: Shape,
    bytes: Vec<u8>,
    /// Where each member stands in it, ordered by key; what means the same as absent has no place.
    places: Vec<Range<usize>>,
}

impl PrintedMembers {
    /// The fingerprint of a document, as [`fingerprint`](super::fingerprint) gives it, and its members.
    pub fn of(document: &Value) -> (Fingerprint, Self) {
        panic_over(PANIC_PRINTING, document);
        let shape = Shape::of(document);
        let mut members = Self { shape, bytes: Vec::new(), places: Vec::new() };
        let mut hash = Hash::new(shape, usize::MAX);
        if let Seen::Object(object) = document.seen() {
            hash.form.bytes.push(b'{');
            hash.keep(Area::Root, object);
            for at in 0..hash.kept.len() {
                let from = hash.form.bytes.len();
                hash.member(Area::Root, at);
                members.places.push(from..hash.form.bytes.len());
            }
            hash.form.bytes.push(b'}');
        } else {
            hash.value(Area::Root, "", document);
        }
        let print = Fingerprint::of(&hash.form.bytes);
        if hash.form.bytes.len() <= LONGEST {
            members.bytes = hash.form.bytes;
        }
        (print, members)
    }

    /// The fingerprint of the document after members changed; `is_changed` knows at least their keys.
    pub fn again(&self, document: &Value, is_changed: impl Fn(&str) -> bool) -> Fingerprint {
        let Seen::Object(object) = document.seen() else { return super::fingerprint(document) };
        if self.bytes.is_empty() || Shape::of(document) != self.shape {
            return super::fingerprint(document);
        }
        panic_over(PANIC_PRINTING, document);
        let mut hash: Hash<'_, Value> = Hash::new(self.shape, usize::MAX);
        hash.form.bytes.reserve(self.bytes.len());
        hash.form.bytes.push(b'{');
        hash.keep(Area::Root, object);
        let mut places = self.places.iter().peekable();
        for at in 0..hash.kept.len() {
            let key = hash.kept[at].0;
            while places.next_if(|place| self.key(place) < key.as_bytes()).is_some() {}
            match places.next_if(|place| self.key(place) == key.as_bytes()).filter(|_| !is_changed(key)) {
                Some(place) => hash.form.bytes.extend_from_slice(&self.bytes[place.clone()]),
                None => hash.member(Area::Root, at),
            }
        }
        hash.form.bytes.push(b'}');
        hash.form.finish()
    }

    /// The key of a member: it stands behind a tag of one byte and its length of eight.
    fn key(&self, place: &Range<usize>) -> &[u8] {
        let (length, key) = self.bytes[place.start + 1..place.end].split_at(8);
        let length = length.try_into().map_or(0, u64::from_be_bytes);
        &key[..usize::try_from(length).unwrap_or(0).min(key.len())]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::normal::fingerprint;

    proptest! {
        #[test]
        fn it_is_the_fingerprint_of_the_whole(
            before in prop::collection::vec((0..9_usize, 0..6_usize), 0..9),
            edits in prop::collection::vec((0..9_usize, prop::option::of(0..6_usize)), 0..4),
        ) {
            let keys = ["_id", "name", "adaptorType", "http", "ftp", "mapping", "lastModified", "a", "zz"];
            let values = [json!("HTTPImport"), json!(null), json!([]), json!({ "method": ["POST"] }), json!("x"), json!(1.0)];
            let mut document = json!({});
            for (key, value) in before {
                document[keys[key]] = values[value].clone();
            }
            let (print, members) = PrintedMembers::of(&document);
            prop_assert_eq!(print, fingerprint(&document));
            let mut changed = Vec::new();
            for (key, value) in edits {
                changed.push(keys[key]);
                match value {
                    Some(value) => document[keys[key]] = values[value].clone(),
                    None => drop(document.as_object_mut().unwrap().shift_remove(keys[key])),
                }
            }
            let again = members.again(&document, |key| changed.contains(&key));
            prop_assert_eq!(again, fingerprint(&document));
        }
    }

    #[test]
    fn what_is_no_object_has_a_fingerprint_too() {
        let (print, members) = PrintedMembers::of(&Value::Null);
        assert_eq!((print, members.again(&Value::Null, |_| false)), (fingerprint(&Value::Null), print));
    }
}
