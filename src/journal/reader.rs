//! Replay: a torn tail is dropped, damage is an error with its line.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::RangeInclusive;
use std::path::Path;

use super::record::{Entry, FORMAT, Record, Step};
use super::{JournalError, Misfit};
use crate::model::Fingerprint;

/// Where a journal stands after its last whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The number the next record gets.
    pub next: u64,
    /// The hash the next record carries.
    pub head: Fingerprint,
    /// Length of the file up to the last whole record.
    pub valid_bytes: u64,
    /// Whether something torn stood behind it.
    pub torn: bool,
    /// Intents that name a document in `before.jsonl`: so many lines of it count.
    pub befores: u64,
}

/// Reads a journal from its first record to its last, checks the chain, and hands each record to `each` with its line
/// number; `each` may refuse one.
///
/// # Errors
///
/// The file cannot be read, a record does not fit its chain, or `each` refused one.
pub fn replay(
    path: &Path,
    mut each: impl FnMut(u64, Record) -> Result<(), Misfit>,
) -> Result<Replay, JournalError> {
    let file = File::open(path).map_err(|source| JournalError::Io {
        what: "open",
        path: path.to_owned(),
        source,
    })?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut state = Replay { next: 0, head: Fingerprint::of(b""), valid_bytes: 0, torn: false, befores: 0 };
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
        let record: Record = serde_json::from_slice(&line)
            .map_err(|error| damaged(format!("not a record of this journal ({error})")))?;
        if record.n != state.next {
            return Err(damaged(format!("record {} stands where record {} belongs", record.n, state.next)));
        }
        if record.prev != state.head {
            return Err(damaged(
                "it does not follow the record before it: one of the two was changed".to_owned(),
            ));
        }
        let format = match &record.entry {
            Entry::Opened(header) => header.format,
            Entry::Resumed { format, .. } => *format,
            _ => FORMAT,
        };
        if format > FORMAT {
            return Err(JournalError::Newer { path: path.to_owned(), found: format, known: FORMAT });
        }
        match (&record.entry, state.next) {
            (Entry::Opened(_), 0) => {}
            (_, 0) => return Err(damaged("the first record does not open a run".to_owned())),
            (Entry::Opened(_), _) => return Err(damaged("a run is opened twice".to_owned())),
            _ => {}
        }
        let names_before =
            matches!(&record.entry, Entry::Item { step: Step::Intended { before_sha256: Some(_), .. }, .. });
        each(state.next + 1, record).map_err(|misfit| damaged(misfit.to_string()))?;
        state.befores += u64::from(names_before);
        state.head = Fingerprint::of(&line);
        state.next += 1;
        state.valid_bytes += read as u64;
    }
}

/// What stands before the number of its item in a record of a step.
const ITEM: &[u8] = b"\"event\":\"item\",\"item\":";

/// Hands out the records of some items, and those that are no step of an item, in the journal's order.
///
/// For a journal that [`replay`] has read: its chain is not checked again, and the steps of other items are passed over unread.
///
/// # Errors
///
/// The file cannot be read, or holds something else than records.
pub fn records_of(
    path: &Path,
    items: &RangeInclusive<u32>,
    mut each: impl FnMut(Record),
) -> Result<(), JournalError> {
    let failed = |what| move |source| JournalError::Io { what, path: path.to_owned(), source };
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(failed("open"))?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        reader.read_until(b'\n', &mut line).map_err(failed("read"))?;
        // What follows the last newline was never acknowledged.
        if line.pop() != Some(b'\n') {
            break;
        }
        if item_of(&line).is_some_and(|item| !items.contains(&item)) {
            continue;
        }
        each(serde_json::from_slice(&line).map_err(|error| JournalError::Damaged {
            path: path.to_owned(),
            line: number,
            message: format!("not a record of this journal ({error})"),
        })?);
    }
    Ok(())
}

/// The item whose step a line records, as this program writes it.
fn item_of(line: &[u8]) -> Option<u32> {
    let at = line.windows(ITEM.len()).position(|part| part == ITEM)? + ITEM.len();
    let digits = line[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&line[at..at + digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ItemKey;
    use crate::model::time::Clock;

    #[test]
    fn the_item_of_a_record_is_read_off_its_line() {
        for (entry, item) in [
            (Entry::Item { item: ItemKey(104), step: Step::Absent }, Some(104)),
            (Entry::Resumed { tool: "\"event\":\"item\",\"item\":7".to_owned(), format: FORMAT }, None),
        ] {
            let record = Record { n: 3, prev: Fingerprint::of(b""), at: Clock::system().now(), entry };
            assert_eq!(item_of(&serde_json::to_vec(&record).unwrap()), item);
        }
    }
}
