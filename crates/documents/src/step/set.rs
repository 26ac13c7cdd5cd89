//! `set: { /pointer: value }`; texts in the values are templates.

use serde_json::Value;

use super::{Apply, Compile, Keys, Step, StepError, StepKind, Warnings};
use crate::pointer::{self, Pointer};
use crate::problem::{Problem, Problems};
use crate::template::Fill;

/// The step.
#[derive(Debug)]
pub(crate) struct Set(Vec<(Pointer, Fill)>);

impl Step for Set {
    const KIND: StepKind = StepKind { key: "set", missing: None };

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let Some(values) = keys.value().as_object() else {
            return Err(vec![Problem::new("must be a mapping")]);
        };
        let mut problems = Vec::new();
        let mut set = Vec::new();
        for (text, value) in values {
            let pointer = Pointer::writable(text).map_err(|problem| problems.push(problem.with_key(text)));
            let fill = context.templates.compile_value(value);
            let fill = fill.map_err(|problem| problems.push(problem.under(text)));
            if let (Ok(pointer), Ok(fill)) = (pointer, fill) {
                set.push((pointer, fill));
            }
        }
        if problems.is_empty() { Ok(Self(set)) } else { Err(problems) }
    }

    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError> {
        for (pointer, fill) in &self.0 {
            let value = context.templates.fill(fill, document, context.facts);
            let value = value.map_err(|error| StepError::failed(error.to_string()))?;
            pointer::set(document, pointer, value).map_err(|error| StepError::failed(error.to_string()))?;
        }
        Ok(Vec::new())
    }

    fn needs_names(&self) -> bool {
        self.0.iter().any(|(_, fill)| fill.uses_names())
    }
}
