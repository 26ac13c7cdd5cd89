//! `add_mapping`, `edit_mapping`, `remove_mapping`: rows of the mapping, in both models.

use serde_json::Value;

use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings};
use crate::mapping_edit::{MappingEdit, PassThrough, Row, Target, edit_mapping};
use crate::problem::{Problem, Problems};

/// `edit_mapping: { target, list, set }`.
#[derive(Debug)]
pub(crate) struct EditMapping(MappingEdit);

/// `add_mapping: { target, list, source, … }`.
#[derive(Debug)]
pub(crate) struct AddMapping(MappingEdit);

/// `remove_mapping: { target, list }`.
#[derive(Debug)]
pub(crate) struct RemoveMapping(MappingEdit);

impl Step for EditMapping {
    const KIND: StepKind = StepKind::new("edit_mapping", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, _: &mut Compile<'_>) -> Result<Self, Problems> {
        let Some(set) = keys.get("set") else { return Err(vec![Problem::new("needs `set`")]) };
        let row = row(Keys::new(set)).map_err(|problem| vec![problem.under("set")])?;
        Ok(Self(MappingEdit::Edit(target(keys)?, row)))
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        edit_mapping(document, &self.0)
    }
}

impl Step for AddMapping {
    const KIND: StepKind = StepKind::new("add_mapping", None);

    fn compile(keys: Keys<'_>, _: &mut Compile<'_>) -> Result<Self, Problems> {
        let row = row(keys).map_err(|problem| vec![problem])?;
        let given = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_null());
        if !given(&row.source) && !given(&row.hard_coded) && !given(&row.lookup) {
            let problem = Problem::new("`add_mapping` does not say where the value comes from");
            return Err(vec![problem.help("add `source`, `hard_coded` or `lookup`")]);
        }
        let pass_through = match keys.maybe_text("pass_through").map_err(|problem| vec![problem])? {
            None => PassThrough::Keep,
            Some("replace") => PassThrough::Replace,
            Some(_) => return Err(vec![Problem::new("must be `replace`").under("pass_through")]),
        };
        Ok(Self(MappingEdit::Add(target(keys)?, row, pass_through)))
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        edit_mapping(document, &self.0)
    }
}

impl Step for RemoveMapping {
    const KIND: StepKind = StepKind::new("remove_mapping", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, _: &mut Compile<'_>) -> Result<Self, Problems> {
        Ok(Self(MappingEdit::Remove(target(keys)?)))
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        edit_mapping(document, &self.0)
    }
}

fn target(keys: Keys<'_>) -> Result<Target, Problems> {
    let target = keys.text("target").map_err(|problem| vec![problem])?;
    let list = keys.maybe_text("list").map_err(|problem| vec![problem])?;
    Target::parse(target, list)
}

/// What a row shall say.
fn row(keys: Keys<'_>) -> Result<Row, Problem> {
    let get = |key: &str| keys.get(key).cloned();
    if let Some(literal @ (Value::Array(_) | Value::Object(_))) = keys.get("hard_coded") {
        let kind = if literal.is_array() { "a list" } else { "a mapping" };
        let message = format!("`hard_coded` must be a text, a number, or true or false, but this is {kind}");
        return Err(Problem::new(message).under("hard_coded"));
    }
    if keys.get("hard_coded").is_some_and(|literal| !literal.is_null())
        && keys.get("source").is_some_and(Value::is_string)
    {
        let problem = Problem::new("a row holds both `source` and `hard_coded`");
        return Err(problem
            .help("keep one of the two")
            .with_key("hard_coded")
            .repeats(vec!["source".to_owned()]));
    }
    Ok(Row {
        source: get("source"),
        hard_coded: get("hard_coded"),
        default: get("default"),
        lookup: get("lookup"),
        data_type: get("data_type"),
        source_data_type: get("source_data_type"),
        when: get("when"),
        when_lookup: get("when_lookup"),
        extract_date_format: get("extract_date_format"),
        extract_date_timezone: get("extract_date_timezone"),
        generate_date_format: get("generate_date_format"),
        generate_date_timezone: get("generate_date_timezone"),
        description: get("description"),
        status: get("status"),
        internal_id: get("internal_id"),
        immutable: get("immutable"),
        discard_if_empty: get("discard_if_empty"),
        is_key: get("is_key"),
    })
}
