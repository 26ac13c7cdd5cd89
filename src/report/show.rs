//! `runs` and `show`: what journals say, for people.

use std::io::{self, Write};
use std::path::PathBuf;

use super::audit::reason;
use super::console::{caches, headline, how_it_ended, spent, verified};
use super::evidence::{Check, Evidence, State};
use super::render::Told;
use super::text::{Paint, Tone, clean, cut, titled, wrap};
use super::to_output;
use crate::model::time::stamp;
use crate::model::{Outcome, Verdict};
use crate::run_folder::RunFolderError;
use crate::run_folder::rows::{Row, rows as rows_of};
use crate::run_folder::summary::Summary;

/// A line for each run; one that is longer than the terminal goes on below.
///
/// # Errors
///
/// `out` cannot be written.
pub fn runs(summaries: &[(PathBuf, Summary)], columns: usize, out: &mut dyn Write) -> io::Result<()> {
    if summaries.is_empty() {
        return writeln!(out, "no runs here yet");
    }
    let wide = summaries.iter().map(|(_, summary)| summary.run_id.len()).max().unwrap_or(0);
    writeln!(out, "{:wide$}  {:9} {:12} {:>8}  result", "run", "action", "state", "imports")?;
    for (_, summary) in summaries {
        let parts: Vec<String> = Outcome::ALL
            .iter()
            .filter(|outcome| summary.count(**outcome) > 0)
            .map(|outcome| format!("{} {outcome}", summary.count(*outcome)))
            .collect();
        let (run, action, state) = (&summary.run_id, &summary.action, &summary.state);
        let line =
            format!("{run:wide$}  {action:9} {state:12} {:>8}  {}", summary.selected, parts.join(", "));
        writeln!(out, "{}", wrap(&line, columns, 4))?;
    }
    Ok(())
}

/// What became of every item, a paragraph each.
///
/// # Errors
///
/// Plan or journal cannot be read, or `out` cannot be written.
pub fn rows(told: Told<'_>, color: bool, out: &mut dyn Write) -> Result<(), RunFolderError> {
    rows_of(told.folder, told.plan, told.memory, |found| row(&found, color, out).map_err(to_output))
}

/// What `verify` found: a line for each file, and what follows.
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
        (_, Some(first)) => {
            writeln!(out, "{run} is damaged; the first record that does not fit: {}", place(first))?;
        }
        (State::Unfinished, _) => {
            writeln!(out, "{run} is intact, but not finished: transship resume {}", folder.display())?;
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

/// What stands above the rows of one run.
///
/// # Errors
///
/// `out` cannot be written.
pub fn header(summary: &Summary, folder: &std::path::Path, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} ({})", summary.run_id, folder.display())?;
    writeln!(out, "{}", headline(summary))?;
    if let Some(how) = how_it_ended(summary) {
        writeln!(out, "{how}")?;
    }
    writeln!(out, "{}", verified(summary))?;
    if let Some(caches) = caches(summary) {
        writeln!(out, "{caches}")?;
    }
    writeln!(out, "{}\n", spent(summary))
}

/// One import and what became of it.
///
/// # Errors
///
/// `out` cannot be written.
pub fn row(row: &Row, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let paint = Paint { color };
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
    let source = row.item.source.as_ref().map(|party| &party.id);
    writeln!(out, "  {} -> {}  {}", id(source), id(row.target_id.as_ref()), row.verdict)?;
    if let (Some(started), Some(finished)) = (row.started_at, row.finished_at) {
        let found = if row.adopted { ", found by looking after a call without an answer" } else { "" };
        writeln!(out, "        {} to {}, {} sent{found}", stamp(started), stamp(finished), row.attempts)?;
    }
    for change in &row.item.changes {
        let value = |text: &Option<String>| {
            text.as_deref().map_or_else(|| "-".to_owned(), |t| cut(&clean(t), 60).into_owned())
        };
        writeln!(out, "        {}: {} -> {}", clean(&change.path), value(&change.from), value(&change.to))?;
    }
    if let Some(reason) = reason(row) {
        writeln!(out, "        {}", clean(&reason))?;
    }
    for warning in &row.item.warnings {
        writeln!(out, "        warning: {}", clean(warning))?;
    }
    for secret in &row.item.secrets {
        writeln!(out, "        enter manually: {}", clean(secret))?;
    }
    Ok(())
}
