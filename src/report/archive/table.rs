//! Tables that are small enough to be measured before they are written.

use std::io::{self, Write};

use crate::report::text::{Paint, Tone, clean, fit, width};

/// A column: its head, its maximum width, and whether it holds numbers.
pub(super) struct Column {
    pub head: &'static str,
    pub most: usize,
    pub number: bool,
    /// Whether it is left out if the terminal has no room for it, because its content is in another column too.
    pub spare: bool,
}

pub(super) const fn column(head: &'static str, most: usize) -> Column {
    Column { head, most, number: false, spare: false }
}

pub(super) const fn numbers(head: &'static str) -> Column {
    Column { head, most: 16, number: true, spare: false }
}

/// A column that is left out if the terminal has no room for it.
pub(super) const fn spare(head: &'static str, most: usize) -> Column {
    Column { head, most, number: false, spare: true }
}

/// The minimum width of a text.
const LEAST: usize = 8;

/// Rows below heads, aligned by their width on a terminal.
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
        self.rows.push(cells.into_iter().map(|cell| clean(&cell)).collect());
    }

    /// The width of each column on a terminal; 0 for a column that is left out. In a file or a pipe nothing is cut.
    fn widths(&self, terminal: usize) -> Vec<usize> {
        let wide = |index: usize| self.rows.iter().map(|row| width(&row[index])).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..self.columns.len()).map(wide).collect();
        if terminal >= usize::MAX >> 1 {
            return widths;
        }
        for (wide, column) in widths.iter_mut().zip(self.columns) {
            *wide = (*wide).min(column.most);
        }
        let over = |widths: &[usize]| {
            let shown = widths.iter().filter(|wide| **wide > 0);
            shown.map(|wide| wide + 2).sum::<usize>().saturating_sub(terminal + 2)
        };
        for at in (0..widths.len()).rev() {
            if over(&widths) > 0 && self.columns[at].spare {
                widths[at] = 0;
            }
        }
        // Then the texts that come last give way: what commands take stands first.
        for at in (1..widths.len()).rev().filter(|at| !self.columns[*at].number) {
            let gives = widths[at].saturating_sub(LEAST.max(width(self.columns[at].head)));
            widths[at] -= gives.min(over(&widths));
        }
        widths
    }

    pub(super) fn write(&self, terminal: usize, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
        let widths = self.widths(terminal);
        for (number, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(self.columns).zip(&widths).filter(|(_, wide)| **wide > 0);
            let cells = cells.map(|((cell, column), wide)| {
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
