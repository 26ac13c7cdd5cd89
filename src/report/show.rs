//! `runs` and `show`: the content of journals, for people.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::audit::{changes, reason};
use super::blocks::Blocks;
use super::changes::{Changes, Diff};
use super::console::{
    by_hand, caches, copies, doubts, headline, how_it_ended, outcomes, spent, undone, unread, verified,
};
use super::evidence::{Check, Evidence, State};
use super::groups::Groups;
use super::plan_view::{Detail, named};
use super::reasons::{Attention, ReasonGroup};
use super::render::RunView;
use super::text::{NARROWEST, Paint, Tone, clean, count, number, titled, width, wrap};
use super::to_output;
use crate::model::shown::shell_word;
use crate::model::time::stamp;
use crate::model::{Outcome, Verdict};
use crate::run_folder::RunFolderError;
use crate::run_folder::rows::{Row, rows as rows_of};
use crate::run_folder::summary::Summary;

/// The minimum width of the result of a run beside its counts.
const LEAST: usize = 20;

/// A line for each run; a line that is longer than the terminal continues below.
///
/// # Errors
///
/// `out` cannot be written.
pub fn runs(summaries: &[(PathBuf, Summary)], columns: usize, out: &mut dyn Write) -> io::Result<()> {
    if summaries.is_empty() {
        return writeln!(out, "no runs here yet");
    }
    let wide = summaries.iter().map(|(_, summary)| summary.run_id.len()).max().unwrap_or(0);
    let heads = format!("{:wide$}  {:9} {:12} {:>8}", "run", "action", "state", "imports");
    let last = if width(&heads) + LEAST > columns { "" } else { "  result" };
    writeln!(out, "{heads}{last}")?;
    for (_, summary) in summaries {
        let parts = result(summary);
        let state = if summary.writer.is_some() { "running" } else { &*summary.state };
        let (run, action) = (&summary.run_id, &summary.action);
        let lead = format!("{run:wide$}  {action:9} {state:12} {:>8}", number(summary.selected));
        // What does not fit beside the counts stands below, in a column of its own.
        let indent = if width(&lead) + LEAST > columns { 4 } else { width(&lead) + 2 };
        let told = wrap(&parts.join(", "), columns.saturating_sub(indent).max(LEAST), 0);
        let told = told.replace('\n', &format!("\n{:indent$}", ""));
        if indent == 4 {
            writeln!(out, "{lead}\n{:indent$}{told}", "")?;
        } else {
            writeln!(out, "{lead}  {told}")?;
        }
    }
    Ok(())
}

/// The end of the id of a run, by which commands know it.
fn short(run: &str) -> &str {
    run.rsplit('-').next().unwrap_or(run)
}

/// How many items ended with which outcome, what was found beside them, and whether the run was undone.
fn result(summary: &Summary) -> Vec<String> {
    let ended = Outcome::ALL.iter().map(|outcome| {
        let aside = if *outcome == Outcome::Unprocessed { summary.in_doubt } else { 0 };
        (summary.count(*outcome).saturating_sub(aside), outcome.as_str())
    });
    let copies = if summary.copies == 1 { "copy" } else { "copies" };
    let beside = [
        (summary.in_doubt, "in doubt"),
        (summary.verdict(Verdict::Differs), "read back different"),
        (summary.unread, "could not be read back"),
        (summary.copies, copies),
    ];
    let told = ended.chain(beside).filter(|(count, _)| *count > 0);
    let mut parts: Vec<String> = told.map(|(count, what)| format!("{} {what}", number(count))).collect();
    parts.extend(summary.undone.as_deref().map(|by| format!("undone by {}", clean(short(by)))));
    parts
}

/// How a run is shown.
#[derive(Debug, Clone, Copy)]
pub struct ShowOptions<'a> {
    /// Whether to write colours, as escape sequences.
    pub color: bool,
    /// How many columns the terminal has.
    pub width: usize,
    /// Which imports are shown in full.
    pub detail: Detail<'a>,
    /// How much of the changes is shown.
    pub diff: Diff,
    /// The command to continue with, for a run that is not finished.
    pub resume: Option<&'a str>,
}

/// The maximum number of lines of a run, unless everything is requested, and of imports in full.
const LINES: usize = 60;
const FIRST: usize = 20;

/// The result of a run: in words, then kinds of change, reasons, and imports in full; if there are many, those that
/// need a person.
///
/// # Errors
///
/// Plan or journal cannot be read, or `out` cannot be written.
pub fn run(
    view: RunView<'_>,
    folder: &Path,
    options: ShowOptions<'_>,
    out: &mut dyn Write,
) -> Result<(), RunFolderError> {
    let paint = Paint { color: options.color };
    let (mut groups, mut all, mut open, mut wrote) = (Groups::default(), 0_u64, 0_u64, 0_u64);
    let reported = view.walk(0, |row| {
        if row.outcome.wrote() || row.item.unlike().is_some() {
            groups.changes_of(&row.item);
        }
        all += 1;
        open += u64::from(Attention::of(row).is_some());
        wrote += u64::from(row.outcome.wrote());
        Ok(())
    })?;
    let names = &view.plan.tail().names;
    let name_of = |id: &str| names.get(id).map(|name| format!("\"{name}\""));
    let mut top = Vec::new();
    header(&reported.summary, folder, options, &mut top).map_err(to_output)?;
    outcomes(&reported.summary, paint, &mut top).map_err(to_output)?;
    // One import in full does not make the lines about all of them long.
    let whole = options.diff == Diff::Full && !matches!(options.detail, Detail::Named(_));
    let width = if whole { usize::MAX >> 1 } else { options.width.max(NARROWEST) };
    let blocks = Blocks { paint, width, word: 11 };
    blocks.changes("What changed", &groups.changes(&name_of), &mut top).map_err(to_output)?;
    let is_written = reported.summary.writer.is_some();
    let ends = reported.reasons.iter().filter(|group| !is_written || group.is_an_end());
    let reasons: Vec<_> = ends.map(ReasonGroup::line).collect();
    blocks.reasons("Reasons", &reasons, &mut top).map_err(to_output)?;
    if !reasons.is_empty() {
        top.push(b'\n');
    }
    out.write_all(&top).map_err(to_output)?;
    let is_first = options.detail == Detail::First;
    // Of many, those that a person has to look at; else those that were written.
    let crowded = is_first && all > FIRST as u64;
    let (only_open, only_wrote) = (crowded && open > 0, crowded && open == 0 && wrote > 0);
    let (of, what) = match (only_open, only_wrote) {
        (true, _) => (open, " that need a person"),
        (_, true) => (wrote, " that were written"),
        _ => (all, ""),
    };
    let mut room = if is_first { LINES.saturating_sub(lines_in(&top) + 2) } else { usize::MAX };
    let (mut shown, mut is_full) = (0, false);
    let lines = Changes { diff: options.diff, width: options.width, paint };
    rows_of(view.folder, view.plan, view.states, |mut found| {
        let is_meant = match options.detail {
            Detail::Named(names) => is_called(&found, names),
            _ if only_open => Attention::of(&found).is_some(),
            _ => !only_wrote || found.outcome.wrote(),
        };
        if is_full || !is_meant {
            return Ok(());
        }
        let mut text = Vec::new();
        found.item = named(found.item, names);
        row(&found, lines, &mut text).map_err(to_output)?;
        // One import is always shown, however long it is.
        is_full = is_first && shown > 0 && (lines_in(&text) > room || shown == FIRST);
        if is_full {
            return Ok(());
        }
        room = room.saturating_sub(lines_in(&text));
        shown += 1;
        out.write_all(&text).map_err(to_output)
    })?;
    let rest = match options.detail {
        Detail::Named(names) if shown == 0 => {
            format!("no import of this run is called {}", clean(&names.join(", ")))
        }
        Detail::First if (shown as u64) < of => {
            let of = if reported.summary.others.is_empty() {
                count(of, "import", "imports")
            } else {
                count(of, "document", "documents")
            };
            format!(
                "The first {} of {of}{what}. All of them: --all. One: --import NAME.",
                number(shown as u64)
            )
        }
        _ => return Ok(()),
    };
    writeln!(out, "{rest}").map_err(to_output)
}

fn lines_in(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Whether a row is that of an import with one of these names or ids.
fn is_called(row: &Row, names: &[String]) -> bool {
    let sides = || row.item.source.iter().chain(&row.item.target);
    let target = row.target_id.as_ref().map(crate::model::Id::as_str);
    names.iter().any(|name| {
        row.item.name == *name
            || target == Some(name.as_str())
            || sides().any(|side| side.name == *name || side.id.as_str() == name)
    })
}

/// The result of `verify`: a line for each file, and a conclusion.
///
/// # Errors
///
/// `out` cannot be written.
pub fn evidence(
    evidence: &Evidence,
    folder: &std::path::Path,
    color: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let paint = Paint { color };
    for check in &evidence.checks {
        let word =
            if check.fits { paint.tone(Tone::Good, "ok     ") } else { paint.tone(Tone::Bad, "damaged") };
        writeln!(out, "{word}  {}: {}", place(check), clean(&check.message))?;
    }
    let run = evidence.run_id.as_deref().map_or_else(|| folder.display().to_string(), clean);
    match (evidence.state, evidence.first_damage()) {
        (State::Unfinished, None) if evidence.writer.is_some() => {
            let writer = evidence.writer.as_ref().map(ToString::to_string).unwrap_or_default();
            writeln!(out, "{run} is intact so far; it is being written now by {}", clean(&writer))?;
        }
        (_, Some(first)) => {
            writeln!(out, "{run} is damaged; the first record that does not fit: {}", place(first))?;
        }
        (State::Unfinished, _) if !evidence.may_be_resumed => {
            writeln!(out, "{run} is intact, but not finished")?
        }
        (State::Unfinished, _) => {
            writeln!(
                out,
                "{run} is intact, but not finished: transship resume {}",
                shell_word(&folder.display().to_string())
            )?;
        }
        _ => writeln!(out, "{run} is intact")?,
    }
    if let Some(head) = evidence.journal_sha256 {
        writeln!(out, "SHA-256 of the journal's last record: {head}")?;
    }
    Ok(())
}

fn place(check: &Check) -> String {
    let line = check.line.map(|line| format!(", line {line}")).unwrap_or_default();
    let item = check.item.map(|item| format!(" (item {item})")).unwrap_or_default();
    format!("{}{line}{item}", check.file)
}

/// The heading above the rows of one run.
fn header(summary: &Summary, folder: &Path, options: ShowOptions<'_>, out: &mut dyn Write) -> io::Result<()> {
    let paint = Paint { color: options.color };
    writeln!(out, "{} ({})", summary.run_id, folder.display())?;
    let lines = [
        Some(headline(summary)),
        how_it_ended(summary),
        undone(summary),
        doubts(summary),
        copies(summary),
        unread(summary),
        Some(verified(summary)),
        by_hand(summary),
        caches(summary),
        spent(summary),
    ];
    for line in lines.into_iter().flatten() {
        writeln!(out, "{}", wrap(&line, options.width.max(NARROWEST), 2))?;
    }
    if let Some(command) = options.resume {
        writeln!(out, "Go on:   {}", paint.tone(Tone::Strong, clean(command)))?;
    }
    writeln!(out)
}

/// One import and its result.
fn row(row: &Row, lines: Changes, out: &mut dyn Write) -> io::Result<()> {
    let paint = lines.paint;
    let bad = row.outcome.needs_attention() || row.verdict == Verdict::Differs;
    let tone = if bad { Tone::Bad } else { Tone::Good };
    write!(
        out,
        "{:>6}  {}  {}",
        row.item.item,
        paint.tone(tone, format!("{:11}", row.outcome)),
        titled(&row.item)
    )?;
    let id = |id: Option<&crate::model::Id>| id.map_or_else(|| "-".to_owned(), |id| clean(id.as_str()));
    let source = row.item.source.as_ref().map(|source| &source.id);
    writeln!(out, "  {} → {}  {}", id(source), id(row.target_id.as_ref()), row.verdict)?;
    if let (Some(started), Some(finished)) = (row.started_at, row.finished_at) {
        let found = if row.adopted { ", found by looking after a call without an answer" } else { "" };
        writeln!(out, "      {} to {}, {} sent{found}", stamp(started), stamp(finished), row.attempts)?;
    }
    lines.write(changes(row), out)?;
    if let Some(reason) = reason(row) {
        lines.under(out, &reason)?;
    }
    for warning in &row.item.warnings {
        lines.under(out, &format!("warning: {warning}"))?;
    }
    for secret in &row.item.secrets {
        lines.under(out, &format!("enter manually: {secret}"))?;
    }
    Ok(())
}
