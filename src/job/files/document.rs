//! One file: whether it holds an import, and where it says which.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::documents::Unreadable;
use crate::documents::document::{self, read_tree};
use crate::documents::schema::adaptor_of;
use crate::documents::verbatim;
use crate::job::problem::Span;

/// Something that is wrong with a file: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub span: Span,
    pub message: String,
    pub help: Option<&'static str>,
    /// Where the same stands first.
    pub first: Option<Span>,
}

/// A text of the document and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub text: String,
    pub span: Span,
}

/// What a file says of its import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// `_id`; `None` for an import that is new.
    pub id: Option<Placed>,
    /// `name`; `None` for a blank one, which an import that is known by its `_id` may have.
    pub name: Option<Placed>,
}

/// Reads the text of a file that is to hold one import.
///
/// # Errors
///
/// Everything that is wrong with it.
pub(super) fn identity(text: &str) -> Result<Identity, Vec<Fault>> {
    let tree = match read_tree(text.as_bytes()) {
        Ok(tree) => tree,
        // Told below, each at its place, beside what else is wrong.
        Err(Unreadable::DuplicateKey(_)) => {
            verbatim::from_slice(text.as_bytes()).map_err(|error| vec![not_json(text, &error)])?
        }
        Err(why) => return Err(vec![unreadable(text, &why)]),
    };
    let mut faults = Vec::new();
    duplicates(text, text, &mut faults);
    let start = text.find('{').unwrap_or(0);
    let first = Span::new(start, start + 1);
    let members = members(text);
    let value = |key: &str| members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| *value);
    if let Some((span, what)) = other_kind(text, &tree, value("adaptorType"), first) {
        let message = format!("this is not an import, but {what}");
        faults.push(Fault {
            span,
            message,
            help: Some("move the file out of the folder of imports"),
            first: None,
        });
        return Err(faults);
    }
    let mut placed = |key: &'static str| {
        let raw = value(key)?;
        let span = span_in(text, raw);
        match tree.get(key) {
            Some(Value::String(found)) if !found.trim().is_empty() => {
                Some(Placed { text: found.clone(), span })
            }
            _ => {
                let message = format!("`{key}` must be a text that is not empty");
                faults.push(Fault { span, message, help: None, first: None });
                None
            }
        }
    };
    let id = placed("_id");
    // The service has imports without a name, and an export of one must be applied as it is.
    let is_blank = match tree.get("name") {
        None | Some(Value::Null) => true,
        Some(name) => name.as_str().is_some_and(|name| name.trim().is_empty()),
    };
    let name = if is_blank && id.is_some() { None } else { placed("name") };
    if value("name").is_none() && id.is_none() {
        let message = "the import has no `name`".to_owned();
        faults.push(Fault { span: first, message, help: Some("add `\"name\": \"…\"`"), first: None });
    }
    if faults.is_empty() { Ok(Identity { id, name }) } else { Err(faults) }
}

/// Says that a text is not JSON at all.
///
/// # Errors
///
/// It is not, and where.
pub(super) fn is_json(text: &str) -> Result<(), Fault> {
    serde_json::from_str::<&RawValue>(text).map(|_| ()).map_err(|error| not_json(text, &error))
}

/// What a document of another kind is, as far as it shows.
fn other_kind(
    text: &str,
    tree: &Value,
    adaptor: Option<&RawValue>,
    first: Span,
) -> Option<(Span, &'static str)> {
    let has = |key: &str| tree.get(key).is_some_and(|value| !value.is_null());
    if let (Some(raw), Some(adaptor)) = (adaptor, tree.get("adaptorType").and_then(Value::as_str)) {
        let what = if adaptor.ends_with("Export") { "an export" } else { "a document of another kind" };
        return (!adaptor.ends_with("Import")).then(|| (span_in(text, raw), what));
    }
    let what = if has("pageGenerators") || has("pageProcessors") || has("routers") {
        "a flow"
    } else if has("type") {
        "a connection or an export"
    } else if adaptor_of(tree).is_none() {
        "a document without an `adaptorType`"
    } else {
        return None;
    };
    Some((first, what))
}

/// Why a text has no tree, and where.
fn unreadable(text: &str, why: &Unreadable) -> Fault {
    // Parsed again only for the place.
    let place = serde_json::from_str::<Value>(text).err();
    let Some(error) = place else {
        let start = text.len() - text.trim_start().len();
        let message = "an import is a JSON object, and this is not one".to_owned();
        return Fault {
            span: Span::new(start, start + 1),
            message,
            help: Some("one file holds one import: `{ … }`"),
            first: None,
        };
    };
    let at = offset(text, &error);
    match why {
        Unreadable::LoneSurrogate { .. } => {
            // The parser stops behind it.
            let from = text[..at].rfind("\\u").unwrap_or(at);
            let message = "half a character (a lone surrogate) is not text".to_owned();
            let help = Some("write the whole character, or remove the half");
            Fault { span: Span::new(from, (from + 6).min(text.len())), message, help, first: None }
        }
        Unreadable::TooDeep => {
            let message = "objects and arrays are nested more than 128 levels deep".to_owned();
            Fault { span: Span::new(at, at + 1), message, help: None, first: None }
        }
        Unreadable::Mistake(_) | Unreadable::DuplicateKey(_) => {
            Fault { span: Span::new(at, at + 1), message: why.to_string(), help: None, first: None }
        }
        Unreadable::NotUtf8 { .. }
        | Unreadable::ControlCharacter { .. }
        | Unreadable::Slip(..)
        | Unreadable::NotJson(_) => not_json(text, &error),
    }
}

fn not_json(text: &str, error: &serde_json::Error) -> Fault {
    let at = offset(text, error);
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark)) {
        let message = "this is a merge conflict, not JSON".to_owned();
        let help = Some("resolve the conflict");
        return Fault { span: Span::new(line_start, line_start + line.len()), message, help, first: None };
    }
    if text.trim().is_empty() {
        let message = "the file is empty".to_owned();
        let help = Some("write one import into it, or remove the file");
        return Fault { span: Span::new(0, text.len()), message, help, first: None };
    }
    let whole = error.to_string();
    let why = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(why, _)| why);
    let why = if error.is_eof() { "it ends before the value is complete" } else { why };
    Fault {
        span: Span::new(at, at + 1),
        message: format!("this is not JSON: {why}"),
        help: None,
        first: None,
    }
}

/// Where the parser stopped, in bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let (line, column) = (error.line().max(1), error.column().max(1));
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    text.floor_char_boundary((start + column - 1).min(end))
}

/// A part of a text, by where it stands in it.
fn span_in(text: &str, part: &RawValue) -> Span {
    let start = (part.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    Span::new(start, start + part.get().len())
}

/// The members of an object in order; none if it is not an object.
fn members(text: &str) -> Vec<(String, &RawValue)> {
    document::members(text).unwrap_or_else(|_| Vec::new())
}

/// Where the key of a value stands, quotes included.
fn key_of(text: &str, value: Span) -> Span {
    let before = text[..value.start].trim_end();
    let key = before.strip_suffix(':').unwrap_or(before).trim_end();
    // A quote inside the key has a backslash before it, and the one that opens it has none.
    let quotes = key.strip_suffix('"').unwrap_or(key).rmatch_indices('"').map(|(at, _)| at);
    let is_open = |at: &usize| {
        let slashes = key[..*at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        slashes % 2 == 0
    };
    let start = quotes.into_iter().find(is_open).unwrap_or(value.start);
    if start < key.len() { Span::new(start, key.len()) } else { value }
}

/// Finds keys that an object holds twice: only one of them would count, and it would not be said which.
fn duplicates(whole: &str, part: &str, faults: &mut Vec<Fault>) {
    match part.trim_start().as_bytes().first() {
        Some(b'{') => {
            let mut seen = HashMap::new();
            for (key, value) in members(part) {
                duplicates(whole, value.get(), faults);
                let span = key_of(whole, span_in(whole, value));
                if let Some(first) = seen.get(&key) {
                    let message = format!("duplicate key `{key}`");
                    let help = Some("keep one of the two");
                    faults.push(Fault { span, message, help, first: Some(*first) });
                } else {
                    seen.insert(key, span);
                }
            }
        }
        Some(b'[') => {
            let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(part) else { return };
            values.into_iter().for_each(|value| duplicates(whole, value.get(), faults));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMPORT: &str = r#""name": "A", "adaptorType": "HTTPImport""#;

    /// The first fault: its message, and the text it points at.
    fn fault(text: &str) -> (String, &str) {
        let fault = identity(text).unwrap_err().remove(0);
        (fault.message, text.get(fault.span.start..fault.span.end).unwrap_or_default())
    }

    #[test]
    fn an_import_says_who_it_is() {
        let text = format!("{{ \"_id\": \"5f\", {IMPORT} }}");
        let found = identity(&text).unwrap();
        let id = found.id.unwrap();
        assert_eq!((id.text.as_str(), &text[id.span.start..id.span.end]), ("5f", "\"5f\""));
        assert_eq!(found.name.unwrap().text, "A");
        for name in ["", r#", "name": " ""#, r#", "name": null"#] {
            let text = format!(r#"{{ "_id": "5f", "adaptorType": "HTTPImport"{name} }}"#);
            assert_eq!(identity(&text).unwrap().name, None, "{text}");
        }
        assert_eq!(identity(&format!("{{ {IMPORT} }}")).unwrap().id, None);
        assert!(identity(r#"{"name": "of 2016", "salesforce": {}}"#).is_ok(), "it names no adaptor");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (text, message, at) in [
            ("{\n  \"name\": \"A\",\n}", "this is not JSON: trailing comma", "}"),
            ("{\"name\": \"A\"", "this is not JSON: it ends before the value is complete", "\""),
            ("", "the file is empty", ""),
            ("[{}]", "an import is a JSON object, and this is not one", "["),
            ("{\n<<<<<<< HEAD\n}", "this is a merge conflict, not JSON", "<<<<<<< HEAD"),
            (
                "{\"name\": \"A\",\n \"x\": \"cut \\ud83d\"}",
                "half a character (a lone surrogate) is not text",
                "\\ud83d",
            ),
        ] {
            assert_eq!(fault(text), (message.to_owned(), at), "{text:?}");
        }
        let deep = format!("{{\"name\": \"A\", \"x\": {}1{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(fault(&deep).0, "objects and arrays are nested more than 128 levels deep");
    }

    #[test]
    fn every_cut_of_a_file_is_told_at_a_place_in_it() {
        let text = "{\n \"_id\": \"5f\", \"name\": \"Größe \\ud83d\\ude00\",\n \"adaptorType\": \"HTTPImport\", \"x\": [1, {}]\n}";
        assert!(identity(text).is_ok());
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            for (text, what) in [(&text[..cut], "cut"), (&text[cut..], "begun late")] {
                let Err(faults) = identity(text) else {
                    assert_eq!((cut, what), (0, "begun late"));
                    continue;
                };
                let Span { start, end } = faults[0].span;
                assert!(start <= text.len() && end <= text.len() + 1, "{what} at {cut}: {faults:?}");
            }
        }
    }

    #[test]
    fn what_is_no_import_is_told_with_what_it_is() {
        for (text, message, at) in [
            (
                r#"{"name": "A", "adaptorType": "HTTPExport"}"#,
                "this is not an import, but an export",
                "\"HTTPExport\"",
            ),
            (r#"{"name": "A", "pageGenerators": []}"#, "this is not an import, but a flow", "{"),
            (
                r#"{"name": "A", "type": "http", "http": {}}"#,
                "this is not an import, but a connection or an export",
                "{",
            ),
            (r#"{"name": "A"}"#, "this is not an import, but a document without an `adaptorType`", "{"),
        ] {
            assert_eq!(fault(text), (message.to_owned(), at), "{text}");
        }
    }

    #[test]
    fn what_counts_is_there_once_and_is_a_text() {
        for (text, message, at) in [
            (r#"{"adaptorType": "HTTPImport"}"#.to_owned(), "the import has no `name`", "{"),
            (format!(r#"{{ {IMPORT}, "_id": 5 }}"#), "`_id` must be a text that is not empty", "5"),
            (format!(r#"{{ {IMPORT}, "name": "B" }}"#), "duplicate key `name`", "\"name\""),
            (
                format!("{{ {IMPORT}, \"n\\\"\": 1, \"n\\\"\" :\n\n  {{}} }}"),
                "duplicate key `n\"`",
                "\"n\\\"\"",
            ),
            (format!(r#"{{ {IMPORT}, "x": [{{ "a": 1, "a": 2 }}] }}"#), "duplicate key `a`", "\"a\""),
        ] {
            assert_eq!(fault(&text), (message.to_owned(), at), "{text}");
        }
        let text = format!("{{ {IMPORT}, \"a\":\n 1,\n\"a\":\n {{}} }}");
        let found = identity(&text).unwrap_err().remove(0);
        let keys: Vec<usize> = text.match_indices("\"a\"").map(|(at, _)| at).collect();
        assert_eq!((found.first.map(|first| first.start), found.span.start), (Some(keys[0]), keys[1]));
    }
}
