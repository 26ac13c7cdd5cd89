//! The positions of consecutive texts in a file: four and a half bytes for each, because there may be very many.

use crate::model::Chunks;
use crate::run_folder::document_file::Span;

/// For every this many texts the position is stored; in between, lengths are added up.
const STEP: usize = 16;

/// The positions of consecutive texts with the same number of bytes between any two.
#[derive(Debug)]
pub(crate) struct Lines {
    /// Bytes between two texts.
    between: u64,
    lengths: Chunks<u32>,
    /// The start of every [`STEP`]th text.
    starts: Chunks<u64>,
    /// The end of the last text.
    end: u64,
}

impl Lines {
    /// An empty list, for texts with this number of bytes between any two.
    pub(crate) fn apart_by(between: u64) -> Self {
        Self { between, lengths: Chunks::default(), starts: Chunks::default(), end: 0 }
    }

    /// Adds the next text; `false` if it is not at the expected distance after the last one.
    #[must_use]
    pub(crate) fn push(&mut self, text: Span) -> bool {
        if !self.is_empty() && text.offset != self.end + self.between {
            return false;
        }
        if self.lengths.len().is_multiple_of(STEP) {
            self.starts.push(text.offset);
        }
        self.lengths.push(text.length);
        self.end = text.offset + u64::from(text.length);
        true
    }

    /// The position of a text, counted from 0.
    pub(crate) fn get(&self, at: usize) -> Option<Span> {
        let length = *self.lengths.get(at)?;
        let before = (at / STEP * STEP..at).filter_map(|at| self.lengths.get(at));
        let offset = before
            .fold(*self.starts.get(at / STEP)?, |offset, length| offset + u64::from(*length) + self.between);
        Some(Span { offset, length })
    }

    /// The end of the last text.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether the list is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_is_found_where_it_was_put(
            first in 0..1_u64 << 40,
            between in 0..3_u64,
            lengths in proptest::collection::vec(any::<u32>(), 0..100),
        ) {
            let (mut lines, mut offset, mut put) = (Lines::apart_by(between), first, Vec::new());
            for length in lengths {
                put.push(Span { offset, length });
                let here = lines.push(Span { offset, length });
                prop_assert!(here);
                let end = offset + u64::from(length);
                prop_assert_eq!(lines.end(), end);
                offset = end + between;
                let elsewhere = Span { offset: offset + 1, length };
                prop_assert!(!lines.push(elsewhere));
            }
            prop_assert_eq!((lines.len(), lines.is_empty()), (put.len(), put.is_empty()));
            let found: Vec<Span> = (0..=put.len()).filter_map(|at| lines.get(at)).collect();
            prop_assert_eq!(found, put);
        }
    }
}
