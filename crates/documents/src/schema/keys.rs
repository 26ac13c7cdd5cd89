//! What the table says of a key, all of it by one look: nearly every walk over a document asks it of nearly every key.

use std::sync::LazyLock;

use super::fields::{FIELDS, Holds, Record};
use super::resources::Kind;

/// Places in the table of keys: some times as many as there are keys, so that most looks end at the first.
const PLACES: usize = 1024;

/// What a key is. All is false of a key that the table does not know.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub(super) struct KeyClass {
    /// At the top of a document: managed by the service.
    pub is_managed: bool,
    /// At the top of a document: captured data.
    pub is_captured: bool,
    /// In `http`: an id of the service's catalogue.
    pub is_of_the_catalogue: bool,
    /// Anywhere: free-form, dead or captured.
    pub is_closed: bool,
    /// Anywhere: left over, and read by nothing.
    pub is_dead: bool,
    /// Anywhere: a flag for which `false` and absent are the same.
    pub is_flag: bool,
    /// Anywhere: never a default.
    pub is_deliberate: bool,
    /// Filled in by people only: said so of it anywhere, or it names fields.
    pub is_of_people: bool,
    /// Anywhere: the id of such a resource.
    pub reference: Option<Kind>,
}

/// The keys of the table. A place without a key is free.
static KEYS: LazyLock<Vec<(&str, KeyClass)>> = LazyLock::new(|| {
    let mut keys = vec![("", KeyClass::default()); PLACES];
    for field in FIELDS {
        let (key, is_anywhere) = (last_key(field.at), field.at.starts_with("**."));
        let mut at = place_of(key);
        while !keys[at].0.is_empty() && keys[at].0 != key {
            at = (at + 1) % PLACES;
        }
        keys[at].0 = key;
        let class = &mut keys[at].1;
        class.is_managed |= field.holds == Holds::Managed && field.at == key;
        class.is_captured |= field.holds == Holds::Captured && field.at == key;
        class.is_of_the_catalogue |=
            field.holds == Holds::Catalogue && field.at.strip_prefix("http.") == Some(key);
        class.is_closed |= matches!(field.holds, Holds::FreeForm | Holds::Dead | Holds::Captured);
        class.is_dead |= field.holds == Holds::Dead;
        class.is_flag |= is_anywhere && field.holds == Holds::Flag;
        class.is_deliberate |= is_anywhere && field.holds == Holds::Deliberate;
        class.is_of_people |= is_anywhere && field.holds == Holds::OfPeople
            || matches!(field.holds, Holds::Names(_, record) if record != Record::Answer)
            || matches!(field.holds, Holds::Mapping(..) | Holds::Lookups(_));
        if let (true, Holds::Reference(kind), None) = (is_anywhere, field.holds, class.reference) {
            class.reference = Some(kind);
        }
    }
    keys
});

/// The last key of a row's path.
pub(super) fn last_key(at: &str) -> &str {
    at.rsplit('.').next().unwrap_or(at).trim_end_matches("[]")
}

/// Where the look for a key begins.
fn place_of(key: &str) -> usize {
    let bytes = key.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return 0 };
    let middle = usize::from(bytes[bytes.len() / 2]);
    (usize::from(*first) + 7 * usize::from(*last) + 61 * middle + 509 * bytes.len()) % PLACES
}

/// What the table says of a key.
pub(super) fn class_of(key: &str) -> KeyClass {
    let keys = &**KEYS;
    let mut at = place_of(key);
    loop {
        let (known, class) = &keys[at % PLACES];
        if *known == key || known.is_empty() {
            return *class;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_found_and_no_other() {
        for field in FIELDS.iter().filter(|field| field.at.starts_with("**.")) {
            let class = class_of(last_key(field.at));
            match field.holds {
                Holds::Flag => assert!(class.is_flag, "{field:?}"),
                Holds::Deliberate => assert!(class.is_deliberate, "{field:?}"),
                Holds::OfPeople => assert!(class.is_of_people, "{field:?}"),
                Holds::Reference(_) => assert!(class.reference.is_some(), "{field:?}"),
                _ => {}
            }
        }
        let taken = KEYS.iter().filter(|(key, _)| !key.is_empty()).count();
        assert!(taken < PLACES / 2, "{taken} keys: more places, so that looks stay short");
        for key in ["", "x", "no such key", "é"] {
            assert!(!class_of(key).is_closed && class_of(key).reference.is_none(), "{key}");
        }
    }
}
