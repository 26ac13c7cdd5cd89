//! A plan as a person reads it before saying yes: what is done to each import, the totals, the calls to come.

use std::collections::HashMap;
use std::io::{self, Write};

use super::changes::{Changes, SHORT};
use super::text::{Paint, Tone, clean, count, counted, fit, listed, number, short_id, width};
use crate::model::{Operation, Outcome};
use crate::run_folder::RunFolderError;
use crate::run_folder::forecast::Forecast;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::{DIFFERS, ONLY_IN_SOURCE, ONLY_IN_TARGET, PlanItem};

/// How much of the changes is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Diff {
    /// All.
    Full,
    /// The first six of each import.
    #[default]
    Short,
    /// None.
    None,
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanViewOptions {
    /// Whether to colour.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Imports listed at most; the others are counted.
    pub limit: Option<usize>,
    /// How much of the changes is shown.
    pub diff: Diff,
    /// Whether imports that stay as they are are listed too; else their warnings are summed up.
    pub unchanged: bool,
    /// Calls a second the job may send, to explain the forecast.
    pub per_second: Option<f64>,
}

impl Default for PlanViewOptions {
    fn default() -> Self {
        Self { color: false, width: 100, limit: None, diff: Diff::Short, unchanged: false, per_second: None }
    }
}

/// Writes the plan for people.
///
/// # Errors
///
/// The plan cannot be read, or `out` not written.
pub fn table(plan: &PlanFile, out: &mut dyn Write, options: PlanViewOptions) -> Result<(), RunFolderError> {
    let view = View { options, paint: Paint { color: options.color } };
    let written = super::to_output;
    view.head(plan, out).map_err(written)?;
    let (mut listed, mut more) = (0_usize, 0_u32);
    let mut quiet = Quiet::default();
    for item in plan.items() {
        let item = item?;
        // What is as it was, or is only kept, is counted and not listed.
        let calm = item.outcome == Some(Outcome::Unchanged) || item.operation == Operation::Archive;
        if calm && !options.unchanged {
            quiet.take(&item);
            continue;
        }
        if options.limit.is_some_and(|limit| listed >= limit) {
            more += 1;
            continue;
        }
        listed += 1;
        view.item(&item, out).map_err(written)?;
    }
    View::more(listed, more, out).map_err(written)?;
    view.quiet(&quiet, out).map_err(written)?;
    view.foot(plan, out).map_err(written)
}

/// Warnings of imports that stay as they are: many say the same, so they are counted instead of listed.
#[derive(Debug, Default)]
struct Quiet {
    imports: u32,
    by_text: HashMap<String, u32>,
}

impl Quiet {
    /// Texts told apart; what comes after is counted as other.
    const TEXTS: usize = 1_000;

    fn take(&mut self, item: &PlanItem) {
        self.imports += u32::from(!item.warnings.is_empty());
        for warning in &item.warnings {
            if self.by_text.len() < Self::TEXTS || self.by_text.contains_key(warning) {
                *self.by_text.entry(warning.clone()).or_default() += 1;
            }
        }
    }
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

/// The calls to come, in words: `1,020 calls: 1,000 create import, 20 list imports; about 3 s at 270 calls a second`.
pub fn forecast(forecast: &Forecast, per_second: Option<f64>) -> String {
    if forecast.total == 0 {
        return "no calls: there is nothing to do".to_owned();
    }
    let mut kinds: Vec<_> = forecast.calls.iter().collect();
    kinds.sort_by_key(|(purpose, calls)| (std::cmp::Reverse(**calls), *purpose));
    let kinds: Vec<_> =
        kinds.into_iter().map(|(purpose, calls)| format!("{} {}", number(*calls), clean(purpose))).collect();
    let rate = per_second.map_or(String::new(), |rate| format!(" at {} calls a second", trim(rate)));
    let time = match forecast.seconds {
        seconds if seconds < 1.0 => "less than a second".to_owned(),
        seconds if seconds < 120.0 => format!("about {seconds:.0} s"),
        seconds => {
            let time = std::time::Duration::try_from_secs_f64(seconds).unwrap_or(std::time::Duration::MAX);
            format!("about {}", super::text::span(time))
        }
    };
    format!("{}: {}; {time}{rate}", count(forecast.total, "call", "calls"), kinds.join(", "))
}

/// A rate without needless zeros.
fn trim(rate: f64) -> String {
    let text = format!("{rate:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

struct View {
    options: PlanViewOptions,
    paint: Paint,
}

impl View {
    fn head(&self, plan: &PlanFile, out: &mut dyn Write) -> io::Result<()> {
        let head = plan.head();
        let way = if head.source == head.target {
            format!("in {}", clean(&head.target.name))
        } else {
            format!("from {} to {}", clean(&head.source.name), clean(&head.target.name))
        };
        let imports = count(plan.tail().imports(), "import", "imports");
        let others = plan.tail().others.iter().map(|(kind, others)| counted(others.items, kind.singular()));
        let with = match listed(&others.collect::<Vec<_>>()) {
            others if others.is_empty() => String::new(),
            others => format!(" with {others}"),
        };
        let title = format!("Plan of {}: {} {imports}{with} {way}", clean(&head.job), clean(&head.action));
        let (one, other) = (clean(&head.source.name), clean(&head.target.name));
        let title = if compares(plan) {
            let job = clean(&head.job);
            format!("Comparison {job}: {imports} of {one} and {other}; changes lead from {other} to {one}")
        } else {
            title
        };
        writeln!(out, "{}\n", self.paint.tone(Tone::Strong, title))
    }

    fn item(&self, item: &PlanItem, out: &mut dyn Write) -> io::Result<()> {
        let (tone, sign, word) = sign(item);
        let name = match item.kind {
            Some(_) => format!("{} \"{}\"", item.noun(), clean(&item.name)),
            None => clean(&item.name),
        };
        let way = match (&item.source, &item.target) {
            (Some(from), Some(to)) if from.id == to.id => short_id(to.id.as_str()),
            (Some(from), Some(to)) => {
                format!("{} -> {}", short_id(from.id.as_str()), short_id(to.id.as_str()))
            }
            (Some(from), None) if item.operation.makes_an_import() => {
                format!("{} -> new", short_id(from.id.as_str()))
            }
            (Some(only), None) | (None, Some(only)) => short_id(only.id.as_str()),
            (None, None) => String::new(),
        };
        let room = self.options.width.saturating_sub(14 + 20).max(20);
        let lead = self.paint.tone(tone, format!("{sign} {word:<9}"));
        let line = format!(
            "{lead} {} {}",
            fit(&name, room.min(width(&name).max(40))),
            self.paint.tone(Tone::Dim, way)
        );
        writeln!(out, "{}", line.trim_end())?;
        // The changes say it better.
        let told =
            item.unlike() == Some(DIFFERS) && !item.changes.is_empty() && self.options.diff != Diff::None;
        if let Some(trouble) = item.trouble.as_ref().filter(|_| !told) {
            self.lines().under(out, &format!("{} ({})", trouble.message, trouble.code))?;
        }
        self.lines().write(&item.changes, out)?;
        for warning in &item.warnings {
            self.lines().under(out, &format!("warning: {warning}"))?;
        }
        if !item.secrets.is_empty() {
            let secrets = count(item.secrets.len() as u64, "secret", "secrets");
            self.lines().under(out, &format!("{secrets} to enter by hand: {}", item.secrets.join(", ")))?;
        }
        Ok(())
    }

    /// How the lines under an import are shown.
    fn lines(&self) -> Changes {
        Changes { diff: self.options.diff, width: self.options.width }
    }

    fn more(listed: usize, more: u32, out: &mut dyn Write) -> io::Result<()> {
        if more > 0 {
            writeln!(out, "… and {} not shown", count(more, "import", "imports"))?;
        }
        if listed > 0 { writeln!(out) } else { Ok(()) }
    }

    fn quiet(&self, quiet: &Quiet, out: &mut dyn Write) -> io::Result<()> {
        if quiet.imports == 0 {
            return Ok(());
        }
        let stay = if quiet.imports == 1 { "stays as it is" } else { "stay as they are" };
        writeln!(
            out,
            "{} {stay}, with a warning (`-v` lists each):",
            count(quiet.imports, "import", "imports")
        )?;
        let mut texts: Vec<_> = quiet.by_text.iter().collect();
        texts.sort_by_key(|(text, times)| (std::cmp::Reverse(**times), text.as_str()));
        for (text, times) in texts.iter().take(SHORT) {
            self.lines().under(out, &format!("{}: {text}", number(**times)))?;
        }
        let left = texts.len().saturating_sub(SHORT);
        if left > 0 {
            self.lines()
                .under(out, &format!("… and {}", count(left as u64, "other warning", "other warnings")))?;
        }
        writeln!(out)
    }

    fn foot(&self, plan: &PlanFile, out: &mut dyn Write) -> io::Result<()> {
        let tail = plan.tail();
        let mut totals: Vec<_> = tail.totals.iter().collect();
        totals.sort_by_key(|(word, _)| rank(word));
        let totals: Vec<_> = totals
            .into_iter()
            .filter(|(word, count)| **count > 0 && word.as_str() != "none")
            .map(|(word, count)| format!("{} {}", number(*count), told(word, plan)))
            .collect();
        let totals = if totals.is_empty() { "nothing selected".to_owned() } else { totals.join(", ") };
        writeln!(out, "{} {totals}", self.paint.tone(Tone::Strong, "Totals:  "))?;
        if !tail.related.is_empty() {
            let kinds: Vec<_> =
                tail.related.iter().map(|(kind, count)| format!("{} {kind}", number(*count))).collect();
            writeln!(out, "{} {}", self.paint.tone(Tone::Strong, "Beside:  "), kinds.join(", "))?;
        }
        if plan.head().settings.shelved.is_some() {
            let calls = "no calls: what goes into the archive is read already";
            writeln!(out, "{} {calls}", self.paint.tone(Tone::Strong, "Forecast:"))?;
        } else if !compares(plan) {
            let calls = forecast(&tail.forecast, self.options.per_second);
            writeln!(out, "{} {calls}", self.paint.tone(Tone::Strong, "Forecast:"))?;
        }
        for note in &tail.notes {
            writeln!(out, "{} {}", self.paint.tone(Tone::Warn, "Note:    "), clean(note))?;
        }
        Ok(())
    }
}

/// The place of a total: what is done first, then what is not, in the order of outcomes.
fn rank(word: &str) -> usize {
    let done = ["create", "clone", "update", "delete", "restore", "archive"];
    let place = done.iter().position(|known| *known == word);
    place
        .or_else(|| {
            Outcome::ALL.iter().position(|outcome| outcome.as_str() == word).map(|place| place + done.len())
        })
        .unwrap_or(usize::MAX)
}

/// How a total of the plan is said.
fn told(word: &str, plan: &PlanFile) -> String {
    let head = plan.head();
    match word {
        "unchanged" if compares(plan) => "equal".to_owned(),
        DIFFERS => "different".to_owned(),
        ONLY_IN_SOURCE => format!("only in {}", clean(&head.source.name)),
        ONLY_IN_TARGET => format!("only in {}", clean(&head.target.name)),
        "create" | "clone" | "update" | "delete" | "restore" => format!("to {word}"),
        "conflict" => "in conflict".to_owned(),
        word => clean(word),
    }
}

/// Whether the plan is that of a comparison.
fn compares(plan: &PlanFile) -> bool {
    plan.head().action == "compare"
}

fn sign(item: &PlanItem) -> (Tone, char, &'static str) {
    match item.unlike() {
        Some(DIFFERS) => return (Tone::Change, '~', "differs"),
        Some(ONLY_IN_SOURCE) => return (Tone::Good, '+', "only here"),
        Some(_) => return (Tone::Bad, '-', "only there"),
        None => {}
    }
    if let Some(outcome) = item.outcome {
        return match outcome {
            Outcome::Unchanged => (Tone::Dim, '=', "unchanged"),
            Outcome::Conflict => (Tone::Warn, '?', "conflict"),
            Outcome::Skipped => (Tone::Dim, '·', "skip"),
            Outcome::Failed => (Tone::Bad, '!', "failed"),
            Outcome::Stale => (Tone::Bad, '!', "stale"),
            other => (Tone::Good, ' ', other.as_str()),
        };
    }
    match item.operation {
        Operation::Create => (Tone::Good, '+', "create"),
        Operation::Clone => (Tone::Good, '+', "clone"),
        Operation::Restore => (Tone::Good, '+', "restore"),
        Operation::Archive => (Tone::Good, '+', "archive"),
        Operation::Update => (Tone::Change, '~', "update"),
        Operation::Delete => (Tone::Bad, '-', "delete"),
        Operation::None => (Tone::Dim, ' ', "nothing"),
    }
}

#[cfg(test)]
mod tests;
