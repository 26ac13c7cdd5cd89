//! A run as `JUnit` XML: every import is a test case, for build servers that display such files.

use std::fmt;
use std::io::{self, Write};

use super::audit::reason;
use super::reasons::Attention;
use crate::model::Outcome;
use crate::run_folder::rows::Row;
use crate::run_folder::summary::Summary;

/// How many rows there are of each kind.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    failures: u32,
    errors: u32,
    skipped: u32,
}

impl Counts {
    /// Counts a row.
    pub(super) fn add(&mut self, row: &Row) {
        match Case::of(row) {
            Case::Failure(_) => self.failures += 1,
            Case::InDoubt | Case::Unprocessed => self.errors += 1,
            Case::Skipped => self.skipped += 1,
            Case::Passed => {}
        }
    }
}

/// The result of a row in the terms of the format.
enum Case {
    /// A person has to look at it.
    Failure(Attention),
    /// Its call was sent, and the effect is not known.
    InDoubt,
    /// The run did not get to it.
    Unprocessed,
    Skipped,
    Passed,
}

impl Case {
    fn of(row: &Row) -> Self {
        match (Attention::of(row), row.outcome) {
            (Some(attention), _) => Self::Failure(attention),
            (None, _) if row.in_doubt => Self::InDoubt,
            (None, Outcome::Unprocessed) => Self::Unprocessed,
            (None, Outcome::Skipped) => Self::Skipped,
            (None, _) => Self::Passed,
        }
    }
}

/// Writes the head; its counts come first in the format, so the rows are counted before.
pub(super) fn begin(summary: &Summary, counts: Counts, out: &mut dyn Write) -> io::Result<()> {
    let Counts { failures, errors, skipped } = counts;
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{:.3}\"",
        summary.selected, summary.seconds
    );
    let stamp = summary
        .started_at
        .map_or(String::new(), |at| format!(" timestamp=\"{}\"", at.strftime("%Y-%m-%dT%H:%M:%S")));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"transship\" {counts}>")?;
    writeln!(
        out,
        "<testsuite name=\"{}\" id=\"{}\" {counts}{stamp}>",
        Xml(&summary.job),
        Xml(&summary.run_id)
    )
}

/// Writes a row.
pub(super) fn row(summary: &Summary, row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let time = row.millis().unwrap_or(0);
    write!(
        out,
        "<testcase classname=\"{}.{}\" name=\"{}\" time=\"{}.{:03}\"",
        Xml(summary.action.as_str()),
        Xml(row.item.adaptor_type.as_deref().unwrap_or("import")),
        Xml(&row.item.name),
        time / 1000,
        time % 1000
    )?;
    let is_written = summary.writer.is_some();
    let why = reason(row).unwrap_or_default();
    match Case::of(row) {
        Case::Failure(Attention { word, reason, .. }) => {
            // The code of an item that failed says more than that it did.
            let code = row.error_code.as_deref().filter(|_| row.outcome.needs_attention());
            let (kind, why) = (Xml(code.unwrap_or(word)), Xml(&reason));
            writeln!(out, "><failure type=\"{kind}\" message=\"{why}\">{word}: {why}</failure></testcase>")
        }
        Case::InDoubt => {
            let why = match why.as_str() {
                _ if is_written => "its call has no answer yet",
                "" => "its call was sent, and its effect is not known",
                why => why,
            };
            writeln!(out, "><error type=\"in_doubt\" message=\"{}\"/></testcase>", Xml(why))
        }
        Case::Unprocessed => {
            let why =
                if is_written { "the run has not come to it yet" } else { "the run ended before its turn" };
            writeln!(out, "><error type=\"unprocessed\" message=\"{why}\"/></testcase>")
        }
        Case::Skipped => writeln!(out, "><skipped message=\"{}\"/></testcase>", Xml(&why)),
        Case::Passed => writeln!(out, "/>"),
    }
}

/// Writes the end.
pub(super) fn finish(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</testsuite>\n</testsuites>")
}

/// A text inside XML 1.0, which has no way to write most control characters at all.
struct Xml<'a>(&'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\t' | '\n' | '\r' => write!(f, "&#{};", c as u32)?,
                '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    f.write_char('\u{fffd}')?
                }
                c if c.is_control() => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Copy;
    use crate::model::{Fingerprint, Id, ItemKey, Verdict};
    use crate::report::sample;

    fn in_doubt(message: Option<&str>) -> Row {
        Row {
            outcome: Outcome::Unprocessed,
            verdict: Verdict::NotChecked,
            in_doubt: true,
            error_code: Some("in_doubt".into()),
            error_message: message.map(str::to_owned),
            ..sample::row(1)
        }
    }

    fn copied() -> Row {
        let copy = Copy {
            item: ItemKey(1),
            id: Id::from("c9"),
            equal: true,
            sha256: Fingerprint::of(b"sent"),
            modified: None,
        };
        Row { copies: vec![copy], ..sample::row(1) }
    }

    fn unread() -> Row {
        let why = "(it could not be read: 503)".to_owned();
        Row { verdict: Verdict::NotChecked, differences: vec![why], ..sample::row(1) }
    }

    #[test]
    fn what_a_person_has_to_look_at_is_a_failure_and_what_is_not_done_an_error() {
        let unprocessed = Row { in_doubt: false, error_code: None, ..in_doubt(None) };
        let skipped = Row { outcome: Outcome::Skipped, ..sample::failed(1, "exists") };
        for (row, counted, element) in [
            (sample::row(1), [0, 0, 0], ""),
            (
                sample::failed(1, "offline"),
                [1, 0, 0],
                "<failure type=\"invalid\" message=\"offline\">failed: offline",
            ),
            (copied(), [1, 0, 0], "<failure type=\"copy\" message=\"this run did not make c9\">copy:"),
            (unread(), [1, 0, 0], "<failure type=\"not_checked\" message=\"it could not be read: 503\">"),
            (in_doubt(Some("no answer")), [0, 1, 0], "<error type=\"in_doubt\" message=\"no answer\"/>"),
            (in_doubt(None), [0, 1, 0], "its call was sent, and its effect is not known"),
            (
                unprocessed,
                [0, 1, 0],
                "<error type=\"unprocessed\" message=\"the run ended before its turn\"/>",
            ),
            (skipped, [0, 0, 1], "<skipped message=\"exists\"/>"),
        ] {
            let (mut counts, mut out) = (Counts::default(), Vec::new());
            counts.add(&row);
            super::row(&sample::summary(&[], &[]), &row, &mut out).unwrap();
            assert_eq!([counts.failures, counts.errors, counts.skipped], counted, "{element}");
            let out = String::from_utf8(out).unwrap();
            assert!(out.contains(element), "{element}: {out}");
        }
    }
}
