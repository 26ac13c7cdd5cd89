//! A change that a job asks for: what every step has in common.
//!
//! One file a step; the registry lists them, and [`Program`](crate::Program) applies them in order. A step as data is
//! its key and its value, as they stand in the job file ([`StepSpec`]); CSV files are read by then.
//!
//! Promises: a step either does what it says, or it does not apply and leaves the document as it was, or it is an error
//! that says why; applied twice, it gives what it gave the first time.

mod doubts;
mod jq;
mod keys;
mod lookup;
mod mapping;
mod name;
mod patch;
pub(crate) mod registry;
mod remove;
mod rename;
mod rename_again;
mod rename_field;
mod rename_scope;
mod set;
mod upgrade_mapper;

use std::fmt;

use serde_json::{Map, Value};

pub use self::keys::Keys;
pub use self::registry::KEYS as STEP_KEYS;
use crate::SelectorSpec;
use crate::edited::Touched;
pub use crate::facts::Facts;
pub use crate::field_rename::{FieldRename, Side};
use crate::problem::{Problem, Problems};
pub use crate::step_error::{StepError, Warnings};
use crate::template::Templates;

/// A change that a job asks for.
pub trait Step: fmt::Debug + Send + Sync + Sized + 'static {
    /// The key in the job file and what holds for every step of this kind.
    const KIND: StepKind;

    /// Checks and compiles what the job says. A `path` in a problem begins below the step's own key.
    ///
    /// # Errors
    ///
    /// Everything that can be checked without a document.
    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems>;

    /// Applies the change. On an error the document may be half changed: the caller drops it.
    ///
    /// # Errors
    ///
    /// [`StepError::NotApplicable`] when the import has nothing that the step could change; the document is then as it
    /// was. [`StepError::Failed`] when it cannot be done.
    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError>;

    /// Which members of the document it may change.
    fn touches(&self) -> Touched {
        Touched::Everything
    }

    /// Whether the names of the import's connection or integration have to be known ([`Facts`]).
    fn needs_names(&self) -> bool {
        false
    }

    /// What no document had so far, of the things that the step names; empty when there is nothing to say.
    fn unused(&self, _: Looked) -> Vec<String> {
        Vec::new()
    }
}

/// Which of the imports a step looked at, before something failed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// All that it is for.
    AtAll,
    /// So many, and not at others.
    AtSome(usize),
    /// None of them, though there were some.
    AtNone,
}

/// What holds for every step of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepKind {
    /// The key in the job file.
    pub key: &'static str,
    /// What becomes of an import that the step does not apply to, unless the job says; `None` for a step that applies to
    /// every import, where `missing:` has no meaning.
    pub missing: Option<Missing>,
    /// The keys of its own that may stand beside it, like `when` and `missing`.
    pub options: &'static [&'static str],
}

impl StepKind {
    /// A kind of step without options.
    pub const fn new(key: &'static str, missing: Option<Missing>) -> Self {
        Self { key, missing, options: &[] }
    }

    /// The same kind with options.
    #[must_use]
    pub const fn with_options(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }
}

/// `missing`: what becomes of an import that a step does not apply to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The step leaves it as it is.
    Skip,
    /// The import fails where the step does not apply.
    Fail,
}

/// What steps are compiled with.
#[derive(Debug)]
pub struct Compile<'t> {
    /// The templates of the job.
    pub templates: &'t mut Templates,
    /// Whether a further run of the job may meet what the steps made.
    pub runs_again: bool,
    /// What is allowed and most likely not meant; paths begin below the step's own key.
    pub warnings: Problems,
}

/// What steps are applied with.
#[derive(Debug, Clone, Copy)]
pub struct Apply<'a> {
    /// What is known of the import beside its document.
    pub facts: &'a Facts,
    /// The templates of the job.
    pub templates: &'a Templates,
}

/// One line of `transform:` as data.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSpec {
    /// The key of the step, e.g. `rename`.
    pub key: String,
    /// What stands under it.
    pub value: Value,
    /// `when:`; without it, every import.
    pub when: Option<SelectorSpec>,
    /// The key `missing`; absent for the default of the step.
    pub missing: Option<Missing>,
    /// The step's own keys that stand beside it.
    pub options: Map<String, Value>,
}

impl StepSpec {
    /// A step for every import.
    pub fn new(key: impl Into<String>, value: Value) -> Self {
        Self { key: key.into(), value, when: None, missing: None, options: Map::new() }
    }

    /// The same step with a key beside it.
    #[must_use]
    pub fn option(mut self, key: impl Into<String>, value: Value) -> Self {
        self.options.insert(key.into(), value);
        self
    }

    /// The same step for the imports that `when` selects.
    #[must_use]
    pub fn when(mut self, when: SelectorSpec) -> Self {
        self.when = Some(when);
        self
    }

    /// The same step with its own rule for imports that it does not apply to.
    #[must_use]
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = Some(missing);
        self
    }
}

/// What is wrong with a step of the job, found when it is compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step {}: {problem}", step + 1)]
pub struct StepProblem {
    /// Index in the list of steps, from 0.
    pub step: usize,
    /// What is wrong; the path begins at the step, e.g. `["rename", "find"]`.
    pub problem: Problem,
}

/// A document after all steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformed {
    /// The document after all steps.
    pub document: Value,
    /// What a person should look at.
    pub warnings: Warnings,
}

/// Why a document could not be transformed. The item fails; the run goes on.
#[derive(Debug, thiserror::Error)]
#[error("step {} ({kind}{}): {message}", step + 1, AtLine(*line))]
pub struct TransformError {
    /// Index in the list of steps, from 0.
    pub step: usize,
    /// The key of the step, e.g. `jq`.
    pub kind: &'static str,
    /// The line of the job file the step begins in, where it came from one.
    pub line: Option<usize>,
    /// What went wrong, without the step.
    pub message: String,
}

/// Where a step begins, for a sentence about it.
pub(crate) struct AtLine(pub(crate) Option<usize>);

impl fmt::Display for AtLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ", line {line} of the job"))
    }
}

/// The note about places or keys whose cells of the manifest are blank.
fn blank_cells<S: std::borrow::Borrow<str>>(of: &[S]) -> String {
    match of {
        [one] => format!("the cell for {} is blank, which leaves it as it was", one.borrow()),
        all => format!("the cells for {} are blank, which leaves them as they were", all.join(", ")),
    }
}
