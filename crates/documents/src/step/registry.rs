//! Every step there is, one line each.

use std::fmt;

use serde_json::Value;

use super::{Apply, Compile, Keys, Looked, Missing, Step, StepError, Warnings};
use super::{jq, lookup, mapping, name, patch, remove, rename, rename_field, set, upgrade_mapper};
use crate::edited::Touched;
use crate::problem::Problems;

/// The steps, in the order in which they are listed for people.
pub(crate) const STEPS: &[Entry] = &[
    Entry::of::<rename::Rename>(),
    Entry::of::<name::Name>(),
    Entry::of::<rename_field::RenameField>(),
    Entry::of::<rename_field::RenameFields>(),
    Entry::of::<mapping::EditMapping>(),
    Entry::of::<mapping::AddMapping>(),
    Entry::of::<mapping::RemoveMapping>(),
    Entry::of::<lookup::EditLookup>(),
    Entry::of::<lookup::AddLookup>(),
    Entry::of::<lookup::RemoveLookup>(),
    Entry::of::<upgrade_mapper::UpgradeMapper>(),
    Entry::of::<set::Set>(),
    Entry::of::<remove::Remove>(),
    Entry::of::<patch::Patch>(),
    Entry::of::<jq::Jq>(),
];

/// The keys of the steps in the job file.
pub const KEYS: &[&str] = &{
    let mut keys = [""; STEPS.len()];
    let mut at = 0;
    while at < STEPS.len() {
        keys[at] = STEPS[at].key;
        at += 1;
    }
    keys
};

/// One line of the registry.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// The key in the job file.
    pub(crate) key: &'static str,
    /// What becomes of an import that the step does not apply to, unless the job says.
    pub(crate) missing: Option<Missing>,
    /// The keys of its own that may stand beside it.
    pub(crate) options: &'static [&'static str],
    compile: fn(Keys<'_>, &mut Compile<'_>) -> Result<Box<dyn AnyStep>, Problems>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Entry {
    const fn of<S: Step>() -> Self {
        let compile = |keys: Keys<'_>, context: &mut Compile<'_>| {
            S::compile(keys, context).map(|step| Box::new(step) as Box<dyn AnyStep>)
        };
        Self { key: S::KIND.key, missing: S::KIND.missing, options: S::KIND.options, compile }
    }

    /// The step of that key.
    pub(crate) fn named(key: &str) -> Option<&'static Self> {
        STEPS.iter().find(|entry| entry.key == key)
    }

    /// Compiles a step; problems name their place below the step's own key.
    pub(crate) fn compile(
        &self,
        keys: Keys<'_>,
        context: &mut Compile<'_>,
    ) -> Result<Box<dyn AnyStep>, Problems> {
        (self.compile)(keys, context)
    }
}

/// A compiled step of any kind.
pub(crate) trait AnyStep: fmt::Debug + Send + Sync {
    /// As [`Step::apply`]: on an error the document may be half changed.
    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError>;
    /// As [`Step::touches`]: which members it may change.
    fn touches(&self) -> Touched;
    /// As [`Step::needs_names`]: whether names of connections or integrations are needed.
    fn needs_names(&self) -> bool;
    /// As [`Step::unused`]: what no document had so far; empty if nothing.
    fn unused(&self, looked: Looked) -> Vec<String>;
}

impl<S: Step> AnyStep for S {
    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError> {
        Step::apply(self, document, context)
    }

    fn touches(&self) -> Touched {
        Step::touches(self)
    }

    fn needs_names(&self) -> bool {
        Step::needs_names(self)
    }

    fn unused(&self, looked: Looked) -> Vec<String> {
        Step::unused(self, looked)
    }
}
