//! Bytes that no JSON text may hold, as escapes for lone surrogates: inside of a text the result is JSON again, of a document
//! that has no tree, and the bytes can be had back. So can a text that held such escapes before.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Stands before an escape that stands for such a byte.
const MARK: &str = "\\udfff";
/// Stands behind a mark that the document itself holds, where it could be taken for one of ours.
const LITERAL: &str = "\\ude00";

fn push(text: &mut String, byte: u8) {
    // Writing to a text cannot fail.
    let _ = write!(text, "{MARK}\\udc{byte:02x}");
}

/// The byte that an escape behind a mark stands for, and what follows it.
fn byte_behind(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = text.strip_prefix(b"\\udc")?.split_first_chunk::<2>()?;
    let is_ours = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    is_ours.then_some((byte, rest))
}

/// Where the first mark ends that could be taken for one of ours.
fn first_literal(text: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, MARK)
        .map(|at| at + MARK.len())
        .find(|&end| text[end..].starts_with(LITERAL.as_bytes()) || byte_behind(&text[end..]).is_some())
}

/// Text for bytes that may not be UTF-8: each byte that is not becomes two escapes for lone surrogates.
///
/// Inside a JSON text the result is JSON again, of a document that has no tree. Escapes of that kind that the bytes already
/// hold are marked as such, so other bytes give another text, and [`original_bytes`] gives the bytes back.
pub fn escape_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes)
        && first_literal(bytes).is_none()
    {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 64);
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(end) = first_literal(rest.as_bytes()) {
            let (before, behind) = rest.split_at(end);
            text.push_str(before);
            text.push_str(LITERAL);
            rest = behind;
        }
        text.push_str(rest);
        for byte in chunk.invalid() {
            push(&mut text, *byte);
        }
    }
    Cow::Owned(text)
}

/// The text of a document of any bytes: [`escape_bytes`], then [`escape_control_characters`].
pub fn escape_document(bytes: &[u8]) -> Cow<'_, str> {
    let text = escape_bytes(bytes);
    let has_control_characters = text.bytes().any(|byte| byte < b' ');
    has_control_characters.then(|| escape_control_characters(&text)).flatten().map_or(text, Cow::Owned)
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
    let at = memchr::memmem::find(text, MARK.as_bytes())?;
    byte_behind(&text[at + MARK.len()..]).map(|(byte, _)| byte)
}

/// The bytes that [`escape_bytes`] or [`escape_control_characters`] made a text of; any other text gives its own.
pub fn original_bytes(text: &str) -> Cow<'_, [u8]> {
    if first_literal(text.as_bytes()).is_none() {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some(end) = first_literal(rest) {
        let (before, behind) = rest.split_at(end);
        bytes.extend_from_slice(before);
        if let Some((byte, behind)) = byte_behind(behind) {
            bytes.truncate(bytes.len() - MARK.len());
            bytes.push(byte);
            rest = behind;
        } else {
            rest = &behind[LITERAL.len()..];
        }
    }
    bytes.extend_from_slice(rest);
    Cow::Owned(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::collection;
    use proptest::prelude::*;

    use super::*;
    use crate::document::{Unreadable, read_tree};

    #[test]
    fn bytes_that_are_not_utf8_come_back_as_they_were() {
        for bytes in
            [&b"{\"s\":\"a\xff\xc3(\xf0\x9f\x98\"}"[..], b"{}", b"\xff", "{\"é\":\"\u{1f600}\"}".as_bytes()]
        {
            assert_eq!(&*original_bytes(&escape_bytes(bytes)), bytes);
        }
        for text in [r#"{"s":"\udfff"}"#, r#"{"s":"\udfff\udcx"}"#, r#"{"s":"\udfff\udcé"}"#] {
            assert_eq!(&*original_bytes(text), text.as_bytes());
        }
    }

    #[test]
    fn an_escape_that_the_document_holds_itself_is_not_taken_for_a_byte() {
        for json in [
            r#"{"s":"\udfff\udc41"}"#,
            r#"{"s":"\\udfff\udcff"}"#,
            r#"{"s":"\udfff\ude00\udcff"}"#,
            r#"{"s":"\udfff\udfff\udc01"}"#,
        ] {
            let text = escape_bytes(json.as_bytes());
            assert_ne!(text, json);
            assert_eq!(&*original_bytes(&text), json.as_bytes());
            assert!(
                matches!(read_tree(text.as_bytes()), Err(Unreadable::LoneSurrogate { .. })),
                "{text}: {:?}",
                read_tree(text.as_bytes())
            );
        }
        // What reads well is left as it is.
        for json in [r#"{"s":"\udbff\udfff\ud83d\ude00"}"#, r#"{"s":"\\udfff\\udc41"}"#] {
            assert!(matches!(escape_bytes(json.as_bytes()), Cow::Borrowed(_)));
            assert!(read_tree(json.as_bytes()).is_ok());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_as_they_were(pieces in collection::vec(0_usize..14, 0..12)) {
            let all: [&[u8]; 14] = [
                br"\udfff", br"\udc41", br"\udcff", br"\ude00", br"\udc", br"\", b"\xff", b"\x01", b"\xc3", b"41", b"\"",
                br"\uDFFF", br"\udbff", "é".as_bytes(),
            ];
            let bytes = pieces.iter().map(|piece| all[*piece]).collect::<Vec<_>>().concat();
            let text = escape_bytes(&bytes);
            prop_assert_eq!(&*original_bytes(&text), &bytes[..]);
            let json = [b"{\"s\":\"", &bytes[..], b"\"}"].concat();
            let text = escape_document(&json);
            prop_assert_eq!(&*original_bytes(&text), &json[..]);
        }
    }

    #[test]
    fn control_characters_in_texts_are_escaped_and_come_back_and_those_between_texts_stay() {
        let json = "{\n\t\"a\\\\\": \"x\u{1}y\nz\\\"\r\",\r\n \"b\": 1 }";
        let text = escape_control_characters(json).unwrap();
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{text}");
        assert_eq!(&*original_bytes(&text), json.as_bytes());
        assert!(matches!(read_tree(text.as_bytes()), Err(Unreadable::ControlCharacter { .. })));
        for sound in ["{\n\"a\":\t1\n}", "{}", "{\"a\": \"\\\\\"\n}"] {
            assert_eq!(escape_control_characters(sound), None, "{sound}");
        }
        assert_eq!(escape_control_characters("{\"a\": \"\\\n\"}"), None, "behind a backslash");
    }
}
