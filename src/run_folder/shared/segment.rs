//! One group of a journal as a separate object: who wrote it, documents, and the intents that name them. Pure.

use serde::{Deserialize, Serialize};

/// The extension of a segment's name.
const SUFFIX: &str = ".jsonl";
/// The beginning of a document's line in `before.jsonl`; no record begins like this.
const BEFORE: &[u8] = b"{\"item\":";

/// The first line of a segment. It is unique, so that a segment whose write got no answer can be identified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Its number, from 1.
    pub(super) segment: u64,
    /// The process that wrote it, e.g. `process 4711 on build-3`.
    pub(super) by: String,
    /// Drawn at random by the process.
    pub(super) mark: String,
}

/// The name of a segment of the run in `folder`.
pub(super) fn name(folder: &str, number: u64) -> String {
    format!("{folder}/journal/{number:06}{SUFFIX}")
}

/// The number in the name of a segment; `None` for other names.
pub(super) fn number(name: &str) -> Option<u64> {
    let digits = name.rsplit('/').next()?.strip_suffix(SUFFIX)?;
    let is_one = digits.len() >= 6 && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|number| is_one && *number > 0)
}

/// The bytes of a segment.
pub(super) fn encode(head: &Head, before_images: &[u8], records: &[u8]) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(head)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(before_images);
    bytes.extend_from_slice(records);
    Ok(bytes)
}

/// The documents and the records of a segment, in the form of `before.jsonl` and `journal.jsonl`.
pub(super) fn decode(number: u64, bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or("it has no first line")?;
    let head: Head =
        serde_json::from_slice(&bytes[..end]).map_err(|error| format!("its first line: {error}"))?;
    if head.segment != number {
        return Err(format!("it is segment {}", head.segment));
    }
    let rest = &bytes[end + 1..];
    if rest.last() != Some(&b'\n') {
        return Err("its last line is torn".to_owned());
    }
    let mut before_images = 0;
    while rest[before_images..].starts_with(BEFORE) {
        let line = rest[before_images..].iter().position(|byte| *byte == b'\n');
        before_images += line.map_or(rest.len() - before_images, |line| line + 1);
    }
    Ok(rest.split_at(before_images))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head { segment: 42, by: "process 7 on here".to_owned(), mark: "5f".to_owned() }
    }

    #[test]
    fn a_segment_gives_back_documents_and_records_byte_for_byte() {
        let before = b"{\"item\":1,\"document\":{\"n\":0}}\n{\"item\":2,\"document\":{}}\n".as_slice();
        let records = b"{\"n\":3,\"prev\":\"\"}\n{\"n\":4,\"event\":\"item\",\"item\":1}\n".as_slice();
        for before_images in [b"".as_slice(), before] {
            let bytes = encode(&head(), before_images, records).unwrap();
            assert_eq!(decode(42, &bytes).unwrap(), (before_images, records));
        }
    }

    #[test]
    fn what_is_no_whole_segment_of_its_number_is_refused() {
        let bytes = encode(&head(), b"", b"{\"n\":3}\n").unwrap();
        assert!(decode(41, &bytes).unwrap_err().contains("segment 42"));
        assert!(decode(42, &bytes[..bytes.len() - 1]).unwrap_err().contains("torn"));
        assert!(decode(42, b"").is_err() && decode(42, b"x\n").is_err());
    }

    #[test]
    fn segments_are_named_so_that_they_sort_by_number() {
        assert_eq!(name("runs/a", 42), "runs/a/journal/000042.jsonl");
        for (name, is) in [
            ("runs/a/journal/000042.jsonl", Some(42)),
            ("runs/a/journal/1000000.jsonl", Some(1_000_000)),
            ("runs/a/journal/000000.jsonl", None),
            ("runs/a/journal/42.jsonl", None),
            ("runs/a/journal/notes.jsonl", None),
        ] {
            assert_eq!(number(name), is, "{name}");
        }
    }
}
