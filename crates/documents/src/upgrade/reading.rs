//! What a mapping makes of a record, read separately in each model: the check of an upgrade.
//!
//! Nothing here is shared with the way forth. A record is made up that holds a value at every source; each mapping is
//! applied to it as the reference describes its model; and what comes out has to be the same. Besides, the new mapping
//! has to keep the rules of section 9.2 of the API reference, which every document of the service keeps.

use serde_json::{Map, Value, json};

use super::Untyped;

/// Keys that say something of a cell beside its value, the same in both models.
const SAID: [&str; 5] =
    ["lookupName", "extractDateFormat", "extractDateTimezone", "generateDateFormat", "generateDateTimezone"];

/// Whether both mappings make the same of the same record; `None` for what cannot be read.
pub(super) fn agree(old: &Value, new: &Value, table: bool, untyped: Untyped) -> Option<bool> {
    let mut record = json!({});
    for row in rows(old, "fields").chain(rows(old, "lists").flat_map(|list| rows(list, "fields"))) {
        if let Some(steps) = row.get("extract").and_then(Value::as_str).and_then(steps_one) {
            let many =
                row.get("dataType").and_then(Value::as_str).is_some_and(|word| word.ends_with("array"));
            plant(&mut record, &steps, "", many);
        }
    }
    let before = one(old, &record, table, untyped)?;
    let after = if table { wrapped(new, &record)? } else { two(new, &record, None)? };
    Some(before == after)
}

fn rows<'v>(holder: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    holder.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A step of a source path: into a key, or through each entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Each,
}

/// The steps of a Mapper 1.0 source; `None` for a template.
fn steps_one(text: &str) -> Option<Vec<Step>> {
    if text.is_empty() || text.contains("{{") {
        return None;
    }
    let mut steps = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '.' => take(&mut word, &mut steps),
            '[' => {
                take(&mut word, &mut steps);
                let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                let inside = inside.trim_matches(['\'', '"']);
                steps.push(if inside == "*" { Step::Each } else { Step::Key(inside.to_owned()) });
            }
            c => word.push(c),
        }
    }
    take(&mut word, &mut steps);
    Some(steps)
}

fn take(word: &mut String, steps: &mut Vec<Step>) {
    if !word.is_empty() {
        steps.push(Step::Key(std::mem::take(word)));
    }
}

/// Puts a value at the end of the steps that no other place of the record holds.
fn plant(at: &mut Value, steps: &[Step], way: &str, many: bool) {
    match steps.split_first() {
        None if at.is_null() => {
            *at = if many { json!([format!("{way} 1"), format!("{way} 2")]) } else { json!(way) };
        }
        None => {}
        Some((Step::Key(key), rest)) => {
            if !at.is_object() {
                *at = json!({});
            }
            plant(&mut at[key.as_str()], rest, &format!("{way}/{key}"), many);
        }
        Some((Step::Each, rest)) => {
            if !at.is_array() {
                *at = json!([null, null]);
            }
            for (index, entry) in at.as_array_mut().into_iter().flatten().enumerate() {
                plant(entry, rest, &format!("{way}/{index}"), many);
            }
        }
    }
}

/// What Mapper 1.0 makes of the record.
fn one(mapping: &Value, record: &Value, table: bool, untyped: Untyped) -> Option<Value> {
    let mut made = json!({});
    for row in rows(mapping, "fields") {
        put(&mut made, row.get("generate")?.as_str()?, table, cell_one(row, record, None, untyped)?);
    }
    for list in rows(mapping, "lists") {
        // The list has an item for each entry of the source's list that its rows go through.
        let sources = || rows(list, "fields").filter_map(|row| row.get("extract")?.as_str());
        let mut through = sources().filter_map(steps_one);
        let steps = through.find(|steps| steps.contains(&Step::Each))?;
        let head = steps.split(|step| *step == Step::Each).next()?;
        let count = walk(record, head)?.as_array()?.len();
        let mut items = Vec::new();
        for index in 0..count {
            let mut item = json!({});
            for row in rows(list, "fields") {
                let cell = cell_one(row, record, Some(index), untyped)?;
                put(&mut item, row.get("generate")?.as_str()?, false, cell);
            }
            items.push(item);
        }
        put(&mut made, list.get("generate")?.as_str()?, false, Value::Array(items));
    }
    Some(if table { json!([made]) } else { made })
}

fn cell_one(row: &Value, record: &Value, index: Option<usize>, untyped: Untyped) -> Option<Value> {
    let mut cell = said(row)?;
    let literal = row.get("hardCodedValue").filter(|literal| !literal.is_null());
    let mut kind = (untyped == Untyped::String).then_some("string");
    if let Some(literal) = literal {
        kind = Some(match literal {
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            _ => "string",
        });
        let text = literal.as_str().map_or_else(|| literal.to_string(), str::to_owned);
        cell.insert("literal".to_owned(), Value::from(text));
    } else if let Some(text) = row.get("extract").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        match steps_one(text) {
            None => cell.insert("template".to_owned(), Value::from(text)),
            Some(steps) => {
                let value = match steps.iter().position(|step| *step == Step::Each) {
                    None => walk(record, &steps)?,
                    Some(at) => walk(walk(record, &steps[..at])?.get(index?)?, &steps[at + 1..])?,
                };
                cell.insert("value".to_owned(), value.clone())
            }
        };
    }
    let kind = row.get("dataType").and_then(Value::as_str).or(kind)?;
    cell.insert("type".to_owned(), Value::from(kind));
    Some(Value::Object(cell))
}

fn walk<'v>(from: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(from, |at, step| match step {
        Step::Key(key) => at.get(key),
        Step::Each => None,
    })
}

/// What a row says of its cell, whatever its model.
fn said(row: &Value) -> Option<Map<String, Value>> {
    let keys = row.as_object()?;
    let mut cell = Map::new();
    if let Some(default) = keys.get("default") {
        cell.insert("default".to_owned(), default.clone());
    }
    for key in SAID {
        if let Some(text) = keys.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) {
            cell.insert(key.to_owned(), Value::from(text));
        }
    }
    let when = keys.get("conditional").and_then(|condition| condition.get("when")).and_then(Value::as_str);
    if let Some(when) = when.filter(|when| !when.is_empty()) {
        cell.insert("when".to_owned(), Value::from(when));
    }
    Some(cell)
}

/// Puts a cell where its target says: through objects, or in a column of that name.
fn put(made: &mut Value, target: &str, column: bool, cell: Value) {
    let names: Vec<&str> = if column { vec![target] } else { target.split('.').collect() };
    let mut at = made;
    for name in names {
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[name];
    }
    *at = cell;
}

/// What the one unnamed entry makes of the record, in which the columns of a table stand.
fn wrapped(entries: &Value, record: &Value) -> Option<Value> {
    let [wrapper] = entries.as_array()?.as_slice() else { return None };
    let keys = wrapper.as_object()?;
    let bare = !keys.contains_key("generate") && !keys.contains_key("extract");
    (bare && !keys.contains_key("sourceDataType") && keys.get("dataType")? == "objectarray").then_some(())?;
    let [helper] = keys.get("buildArrayHelper")?.as_array()?.as_slice() else { return None };
    (helper.get("extract")? == "$").then_some(())?;
    Some(json!([two(helper.get("mappings")?, record, None)?]))
}

/// Where the rows of a helper stand: the keys that lead to its list, and the entry it is at.
type Inside<'v> = Option<(Vec<String>, &'v Value)>;

/// What Mapper 2.0 makes of the record; `None` where an entry breaks a rule.
fn two(entries: &Value, record: &Value, inside: Inside<'_>) -> Option<Value> {
    let mut made = Map::new();
    for entry in entries.as_array()? {
        let keys = entry.as_object()?;
        let name = keys.get("generate")?.as_str().filter(|name| !name.is_empty())?;
        let holds = keys.contains_key("mappings") || keys.contains_key("buildArrayHelper");
        let beside = keys.contains_key("extract") || keys.contains_key("sourceDataType");
        (!(holds && beside) && keys.get("status")? == "Active").then_some(())?;
        let kind = keys.get("dataType")?.as_str()?;
        let value = match kind {
            "object" => two(keys.get("mappings")?, record, inside.clone())?,
            "objectarray" => {
                let helper = only_helper(keys)?;
                let way = helper.get("extract")?.as_str()?.strip_suffix("[*]")?;
                let way = steps_two(way)?;
                let entries = follow(record, &way, &inside)?.as_array()?;
                let rows = helper.get("mappings")?;
                let item = |entry| two(rows, record, Some((way.clone(), entry)));
                Value::Array(entries.iter().map(item).collect::<Option<_>>()?)
            }
            "stringarray" | "numberarray" | "booleanarray" => {
                let helper = only_helper(keys)?;
                let mut cell = said(entry)?;
                let way = steps_two(helper.get("extract")?.as_str()?)?;
                (helper.get("sourceDataType")? == kind).then_some(())?;
                cell.insert("value".to_owned(), follow(record, &way, &inside)?.clone());
                cell.insert("type".to_owned(), Value::from(kind));
                Value::Object(cell)
            }
            "string" | "number" | "boolean" => cell_two(entry, kind, record, &inside)?,
            _ => return None,
        };
        made.insert(name.to_owned(), value).is_none().then_some(())?;
    }
    Some(Value::Object(made))
}

fn only_helper(keys: &Map<String, Value>) -> Option<&Value> {
    match keys.get("buildArrayHelper")?.as_array()?.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

fn cell_two(entry: &Value, kind: &str, record: &Value, inside: &Inside<'_>) -> Option<Value> {
    let mut cell = said(entry)?;
    if let Some(literal) = entry.get("hardCodedValue") {
        cell.insert("literal".to_owned(), literal.clone());
    }
    match entry.get("extract").and_then(Value::as_str) {
        None => {}
        Some(path) if path.starts_with('$') => {
            cell.insert("value".to_owned(), follow(record, &steps_two(path)?, inside)?.clone());
        }
        Some(template) if template.contains("{{") => {
            cell.insert("template".to_owned(), Value::from(template));
        }
        Some(literal) => {
            cell.insert("literal".to_owned(), Value::from(literal));
        }
    }
    cell.insert("type".to_owned(), Value::from(kind));
    Some(Value::Object(cell))
}

/// The keys of a JSON path: `$.a["b c"].d`.
fn steps_two(path: &str) -> Option<Vec<String>> {
    let mut rest = path.strip_prefix('$')?;
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let (key, after) = match rest.strip_prefix("[\"") {
            Some(quoted) => quoted.split_once("\"]")?,
            None => {
                let plain = rest.strip_prefix('.')?;
                plain.split_at(plain.find(['.', '[']).unwrap_or(plain.len()))
            }
        };
        keys.push(key.to_owned());
        rest = after;
    }
    Some(keys)
}

/// What stands at the end of the keys. Inside of a helper its list is the entry it is at.
fn follow<'v>(record: &'v Value, keys: &[String], inside: &Inside<'v>) -> Option<&'v Value> {
    match inside {
        Some((way, entry)) if keys.starts_with(way) => {
            keys[way.len()..].iter().try_fold(*entry, |at, key| at.get(key))
        }
        _ => keys.iter().try_fold(record, |at, key| at.get(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &Value, new: &Value) -> Option<bool> {
        agree(&json!({ "fields": old, "lists": [] }), new, false, Untyped::Leave)
    }

    #[test]
    fn an_entry_that_the_service_would_read_otherwise_does_not_agree() {
        let old = json!([{ "extract": "a.b", "generate": "x.y", "dataType": "string" }]);
        let row = |extract: &str| {
            json!([{ "generate": "x", "dataType": "object", "status": "Active", "mappings": [
                { "generate": "y", "dataType": "string", "extract": extract, "status": "Active" }] }])
        };
        assert_eq!(check(&old, &row("$.a.b")), Some(true));
        assert_eq!(check(&old, &row("$[\"a\"].b")), Some(true));
        assert_eq!(check(&old, &row("a.b")), Some(false), "a literal");
        assert_eq!(check(&old, &row("$[\"a.b\"]")), None, "no such field");
        let flat =
            json!([{ "generate": "x.y", "dataType": "string", "extract": "$.a.b", "status": "Active" }]);
        assert_eq!(check(&old, &flat), Some(false), "one name with a dot");
    }

    #[test]
    fn an_array_without_a_helper_is_not_read() {
        let old = json!([{ "extract": "a", "generate": "x", "dataType": "stringarray" }]);
        let entry = |more: Value| {
            let mut entry = json!({ "generate": "x", "dataType": "stringarray", "status": "Active" });
            entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!([entry])
        };
        let helper = json!([{ "extract": "$.a", "sourceDataType": "stringarray" }]);
        assert_eq!(check(&old, &entry(json!({ "buildArrayHelper": helper }))), Some(true));
        assert_eq!(check(&old, &entry(json!({ "extract": "$.a", "sourceDataType": "string" }))), None);
        assert_eq!(check(&old, &entry(json!({ "extract": "$.a", "buildArrayHelper": helper }))), None);
    }

    #[test]
    fn the_rows_of_a_list_are_those_of_its_entries() {
        let old = json!({ "fields": [], "lists": [{ "generate": "l", "fields": [
            { "extract": "i[*].s", "generate": "s", "dataType": "string" },
            { "extract": "o", "generate": "o", "dataType": "string" }] }] });
        let new = |list: &str, sku: &str| {
            json!([{ "generate": "l", "dataType": "objectarray", "status": "Active", "buildArrayHelper": [
                { "extract": list, "mappings": [
                    { "generate": "s", "dataType": "string", "extract": sku, "status": "Active" },
                    { "generate": "o", "dataType": "string", "extract": "$.o", "status": "Active" }] }] }])
        };
        let agrees = |new: &Value| agree(&old, new, false, Untyped::Leave);
        assert_eq!(agrees(&new("$.i[*]", "$.i.s")), Some(true));
        assert_eq!(agrees(&new("$.i[*]", "$.s")), None);
        assert_eq!(agrees(&new("$.i", "$.i.s")), None);
    }

    #[test]
    fn a_table_has_one_wrapper_without_a_name() {
        let old = json!({ "fields": [{ "extract": "a", "generate": "A", "dataType": "string" }] });
        let wrapper = |more: Value| {
            let mut wrapper = json!({ "dataType": "objectarray", "buildArrayHelper": [{ "extract": "$", "mappings": [
                { "generate": "A", "dataType": "string", "extract": "$.a", "status": "Active" }] }] });
            wrapper.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!([wrapper])
        };
        let agrees = |new: &Value| agree(&old, new, true, Untyped::Leave);
        assert_eq!(agrees(&wrapper(json!({}))), Some(true));
        assert_eq!(agrees(&wrapper(json!({ "generate": "" }))), None);
        assert_eq!(agrees(&wrapper(json!({}))[0]["buildArrayHelper"][0]["mappings"]), None);
    }
}
