//! Replay: a torn tail is dropped, damage is an error with its line.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::flat::{Glimpse, glimpse, read_record};
use super::record::{Entry, FORMAT, Record, Step};
use super::{JournalError, Misfit};
use crate::model::Fingerprint;

/// The state of a journal after its last whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The number of the next record.
    pub next: u64,
    /// The hash that the next record carries.
    pub head: Fingerprint,
    /// Length of the file up to the last whole record.
    pub valid_bytes: u64,
    /// Whether a torn record follows it.
    pub torn: bool,
    /// The number of intents that name a document in `before.jsonl`: this many of its lines count.
    pub before_images: u64,
}

/// Reads a journal from its first record to its last, checks the chain, and passes each record to `each` with its
/// line number; `each` may refuse a record.
///
/// # Errors
///
/// The file cannot be read, a record does not fit its chain, or `each` refused one.
pub fn replay(
    path: &Path,
    mut each: impl FnMut(u64, Record) -> Result<(), Misfit>,
) -> Result<Replay, JournalError> {
    let mut before_images = 0;
    let replay = walk(
        path,
        |line| read_record(line).map(Seen::Record),
        |place, seen| {
            let Seen::Record(record) = seen else { return Ok(()) };
            let names_before = matches!(
                &record.entry,
                Entry::Item { step: Step::Intended { before_sha256: Some(_), .. }, .. }
            );
            each(place.line, record)?;
            before_images += u64::from(names_before);
            Ok(())
        },
    )?;
    Ok(Replay { before_images, ..replay })
}

/// The place of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Counted from 1.
    pub line: u64,
    /// Bytes before it.
    pub offset: u64,
}

/// How much of each record a pass reads.
pub(super) enum Seen {
    /// Only what a step says about its place in the chain, and its item.
    Glimpse(Glimpse),
    /// All of it.
    Record(Record),
}

impl Seen {
    /// Its number, and the hash of the record before it.
    fn link(&self) -> (u64, Fingerprint) {
        match self {
            Self::Glimpse(glimpse) => (glimpse.n, glimpse.prev),
            Self::Record(record) => (record.n, record.prev),
        }
    }

    /// Its content, if it was read.
    fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Glimpse(_) => None,
            Self::Record(record) => Some(&record.entry),
        }
    }
}

/// As [`replay`], with the place of each record, and of a step no more than its item. A step with invalid content is
/// only found by whoever reads it.
pub(super) fn replay_places(
    path: &Path,
    each: impl FnMut(Place, Seen) -> Result<(), Misfit>,
) -> Result<(), JournalError> {
    let see = |line: &[u8]| {
        glimpse(line).map_or_else(|| read_record(line).map(Seen::Record), |seen| Ok(Seen::Glimpse(seen)))
    };
    walk(path, see, each).map(drop)
}

/// Reads every line with `see`, checks the chain, and passes on the result.
fn walk(
    path: &Path,
    see: impl Fn(&[u8]) -> serde_json::Result<Seen>,
    mut each: impl FnMut(Place, Seen) -> Result<(), Misfit>,
) -> Result<Replay, JournalError> {
    let file = File::open(path).map_err(|source| JournalError::Io {
        what: "open",
        path: path.to_owned(),
        source,
    })?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut state =
        Replay { next: 0, head: Fingerprint::of(b""), valid_bytes: 0, torn: false, before_images: 0 };
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|source| JournalError::Io {
            what: "read",
            path: path.to_owned(),
            source,
        })?;
        if read == 0 {
            return Ok(state);
        }
        let damaged =
            |message: String| JournalError::Damaged { path: path.to_owned(), line: state.next + 1, message };
        if line.last() != Some(&b'\n') {
            // What follows the last newline was never acknowledged.
            state.torn = true;
            return Ok(state);
        }
        line.pop();
        let seen = see(&line).map_err(|error| damaged(format!("not a record of this journal ({error})")))?;
        let (n, prev) = seen.link();
        if n != state.next {
            return Err(damaged(format!("record {n} stands where record {} belongs", state.next)));
        }
        if prev != state.head {
            return Err(damaged(
                "it does not follow the record before it: one of the two was changed".to_owned(),
            ));
        }
        let format = match seen.entry() {
            Some(Entry::Opened(header)) => header.format,
            Some(Entry::Resumed { format, .. }) => *format,
            _ => FORMAT,
        };
        if format > FORMAT {
            return Err(JournalError::Newer { path: path.to_owned(), found: format, known: FORMAT });
        }
        match (seen.entry(), state.next) {
            (Some(Entry::Opened(_)), 0) => {}
            (_, 0) => return Err(damaged("the first record does not open a run".to_owned())),
            (Some(Entry::Opened(_)), _) => return Err(damaged("a run is opened twice".to_owned())),
            _ => {}
        }
        let place = Place { line: state.next + 1, offset: state.valid_bytes };
        each(place, seen).map_err(|misfit| damaged(misfit.to_string()))?;
        state.head = Fingerprint::of(&line);
        state.next += 1;
        state.valid_bytes += read as u64;
    }
}
