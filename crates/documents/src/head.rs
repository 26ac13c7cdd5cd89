//! What is read of an import without parsing the whole of it.

use std::collections::HashMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Id;
use crate::glance::{self, Field, Fields};

/// The identity of an import and the few fields that decide where it goes.
///
/// Reading it skips over the rest of the document, so it costs a fraction of a full parse.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// The import's `_id`.
    #[serde(rename = "_id")]
    pub id: Id,
    /// `name`; absent on a broken document, then empty.
    #[serde(default)]
    pub name: String,
    /// `adaptorType`; absent on documents of 2016.
    #[serde(default, rename = "adaptorType")]
    pub adaptor_type: Option<String>,
    /// The import's `_connectionId`, where it has one.
    #[serde(default, rename = "_connectionId")]
    pub connection: Option<Id>,
    /// The import's `_integrationId`, where it has one.
    #[serde(default, rename = "_integrationId")]
    pub integration: Option<Id>,
    /// `_connectorId`: set on what an Integration App owns.
    #[serde(default, rename = "_connectorId")]
    pub connector: Option<Id>,
    /// `_sourceId`: what it was cloned from.
    #[serde(default, rename = "_sourceId")]
    pub cloned_from: Option<Id>,
    /// The import's `externalId`, where it has one.
    #[serde(default, rename = "externalId")]
    pub external_id: Option<String>,
    /// `createdAt`, as sent.
    #[serde(default, rename = "createdAt")]
    pub created_at: Option<String>,
    /// `lastModified`, as sent.
    #[serde(default, rename = "lastModified")]
    pub last_modified: Option<String>,
}

impl Head {
    /// A head with only id and name.
    pub fn new(id: Id, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            adaptor_type: None,
            connection: None,
            integration: None,
            connector: None,
            cloned_from: None,
            external_id: None,
            created_at: None,
            last_modified: None,
        }
    }

    /// Reads the head of a document's text.
    ///
    /// # Errors
    ///
    /// Not JSON, not an object, or without a text `_id`.
    pub fn of(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Reads the head of a text that was found to be JSON, as [`Self::read`] does: nothing is checked again.
    pub fn off(json: &str) -> Self {
        Self::at_a_glance(json).unwrap_or_else(|| Self::read(json))
    }

    /// Reads the head of a text that was found to be JSON, as [`Self::of`] does, where nothing in it is out of the ordinary.
    pub fn at_a_glance(json: &str) -> Option<Self> {
        glance::fields(json).and_then(Self::of_fields)
    }

    /// Reads the head of any document: a field of another type counts as absent, half a character becomes U+FFFD.
    pub fn read(text: &str) -> Self {
        // A list would be read as the fields of a head, one after the other.
        let head = if text.trim_start().starts_with('{') { Self::of(text).ok() } else { None };
        head.unwrap_or_else(|| Self::read_loosely(text))
    }

    /// Reads the head of a document's tree, as [`Self::read`] reads that of its text.
    pub(crate) fn of_tree(tree: &Value) -> Self {
        Self::of_texts(|key| tree.get(key).and_then(Value::as_str).map(str::to_owned))
    }

    /// The head of what has these texts, each by its key: without an `_id` or a name it has an empty one.
    fn of_texts(mut text: impl FnMut(&str) -> Option<String>) -> Self {
        let id = |text: Option<String>| text.map(Id::from);
        Self {
            id: id(text("_id")).unwrap_or_else(|| Id::from("")),
            name: text("name").unwrap_or_default(),
            adaptor_type: text("adaptorType"),
            connection: id(text("_connectionId")),
            integration: id(text("_integrationId")),
            connector: id(text("_connectorId")),
            cloned_from: id(text("_sourceId")),
            external_id: text("externalId"),
            created_at: text("createdAt"),
            last_modified: text("lastModified"),
        }
    }

    /// `None` without a text `_id`, and where the name is `null`.
    pub(crate) fn of_fields(fields: Fields) -> Option<Self> {
        let id = |field: Field| field.text().map(Id::from);
        Some(Self {
            id: id(fields.id)?,
            name: match fields.name {
                Field::Absent => String::new(),
                name => name.text()?,
            },
            adaptor_type: fields.adaptor_type.text(),
            connection: id(fields.connection),
            integration: id(fields.integration),
            connector: id(fields.connector),
            cloned_from: id(fields.cloned_from),
            external_id: fields.external_id.text(),
            created_at: fields.created_at.text(),
            last_modified: fields.last_modified.text(),
        })
    }

    /// If a key is duplicated, the first text counts: a document with an `_id` must never look like one without.
    fn read_loosely(text: &str) -> Self {
        // Anything but an object has no fields.
        let Ok(Texts(mut texts)) = serde_json::from_str(text) else {
            return Self::new(Id::from(""), "");
        };
        Self::of_texts(|key| texts.remove(key))
    }
}

/// The members of an object that are texts, by key; of a key that stands twice, the first.
struct Texts(HashMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = HashMap<String, String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut texts = HashMap::new();
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    if let Some((key, text)) = text_of(key).zip(text_of(value)) {
                        texts.entry(key).or_insert(text);
                    }
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_map(Members).map(Self)
    }
}

/// The text that a JSON text stands for, half characters replaced; `None` if it is not a text.
fn text_of(raw: &RawValue) -> Option<String> {
    if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
        return Some(text);
    }
    let inside = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    let mut units: Vec<u16> = Vec::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(next) = chars.next() {
        let mut buffer = [0; 2];
        let read = match (next, next == '\\') {
            (other, false) => other,
            (_, true) => match chars.next()? {
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).ok()?);
                    continue;
                }
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                other => other,
            },
        };
        units.extend_from_slice(read.encode_utf16(&mut buffer));
    }
    Some(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn odd_types_do_not_spoil_the_rest_of_a_head() {
        let head = Head::read(r#"{"_id":"a","name":5,"_connectionId":"c","externalId":["x"]}"#);
        assert_eq!((head.id.as_str(), head.name.as_str(), head.external_id), ("a", "", None));
        assert_eq!(head.connection, Some(Id::from("c")));
        for list in ["[]", r#"["a","n"]"#] {
            assert_eq!(Head::read(list), Head::new(Id::from(""), ""));
        }
    }

    #[test]
    fn of_a_key_that_stands_twice_the_first_counts() {
        for again in
            [r#""_id":"b""#, r#""\u005fid":"b""#, r#""name":"m""#, r#""lastModified":1,"lastModified":"t""#]
        {
            let text = format!(r#"{{"_id":"a","name":"n","lastModified":"u",{again}}}"#);
            for head in [Head::read(&text), Head::off(&text)] {
                let read = (head.id.as_str(), head.name.as_str(), head.last_modified.as_deref());
                assert_eq!(read, ("a", "n", Some("u")), "{text}");
            }
        }
    }

    #[test]
    fn half_a_character_in_a_key_spoils_nothing() {
        let head = Head::read(r#"{"\ud800":1,"_id":"a","na\udfffme":"m","name":"n"}"#);
        assert_eq!((head.id.as_str(), head.name.as_str()), ("a", "n"));
    }

    #[test]
    fn half_a_character_is_replaced_and_all_else_is_read() {
        let name = |text: &str| Head::read(&format!(r#"{{"_id":"a","name":"{text}"}}"#)).name;
        assert_eq!(name(r"a\ud83d\n\u00e9\ud83d\ude00 \/ü"), "a\u{fffd}\né\u{1f600} /ü");
        assert_eq!(name(r"\ude00\\"), "\u{fffd}\\");
    }

    fn off(text: &str) -> Option<Head> {
        glance::fields(text).and_then(Head::of_fields)
    }

    #[test]
    fn a_head_is_read_off_between_what_does_not_count() {
        let text = " { \"x\" : [ { \"_id\" : \"no\\\"\" } , 1.5 ] , \"_id\":\"a\" ,\n \"name\":\"x\\u00e9\\\"y\", \
                    \"externalId\": null, \"n\": -1, \"s\": \"]}\", \"lastModified\": \"t\" } \n";
        let head = off(text).unwrap();
        assert_eq!(Some(&head), Head::of(text).ok().as_ref());
        assert_eq!((head.name.as_str(), head.external_id), ("xé\"y", None));
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_for_a_parser() {
        for text in [
            "[]",
            "{}",
            "7",
            "{\"name\":\"a\"}",
            "{\"_id\":1}",
            "{\"_id\":null}",
            "{\"_id\":\"a\",\"_id\":\"b\"}",
            "{\"_id\":\"a\",\"name\":null}",
            "{\"\\u005fid\":\"a\"}",
            "{\"_id\":\"a\",\"name\":\"\\ud83d\"}",
            "{\"_id\":\"a\"} x",
            "{\"_id\":\"a\"",
            "{\"_id\":\"a",
            "",
        ] {
            assert_eq!(off(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_read_otherwise_than_by_a_parser(
            members in prop::collection::vec((0..8_usize, 0..12_usize), 0..8), blank in prop::sample::select(vec!["", " ", "\n\t"])
        ) {
            let keys = ["_id", "name", "_connectionId", "externalId", "x", "\\u006eame", "a\\\"b", "mapping"];
            let values = ["\"a\"", "\"\"", "\"a\\\\\"", "\"\\ud83d\\ude00\"", "null", "true", "-1.5e3", "[]", "{}",
                "[{\"_id\":\"[\\\"\"},[1,2]]", "{\"name\":{\"a\":\"}\"}}", "\"é\""];
            let members = members.iter().map(|(key, value)| format!("\"{}\"{blank}:{blank}{}", keys[*key], values[*value]));
            let text = format!("{{{blank}{}{blank}}}", members.collect::<Vec<_>>().join(&format!("{blank},")));
            if let Some(head) = off(&text) {
                prop_assert_eq!(Head::of(&text).unwrap(), head);
            }
            if let Some((length, places)) = crate::quick::object_before(text.as_bytes())
                && let Some(head) = places.head(&text)
            {
                prop_assert_eq!((length, Some(head)), (text.len(), off(&text)));
            }
            if let Ok(tree) = crate::document::read_tree(text.as_bytes()) {
                prop_assert_eq!(Head::of_tree(&tree), Head::off(&text));
            }
        }
    }
}
