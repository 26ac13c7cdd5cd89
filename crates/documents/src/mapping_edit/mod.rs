//! `add_mapping`, `edit_mapping`, `remove_mapping` and the lookups, in both mapping models.
//!
//! Promises: a row is found by its target, never by its place in a list; keys that are not named stay; what the import's
//! mapping model cannot say is an error that names the import, and the document is then as it was. No I/O.

mod lookups;
mod mapper1;
mod mapper2;
mod row;

use serde_json::{Map, Value};

pub use self::lookups::edit_lookup;

/// Where a row stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The target field, as a path; in Mapper 2.0 through the parents, as `lines.sku` or `lines[*].sku`.
    pub target: String,
    /// `list`: the list it is in; for a subrecord the way there: `item.celigo_inventorydetail.inventoryassignment`.
    pub list: Option<String>,
}

/// What a row shall say. Nothing: as it is. `Some(Null)`: taken away.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// `source`: a field, JSON path or template; written the way the model has it.
    pub source: Option<Value>,
    /// `hard_coded`: a literal; takes the place of a source.
    pub hard_coded: Option<Value>,
    /// `default`.
    pub default: Option<Value>,
    /// `lookup`: the name of a lookup of the import; null detaches.
    pub lookup: Option<Value>,
    /// `data_type`.
    pub data_type: Option<Value>,
    /// `source_data_type` (Mapper 2.0).
    pub source_data_type: Option<Value>,
    /// `when`: the condition; null removes it.
    pub when: Option<Value>,
    /// `when_lookup`: the lookup a condition asks (Mapper 1.0).
    pub when_lookup: Option<Value>,
    /// `extract_date_format`.
    pub extract_date_format: Option<Value>,
    /// `extract_date_timezone`.
    pub extract_date_timezone: Option<Value>,
    /// `generate_date_format`.
    pub generate_date_format: Option<Value>,
    /// `generate_date_timezone`.
    pub generate_date_timezone: Option<Value>,
    /// `description` (Mapper 2.0).
    pub description: Option<Value>,
    /// `status` (Mapper 2.0): Active or Draft.
    pub status: Option<Value>,
    /// `internal_id` (Mapper 1.0).
    pub internal_id: Option<Value>,
    /// `immutable` (Mapper 1.0).
    pub immutable: Option<Value>,
    /// `discard_if_empty` (Mapper 1.0).
    pub discard_if_empty: Option<Value>,
    /// `is_key` (Mapper 1.0).
    pub is_key: Option<Value>,
}

/// A change to the mapping.
#[derive(Debug, Clone, PartialEq)]
pub enum MappingEdit {
    /// A row that is not there yet.
    Add(Target, Row),
    /// A row that is there.
    Edit(Target, Row),
    /// Takes a row away, and what is in it.
    Remove(Target),
}

/// A change to the lookups, made alike in every copy the document holds.
#[derive(Debug, Clone, PartialEq)]
pub enum LookupEdit {
    /// A lookup that is not there yet; it has a `name`.
    Add(Map<String, Value>),
    /// Keys of a lookup; null takes one away.
    Edit {
        /// Its name.
        name: String,
        /// Keys beside `map`.
        set: Map<String, Value>,
        /// Entries of `map`; null takes one away.
        map: Map<String, Value>,
    },
    /// Takes a lookup away that no row uses.
    Remove {
        /// Its name.
        name: String,
    },
}

/// Why an import's mapping or lookups could not be changed; the document is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("import `{import}`: {problem}")]
pub struct EditError {
    /// The import's name.
    pub import: String,
    /// What is wrong and what to do about it.
    pub problem: String,
}

impl EditError {
    fn of(document: &Value, problem: String) -> Self {
        let import = document.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { import, problem }
    }
}

/// The mapping model an import uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    One,
    Two,
}

/// Changes the mapping; answers what a person should look at.
///
/// # Errors
///
/// The row is missing, or there already; the model cannot say it; a lookup is not there.
pub fn edit_mapping(document: &mut Value, edit: &MappingEdit) -> Result<Vec<String>, EditError> {
    apply(document, edit).map_err(|problem| EditError::of(document, problem))
}

fn apply(document: &mut Value, edit: &MappingEdit) -> Result<Vec<String>, String> {
    let (MappingEdit::Add(target, _) | MappingEdit::Edit(target, _) | MappingEdit::Remove(target)) = edit;
    if target.target.is_empty() {
        return Err("a row is named by its target: give one".to_owned());
    }
    if let MappingEdit::Add(_, row) | MappingEdit::Edit(_, row) = edit {
        attachable(document, row)?;
    }
    let model = model(document)?;
    let mut warnings = Vec::new();
    if model == Model::Two && has_rows(document.get("mapping")) {
        warnings.push("it has both mapping models; the change is made in Mapper 2.0, which wins".to_owned());
    }
    let (holder, key) = match model {
        Model::Two => ("", "mappings"),
        Model::One if document.get("netsuite_da").is_some_and(Value::is_object) => {
            ("/netsuite_da", "mapping")
        }
        Model::One => ("", "mapping"),
    };
    let holder = document.pointer_mut(holder).ok_or("it is not an object")?;
    let before = holder.get(key).cloned();
    let done = match model {
        Model::One => mapper1::apply(holder, edit, &mut warnings),
        Model::Two => mapper2::apply(holder, edit, &mut warnings),
    };
    if let (Err(_), Some(keys)) = (&done, holder.as_object_mut()) {
        match before {
            Some(before) => keys.insert(key.to_owned(), before),
            None => keys.shift_remove(key),
        };
    }
    done.map(|()| warnings)
}

/// Whether the lookups a row is to use are there.
fn attachable(document: &Value, row: &Row) -> Result<(), String> {
    let wanted = [("lookup", &row.lookup), ("when_lookup", &row.when_lookup)];
    for (key, lookup) in wanted {
        let Some(lookup) = lookup.as_ref().filter(|l| !l.is_null()) else { continue };
        if !lookup.as_str().is_some_and(|name| lookups::names(document).contains(name)) {
            return Err(format!("{key}: it has no lookup {lookup}: add the lookup first"));
        }
    }
    Ok(())
}

fn has_rows(mapping: Option<&Value>) -> bool {
    let some = |key: &str| {
        mapping.and_then(|m| m.get(key)).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    };
    some("fields") || some("lists")
}

/// Which model an import uses, or is to use when it maps nothing yet.
fn model(document: &Value) -> Result<Model, String> {
    let adaptor = document.get("adaptorType").and_then(Value::as_str).unwrap_or_default();
    let has = |key: &str| document.get(key).is_some_and(Value::is_object);
    if matches!(adaptor, "AiAgentImport" | "GuardrailImport") || has("aiAgent") || has("guardrail") {
        return Err("an agent or guardrail has no mapping".to_owned());
    }
    if document.get("mappings").and_then(Value::as_array).is_some_and(|m| !m.is_empty()) {
        return Ok(Model::Two);
    }
    let only_one = ["netsuite_da", "netsuite", "salesforce", "wrapper"].iter().any(|key| has(key));
    let one_by_name = matches!(
        adaptor,
        "NetSuiteDistributedImport" | "NetSuiteImport" | "SalesforceImport" | "WrapperImport"
    );
    let one = only_one || one_by_name || has_rows(document.get("mapping"));
    Ok(if one { Model::One } else { Model::Two })
}
