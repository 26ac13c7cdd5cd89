//! `upgrade_mapper`: Mapper 1.0 becomes Mapper 2.0, losslessly or not at all.
//!
//! Promises: an import is only changed when the new mapping, mapped back, says what the old one said; whatever stands in
//! the way is listed, all of it, and the import is then as it was. What is not known to mean the same in both models
//! (templates, grouped rows, `json`) counts as standing in the way. No I/O.

mod back;
mod forth;
mod path;

use serde_json::Value;

/// What becomes of a row that names no data type, where the type matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Untyped {
    /// Mapper 2.0 would have to be told one: the import stays as it is.
    #[default]
    Leave,
    /// It becomes a text.
    String,
}

/// More reasons than this are counted.
const LISTED: usize = 5;

/// Upgrades the import's mapping; answers why it could not be, and nothing when there is nothing to upgrade.
pub fn upgrade(document: &mut Value, untyped: Untyped) -> Vec<String> {
    let Some(old) = document.get("mapping").filter(|mapping| has_rows(mapping)) else {
        return netsuite(document);
    };
    let mut reasons = obstacles(document);
    let flat = is_flat(document);
    let untyped = if flat { Untyped::String } else { untyped };
    let made = forth::mappings(old, flat, untyped, &mut reasons);
    if !reasons.is_empty() {
        return vec![left(&reasons)];
    }
    let made = Value::Array(made);
    if back::mapping(&made, flat).as_ref() != Some(&back::canonical(old, untyped)) {
        return vec![left(&["mapped back it would not be the same".to_owned()])];
    }
    if let Some(keys) = document.as_object_mut() {
        keys.insert("mappings".to_owned(), made);
        keys.shift_remove("mapping");
    }
    Vec::new()
}

fn left(reasons: &[String]) -> String {
    let mut text = format!("stays on Mapper 1.0: {}", reasons[..reasons.len().min(LISTED)].join("; "));
    if reasons.len() > LISTED {
        text.push_str(&format!("; and {} more", reasons.len() - LISTED));
    }
    text
}

fn netsuite(document: &Value) -> Vec<String> {
    if document.pointer("/netsuite_da/mapping").is_some_and(has_rows) {
        vec![left(&["NetSuiteDistributedImport has no Mapper 2.0".to_owned()])]
    } else {
        Vec::new()
    }
}

fn has_rows(mapping: &Value) -> bool {
    let some = |key: &str| mapping.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    some("fields") || some("lists")
}

/// What stands in the way beside the rows.
fn obstacles(document: &Value) -> Vec<String> {
    let mut reasons = Vec::new();
    let has = |key: &str| document.get(key).is_some_and(Value::is_object);
    let adaptor = document.get("adaptorType").and_then(Value::as_str).unwrap_or_default();
    let only_one = [
        ("NetSuiteImport", "netsuite"),
        ("NetSuiteDistributedImport", "netsuite_da"),
        ("SalesforceImport", "salesforce"),
        ("WrapperImport", "wrapper"),
    ];
    if let Some((name, _)) = only_one.iter().find(|(name, block)| adaptor == *name || has(block)) {
        reasons.push(format!("{name} has no Mapper 2.0"));
    }
    if document.get("mappings").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty()) {
        reasons.push("it has a Mapper 2.0 mapping already".to_owned());
    }
    let many = matches!(document.get("oneToMany"), Some(Value::Bool(true)))
        || document.get("oneToMany").and_then(Value::as_str) == Some("true")
        || document.get("pathToMany").and_then(Value::as_str).is_some_and(|path| !path.is_empty());
    if many {
        reasons.push("`oneToMany` changes what its sources begin at".to_owned());
    }
    if let Some(kind) = file_type(document).filter(|_| !is_flat(document)) {
        reasons.push(format!("how Mapper 2.0 wraps the rows of a file of type {kind} is not known"));
    }
    reasons
}

fn file_type(document: &Value) -> Option<&str> {
    let is_file = document.pointer("/http/type").and_then(Value::as_str) == Some("file")
        || ["ftp", "s3", "as2", "filesystem"].iter().any(|block| document.get(*block).is_some());
    is_file.then(|| document.pointer("/file/type").and_then(Value::as_str).unwrap_or("unknown"))
}

/// Whether every value becomes a cell of a table, and so a text.
fn is_flat(document: &Value) -> bool {
    matches!(file_type(document), Some("csv" | "xlsx"))
}
