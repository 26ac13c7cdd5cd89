//! JSON as walks see it, whoever holds it: serde_json's own values, or a light tree that borrows its texts.
//!
//! A [`Value`] costs an allocation or two for each key, and more for each object, so that it can be changed. Where a document is
//! only looked at once, as for its fingerprint, a [`LightTree`] does for a fraction of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use crate::glance::names_one_twice;
use crate::verbatim;

/// A JSON value that can be looked at.
pub trait Tree: Sized {
    /// The members of an object, in order.
    type Members<'v>: Iterator<Item = (&'v str, &'v Self)> + Clone
    where
        Self: 'v;

    /// The value as one of the six kinds of JSON.
    fn seen(&self) -> Seen<'_, Self>;

    /// What stands under a key, if it is an object.
    fn member(&self, key: &str) -> Option<&Self>;
}

/// What a value is.
#[derive(Debug)]
pub enum Seen<'v, T: Tree + 'v> {
    /// The JSON value `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(&'v Number),
    /// A string, its escapes resolved.
    Text(&'v str),
    /// An array, its entries in order.
    List(&'v [T]),
    /// An object: its members, in the order written.
    Object(T::Members<'v>),
}

impl Tree for Value {
    type Members<'v> = ValueMembers<'v>;

    #[inline]
    fn seen(&self) -> Seen<'_, Self> {
        match self {
            Self::Null => Seen::Null,
            Self::Bool(flag) => Seen::Bool(*flag),
            Self::Number(number) => Seen::Number(number),
            Self::String(text) => Seen::Text(text),
            Self::Array(entries) => Seen::List(entries),
            Self::Object(members) => Seen::Object(ValueMembers(members.iter())),
        }
    }

    fn member(&self, key: &str) -> Option<&Self> {
        self.get(key)
    }
}

/// The members of a [`Value`].
#[derive(Debug, Clone)]
pub struct ValueMembers<'v>(serde_json::map::Iter<'v>);

impl<'v> Iterator for ValueMembers<'v> {
    type Item = (&'v str, &'v Value);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key.as_str(), value))
    }
}

/// A tree that borrows its keys and texts from the text it was read from, except where they contain escapes.
#[derive(Debug, PartialEq)]
pub enum LightTree<'t> {
    /// The JSON value `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(Number),
    /// A string, its escapes resolved.
    Text(Cow<'t, str>),
    /// An array, its entries in order.
    List(Vec<Self>),
    /// An object; no key stands twice.
    Object(Vec<(Cow<'t, str>, Self)>),
}

impl<'t> LightTree<'t> {
    /// The tree of an object's text; `None` if [`crate::document::read_tree`] has to decide: the text is not an object,
    /// has no tree, has a duplicate key, or has numbers in a form that serde_json changes.
    pub fn read(text: &'t [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok().filter(|text| verbatim::is_plain(text))?;
        serde_json::from_str(text).ok().filter(|tree| matches!(tree, Self::Object(_)))
    }
}

impl<'t> Tree for LightTree<'t> {
    type Members<'v>
        = LightMembers<'v, 't>
    where
        Self: 'v;

    #[inline]
    fn seen(&self) -> Seen<'_, Self> {
        match self {
            Self::Null => Seen::Null,
            Self::Bool(flag) => Seen::Bool(*flag),
            Self::Number(number) => Seen::Number(number),
            Self::Text(text) => Seen::Text(text),
            Self::List(entries) => Seen::List(entries),
            Self::Object(members) => Seen::Object(LightMembers(members.iter())),
        }
    }

    fn member(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// The members of a [`LightTree`].
#[derive(Debug, Clone)]
pub struct LightMembers<'v, 't>(std::slice::Iter<'v, (Cow<'t, str>, LightTree<'t>)>);

impl<'v, 't> Iterator for LightMembers<'v, 't> {
    type Item = (&'v str, &'v LightTree<'t>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (&**key, value))
    }
}

/// A text, borrowed if it can be.
struct Text<'t>(Cow<'t, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for LightTree<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = LightTree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(LightTree::Null)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(LightTree::Bool(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(LightTree::Number(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(LightTree::Number(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Number::from_f64(number).map_or(LightTree::Null, LightTree::Number))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(LightTree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(LightTree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(LightTree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let Some(Text(first)) = members.next_key()? else { return Ok(LightTree::Object(Vec::new())) };
        if verbatim::is_number_key(&first) {
            // That is how serde_json hands out a number as it is written. One that is spelled with escapes is somebody's.
            return match first {
                Cow::Borrowed(_) => {
                    Ok(LightTree::Number(Number::from_string_unchecked(members.next_value()?)))
                }
                Cow::Owned(_) => Err(de::Error::custom("a key of serde_json's own")),
            };
        }
        let mut object = Vec::with_capacity(4);
        object.push((first, members.next_value()?));
        while let Some(Text(key)) = members.next_key()? {
            object.push((key, members.next_value()?));
        }
        if names_one_twice(object.iter().map(|(key, _)| &**key)) {
            return Err(de::Error::custom("a key stands twice"));
        }
        Ok(LightTree::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_value(tree: &LightTree<'_>) -> Value {
        match tree {
            LightTree::Null => Value::Null,
            LightTree::Bool(flag) => Value::Bool(*flag),
            LightTree::Number(number) => Value::Number(number.clone()),
            LightTree::Text(text) => Value::String(text.to_string()),
            LightTree::List(entries) => entries.iter().map(as_value).collect(),
            LightTree::Object(members) => {
                Value::Object(members.iter().map(|(key, value)| (key.to_string(), as_value(value))).collect())
            }
        }
    }

    #[test]
    fn a_light_tree_holds_what_the_tree_holds() {
        for text in [
            "{}",
            r#"{"a":null,"b":[true,false,[],{}],"c":{"d":"é\n\u00e9\"","e\t":-0.10,"f":12345678901234567890123}}"#,
            r#"{"n":[0,1,-1,1.5,1e+5,2E-7]}"#,
        ] {
            let value = verbatim::from_slice(text.as_bytes()).unwrap();
            match LightTree::read(text.as_bytes()) {
                Some(tree) => assert_eq!(as_value(&tree), value, "{text}"),
                None => assert!(text.contains("E-7"), "{text}"),
            }
        }
    }

    #[test]
    fn what_only_the_full_tree_can_tell_is_left_to_it() {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
        let many = (0..40).map(|at| format!("\"k{}\":1", at % 39)).collect::<Vec<_>>().join(",");
        for text in [
            "[]",
            "1",
            r#"{"a":1"#,
            r#"{"a":1,"a":2}"#,
            &format!("{{{many}}}"),
            r#"{"a":"\ud800"}"#,
            r#"{"a":1e5}"#,
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"{"a":{"\u0024serde_json::private::Number":"x"}}"#,
            &deep,
        ] {
            assert_eq!(LightTree::read(text.as_bytes()), None, "{text}");
        }
    }
}
