//! `upgrade_mapper`: Mapper 1.0 becomes Mapper 2.0, losslessly or not at all.
//!
//! Promises: the new mapping is written as the product's own editor writes it (section 9.2 of the API reference), and an
//! import is only changed when both mappings, read each for itself, make the same of a record; whatever stands in the way
//! is listed, all of it, and the import is then as it was. What is not known to mean the same in both models (templates,
//! grouped rows, `json`) counts as standing in the way. No I/O.

mod forth;
mod of_the_record;
mod reading;

use serde_json::Value;

use crate::output::Output;
use crate::schema::{Mapper, Model, adaptor_with_block, has_rows};

/// What becomes of a row that names no data type, where the type matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Untyped {
    /// Mapper 2.0 would need one to be set: the import is not changed.
    #[default]
    Leave,
    /// It becomes a text.
    String,
}

/// More reasons than this are counted.
const LISTED: usize = 5;

/// The result for an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upgrade {
    /// It has a Mapper 2.0 mapping now.
    Done,
    /// It has no Mapper 1.0 mapping.
    NothingToDo,
    /// It stays on Mapper 1.0; why.
    Left(String),
}

/// Upgrades the import's mapping.
pub fn upgrade(document: &mut Value, untyped: Untyped) -> Upgrade {
    let Some(old) = document.get("mapping").filter(|mapping| has_rows(Model::One, mapping)) else {
        return in_block(document);
    };
    let mut reasons = obstacles(document);
    let table = Output::of(document) == Output::Table;
    // Every cell of a file is a text; what a database is given keeps its type.
    let is_file = document.get("file").is_some_and(Value::is_object);
    let untyped = if table && is_file { Untyped::String } else { untyped };
    let made = forth::mappings(old, table, untyped, &mut reasons);
    if !reasons.is_empty() {
        return left(&reasons);
    }
    let made = Value::Array(made);
    if reading::agree(old, &made, table, untyped) != Some(true) {
        return left(&["the new mapping would not make the same of a record".to_owned()]);
    }
    if let Some(keys) = document.as_object_mut() {
        keys.insert("mappings".to_owned(), made);
        keys.shift_remove("mapping");
    }
    Upgrade::Done
}

fn left(reasons: &[String]) -> Upgrade {
    let mut text = format!("stays on Mapper 1.0: {}", reasons[..reasons.len().min(LISTED)].join("; "));
    if reasons.len() > LISTED {
        text.push_str(&format!("; and {} more", reasons.len() - LISTED));
    }
    Upgrade::Left(text)
}

/// An import without a mapping at the top may have one in its block.
fn in_block(document: &Value) -> Upgrade {
    let adaptor = adaptor_with_block(document).filter(|adaptor| adaptor.mapper == Mapper::OneInBlock);
    let mapping = |block: &&str| {
        document
            .get(*block)
            .and_then(|block| block.get("mapping"))
            .is_some_and(|mapping| has_rows(Model::One, mapping))
    };
    match adaptor.filter(|adaptor| adaptor.blocks.iter().any(mapping)) {
        Some(adaptor) => left(&[format!("{} has no Mapper 2.0", adaptor.name)]),
        None => Upgrade::NothingToDo,
    }
}

/// What stands in the way beside the rows.
fn obstacles(document: &Value) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(adaptor) = adaptor_with_block(document).filter(|adaptor| adaptor.mapper.is_one_only()) {
        reasons.push(format!("{} has no Mapper 2.0", adaptor.name));
    }
    if document.get("mappings").is_some_and(|mappings| has_rows(Model::Two, mappings)) {
        reasons.push("it has a Mapper 2.0 mapping already".to_owned());
    }
    let many = matches!(document.get("oneToMany"), Some(Value::Bool(true)))
        || document.get("oneToMany").and_then(Value::as_str) == Some("true")
        || document.get("pathToMany").and_then(Value::as_str).is_some_and(|path| !path.is_empty());
    if many {
        reasons.push("`oneToMany` changes what its sources begin at".to_owned());
    }
    match Output::of(document) {
        Output::File(kind) => {
            reasons.push(format!("how Mapper 2.0 wraps the rows of a file of type {kind} is not known"));
        }
        Output::Blob => reasons.push("it moves a file as it is".to_owned()),
        Output::Agent => reasons.push("an agent, a guardrail or a tool has no mapping".to_owned()),
        Output::Records if let Some(kind) = file_type(document) => {
            reasons.push(format!(
                "it sends records, as {kind}: whether Mapper 2.0 wraps their rows then is not known"
            ));
        }
        Output::Records | Output::Table | Output::Sql | Output::Document => {}
    }
    reasons
}

/// The type of file that an import makes of the records it sends, as far as it says: the feed of a marketplace does.
fn file_type(document: &Value) -> Option<&str> {
    let text =
        |pointer: &str| document.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let media = ["/http/requestMediaType", "/rest/requestMediaType"].into_iter().find_map(text);
    text("/file/type").or(media.filter(|media| matches!(*media, "csv" | "xlsx")))
}
