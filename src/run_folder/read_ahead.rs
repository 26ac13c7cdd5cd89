//! Reads texts of a file that are mostly read in order: the neighbouring texts are read at the same time.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes that are read at once.
const BLOCK: u64 = 1 << 15;

/// How many blocks are held. Texts that several tasks wrote are only nearly in order.
const HELD: usize = 8;

/// How far from the end of the last text the next one may begin so that its neighbours are read with it.
const NEAR: u64 = BLOCK * HELD as u64;

/// The blocks that were read.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    blocks: Vec<Block>,
    /// Where the last text ended.
    last: u64,
    /// Counts uses of blocks.
    uses: u64,
}

/// A part of the file from a multiple of [`BLOCK`] on: that many bytes, or fewer at the end of the file at that time.
#[derive(Debug)]
struct Block {
    number: u64,
    bytes: Vec<u8>,
    used: u64,
}

impl ReadAhead {
    /// Reads `length` bytes at `from` of a file that is only appended to, and whose first `end` bytes may be read.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is too short.
    pub(super) fn read(&mut self, file: &File, from: u64, length: u32, end: u64) -> io::Result<Vec<u8>> {
        let is_near = self.last.abs_diff(from) < NEAR;
        let to = from + u64::from(length);
        self.last = to;
        if !is_near || u64::from(length) > BLOCK || to > end {
            let mut text = vec![0; length as usize];
            file.read_exact_at(&mut text, from)?;
            return Ok(text);
        }
        let mut text = Vec::with_capacity(length as usize);
        for number in from / BLOCK..to.div_ceil(BLOCK) {
            let starts = number * BLOCK;
            let part = within(from.max(starts) - starts)..within(to.min(starts + BLOCK) - starts);
            text.extend_from_slice(&self.block(file, number, part.end, end)?[part]);
        }
        Ok(text)
    }

    /// A block that has at least its first `needed` bytes.
    fn block(&mut self, file: &File, number: u64, needed: usize, end: u64) -> io::Result<&[u8]> {
        self.uses += 1;
        let found =
            self.blocks.iter().position(|block| block.number == number && block.bytes.len() >= needed);
        let at = match found {
            Some(at) => at,
            None => self.load(file, number, end)?,
        };
        self.blocks[at].used = self.uses;
        Ok(&self.blocks[at].bytes)
    }

    /// Reads a block, in place of its older version or of the least recently used one.
    fn load(&mut self, file: &File, number: u64, end: u64) -> io::Result<usize> {
        let shorter = self.blocks.iter().position(|block| block.number == number);
        let oldest = || (0..self.blocks.len()).min_by_key(|at| self.blocks[*at].used);
        let at =
            shorter.or_else(|| oldest().filter(|_| self.blocks.len() == HELD)).unwrap_or(self.blocks.len());
        if at == self.blocks.len() {
            self.blocks.push(Block { number, bytes: Vec::new(), used: 0 });
        }
        let block = &mut self.blocks[at];
        let starts = number * BLOCK;
        block.number = number;
        block.bytes.resize(within((end - starts).min(BLOCK)), 0);
        if let Err(error) = file.read_exact_at(&mut block.bytes, starts) {
            block.bytes.clear();
            return Err(error);
        }
        Ok(at)
    }
}

/// A count of bytes inside a block.
fn within(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn texts_are_read_as_they_stand_in_whatever_order_they_are_asked_for() {
        let mut file = tempfile::tempfile().unwrap();
        let all: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
        let mut ahead = ReadAhead::default();
        let mut end = 0;
        let mut state = 7_u64;
        for turn in 0..4_000_usize {
            if turn.is_multiple_of(8) {
                let more = (end + 1_400).min(all.len());
                file.write_all(&all[end..more]).unwrap();
                end = more;
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let any = usize::try_from(state >> 33).unwrap();
            // Some stretches in order, with gaps, and jumps between them.
            let from = if turn % 50 < 40 { (turn * 170) % end } else { any % end };
            let length = (any % 3_000 + usize::from(turn % 97 == 0) * 100_000).min(end - from);
            let read = ahead.read(&file, from as u64, u32::try_from(length).unwrap(), end as u64).unwrap();
            assert_eq!(read, all[from..from + length], "{turn}");
        }
        assert!(ahead.read(&file, end as u64, 1, end as u64).is_err());
    }
}
