//! Rows of Mapper 2.0: entries inside entries; lists and unnamed wrappers are passed through.

use serde_json::{Map, Value, json};

use super::target::{Step, is_text_of, name_of};
use super::{MappingEdit, Row, Target, row, source};
use crate::schema::{Model, is_empty_draft};
use crate::step_error::StepError;

/// What is done at a row: the list it is in, where, and the extracts of the helpers around it.
type AtRow<'f> = dyn FnMut(&mut Vec<Value>, usize, &[String]) -> Result<(), StepError> + 'f;

/// How the names of a target are held against those of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// One name, one level.
    Each,
    /// Several names with dots between them may be the name of one row: `size.unit`.
    Joined,
}

/// Makes the change in the import's Mapper 2.0 mapping; `table`: its rows become those of a table, whose columns have
/// names and no parents.
pub(super) fn apply(
    document: &mut Value,
    edit: &MappingEdit,
    table: bool,
    warnings: &mut Vec<String>,
) -> Result<(), StepError> {
    if document.get("mappings").is_none_or(Value::is_null) {
        document["mappings"] = json!([]);
    }
    let entries = document["mappings"].as_array_mut();
    let entries = entries.ok_or_else(|| StepError::failed("mappings is not a list"))?;
    let (MappingEdit::Add(target, ..) | MappingEdit::Edit(target, _) | MappingEdit::Remove(target)) = edit;
    let shown = target.shown();
    let mut count = 0;
    match edit {
        MappingEdit::Add(_, row, _) => {
            let is_column = table && target.list.is_empty() && target.is_of_names() && target.steps.len() > 1;
            let path = if is_column { target.literal() } else { target.path() };
            let name = path.last().and_then(name_of).unwrap_or(&target.text);
            let new = new_row(name, row)?;
            let mut there = None;
            visit_any(entries, target, &mut |list, at, context| {
                there.get_or_insert_with(|| (list[at].clone(), context.to_vec()));
                Ok(())
            })?;
            if let Some((there, context)) = there {
                return row::already(&shown, &there, &of_an_entry(new, &context), Model::Two);
            }
            if let Some(why) = target.never() {
                let message =
                    format!("`{shown}` {why}; a name that holds this stands in quotes, as `[\"x[0]\"]`");
                return Err(StepError::failed(message));
            }
            if table && entries.iter().all(is_empty_draft) {
                entries.clear();
                entries.push(wrapper());
            }
            return add(entries, &path, new, &mut Vec::new(), warnings);
        }
        MappingEdit::Edit(_, row) => visit_any(entries, target, &mut |list, at, context| {
            count += 1;
            let keys =
                list[at].as_object_mut().ok_or_else(|| StepError::failed("an entry is not an object"))?;
            let container = keys.contains_key("mappings") || keys.contains_key("buildArrayHelper");
            let why = if !container {
                without_helper(keys, row, &shown)?;
                None
            } else if row.source.is_some() || row.hard_coded.is_some() || row.lookup.is_some() {
                Some("it has no source of its own")
            } else if row.source_data_type.is_some() {
                Some("source_data_type cannot stand beside them")
            } else if row.data_type.is_some() {
                Some("its data type cannot change")
            } else {
                None
            };
            match why {
                Some(why) => Err(StepError::failed(format!("`{shown}` {}: {why}", held(keys)))),
                None => {
                    let mut row = row.clone();
                    if let Some(Value::String(text)) = &mut row.source {
                        *text = source::of_an_entry(text, context);
                    }
                    row::write(keys, &row, Model::Two)
                }
            }
        })?,
        MappingEdit::Remove(_) => visit_any(entries, target, &mut |list, at, _| {
            count += 1;
            list.remove(at);
            Ok(())
        })?,
    }
    match count {
        0 => {
            let why = target.never().map(|why| format!(": it {why}")).unwrap_or_default();
            return Err(StepError::not_applicable(format!("no row has the target `{shown}`{why}")));
        }
        1 => {}
        _ => warnings.push(format!("{count} rows have the target `{shown}`; all were changed")),
    }
    Ok(())
}

/// What a row consists of that has no source of its own.
fn held(keys: &Map<String, Value>) -> &'static str {
    let helpers = keys.get("buildArrayHelper").and_then(Value::as_array);
    let holds_rows = |helper: &Value| helper.get("mappings").is_some();
    if keys.contains_key("mappings") || helpers.is_none_or(|helpers| helpers.iter().any(holds_rows)) {
        "holds rows"
    } else {
        "takes its entries by `buildArrayHelper` (change that with `patch`)"
    }
}

/// Refuses what would make a list without a helper, which the service sends empty, or an object without rows.
fn without_helper(keys: &Map<String, Value>, row: &Row, shown: &str) -> Result<(), StepError> {
    let is_container = |kind: &str| kind.ends_with("array") || kind == "object";
    let old = keys.get("dataType").and_then(Value::as_str).unwrap_or_default();
    let new = row.data_type.as_ref().and_then(Value::as_str).unwrap_or(old);
    let is_read = keys.contains_key("extract") || keys.contains_key("hardCodedValue");
    let is_filled = [&row.source, &row.hard_coded].into_iter().flatten().any(|value| !value.is_null());
    if is_container(new) && (new != old || is_filled && !is_read) {
        let lacks = if new == "object" {
            "rows of its own"
        } else {
            "a helper (`buildArrayHelper`), without which the service sends it empty"
        };
        return Err(StepError::failed(format!("data_type: `{shown}` as `{new}` needs {lacks}: use patch")));
    }
    Ok(())
}

/// The unnamed entry in which the columns of a table stand (section 9.2 of the API reference).
pub(super) fn wrapper() -> Value {
    json!({ "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": "$", "sourceDataType": "object", "mappings": [] }] })
}

fn new_row(name: &str, row: &Row) -> Result<Value, StepError> {
    let mut keys = Map::new();
    keys.insert("generate".to_owned(), Value::from(name));
    keys.insert("dataType".to_owned(), Value::from("string"));
    row::write(&mut keys, row, Model::Two)?;
    if !keys.contains_key("extract") && !keys.contains_key("hardCodedValue") && row.lookup.is_none() {
        return Err(StepError::failed(format!("`{name}` needs a source, a hard-coded value or a lookup")));
    }
    let data_type = keys.get("dataType").and_then(Value::as_str).unwrap_or_default();
    if data_type.contains("array") || data_type == "object" {
        let lacks = if data_type == "object" { "rows" } else { "a helper (`buildArrayHelper`)" };
        let message = format!("data_type: a new row of `{data_type}` needs {lacks} of its own: use patch");
        return Err(StepError::failed(message));
    }
    keys.entry("sourceDataType").or_insert_with(|| Value::from("string"));
    keys.entry("status").or_insert_with(|| Value::from("Active"));
    Ok(Value::Object(keys))
}

/// A new row with its source as it is written inside of those helpers.
fn of_an_entry(mut new: Value, context: &[String]) -> Value {
    if let Some(Value::String(text)) = new.get_mut("extract")
        && text.starts_with('$')
    {
        *text = source::of_an_entry(text, context);
    }
    new
}

fn name(entry: &Value) -> &str {
    entry.get("generate").and_then(Value::as_str).unwrap_or_default()
}

/// Calls `f` with the list and index of every row of the target: first taking its names level by level, then, where no
/// row has them so, as names that hold dots. A path that holds anything but names is the name of a row first.
fn visit_any(entries: &mut Vec<Value>, target: &Target, f: &mut AtRow<'_>) -> Result<(), StepError> {
    let (path, literal) = (target.path(), target.literal());
    // What has brackets of its own, as the column `Weight [kg]`, may be read as a path and be none.
    let mut ways = [(&path, Names::Each), (&path, Names::Joined), (&literal, Names::Each)];
    if !target.is_of_names() {
        ways.rotate_right(1);
    }
    for (path, names) in ways {
        let mut met = false;
        visit(entries, path, names, &mut Vec::new(), &mut |list, at, context| {
            met = true;
            f(list, at, context)
        })?;
        if met {
            break;
        }
    }
    Ok(())
}

/// `context` are the extracts of the helpers that the entries stand in.
fn visit(
    entries: &mut Vec<Value>,
    path: &[Step],
    names: Names,
    context: &mut Vec<String>,
    f: &mut AtRow<'_>,
) -> Result<(), StepError> {
    let most = match names {
        Names::Each => path.len().min(1),
        Names::Joined => path.len(),
    };
    let mut at = 0;
    while at < entries.len() {
        let before = entries.len();
        let own = name(&entries[at]);
        let taken = (1..=most).find(|taken| match names {
            Names::Each => name_of(&path[0]) == Some(own),
            Names::Joined => is_text_of(own, &path[..*taken]),
        });
        let rest = match taken {
            _ if own.is_empty() => Some(path),
            Some(taken) if taken == path.len() => {
                f(entries, at, context)?;
                None
            }
            Some(taken) => Some(&path[taken..]),
            None => None,
        };
        if let Some(rest) = rest.map(|rest| of_its_entries(&entries[at], rest)) {
            each_inside(&mut entries[at], context, &mut |inner, context| {
                visit(inner, rest, names, context, f)
            })?;
        }
        at += usize::from(entries.len() == before);
    }
    Ok(())
}

/// A path inside of an entry without the `[*]` that says that the entry is a list.
fn of_its_entries<'p>(entry: &Value, path: &'p [Step]) -> &'p [Step] {
    match path.split_first() {
        Some((first, rest)) if first.is_each() && is_list(entry) => rest,
        _ => path,
    }
}

fn is_list(entry: &Value) -> bool {
    let kind = entry.get("dataType").and_then(Value::as_str).unwrap_or_default();
    let helpers = entry.get("buildArrayHelper").and_then(Value::as_array);
    kind.ends_with("array") || helpers.is_some_and(|helpers| !helpers.is_empty())
}

/// The lists of entries an entry holds.
fn each_inside(
    entry: &mut Value,
    context: &mut Vec<String>,
    f: &mut dyn FnMut(&mut Vec<Value>, &mut Vec<String>) -> Result<(), StepError>,
) -> Result<(), StepError> {
    if let Some(inner) = entry.get_mut("mappings").and_then(Value::as_array_mut) {
        f(inner, context)?;
    }
    for helper in entry.get_mut("buildArrayHelper").and_then(Value::as_array_mut).into_iter().flatten() {
        let depth = context.len();
        context.extend(list_of(helper));
        if let Some(inner) = helper.get_mut("mappings").and_then(Value::as_array_mut) {
            f(inner, context)?;
        }
        context.truncate(depth);
    }
    Ok(())
}

/// The extract of a helper.
fn list_of(helper: &Value) -> Option<String> {
    helper.get("extract").and_then(Value::as_str).map(str::to_owned)
}

/// Adds a row below its parents; those that are missing become objects, but for what is named as a list.
fn add(
    entries: &mut Vec<Value>,
    path: &[Step],
    new: Value,
    context: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> Result<(), StepError> {
    // The rows of a table stand in one unnamed wrapper.
    if let [only] = entries.as_mut_slice()
        && name(only).is_empty()
        && (only.get("buildArrayHelper").is_some() || only.get("mappings").is_some())
    {
        let path = of_its_entries(only, path);
        return add(inside(only, "", context, warnings)?, path, new, context, warnings);
    }
    let no_list = |of: &str| StepError::failed(format!("{of} no list: write it without `[*]`"));
    let Some((first, rest)) = path.split_first() else { return Ok(()) };
    let Some(first_name) = name_of(first) else { return Err(no_list("what it maps is")) };
    if rest.is_empty() {
        entries.push(of_an_entry(new, context));
        return Ok(());
    }
    let is_each = rest.first().is_some_and(Step::is_each);
    let at = match entries.iter().position(|e| name(e) == first_name) {
        Some(at) if is_each && !is_list(&entries[at]) => return Err(no_list(&format!("`{first_name}` is"))),
        Some(at) => at,
        None if first.of_list || is_each => {
            let message = format!("it has no list `{first_name}`, and a new one needs a source: use patch");
            return Err(StepError::failed(message));
        }
        None => {
            entries.push(
                json!({ "generate": first_name, "dataType": "object", "status": "Active", "mappings": [] }),
            );
            entries.len() - 1
        }
    };
    let rest = of_its_entries(&entries[at], rest);
    let rows = inside(&mut entries[at], first_name, context, warnings)?;
    add(rows, rest, new, context, warnings)
}

/// The list of entries a new row goes into.
fn inside<'v>(
    entry: &'v mut Value,
    shown: &str,
    context: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> Result<&'v mut Vec<Value>, StepError> {
    let named = if shown.is_empty() {
        "the entry without a name around its rows".to_owned()
    } else {
        format!("`{shown}`")
    };
    let refuse = || {
        StepError::failed(format!(
            "{named} is no object or list of objects, and holds no rows: remove it first"
        ))
    };
    if entry.get("dataType").and_then(Value::as_str) == Some("object") && entry.get("extract").is_none() {
        let Some(keys) = entry.as_object_mut() else { return Err(refuse()) };
        return keys.entry("mappings").or_insert_with(|| json!([])).as_array_mut().ok_or_else(refuse);
    }
    let helpers = entry.get_mut("buildArrayHelper").and_then(Value::as_array_mut).ok_or_else(refuse)?;
    let holds = |h: &Value| h.get("mappings").is_some_and(Value::is_array);
    if helpers.iter().filter(|h| holds(h)).count() > 1 {
        warnings.push(format!("{named} is built of several parts; the row was added to the first"));
    }
    let first = helpers.iter_mut().find(|h| holds(h)).ok_or_else(refuse)?;
    context.extend(list_of(first));
    first.get_mut("mappings").and_then(Value::as_array_mut).ok_or_else(refuse)
}
