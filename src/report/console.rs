//! What is said when a run is over: in words, then in figures, then where to look and how to go on.

mod verified;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use super::blocks::Blocks;
use super::groups::Line;
use super::reasons::ReasonGroup;
use super::snapshot::{in_words, old_ids};
use super::text::{NARROWEST, Paint, Tone, clean, count, counted, listed, number, span, wrap};
use super::usage::sentence;
use crate::documents::references::Kind;
use crate::model::{Outcome, Verdict};
use crate::run_folder::import_users::UserKind;
use crate::run_folder::plan_item::{DIFFERS, ONLY_IN_SOURCE, ONLY_IN_TARGET};
use crate::run_folder::summary::{OtherCount, Summary};

pub use verified::verified;

/// Items needing attention that are handed out, and reasons in a closing; more are counted.
pub const MOST_NAMED: usize = 10;

/// What a closing says beside the counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closing<'a> {
    /// The folder of the run; absent where none is to be named.
    pub folder: Option<&'a Path>,
    /// The command to go on with, for a run that is not finished or that could not read back all that it wrote.
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

/// Says how a run ended.
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
    if let Some(how) = how_it_ended(summary) {
        writeln!(out, "{}", wrap(&how, room, 2))?;
    }
    writeln!(out)?;
    outcomes(summary, paint, out)?;
    let lines = [
        doubts(summary),
        copies(summary),
        unread(summary),
        Some(verified(summary)),
        Some(spent(summary)),
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

/// A line for each outcome that there is, and a blank line.
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
    if summary.action == "compare" {
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
    let mirrors = matches!(summary.action.as_str(), "migrate" | "apply");
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
    let (users, with): (Vec<_>, Vec<_>) =
        summary.others.iter().partition(|(kind, _)| summary.action == "restore" && UserKind::is_one(**kind));
    of.extend(with.into_iter().map(|(kind, other)| told(kind, other)));
    let users: Vec<String> = users.into_iter().map(|(kind, other)| told(kind, other)).collect();
    let of = listed(&of);
    let (source, target) = (clean(&summary.source), clean(&summary.target));
    let way = match summary.action.as_str() {
        _ if source == target => format!(" in {target}"),
        "backup" => format!(" of {source}"),
        "migrate" | "clone" => format!(" from {source} to {target}"),
        _ => format!(" in {target}"),
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
    part(not_reached, "was not reached", "were not reached");
    part(open(summary), "needs your attention", "need your attention");
    let rest = if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) };
    format!("{} {of}{way}{rest}.", done_word(&summary.action))
}

/// What a comparison found, in a sentence.
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

fn done_word(action: &str) -> &'static str {
    match action {
        "migrate" => "Migrated",
        "clone" => "Cloned",
        "update" => "Updated",
        "delete" => "Deleted",
        "backup" => "Backed up",
        "restore" => "Restored",
        "compare" => "Compared",
        "undo" => "Put back",
        _ => "Wrote",
    }
}

/// Items that need a person, each counted once: one that reads back different was written.
fn open(summary: &Summary) -> u32 {
    let ended = Outcome::ALL.iter().filter(|outcome| outcome.needs_attention());
    let alone = [ONLY_IN_SOURCE, ONLY_IN_TARGET].map(|code| summary.unlike.get(code).copied().unwrap_or(0));
    ended.map(|outcome| summary.count(*outcome)).sum::<u32>()
        + summary.verdict(Verdict::Differs)
        + summary.copies
        + summary.unread
        + alone.iter().sum::<u32>()
}

/// How a run that is not finished ended.
pub fn how_it_ended(summary: &Summary) -> Option<String> {
    let reason = summary.reason.as_deref().map(clean);
    let because =
        |text: &str| reason.as_ref().map_or(format!("{text}."), |reason| format!("{text}: {reason}."));
    match summary.state.as_str() {
        "finished" => None,
        "interrupted" if reason.as_deref().is_some_and(|reason| reason.starts_with("nobody agreed")) => {
            Some(because("The run waits"))
        }
        "interrupted" if summary.in_doubt > 0 => Some("The run was interrupted.".to_owned()),
        "interrupted" => Some("The run was interrupted; nothing is lost.".to_owned()),
        "stopped" => Some(because("The run stopped itself")),
        "unauthorized" => {
            Some("The service no longer accepts the token: put a valid one in place, then go on.".into())
        }
        "broken" => Some(because("The run broke off")),
        _ => Some("The run did not come to its end; what it did is known and it can go on.".to_owned()),
    }
}

/// What is not known.
pub fn doubts(summary: &Summary) -> Option<String> {
    let be = match summary.action.as_str() {
        "update" | "delete" | "undo" => "have been changed",
        _ => "exist",
    };
    let many = number(summary.in_doubt);
    match summary.in_doubt {
        0 => None,
        1 => Some(format!(
            "The effect of 1 call is unknown: 1 import may or may not {be}. `transship resume` finds out."
        )),
        _ => Some(format!(
            "The effect of {many} calls is unknown: {many} imports may or may not {be}. `transship resume` finds out."
        )),
    }
}

/// What came from elsewhere.
pub fn copies(summary: &Summary) -> Option<String> {
    match summary.copies {
        0 => None,
        1 => Some(
            "1 import of the same name appeared that this run did not make: audit.csv names it.".to_owned(),
        ),
        many => Some(format!(
            "{} imports of the same names appeared that this run did not make: audit.csv names them.",
            number(many)
        )),
    }
}

/// What could not be read back.
pub fn unread(summary: &Summary) -> Option<String> {
    match summary.unread {
        0 => None,
        1 => Some(
            "1 import was written and could not be read back. `transship resume` reads it again.".to_owned(),
        ),
        many => Some(format!(
            "{} imports were written and could not be read back. `transship resume` reads them again.",
            number(many)
        )),
    }
}

/// Calls spent against the forecast, and how long it took.
pub fn spent(summary: &Summary) -> String {
    let calls: u64 = summary.calls.values().sum();
    let planning: u64 = summary.planning_calls.values().sum();
    let throttled = match summary.throttled {
        0 => "no rate-limit responses".to_owned(),
        1 => "1 rate-limit response (429)".to_owned(),
        many => format!("{} rate-limit responses (429)", number(many)),
    };
    // A forecast is of the whole run; the calls of a process that was killed are not known.
    let forecast = match summary.resumed {
        0 => format!(" (forecast {})", number(summary.forecast.total)),
        _ => String::new(),
    };
    format!(
        "{}{forecast} in {}, plus {} for planning; {throttled}.",
        count(calls, "API call", "API calls"),
        span(Duration::try_from_secs_f64(summary.seconds).unwrap_or_default()),
        number(planning)
    )
}

fn by_hand(summary: &Summary) -> Option<String> {
    (summary.secrets > 0).then(|| {
        let secrets = count(summary.secrets, "secret", "secrets");
        format!("Enter {secrets} manually: the service never shows them. report.html lists where.")
    })
}

/// Lookup caches whose data has to be loaded manually.
pub fn caches(summary: &Summary) -> Option<String> {
    let names: Vec<String> =
        summary.empty_caches.iter().take(MOST_NAMED).map(|name| format!("\"{}\"", clean(name))).collect();
    let more = match summary.empty_caches.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {} more", number(more as u64)),
    };
    let made = count(summary.empty_caches.len() as u64, "lookup cache was", "lookup caches were");
    (!names.is_empty()).then(|| {
        let names = names.join(", ");
        format!(
            "{made} made without data, which does not travel: load it before a flow uses it: {names}{more}."
        )
    })
}

/// What uses the imports that were changed or removed.
fn used_by(summary: &Summary) -> Option<String> {
    let usage = summary.usage.as_ref().filter(|usage| !usage.is_empty())?;
    Some(format!("What was changed is used by {}.", sentence(usage, "when it was planned")))
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
