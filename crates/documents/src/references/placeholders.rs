//! What has no counterpart yet and is created by the run: until then a placeholder stands for its id.
//!
//! A placeholder follows from kind and name, for by its name a resource is recognised in the target: two of one name are
//! one. That of an import that is restored follows from the id it had. It has not the shape of an id, so the service would refuse one that was left in by mistake.

use std::collections::BTreeMap;

use super::Kind;
use crate::{Fingerprint, Id};

/// What every placeholder begins with.
const MARK: &str = "transship:new:";

/// Hex digits of a placeholder: fewer than an id has.
const DIGITS: usize = 16;

/// A resource that will be created in the target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PendingResource {
    /// The kind of the resource to make.
    pub kind: Kind,
    /// Its id in the source.
    pub id: Id,
    /// Its name, on both sides.
    pub name: String,
}

impl PendingResource {
    /// What stands in a document for the id it will have.
    pub fn placeholder(&self) -> String {
        placeholder(self.kind, &self.name)
    }
}

/// What stands for the id of a resource of that kind and name.
pub fn placeholder(kind: Kind, name: &str) -> String {
    let hash = Fingerprint::of(name.as_bytes()).to_string();
    format!("{MARK}{}:{}", kind.as_str(), &hash[..DIGITS])
}

/// A placeholder without a known id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no id is known for {0}")]
pub struct UnknownPlaceholder(pub String);

/// Puts other texts in the place of placeholders, in the text of a JSON document.
///
/// # Errors
///
/// A placeholder that `becomes` does not name: such a document must not be sent.
pub fn fill(text: &str, becomes: &BTreeMap<String, String>) -> Result<String, UnknownPlaceholder> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, length)) = next(rest) {
        let (before, found) = (&rest[..at], &rest[at..at + length]);
        filled.push_str(before);
        let id = becomes.get(found).ok_or_else(|| UnknownPlaceholder(found.to_owned()))?;
        let quoted = serde_json::Value::from(id.as_str()).to_string();
        filled.push_str(&quoted[1..quoted.len() - 1]);
        rest = &rest[at + length..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Whether a placeholder stands in the text.
pub fn is_in(text: &str) -> bool {
    next(text).is_some()
}

/// Where the next placeholder begins, and its length.
fn next(text: &str) -> Option<(usize, usize)> {
    text.match_indices(MARK).find_map(|(at, _)| {
        let after = &text[at + MARK.len()..];
        let known = |word: &&str| Kind::of(word).is_some() || *word == Kind::Imports.as_str();
        let word = after.split(':').next().filter(known)?;
        let digits = after.get(word.len() + 1..word.len() + 1 + DIGITS)?;
        let hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        hex.then_some((at, MARK.len() + word.len() + 1 + DIGITS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_wherever_they_stand_and_nothing_else_is() {
        let (one, other) = (placeholder(Kind::Scripts, "Check"), placeholder(Kind::Scripts, "Check 2"));
        assert_ne!(one, other);
        assert_ne!(one, placeholder(Kind::LookupCaches, "Check"));
        let becomes = BTreeMap::from([(one.clone(), "aaaa".to_owned()), (other.clone(), "b\"b".to_owned())]);
        let text = format!(r#"{{"a":"{one}","transship:new:":"see {one}{other}, transship:new:scripts:0"}}"#);
        let expected = r#"{"a":"aaaa","transship:new:":"see aaaab\"b, transship:new:scripts:0"}"#;
        assert_eq!(fill(&text, &becomes).unwrap(), expected);
        assert!(is_in(&text) && !is_in(expected));
    }

    #[test]
    fn a_placeholder_that_nothing_is_known_of_is_an_error() {
        let one = placeholder(Kind::AsyncHelpers, "x");
        assert_eq!(fill(&format!("[\"{one}\"]"), &BTreeMap::new()), Err(UnknownPlaceholder(one)));
    }
}
