//! `audit.csv`: one row for every selected import. The only place that knows the csv crate.
//!
//! Promises: RFC 4180 with CRLF, the pinned columns in their order, and no cell that a spreadsheet would run.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::documents::diff::Change;
use crate::model::time::stamp;
use crate::model::{Outcome, RecordedAction, Verdict};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::rows::Row;
use crate::run_folder::run_record::RunRecord;

pub use crate::model::shown::defuse;
use crate::model::shown::inert;

/// The columns, pinned.
pub const COLUMNS: [&str; 24] = [
    "run_id",
    "item",
    "action",
    "outcome",
    "verdict",
    "source_account",
    "source_id",
    "source_name",
    "target_account",
    "target_id",
    "target_name",
    "adaptor_type",
    "attempts",
    "http_status",
    "error_code",
    "error_message",
    "changed_paths",
    "warnings",
    "source_sha256",
    "sent_sha256",
    "target_sha256",
    "started_at",
    "finished_at",
    "duration_ms",
];

/// What is the same in every row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditContext {
    /// The id of the run.
    pub run_id: String,
    /// The name of its action.
    pub action: RecordedAction,
    /// The source account's name in the job.
    pub source_account: String,
    /// The target account's name in the job.
    pub target_account: String,
}

impl AuditContext {
    /// The context of the run that carries out `plan`.
    pub fn of(plan: &PlanFile, record: &RunRecord) -> Self {
        let head = plan.head();
        Self {
            run_id: record.opened.as_ref().map(|header| header.run.0.clone()).unwrap_or_default(),
            action: head.action.clone(),
            source_account: head.source.name.clone(),
            target_account: head.target.name.clone(),
        }
    }
}

/// Writes the audit, row by row.
pub struct AuditWriter<W: Write>(Sheet<W>);

impl<W: Write> std::fmt::Debug for AuditWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditWriter")
    }
}

impl<W: Write> AuditWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub fn new(out: W) -> io::Result<Self> {
        Ok(Self(Sheet::new(out, &COLUMNS)?))
    }

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub fn write(&mut self, context: &AuditContext, row: &Row) -> io::Result<()> {
        self.0.row(cells(context, row).iter().map(AsRef::as_ref))
    }

    /// Writes what is still in memory.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}

/// The cells of a row in the order of [`COLUMNS`], as they are: not yet defused.
pub fn cells<'a>(context: &'a AuditContext, row: &'a Row) -> [Cow<'a, str>; COLUMNS.len()] {
    let item = &row.item;
    let source = item.source.as_ref();
    let print = |print: Option<crate::model::Fingerprint>| text(print.map(|print| print.to_string()));
    let duration = row.millis().map(|millis| millis.to_string());
    [
        Cow::Borrowed(&context.run_id),
        item.item.to_string().into(),
        Cow::Borrowed(context.action.as_str()),
        row.outcome.as_str().into(),
        row.verdict.as_str().into(),
        Cow::Borrowed(&context.source_account),
        source.map_or("", |source| source.id.as_str()).into(),
        source.map_or("", |source| source.name.as_str()).into(),
        Cow::Borrowed(&context.target_account),
        row.target_id.as_ref().map_or("", |id| id.as_str()).into(),
        Cow::Borrowed(&item.name),
        item.adaptor_type.as_deref().unwrap_or_default().into(),
        row.attempts.to_string().into(),
        text(row.http_status.map(|status| status.to_string())),
        row.error_code.as_deref().unwrap_or_default().into(),
        reason(row).unwrap_or_default().into(),
        changes(row).iter().map(|change| change.path.as_str()).collect::<Vec<_>>().join("; ").into(),
        item.warnings.join("; ").into(),
        print(source.and_then(|source| source.sha256)),
        print(row.sent_sha256),
        print(row.target_sha256),
        text(row.started_at.map(stamp)),
        text(row.finished_at.map(stamp)),
        text(duration),
    ]
}

fn text(value: Option<String>) -> Cow<'static, str> {
    value.unwrap_or_default().into()
}

/// The changed paths, or what distinguishes two imports that were left alone: empty if the target is as wanted, or if
/// nothing was done. The plan knows what should have been changed.
pub fn changes(row: &Row) -> &[Change] {
    let is_undone = matches!(row.outcome, Outcome::Failed | Outcome::Stale | Outcome::Unprocessed);
    if row.outcome == Outcome::Unchanged || is_undone && !row.may_have_acted {
        &[]
    } else {
        &row.item.changes
    }
}

/// Why a row is not as it should be: its message, else what differs when read back.
pub fn reason(row: &Row) -> Option<String> {
    let differs = (row.verdict == Verdict::Differs).then(|| match row.differences.as_slice() {
        [] => "reads back different".to_owned(),
        [gone] if gone.starts_with('(') => format!("is not as it was written {gone}"),
        paths => format!("reads back different at {}", paths.join(", ")),
    });
    // The only difference of what could not be read back says why, in brackets.
    let unread = row.differences.first().filter(|_| row.could_not_be_read_back());
    let bare =
        |why: &String| why.strip_prefix('(').and_then(|why| why.strip_suffix(')')).unwrap_or(why).to_owned();
    let differs = differs.or_else(|| unread.map(bare));
    match (&row.error_message, differs) {
        (Some(message), _) if !message.is_empty() => Some(message.clone()),
        (_, differs) => differs,
    }
}

/// A CSV whose every cell is inert.
pub struct Sheet<W: Write>(csv::Writer<W>);

impl<W: Write> std::fmt::Debug for Sheet<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sheet")
    }
}

impl<W: Write> Sheet<W> {
    /// Writes the header.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub fn new(out: W, columns: &[&str]) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        writer.write_record(columns).map_err(written)?;
        Ok(Self(writer))
    }

    /// Writes a row; it must have as many cells as there are columns.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub fn row<'a>(&mut self, cells: impl Iterator<Item = &'a str>) -> io::Result<()> {
        for cell in cells {
            self.0.write_field(inert(cell).as_bytes()).map_err(written)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(written)
    }

    /// Writes what is still in memory.
    ///
    /// # Errors
    ///
    /// The disk cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The I/O error itself: a closed pipe must be distinguished from a full disk.
fn written(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests;
