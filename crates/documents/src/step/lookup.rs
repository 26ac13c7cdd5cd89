//! `add_lookup`, `edit_lookup`, `remove_lookup`, made alike in every copy the import holds.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::doubts::unfilled;
use super::{Apply, Compile, Keys, Missing, Step, StepError, StepKind, Warnings};
use crate::mapping_edit::{LookupEdit, edit_lookup};
use crate::pointer::Pointer;
use crate::problem::{Problem, Problems};

/// `edit_lookup: { name, map, map_file, default, allow_failures, set }`.
#[derive(Debug)]
pub(crate) struct EditLookup(LookupEdit);

/// `add_lookup: { name, map, map_file, default, allow_failures, set }`.
#[derive(Debug)]
pub(crate) struct AddLookup(LookupEdit);

/// `remove_lookup: { name }`.
#[derive(Debug)]
pub(crate) struct RemoveLookup(LookupEdit);

impl Step for EditLookup {
    const KIND: StepKind = StepKind::new("edit_lookup", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        let name = name(keys)?;
        braces(keys, context);
        let Content { set, map } = content(keys)?;
        if map.is_empty() && set.is_empty() {
            let problem = Problem::new("`edit_lookup` changes nothing");
            return Err(vec![
                problem.help(
                    of_blanks(keys).unwrap_or("add one of map, map_file, default, allow_failures, set"),
                ),
            ]);
        }
        Ok(Self(LookupEdit::Edit { name, set, map }))
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        edit_lookup(document, &self.0)
    }
}

impl Step for AddLookup {
    const KIND: StepKind = StepKind::new("add_lookup", None);

    fn compile(keys: Keys<'_>, context: &mut Compile<'_>) -> Result<Self, Problems> {
        braces(keys, context);
        let mut lookup = Map::new();
        lookup.insert("name".to_owned(), Value::from(name(keys)?));
        let Content { set, map } = content(keys)?;
        if map.is_empty() && keys.get("set").is_none() {
            let problem = Problem::new("`add_lookup` does not say what is looked up");
            let otherwise = "add `map` or `map_file`, or `set` for one that asks the target";
            return Err(vec![problem.help(of_blanks(keys).unwrap_or(otherwise))]);
        }
        let given = |(_, value): &(String, Value)| !value.is_null();
        lookup.extend(set.into_iter().filter(given));
        let map: Map<_, _> = map.into_iter().filter(given).collect();
        if !map.is_empty() {
            lookup.insert("map".to_owned(), Value::Object(map));
        }
        Ok(Self(LookupEdit::Add(lookup)))
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        edit_lookup(document, &self.0)
    }
}

impl Step for RemoveLookup {
    const KIND: StepKind = StepKind::new("remove_lookup", Some(Missing::Skip));

    fn compile(keys: Keys<'_>, _: &mut Compile<'_>) -> Result<Self, Problems> {
        Ok(Self(LookupEdit::Remove { name: name(keys)? }))
    }

    fn apply(&self, document: &mut Value, _: &Apply<'_>) -> Result<Warnings, StepError> {
        edit_lookup(document, &self.0)
    }
}

/// A lookup beside its name.
struct Content {
    set: Map<String, Value>,
    map: Map<String, Value>,
}

/// Warns of braces in what a lookup answers, and of those of the job anywhere in it: nothing is filled in.
fn braces(keys: Keys<'_>, context: &mut Compile<'_>) {
    let help = "the texts of `set`, the step, are filled in";
    for key in ["default", "map", "set"] {
        let Some(value) = keys.get(key) else { continue };
        let place = if key == "set" { Pointer::parse("/lookups/0").ok() } else { None };
        unfilled(value, place.as_ref(), &[key], help, &mut context.warnings);
    }
}

fn name(keys: Keys<'_>) -> Result<String, Problems> {
    keys.text("name").map(str::to_owned).map_err(|problem| vec![problem])
}

/// What to write where a table is given that says nothing.
fn of_blanks(keys: Keys<'_>) -> Option<&'static str> {
    let is_given = keys.get("map_file").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty());
    is_given
        .then_some("fill in a cell of the column `to` in `map_file`: a blank one leaves its value as it is")
}

fn content(keys: Keys<'_>) -> Result<Content, Problems> {
    let mut problems = Vec::new();
    let mut set = Map::new();
    for (ours, theirs) in [("default", "default"), ("allow_failures", "allowFailures")] {
        if let Some(value) = keys.get(ours) {
            set.insert(theirs.to_owned(), value.clone());
        }
    }
    for (key, value) in keys.entries("set").map_err(|problem| vec![problem])? {
        let own = match key.as_str() {
            "name" => Some("a lookup keeps its name: rows refer to it by that"),
            "map" => Some("`map` stands beside `set`"),
            "default" => Some("`default` stands beside `set`"),
            "allowFailures" => Some("`allow_failures` stands beside `set`"),
            _ => None,
        };
        if let Some(help) = own {
            let problem = Problem::new(format!("`{key}` does not stand in `set`")).help(help);
            problems.push(problem.with_key(key).under("set"));
        }
        set.insert(key.clone(), value.clone());
    }
    let mut map = Map::new();
    for (key, value) in keys.entries("map").map_err(|problem| vec![problem])? {
        map.insert(key.clone(), value.clone());
    }
    let rows = keys.get("map_file").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let Err(found) = file(rows, &mut map) {
        problems.extend(found);
    }
    if problems.is_empty() { Ok(Content { set, map }) } else { Err(problems) }
}

/// Adds the rows `{ from, to }` of `map_file` to the entries of `map`. A blank `to` does not change the entry.
fn file(rows: &[Value], map: &mut Map<String, Value>) -> Result<(), Problems> {
    let mut problems = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let keys = Keys::new(row);
        let cell = |key: &str| keys.get(key).and_then(Value::as_str).unwrap_or_default();
        let (from, to) = (cell("from"), cell("to"));
        if from.trim().is_empty() {
            if !to.trim().is_empty() {
                let problem = Problem::new("the row has no `from`").help("write the value that is looked up");
                problems.push(problem.under("from").under(index.to_string()).under("map_file"));
            }
            continue;
        }
        if let Some(first) = seen.get(from) {
            let first = vec!["map_file".to_owned(), first.to_string(), "from".to_owned()];
            let problem = Problem::new(format!("`{from}` is mapped twice")).help("keep one of the two rows");
            problems.push(problem.under("from").under(index.to_string()).under("map_file").repeats(first));
        } else if map.contains_key(from) {
            let problem = Problem::new(format!("`{from}` stands in `map`, and in `map_file` too"));
            problems.push(problem.help("keep one of the two").with_key(from).under("map"));
        } else {
            seen.insert(from, index);
            if !to.trim().is_empty() {
                map.insert(from.to_owned(), Value::from(to));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Facts, Program, StepSpec};

    #[test]
    fn blank_cells_of_a_table_change_nothing() {
        let document = json!({ "name": "x", "adaptorType": "HTTPImport",
            "http": { "lookups": [{ "name": "m", "map": { "A": "1", "B": "2" } }] } });
        let step = |rows: Value| {
            Program::compile(vec![StepSpec::new("edit_lookup", json!({ "name": "m", "map_file": rows }))])
        };
        let rows = json!([{ "from": "A", "to": "" }, { "from": "B", "to": "3" }, { "from": "", "to": " " }, { "from": "C", "to": " " }]);
        let done = step(rows).unwrap().apply(document, &Facts::default()).unwrap().document;
        assert_eq!(done["http"]["lookups"][0]["map"], json!({ "A": "1", "B": "3" }));
        let problems = step(json!([{ "from": " ", "to": "2" }])).unwrap_err();
        assert!(format!("{problems:?}").contains("the row has no `from`"), "{problems:?}");
    }

    #[test]
    fn a_map_that_is_none_is_told_instead_of_passed_over() {
        for (map, is_odd) in [
            (json!([{ "A": "1" }]), true),
            (json!("A"), true),
            (json!(3), true),
            (json!({}), false),
            (json!(null), false),
        ] {
            let document = json!({ "name": "x", "adaptorType": "HTTPImport",
                "http": { "lookups": [{ "name": "m", "map": map }] } });
            let edit = |keys: Value| {
                let program = Program::compile(vec![StepSpec::new("edit_lookup", keys)]).unwrap();
                program.apply(document.clone(), &Facts::default())
            };
            let done = edit(json!({ "name": "m", "map": { "B": "2" } }));
            assert_eq!(done.is_err(), is_odd, "{map}");
            if let Err(error) = done {
                assert!(error.to_string().contains("/http/lookups/0 is "), "{error}");
            }
            let set = edit(json!({ "name": "m", "default": "x" })).unwrap();
            assert_eq!(set.document["http"]["lookups"][0]["default"], "x");
        }
    }
}
