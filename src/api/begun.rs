//! Identifies a document whose end did not arrive, by its beginning.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::error::clean;

/// Describes an answer that is larger than `bound` bytes and begins with `begun`: which document it is (if it is one
/// and names its id early enough), and what to do about it.
pub(super) fn larger_than(bound: usize, begun: &[u8]) -> String {
    let shown = match bound >> 20 {
        mib if mib > 0 && mib << 20 == bound => format!("{mib} MiB"),
        _ => format!("{bound} bytes"),
    };
    let mut identity = Identity::default();
    if begun.trim_ascii_start().starts_with(b"{") {
        // The end is missing: only what was read before it counts.
        let _ = identity.deserialize(&mut serde_json::Deserializer::from_slice(begun));
    }
    let Identity { id: Some(id), name } = identity else {
        return format!("the answer is larger than {shown}");
    };
    let id = clean(&id, 60);
    let called = name.map_or_else(|| id.clone(), |name| format!("\"{}\" ({id})", clean(&name, 120)));
    format!(
        "the document {called} is larger than {shown}, the most that is read of one, and no list that shows it can be read: make it \
         smaller in the account (samples and mock answers are mostly the largest part), or remove it"
    )
}

/// The id and name of a document, if they arrived.
#[derive(Debug, Default)]
struct Identity {
    id: Option<String>,
    name: Option<String>,
}

impl Identity {
    fn deserialize<'de, D: Deserializer<'de>>(&mut self, reader: D) -> Result<(), D::Error> {
        DeserializeSeed::deserialize(self, reader)
    }
}

impl<'de> DeserializeSeed<'de> for &mut Identity {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Identity {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            match key.as_str() {
                "_id" => self.id = Some(members.next_value()?),
                "name" => self.name = Some(members.next_value()?),
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_named_where_its_beginning_tells_which_it_is() {
        let told = |begun: &str| larger_than(16 << 20, begun.as_bytes());
        for (begun, named) in [
            (r#"{"_id":"5f1","name":"Orders","x":"yyy"#, Some("\"Orders\" (5f1)")),
            (r#" {"http":{"name":"not it"},"_id":"5f1","x":[1,"#, Some("document 5f1 is")),
            (r#"{"x":"yyy"#, None),
            (r#"[{"_id":"5f1","x":"yyy"#, None),
            (r#"{"_id":7,"x":"yyy"#, None),
            ("", None),
        ] {
            let said = told(begun);
            match named {
                Some(named) => assert!(said.contains(named) && said.contains("larger than 16 MiB"), "{said}"),
                None => assert_eq!(said, "the answer is larger than 16 MiB"),
            }
        }
        assert_eq!(larger_than(3000, b""), "the answer is larger than 3000 bytes");
    }
}
