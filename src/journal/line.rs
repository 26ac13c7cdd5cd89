//! Writes a record of a step as a line for the disk. Every import has at least three records, and serialising their
//! nested types costs more than their content: the usual steps are written piece by piece.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;

use super::record::{Call, Entry, Record, Step};
use crate::model::Fingerprint;

/// Writes a record to the end of `lines`, without a line feed.
///
/// # Errors
///
/// The record cannot be written as JSON.
pub(super) fn write_record(
    lines: &mut Vec<u8>,
    n: u64,
    prev: Fingerprint,
    at: Timestamp,
    entry: &Entry,
) -> serde_json::Result<()> {
    let from = lines.len();
    if let Entry::Item { item, step } = entry {
        let mut line = Line(&mut *lines);
        line.put("{\"n\":").value(&n)?;
        line.print(",\"prev\":", Some(prev));
        line.time(",\"at\":", Some(at))?;
        line.put(",\"event\":\"item\",\"item\":").value(item)?;
        if line.usual_step(step)? {
            line.put("}");
            return Ok(());
        }
        lines.truncate(from);
    }
    serde_json::to_writer(lines, &Record { n, prev, at, entry: entry.clone() })
}

/// The line that is being written.
struct Line<'l>(&'l mut Vec<u8>);

impl Line<'_> {
    /// Writes what a step says; `false` for one that is not usual.
    fn usual_step(&mut self, step: &Step) -> serde_json::Result<bool> {
        match step {
            Step::Intended { operation, call, attempt, server_time, before_sha256 } => {
                self.put(",\"step\":\"intended\",\"operation\":\"").put(operation.as_str());
                self.put(match call {
                    Call::Operation => "\",\"call\":\"operation\"",
                    Call::Adjust => "\",\"call\":\"adjust\"",
                });
                self.put(",\"attempt\":").value(attempt)?;
                self.time(",\"server_time\":", *server_time)?;
                self.print(",\"before_sha256\":", *before_sha256);
            }
            Step::Applied { target, status, sends, adopted, sha256, modified } => {
                self.put(",\"step\":\"applied\",\"target\":").value(target)?;
                self.optional(",\"status\":", status.as_ref())?;
                self.put(",\"sends\":").value(sends)?;
                self.put(if *adopted { ",\"adopted\":true" } else { "" });
                self.print(",\"sha256\":", *sha256);
                self.optional(",\"modified\":", modified.as_ref())?;
            }
            Step::Verified { verdict, sha256, differences, modified } => {
                self.put(",\"step\":\"verified\",\"verdict\":").value(verdict)?;
                self.print(",\"sha256\":", *sha256);
                self.optional(",\"differences\":", Some(differences).filter(|all| !all.is_empty()))?;
                self.optional(",\"modified\":", modified.as_ref())?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn put(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn value(&mut self, value: &impl Serialize) -> serde_json::Result<()> {
        serde_json::to_writer(&mut *self.0, value)
    }

    fn optional(&mut self, key: &str, value: Option<&impl Serialize>) -> serde_json::Result<()> {
        value.map_or(Ok(()), |value| self.put(key).value(value))
    }

    fn print(&mut self, key: &str, print: Option<Fingerprint>) {
        if let Some(print) = print {
            self.put(key).put("\"").put(print.digits(&mut [0; 64])).put("\"");
        }
    }

    fn time(&mut self, key: &str, time: Option<Timestamp>) -> serde_json::Result<()> {
        const PRINTER: DateTimePrinter = DateTimePrinter::new();
        let Some(time) = time else { return Ok(()) };
        self.put(key).put("\"");
        if PRINTER.print_timestamp(&time, &mut *self.0).is_err() {
            return Err(serde::ser::Error::custom("a time that cannot be written"));
        }
        self.put("\"");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Id, ItemKey, Operation, Outcome, Verdict};

    #[test]
    fn a_record_is_written_as_its_layers_say() {
        let print = Fingerprint::of(b"x");
        let modified = Some("2026-03-01T02:00:00.000Z".to_owned());
        let intended = |operation, call, server_time, before_sha256| Step::Intended {
            operation,
            call,
            attempt: 3,
            server_time,
            before_sha256,
        };
        let applied = |target: &str, status, adopted, sha256, modified| Step::Applied {
            target: Id::from(target),
            status,
            sends: 2,
            adopted,
            sha256,
            modified,
        };
        let verified = |verdict, sha256, differences: &[&str], modified| Step::Verified {
            verdict,
            sha256,
            differences: differences.iter().map(ToString::to_string).collect(),
            modified,
        };
        let steps = [
            intended(Operation::Create, Call::Operation, None, None),
            intended(Operation::Clone, Call::Adjust, Some(Timestamp::MAX), Some(print)),
            intended(Operation::None, Call::Operation, Some(Timestamp::MIN), None),
            applied("t\"é\n", Some(201), true, Some(print), modified.clone()),
            applied("", None, false, None, Some("\u{1f}\\".to_owned())),
            verified(Verdict::Equal, Some(print), &[], None),
            verified(Verdict::Differs, None, &["/a\"", "/é"], modified),
            Step::Archived { snapshot: Id::from("s"), sha256: print },
            Step::Absent,
            Step::Ended {
                outcome: Outcome::Failed,
                status: Some(400),
                code: "c".to_owned(),
                message: "m".to_owned(),
                sends: 1,
                found: None,
            },
        ];
        let times = ["1969-12-31T23:59:59.5Z", "2026-03-01T02:00:00Z", "2026-03-01T02:00:00.120456700Z"];
        for (n, step) in (0..).zip(steps) {
            for at in times {
                let at: Timestamp = at.parse().unwrap();
                let record = Record {
                    n,
                    prev: print,
                    at,
                    entry: Entry::Item { item: ItemKey(7), step: step.clone() },
                };
                let mut line = b"before\n".to_vec();
                write_record(&mut line, n, print, at, &record.entry).unwrap();
                let line = str::from_utf8(&line).unwrap().strip_prefix("before\n").unwrap();
                assert_eq!(line, serde_json::to_string(&record).unwrap());
            }
        }
    }
}
