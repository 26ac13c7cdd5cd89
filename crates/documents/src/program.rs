//! The walk over the steps.
//!
//! Steps are applied in order, each to what the one before left: a `when` sees the import as it is by then, and so do
//! templates. No step may change `_id`, and none may leave something else than an object behind.

use serde_json::Value;

use super::compile::{Action, Found, action};
use super::selector::{Names, Selector};
use super::step::{At, Facts, GuardedStep, StepProblem, TransformError, Transformed};
use super::template::Templates;
use super::{jq, mapping_edit, pointer, upgrade};
use crate::{Head, Id};

/// The steps of a job, compiled once.
#[derive(Debug)]
pub struct Program {
    steps: Vec<Compiled>,
    templates: Templates,
    lines: Vec<usize>,
}

#[derive(Debug)]
struct Compiled {
    kind: &'static str,
    when: Option<Selector>,
    action: Action,
}

impl Program {
    /// Compiles every expression of the steps.
    ///
    /// # Errors
    ///
    /// All problems of all steps.
    pub fn compile(steps: Vec<GuardedStep>) -> Result<Self, Vec<StepProblem>> {
        let mut templates = Templates::default();
        let mut problems = Vec::new();
        let mut compiled = Vec::new();
        for (index, GuardedStep { when, step }) in steps.into_iter().enumerate() {
            let kind = step.kind();
            let mut found = Vec::new();
            let when = when.and_then(|spec| match Selector::compile(spec) {
                Ok(selector) => Some(selector),
                Err(errors) => {
                    found.extend(errors.into_iter().map(|error| Found {
                        path: std::iter::once("when".to_owned()).chain(error.path).collect(),
                        range: error.range,
                        message: error.message,
                        help: error.help,
                    }));
                    None
                }
            });
            let action = action(step, &mut templates, &mut found);
            problems.extend(found.into_iter().map(|found| StepProblem {
                step: index,
                path: found.path,
                range: found.range,
                message: found.message,
                help: found.help,
            }));
            if let Some(action) = action {
                compiled.push(Compiled { kind, when, action });
            }
        }
        if problems.is_empty() {
            Ok(Self { steps: compiled, templates, lines: Vec::new() })
        } else {
            Err(problems)
        }
    }

    /// The same program, whose errors name the lines of the job file its steps begin in.
    #[must_use]
    pub fn at_lines(self, lines: Vec<usize>) -> Self {
        Self { lines, ..self }
    }

    /// Whether there is no step at all.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether a step needs the names of the import's connection or integration ([`Facts`]).
    pub fn needs_names(&self) -> bool {
        self.steps.iter().any(|step| {
            step.when.as_ref().is_some_and(Selector::needs_names)
                || match &step.action {
                    Action::Name(template) => template.uses_names,
                    Action::Set(values) => values.iter().any(|(_, fill)| fill.uses_names()),
                    Action::RenameFields(renames) => renames.needs_names(),
                    _ => false,
                }
        })
    }

    /// What a person should know after all documents: fields to be renamed that none of them had.
    pub fn idle(&self) -> Vec<String> {
        const LISTED: usize = 8;
        let mut notes = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            let Action::RenameFields(renames) = &step.action else { continue };
            let idle = renames.idle();
            if idle.is_empty() {
                continue;
            }
            let mut shown: Vec<String> = idle
                .iter()
                .take(LISTED)
                .map(|one| format!("`{}` ({})", one.from, one.side.as_str()))
                .collect();
            if idle.len() > LISTED {
                shown.push(format!("{} more", idle.len() - LISTED));
            }
            let line = At(self.lines.get(index).copied());
            notes.push(format!(
                "step {} ({}{line}) found none of these fields in any import: {}",
                index + 1,
                step.kind,
                shown.join(", ")
            ));
        }
        notes
    }

    /// Applies the steps in order.
    ///
    /// # Errors
    ///
    /// The first step that could not be applied; the document is then to be left as it was.
    pub fn apply(&self, document: Value, facts: &Facts) -> Result<Transformed, TransformError> {
        let mut document = document;
        let mut warnings = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            self.step(step, &mut document, facts, &mut warnings).map_err(|message| TransformError {
                step: index,
                kind: step.kind,
                line: self.lines.get(index).copied(),
                message,
            })?;
        }
        Ok(Transformed { document, warnings })
    }

    fn step(
        &self,
        step: &Compiled,
        document: &mut Value,
        facts: &Facts,
        warnings: &mut Vec<String>,
    ) -> Result<(), String> {
        if let Some(when) = &step.when {
            let names = Names {
                connection: facts.connection_name.as_deref(),
                integration: facts.integration_name.as_deref(),
                ..Names::default()
            };
            let holds = when.matches(&head(document), names, &mut || Ok(document.clone()));
            if !holds.map_err(|error| format!("when: {error}"))? {
                return Ok(());
            }
        }
        match &step.action {
            Action::Rename { find, replace } => {
                let name = document.get("name").and_then(Value::as_str).ok_or("the import has no name")?;
                let name = find.replace_all(name, replace).into_owned();
                rename(document, name)
            }
            Action::Name(template) => {
                let name = self.templates.render(template, document, facts)?;
                rename(document, name)
            }
            Action::Set(values) => {
                for (pointer, fill) in values {
                    let value = self.templates.fill(fill, document, facts)?;
                    pointer::set(document, pointer, value)?;
                }
                Ok(())
            }
            Action::Remove(pointers) => {
                for pointer in pointers {
                    pointer::remove(document, pointer);
                }
                Ok(())
            }
            Action::Patch(operations) => pointer::patch(document, operations),
            Action::RenameFields(renamer) => {
                let connection = facts.connection_name.as_deref();
                warnings.extend(renamer.apply(document, connection)?);
                Ok(())
            }
            Action::EditMapping(edit) => {
                warnings
                    .extend(mapping_edit::edit_mapping(document, edit).map_err(|error| error.to_string())?);
                Ok(())
            }
            Action::EditLookup(edit) => {
                mapping_edit::edit_lookup(document, edit).map_err(|error| error.to_string())
            }
            Action::UpgradeMapper(untyped) => {
                warnings.extend(upgrade::upgrade(document, *untyped));
                Ok(())
            }
            Action::Jq(filter) => {
                let result = filter.one(document, jq::DEADLINE).map_err(|error| error.to_string())?;
                if !result.is_object() {
                    return Err("the result is not an object".to_owned());
                }
                if result.get("_id") != document.get("_id") {
                    return Err("the result has another `_id`: it cannot be changed".to_owned());
                }
                *document = result;
                Ok(())
            }
        }
    }
}

fn rename(document: &mut Value, name: String) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err("the new name is empty".to_owned());
    }
    match document {
        Value::Object(members) => {
            members.insert("name".to_owned(), Value::String(name));
            Ok(())
        }
        _ => Err("the import is not an object".to_owned()),
    }
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
