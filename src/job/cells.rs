//! A CSV in which every cell has a position; the csv crate has positions of rows only.

use super::problem::{Report, Span};

/// A cell and its place, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) span: Span,
}

/// A row that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CsvRow {
    /// The line it begins on, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<Cell>,
    /// Whether every quote in it is closed: behind one that is not, nobody knows where a cell ends.
    pub(super) is_closed: bool,
}

/// A header and its rows, each as long as the header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Csv {
    pub(super) header: Vec<Cell>,
    pub(super) rows: Vec<CsvRow>,
    /// Whether every row was as long as the header; others are left out.
    pub(super) is_whole: bool,
}

impl Csv {
    /// The column of that name.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|cell| cell.text == name)
    }

    /// What to do about cells that are separated by something else than commas.
    pub(super) fn other_separator(&self) -> Option<&'static str> {
        let [header] = self.header.as_slice() else { return None };
        let signs = [
            (';', "cells are separated by commas, not by semicolons"),
            ('\t', "cells are separated by commas, not by tabs"),
        ];
        signs.into_iter().find_map(|(sign, help)| header.text.contains(sign).then_some(help))
    }

    /// Reads a CSV: RFC 4180, CRLF or LF. Every problem is reported; what is sound is returned.
    pub(super) fn read(text: &str, report: &mut Report) -> Self {
        let mut rows = split(text, report).into_iter();
        let Some(header) = rows.next() else {
            report.error(None, "the file is empty").help("its first line names the columns");
            return Self::default();
        };
        let header: Vec<Cell> = header.cells;
        for (index, cell) in header.iter().enumerate() {
            if cell.text.is_empty() {
                report.error(cell.span, "a column has no name").help("name it, or take the column out");
            } else if let Some(first) = header[..index].iter().find(|first| first.text == cell.text) {
                let message = format!("two columns are called `{}`", cell.text);
                report.error(cell.span, message).related(first.span, "first here");
            }
        }
        let mut dropped = 0_usize;
        let read = Self { header, ..Self::default() };
        // Where the header is not split as it was meant, the rows are not either.
        let is_split = read.other_separator().is_none();
        let header = read.header;
        let rows = rows.filter(|row| {
            let (found, wanted) = (row.cells.len(), header.len());
            let span = row.cells.first().map(|cell| cell.span);
            if found != wanted && is_split && row.is_closed {
                let cells = if wanted == 1 { "cell" } else { "cells" };
                let message = format!("the header has {wanted} {cells}, this row {found}");
                let help = "a cell that holds a comma or a line break needs double quotes";
                report.error(span, message).help(help);
            }
            dropped += usize::from(found != wanted);
            found == wanted
        });
        let rows: Vec<CsvRow> = rows.collect();
        Self { header, rows, is_whole: dropped == 0 }
    }
}

fn split(text: &str, report: &mut Report) -> Vec<CsvRow> {
    let mut rows = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < text.len() {
        let begins = line;
        let (mut cells, mut is_closed) = (Vec::new(), true);
        loop {
            let (cell, closed) = cell(text, at, report);
            is_closed &= closed;
            line += cell_breaks(text, cell.span);
            at = cell.span.end;
            cells.push(cell);
            if text[at..].starts_with(',') {
                at += 1;
            } else {
                break;
            }
        }
        if text[at..].starts_with('\r') {
            at += 1;
        }
        if text[at..].starts_with('\n') {
            at += 1;
            line += 1;
        }
        if rows.is_empty() {
            for cell in &mut cells {
                cell.text = cell.text.trim().to_owned();
            }
        }
        if cells.iter().any(|cell| !cell.text.trim().is_empty()) {
            rows.push(CsvRow { line: begins, cells, is_closed });
        }
    }
    rows
}

fn cell_breaks(text: &str, span: Span) -> u64 {
    text[span.start..span.end].bytes().map(|byte| u64::from(byte == b'\n')).sum()
}

/// The cell that begins at `at`, whose span ends at the comma or line break after it; and whether its quote is closed.
fn cell(text: &str, at: usize, report: &mut Report) -> (Cell, bool) {
    let rest = &text[at..];
    let plain_end =
        |from: usize| rest[from..].find([',', '\n', '\r']).map_or(rest.len(), |found| from + found);
    if !rest.starts_with('"') {
        let end = plain_end(0);
        return (Cell { text: rest[..end].to_owned(), span: Span::new(at, at + end) }, true);
    }
    let mut value = String::new();
    let mut next = 1;
    loop {
        let Some(found) = rest[next..].find('"') else {
            let help = "close it, and write a quote inside a cell twice";
            report.error(Span::new(at, at + 1), "this quote is never closed").help(help);
            return (Cell { text: value, span: Span::new(at, text.len()) }, false);
        };
        value.push_str(&rest[next..next + found]);
        next += found + 1;
        if rest[next..].starts_with('"') {
            value.push('"');
            next += 1;
        } else {
            break;
        }
    }
    let end = plain_end(next);
    if end > next {
        let help = "the closing quote ends the cell; write a quote inside a cell twice";
        report.error(Span::new(at + next, at + end), "text after the closing quote").help(help);
    }
    (Cell { text: value, span: Span::new(at, at + end) }, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_is_never_closed_is_told_once() {
        for (text, messages) in [
            ("a,b,c\n1,\"x,y\n", vec!["this quote is never closed"]),
            ("a,b,c\n1,2\n", vec!["the header has 3 cells, this row 2"]),
        ] {
            let mut report = Report::new("x.csv", text);
            assert!(!Csv::read(text, &mut report).is_whole);
            let found = report.finish();
            assert_eq!(found.iter().map(|one| one.message.as_str()).collect::<Vec<_>>(), messages, "{text}");
        }
    }
}
