//! A document as the service sent it: its text, and its tree or the reason why there is none.
//!
//! A text can be valid JSON and still have no tree: a lone surrogate, more nesting than a parser accepts, bytes that are
//! not UTF-8. Such a document is never read as an empty one: whoever wants a tree gets a [`Result`].

use std::cell::OnceCell;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::contained::{Mistake, contained};
use crate::duplicate_key::duplicate_key;
use crate::normal::{Ignore, fingerprint, fingerprint_of_plain};
use crate::planted::{UNREADABLE_AS_EMPTY, is_planted};
use crate::quick;
use crate::raw_bytes::raw_byte;
pub use crate::raw_bytes::{escape_bytes, escape_document, escape_slips, original_bytes};
use crate::schema::is_server_field;
use crate::shortened::shortened;
use crate::tree::LightTree;
use crate::verbatim;
use crate::{Fingerprint, Hasher, Head, MemberPlaces};

/// A document: head and text always, the tree only if the text has one. Each is read at most once, when it is asked for.
#[derive(Debug, Clone)]
pub struct Document {
    head: OnceCell<Head>,
    text: Box<str>,
    tree: OnceCell<Result<Value, Unreadable>>,
}

impl Document {
    /// A document of its text, which is JSON.
    pub fn new(text: Box<str>) -> Self {
        Self { head: OnceCell::new(), text, tree: OnceCell::new() }
    }

    /// A document of its text, which passed through [`escape_bytes`] when it came; so it does here if it is not UTF-8.
    ///
    /// # Errors
    ///
    /// The bytes are not JSON at all.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Unreadable> {
        let mut text =
            String::from_utf8(bytes).unwrap_or_else(|error| escape_bytes(error.as_bytes()).into_owned());
        let blanks = [' ', '\t', '\n', '\r'];
        if text.starts_with(blanks) || text.ends_with(blanks) {
            text = text.trim_matches(blanks).into();
        }
        // Where a head is, the whole text was read, and is JSON.
        let head = match Head::of(&text) {
            Ok(head) => head,
            Err(_) => {
                serde_json::from_str::<&RawValue>(&text).map_err(|error| Unreadable::of(&error, ""))?;
                Head::read(&text)
            }
        };
        Ok(Self { head: OnceCell::from(head), text: text.into_boxed_str(), tree: OnceCell::new() })
    }

    /// Its identity; read from any text, also from one that has no tree.
    pub fn head(&self) -> &Head {
        self.head.get_or_init(|| Head::off(&self.text))
    }

    /// The document's text, byte for byte as it was read, without blanks around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The document's tree, or the reason why it has none.
    ///
    /// # Errors
    ///
    /// The text has no tree.
    pub fn tree(&self) -> Result<&Value, &Unreadable> {
        self.tree.get_or_init(|| read_tree(self.text.as_bytes())).as_ref()
    }

    /// Its tree, taken out, and where its members stand in the text, as far as that is known. Whoever asks for the tree later has
    /// it parsed again.
    ///
    /// # Errors
    ///
    /// As [`Self::tree`].
    pub fn take_tree(&mut self) -> Result<(Value, MemberPlaces), Unreadable> {
        let taken = self.tree.take().map(|tree| tree.map(|tree| (tree, MemberPlaces::default())));
        let taken = taken.or_else(|| quick::document(&self.text).map(Ok));
        let taken = taken.unwrap_or_else(|| {
            read_unusual_tree(self.text.as_bytes()).map(|tree| (tree, MemberPlaces::default()))
        });
        if let Ok((tree, _)) = &taken {
            // Its few fields are found in the tree for less than in the text.
            self.head.get_or_init(|| {
                let head = Head::of_tree(tree);
                debug_assert_eq!(head, Head::off(&self.text), "a tree has the head of its text");
                head
            });
        }
        taken
    }

    /// The fingerprint of its normal form; without a tree, that of its text: see [`fingerprint_of_text`].
    pub fn fingerprint(&self) -> Fingerprint {
        self.tree().map_or_else(|_| fingerprint_of_text(self.text.as_bytes()), fingerprint)
    }
}

/// Why a text has no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Half a character: what is left when a text is cut inside an emoji.
    #[error("lone surrogate at character {at}")]
    LoneSurrogate {
        /// Where the parser stopped, in bytes from the start of its line.
        at: usize,
    },
    /// Objects or arrays inside each other, more than a parser accepts.
    #[error("nested more than 128 levels deep")]
    TooDeep,
    /// Bytes that are no text.
    #[error("bytes that are not UTF-8 at character {at}")]
    NotUtf8 {
        /// Where the parser stopped, in bytes from the start of its line.
        at: usize,
    },
    /// A control character that no JSON text may hold as it is.
    #[error("a control character that is not escaped at character {at}")]
    ControlCharacter {
        /// Where the parser stopped, in bytes from the start of its line.
        at: usize,
    },
    /// What JSON does not have: a backslash that escapes nothing, or `NaN` for a number; and bytes from the start of its line.
    #[error("{0} at character {1}")]
    Slip(&'static str, usize),
    /// A key that an object holds twice: which of its values counts is not known.
    #[error("duplicate key `{0}`")]
    DuplicateKey(String),
    /// Not JSON, or not an object.
    #[error("{0}")]
    NotJson(String),
    /// The program panicked over it.
    #[error(transparent)]
    Mistake(#[from] Mistake),
}

impl Unreadable {
    fn of(error: &serde_json::Error, text: &str) -> Self {
        // The parser's kinds of errors differ only in their texts. If these change, the result is `NotJson`, which is
        // true too.
        let message = error.to_string();
        let at = error.column();
        if message.contains("recursion limit") {
            Self::TooDeep
        } else if ["surrogate", "end of hex escape", "unicode code point"]
            .iter()
            .any(|word| message.contains(word))
        {
            let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default().as_bytes();
            let near = &line[at.saturating_sub(14).min(line.len())..(at + 14).min(line.len())];
            match raw_byte(near) {
                Some(0..0x20) => Self::ControlCharacter { at },
                Some(b'\\') => Self::Slip("a backslash that escapes nothing", at),
                Some(b'-' | b'A'..=b'z') => Self::Slip("`NaN` or `Infinity`, which JSON does not have,", at),
                Some(_) => Self::NotUtf8 { at },
                None => Self::LoneSurrogate { at },
            }
        } else {
            Self::NotJson(message)
        }
    }
}

/// The tree of a document's text.
///
/// # Errors
///
/// The text has no tree, or is not an object.
pub fn read_tree(text: &[u8]) -> Result<Value, Unreadable> {
    // What is read quickly holds each key once.
    if let Some(tree @ Value::Object(_)) = str::from_utf8(text).ok().and_then(quick::tree) {
        return Ok(tree);
    }
    read_unusual_tree(text)
}

/// The same for a text that is out of the ordinary.
fn read_unusual_tree(text: &[u8]) -> Result<Value, Unreadable> {
    match verbatim::from_any_slice(text) {
        Err(_) if is_planted(UNREADABLE_AS_EMPTY) => Ok(Value::Object(serde_json::Map::new())),
        Ok(Value::Object(_)) if let Some(pointer) = duplicate_key(text) => {
            Err(Unreadable::DuplicateKey(shortened(&pointer, 80)))
        }
        Ok(tree @ Value::Object(_)) => Ok(tree),
        Ok(_) => Err(Unreadable::NotJson("not a JSON object".to_owned())),
        Err(error) if std::str::from_utf8(text).is_err() => Err(Unreadable::NotUtf8 { at: error.column() }),
        Err(error) => Err(Unreadable::of(&error, std::str::from_utf8(text).unwrap_or_default())),
    }
}

/// The fingerprint of a document's text: that of its normal form, or without a tree that of the text itself.
///
/// Two texts without a tree have one fingerprint only if they are the same text; none has that of a readable document.
pub fn print_text(text: &[u8]) -> Fingerprint {
    Printed::new(text, &Ignore::default()).print
}

/// A document's text with its fingerprint, as [`print_text`] gives it. Its tree is read once it is asked for: mostly the
/// fingerprint says all, and it is had for less.
#[derive(Debug)]
pub struct Printed<'t> {
    /// The fingerprint of the text, without what is ignored.
    pub print: Fingerprint,
    text: &'t [u8],
    tree: Option<Result<Value, Unreadable>>,
}

impl<'t> Printed<'t> {
    /// A text with its fingerprint without what is ignored. A panic over it makes it one that cannot be read.
    pub fn new(text: &'t [u8], ignore: &Ignore) -> Self {
        let print = || fingerprint_of_plain(text).or_else(|| Some(fingerprint(&LightTree::read(text)?)));
        if ignore.is_empty()
            && let Ok(Some(print)) = contained(print)
        {
            return Self { print, text, tree: None };
        }
        Self::by(text, |tree| ignore.fingerprint(tree))
    }

    /// The same, with a fingerprint of another make.
    pub fn by(text: &'t [u8], print: impl FnOnce(&Value) -> Fingerprint) -> Self {
        let printed = read_tree(text).and_then(|tree| Ok((contained(|| print(&tree))?, tree)));
        let (print, tree) = match printed {
            Ok((print, tree)) => (print, Ok(tree)),
            Err(why) => (fingerprint_of_text(text), Err(why)),
        };
        Self { print, text, tree: Some(tree) }
    }

    /// Why it has no tree, if so.
    pub fn unreadable(&self) -> Option<&Unreadable> {
        self.tree.as_ref().and_then(|tree| tree.as_ref().err())
    }

    /// Its tree.
    ///
    /// # Errors
    ///
    /// It has no tree.
    pub fn into_tree(self) -> Result<Value, Unreadable> {
        self.tree.unwrap_or_else(|| read_tree(self.text))
    }
}

/// The fingerprint of a text that has no tree.
pub fn fingerprint_of_text(text: &[u8]) -> Fingerprint {
    let mut hash = Hasher::default();
    hash.update(b"\0unreadable\0");
    hash.update(text);
    hash.finish()
}

/// The text without the members that the service manages; what is left stays as it is, byte for byte.
///
/// # Errors
///
/// The text is not a JSON object, or one of its own keys has half a character in it.
pub fn strip_text(text: &str) -> Result<String, Unreadable> {
    let mut kept = String::with_capacity(text.len());
    for (key, value) in members(text)?.iter().filter(|(key, _)| !is_server_field(key)) {
        kept.push(if kept.is_empty() { '{' } else { ',' });
        kept.push_str(&Value::from(key.as_str()).to_string());
        kept.push(':');
        kept.push_str(value.get());
    }
    kept.push_str(if kept.is_empty() { "{}" } else { "}" });
    Ok(kept)
}

/// The members of an object in their order, the values as they are written; a key that stands twice is there twice.
///
/// # Errors
///
/// The text is not a JSON object, or one of its own keys has half a character in it.
pub fn members(text: &str) -> Result<Vec<(String, &RawValue)>, Unreadable> {
    let members: Members<'_> = serde_json::from_str(text).map_err(|error| Unreadable::of(&error, text))?;
    Ok(members.0)
}

/// The members of an object in their order, the values as texts.
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        Document::from_bytes(text.as_bytes().to_vec()).unwrap()
    }

    fn deep(levels: usize) -> String {
        format!(r#"{{"_id":"a","x":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn what_has_no_tree_says_why() {
        let reason = |text: &str| read(text).tree().map(|_| ()).unwrap_err().to_string();
        assert_eq!(reason(r#"{"_id":"a","s":"cut \ud83d"}"#), "lone surrogate at character 27");
        assert!(reason(r#"{"_id":"a","s":"\ude00 cut"}"#).starts_with("lone surrogate at"));
        assert!(reason("{\n\"s\":\"cut \\ud83d\\u0041\"}").starts_with("lone surrogate at"));
        assert_eq!(reason(&deep(200)), "nested more than 128 levels deep");
        assert!(read(&deep(120)).tree().is_ok());
        let bytes = Document::from_bytes(b"{\"_id\":\"a\",\"s\":\"x\xff\"}".to_vec()).unwrap();
        assert!(bytes.tree().unwrap_err().to_string().starts_with("bytes that are not UTF-8 at"));
        assert_eq!(reason("[1]"), "not a JSON object");
        assert_eq!(reason(r#"{"_id":"a","settings":{"x":1,"x":1e5}}"#), "duplicate key `/settings/x`");
        assert!(Document::from_bytes(b"{\"a\":".to_vec()).is_err());
    }

    #[test]
    fn a_document_without_a_tree_still_has_its_head() {
        let half = read(r#"{"name":"Order \ud83d","_id":"5f","lastModified":"t","_connectorId":null}"#);
        assert_eq!(half.head().id.as_str(), "5f");
        assert_eq!(half.head().name, "Order \u{fffd}");
        assert_eq!(half.head().last_modified.as_deref(), Some("t"));
        assert_eq!(read(&deep(300)).head().id.as_str(), "a");
    }

    #[test]
    fn documents_without_a_tree_are_told_apart_by_their_texts() {
        let print = |text: &str| read(text).fingerprint();
        let half = |rest: &str| format!(r#"{{"_id":"a","s":"\ud83d","n":"{rest}"}}"#);
        assert_ne!(print(&half("1")), print(&half("2")));
        assert_eq!(print(&half("1")), print(&half("1")));
        assert_ne!(print(&half("1")), print(r#"{"_id":"a","n":"1"}"#));
        assert_ne!(print(&deep(200)), print(&deep(201)));
        assert_ne!(print(r#"{"_id":"a","n":1,"n":2}"#), print(r#"{"_id":"a","n":2,"n":2}"#));
        assert_eq!(print(r#"{"a":1,"b":2}"#), print(r#"{"b":2,"a":1.0}"#));
        let bytes = |byte: u8| {
            let text = [b"{\"_id\":\"a\",\"s\":\"", &[byte][..], b"\"}"].concat();
            Document::from_bytes(text).unwrap().fingerprint()
        };
        assert_ne!(bytes(0xfe), bytes(0xff));
        assert_eq!(print_text(half("1").as_bytes()), print(&half("1")));
    }

    #[test]
    fn a_fingerprint_is_the_same_whichever_tree_it_is_made_of() {
        for text in [
            r#"{"name":"a","n":1.0,"m":[1e5,-0,2.50],"http":{"lookups":[],"sendPostMappedData":true,"_httpConnectorId":"x"}}"#,
            r#"{"name":"a","n":1.0,"m":[100000,-0,2.50],"filter":{"type":"expression","version":"1","expression":{"rules":[]}}}"#,
            r#"{"oneToMany":"false","name":"\u00e9\n","netsuite_da":{"operation":"ADD","x":{"y":{}}},"_id":"z"}"#,
        ] {
            let by_value = Printed::by(text.as_bytes(), fingerprint);
            assert_eq!(Printed::new(text.as_bytes(), &Ignore::default()).print, by_value.print, "{text}");
            assert_eq!(by_value.into_tree(), read_tree(text.as_bytes()));
        }
        let new = |text| Printed::new(text, &Ignore::default());
        assert_eq!(new(br#"{"a":1}"#).unreadable(), None);
        assert_eq!(new(b"{").unreadable(), read_tree(b"{").err().as_ref());
    }

    #[test]
    fn a_text_loses_only_what_the_service_manages() {
        let text = r#"{"_id":"a","name":"A \ud83d","n":1.50e0, "lastModified":"t","http":{"_id":"in","x":"\u00e9"}}"#;
        assert_eq!(
            strip_text(text).unwrap(),
            r#"{"name":"A \ud83d","n":1.50e0,"http":{"_id":"in","x":"\u00e9"}}"#
        );
        assert_eq!(strip_text(r#"{"_id":"a"}"#).unwrap(), "{}");
        assert!(strip_text("[1]").is_err());
        assert!(strip_text(r#"{"\ud83d":1}"#).is_err());
    }
}
