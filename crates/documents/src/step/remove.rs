//! `remove: [/pointer]`: takes values out of the document.

use serde_json::Value;

use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings};
use crate::edited::Touched;
use crate::normal::remove_pointers;
use crate::pointer::Pointer;
use crate::problem::{Problem, Problems};

/// The step `remove`: places that are taken out.
#[derive(Debug)]
pub(crate) struct Remove(Vec<String>);

impl Step for Remove {
    const KIND: StepKind = StepKind::new("remove", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut pointers = Vec::new();
        for (index, item) in keys.items().map_err(|problem| vec![problem])?.iter().enumerate() {
            let text = item.as_str().ok_or_else(|| Problem::new("must be a text"));
            match text.and_then(Pointer::writable) {
                Ok(pointer) => {
                    if context.runs_again && pointer.is_entry() {
                        let message = format!(
                            "`{}` is a place in a list: each further run takes out the entry that stands there by then",
                            pointer.as_str()
                        );
                        let help = "say which entry is meant, e.g. `jq: 'del(.http.headers[] | select(.name == \"X-Old\"))'`";
                        context.warnings.push(Problem::new(message).help(help).under(index.to_string()));
                    }
                    pointers.push(pointer.into());
                }
                Err(problem) => problems.push(problem.under(index.to_string())),
            }
        }
        if problems.is_empty() { Ok(Self(pointers)) } else { Err(problems) }
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        if remove_pointers(document, &self.0) {
            return Ok(Vec::new());
        }
        Err(StepError::not_applicable(format!("there is nothing at {}", self.0.join(", "))))
    }

    fn touches(&self) -> Touched {
        Touched::at(self.0.iter().map(String::as_str))
    }
}
