//! A run as `JUnit` XML: every import a test case, for build servers that draw such files.

use std::fmt;
use std::io::{self, Write};

use super::audit::reason;
use crate::model::{Outcome, Verdict};
use crate::run_folder::rows::Row;
use crate::run_folder::summary::Summary;

/// Writes the head; its counts come first in the format, so the rows are counted before.
pub(super) fn begin(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let failed: u32 = Outcome::ALL
        .iter()
        .filter(|outcome| outcome.needs_attention())
        .map(|outcome| summary.count(*outcome))
        .sum();
    let failures = failed + summary.verdict(Verdict::Differs);
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\"",
        summary.selected,
        summary.count(Outcome::Unprocessed),
        summary.count(Outcome::Skipped),
        summary.seconds
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
        Xml(&summary.action),
        Xml(row.item.adaptor_type.as_deref().unwrap_or("import")),
        Xml(&row.item.name),
        time / 1000,
        time % 1000
    )?;
    let why = reason(row).unwrap_or_default();
    let why = Xml(&why);
    let kind = Xml(row.error_code.as_deref().unwrap_or(row.outcome.as_str()));
    match row.outcome {
        outcome if outcome.needs_attention() => {
            writeln!(out, "><failure type=\"{kind}\" message=\"{why}\">{outcome}: {why}</failure></testcase>")
        }
        _ if row.verdict == Verdict::Differs => {
            writeln!(out, "><failure type=\"differs\" message=\"{why}\">differs: {why}</failure></testcase>")
        }
        Outcome::Unprocessed => {
            writeln!(
                out,
                "><error type=\"unprocessed\" message=\"the run ended before its turn\"/></testcase>"
            )
        }
        Outcome::Skipped => writeln!(out, "><skipped message=\"{why}\"/></testcase>"),
        _ => writeln!(out, "/>"),
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
