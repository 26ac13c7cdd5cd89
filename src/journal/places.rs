//! The places of the records of items, in the order of the items: sorted in parts, written to a file, and merged as
//! they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use crate::model::ItemKey;

/// How many places are sorted at once.
const MOST: usize = 1 << 14;
/// How many places of a sorted part are read at once.
const AT_ONCE: usize = 1 << 8;
/// The size of a place, in bytes.
const LENGTH: usize = 10;

/// An item and the offset of a record about it, most significant byte first: in the order of items, and of the journal.
type Entered = [u8; LENGTH];

/// Places, in any order.
#[derive(Debug, Default)]
pub(super) struct PlacesWriter {
    last: Vec<Entered>,
    /// Sorted parts, one after the other. A file without a name.
    file: Option<File>,
    /// Where they end, in bytes.
    ends: Vec<u64>,
}

/// Places in their order. Only few are in memory.
#[derive(Debug)]
pub(super) struct Places {
    file: Option<File>,
    parts: Vec<Part>,
    /// The first of each part that is not at its end, and the number of the part.
    first: BinaryHeap<Reverse<(Entered, usize)>>,
}

/// The rest of a sorted part that is still to be read.
#[derive(Debug)]
struct Part {
    /// Those that were read, the first at the end.
    read: Vec<Entered>,
    /// Where the next ones lie, in bytes.
    rest: std::ops::Range<u64>,
}

impl PlacesWriter {
    /// Adds a place.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub(super) fn push(&mut self, item: ItemKey, offset: u64) -> io::Result<()> {
        self.last.push(entered(item, offset));
        // Once for as many: where no file could be made, there are more of them by now.
        if self.last.len().is_multiple_of(MOST) { self.put_down() } else { Ok(()) }
    }

    fn put_down(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.file = tempfile::tempfile().ok();
        }
        // Where no file can be made, they stay in memory.
        let Some(file) = &mut self.file else { return Ok(()) };
        self.last.sort_unstable();
        file.write_all(self.last.as_flattened())?;
        let length = (self.last.len() * LENGTH) as u64;
        self.ends.push(self.ends.last().copied().unwrap_or(0) + length);
        self.last.clear();
        Ok(())
    }

    /// The places, once all have been added.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub(super) fn finish(mut self) -> io::Result<Places> {
        self.last.sort_unstable_by_key(|place| Reverse(*place));
        let mut parts = vec![Part { read: self.last, rest: 0..0 }];
        let mut from = 0;
        for end in self.ends {
            parts.push(Part { read: Vec::new(), rest: from..end });
            from = end;
        }
        let count = parts.len();
        let mut places = Places { file: self.file, parts, first: BinaryHeap::with_capacity(count) };
        (0..count).try_for_each(|part| places.advance(part))?;
        Ok(places)
    }
}

impl Places {
    /// The next place, if it is of this item or of one before it.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub(super) fn next_until(&mut self, item: ItemKey) -> io::Result<Option<(ItemKey, u64)>> {
        let Some(Reverse((first, part))) = self.first.peek().copied() else { return Ok(None) };
        let (of, offset) = left(&first);
        if of > item {
            return Ok(None);
        }
        self.first.pop();
        self.advance(part)?;
        Ok(Some((of, offset)))
    }

    /// Takes the next place of a part for its first.
    fn advance(&mut self, part: usize) -> io::Result<()> {
        let Part { read, rest } = &mut self.parts[part];
        if let (true, Some(file)) = (read.is_empty(), &self.file) {
            let end = rest.end.min(rest.start + (AT_ONCE * LENGTH) as u64);
            read.resize(usize::try_from(end - rest.start).unwrap_or(0) / LENGTH, [0; LENGTH]);
            file.read_exact_at(read.as_flattened_mut(), rest.start)?;
            read.reverse();
            rest.start = end;
        }
        self.first.extend(read.pop().map(|place| Reverse((place, part))));
        Ok(())
    }
}

fn entered(item: ItemKey, offset: u64) -> Entered {
    let mut entered = [0; LENGTH];
    entered[..4].copy_from_slice(&item.0.to_be_bytes());
    entered[4..].copy_from_slice(&offset.to_be_bytes()[2..]);
    entered
}

fn left(entered: &Entered) -> (ItemKey, u64) {
    let (mut item, mut offset) = ([0; 4], [0; 8]);
    item.copy_from_slice(&entered[..4]);
    offset[2..].copy_from_slice(&entered[4..]);
    (ItemKey(u32::from_be_bytes(item)), u64::from_be_bytes(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_they_are_they_come_in_the_order_of_items_and_of_the_journal() {
        for count in [0, 1, AT_ONCE + 1, MOST, MOST + 1, 3 * MOST + AT_ONCE] {
            // As in a run: some items are written at once, and all are read back in the end.
            let all = (0..count as u64).map(|n| (ItemKey((n * 7919 % 5000) as u32), (n << 20) + 5));
            let mut writer = PlacesWriter::default();
            all.clone().for_each(|(item, offset)| writer.push(item, offset).unwrap());
            let mut sorted: Vec<_> = all.collect();
            sorted.sort_unstable();
            let mut places = writer.finish().unwrap();
            let mut read = Vec::new();
            for item in (0..=5000).map(ItemKey) {
                while let Some((of, offset)) = places.next_until(item).unwrap() {
                    assert_eq!(of, item);
                    read.push((of, offset));
                }
            }
            assert!(read == sorted, "{count}");
        }
    }
}
