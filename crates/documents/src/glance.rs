//! The head of a document, off a text that was found to be JSON: nothing in it is checked again.
//!
//! A list holds each import once, and its head is looked at several times on the way; what is between the few fields that
//! count is stepped over.

use memchr::memchr2;

use crate::{Head, Id};

/// Reads a head. `None` where anything is not as in nearly all documents: escapes in a key, a field twice or of another
/// type, no object. Such a text is for a parser.
pub(crate) fn head(text: &str) -> Option<Head> {
    let mut glance = Glance { text, at: 0 };
    let mut found = Found::default();
    glance.expect(b'{')?;
    if glance.next()? == b'}' {
        return None;
    }
    loop {
        glance.expect(b'"')?;
        let key = glance.text_inside()?.plain()?;
        glance.expect(b':')?;
        match found.place(key) {
            Some(place) => {
                let value = glance.text_or_null()?;
                if place.replace(value).is_some() {
                    return None;
                }
            }
            None => glance.skip()?,
        }
        match glance.next()? {
            b',' => glance.at += 1,
            b'}' => break,
            _ => return None,
        }
    }
    glance.at += 1;
    if glance.next().is_some() {
        return None;
    }
    found.head()
}

/// The fields of a head as far as they were met: the text that stands there, or `null`.
#[derive(Default)]
struct Found {
    id: Option<Option<String>>,
    name: Option<Option<String>>,
    adaptor_type: Option<Option<String>>,
    connection: Option<Option<String>>,
    integration: Option<Option<String>>,
    connector: Option<Option<String>>,
    cloned_from: Option<Option<String>>,
    external_id: Option<Option<String>>,
    created_at: Option<Option<String>>,
    last_modified: Option<Option<String>>,
}

impl Found {
    fn place(&mut self, key: &str) -> Option<&mut Option<Option<String>>> {
        Some(match key {
            "_id" => &mut self.id,
            "name" => &mut self.name,
            "adaptorType" => &mut self.adaptor_type,
            "_connectionId" => &mut self.connection,
            "_integrationId" => &mut self.integration,
            "_connectorId" => &mut self.connector,
            "_sourceId" => &mut self.cloned_from,
            "externalId" => &mut self.external_id,
            "createdAt" => &mut self.created_at,
            "lastModified" => &mut self.last_modified,
            _ => return None,
        })
    }

    fn head(self) -> Option<Head> {
        let id = |field: Option<Option<String>>| field.flatten().map(Id::from);
        Some(Head {
            id: Id::from(self.id??),
            name: match self.name {
                Some(name) => name?,
                None => String::new(),
            },
            adaptor_type: self.adaptor_type.flatten(),
            connection: id(self.connection),
            integration: id(self.integration),
            connector: id(self.connector),
            cloned_from: id(self.cloned_from),
            external_id: self.external_id.flatten(),
            created_at: self.created_at.flatten(),
            last_modified: self.last_modified.flatten(),
        })
    }
}

/// A text in quotes, as it is written.
struct Quoted<'t> {
    inside: &'t str,
    escaped: bool,
}

impl<'t> Quoted<'t> {
    fn plain(self) -> Option<&'t str> {
        (!self.escaped).then_some(self.inside)
    }
}

/// A place in a text that is JSON.
struct Glance<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Glance<'t> {
    /// The next byte that is no blank.
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.at += 1)
    }

    /// What stands before the closing quote; the opening one is behind.
    fn text_inside(&mut self) -> Option<Quoted<'t>> {
        let (from, mut escaped) = (self.at, false);
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let found = memchr2(b'"', b'\\', rest)?;
            if rest[found] == b'"' {
                let inside = self.text.get(from..self.at + found)?;
                self.at += found + 1;
                return Some(Quoted { inside, escaped });
            }
            escaped = true;
            self.at += found + 2;
        }
    }

    fn text_or_null(&mut self) -> Option<Option<String>> {
        match self.next()? {
            b'"' => {
                let from = self.at;
                self.at += 1;
                let quoted = self.text_inside()?;
                if quoted.escaped {
                    return serde_json::from_str(self.text.get(from..self.at)?).ok().map(Some);
                }
                Some(Some(quoted.inside.to_owned()))
            }
            b'n' => {
                self.at += "null".len();
                Some(None)
            }
            _ => None,
        }
    }

    /// Steps over a value.
    fn skip(&mut self) -> Option<()> {
        match self.next()? {
            b'"' => {
                self.at += 1;
                self.text_inside().map(|_| ())
            }
            b'{' | b'[' => self.skip_nested(),
            _ => {
                let rest = self.text.as_bytes().get(self.at..)?;
                self.at += rest
                    .iter()
                    .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'))?;
                Some(())
            }
        }
    }

    fn skip_nested(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        loop {
            let byte = *bytes.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => {
                    self.text_inside()?;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_head_is_read_off_between_what_does_not_count() {
        let text = " { \"x\" : [ { \"_id\" : \"no\\\"\" } , 1.5 ] , \"_id\":\"a\" ,\n \"name\":\"x\\u00e9\\\"y\", \
                    \"externalId\": null, \"n\": -1, \"s\": \"]}\", \"lastModified\": \"t\" } \n";
        let head = head(text).unwrap();
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
            assert_eq!(head(text), None, "{text}");
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
            if let Some(head) = head(&text) {
                prop_assert_eq!(Head::of(&text).unwrap(), head);
            }
        }
    }
}
