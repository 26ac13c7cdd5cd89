//! Tables that are written row by row: decides which of their columns fit the terminal.

use super::text::{cut, width};

/// A column of such a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// Always this many columns of the terminal.
    Fixed(usize),
    /// The same, aligned to the right.
    Number(usize),
    /// This many columns, if there is room: of several such columns, the last one is left out first.
    Spare(usize),
    /// The rest, at least [`LEAST`], at most [`MOST`].
    Rest,
}

/// The minimum width of a text before a spare column is left out, and the maximum width.
const LEAST: usize = 16;
const MOST: usize = 60;
/// Blanks between two columns.
const GAP: usize = 2;

/// The columns of a table in a terminal, or in a file or a pipe, where nothing is cut or left out.
#[derive(Debug)]
pub(super) struct Columns {
    /// The width of each; `None` for one that is left out.
    widths: Vec<Option<usize>>,
    numbers: Vec<bool>,
    is_cut: bool,
}

impl Columns {
    /// Lays the columns out in the given width of a terminal.
    pub(super) fn new(columns: &[Column], terminal: usize) -> Self {
        let mut widths: Vec<Option<usize>> = columns
            .iter()
            .map(|column| match column {
                Column::Fixed(wide) | Column::Number(wide) | Column::Spare(wide) => Some(*wide),
                Column::Rest => Some(0),
            })
            .collect();
        let left = |widths: &[Option<usize>]| {
            let taken: usize = widths.iter().flatten().map(|wide| wide + GAP).sum();
            terminal.saturating_sub(taken.saturating_sub(GAP))
        };
        for at in (0..columns.len()).rev() {
            if left(&widths) < LEAST && matches!(columns[at], Column::Spare(_)) {
                widths[at] = None;
            }
        }
        let rest = left(&widths).clamp(LEAST, MOST);
        for (wide, column) in widths.iter_mut().zip(columns) {
            if matches!(column, Column::Rest) {
                *wide = Some(rest);
            }
        }
        let numbers = columns.iter().map(|column| matches!(column, Column::Number(_))).collect();
        Self { widths, numbers, is_cut: terminal < usize::MAX >> 1 }
    }

    /// A line of the table.
    pub(super) fn line(&self, cells: &[&str]) -> String {
        let mut line = String::new();
        for ((cell, wide), is_number) in cells.iter().zip(&self.widths).zip(&self.numbers) {
            let Some(wide) = *wide else { continue };
            let cell = if self.is_cut { cut(cell, wide) } else { (*cell).into() };
            let blanks = " ".repeat(wide.saturating_sub(width(&cell)));
            let (before, after) = if *is_number { (&*blanks, "") } else { ("", &*blanks) };
            line.push_str(&format!("{before}{cell}{after}{:GAP$}", ""));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [Column; 4] = [Column::Fixed(4), Column::Rest, Column::Spare(10), Column::Number(6)];

    #[test]
    fn a_column_that_there_is_no_room_for_is_left_out_and_a_text_is_cut() {
        let cells = ["id", "0123456789abcdefghijklmnopqrstuvw", "2026-01-02", "12 kB"];
        for (terminal, wanted) in [
            (60, "id    0123456789abcdefghijklmnopqrstuvw   2026-01-02   12 kB"),
            (48, "id    0123456789abcdefghijk…  2026-01-02   12 kB"),
            (42, "id    0123456789abcde…  2026-01-02   12 kB"),
            (40, "id    0123456789abcdefghijklmno…   12 kB"),
            (10, "id    0123456789abcde…   12 kB"),
        ] {
            let line = Columns::new(&TABLE, terminal).line(&cells);
            assert_eq!(line, wanted, "{terminal}");
        }
    }

    #[test]
    fn in_a_pipe_nothing_is_cut() {
        let long = "n".repeat(200);
        let line = Columns::new(&TABLE, usize::MAX >> 1).line(&["5f7c579b", &long, "2026-01-02", "123 kB"]);
        assert_eq!(line, format!("5f7c579b  {long}  2026-01-02  123 kB"));
    }
}
