//! The changes of one document, a line each, as plans and comparisons show them below its name.

use std::io::{self, Write};

use super::text::{Paint, Tone, clean, count, cut, cut_both, width};
use crate::documents::diff::Change;

/// How many of the changes are shown.
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

/// How many lines of changes are shown for each document with [`Diff::Short`].
pub(super) const SHORT: usize = 6;

/// The suffix of a name that stands for another id with the same name.
pub(super) const OF_THE_TARGET: &str = " of the target";

/// How changes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changes {
    /// How many of them.
    pub diff: Diff,
    /// How many columns the terminal has.
    pub width: usize,
    /// Whether removed and added values are in colour.
    pub paint: Paint,
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
            self.change(change, out)?;
        }
        let more = changes.len().saturating_sub(most);
        if more > 0 {
            self.under(out, &format!("… and {}", count(more as u64, "more change", "more changes")))?;
        }
        Ok(())
    }

    /// One change; two long values share the line.
    fn change(self, change: &Change, out: &mut dyn Write) -> io::Result<()> {
        let path = clean(&change.path);
        let (from, to) = (change.from.as_deref(), change.to.as_deref());
        // The same name again: it is told once.
        let counterpart = to.zip(from).and_then(|(to, from)| to.strip_prefix(from));
        let from = from.filter(|_| counterpart != Some(OF_THE_TARGET));
        let (lead, between) = match (from, to) {
            (None, Some(_)) if counterpart == Some(OF_THE_TARGET) => (format!("{path}: "), ""),
            (Some(_), Some(_)) => (format!("{path}: "), " → "),
            (None, Some(_)) => (format!("{path}: added "), ""),
            (Some(_), None) => (format!("{path}: removed "), ""),
            (None, None) => return self.under(out, &path),
        };
        let (had_from, had_to) = (from.is_some(), to.is_some());
        let (from, to) = (clean(from.unwrap_or_default()), clean(to.unwrap_or_default()));
        let (wide, other) = (width(&from), width(&to));
        let free = self.room().saturating_sub(width(&lead) + width(between));
        let (wide, other) = if wide.saturating_add(other) <= free {
            (wide, other)
        } else if wide <= free / 2 {
            (wide, free - wide)
        } else if other <= free / 2 {
            (free - other, other)
        } else {
            (free / 2, free - free / 2)
        };
        let (from, to) = if had_from && had_to {
            cut_both(&from, &to, (wide, other))
        } else {
            (cut(&from, wide).into_owned(), cut(&to, other).into_owned())
        };
        let from = self.paint.tone(Tone::Bad, from).to_string();
        let to = self.paint.tone(Tone::Good, to).to_string();
        let from = if had_from { from } else { String::new() };
        let to = if had_to { to } else { String::new() };
        // A path alone may be longer than the line.
        let lead = cut(&lead, self.room());
        writeln!(out, "      {lead}{from}{between}{to}")
    }

    /// Columns of a line under a document.
    fn room(self) -> usize {
        if self.diff == Diff::Full { usize::MAX } else { self.width.max(40) - 6 }
    }

    /// A line under a document, cut to the terminal unless everything was requested.
    pub(super) fn under(self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        writeln!(out, "      {}", cut(&clean(text), self.room()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(width: usize, color: bool, from: &str, to: &str) -> String {
        let change = Change { path: "/name".into(), from: Some(from.into()), to: Some(to.into()) };
        let mut out = Vec::new();
        let changes = Changes { diff: Diff::Short, width, paint: Paint { color } };
        changes.write(&[change], &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn old_and_new_are_both_seen_however_long_they_are() {
        let long = "x".repeat(60);
        let text = line(50, false, &long, &long);
        assert_eq!(text, format!("      /name: {}… → {}…\n", "x".repeat(16), "x".repeat(16)));
        let text = line(50, false, "a", &long);
        assert_eq!(text, format!("      /name: a → {}…\n", "x".repeat(32)));
    }

    #[test]
    fn where_two_long_texts_begin_alike_it_is_seen_what_differs() {
        let (one, other) =
            ("/customers/search?query={{email}}&all", "/customers/search?query={{e_mail}}&all");
        assert_eq!(line(50, false, one, other), "      /name: …ry={{email}}&all → …ry={{e_mail}}&a…\n");
        // One of them fits, the other does not.
        let long = format!("{one}{}", "x".repeat(60));
        let text = line(60, false, one, &long);
        assert!(text.contains("&all → …") && text.contains("&allxxx"), "{text}");
    }

    #[test]
    fn a_name_that_stands_for_its_counterpart_is_told_once() {
        assert_eq!(
            line(80, false, "\"Shop\"", "\"Shop\" of the target"),
            "      /name: \"Shop\" of the target\n"
        );
    }

    #[test]
    fn old_and_new_are_in_colour() {
        assert_eq!(line(80, true, "a", "b"), "      /name: \x1b[31ma\x1b[0m → \x1b[32mb\x1b[0m\n");
    }
}
