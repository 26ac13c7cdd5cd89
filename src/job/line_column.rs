//! Lines and columns of places in a text.

use std::ops::Range;

/// Counts lines and columns on from the last place asked for: the problems of a file are in order.
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'t> Cursor<'t> {
    /// At the beginning of a text.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, column: 1 }
    }

    /// Line and column of a place, from 1.
    pub(super) fn line_and_column(&mut self, at: usize) -> (usize, usize) {
        let at = floor(self.text, at);
        if at < self.at {
            *self = Self::new(self.text);
        }
        for c in self.text[self.at..at].chars() {
            (self.line, self.column) =
                if c == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        }
        self.at = at;
        (self.line, self.column)
    }
}

/// The nearest character boundary at or before `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

/// The line that holds the byte `at`, without its line break.
pub(super) fn line_around(text: &str, at: usize) -> Range<usize> {
    let at = floor(text, at);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    start..end
}

/// Line and column, from 1, the column in characters.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let at = floor(text, at);
    let line = line_around(text, at);
    (text[..at].matches('\n').count() + 1, text[line.start..at].chars().count() + 1)
}
