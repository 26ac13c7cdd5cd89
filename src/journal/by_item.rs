//! Reads the steps of one item after the other from a journal in which those of many are mixed; only their places are
//! kept.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::JournalError;
use super::flat::{Glimpse, read_record};
use super::places::{Places, PlacesWriter};
use super::reader::{Seen, replay_places};
use super::record::{Copy, Entry, Record};
use crate::model::ItemKey;

/// How many bytes are read at once: records of consecutive items are mostly close together.
const BLOCK: usize = 1 << 14;
/// How many blocks are kept: an item's records are as far apart as the stages of a run.
const BLOCKS: usize = 4;
/// The action that fails if the places of records cannot be written or read.
const SORT: &str = "use a temporary file for";

/// A journal, to be read item by item in the plan's order.
#[derive(Debug)]
pub struct StepsByItem {
    file: File,
    path: PathBuf,
    places: Places,
    copies: HashMap<ItemKey, Vec<Copy>>,
    blocks: [Block; BLOCKS],
    /// The block that is replaced next.
    next: usize,
}

/// A part of the file.
#[derive(Debug, Default)]
struct Block {
    offset: u64,
    bytes: Vec<u8>,
}

impl StepsByItem {
    /// Reads a journal from its first record to its last and checks the chain.
    ///
    /// # Errors
    ///
    /// As [`replay`](super::replay).
    pub fn of(path: &Path) -> Result<Self, JournalError> {
        let failed = |what| move |source| JournalError::Io { what, path: path.to_owned(), source };
        let file = File::open(path).map_err(failed("open"))?;
        let (mut places, mut kept) = (PlacesWriter::default(), Ok(()));
        let mut copies: HashMap<ItemKey, Vec<Copy>> = HashMap::new();
        replay_places(path, |place, seen| {
            match seen {
                Seen::Glimpse(Glimpse { item, .. })
                | Seen::Record(Record { entry: Entry::Item { item, .. }, .. }) => {
                    if kept.is_ok() {
                        kept = places.push(item, place.offset);
                    }
                }
                Seen::Record(Record { entry: Entry::CopyFound(copy), .. }) => {
                    let copies = copies.entry(copy.item).or_default();
                    if copies.iter().all(|known| known.id != copy.id) {
                        copies.push(copy);
                    }
                }
                Seen::Record(_) => {}
            }
            Ok(())
        })?;
        let places = kept.and_then(|()| places.finish()).map_err(failed(SORT))?;
        let path = path.to_owned();
        Ok(Self { file, path, places, copies, blocks: Default::default(), next: 0 })
    }

    /// Passes on the steps of an item, in their order. Items are requested in the plan's order.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or was changed meanwhile.
    pub fn steps(&mut self, item: ItemKey, mut each: impl FnMut(Record)) -> Result<(), JournalError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| JournalError::Io { what: SORT, path, source }
        };
        while let Some((of, offset)) = self.places.next_until(item).map_err(failed(&self.path))? {
            if of == item {
                each(self.record(offset)?);
            }
        }
        Ok(())
    }

    /// Whether copies were found beside any item.
    pub fn found_copies(&self) -> bool {
        !self.copies.is_empty()
    }

    /// The copies that were found beside an item, each once.
    pub fn copies(&mut self, item: ItemKey) -> Vec<Copy> {
        self.copies.remove(&item).unwrap_or_default()
    }

    fn record(&mut self, offset: u64) -> Result<Record, JournalError> {
        let read = self.line(offset).map(read_record);
        let failed = |source| JournalError::Io { what: "read", path: self.path.clone(), source };
        read.map_err(failed)?.map_err(|error| match File::open(&self.path).map(|file| file.take(offset)) {
            Ok(before) => JournalError::Damaged {
                path: self.path.clone(),
                line: newlines(before).unwrap_or_default() as u64 + 1,
                message: format!("not a record of this journal ({error})"),
            },
            Err(source) => failed(source),
        })
    }

    /// The line that begins at `offset`, without its line feed.
    fn line(&mut self, offset: u64) -> io::Result<&[u8]> {
        let inside = |block: &Block| {
            let from = usize::try_from(offset.checked_sub(block.offset)?).ok()?;
            let length = block.bytes.get(from..)?.iter().position(|byte| *byte == b'\n')?;
            Some(from..from + length)
        };
        let known = self.blocks.iter().enumerate().find_map(|(at, block)| Some((at, inside(block)?)));
        if let Some((at, range)) = known {
            return Ok(&self.blocks[at].bytes[range]);
        }
        let block = &mut self.blocks[self.next];
        self.next = (self.next + 1) % BLOCKS;
        block.offset = offset;
        let mut size = BLOCK;
        loop {
            block.bytes.resize(size, 0);
            let read = read_at(&self.file, &mut block.bytes, offset)?;
            block.bytes.truncate(read);
            if let Some(range) = inside(block) {
                return Ok(&block.bytes[range]);
            }
            if read < size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            size *= 2;
        }
    }
}

/// As much of the file as exists, up to the length of `bytes`.
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// How many line feeds there are.
fn newlines(mut read: impl Read) -> io::Result<usize> {
    let (mut count, mut bytes) = (0, vec![0; BLOCK]);
    loop {
        match read.read(&mut bytes) {
            Ok(0) => return Ok(count),
            Ok(length) => count += bytes[..length].iter().filter(|byte| **byte == b'\n').count(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::{FORMAT, Step};
    use crate::journal::{Journal, JournalOptions, RunHeader};
    use crate::model::time::Clock;
    use crate::model::{Action, Fingerprint, RunId};

    /// Writes a journal in which the steps of `items` items are interleaved; the message of each ends with `long`.
    async fn journal(path: &Path, items: u32, long: &str) {
        let options = JournalOptions { sync: false, ..JournalOptions::new(Clock::system()) };
        let journal = Journal::create(path, &path.with_extension("before"), options).unwrap();
        let print = Fingerprint::of(b"");
        let header = RunHeader {
            format: FORMAT,
            run: RunId("r".to_owned()),
            tool: "t".to_owned(),
            action: Action::Migrate.into(),
            items,
            job_sha256: print,
            plan_sha256: print,
            wanted_sha256: print,
            by: None,
            account: None,
            undoes: None,
        };
        journal.append(Entry::Opened(Box::new(header)), None).await.unwrap();
        for round in 0..3 {
            for item in (1..=items).rev().map(ItemKey) {
                let step = Step::NotSent { message: format!("{round} {item} {long}") };
                journal.note(Entry::Item { item, step }).await.unwrap();
            }
        }
        journal.close().unwrap();
    }

    #[tokio::test]
    async fn each_item_gets_its_own_steps_in_their_order_however_long_they_are() {
        for long in [0, 100, 3 * BLOCK] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.jsonl");
            journal(&path, 60, &"x".repeat(long)).await;
            let mut steps = StepsByItem::of(&path).unwrap();
            for item in (1..=61).map(ItemKey) {
                let mut said = Vec::new();
                steps
                    .steps(item, |record| {
                        if let Entry::Item { item: of, step: Step::NotSent { message } } = record.entry {
                            assert_eq!(of, item);
                            said.push(message.split(' ').take(2).collect::<Vec<_>>().join(" "));
                        }
                    })
                    .unwrap();
                let expected =
                    if item.0 > 60 { Vec::new() } else { (0..3).map(|n| format!("{n} {item}")).collect() };
                assert_eq!(said, expected);
            }
        }
    }
}
