//! A plan as a person reads it before agreeing: what is done to each import, the totals, the calls to come.

use std::io::{self, Write};

mod beside;
mod deletions;
mod problems;
mod words;

use super::blocks::Blocks;
use super::changes::Changes;
pub use super::changes::Diff;
use super::groups::Groups;
use super::snapshot::in_words;
use super::text::{
    NARROWEST, Paint, Tone, clean, count, counted, cut, fit, listed, number, of_kind, short_id, titled,
    width, wrap,
};
use super::usage::{UsageView, UserLines};
use crate::model::{Operation, Outcome};
use crate::run_folder::RunFolderError;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::{DIFFERS, PlanItem};
use beside::Beside;
use deletions::Deletions;
pub use problems::problems;
pub(super) use words::named;
use words::{compares, rank, sign, told, undoes};
pub use words::{forecast, question};

/// Which imports of a plan are shown in full, below the totals of all imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail<'a> {
    /// The first 20 that change, or as many as leave the whole plan within 60 lines.
    #[default]
    First,
    /// All imports of the plan.
    All,
    /// Those with one of these names or ids.
    Named(&'a [String]),
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanViewOptions<'a> {
    /// Whether to write colours, as escape sequences.
    pub color: bool,
    /// How many columns the terminal has.
    pub width: usize,
    /// Which imports are shown in full.
    pub detail: Detail<'a>,
    /// How many of the changes are shown.
    pub diff: Diff,
    /// Whether unchanged imports are listed too; else their warnings are summed up.
    pub unchanged: bool,
    /// Calls a second the job may send, to explain the forecast.
    pub per_second: Option<f64>,
}

impl Default for PlanViewOptions<'_> {
    fn default() -> Self {
        Self {
            color: false,
            width: 100,
            detail: Detail::First,
            diff: Diff::Short,
            unchanged: false,
            per_second: None,
        }
    }
}

/// The maximum number of lines of a plan, unless everything is requested.
const LINES: usize = 60;
/// The maximum number of imports shown in full, unless others are requested.
const FIRST: usize = 20;

/// Writes the plan for people: totals, kinds of change, what needs a person, then imports in full and the calls to come.
///
/// # Errors
///
/// The plan cannot be read, or `out` not written.
pub fn table(
    plan: &PlanFile,
    out: &mut dyn Write,
    options: PlanViewOptions<'_>,
) -> Result<(), RunFolderError> {
    let (paint, users) = (Paint { color: options.color }, UserLines::of(plan));
    let mut view = View { options, paint, only_changes: false, only_imports: false, users };
    let written = super::to_output;
    let (mut groups, mut usage, mut beside) = (Groups::default(), UsageView::default(), Beside::default());
    let mut deletions = Deletions::default();
    let (mut shown, mut changing, mut imports) = (0_usize, 0_usize, 0_usize);
    for item in plan.items() {
        let item = item?;
        groups.take(&item);
        usage.take(&item);
        deletions.take(&item, &options);
        shown += usize::from(view.is_shown(&item));
        changing += usize::from(changes(&item));
        imports += usize::from(changes(&item) && item.is_import());
        beside.take(&item);
    }
    // Of many imports those that are left alone are told by their reasons above, and do not take the room of the others.
    let crowded = options.detail == Detail::First && shown > FIRST;
    view.only_changes = crowded && changing > 0 && !options.unchanged;
    // What imports refer to is told by kinds, and does not take the room of the imports.
    view.only_imports = view.only_changes && imports > 0;
    let all = match (view.only_changes, view.only_imports) {
        (_, true) => imports,
        (true, false) => changing,
        (false, false) => shown,
    };
    let mut top = Vec::new();
    view.head(plan, &mut top).map_err(written)?;
    deletions.write(plan, &options, &mut top).map_err(written)?;
    if view.only_imports {
        beside.write(paint, options.width, &mut top).map_err(written)?;
    }
    view.groups(plan, &groups, &mut top).map_err(written)?;
    usage.write(plan, view.paint, options.width, &mut top).map_err(written)?;
    let mut foot = Vec::new();
    view.foot(plan, &mut foot).map_err(written)?;
    out.write_all(&top).map_err(written)?;
    let used = lines_in(&top) + lines_in(&foot);
    view.details(plan, all, used, out)?;
    out.write_all(&foot).map_err(written)
}

fn lines_in(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Writes the plan as it is on disk.
///
/// # Errors
///
/// The plan cannot be read, or `out` not written.
pub fn json(plan: &PlanFile, out: &mut dyn Write) -> Result<(), RunFolderError> {
    let mut file = std::fs::File::open(plan.path()).map_err(RunFolderError::file("open", plan.path()))?;
    io::copy(&mut file, out).map_err(super::to_output)?;
    Ok(())
}

/// The totals of a plan, in one line: `create 12, unchanged 3`.
pub fn totals(plan: &PlanFile) -> String {
    let mut totals: Vec<_> = plan.tail().totals.iter().filter(|(word, _)| word.as_str() != "none").collect();
    totals.sort_by_key(|(word, _)| rank(word));
    let parts: Vec<_> =
        totals.into_iter().map(|(word, count)| format!("{} {}", told(word, plan), number(*count))).collect();
    if parts.is_empty() { "nothing selected".to_owned() } else { parts.join(", ") }
}

/// Whether something happens to an item: it is written, it needs a person, or a comparison found a difference.
fn changes(item: &PlanItem) -> bool {
    let stays =
        matches!(item.outcome, Some(Outcome::Skipped | Outcome::Unchanged)) && item.unlike().is_none();
    !stays && item.operation != Operation::Archive
}

struct View<'a> {
    options: PlanViewOptions<'a>,
    paint: Paint,
    /// Whether only what changes is shown in full, and of that only the imports.
    only_changes: bool,
    only_imports: bool,
    users: UserLines<'a>,
}

impl View<'_> {
    /// Whether an import is one of those that are shown in full.
    fn is_shown(&self, item: &PlanItem) -> bool {
        if let Detail::Named(names) = self.options.detail {
            let sides = || item.source.iter().chain(&item.target);
            return names.iter().any(|name| {
                item.name == *name || sides().any(|side| side.name == *name || side.id.as_str() == name)
            });
        }
        if self.only_changes {
            return changes(item) && (item.is_import() || !self.only_imports);
        }
        // What stays as it is, or is only kept, is counted and not listed.
        let calm = item.outcome == Some(Outcome::Unchanged) || item.operation == Operation::Archive;
        !calm || self.options.unchanged
    }

    fn head(&self, plan: &PlanFile, out: &mut dyn Write) -> io::Result<()> {
        let head = plan.head();
        let (job, action) = (clean(&head.job), clean(head.action.as_str()));
        let (source, target) = (clean(&head.source.name), clean(&head.target.name));
        let way = if head.source == head.target { source.clone() } else { format!("{source} → {target}") };
        let (deletions, kept) = (plan.tail().deletions, plan.tail().kept);
        let imports = count(plan.tail().imports().saturating_sub(deletions + kept), "import", "imports");
        let others = plan.tail().others.iter().map(|(kind, others)| counted(others.items, kind.singular()));
        let with = match listed(&others.collect::<Vec<_>>()) {
            others if others.is_empty() => String::new(),
            others => format!(", with {others}"),
        };
        let title = if compares(plan) {
            format!(
                "Comparison  {job}   {imports} of {source} and {target}; changes lead from {target} to {source}"
            )
        } else {
            let gone =
                if deletions == 0 { String::new() } else { format!(", {} to be deleted", number(deletions)) };
            let stay = if kept == 0 { String::new() } else { format!(", {} in use and kept", number(kept)) };
            format!("Plan  {job}   {action}  {way}   {imports} selected{with}{gone}{stay}")
        };
        let title = wrap(&title, self.options.width.max(NARROWEST), 6);
        writeln!(out, "{}", self.paint.tone(Tone::Strong, title))?;
        for read in head.snapshots() {
            let read = format!("Snapshot  {}", in_words(&read));
            writeln!(out, "{}", wrap(&read, self.options.width.max(NARROWEST), 10))?;
        }
        // What a person should know before anything else.
        for note in &plan.tail().notes {
            let note = wrap(&format!("Note: {}", clean(note)), self.options.width.max(NARROWEST), 6);
            let note = note.strip_prefix("Note:").unwrap_or(&note);
            writeln!(out, "{}{note}", self.paint.tone(Tone::Warn, "Note:"))?;
        }
        writeln!(out)?;
        let mut totals: Vec<_> = plan.tail().totals.iter().collect();
        totals.retain(|(word, count)| **count > 0 && word.as_str() != "none");
        totals.sort_by_key(|(word, _)| rank(word));
        if totals.is_empty() {
            writeln!(out, "  nothing selected")?;
        }
        let room = totals.iter().map(|(word, _)| width(&told(word, plan))).max().unwrap_or_default();
        for (word, count) in totals {
            writeln!(out, "  {}  {:>7}", fit(&told(word, plan), room), number(*count))?;
        }
        writeln!(out)
    }

    fn groups(&self, plan: &PlanFile, groups: &Groups, out: &mut dyn Write) -> io::Result<()> {
        let name_of = |id: &str| plan.tail().names.get(id).map(|name| format!("\"{name}\""));
        // One import in full does not make the lines about all of them long.
        let whole = self.options.diff == Diff::Full && !matches!(self.options.detail, Detail::Named(_));
        let width = if whole { usize::MAX >> 1 } else { self.options.width.max(NARROWEST) };
        let blocks = Blocks { paint: self.paint, width, word: 8 };
        blocks.changes("What changes", &groups.changes(&name_of), out)?;
        let attention = groups.attention();
        blocks.reasons("Needs attention", &attention, out)?;
        if attention.is_empty() { Ok(()) } else { writeln!(out) }
    }

    /// Imports in full: as many as fit, all, or those that are named.
    fn details(
        &self,
        plan: &PlanFile,
        all: usize,
        used: usize,
        out: &mut dyn Write,
    ) -> Result<(), RunFolderError> {
        let written = super::to_output;
        let first = self.options.detail == Detail::First;
        // Room for the heading, the line about the others, and the blank line.
        let mut room = if first { LINES.saturating_sub(used + 3) } else { usize::MAX };
        let (mut shown, mut text) = (0, Vec::new());
        for item in plan.items() {
            // Those behind the last that is shown are not read once more.
            if shown == all {
                break;
            }
            let item = item?;
            if !self.is_shown(&item) {
                continue;
            }
            let before = text.len();
            self.item(&named(item, &plan.tail().names), &mut text).map_err(written)?;
            let lines = lines_in(&text[before..]);
            // One import is always shown, however long it is.
            if first && shown > 0 && (lines > room || shown == FIRST) {
                text.truncate(before);
                break;
            }
            room = room.saturating_sub(lines);
            shown += 1;
            if !first {
                out.write_all(&text).map_err(written)?;
                text.clear();
            }
        }
        if shown == 0 {
            let Detail::Named(names) = self.options.detail else { return Ok(()) };
            let text = format!("no import of this plan is called {}\n", clean(&names.join(", ")));
            return writeln!(out, "{text}").map_err(written);
        }
        let more = first && shown < all;
        if more {
            let what = match (self.only_changes, plan.tail().needs_attention()) {
                (false, _) => "",
                (true, false) => " that change",
                (true, true) => " that change or need a person",
            };
            let (one, many) = if self.only_changes && !self.only_imports {
                ("document", "documents")
            } else {
                ("import", "imports")
            };
            let (shown, all) = (number(shown as u64), count(all as u64, one, many));
            let heading = format!("The first {shown} of {all}{what}");
            let heading = wrap(&heading, self.options.width.max(NARROWEST), 2);
            writeln!(out, "{}", self.paint.tone(Tone::Strong, heading)).map_err(written)?;
        }
        out.write_all(&text).map_err(written)?;
        if more {
            let hint =
                wrap("All of them: --all. One: --import NAME.", self.options.width.max(NARROWEST) - 2, 2);
            writeln!(out, "  {}", hint.replace('\n', "\n  ")).map_err(written)?;
        }
        writeln!(out).map_err(written)
    }

    fn item(&self, item: &PlanItem, out: &mut dyn Write) -> io::Result<()> {
        let (tone, sign, word) = sign(item);
        let name = titled(item);
        let way = match (&item.source, &item.target) {
            (Some(from), Some(to)) if from.id == to.id => short_id(to.id.as_str()),
            (Some(from), Some(to)) => {
                format!("{} → {}", short_id(from.id.as_str()), short_id(to.id.as_str()))
            }
            (Some(from), None) if item.operation.makes_an_import() => {
                format!("{} → new", short_id(from.id.as_str()))
            }
            (Some(only), None) | (None, Some(only)) => short_id(only.id.as_str()),
            (None, None) => String::new(),
        };
        let room = self.options.width.saturating_sub(14 + 20).max(20);
        let lead = self.paint.tone(tone, format!("{sign} {word:<9}"));
        let name = fit(&name, room.min(width(&name).max(40)));
        // The ids are cut first: the name says more.
        let left =
            self.options.width.max(NARROWEST).saturating_sub(width(&format!("{sign} {word:<9} {name} ")));
        let line = format!("{lead} {name} {}", self.paint.tone(Tone::Dim, cut(&way, left)));
        writeln!(out, "{}", line.trim_end())?;
        // The changes say it better.
        let told =
            item.unlike() == Some(DIFFERS) && !item.changes.is_empty() && self.options.diff != Diff::None;
        if let Some(problem) = item.problem.as_ref().filter(|_| !told) {
            self.lines().under(out, &format!("{} ({})", problem.message, problem.code))?;
        }
        self.lines().write(&item.changes, out)?;
        for line in self.users.of_item(item) {
            self.lines().under(out, &line)?;
        }
        for warning in &item.warnings {
            self.lines().under(out, &format!("warning: {warning}"))?;
        }
        let secrets = item.secrets_to_enter();
        if item.is_work() && !secrets.is_empty() {
            let count = count(secrets.len() as u64, "secret", "secrets");
            self.lines().under(out, &format!("enter {count} manually: {}", secrets.join(", ")))?;
        }
        Ok(())
    }

    /// How the lines under an import are shown.
    fn lines(&self) -> Changes {
        Changes { diff: self.options.diff, width: self.options.width, paint: self.paint }
    }

    fn foot(&self, plan: &PlanFile, out: &mut dyn Write) -> io::Result<()> {
        let tail = plan.tail();
        // An undo goes without them: it takes back what every wave wrote.
        let has_waves = tail.has_work() && !undoes(plan);
        if let Some(waves) = plan.head().settings.waves.as_ref().filter(|_| has_waves) {
            self.labelled("Waves", &waves.in_words(), out)?;
        }
        if !tail.related.is_empty() {
            let kinds: Vec<_> = tail.related.iter().map(|(kind, n)| of_kind(kind, *n)).collect();
            self.labelled("Beside", &kinds.join(", "), out)?;
        }
        if plan.head().settings.backup.is_some() {
            self.labelled("Calls", "no calls: what goes into the archive is read already", out)?;
        } else if !compares(plan) {
            self.labelled("Calls", &forecast(&tail.forecast, self.options.per_second), out)?;
        }
        Ok(())
    }

    /// A line with a word before it, wrapped.
    fn labelled(&self, word: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let line = wrap(&format!("{word:<8}{text}"), self.options.width.max(NARROWEST), 8);
        let rest = line.strip_prefix(word).unwrap_or(&line);
        writeln!(out, "{}{rest}", self.paint.tone(Tone::Strong, word))
    }
}

#[cfg(test)]
mod tests;
