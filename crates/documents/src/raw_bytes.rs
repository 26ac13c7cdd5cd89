//! Bytes that no JSON text may hold, as escapes for lone surrogates: inside of a text the result is JSON again, of a document
//! that has no tree, and the bytes can be had back.

use std::fmt::Write as _;

/// Stands before an escape that stands for such a byte.
const MARK: &str = "\\udfff";

fn push(text: &mut String, byte: u8) {
    // Writing to a text cannot fail.
    let _ = write!(text, "{MARK}\\udc{byte:02x}");
}

/// Text for bytes that are not UTF-8: each such byte becomes two escapes for lone surrogates.
///
/// Inside a JSON text the result is JSON again, of a document that has no tree. Other bytes give another text, and
/// [`original_bytes`] gives the bytes back.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 64);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            push(&mut text, *byte);
        }
    }
    text
}

/// The same for control characters inside the texts of some JSON; `None` where there is none, or one behind a backslash.
pub fn escape_control_characters(json: &str) -> Option<String> {
    let mut text = String::with_capacity(json.len() + 64);
    let (mut inside, mut escaped, mut kept) = (false, false, 0);
    for (at, byte) in json.bytes().enumerate() {
        if inside && byte < 0x20 {
            if escaped {
                return None;
            }
            text.push_str(&json[kept..at]);
            push(&mut text, byte);
            kept = at + 1;
            continue;
        }
        let is_quote = byte == b'"' && !escaped;
        escaped = inside && byte == b'\\' && !escaped;
        inside ^= is_quote;
    }
    text.push_str(&json[kept..]);
    (kept > 0).then_some(text)
}

/// The first byte that an escape in some text stands for.
pub(crate) fn raw_byte(text: &[u8]) -> Option<u8> {
    let at = text.windows(MARK.len()).position(|part| part == MARK.as_bytes())?;
    let digits = text.get(at + MARK.len()..)?.strip_prefix(b"\\udc")?.get(..2)?;
    u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// The bytes that [`escape_bytes`] or [`escape_control_characters`] made a text of; any other text gives its own.
pub fn original_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after
            .strip_prefix("\\udc")
            .and_then(|digits| digits.get(..2))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = byte {
            bytes.push(byte);
            rest = &after[6..];
        } else {
            bytes.extend_from_slice(MARK.as_bytes());
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Unreadable, read_tree};

    #[test]
    fn bytes_that_are_not_utf8_come_back_as_they_were() {
        for bytes in
            [&b"{\"s\":\"a\xff\xc3(\xf0\x9f\x98\"}"[..], b"{}", b"\xff", "{\"é\":\"\u{1f600}\"}".as_bytes()]
        {
            assert_eq!(original_bytes(&escape_bytes(bytes)), bytes);
        }
        for text in [r#"{"s":"\udfff"}"#, r#"{"s":"\udfff\udcx"}"#, r#"{"s":"\udfff\udcé"}"#] {
            assert_eq!(original_bytes(text), text.as_bytes());
        }
    }

    #[test]
    fn control_characters_in_texts_are_escaped_and_come_back_and_those_between_texts_stay() {
        let json = "{\n\t\"a\\\\\": \"x\u{1}y\nz\\\"\r\",\r\n \"b\": 1 }";
        let text = escape_control_characters(json).unwrap();
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{text}");
        assert_eq!(original_bytes(&text), json.as_bytes());
        assert!(matches!(read_tree(text.as_bytes()), Err(Unreadable::ControlCharacter { .. })));
        for sound in ["{\n\"a\":\t1\n}", "{}", "{\"a\": \"\\\\\"\n}"] {
            assert_eq!(escape_control_characters(sound), None, "{sound}");
        }
        assert_eq!(escape_control_characters("{\"a\": \"\\\n\"}"), None, "behind a backslash");
    }
}
