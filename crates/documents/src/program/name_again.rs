//! Names that a further run of the same job would change again: `EU A` becomes `EU EU A`.

use std::sync::PoisonError;

use serde_json::Value;

use super::{Apply, Compiled, Facts, Program, grouped, head, holds};
use crate::contained::contained;
use crate::first_few::FirstFew;
use crate::selector::Selector;

/// Whether a further run of the job meets what this one made.
#[derive(Debug, Default)]
pub enum Again {
    /// Nothing is known of the job.
    #[default]
    Unknown,
    /// It reads other documents than it writes.
    Never,
    /// It reads what it wrote, as far as this still selects it.
    Selected(Box<Selector>),
}

/// The imports whose names a further run would change.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    met: usize,
    changed: usize,
    first: FirstFew<Change, 1>,
}

#[derive(Debug)]
struct Change {
    step: usize,
    name: String,
    again: String,
}

fn gives_a_name(step: &Compiled) -> bool {
    matches!(step.kind, "name" | "rename")
}

impl Program {
    /// Looks at what a further run makes of the name of a document that went through all steps; the document stays as it is.
    pub(super) fn name_again(&self, document: &mut Value, facts: &Facts) {
        let super::Again::Selected(select) = &self.again else { return };
        if !self.steps.iter().any(gives_a_name) {
            return;
        }
        let Some(name) = document.get("name").and_then(Value::as_str).map(str::to_owned) else { return };
        let mut change = None;
        if holds(select, &head(document), document, facts).unwrap_or(false) {
            for (index, step) in self.steps.iter().enumerate().filter(|(_, step)| gives_a_name(step)) {
                let when = step.when.as_ref();
                if when.is_some_and(|when| !holds(when, &head(document), document, facts).unwrap_or(false)) {
                    continue;
                }
                let apply = Apply { facts, templates: &self.templates };
                // What cannot be done again changes nothing.
                let _ = contained(|| step.step.apply(document, &apply));
                let again = document.get("name").and_then(Value::as_str).unwrap_or_default();
                if again != name {
                    change.get_or_insert(index);
                }
            }
        }
        let mut renamed = self.renamed.lock().unwrap_or_else(PoisonError::into_inner);
        renamed.met += 1;
        let again = document.get("name").and_then(Value::as_str).unwrap_or_default();
        if let Some(step) = change.filter(|_| again != name) {
            let again = again.to_owned();
            renamed.changed += 1;
            renamed.first.take(facts.index, || Change { step, name: name.clone(), again });
        }
        drop(renamed);
        if let Some(members) = document.as_object_mut() {
            members.insert("name".to_owned(), Value::String(name));
        }
    }

    /// What a person should know of names that would change again.
    pub(super) fn renamed_again(&self) -> Option<String> {
        let renamed = self.renamed.lock().unwrap_or_else(PoisonError::into_inner);
        let Change { step, name, again } = renamed.first.iter().next()?;
        Some(format!(
            "{} changes {} of {} names again if the job is run again: \"{name}\" becomes \"{again}\"; run it only once, or \
             give the step a `when` that no longer holds for the new names",
            self.name(*step),
            grouped(renamed.changed),
            grouped(renamed.met),
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template::Columns;
    use crate::{SelectorSpec, StepSpec};

    fn notes(steps: Vec<StepSpec>, select: SelectorSpec, name: &str) -> Vec<String> {
        let again = Again::Selected(Box::new(Selector::compile(select).unwrap()));
        let mut program = Program::for_job(Columns::default(), again);
        for step in steps {
            program.push(step).unwrap();
        }
        let document = json!({ "_id": "a", "name": name, "adaptorType": "HTTPImport" });
        let once = program.apply(document.clone(), &Facts::default()).unwrap().document;
        let plain = Program::for_job(Columns::default(), Again::Never);
        assert_eq!(plain.notes(), [""; 0]);
        assert_eq!(once["adaptorType"], document["adaptorType"]);
        program.notes()
    }

    fn of_names(name: &str) -> SelectorSpec {
        SelectorSpec { names: vec![name.to_owned()], ..SelectorSpec::default() }
    }

    #[test]
    fn a_name_that_a_further_run_changes_again_is_told_with_what_it_becomes() {
        let all = || StepSpec::new("rename", json!({ "find": "^(.*)$", "replace": "EU $1" }));
        let told = notes(vec![all()], SelectorSpec::default(), "A");
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with(
                "step 1 (rename) changes 1 of 1 names again if the job is run again: \"EU A\" becomes \"EU EU A\"; "
            ),
            "{told:?}"
        );
        let template = StepSpec::new("name", json!("{{ name }}!"));
        assert!(notes(vec![template], SelectorSpec::default(), "A")[0].contains("\"A!\" becomes \"A!!\""));
        // What is not selected any more, or is not met by the step any more, is not changed again.
        assert_eq!(notes(vec![all()], of_names("A*"), "A"), [""; 0]);
        assert_eq!(notes(vec![all().when(of_names("A*"))], SelectorSpec::default(), "A"), [""; 0]);
        let part = StepSpec::new("rename", json!({ "find": "^US ", "replace": "EU " }));
        assert_eq!(notes(vec![part], SelectorSpec::default(), "US A"), [""; 0]);
        let back = StepSpec::new("rename", json!({ "find": "^(EU )+", "replace": "EU " }));
        assert_eq!(notes(vec![all(), back], SelectorSpec::default(), "A"), [""; 0]);
    }
}
