//! `name: "…"`: the name, by template.

use serde_json::Value;

use super::{Apply, Compile, Keys, Step, StepError, StepKind, Warnings};
use crate::edited::Touched;
use crate::problem::Problems;
use crate::template::{Template, Templates, made_without};

/// The step `name`: a template for the import's name.
#[derive(Debug)]
pub(crate) struct Name(Template);

impl Step for Name {
    const KIND: StepKind = StepKind::new("name", None);

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let text = keys.whole_text().map_err(|problem| vec![problem])?;
        context.templates.compile(text).map(Self)
    }

    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError> {
        let name = context.templates.render(&self.0, document, context.facts);
        let mut warnings = put_name(document, name.map_err(|error| StepError::failed(error.to_string()))?)?;
        warnings.extend(made_without("its name", &Templates::blank_cells(&self.0, context.facts)));
        Ok(warnings)
    }

    fn touches(&self) -> Touched {
        Touched::members(["name"])
    }

    fn needs_names(&self) -> bool {
        self.0.uses_names
    }
}

/// Gives the import its new name.
pub(super) fn put_name(document: &mut Value, name: String) -> Result<Warnings, StepError> {
    if name.trim().is_empty() {
        return Err(StepError::failed("the new name is empty"));
    }
    let members = document.as_object_mut().ok_or_else(|| StepError::failed("the import is not an object"))?;
    members.insert("name".to_owned(), Value::String(name));
    Ok(Vec::new())
}
