//! JSON read so that it can be written again as it was: what serde_json changes while it reads is put back.
//!
//! Two things are: it writes `1e5` and `1E5` as `1e+5`, and an object with the key that it keeps for its own numbers becomes one.

use serde_json::{Map, Number, Value};

use crate::hex;
use crate::quick;
use crate::specials::before_special;

/// What the keys begin with that serde_json keeps for itself.
const PRIVATE: &str = "serde_json::private::";

/// What an escape of a letter in them begins with.
const ASCII_ESCAPE: &str = "\\u00";

/// What is put before such a key while it is read; from the private use area of Unicode.
const MARK: &str = "\u{f8ff}transship:";
const MARK_BEGINS: char = '\u{f8ff}';

/// Reads a value.
///
/// # Errors
///
/// It is not JSON.
pub fn from_slice(text: &[u8]) -> serde_json::Result<Value> {
    match std::str::from_utf8(text).ok().and_then(quick::tree) {
        Some(tree) => Ok(tree),
        None => from_any_slice(text),
    }
}

/// The same for any text, also one that is out of the ordinary: which gives the same, and takes longer.
///
/// # Errors
///
/// It is not JSON.
pub fn from_any_slice(text: &[u8]) -> serde_json::Result<Value> {
    let Ok(plain) = std::str::from_utf8(text) else { return serde_json::from_slice(text) };
    let mut tree = if may_name_a_private_key(plain) {
        let mut tree = serde_json::from_str(&marked(plain))?;
        unmark(&mut tree);
        tree
    } else {
        serde_json::from_str(plain)?
    };
    if has_other_exponent(plain) {
        restore(plain, &mut tree);
    }
    Ok(tree)
}

/// Writes a value without blanks, as it writes itself.
pub fn to_text(tree: &Value) -> String {
    let mut text = String::with_capacity(2048);
    write(tree, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => text.push_str(number.as_str()),
        Value::String(plain) => write_text(plain, text),
        Value::Array(entries) => {
            text.push('[');
            for (at, entry) in entries.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write(entry, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_member(key, value, text);
            }
            text.push('}');
        }
    }
}

/// Writes a member of an object.
pub(crate) fn write_member(key: &str, value: &Value, text: &mut String) {
    write_text(key, text);
    text.push(':');
    write(value, text);
}

/// Writes a text in quotes, as serde_json does.
pub fn write_text(plain: &str, text: &mut String) {
    let from = text.len();
    text.push('"');
    let mut rest = plain;
    while let Some((before, special, behind)) = at_special(rest) {
        text.push_str(before);
        match special {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            8 => text.push_str("\\b"),
            12 => text.push_str("\\f"),
            control => {
                text.push_str("\\u00");
                text.extend(hex::write(control).map(char::from));
            }
        }
        rest = behind;
    }
    text.push_str(rest);
    text.push('"');
    debug_assert_eq!(text[from..], Value::from(plain).to_string(), "escapes are those of serde_json");
}

/// The text before the first byte that is escaped, that byte, and the text after it.
#[inline]
fn at_special(text: &str) -> Option<(&str, u8, &str)> {
    let at = before_special(text.as_bytes())?;
    Some((text.get(..at)?, text.as_bytes()[at], text.get(at + 1..)?))
}

/// Whether serde_json reads a text as it is written.
pub(crate) fn is_plain(text: &str) -> bool {
    !may_name_a_private_key(text) && !has_other_exponent(text)
}

/// Whether a text may hold a key that serde_json keeps for itself, also where it is spelled with escapes.
fn may_name_a_private_key(text: &str) -> bool {
    let may_be = |key: &str| key.starts_with(['$', '\\']) && key.contains(ASCII_ESCAPE);
    text.contains(PRIVATE)
        || text.contains(ASCII_ESCAPE)
            && tokens(text).any(|token| matches!(token, Token::Text { raw, is_key: true, .. } if may_be(raw)))
}

/// Whether that is the key under which serde_json hands out a number as it is written.
pub(crate) fn is_number_key(key: &str) -> bool {
    key.strip_prefix('$').and_then(|key| key.strip_prefix(PRIVATE)) == Some("Number")
}

/// A number as it is written; `None` if it is not a number.
pub(crate) fn number(text: &str) -> Option<Number> {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Number(_)) if is_number && text.trim() == text => {
            Some(Number::from_string_unchecked(text.to_owned()))
        }
        _ => None,
    }
}

/// A token that matters here.
enum Token<'t> {
    /// A text: where it begins behind its quote, as it is written, and whether a colon follows.
    Text {
        start: usize,
        raw: &'t str,
        is_key: bool,
    },
    Number(&'t str),
}

/// The texts and numbers of a JSON text, in order.
fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            match bytes[at] {
                b'"' => {
                    let start = at + 1;
                    at = start;
                    while at < bytes.len() && bytes[at] != b'"' {
                        at += 1 + usize::from(bytes[at] == b'\\');
                    }
                    let raw = text.get(start..at).unwrap_or_default();
                    at += 1;
                    let is_key = text.get(at..).unwrap_or_default().trim_start().starts_with(':');
                    return Some(Token::Text { start, raw, is_key });
                }
                b'-' | b'0'..=b'9' => {
                    let start = at;
                    at += bytes[at..].iter().take_while(|byte| is_part_of_a_number(**byte)).count();
                    return Some(Token::Number(&text[start..at]));
                }
                _ => at += 1,
            }
        }
        None
    })
}

fn marked(text: &str) -> String {
    let mut made = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for token in tokens(text) {
        // The sign before it may be written as an escape. A key that has the mark already gets another, to keep its own.
        if let Token::Text { start, raw, is_key: true } = token
            && raw.starts_with(['$', '\\', MARK_BEGINS])
        {
            made.push_str(&text[done..start]);
            made.push_str(MARK);
            done = start;
        }
    }
    made + &text[done..]
}

fn unmark(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(unmark);
            if members.keys().any(|key| key.starts_with(MARK)) {
                let plain = |(key, value): (String, Value)| {
                    (key.strip_prefix(MARK).map(str::to_owned).unwrap_or(key), value)
                };
                *members = std::mem::take(members).into_iter().map(plain).collect::<Map<_, _>>();
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(unmark),
        _ => {}
    }
}

/// Whether a text holds a number with an exponent that serde_json would write otherwise.
pub(crate) fn has_other_exponent(text: &str) -> bool {
    may_have_an_exponent(text.as_bytes())
        && tokens(text).any(|token| matches!(token, Token::Number(number) if is_other(number)))
}

/// Whether an `e` stands in what may be a number. Every document is asked, and ids are full of them: so blocks are asked
/// without a branch for each byte, and what begins behind a quote or a letter is no number. No byte is looked back at twice.
fn may_have_an_exponent(text: &[u8]) -> bool {
    const BLOCK: usize = 64;
    let is_exponent = |one: u8, next: u8| u8::from(one.is_ascii_digit()) & u8::from(next | 0x20 == b'e') != 0;
    let (mut from, mut looked_at) = (0, 0);
    while from + 1 < text.len() {
        let to = (from + BLOCK).min(text.len() - 1);
        let pairs = || text[from..to].iter().zip(&text[from + 1..=to]);
        if pairs().fold(false, |found, (one, next)| found | is_exponent(*one, *next)) {
            for (at, _) in pairs().enumerate().filter(|(_, (one, next))| is_exponent(**one, **next)) {
                let before =
                    text[looked_at..=from + at].iter().rev().find(|byte| !is_part_of_a_number(**byte));
                // If there is none, this is either the first number of the text or part of what was looked at already.
                let begins = before.map_or(looked_at == 0, |byte| b":,[ \t\n\r".contains(byte));
                if begins {
                    return true;
                }
                looked_at = from + at;
            }
        }
        from = to;
    }
    false
}

fn is_part_of_a_number(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
}

fn is_other(number: &str) -> bool {
    number.contains('E')
        || number.find('e').is_some_and(|at| number[at + 1..].starts_with(|c: char| c.is_ascii_digit()))
}

/// Gives the numbers of a tree the spelling they have in its text.
fn restore(text: &str, tree: &mut Value) {
    let written: Vec<&str> = tokens(text)
        .filter_map(|token| match token {
            Token::Number(number) => Some(number),
            Token::Text { .. } => None,
        })
        .collect();
    let mut numbers = Vec::new();
    collect(tree, &mut numbers);
    // A key that stands twice leaves fewer numbers in the tree: then nothing is known of which is which.
    if numbers.len() != written.len() {
        return;
    }
    for (number, written) in numbers.into_iter().zip(written) {
        if is_other(written) {
            *number = Number::from_string_unchecked(written.to_owned());
        }
    }
}

fn collect<'v>(value: &'v mut Value, numbers: &mut Vec<&'v mut Number>) {
    match value {
        Value::Number(number) => numbers.push(number),
        Value::Array(entries) => entries.iter_mut().for_each(|entry| collect(entry, numbers)),
        Value::Object(members) => members.values_mut().for_each(|member| collect(member, numbers)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_and_read_as_serde_json_does() {
        let controls: String = (0..0x20_u8).chain([b'"', b'\\', b'/', 0x7f]).map(char::from).collect();
        for plain in [
            "",
            "a",
            "é\"",
            "\\\\",
            "\u{1f600}\n\u{1}b",
            &controls,
            &format!("12345678{controls}é{controls}"),
        ] {
            let mut text = String::from("x");
            write_text(plain, &mut text);
            assert_eq!(text[1..], serde_json::to_string(plain).unwrap());
            assert_eq!(quick::text_before(&format!("{} b", &text[1..])), Some((plain.into(), " b")));
        }
        for (text, read) in [
            (r#""\u00e9\/\u000A""#, Some("é/\n")),
            (r#""\ud83d\ude00""#, None),
            (r#""\x""#, None),
            ("\"a", None),
        ] {
            assert_eq!(quick::text_before(text), read.map(|read| (read.into(), "")), "{text}");
        }
    }

    #[test]
    fn what_is_read_is_written_as_it_was() {
        for text in [
            r#"{"a":1e5,"b":[1E5,1E-5,1E+05,1e+5,1e-5,1.50,-0,-0.0,12345678901234567890123,1e400],"1e5":"1e5"}"#,
            r#"{"$serde_json::private::Number":"1"}"#,
            r#"{"a":{"$serde_json::private::Number":"abc","b":1e5},"c":"$serde_json::private::Number"}"#,
            r#"[{"$serde_json::private::RawValue":"{}"}]"#,
            r#"{"$x":1,"\\y":"serde_json::private::"}"#,
        ] {
            assert_eq!(from_slice(text.as_bytes()).unwrap().to_string(), text);
        }
        for escaped in [
            r#"{"\u0024serde_json::private::Number":"1"}"#,
            r#"{"$serde_json::private\u003a:Number":"1"}"#,
            r#"{"$serde_json::priv\u0061te::Number":"1","\u0061":2}"#,
            r#"{"$serde_json::priv\u0061te::Number":"abc"}"#,
            r#"{"$serd\u0065_json::private::RawValue":"1"}"#,
        ] {
            let read = from_slice(escaped.as_bytes()).unwrap();
            let members = read.as_object().unwrap();
            let (key, value) = members.iter().next().unwrap();
            assert!(key.starts_with("$serde_json::private::") && value.is_string(), "{escaped}");
        }
        let marked = format!(r#"{{"$a":1,"{MARK}$a":2,"{MARK}{MARK}b":3,"{MARK}":4,"\u0062":5}}"#);
        let plain = marked.replace("\\u0062", "b");
        assert_eq!(from_any_slice(marked.as_bytes()).unwrap().to_string(), plain, "keys like the mark");
        assert!(from_slice(b"{\"a\":1e}").is_err() && from_slice(b"\xff").is_err());
    }

    #[test]
    fn an_exponent_is_seen_wherever_its_number_stands() {
        for long in [0, 1, 62, 63, 64, 65, 127, 128, 200] {
            let filling = "x".repeat(long);
            for (number, is_one) in [("1e5", true), ("-0.1E5", true), ("1e+5", false), ("5", false)] {
                for text in [format!(r#"{{"{filling}":{number}}}"#), format!(r#"["{filling}", {number}]"#)] {
                    assert_eq!(has_other_exponent(&text), is_one, "{text}");
                }
                assert!(!has_other_exponent(&format!(r#"["{filling}", "{number}", "x{number}"]"#)));
            }
            assert!(!may_have_an_exponent(
                format!(r#"["{filling}", "5f7c579b6411271af4e7cefa"]"#).as_bytes()
            ));
        }
        assert!(has_other_exponent("1e5") && !has_other_exponent("") && !has_other_exponent("1"));
        // Minutes, if each digit before an `e` were followed back to the quote.
        let digits = "1e".repeat(1_000_000);
        assert!(!may_have_an_exponent(format!(r#"["{digits}", 5]"#).as_bytes()));
        assert!(may_have_an_exponent(format!(r#"["{digits}", 5e5]"#).as_bytes()));
    }

    #[test]
    fn a_number_keeps_its_spelling() {
        for text in ["1e5", "-1.50E+3", "0", "12345678901234567890123"] {
            assert_eq!(number(text).unwrap().to_string(), text);
        }
        for text in ["", " 1", "1 ", "01", "1e", "abc", "true", "\"1\"", "-"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
