//! Reads a record of a step in one go. What a record says is laid out in layers, each of which keeps the fields of the line for
//! the next one; reports read every record twice, so the usual ones are taken as the flat objects that they are on the disk.

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
/// It is none.
pub(super) fn read_record(line: &[u8]) -> serde_json::Result<Record> {
    let flat = serde_json::from_slice::<Line<'_>>(line).ok().and_then(Line::record);
    flat.map_or_else(|| serde_json::from_slice(line), Ok)
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
        }
    }
}
