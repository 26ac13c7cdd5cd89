//! Texts of a file that are mostly read in their order: what follows one is read along with it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes that are read in one go where texts are read in order.
const AHEAD: usize = 1 << 16;

/// How far behind the end of the last text the next one may begin to be read in order: something small may stand between.
const NEAR: u64 = 1 << 13;

/// What was read along.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    bytes: Vec<u8>,
    /// Where they stand in the file.
    offset: u64,
    /// Where the last text ended.
    last: u64,
}

impl ReadAhead {
    /// Reads `length` bytes at `from` of a file that is only appended to, and whose first `end` bytes may be read.
    ///
    /// # Errors
    ///
    /// The disk said no, or the file is too short.
    pub(super) fn read(&mut self, file: &File, from: u64, length: u32, end: u64) -> io::Result<Vec<u8>> {
        let is_next = (self.last..self.last + NEAR).contains(&from);
        self.last = from + u64::from(length);
        if let Some(text) = self.known(from, length) {
            return Ok(text.to_vec());
        }
        let there = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX).min(AHEAD);
        if !is_next || length as usize > there {
            let mut text = vec![0; length as usize];
            file.read_exact_at(&mut text, from)?;
            return Ok(text);
        }
        self.bytes.resize(there, 0);
        self.offset = from;
        if let Err(error) = file.read_exact_at(&mut self.bytes, from) {
            self.bytes.clear();
            return Err(error);
        }
        self.known(from, length).map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn known(&self, from: u64, length: u32) -> Option<&[u8]> {
        let from = usize::try_from(from.checked_sub(self.offset)?).ok()?;
        self.bytes.get(from..from.checked_add(length as usize)?)
    }
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
