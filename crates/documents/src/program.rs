//! Applies the steps to a document.
//!
//! Steps are applied in order, each to the result of the one before: a `when` and templates see the import in its
//! current state. A step must not change `_id`, and must leave an object. A step that panics fails only the import that
//! it was applied to.

mod name_again;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::contained::contained;
use crate::edited::Touched;
use crate::first_few::FirstFew;
use crate::problem::Problem;
use crate::selector::{Names, Selector, SelectorError};
use crate::selector_watch::SelectorWatch;
use crate::step::registry::{AnyStep, Entry, STEPS};
use crate::step::{
    Apply, AtLine, Compile, Facts, Keys, Looked, Missing, StepError, StepProblem, StepSpec, TransformError,
    Transformed, Warnings,
};
use crate::template::{Columns, Templates};
use crate::{Head, Id};
pub use name_again::Again;
use name_again::Renamed;

/// How many imports that a step did not apply to are named.
const NAMED: usize = 3;

/// How many things that a step names and no import has are listed.
const LISTED: usize = 8;

/// The steps of a job, compiled once.
#[derive(Debug, Default)]
pub struct Program {
    steps: Vec<Compiled>,
    templates: Templates,
    lines: Vec<usize>,
    warnings: Vec<StepProblem>,
    again: Again,
    renamed: Mutex<Renamed>,
    /// The imports that the steps were to be applied to.
    imports: AtomicUsize,
}

#[derive(Debug)]
struct Compiled {
    kind: &'static str,
    when: Option<Selector>,
    missing: Missing,
    step: Box<dyn AnyStep>,
    tally: Mutex<Tally>,
}

/// The imports a step was for, and those of them that it did not apply to.
#[derive(Debug, Default)]
struct Tally {
    /// Imports for which the `when` of the step does not hold.
    passed: usize,
    met: usize,
    /// Those of them that failed before the step had looked at them.
    failed: usize,
    missed: usize,
    /// The first few of the latter in the order of the selection, whichever was met first.
    named: FirstFew<Missed, NAMED>,
    /// What the `when` of the step names.
    watch: SelectorWatch,
}

/// An import that a step did not apply to.
#[derive(Debug)]
struct Missed {
    name: String,
    reason: String,
}

impl Program {
    /// Compiles every expression of the steps.
    ///
    /// # Errors
    ///
    /// All problems of all steps.
    pub fn compile(steps: Vec<StepSpec>) -> Result<Self, Vec<StepProblem>> {
        let mut program = Self::default();
        let mut problems = Vec::new();
        for (step, spec) in steps.into_iter().enumerate() {
            match program.push(spec) {
                Ok(found) => {
                    let found = found.into_iter().map(|problem| StepProblem { step, problem });
                    program.warnings.extend(found);
                }
                Err(found) => problems.extend(found.into_iter().map(|problem| StepProblem { step, problem })),
            }
        }
        if problems.is_empty() { Ok(program) } else { Err(problems) }
    }

    /// An empty program. Its templates may use these columns of tables and no others; `again` is what a further run of the job reads.
    #[must_use]
    pub fn for_job(columns: Columns, again: Again) -> Self {
        let mut program = Self { again, ..Self::default() };
        program.templates.set_columns(columns);
        program
    }

    /// The columns of a CSV of accounts that the steps take from `account` and cannot do without.
    pub fn account_columns(&self) -> &std::collections::BTreeSet<String> {
        self.templates.account_columns()
    }

    /// What is allowed in the steps and most likely not meant.
    pub fn warnings(&self) -> &[StepProblem] {
        &self.warnings
    }

    /// Compiles one step and puts it at the end; answers what is allowed in it and most likely not meant.
    ///
    /// # Errors
    ///
    /// All problems of the step; the program is then as it was.
    pub fn push(&mut self, spec: StepSpec) -> Result<Vec<Problem>, Vec<Problem>> {
        let StepSpec { key, value, when, missing, options } = spec;
        let Some(entry) = Entry::named(&key) else {
            let known: Vec<&str> = STEPS.iter().map(|entry| entry.key).collect();
            let problem = Problem::new(format!("there is no step `{key}`"));
            return Err(vec![problem.help(format!("the steps are {}", known.join(", ")))]);
        };
        let mut problems = Vec::new();
        let when = when.and_then(|spec| {
            let compiled = Selector::compile(spec);
            compiled
                .map_err(|found| problems.extend(found.into_iter().map(|problem| problem.under("when"))))
                .ok()
        });
        if missing.is_some() && entry.missing.is_none() {
            let problem =
                Problem::new(format!("`{key}` applies to every import: `missing` would change nothing"));
            problems.push(problem.help("leave `missing` out").with_key("missing"));
        }
        for key in options.keys().filter(|key| !entry.options.contains(&key.as_str())) {
            let problem = Problem::new(format!("`{key}` means nothing beside `{}`", entry.key));
            problems.push(problem.help(format!("leave `{key}` out")).with_key(key));
        }
        let runs_again = !matches!(self.again, Again::Never);
        let mut context = Compile { templates: &mut self.templates, runs_again, warnings: Vec::new() };
        let step = entry.compile(Keys::new(&value).with_options(&options), &mut context);
        let warnings = context.warnings.into_iter().map(|problem| problem.under(entry.key)).collect();
        match step {
            Ok(step) if problems.is_empty() => {
                let missing = missing.or(entry.missing).unwrap_or(Missing::Fail);
                let watch = when.as_ref().map(|when| SelectorWatch::of_all("when", when.spec()));
                let tally = Tally { watch: watch.unwrap_or_default(), ..Tally::default() };
                let tally = Mutex::new(tally);
                self.steps.push(Compiled { kind: entry.key, when, missing, step, tally });
                return Ok(warnings);
            }
            Ok(_) => {}
            Err(found) => problems.extend(found.into_iter().map(|problem| problem.under(entry.key))),
        }
        Err(problems)
    }

    /// The same program, whose errors name the lines of the job file its steps begin in.
    #[must_use]
    pub fn at_lines(self, lines: Vec<usize>) -> Self {
        Self { lines, ..self }
    }

    /// Whether there are no steps.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Which members of a document the steps may change.
    pub fn touches(&self) -> Touched {
        self.steps.iter().fold(Touched::nothing(), |touched, step| touched.and(step.step.touches()))
    }

    /// Whether a step needs the names of the import's connection or integration ([`Facts`]).
    pub fn needs_names(&self) -> bool {
        self.steps
            .iter()
            .any(|step| step.when.as_ref().is_some_and(Selector::needs_names) || step.step.needs_names())
    }

    /// The conditions of the steps: each `when`, with the step it belongs to.
    pub fn conditions(&self) -> impl Iterator<Item = (String, &Selector)> {
        let steps = self.steps.iter().enumerate();
        steps.filter_map(|(index, step)| Some((self.name(index), step.when.as_ref()?)))
    }

    /// A step as it is named to a person.
    fn name(&self, index: usize) -> String {
        let line = AtLine(self.lines.get(index).copied());
        format!("step {} ({}{line})", index + 1, self.steps[index].kind)
    }

    /// What a person should know after all documents, a few sentences a step: how many imports it did not apply to, with
    /// the first three of them, and what it and its `when` name that no import has.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            let name = self.name(index);
            let tally = step.tally.lock().unwrap_or_else(PoisonError::into_inner);
            let looked = tally.looked(self.imports.load(Ordering::Relaxed));
            let unused = if looked == Looked::AtNone { Vec::new() } else { step.step.unused(looked) };
            if tally.met + tally.passed > 0 {
                // Of what failed before it is not known whether the `when` would hold.
                let is_all = tally.met + tally.passed >= self.imports.load(Ordering::Relaxed);
                let none = if is_all { "no import" } else { "none of the imports that it looked at" };
                let idle = tally.watch.notes_of(none);
                if tally.met == 0 && idle.is_empty() {
                    notes.push(format!("{name} changes nothing: its `when` holds for {none}"));
                }
                notes.extend(idle.into_iter().map(|note| format!("{name}: {note}")));
            }
            let all = tally.missed == tally.met && !unused.is_empty();
            if tally.missed > 0 && !all {
                notes.push(format!("{name} {}", tally.sentence()));
            }
            if !unused.is_empty() {
                let mut shown = unused[..unused.len().min(LISTED)].join(", ");
                if unused.len() > LISTED {
                    shown.push_str(&format!(", {} more", unused.len() - LISTED));
                }
                let of = match looked {
                    Looked::AtSome(1) => "the 1 import that it looked at".to_owned(),
                    Looked::AtSome(count) => {
                        format!("any of the {} imports that it looked at", grouped(count))
                    }
                    Looked::AtAll | Looked::AtNone => "any import".to_owned(),
                };
                notes.push(format!("{name} found none of these fields in {of}: {shown}"));
            }
        }
        notes.extend(self.renamed_again());
        notes
    }

    /// Applies the steps in order.
    ///
    /// # Errors
    ///
    /// The first step that could not be applied, or that panicked; the document is then to be left as it was.
    pub fn apply(&self, document: Value, facts: &Facts) -> Result<Transformed, TransformError> {
        self.imports.fetch_add(1, Ordering::Relaxed);
        let mut document = document;
        let mut warnings = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            // Whatever a step leaves half done is dropped with the document.
            let applied = contained(|| self.step(step, &mut document, facts))
                .unwrap_or_else(|_| Err(StepError::failed("the step ended with an internal error")));
            let told = applied.map_err(|error| TransformError {
                step: index,
                kind: step.kind,
                line: self.lines.get(index).copied(),
                message: error.to_string(),
            })?;
            warnings.extend(told);
        }
        self.name_again(&mut document, facts);
        Ok(Transformed { document, warnings })
    }

    fn step(&self, step: &Compiled, document: &mut Value, facts: &Facts) -> Result<Warnings, StepError> {
        if let Some(when) = &step.when {
            let head = head(document);
            let holds = holds(when, &head, document, facts);
            let holds = holds.map_err(|error| StepError::failed(format!("when: {error}")))?;
            let mut tally = step.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.watch.take(facts.index, &head, when);
            if !holds {
                tally.passed += 1;
                return Ok(Vec::new());
            }
        }
        let done = step.step.apply(document, &Apply { facts, templates: &self.templates });
        let missed = match (&done, step.missing) {
            (Err(StepError::NotApplicable(reason)), Missing::Skip) => Some(reason),
            _ => None,
        };
        let mut tally = step.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.met += 1;
        tally.failed += usize::from(matches!(done, Err(StepError::Failed(_))));
        let Some(reason) = missed else { return done };
        tally.missed += 1;
        tally.named.take(facts.index, || {
            let name = document.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            Missed { name, reason: reason.clone() }
        });
        Ok(Vec::new())
    }
}

impl Tally {
    /// Which of all imports the step looked at, or had no need to. A step that is before it, or an error, may fail an import.
    fn looked(&self, imports: usize) -> Looked {
        let looked = self.met - self.failed;
        if looked + self.passed >= imports {
            Looked::AtAll
        } else if looked > 0 {
            Looked::AtSome(looked)
        } else {
            Looked::AtNone
        }
    }

    /// `does not apply to 12 of 40 imports: "A", "B", "C" and 9 more (no row has the target `price`)`
    fn sentence(&self) -> String {
        let imports = if self.met == 1 { "import" } else { "imports" };
        let first = self.named.iter().next();
        let one_reason = self.named.iter().all(|one| Some(&one.reason) == first.map(|first| &first.reason));
        let shown = self.named.iter().map(|Missed { name, reason }| {
            if one_reason { format!("\"{name}\"") } else { format!("\"{name}\" ({reason})") }
        });
        let mut shown = shown.collect::<Vec<_>>().join(", ");
        if self.missed > self.named.len() {
            shown.push_str(&format!(" and {} more", grouped(self.missed - self.named.len())));
        }
        if let (true, Some(Missed { reason, .. })) = (one_reason, first) {
            shown.push_str(&format!(" ({reason})"));
        }
        format!("does not apply to {} of {} {imports}: {shown}", grouped(self.missed), grouped(self.met))
    }
}

/// `12345` as `12,345`.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut parts: Vec<&str> = Vec::new();
    if first > 0 {
        parts.push(&digits[..first]);
    }
    parts.extend((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    parts.join(",")
}

/// Whether a selector holds for a document as it is by now.
fn holds(when: &Selector, head: &Head, document: &Value, facts: &Facts) -> Result<bool, SelectorError> {
    let names = Names {
        connection: facts.connection_name.as_deref(),
        integration: facts.integration_name.as_deref(),
        flows: &facts.flows,
        integrations: &facts.integrations,
    };
    when.matches(head, names, &mut || Ok(document.clone()))
}

/// What selectors see of a document that is on its way; it may have lost its `_id` by now.
fn head(document: &Value) -> Head {
    let text = |key: &str| document.get(key).and_then(Value::as_str);
    let owned = |key: &str| text(key).map(str::to_owned);
    Head {
        id: Id::from(text("_id").unwrap_or_default()),
        name: owned("name").unwrap_or_default(),
        adaptor_type: owned("adaptorType"),
        connection: text("_connectionId").map(Id::from),
        integration: text("_integrationId").map(Id::from),
        connector: text("_connectorId").map(Id::from),
        cloned_from: text("_sourceId").map(Id::from),
        external_id: owned("externalId"),
        created_at: owned("createdAt"),
        last_modified: owned("lastModified"),
    }
}

#[cfg(test)]
#[path = "program_tests.rs"]
mod tests;
