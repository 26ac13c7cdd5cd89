//! `add_mapping`, `edit_mapping`, `remove_mapping`: rows of the mapping, in both models.

use serde_json::{Map, Value};

use super::doubts::unfilled;
use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings, blank_cells};
use crate::mapping_edit::{MappingEdit, PassThrough, Row, Target, edit_mapping};
use crate::path::{extract, json_path};
use crate::problem::{Problem, Problems, under};
use crate::template::{Blank, Fill, cell_or_job, is_of_the_row, made_without};

/// `edit_mapping: { target, list, set }`.
#[derive(Debug)]
pub(crate) struct EditMapping(Target, RowValues);

/// `add_mapping: { target, list, source, … }`.
#[derive(Debug)]
pub(crate) struct AddMapping(Target, RowValues, PassThrough);

/// `remove_mapping: { target, list }`.
#[derive(Debug)]
pub(crate) struct RemoveMapping(MappingEdit);

impl Step for EditMapping {
    const KIND: StepKind = StepKind::new("edit_mapping", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let Some(set) = keys.get("set") else { return Err(vec![Problem::new("needs `set`")]) };
        let before = context.warnings.len();
        let values = RowValues::compile(Keys::new(set), context);
        let told = context.warnings.split_off(before);
        context.warnings.extend(under(told, "set"));
        Ok(Self(target(keys)?, values.map_err(|found| under(found, "set").collect::<Problems>())?))
    }

    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError> {
        let Filled { row, blank, all, told } = self.1.fill(document, context)?;
        if all {
            return Err(StepError::not_applicable(blank_cells(&blank)));
        }
        let mut warnings = edit_mapping(document, &MappingEdit::Edit(self.0.clone(), row))?;
        warnings.extend(told);
        warnings.extend((!blank.is_empty()).then(|| blank_cells(&blank)));
        Ok(warnings)
    }
}

impl Step for AddMapping {
    const KIND: StepKind = StepKind::new("add_mapping", None);

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
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
        let values = RowValues::compile(keys, context)?;
        let target_text = keys.text("target").map_err(|problem| vec![problem])?;
        readable(target_text).map_err(|problem| vec![problem.under("target")])?;
        let list = keys.maybe_text("list").map_err(|problem| vec![problem])?;
        Target::without_star(target_text, list).map_err(|problem| vec![problem])?;
        Ok(Self(target(keys)?, values, pass_through))
    }

    fn apply(&self, document: &mut Value, context: &Apply<'_>) -> Result<Warnings, StepError> {
        let Filled { row, blank, told, .. } = self.1.fill(document, context)?;
        if !blank.is_empty() {
            return Ok(vec![format!("no row was added: {}", blank_cells(&blank))]);
        }
        let mut warnings = edit_mapping(document, &MappingEdit::Add(self.0.clone(), row, self.2))?;
        warnings.extend(told);
        Ok(warnings)
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

/// What a row shall say: as the job has it, or with cells of the manifest.
#[derive(Debug)]
enum RowValues {
    Fixed(Box<Row>),
    OfCells(Vec<(String, Fill)>),
}

/// A row for one import, and the keys whose cells are blank; `all`: there is nothing else.
struct Filled {
    row: Row,
    blank: Vec<String>,
    all: bool,
    /// The note about the texts in it.
    told: Warnings,
}

impl RowValues {
    /// Only texts about `row` are filled in: any other template in a row is the service's.
    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let fixed = row(keys).map_err(|problem| vec![problem])?;
        let members = || keys.value().as_object().into_iter().flatten();
        let is_cell = |value: &Value| value.as_str().is_some_and(is_of_the_row);
        for (key, value) in members().filter(|(_, value)| !is_cell(value)) {
            let help = "in a row, texts about cells of `row` and nothing else are filled in";
            // Anywhere but in a literal braces may be the service's.
            if key == "hard_coded" || value.as_str().is_some_and(|text| cell_or_job(text).is_some()) {
                unfilled(value, None, &[key], help, &mut context.warnings);
            }
        }
        if !members().any(|(_, value)| is_cell(value)) {
            return Ok(Self::Fixed(Box::new(fixed)));
        }
        let (mut fills, mut problems) = (Vec::new(), Problems::new());
        for (key, value) in members() {
            if !is_cell(value) {
                fills.push((key.clone(), Fill::Literal(value.clone())));
                continue;
            }
            match context.templates.compile_value(value) {
                Ok(fill) => fills.push((key.clone(), fill)),
                Err(found) => problems.extend(under(found, key)),
            }
        }
        if problems.is_empty() { Ok(Self::OfCells(fills)) } else { Err(problems) }
    }

    fn fill(&self, document: &Value, context: &Apply<'_>) -> Result<Filled, StepError> {
        let fills = match self {
            Self::Fixed(row) => {
                let (blank, told) = (Vec::new(), Vec::new());
                return Ok(Filled { row: (**row).clone(), blank, all: false, told });
            }
            Self::OfCells(fills) => fills,
        };
        let (mut members, mut blank, mut told) = (Map::new(), Vec::new(), Vec::new());
        for (key, fill) in fills {
            let value = context.templates.fill(fill, document, context.facts, None, Blank::Leave);
            match value.map_err(|error| StepError::failed(format!("{key}: {error}")))? {
                Some(value) => {
                    told.extend(made_without(&format!("`{key}`"), &fill.blank_cells(context.facts)));
                    members.insert(key.clone(), value);
                }
                None => blank.push(key.clone()),
            }
        }
        let all = members.is_empty();
        let row = row(Keys::new(&Value::Object(members)));
        let row = row.map_err(|problem| StepError::failed(problem.in_one_line()))?;
        Ok(Filled { row, blank, all, told })
    }
}

fn target(keys: Keys<'_>) -> Result<Target, Problems> {
    let target = keys.text("target").map_err(|problem| vec![problem])?;
    let list = keys.maybe_text("list").map_err(|problem| vec![problem])?;
    Target::parse(target, list)
}

/// Refuses a text that is neither a path of a mapping nor a JSON path. Templates are left to the service.
fn readable(text: &str) -> Result<(), Problem> {
    let is_json_path = text.starts_with('$') && json_path::parse(text).is_some();
    if text.is_empty() || text.contains("{{") || is_json_path || extract::parse(text).is_some() {
        return Ok(());
    }
    let problem = Problem::new(format!("`{text}` is not a path of a field"));
    Err(problem.help("write `customer.email`, and odd names as `customer[\"e.mail\"]`"))
}

/// What a row shall say.
fn row(keys: Keys<'_>) -> Result<Row, Problem> {
    let get = |key: &str| keys.get(key).cloned();
    if let Some(Value::String(source)) = keys.get("source") {
        readable(source).map_err(|problem| problem.under("source"))?;
    }
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
    if keys.get("status").is_some_and(Value::is_null) {
        let problem =
            Problem::new("no row can be without a `status`: Mapper 2.0 requires one, Mapper 1.0 has none");
        return Err(problem.help("write `Active` or `Draft`, or leave the key out").under("status"));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Facts, Program, StepSpec};

    fn facts(rate: &str) -> Facts {
        Facts { row: [("rate".to_owned(), rate.to_owned())].into(), ..Facts::default() }
    }

    fn price() -> Value {
        json!({ "name": "x", "adaptorType": "HTTPImport", "http": {},
            "mapping": { "fields": [{ "extract": "p", "generate": "price" }], "lists": [] } })
    }

    #[test]
    fn cells_of_the_manifest_have_the_type_they_are_given() {
        let set = json!({ "target": "price", "set": { "default": "{{ row.rate | float }}", "source": "{{record.rate}}" } });
        let program = Program::compile(vec![StepSpec::new("edit_mapping", set)]).unwrap();
        let done = program.apply(price(), &facts("1.50")).unwrap().document;
        let row = &done["mapping"]["fields"][0];
        assert_eq!(row["default"].to_string(), "1.50");
        assert_eq!(row["extract"], "{{record.rate}}", "a template of the service stays");
        let wrong = program.apply(price(), &facts("cheap")).unwrap_err().to_string();
        assert!(wrong.contains("default") && wrong.contains("cheap"), "{wrong}");
    }

    #[test]
    fn what_is_no_path_is_refused_where_it_stands() {
        let told = |key: &str, value: Value| -> Vec<String> {
            let problems = Program::compile(vec![StepSpec::new(key, value)]).err().unwrap_or_default();
            problems.iter().map(|one| one.problem.path.join(" ")).collect()
        };
        for source in ["a..b", "a[", ".a", "a.", "$.a[", "a['b"] {
            let found = told("add_mapping", json!({ "target": "x", "source": source }));
            assert_eq!(found, ["add_mapping source"], "{source}");
            let found = told("edit_mapping", json!({ "target": "x", "set": { "source": source } }));
            assert_eq!(found, ["edit_mapping set source"], "{source}");
        }
        assert_eq!(told("add_mapping", json!({ "target": "a..b", "source": "x" })), ["add_mapping target"]);
        for source in [
            "a.b",
            "$",
            "$.a[*].b",
            "$.a[?(@.b==1)].c",
            "$..b",
            "*.a",
            "['a.b']",
            "Billing City",
            "{{record.a}}",
            "a[0]",
        ] {
            let none: [String; 0] = [];
            assert_eq!(told("add_mapping", json!({ "target": "x", "source": source })), none, "{source}");
        }
    }

    #[test]
    fn a_blank_cell_leaves_the_row_as_it_was() {
        let set = json!({ "target": "price", "set": { "default": "{{ row.rate }}" } });
        let program = Program::compile(vec![StepSpec::new("edit_mapping", set)]).unwrap();
        assert_eq!(program.apply(price(), &facts(" ")).unwrap().document, price());
        assert_eq!(program.notes().len(), 1);
        let add = json!({ "target": "tax", "hard_coded": "{{ row.rate }}" });
        let program = Program::compile(vec![StepSpec::new("add_mapping", add)]).unwrap();
        let done = program.apply(price(), &facts("")).unwrap();
        assert_eq!((done.document, done.warnings.len()), (price(), 1));
        let done = program.apply(price(), &facts("19")).unwrap().document;
        assert_eq!(done["mapping"]["fields"][1]["hardCodedValue"], "19");
    }
}
