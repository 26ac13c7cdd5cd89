//! A key that an object of a text holds twice: a tree would keep one of the two values and drop the other unseen.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::place::push_key;

/// A JSON pointer to the first key that an object of a JSON text holds twice.
pub(crate) fn duplicate_key(text: &[u8]) -> Option<String> {
    serde_json::from_slice::<Found>(text).ok()?.0
}

/// The pointer to a duplicate key in a value, relative to it.
struct Found(Option<String>);

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FoundVisitor)
    }
}

struct FoundVisitor;

impl<'de> Visitor<'de> for FoundVisitor {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Found, A::Error> {
        let (mut found, mut at) = (None, 0_usize);
        while let Some(Found(within)) = entries.next_element()? {
            found = found.or_else(|| within.map(|within| format!("/{at}{within}")));
            at += 1;
        }
        Ok(Found(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found, A::Error> {
        let (mut found, mut seen) = (None, HashSet::new());
        while let Some(key) = members.next_key::<String>()? {
            let Found(within) = members.next_value()?;
            if found.is_none() {
                let within = if seen.contains(&key) { Some(String::new()) } else { within };
                found = within.map(|within| {
                    let mut pointer = String::new();
                    push_key(&mut pointer, &key);
                    pointer + &within
                });
            }
            seen.insert(key);
        }
        Ok(Found(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_duplicate_key_is_found_wherever_it_stands() {
        for (text, pointer) in [
            (r#"{"a":1,"a":2}"#, Some("/a")),
            (r#"{"a":1,"\u0061":1e5}"#, Some("/a")),
            (r#"{"x":[{"n":-1.5e3},[true,{"a/b":null,"c":{},"a/b":"z","c":1}]]}"#, Some("/x/1/1/a~1b")),
            (r#"{"a":{"b":1},"c":{"b":1},"d":12345678901234567890123}"#, None),
            (r#"{"a":1"#, None),
        ] {
            assert_eq!(duplicate_key(text.as_bytes()).as_deref(), pointer, "{text}");
        }
    }
}
