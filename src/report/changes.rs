//! The changes of one document, a line each, as plans and comparisons show them below its name.

use std::io::{self, Write};

use super::text::{clean, count, cut};
use crate::documents::diff::Change;

/// How much of the changes is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Diff {
    /// Every change of every import.
    Full,
    /// The first six of each import.
    #[default]
    Short,
    /// No changes, only the counts.
    None,
}

/// Lines of changes shown of each document with [`Diff::Short`].
pub(super) const SHORT: usize = 6;

/// How changes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changes {
    /// How much of them.
    pub diff: Diff,
    /// Columns of the terminal.
    pub width: usize,
}

impl Changes {
    /// Writes the changes of a document.
    pub(super) fn write(self, changes: &[Change], out: &mut dyn Write) -> io::Result<()> {
        let most = match self.diff {
            Diff::Full => usize::MAX,
            Diff::Short => SHORT,
            Diff::None => return Ok(()),
        };
        for change in changes.iter().take(most) {
            let text = match (&change.from, &change.to) {
                (Some(from), Some(to)) => format!("{}: {from} -> {to}", change.path),
                (None, Some(to)) => format!("{}: added {to}", change.path),
                (Some(from), None) => format!("{}: removed {from}", change.path),
                (None, None) => change.path.clone(),
            };
            self.under(out, &text)?;
        }
        let more = changes.len().saturating_sub(most);
        if more > 0 {
            self.under(out, &format!("… and {}", count(more as u64, "more change", "more changes")))?;
        }
        Ok(())
    }

    /// A line under a document, cut to the terminal unless everything was asked for.
    pub(super) fn under(self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        let room = if self.diff == Diff::Full { usize::MAX } else { self.width.max(40) - 6 };
        writeln!(out, "      {}", cut(&clean(text), room))
    }
}
