//! `archive diff`: what differs between two snapshots, as it is found.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::{Compared, Form, Named, when};
use crate::archive::{Entry, Snapshot};
use crate::report::changes::Changes;
use crate::report::plan_view::Diff;
use crate::report::text::{Paint, Tone, clean, number};

/// How many documents differ in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// How many are in the first snapshot only.
    pub only_in_first: u64,
    /// How many are in the second snapshot only.
    pub only_in_second: u64,
    /// How many are in both, and not the same.
    pub changed: u64,
    /// How many are in both, and the same.
    pub equal: u64,
}

impl Totals {
    /// Whether any document differs, or is in one snapshot only.
    pub fn differ(&self) -> bool {
        self.only_in_first + self.only_in_second + self.changed > 0
    }
}

/// Writes the differences of two snapshots.
#[derive(Debug)]
pub struct Difference<W: Write> {
    out: W,
    form: Form,
    diff: Diff,
    totals: Totals,
}

impl<W: Write> Difference<W> {
    /// Writes which two are compared.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn begin(
        mut out: W,
        form: Form,
        diff: Diff,
        first: &Snapshot,
        second: &Snapshot,
    ) -> io::Result<Self> {
        if let Form::Text { color, .. } = form {
            let paint = Paint { color };
            for (label, one) in [("First:  ", first), ("Second: ", second)] {
                let (time, account) = (when(one.time), clean(&one.account.name));
                writeln!(out, "{} {}  {time}  {account}", paint.tone(Tone::Strong, label), one.id)?;
            }
            writeln!(out)?;
        } else {
            let head = json!({ "first": first.id, "second": second.id });
            let head = head.to_string();
            write!(out, "{},\n\"differences\":[", head.trim_end_matches('}'))?;
        }
        Ok(Self { out, form, diff, totals: Totals::default() })
    }

    /// Writes a document that is only in the first.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn only_in_first(&mut self, entry: &Entry) -> io::Result<()> {
        self.one("only_in_first", entry, None)?;
        self.totals.only_in_first += 1;
        Ok(())
    }

    /// Writes a document that is only in the second.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn only_in_second(&mut self, entry: &Entry) -> io::Result<()> {
        self.one("only_in_second", entry, None)?;
        self.totals.only_in_second += 1;
        Ok(())
    }

    /// Writes a document that changed, as it is in the second.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn changed(&mut self, entry: &Entry, compared: &Compared) -> io::Result<()> {
        self.one("changed", entry, Some(compared))?;
        self.totals.changed += 1;
        Ok(())
    }

    fn one(&mut self, state: &str, entry: &Entry, compared: Option<&Compared>) -> io::Result<()> {
        let Form::Text { width, color } = self.form else {
            let line = json!({
                "state": state,
                "document": Named::from(entry),
                "changes": compared.and_then(Compared::changes),
                "problem": compared.and_then(Compared::problem),
            });
            let Totals { only_in_first, only_in_second, changed, .. } = self.totals;
            let first = only_in_first + only_in_second + changed == 0;
            return write!(self.out, "{}{line}", if first { "\n" } else { ",\n" });
        };
        let (tone, sign) = match state {
            "only_in_first" => (Tone::Bad, "- only in first "),
            "only_in_second" => (Tone::Good, "+ only in second"),
            _ => (Tone::Change, "~ changed       "),
        };
        let sign = Paint { color }.tone(tone, sign);
        let (kind, name, id) = (clean(&entry.kind), clean(&entry.name), clean(entry.id.as_str()));
        let id = Paint { color }.tone(Tone::Dim, id);
        writeln!(self.out, "{sign}  {kind}  {name}  {id}")?;
        match compared {
            Some(compared) => {
                compared.write(Changes { diff: self.diff, width, paint: Paint { color } }, &mut self.out)
            }
            None => Ok(()),
        }
    }

    /// Writes the end; `equal` computes from the other totals how many documents are the same in both.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn finish(mut self, equal: impl FnOnce(&Totals) -> u64) -> io::Result<Totals> {
        let totals = Totals { equal: equal(&self.totals), ..self.totals };
        if let Form::Text { color, .. } = self.form {
            let Totals { only_in_first, only_in_second, changed, equal } = totals;
            let [one, other, changed, equal] = [only_in_first, only_in_second, changed, equal].map(number);
            let told = format!(
                "{one} only in the first, {other} only in the second, {changed} changed, {equal} equal"
            );
            let gap = if totals.differ() { "\n" } else { "" };
            writeln!(self.out, "{gap}{}", Paint { color }.tone(Tone::Strong, told))?;
        } else {
            let told = serde_json::to_string(&totals).map_err(io::Error::from)?;
            let gap = if totals.differ() { "\n" } else { "" };
            writeln!(self.out, "{gap}],\n\"totals\":{told}}}")?;
        }
        self.out.flush()?;
        Ok(totals)
    }
}
