//! What the `archive` commands print: as text for people, as JSON for programs, and as CSV for lists.
//!
//! Names of documents are data: they become no terminal escape and no spreadsheet formula.

mod check;
mod contents;
mod difference;
mod drill;
mod export;
mod history;
mod list;
mod prune;
mod table;

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::changes::Changes;
use super::plan_view::Diff;
use crate::archive::Entry;
use crate::documents::diff::Change;

pub use check::{Checked, check};
pub use contents::Contents;
pub use difference::{Difference, Totals};
pub use drill::{Drilled, Unreadable, Unrestored, drill};
pub use export::export;
pub use history::{History, Step, history};
pub use list::list;
pub use prune::{prune, pruned};

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A table for people.
    Text {
        /// How many columns the terminal has.
        width: usize,
        /// Whether to write colours, as escape sequences.
        color: bool,
    },
    /// One JSON document, for programs.
    Json,
    /// Comma-separated values (RFC 4180), with a header row.
    Csv,
}

/// The result of comparing two versions of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// Where the two documents differ.
    Changes(Vec<Change>),
    /// One of them is not JSON, so the only result is that they differ.
    Texts,
    /// One of them cannot be read, and why.
    Unreadable(String),
}

impl Compared {
    fn changes(&self) -> Option<&[Change]> {
        if let Self::Changes(changes) = self { Some(changes) } else { None }
    }

    fn problem(&self) -> Option<&str> {
        if let Self::Unreadable(why) = self { Some(why) } else { None }
    }

    fn write(&self, lines: Changes, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Changes(changes) if changes.is_empty() && lines.diff != Diff::None => {
                lines.under(out, "it is spelled differently, and means the same")
            }
            Self::Changes(changes) => lines.write(changes, out),
            Self::Texts if lines.diff == Diff::None => Ok(()),
            Self::Texts => lines.under(out, "its text is another one"),
            Self::Unreadable(why) => lines.under(out, &format!("cannot be compared: {why}")),
        }
    }
}

/// A document, as JSON names it.
#[derive(Serialize)]
struct Named<'a> {
    kind: &'a str,
    id: &'a str,
    name: &'a str,
}

impl<'a> From<&'a Entry> for Named<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self { kind: &entry.kind, id: entry.id.as_str(), name: &entry.name }
    }
}

/// A time as people read it: UTC, to the second.
fn when(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    out.write_all(b"\n")
}
