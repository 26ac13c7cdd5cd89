//! `add_mapping`, `edit_mapping`, `remove_mapping` and the lookups, in both mapping models.
//!
//! Promises: a row is found by its target, never by its place in a list; keys that are not named stay; an import without
//! a mapping, which passes its records through, gets none unasked; what the import's mapping model cannot say is an
//! error, and the document is then as it was. No I/O.

mod lookups;
mod mapper1;
mod mapper2;
mod meant;
mod named;
mod row;
mod source;
mod target;
mod uses;

use serde_json::{Map, Value};

pub use self::lookups::edit_lookup;
pub use self::target::Target;
use crate::output::Output;
use crate::schema::{self, Holds, Mapper, Model, Record, Syntax, adaptor_with_block, has_rows};
use crate::step_error::{StepError, Warnings};

/// What a row shall say. Nothing: as it is. `Some(Null)`: taken away.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// `source`: a field, JSON path or template; written the way the model has it.
    pub source: Option<Value>,
    /// `hard_coded`: a literal; takes the place of a source.
    pub hard_coded: Option<Value>,
    /// What `default` of the row becomes.
    pub default: Option<Value>,
    /// `lookup`: the name of a lookup of the import; null detaches.
    pub lookup: Option<Value>,
    /// What the data type of the row becomes.
    pub data_type: Option<Value>,
    /// `source_data_type` (Mapper 2.0).
    pub source_data_type: Option<Value>,
    /// `when`: the condition; null removes it.
    pub when: Option<Value>,
    /// `when_lookup`: the lookup a condition asks (Mapper 1.0).
    pub when_lookup: Option<Value>,
    /// What `extractDateFormat` of the row becomes.
    pub extract_date_format: Option<Value>,
    /// What `extractDateTimezone` of the row becomes.
    pub extract_date_timezone: Option<Value>,
    /// What `generateDateFormat` of the row becomes.
    pub generate_date_format: Option<Value>,
    /// What `generateDateTimezone` of the row becomes.
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
    Add(Target, Row, PassThrough),
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
        /// The lookup's name.
        name: String,
        /// Keys beside `map`.
        set: Map<String, Value>,
        /// Entries of `map`; null takes one away.
        map: Map<String, Value>,
    },
    /// Takes a lookup away that no row uses.
    Remove {
        /// The lookup's name.
        name: String,
    },
}

/// What becomes of an import without any mapping, which passes its records through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PassThrough {
    /// It keeps passing them through: a row is refused.
    #[default]
    Keep,
    /// It gets a mapping of the one row, and sends nothing else from then on.
    Replace,
}

/// Changes the mapping; answers what a person should look at. On an error the document is as it was.
///
/// # Errors
///
/// [`StepError::NotApplicable`] when there is no row to edit or remove. [`StepError::Failed`] when another row has the
/// target, the model cannot say it, a lookup is not there, or the import has no mapping that a row could be added to.
pub fn edit_mapping(document: &mut Value, edit: &MappingEdit) -> Result<Warnings, StepError> {
    let (MappingEdit::Add(target, ..) | MappingEdit::Edit(target, _) | MappingEdit::Remove(target)) = edit;
    let model = model(document);
    let was_active = mapping(document, model).is_some_and(|mapping| schema::is_active(model, mapping));
    if !was_active {
        match edit {
            MappingEdit::Add(_, _, PassThrough::Replace) => may_map(document)?,
            MappingEdit::Add(_, _, PassThrough::Keep) => return Err(no_mapping(document, model, target)),
            _ if is_mapped(document, model) => {}
            _ => return Err(StepError::not_applicable("it has no mapping")),
        }
    }
    if let MappingEdit::Add(_, row, _) | MappingEdit::Edit(_, row) = edit {
        attachable(document, row)?;
    }
    let mut warnings = Vec::new();
    if model == Model::Two && top_is_one(document) {
        warnings.push("it has both mapping models; the change is made in Mapper 2.0, which wins".to_owned());
    }
    let edit = &match model {
        Model::One => edit.clone(),
        Model::Two => with_path(edit, &document["mappings"], &mut warnings)?,
    };
    let table = Output::of(document) == Output::Table;
    let (pointer, key) = home(document, model);
    let holder = document.pointer_mut(&pointer).ok_or_else(|| StepError::failed("it is not an object"))?;
    let before = holder.get(key).cloned();
    let empty = before.as_ref().map_or(0, empty_lists);
    let done = match model {
        Model::One => mapper1::apply(holder, edit, &mut warnings),
        Model::Two => mapper2::apply(holder, edit, table, &mut warnings),
    };
    if let (Err(_), Some(keys)) = (&done, holder.as_object_mut()) {
        match before {
            Some(before) => keys.insert(key.to_owned(), before),
            None => keys.shift_remove(key),
        };
    }
    done?;
    let is_off =
        was_active && !mapping(document, model).is_some_and(|mapping| schema::is_active(model, mapping));
    if is_off {
        let active = if is_mapped(document, model) { "active " } else { "" };
        warnings.push(format!(
            "`{}` was the last {active}row of its mapping: without one it passes the whole record through",
            target.shown()
        ));
    }
    if matches!(edit, MappingEdit::Remove(_)) {
        warnings.extend(if is_mapped(document, model) { named::warning(document, target) } else { None });
        let after = document.pointer(&pointer).and_then(|holder| holder.get(key)).unwrap_or(&Value::Null);
        let is_emptied = || empty_lists(after) > empty;
        if !is_off && is_emptied() {
            warnings.push(format!(
                "`{}` was the last row of the list or object it stood in, which maps nothing now: add a row, or remove it too",
                target.shown()
            ));
        }
    }
    Ok(warnings)
}

/// The edit with its source as a path of Mapper 2.0.
fn with_path(
    edit: &MappingEdit,
    mappings: &Value,
    warnings: &mut Vec<String>,
) -> Result<MappingEdit, StepError> {
    let mut edit = edit.clone();
    if let MappingEdit::Add(_, row, _) | MappingEdit::Edit(_, row) = &mut edit
        && let Some(Value::String(text)) = &mut row.source
    {
        *text = source::spelled(text, mappings, warnings)?;
    }
    Ok(edit)
}

/// How many lists and objects of a mapping hold no rows.
fn empty_lists(value: &Value) -> usize {
    match value {
        Value::Array(entries) => entries.iter().map(empty_lists).sum(),
        Value::Object(members) => {
            let is_empty =
                |key: &str| members.get(key).is_some_and(|rows| rows.as_array().is_some_and(Vec::is_empty));
            // The body of a mapping of Mapper 1.0 may be empty beside its lists.
            let own = if members.contains_key("lists") {
                is_empty("fields") && is_empty("lists")
            } else {
                is_empty("fields") || is_empty("mappings")
            };
            usize::from(own) + members.values().map(empty_lists).sum::<usize>()
        }
        _ => 0,
    }
}

/// The object that holds the mapping, and its key there.
fn home(document: &Value, model: Model) -> (String, &'static str) {
    let key = match model {
        Model::Two => "mappings",
        Model::One => "mapping",
    };
    let in_block = adaptor_with_block(document)
        .filter(|adaptor| model == Model::One && adaptor.mapper == Mapper::OneInBlock)
        .and_then(|adaptor| {
            adaptor.blocks.iter().find(|block| document.get(**block).is_some_and(Value::is_object))
        });
    (in_block.map(|block| format!("/{block}")).unwrap_or_default(), key)
}

/// The mapping of that model.
fn mapping(document: &Value, model: Model) -> Option<&Value> {
    let (pointer, key) = home(document, model);
    document.pointer(&pointer)?.get(key)
}

/// Whether the mapping has rows, be they Drafts. The editor's empty Draft rows are none.
fn is_mapped(document: &Value, model: Model) -> bool {
    mapping(document, model).is_some_and(|mapping| has_rows(model, mapping))
}

/// Why a first row is not added unasked.
fn no_mapping(document: &Value, model: Model, target: &Target) -> StepError {
    if let Err(never) = may_map(document) {
        return never;
    }
    let has = if is_mapped(document, model) { "its mapping has only Drafts" } else { "it has no mapping" };
    StepError::failed(format!(
        "{has}: it passes the record through; a mapping would send `{}` only \
         (`pass_through: replace` adds the row all the same)",
        target.shown()
    ))
}

/// Whether an import without a mapping may be given one at all.
fn may_map(document: &Value) -> Result<(), StepError> {
    let reason = match Output::of(document) {
        Output::Agent => "an agent, a guardrail or a tool has no mapping",
        Output::Blob => "it has no mapping: it moves a file as it is, and a mapping means nothing to it",
        Output::Sql => "it has no mapping: its own SQL names the fields of the record",
        Output::Document => "it has no mapping: its own document template names the fields of the record",
        Output::Records | Output::File(_) => match body_template(document) {
            Some(at) => {
                return Err(StepError::failed(format!(
                    "it has no mapping: its own template {at} names the fields of the record, and would see the mapped record instead"
                )));
            }
            None => return Ok(()),
        },
        Output::Table => return Ok(()),
    };
    Err(StepError::failed(reason))
}

/// Where an import has a template of the body it sends, or of its file, that is filled from the record.
fn body_template(document: &Value) -> Option<String> {
    let mut found = None;
    schema::walk(document, &mut |field, pointer, value| {
        let is_body = matches!(field.holds, Holds::Names(Syntax::Template, Record::Body | Record::Mapped));
        if is_body && found.is_none() && is_filled_in(value) {
            found = Some(pointer.to_owned());
        }
    });
    found
}

fn is_filled_in(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(entries) => entries.iter().any(is_filled_in),
        _ => false,
    }
}

/// Whether the lookups a row is to use are there.
fn attachable(document: &Value, row: &Row) -> Result<(), StepError> {
    let wanted = [("lookup", &row.lookup), ("when_lookup", &row.when_lookup)];
    for (key, lookup) in wanted {
        let Some(lookup) = lookup.as_ref().filter(|l| !l.is_null()) else { continue };
        if !lookup.as_str().is_some_and(|name| lookups::has(document, name)) {
            return Err(StepError::failed(format!("{key}: it has no lookup {lookup}: add the lookup first")));
        }
    }
    Ok(())
}

/// Which model an import uses, or is to use when it maps nothing yet.
fn model(document: &Value) -> Model {
    if mapping(document, Model::Two).is_some_and(|mapping| schema::is_active(Model::Two, mapping)) {
        return Model::Two;
    }
    let only_one = adaptor_with_block(document).is_some_and(|adaptor| adaptor.mapper.is_one_only());
    if only_one || top_is_one(document) { Model::One } else { Model::Two }
}

/// Whether the mapping at the top is one of Mapper 1.0.
fn top_is_one(document: &Value) -> bool {
    document.get("mapping").is_some_and(|mapping| has_rows(Model::One, mapping))
}
