//! `jq: '…'`: a program that gives the whole document.

use serde_json::Value;

use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings};
use crate::jq::{DEADLINE, Filter, JqError};
use crate::problem::Problems;

/// The step `jq`: a filter whose result replaces the document.
#[derive(Debug)]
pub(crate) struct Jq(Filter);

impl Step for Jq {
    const KIND: StepKind = StepKind::new("jq", Some(Missing::Fail));

    fn compile(keys: Keys<'_>, _: &mut Compile<'_>) -> Result<Self, Problems> {
        keys.whole_text().and_then(Filter::compile).map(Self).map_err(|problem| vec![problem])
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        let result = self.0.one(document, DEADLINE).map_err(|error| match &error {
            // What the program raises speaks of this document; a limit that it meets speaks of the program.
            JqError::Raised(_) => StepError::NotApplicable(error.to_string()),
            _ => StepError::Failed(error.to_string()),
        })?;
        if !result.is_object() {
            return Err(StepError::failed("the result is not an object"));
        }
        if result.get("_id") != document.get("_id") {
            return Err(StepError::failed("the result has another `_id`: it cannot be changed"));
        }
        *document = result;
        Ok(Vec::new())
    }
}
