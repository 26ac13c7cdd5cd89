//! Rows of numbers in a file without a name, read by their place: for very many rows.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

/// The size of a number in bytes.
const LENGTH: usize = size_of::<u32>();

/// Rows that are being written to the file.
#[derive(Debug)]
pub(crate) struct TableWriter<const N: usize> {
    out: BufWriter<File>,
    rows: usize,
}

/// Rows in the order of arrival.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    file: File,
    rows: usize,
}

impl<const N: usize> TableWriter<N> {
    /// # Errors
    ///
    /// The file cannot be made.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { out: BufWriter::new(tempfile::tempfile()?), rows: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// The disk cannot be written to.
    pub(crate) fn push(&mut self, row: [u32; N]) -> io::Result<()> {
        self.rows += 1;
        row.iter().try_for_each(|number| self.out.write_all(&number.to_le_bytes()))
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// The rows, once all were added.
    ///
    /// # Errors
    ///
    /// The disk cannot be written to.
    pub(crate) fn finish(self) -> io::Result<Table<N>> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Table { file, rows: self.rows })
    }
}

impl<const N: usize> Table<N> {
    /// At most `most` rows from a place on; none after the last.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn some(&self, from: usize, most: usize) -> io::Result<Vec<[u32; N]>> {
        let count = self.rows.saturating_sub(from).min(most);
        let mut bytes = vec![0; count * N * LENGTH];
        self.file.read_exact_at(&mut bytes, (from.min(self.rows) * N * LENGTH) as u64)?;
        let (numbers, _) = bytes.as_chunks::<LENGTH>();
        let (rows, _) = numbers.as_chunks::<N>();
        Ok(rows.iter().map(|row| row.map(u32::from_le_bytes)).collect())
    }

    /// One row, if the place exists.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn get(&self, at: usize) -> io::Result<Option<[u32; N]>> {
        Ok(self.some(at, 1)?.pop())
    }

    /// The number of leading rows for which `holds` is true, if it is false for all rows after them.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn partition_point(&self, holds: impl Fn([u32; N]) -> bool) -> io::Result<usize> {
        let (mut from, mut to) = (0, self.rows);
        while from < to {
            let middle = usize::midpoint(from, to);
            if self.get(middle)?.is_some_and(&holds) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        Ok(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_place_and_by_their_order() {
        for count in [0, 1, 3000] {
            let mut writer = TableWriter::new().unwrap();
            (0..count).for_each(|number| writer.push([number, u32::MAX - number, 7]).unwrap());
            assert_eq!(writer.len(), count as usize);
            let table = writer.finish().unwrap();
            let row = |number: u32| [number, u32::MAX - number, 7];
            for at in [0, 1, 2998, 2999, 3000, 9999] {
                let known = (at < count).then(|| row(at));
                assert_eq!(table.get(at as usize).unwrap(), known);
                assert!(table.some(at as usize, 5).unwrap().into_iter().eq((at..count).take(5).map(row)));
                let before = table.partition_point(|[number, ..]| number < at).unwrap();
                assert_eq!(before, at.min(count) as usize);
            }
        }
    }
}
