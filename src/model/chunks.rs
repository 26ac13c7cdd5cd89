//! A list for very many small values: it grows in pieces, so that it is never copied and wastes no memory.

/// How many values a piece holds.
const PIECE: usize = 1 << 10;

/// A list that grows in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunks<T> {
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> Chunks<T> {
    /// Appends a value.
    pub fn push(&mut self, value: T) {
        match self.pieces.last_mut() {
            Some(last) if last.len() < PIECE => last.push(value),
            _ => {
                // The first piece grows by doubling: most lists are short.
                let mut piece = Vec::with_capacity(if self.pieces.is_empty() { 0 } else { PIECE });
                piece.push(value);
                self.pieces.push(piece);
            }
        }
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.pieces.last().map_or(0, |last| (self.pieces.len() - 1) * PIECE + last.len())
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The value at a place, counted from 0.
    pub fn get(&self, at: usize) -> Option<&T> {
        self.pieces.get(at / PIECE)?.get(at % PIECE)
    }

    /// The value at a place, to change it.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.pieces.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }

    /// The values in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// Frees the memory of the values before a place, piece by piece. These values are lost, and the others keep their
    /// places. This lets a result grow while its input is freed.
    pub fn release(&mut self, before: usize) {
        // The number of values is computed from the last piece.
        let whole = (before / PIECE).min(self.pieces.len().saturating_sub(1));
        let held = self.pieces[..whole].iter_mut().rev().take_while(|piece| !piece.is_empty());
        held.for_each(|piece| *piece = Vec::new());
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.pieces = Vec::new();
    }
}

impl<T> Extend<T> for Chunks<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl<T> FromIterator<T> for Chunks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut list = Self::default();
        list.extend(values);
        list
    }
}

impl<T> std::ops::Index<usize> for Chunks<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.pieces[at / PIECE][at % PIECE]
    }
}

impl<T> std::ops::IndexMut<usize> for Chunks<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.pieces[at / PIECE][at % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_was_put_into_it_in_that_order() {
        for count in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let mut list: Chunks<usize> = (0..count).collect();
            assert_eq!((list.len(), list.is_empty()), (count, count == 0));
            assert!(list.iter().copied().eq(0..count));
            assert_eq!(list.get(count), None);
            assert_eq!(list.get_mut(count), None);
            for at in 0..count {
                assert_eq!((list[at], list.get(at)), (at, Some(&at)));
                list[at] += 1;
            }
            assert!(list.iter().copied().eq(1..=count));
            for before in 0..=count {
                list.release(before);
                let gone = (before / PIECE * PIECE).min(count.saturating_sub(1) / PIECE * PIECE);
                assert_eq!((list.len(), list.get(before)), (count, list.iter().nth(before - gone)));
                assert_eq!(
                    (list.iter().count(), list.get(0).is_none()),
                    (count - gone, gone > 0 || count == 0)
                );
            }
            list.clear();
            assert_eq!(list, Chunks::default());
        }
    }
}
