//! Renders a run into files: the result is the same for a run that just ended as from its folder years later.

use std::io::{self, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc;
use std::{mem, thread};

use super::audit::{AuditContext, AuditWriter};
use super::console::{self, summary_json};
use super::html::Page;
use super::reasons::{Attention, ReasonGroup, Reasons};
use super::rows_json::JsonRows;
use super::{junit, markdown, to_output};
use crate::journal::ItemStates;
use crate::model::crash;
use crate::run_folder::RunFolderError;
use crate::run_folder::folder::{RunFolder, write_whole};
use crate::run_folder::import_users::{UsageSummary, UserCounts};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::rows::{Row, rows};
use crate::run_folder::run_record::RunRecord;
use crate::run_folder::summary::Summary;

/// How many rows the reading thread passes to the writing thread at once.
const CHUNK: usize = 128;
/// How many chunks may wait, in addition to the one that is being made and the one that is being written.
const CHUNKS_AHEAD: usize = 2;

/// The formats that a run can be rendered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The audit, as in `audit.csv`.
    Csv,
    /// The rows and the summary as one JSON document.
    Json,
    /// The page, as in `report.html`.
    Html,
    /// XML in the form of `JUnit`, for CI servers.
    Junit,
    /// Markdown, for pull requests and tickets.
    Markdown,
}

/// A run, as read from its plan and its journal.
#[derive(Debug, Clone, Copy)]
pub struct RunView<'a> {
    /// The folder of the run.
    pub folder: &'a RunFolder,
    /// The plan of the run.
    pub plan: &'a PlanFile,
    /// The state of every item.
    pub states: &'a ItemStates,
    /// What the journal says about the run as a whole.
    pub record: &'a RunRecord,
}

/// What a report counted, and what needs attention.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported {
    /// The counts of the run.
    pub summary: Summary,
    /// The first items that need attention, as many as a closing names.
    pub attention: Vec<Attention>,
    /// Why items are not as planned: equal reasons counted together, the gravest first.
    pub reasons: Vec<ReasonGroup>,
}

/// Counts the rows of a run without writing anything.
///
/// # Errors
///
/// Plan or journal cannot be read.
pub fn count(view: RunView<'_>) -> Result<Reported, RunFolderError> {
    view.walk(console::MOST_NAMED, |_| Ok(()))
}

/// Writes a run in the given format.
///
/// # Errors
///
/// Plan or journal cannot be read, or `out` not written.
pub fn render(view: RunView<'_>, format: Format, out: &mut dyn Write) -> Result<(), RunFolderError> {
    match format {
        Format::Csv => audit(view, out, &to_output),
        Format::Html => {
            let mut page = Page::begin(out, view.plan, view.record).map_err(to_output)?;
            let reported = view.walk(0, |row| page.row(row).map_err(to_output))?;
            page.finish(&reported.summary).map_err(to_output)
        }
        Format::Json => {
            let context = AuditContext::of(view.plan, view.record);
            let mut items = JsonRows::begin(out).map_err(to_output)?;
            let reported = view.walk(0, |row| items.row(&context, row).map_err(to_output))?;
            items.finish(&reported.summary).map_err(to_output)
        }
        Format::Junit => {
            let mut counts = junit::Counts::default();
            let summary = view
                .walk(0, |row| {
                    counts.add(row);
                    Ok(())
                })?
                .summary;
            junit::begin(&summary, counts, out).map_err(to_output)?;
            view.walk(0, |row| junit::row(&summary, row, out).map_err(to_output))?;
            junit::finish(out).map_err(to_output)
        }
        Format::Markdown => {
            let mut open = 0;
            let reported = view.walk(markdown::MOST_NAMED, |row| {
                open += u64::from(Attention::of(row).is_some());
                Ok(())
            })?;
            markdown::write(&reported.summary, &reported.attention, open, out).map_err(to_output)
        }
    }
}

fn audit(
    view: RunView<'_>,
    out: &mut dyn Write,
    failed: &dyn Fn(io::Error) -> RunFolderError,
) -> Result<(), RunFolderError> {
    let context = AuditContext::of(view.plan, view.record);
    let mut audit = AuditWriter::new(out).map_err(failed)?;
    view.walk(0, |row| audit.write(&context, row).map_err(failed))?;
    audit.finish().map_err(failed)
}

/// Writes `audit.csv`, `report.html` and `summary.json` into the run's folder, each whole or not at all.
///
/// # Errors
///
/// Plan or journal cannot be read, or the disk cannot be written; what was there before is untouched then.
pub fn write_files(view: RunView<'_>) -> Result<Reported, RunFolderError> {
    let (audit_path, page_path) = (view.folder.audit(), view.folder.report());
    let context = AuditContext::of(view.plan, view.record);
    // Both in one pass over the journal, which is the larger part of the work.
    let reported = whole(&audit_path, |audit_out| {
        let audit_failed = |error| RunFolderError::file("write", &audit_path)(error);
        let page_failed = |error| RunFolderError::file("write", &page_path)(error);
        let mut audit = AuditWriter::new(audit_out).map_err(audit_failed)?;
        let reported = whole(&page_path, |page_out| {
            let mut page = Page::begin(page_out, view.plan, view.record).map_err(page_failed)?;
            let reported = view.walk(console::MOST_NAMED, |row| {
                audit.write(&context, row).map_err(audit_failed)?;
                page.row(row).map_err(page_failed)
            })?;
            page.finish(&reported.summary).map_err(page_failed)?;
            Ok(reported)
        })?;
        audit.finish().map_err(audit_failed)?;
        Ok(reported)
    })?;
    crash::point("report.between_files");
    write_whole(&view.folder.summary(), |out| summary_json(&reported.summary, out))?;
    Ok(reported)
}

/// [`write_whole`] for what fails with more than an I/O error.
fn whole<T>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, RunFolderError>,
) -> Result<T, RunFolderError> {
    let mut filled = None;
    let written = write_whole(path, |out| {
        let result = fill(out);
        let failed = result.is_err();
        filled = Some(result);
        if failed { Err(io::Error::other("its rows could not be made")) } else { Ok(()) }
    });
    match (filled, written) {
        (Some(Ok(value)), Ok(())) => Ok(value),
        (Some(Err(error)), _) | (_, Err(error)) => Err(error),
        (None, Ok(())) => Err(RunFolderError::file("write", path)(io::Error::other("nothing was written"))),
    }
}

impl RunView<'_> {
    /// Passes on every row, counts them, and keeps the first `named` that need attention.
    pub(super) fn walk(
        self,
        named: usize,
        mut each: impl FnMut(&Row) -> Result<(), RunFolderError>,
    ) -> Result<Reported, RunFolderError> {
        let mut summary = Summary::begin(self.plan, self.record);
        let (mut attention, mut reasons) = (Vec::new(), Reasons::default());
        let (mut affected, mut copied) = (UserCounts::new(), UserCounts::new());
        let reads_back = self.plan.head().reads_back() && !self.record.is_finished();
        self.read_ahead(|row| {
            summary.add(&row);
            if row.outcome.wrote() {
                row.item.used_by.iter().for_each(|id| *affected.entry(id.clone()).or_default() += 1);
                row.item.used_in_source.iter().for_each(|id| *copied.entry(id.clone()).or_default() += 1);
                summary.not_yet_read_back += u32::from(reads_back && row.was_not_read_back());
            }
            reasons.take(&row);
            if attention.len() < named {
                attention.extend(Attention::of(&row));
            }
            each(&row)
        })?;
        let usage = &self.plan.tail().usage;
        summary.usage = usage.target.as_ref().map(|read| UsageSummary::of(read, &affected));
        summary.usage_in_source = usage.source.as_ref().map(|read| UsageSummary::of(read, &copied));
        let reasons = reasons.sorted().into_iter().map(|(_, group)| group).collect();
        Ok(Reported { summary, attention, reasons })
    }

    /// Passes on every row, in the plan's order, while the next ones are read on another thread: reading a row costs
    /// about as much as writing it into audit and page.
    fn read_ahead(
        self,
        mut each: impl FnMut(Row) -> Result<(), RunFolderError>,
    ) -> Result<(), RunFolderError> {
        let (send, receive) = mpsc::sync_channel::<Vec<Row>>(CHUNKS_AHEAD);
        thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut chunk = Vec::with_capacity(CHUNK);
                rows(self.folder, self.plan, self.states, |row| {
                    chunk.push(row);
                    if chunk.len() == CHUNK {
                        send.send(mem::take(&mut chunk)).map_err(|_| nobody_reads(self.folder))?;
                    }
                    Ok(())
                })?;
                send.send(chunk).map_err(|_| nobody_reads(self.folder))
            });
            let taken = receive.into_iter().flatten().try_for_each(&mut each);
            let read = reader.join().unwrap_or_else(|panic| resume_unwind(panic));
            taken.and(read)
        })
    }
}

/// What ends the reader when a row could not be written. Nobody sees it: the error of the row is reported.
fn nobody_reads(folder: &RunFolder) -> RunFolderError {
    RunFolderError::file("read", &folder.journal())(io::ErrorKind::BrokenPipe.into())
}
