//! How a value is shown: compact, shortened to what changed, and without anything secret.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;
use serde_json::{Map, Value};

use super::Label;
use crate::normal::masks;
use crate::schema as service;
use crate::shortened::shortened;

/// What stands in place of what is not shown.
const HIDDEN: &str = "(hidden)";

/// How long a shown value may be, in characters.
const LONGEST: usize = 120;

/// How much of what did not change is shown around what did.
const AROUND: usize = 16;

/// Words in a key or in the name of a header that say its value is a secret.
const SECRET: [&str; 17] = [
    "accesskey",
    "apikey",
    "authentication",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "sessionid",
    "signature",
    "token",
    "xauth",
];

/// What names an object: the `name` of a header, the target of a mapping row.
pub(super) fn owner(object: &Map<String, Value>) -> Option<&str> {
    object.get("name").or_else(|| object.get("generate")).and_then(Value::as_str)
}

/// Both sides of a change as text.
pub(super) fn both(
    label: Label<'_>,
    before: Option<&Value>,
    after: Option<&Value>,
) -> (Option<String>, Option<String>) {
    let one = before.map(|value| text(label, value));
    let other = after.map(|value| text(label, value));
    match (one, other) {
        (Some(one), Some(other)) => {
            let (one, other) = window(&one, &other);
            (Some(one), Some(other))
        }
        (one, other) => (one.map(|text| cut(&text)), other.map(|text| cut(&text))),
    }
}

fn text(label: Label<'_>, value: &Value) -> String {
    match shown(label, value) {
        Value::String(text) if text == HIDDEN => text,
        value => value.to_string(),
    }
}

/// The value with everything secret in it replaced.
fn shown(label: Label<'_>, value: &Value) -> Value {
    if service::is_captured(label.key) {
        return Value::String(HIDDEN.to_owned());
    }
    match value {
        Value::String(text) if is_secret(label, text) => Value::String(HIDDEN.to_owned()),
        Value::String(text) => Value::String(veiled(text).into_owned()),
        Value::Number(_) if says_secret(label.key) => Value::String(HIDDEN.to_owned()),
        Value::Array(entries) => Value::Array(entries.iter().map(|entry| shown(label, entry)).collect()),
        Value::Object(members) => {
            let owner = owner(members).unwrap_or_default();
            let member = |(key, value): (&String, &Value)| (key.clone(), shown(Label { key, owner }, value));
            Value::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

fn is_secret(label: Label<'_>, text: &str) -> bool {
    let scheme = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    masks::is_mask(text)
        || scheme("bearer ")
        || scheme("basic ")
        || says_secret(label.key)
        || matches!(label.key, "value" | "hardCodedValue" | "default") && says_secret(label.owner)
}

/// Whether a text is not shown, or not all of it: by the key it stands under, by what names the object it stands in, or by
/// what is written in it.
pub fn is_hidden(key: &str, owner: &str, text: &str) -> bool {
    is_secret(Label { key, owner }, text) || veiled(text) != text
}

/// A text without the secrets that stand inside it: `?api_key=…`, `"password": "…"`, `Bearer …`, `https://user:…@host`.
/// A value that a template fills in is not a secret.
fn veiled(text: &str) -> Cow<'_, str> {
    static INSIDE: LazyLock<Regex> = LazyLock::new(|| {
        let named = r"(?:token|api[_-]?key|passw(?:or)?d|passphrase|pwd|secret|signature|access[_-]?key|session[_-]?id)";
        let value = r#"[^\s"'\\&{}<>,;]{3,}"#;
        Regex::new(&format!(
            r#"(?i)((?-u:{named}\\?["']?\s*[=:]\s*\\?["']?)){value}|((?-u:\b(?:bearer|basic)\s+))(?-u:[\w.~+/=-]{{16,}})|(://[^/\s:@]+:)[^@\s/]+@"#
        ))
        .expect("the pattern is valid")
    });
    // Each of them has one of these characters in it.
    let may_hold_one =
        |byte: u8| !byte.is_ascii() || byte.is_ascii_whitespace() || matches!(byte, b'=' | b':' | 0x0b);
    if !text.bytes().any(may_hold_one) {
        return text.into();
    }
    INSIDE.replace_all(text, |found: &regex::Captures<'_>| {
        let start = (1..=3).find_map(|group| found.get(group)).map_or("", |group| group.as_str());
        format!("{start}{HIDDEN}{}", if found.get(3).is_some() { "@" } else { "" })
    })
}

fn says_secret(name: &str) -> bool {
    static WORDS: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(SECRET).expect("seventeen words are no more than it can hold"));
    let mut plain = String::with_capacity(name.len());
    plain.extend(name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
    WORDS.is_match(&plain)
}

/// The start of a text.
fn cut(text: &str) -> String {
    shortened(text, LONGEST)
}

/// Two texts cut down to where they differ.
fn window(one: &str, other: &str) -> (String, String) {
    let long = |text: &str| text.char_indices().nth(LONGEST).is_some();
    if !long(one) && !long(other) {
        return (one.to_owned(), other.to_owned());
    }
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let part = |text: &[char]| {
        let start = head.saturating_sub(AROUND);
        let end = (text.len() - tail + AROUND).min(text.len());
        // A long change is cut in the middle: its beginning and end together say more than either alone.
        let middle = &text[start..end];
        let body: String = if middle.len() > LONGEST {
            let (first, last) = (&middle[..LONGEST / 2], &middle[middle.len() - LONGEST / 2..]);
            first.iter().chain(&['…']).chain(last).collect()
        } else {
            middle.iter().collect()
        };
        format!("{}{body}{}", if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" })
    };
    (part(&a), part(&b))
}
