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

/// The text of a document of any bytes: [`escape_bytes`], then [`escape_slips`].
pub fn escape_document(bytes: &[u8]) -> Cow<'_, str> {
    let text = escape_bytes(bytes);
    let may_slip = |text: &str| {
        text.bytes().any(|byte| byte < b' ' || byte == b'\\')
            || ["NaN", "Infinity"]
                .iter()
                .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
    };
    may_slip(&text).then(|| escape_slips(&text)).flatten().map_or(text, Cow::Owned)
}

/// The same for what is no JSON in a document that is JSON otherwise: control characters inside of texts, a backslash there
/// that escapes nothing, and `NaN` or `Infinity` for a number, which becomes a text. `None` where there is none of these.
pub fn escape_slips(json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let mut text = String::with_capacity(json.len() + 64);
    let (mut at, mut inside, mut kept) = (0, false, 0);
    while let Some(byte) = bytes.get(at) {
        let (length, is_slip) = match byte {
            b'"' => {
                inside = !inside;
                (1, false)
            }
            b'\\' if inside => escape_at(&bytes[at..]),
            0..0x20 if inside => (1, true),
            _ if inside => (1, false),
            _ => match WORDS.iter().find(|word| bytes[at..].starts_with(word.as_bytes())) {
                Some(word) => (word.len(), true),
                None => (1, false),
            },
        };
        if is_slip {
            text.push_str(&json[kept..at]);
            let quote = if inside { "" } else { "\"" };
            text.push_str(quote);
            bytes[at..at + length].iter().for_each(|byte| push(&mut text, *byte));
            text.push_str(quote);
            kept = at + length;
        }
        at += length;
    }
    text.push_str(&json[kept..]);
    (kept > 0).then_some(text)
}

/// What languages write for numbers that JSON does not have.
const WORDS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];

/// How long an escape is, and whether it is none; then it is the backslash alone.
fn escape_at(bytes: &[u8]) -> (usize, bool) {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => (2, false),
        Some(b'u') if bytes.get(2..6).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) => {
            (6, false)
        }
        _ => (1, true),
    }
}

/// The first byte that an escape in some text stands for.
pub(crate) fn raw_byte(text: &[u8]) -> Option<u8> {
    let at = memchr::memmem::find(text, MARK.as_bytes())?;
    byte_behind(&text[at + MARK.len()..]).map(|(byte, _)| byte)
}

/// The bytes that [`escape_bytes`] or [`escape_slips`] made a text of; any other text gives its own.
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
            // A letter is of a word that stood there without quotes.
            let is_of_a_word = byte.is_ascii_alphabetic() || byte == b'-';
            if is_of_a_word && bytes.last() == Some(&b'"') {
                bytes.pop();
            }
            bytes.push(byte);
            rest = behind.strip_prefix(b"\"").filter(|_| is_of_a_word).unwrap_or(behind);
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
        let text = escape_slips(json).unwrap();
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{text}");
        assert_eq!(&*original_bytes(&text), json.as_bytes());
        assert!(matches!(read_tree(text.as_bytes()), Err(Unreadable::ControlCharacter { .. })));
        for sound in ["{\n\"a\":\t1\n}", "{}", "{\"a\": \"\\\\\"\n}"] {
            assert_eq!(escape_slips(sound), None, "{sound}");
        }
    }

    #[test]
    fn what_is_no_json_in_one_value_leaves_a_document_without_a_tree() {
        for (json, message) in [
            (r#"{"_id":"a","n":NaN,"m":[-Infinity, Infinity]}"#, "`NaN` or `Infinity`"),
            (r#"{"_id":"a","s":"C:\x\xb \\NaN"}"#, "a backslash that escapes nothing"),
            (r#"{"_id":"a","s":"\u00zz"}"#, "a backslash that escapes nothing"),
            ("{\"_id\":\"a\",\"s\":\"\\\n\"}", "a backslash that escapes nothing"),
        ] {
            let text = escape_document(json.as_bytes());
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{text}");
            let why = read_tree(text.as_bytes()).unwrap_err().to_string();
            assert!(why.contains(message), "{json}: {why}");
            assert_eq!(&*original_bytes(&text), json.as_bytes());
        }
        for sound in [r#"{"NaN":"Infinity","s":"\"NaN\" \\ \u00e9 \/"}"#, r#"{"a":-1}"#] {
            assert!(matches!(escape_document(sound.as_bytes()), Cow::Borrowed(_)), "{sound}");
        }
    }
}
