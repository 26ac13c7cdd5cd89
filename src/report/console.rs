//! What is printed when a run is over: in words, then in figures, then where to look and how to continue.

mod sentences;
mod verified;

use std::io::{self, Write};
use std::path::Path;

use super::blocks::Blocks;
use super::groups::Line;
use super::reasons::ReasonGroup;
use super::snapshot::{in_words, old_ids};
use super::text::{NARROWEST, Paint, Tone, clean, count, counted, listed, number, wrap};
use crate::documents::references::Kind;
use crate::model::{Action, Outcome, Verdict};
use crate::run_folder::import_users::UserKind;
use crate::run_folder::plan_item::{DIFFERS, ONLY_IN_SOURCE, ONLY_IN_TARGET};
use crate::run_folder::summary::{OtherCount, Summary};

pub use sentences::{by_hand, caches, copies, doubts, how_it_ended, spent, undone, unread};
pub use verified::verified;

use sentences::used_by;

/// The maximum number of items needing attention that are returned, and of reasons in a closing; more are counted.
pub const MOST_NAMED: usize = 10;

/// What a closing says in addition to the counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closing<'a> {
    /// The folder of the run; absent if none is to be named.
    pub folder: Option<&'a Path>,
    /// The command to continue with, for a run that is not finished or that could not read back everything that it
    /// wrote.
    pub resume: Option<&'a str>,
    /// The command that redoes what was not done, for a run that left something.
    pub retry: Option<&'a str>,
    /// The command that takes back what was written, for a run that wrote something.
    pub undo: Option<&'a str>,
    /// Why items are not as planned, the gravest first; see [`MOST_NAMED`].
    pub reasons: &'a [ReasonGroup],
    /// How many columns the terminal has.
    pub width: usize,
    /// Whether to write colours, as escape sequences.
    pub color: bool,
}

/// Prints how a run ended.
///
/// # Errors
///
/// `out` cannot be written.
pub fn closing(summary: &Summary, closing: &Closing<'_>, out: &mut dyn Write) -> io::Result<()> {
    let paint = Paint { color: closing.color };
    let open = open(summary);
    let tone = if open > 0 || summary.state != "finished" { Tone::Bad } else { Tone::Good };
    let room = closing.width.max(NARROWEST);
    writeln!(out, "{}", paint.tone(tone, wrap(&headline(summary), room, 2)))?;
    for read in &summary.snapshots {
        writeln!(out, "Read from snapshot {}.", in_words(read))?;
    }
    for how in [how_it_ended(summary), undone(summary)].into_iter().flatten() {
        writeln!(out, "{}", wrap(&how, room, 2))?;
    }
    writeln!(out)?;
    outcomes(summary, paint, out)?;
    let lines = [
        doubts(summary),
        copies(summary),
        unread(summary),
        Some(verified(summary)),
        spent(summary),
        by_hand(summary),
        caches(summary),
        used_by(summary),
    ];
    for line in lines.into_iter().flatten() {
        writeln!(out, "{}", wrap(&line, room, 2))?;
    }
    old_ids(summary, out)?;
    if let Some(disagreement) = summary.disagreement() {
        writeln!(
            out,
            "{}",
            paint.tone(Tone::Bad, format_args!("The sums of this run disagree: {disagreement}."))
        )?;
    }
    reasons(closing, paint, out)?;
    if let Some(folder) = closing.folder {
        let folder = clean(&folder.display().to_string());
        let files = wrap(&format!("Files:   {folder} (audit.csv, summary.json, report.html)"), room, 9);
        writeln!(out, "\n{files}")?;
    }
    let commands = [("Go on:", closing.resume), ("Again:", closing.retry), ("Back:", closing.undo)];
    for (word, command) in commands {
        if let Some(command) = command {
            writeln!(out, "{word:<8} {}", paint.tone(Tone::Strong, clean(command)))?;
        }
    }
    Ok(())
}

/// A line for each outcome that occurred, and a blank line.
pub(super) fn outcomes(summary: &Summary, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    for outcome in Outcome::ALL.iter().copied().filter(|outcome| summary.count(*outcome) > 0) {
        let shown = number(summary.count(outcome));
        writeln!(out, "  {shown:>9}  {}", paint.tone(outcome_tone(outcome), outcome.as_str()))?;
    }
    writeln!(out)
}

/// Writes the counts as one JSON document.
///
/// # Errors
///
/// `out` cannot be written.
pub fn summary_json(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, summary).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// What happened, in a sentence a manager understands.
pub fn headline(summary: &Summary) -> String {
    if summary.action == Action::Compare {
        return compared(summary);
    }
    let done: u32 = Outcome::ALL
        .iter()
        .filter(|outcome| outcome.wrote() || **outcome == Outcome::Archived)
        .map(|outcome| summary.count(*outcome))
        .sum();
    let unchanged = summary.count(Outcome::Unchanged);
    let others = summary.others.values();
    let (other_items, other_done) =
        others.fold((0, 0), |(items, done), other| (items + other.items, done + other.done));
    // What a mirror deletes is told by itself.
    let mirrors = matches!(summary.action.known(), Some(Action::Migrate | Action::Apply));
    let deleted = if mirrors { summary.count(Outcome::Deleted) } else { 0 };
    let (done, selected) = (done - deleted, summary.selected - deleted);
    let imports = (done - other_done.min(done), selected - other_items.min(selected));
    let share = |(done, all): (u32, u32), counted: String| {
        if done == all { counted } else { format!("{} of {counted}", number(done)) }
    };
    let mut of = vec![share(imports, count(imports.1, "import", "imports"))];
    let told = |kind: &Kind, other: &OtherCount| {
        share((other.done, other.items), counted(other.items, kind.singular()))
    };
    // What uses imports is not restored: it is pointed to what was.
    let (users, with): (Vec<_>, Vec<_>) = summary
        .others
        .iter()
        .partition(|(kind, _)| summary.action == Action::Restore && UserKind::is_one(**kind));
    of.extend(with.into_iter().map(|(kind, other)| told(kind, other)));
    let users: Vec<String> = users.into_iter().map(|(kind, other)| told(kind, other)).collect();
    let of = listed(&of);
    let (source, target) = (clean(&summary.source), clean(&summary.target));
    let way = match summary.action.known() {
        _ if source == target => format!(" in {target}"),
        Some(Action::Backup) => format!(" of {source}"),
        Some(Action::Migrate | Action::Clone) => format!(" from {source} to {target}"),
        Some(
            Action::Update
            | Action::Delete
            | Action::Restore
            | Action::Compare
            | Action::Apply
            | Action::Undo,
        )
        | None => format!(" in {target}"),
    };
    let mut parts = Vec::new();
    if !users.is_empty() {
        parts.push(format!("pointed {} to new ids", listed(&users)));
    }
    let mut part = |count: u32, one: &str, many: &str| {
        if count > 0 {
            parts.push(format!("{} {}", number(count), if count == 1 { one } else { many }));
        }
    };
    part(deleted, "was deleted there", "were deleted there");
    part(unchanged, "was already as wanted", "were already as wanted");
    part(summary.count(Outcome::Skipped), "was skipped", "were skipped");
    let not_reached = summary.count(Outcome::Unprocessed).saturating_sub(summary.in_doubt);
    match summary.writer {
        Some(_) => part(not_reached, "is not done yet", "are not done yet"),
        None => part(not_reached, "was not reached", "were not reached"),
    }
    part(open(summary), "needs your attention", "need your attention");
    let way = if summary.writer.is_some() { format!("{way} so far") } else { way };
    let rest = if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) };
    format!("{} {of}{way}{rest}.", done_word(summary.action.known()))
}

/// The result of a comparison, in a sentence.
fn compared(summary: &Summary) -> String {
    let (source, target) = (clean(&summary.source), clean(&summary.target));
    let unlike = |code: &str| summary.unlike.get(code).copied().unwrap_or(0);
    let differs = unlike(DIFFERS);
    let aside: u32 = summary.unlike.values().sum();
    let parts = [
        (summary.count(Outcome::Unchanged), "equal".to_owned()),
        (differs, if differs == 1 { "differs".to_owned() } else { "differ".to_owned() }),
        (unlike(ONLY_IN_SOURCE), format!("only in {source}")),
        (unlike(ONLY_IN_TARGET), format!("only in {target}")),
        (summary.count(Outcome::Skipped).saturating_sub(aside), "skipped".to_owned()),
        (summary.count(Outcome::Failed) + summary.count(Outcome::Conflict), "not comparable".to_owned()),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", number(count)))
        .collect();
    let parts = if parts.is_empty() { "there is none".to_owned() } else { parts.join(", ") };
    format!("Compared {} of {source} and {target}: {parts}.", count(summary.selected, "import", "imports"))
}

fn done_word(action: Option<Action>) -> &'static str {
    match action {
        Some(Action::Migrate) => "Migrated",
        Some(Action::Clone) => "Cloned",
        Some(Action::Update) => "Updated",
        Some(Action::Delete) => "Deleted",
        Some(Action::Backup) => "Backed up",
        Some(Action::Restore) => "Restored",
        Some(Action::Compare) => "Compared",
        Some(Action::Undo) => "Put back",
        Some(Action::Apply) | None => "Wrote",
    }
}

/// Items that need a person, each counted once: an item that differs when read back was also written.
fn open(summary: &Summary) -> u32 {
    let ended = Outcome::ALL.iter().filter(|outcome| outcome.needs_attention());
    let alone = [ONLY_IN_SOURCE, ONLY_IN_TARGET].map(|code| summary.unlike.get(code).copied().unwrap_or(0));
    ended.map(|outcome| summary.count(*outcome)).sum::<u32>()
        + summary.verdict(Verdict::Differs)
        + summary.copies
        + summary.unread
        + alone.iter().sum::<u32>()
}

fn reasons(closing: &Closing<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let shown: Vec<&ReasonGroup> =
        closing.reasons.iter().filter(|group| group.word != "unprocessed").collect();
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let lines: Vec<Line> = shown.into_iter().map(ReasonGroup::line).collect();
    let blocks = Blocks { paint, width: closing.width.max(NARROWEST), word: 11 };
    blocks.reasons("Reasons:", &lines, out)
}

fn outcome_tone(outcome: Outcome) -> Tone {
    match outcome {
        outcome if outcome.needs_attention() => Tone::Bad,
        outcome if outcome.wrote() || outcome == Outcome::Archived => Tone::Good,
        Outcome::Unprocessed => Tone::Warn,
        _ => Tone::Dim,
    }
}

#[cfg(test)]
mod tests;
