//! Tables that are small enough to be measured before they are written.

use std::io::{self, Write};

use crate::report::text::{Paint, Tone, clean, cut, fit, width};

/// A column: its head, the most columns of the terminal it may take, and whether it is of numbers.
pub(super) struct Column {
    pub head: &'static str,
    pub most: usize,
    pub number: bool,
}

pub(super) const fn column(head: &'static str, most: usize) -> Column {
    Column { head, most, number: false }
}

pub(super) const fn numbers(head: &'static str) -> Column {
    Column { head, most: 16, number: true }
}

/// Rows below heads, aligned by what they take on a terminal.
pub(super) struct Table<'a> {
    columns: &'a [Column],
    rows: Vec<Vec<String>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(columns: &'a [Column]) -> Self {
        Self { columns, rows: vec![columns.iter().map(|column| column.head.to_owned()).collect()] }
    }

    /// Adds a row, with a cell for each column.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().zip(self.columns);
        self.rows.push(cells.map(|(cell, column)| cut(&clean(&cell), column.most).into_owned()).collect());
    }

    pub(super) fn write(&self, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
        let wide = |index: usize| self.rows.iter().map(|row| width(&row[index])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(wide).collect();
        for (number, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(self.columns).zip(&widths).map(|((cell, column), wide)| {
                if column.number {
                    format!("{}{cell}", " ".repeat(wide.saturating_sub(width(cell))))
                } else {
                    fit(cell, *wide)
                }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            let line = line.trim_end();
            if number == 0 {
                writeln!(out, "{}", paint.tone(Tone::Strong, line))?;
            } else {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }
}
