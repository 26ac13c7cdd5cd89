//! `patch: [...]`: RFC 6902.

use json_patch::PatchOperation;
use serde_json::Value;

use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings};
use crate::pointer;
use crate::problem::Problems;

/// The step `patch`: operations of RFC 6902.
#[derive(Debug)]
pub(crate) struct Patch(Vec<PatchOperation>);

impl Step for Patch {
    const KIND: StepKind = StepKind::new("patch", Some(Missing::Fail));

    fn compile(keys: Keys<'_>, _: &mut Compile<'_>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut operations = Vec::new();
        for (index, value) in keys.items().map_err(|problem| vec![problem])?.iter().enumerate() {
            match pointer::operation(value) {
                Ok(operation) => operations.push(operation),
                Err(problem) => problems.push(problem.under(index.to_string())),
            }
        }
        if problems.is_empty() { Ok(Self(operations)) } else { Err(problems) }
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        // An operation that cannot be applied, `test` among them, is how a patch says what it is for.
        let mut patched = document.clone();
        pointer::patch(&mut patched, &self.0).map_err(|error| StepError::NotApplicable(error.to_string()))?;
        *document = patched;
        Ok(Vec::new())
    }
}
