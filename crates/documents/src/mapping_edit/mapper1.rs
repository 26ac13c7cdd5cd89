//! Rows of Mapper 1.0: body fields, sublists, subrecords.

use serde_json::{Map, Value, json};

use super::target::{self, Part, Step, is_same, is_text_of};
use super::{MappingEdit, Row, Target, row};
use crate::schema::Model;
use crate::step_error::StepError;

/// Makes the change in the `mapping` of its holder: the document, or its `netsuite_da` block.
pub(super) fn apply(
    holder: &mut Value,
    edit: &MappingEdit,
    warnings: &mut Vec<String>,
) -> Result<(), StepError> {
    let mapping = mapping(holder)?;
    match edit {
        MappingEdit::Add(target, row, _) => add(mapping, target, row),
        MappingEdit::Edit(target, row) => {
            let mut count = 0;
            for (rows, found) in find(mapping, target)? {
                count += found.len();
                for at in found {
                    let Some(keys) = rows[at].as_object_mut() else { continue };
                    let whole = keys.contains_key("subRecordMapping");
                    if whole && (row.source.is_some() || row.hard_coded.is_some() || row.lookup.is_some()) {
                        let message =
                            format!("`{}` is a subrecord: it has no source of its own", target.shown());
                        return Err(StepError::failed(message));
                    }
                    row::write(keys, row, Model::One)?;
                }
            }
            several(target, count, warnings);
            Ok(())
        }
        MappingEdit::Remove(target) => {
            let mut count = 0;
            for (rows, found) in find(mapping, target)? {
                count += found.len();
                for at in found.iter().rev() {
                    rows.remove(*at);
                }
            }
            several(target, count, warnings);
            Ok(())
        }
    }
}

fn several(target: &Target, count: usize, warnings: &mut Vec<String>) {
    if count > 1 {
        warnings.push(format!("{count} rows have the target `{}`; all were changed", target.shown()));
    }
}

/// The mapping of the import, made if it is not there.
fn mapping(holder: &mut Value) -> Result<&mut Map<String, Value>, StepError> {
    if holder.get("mapping").is_none_or(Value::is_null) {
        holder["mapping"] = json!({ "fields": [], "lists": [] });
    }
    holder["mapping"].as_object_mut().ok_or_else(|| StepError::failed("its mapping is not an object"))
}

fn add(mapping: &mut Map<String, Value>, target: &Target, row: &Row) -> Result<(), StepError> {
    let shown = target.shown();
    if row.source.is_none() && row.hard_coded.is_none() && row.lookup.is_none() && row.default.is_none() {
        return Err(StepError::failed(format!("`{shown}` needs a source, a hard-coded value or a lookup")));
    }
    let mut keys = Map::new();
    row::write(&mut keys, row, Model::One)?;
    keys.insert("generate".to_owned(), Value::from(target.text.clone()));
    let new = Value::Object(keys);
    if let Ok(there) = find(mapping, target) {
        let rows = there.iter().flat_map(|(rows, found)| found.iter().map(|at| &rows[*at]));
        let mut said = rows.map(|row| row::already(&shown, row, &new, Model::One)).collect::<Vec<_>>();
        let same = said.iter().position(Result::is_ok).unwrap_or(0);
        return said.swap_remove(same);
    }
    let fields = if target.list.is_empty() {
        array(mapping, "fields")?
    } else {
        let list = &target.list;
        let no_list = || StepError::failed(format!("it has no list `{}`", target::written(list)));
        if rows_of(mapping, list).is_empty() {
            let name = new_list(list).ok_or_else(no_list)?;
            array(mapping, "lists")?.push(json!({ "generate": name, "fields": [] }));
        }
        let mut lists = rows_of(mapping, list);
        if lists.len() > 1 {
            lists.retain(|rows| rows.iter().any(|row| is_of_one_list(row, &new)));
            if lists.len() != 1 {
                let message = format!(
                    "it has several lists `{}`, and the source does not say which of them the row belongs to; use patch",
                    target::written(list)
                );
                return Err(StepError::failed(message));
            }
        }
        lists.pop().ok_or_else(no_list)?
    };
    fields.push(new);
    Ok(())
}

/// What a new list is called: one name, and the positions behind it. `[*]` at its end says that it is a list.
fn new_list(list: &[Step]) -> Option<String> {
    let list = match list {
        [list @ .., last] if last.is_each() && !list.is_empty() => list,
        all => all,
    };
    match list.split_first()? {
        (Step { part: Part::Name(name), .. }, []) => Some(name.clone()),
        (Step { part: Part::Name(_), .. }, more) => {
            let positions = more.iter().all(|step| matches!(step.part, Part::Position(_) | Part::Each));
            positions.then(|| target::written(list))
        }
        _ => None,
    }
}

/// Whether two rows take their values of the entries of one list of the source.
fn is_of_one_list(one: &Value, other: &Value) -> bool {
    let list = |row: &Value| {
        let source = row.get("extract")?.as_str()?;
        source.rsplit_once("[*]").map(|(list, _)| target::read(list))
    };
    list(one).is_some_and(|known| list(other).is_some_and(|other| is_same(&known, &other)))
}

/// The rows of a list, and which of them are meant.
type Found<'m> = Vec<(&'m mut Vec<Value>, Vec<usize>)>;

/// The rows of that target, list by list: several lists may have one name. Without `list`, `item.quantity` may also mean a row
/// of a list.
fn find<'m>(mapping: &'m mut Map<String, Value>, target: &Target) -> Result<Found<'m>, StepError> {
    let steps = target.steps.as_slice();
    let mut places = vec![(target.list.as_slice(), steps, Some(target.text.as_str()))];
    if target.list.is_empty() {
        // A position, and `[*]`, belong to what they stand behind.
        let ends = (1..steps.len()).filter(|at| matches!(steps[*at].part, Part::Name(_) | Part::Star));
        places.extend(ends.map(|at| (&steps[..at], &steps[at..], None)));
    }
    for (list, rest, text) in places {
        let lists = rows_of(mapping, list);
        let that = |is_one: &dyn Fn(&Value) -> bool| -> Vec<Vec<usize>> {
            lists.iter().map(|rows| (0..rows.len()).filter(|at| is_one(&rows[*at])).collect()).collect()
        };
        // Beside a row `['size.unit']`, one of `size.unit` is another.
        let mut found = that(&|row| is_spelled(row, rest, text));
        if found.iter().all(Vec::is_empty) {
            found = that(&|row| is_named(row, rest));
        }
        if found.iter().any(|rows| !rows.is_empty()) {
            let lists = rows_of(mapping, list).into_iter().zip(found);
            return Ok(lists.filter(|(_, found)| !found.is_empty()).collect());
        }
    }
    let why = target.star().map(|why| format!(": it {why}")).unwrap_or_default();
    Err(StepError::not_applicable(format!("no row has the target `{}`{why}", target.shown())))
}

/// Whether a row fills that target: by its path, or by one name that holds dots.
fn is_named(row: &Value, wanted: &[Step]) -> bool {
    is_spelled(row, wanted, None) || (!generate(row).is_empty() && is_text_of(generate(row), wanted))
}

/// Whether a row fills that target by its text as it was written, or by its path.
fn is_spelled(row: &Value, wanted: &[Step], text: Option<&str>) -> bool {
    let generate = generate(row);
    !generate.is_empty() && (Some(generate) == text || is_same(&target::read(generate), wanted))
}

fn generate(row: &Value) -> &str {
    row.get("generate").and_then(Value::as_str).unwrap_or_default()
}

/// What `[*]` behind the name of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Each {
    /// Part of what the list is called.
    OfTheName,
    /// Its entries, as sources have it: `lines[*].sku` is a row of the list `lines`.
    Entries,
}

/// The rows of each list of a path, or at the end of a way through subrecords; those of the body where no list is named.
fn rows_of<'m>(mapping: &'m mut Map<String, Value>, list: &[Step]) -> Vec<&'m mut Vec<Value>> {
    let each =
        if rows_in(mapping, list, Each::OfTheName).is_empty() { Each::Entries } else { Each::OfTheName };
    rows_in(mapping, list, each)
}

fn rows_in<'m>(mapping: &'m mut Map<String, Value>, steps: &[Step], each: Each) -> Vec<&'m mut Vec<Value>> {
    if steps.is_empty() {
        return array(mapping, "fields").into_iter().collect();
    }
    let (mut found, mut in_body) = (Vec::new(), Vec::new());
    for (key, value) in mapping.iter_mut() {
        match (key.as_str(), value) {
            ("lists", Value::Array(lists)) => {
                for list in lists {
                    let Some(mut taken) = (1..=steps.len()).find(|taken| is_named(list, &steps[..*taken]))
                    else {
                        continue;
                    };
                    if each == Each::Entries && steps.get(taken).is_some_and(Step::is_each) {
                        taken += 1;
                    }
                    if list.get("fields").is_none_or(Value::is_null) {
                        list["fields"] = json!([]);
                    }
                    match list.get_mut("fields").and_then(Value::as_array_mut) {
                        Some(fields) if taken == steps.len() => found.push(fields),
                        Some(fields) => found.extend(in_subrecords(fields, &steps[taken..], each)),
                        None => {}
                    }
                }
            }
            ("fields", Value::Array(fields)) => in_body = in_subrecords(fields, steps, each),
            _ => {}
        }
    }
    found.extend(in_body);
    found
}

fn in_subrecords<'m>(fields: &'m mut [Value], steps: &[Step], each: Each) -> Vec<&'m mut Vec<Value>> {
    let mut found = Vec::new();
    for field in fields {
        let Some(taken) = (1..=steps.len()).find(|taken| is_named(field, &steps[..*taken])) else { continue };
        let sub = field.get_mut("subRecordMapping");
        if let Some(mapping) = sub.and_then(|sub| sub.get_mut("mapping")?.as_object_mut()) {
            found.extend(rows_in(mapping, &steps[taken..], each));
        }
    }
    found
}

fn array<'m>(mapping: &'m mut Map<String, Value>, key: &str) -> Result<&'m mut Vec<Value>, StepError> {
    let value = mapping.entry(key).or_insert_with(|| json!([]));
    if value.is_null() {
        *value = json!([]);
    }
    value.as_array_mut().ok_or_else(|| StepError::failed(format!("mapping.{key} is not a list")))
}
