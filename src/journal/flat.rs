//! Reads a record of a step in one pass. A record has nested types, each of which would keep the fields of the line
//! for the next one. Reports read every record twice, so the usual ones are read as the flat objects that they are on
//! the disk.

use jiff::Timestamp;
use serde::Deserialize;

use super::record::{Call, Entry, Record, Step};
use crate::model::{Fingerprint, Id, ItemKey, Operation, Verdict};

/// The fields of the usual steps.
#[derive(Deserialize)]
struct Line<'a> {
    n: u64,
    prev: Fingerprint,
    at: Timestamp,
    event: &'a str,
    item: ItemKey,
    step: &'a str,
    operation: Option<Operation>,
    call: Option<Call>,
    attempt: Option<u32>,
    server_time: Option<Timestamp>,
    before_sha256: Option<Fingerprint>,
    target: Option<Id>,
    status: Option<u16>,
    sends: Option<u32>,
    #[serde(default)]
    adopted: bool,
    sha256: Option<Fingerprint>,
    modified: Option<String>,
    snapshot: Option<Id>,
    verdict: Option<Verdict>,
    #[serde(default)]
    differences: Vec<String>,
}

impl Line<'_> {
    fn record(self) -> Option<Record> {
        let step = match self.step {
            _ if self.event != "item" => return None,
            "intended" => Step::Intended {
                operation: self.operation?,
                call: self.call?,
                attempt: self.attempt?,
                server_time: self.server_time,
                before_sha256: self.before_sha256,
            },
            "applied" => Step::Applied {
                target: self.target?,
                status: self.status,
                sends: self.sends?,
                adopted: self.adopted,
                sha256: self.sha256,
                modified: self.modified,
            },
            "archived" => Step::Archived { snapshot: self.snapshot?, sha256: self.sha256? },
            "verified" => Step::Verified {
                verdict: self.verdict?,
                sha256: self.sha256,
                differences: self.differences,
                modified: self.modified,
            },
            _ => return None,
        };
        let entry = Entry::Item { item: self.item, step };
        Some(Record { n: self.n, prev: self.prev, at: self.at, entry })
    }
}

/// A record from its line.
///
/// # Errors
///
/// The line is not such a record.
pub(super) fn read_record(line: &[u8]) -> serde_json::Result<Record> {
    // A line that is checked as a whole costs less than each of its texts.
    let flat = match str::from_utf8(line) {
        Ok(line) => serde_json::from_str::<Line<'_>>(line),
        Err(_) => serde_json::from_slice::<Line<'_>>(line),
    };
    flat.ok().and_then(Line::record).map_or_else(|| serde_json::from_slice(line), Ok)
}

/// What a record of a step says about its place in the chain, and about its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glimpse {
    pub n: u64,
    pub prev: Fingerprint,
    pub item: ItemKey,
}

/// The beginning of a record of a step, as this program writes it; `None` for any other line, which has to be read
/// whole. What follows the item is not read.
pub(super) fn glimpse(line: &[u8]) -> Option<Glimpse> {
    let (n, rest) = number(line.strip_prefix(b"{\"n\":")?)?;
    let (prev, rest) = rest.strip_prefix(b",\"prev\":\"")?.split_at_checked(64)?;
    let prev = Fingerprint::parse(std::str::from_utf8(prev).ok()?)?;
    let rest = rest.strip_prefix(b"\",\"at\":\"")?;
    // No time holds an escape.
    let at = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    let (item, rest) = number(rest[at..].strip_prefix(b"\",\"event\":\"item\",\"item\":")?)?;
    let item = ItemKey(u32::try_from(item).ok()?);
    rest.starts_with(b",\"step\":\"").then_some(Glimpse { n, prev, item })
}

/// The digits at the beginning as a number, and what follows them.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    Some((number, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;

    #[test]
    fn a_record_reads_the_same_in_one_go_as_in_layers() {
        let print = Fingerprint::of(b"x");
        let at: Timestamp = "2026-03-01T02:00:00.123456Z".parse().unwrap();
        let (modified, status) = (Some("2026-03-01T02:00:00.000Z".to_owned()), Some(201));
        let steps = [
            Step::Intended {
                operation: Operation::Create,
                call: Call::Operation,
                attempt: 1,
                server_time: Some(at),
                before_sha256: Some(print),
            },
            Step::Applied {
                target: Id::from("t\"é"),
                status,
                sends: 2,
                adopted: true,
                sha256: Some(print),
                modified: modified.clone(),
            },
            Step::Applied {
                target: Id::from("t"),
                status: None,
                sends: 0,
                adopted: false,
                sha256: None,
                modified: None,
            },
            Step::Verified {
                verdict: Verdict::Differs,
                sha256: None,
                differences: vec!["/a".to_owned(), "/b".to_owned()],
                modified,
            },
            Step::Archived { snapshot: Id::from("s"), sha256: print },
            Step::Absent,
            Step::Ended {
                outcome: Outcome::Failed,
                status,
                code: "c".to_owned(),
                message: "m".to_owned(),
                sends: 1,
                found: None,
            },
        ];
        for (n, step) in (1..).zip(steps) {
            let record = Record { n, prev: print, at, entry: Entry::Item { item: ItemKey(7), step } };
            let line = serde_json::to_vec(&record).unwrap();
            assert_eq!(read_record(&line).unwrap(), record);
            assert_eq!(serde_json::from_slice::<Record>(&line).unwrap(), record);
            let is_usual = serde_json::from_slice::<Line<'_>>(&line).ok().and_then(Line::record).is_some();
            assert_eq!(is_usual, n <= 5, "{record:?}");
            assert_eq!(glimpse(&line), Some(Glimpse { n, prev: print, item: ItemKey(7) }), "{record:?}");
        }
    }

    #[test]
    fn only_a_step_laid_out_as_this_program_does_is_glanced_at() {
        let prev = Fingerprint::of(b"x").to_string();
        let step = format!(
            r#"{{"n":3,"prev":"{prev}","at":"2026-03-01T02:00:00Z","event":"item","item":7,"step":"absent"}}"#
        );
        assert!(glimpse(step.as_bytes()).is_some());
        for (from, to) in [
            (r#""n":3"#, r#""n": 3"#),
            (r#""n":3"#, r#""n":-3"#),
            (r#""n":3"#, r#""n":3.0"#),
            (r#""n":3"#, r#""n":33333333333333333333"#),
            (r#""item":7"#, r#""item":4294967296"#),
            (r#""item":7"#, r#""item":"7""#),
            (prev.as_str(), &prev[1..]),
            (r#""at":"#, r#""at":"\","#),
            (r#""event":"item""#, r#""event":"opened""#),
            (r#""event":"item","#, r#""sort":1,"event":"item","#),
            (r#","step""#, r#","copy""#),
        ] {
            let other = step.replacen(from, to, 1);
            assert_ne!(other, step);
            assert_eq!(glimpse(other.as_bytes()), None, "{other}");
        }
    }
}
