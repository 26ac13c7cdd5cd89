//! What an import makes of its records: which decides what a mapping means to it, and how its rows are wrapped.

use serde_json::Value;

use crate::schema::{Writes, adaptor_with_block};

/// What an import makes of its records (sections 7.1 and 9.2 of the API reference).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    /// It sends them, each or a page at a time.
    Records,
    /// They become the rows of a table: a csv or xlsx file, or a bulk load into a database.
    Table,
    /// They become a file of another type.
    File(String),
    /// It moves a file as it is: a mapping means nothing to it.
    Blob,
    /// It fills them into SQL of its own.
    Sql,
    /// It fills them into a document template of its own.
    Document,
    /// An agent, a guardrail or a tool: it has no mapping.
    Agent,
}

impl Output {
    /// What this import makes of its records.
    pub(crate) fn of(document: &Value) -> Self {
        let adaptor = adaptor_with_block(document);
        let writes = adaptor.map_or(Writes::Records, |adaptor| adaptor.writes);
        if writes == Writes::Nothing {
            return Self::Agent;
        }
        if is_blob(document) {
            return Self::Blob;
        }
        let blocks =
            || adaptor.into_iter().flat_map(|adaptor| adaptor.blocks).filter_map(|key| document.get(*key));
        match writes {
            Writes::Rows if blocks().any(is_bulk) => return Self::Table,
            Writes::Rows => return Self::Sql,
            Writes::Documents(templates) => {
                let filled =
                    |block: &Value| templates.iter().any(|key| block.get(*key).is_some_and(is_filled));
                return if blocks().any(filled) { Self::Document } else { Self::Records };
            }
            Writes::Records if !blocks().any(is_of_files) => return Self::Records,
            Writes::Records | Writes::Files | Writes::Nothing => {}
        }
        match document.pointer("/file/type").and_then(Value::as_str) {
            Some("csv" | "xlsx") => Self::Table,
            Some(kind) => Self::File(kind.to_owned()),
            None => Self::File("unknown".to_owned()),
        }
    }
}

/// An HTTP import that uploads files.
fn is_of_files(block: &Value) -> bool {
    block.get("type").and_then(Value::as_str) == Some("file")
}

fn is_blob(document: &Value) -> bool {
    let flag = |value: &Value| value == &Value::Bool(true) || value.as_str() == Some("true");
    document.get("blobKeyPath").and_then(Value::as_str).is_some_and(|path| !path.trim().is_empty())
        || document.get("blob").is_some_and(flag)
        || document.get("inputMode").and_then(Value::as_str) == Some("blob")
        || document.pointer("/http/body").is_some_and(|body| {
            let texts = body.as_array().map_or(std::slice::from_ref(body), Vec::as_slice);
            texts.iter().filter_map(Value::as_str).any(|text| text.contains("{{blob}}"))
        })
}

/// Whether a database takes its rows in bulk, without SQL of the import's own.
fn is_bulk(block: &Value) -> bool {
    let kinds = block
        .get("queryType")
        .map_or(&[][..], |kinds| kinds.as_array().map_or(std::slice::from_ref(kinds), Vec::as_slice));
    let mut words = kinds.iter().filter_map(Value::as_str).map(str::to_lowercase);
    words.any(|word| matches!(word.as_str(), "bulk_insert" | "bulk_load" | "bulk insert" | "copy"))
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(entries) => entries.iter().any(is_filled),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_becomes_of_the_records_follows_from_the_blocks() {
        let file = |kind: &str| json!({ "adaptorType": "FTPImport", "ftp": {}, "file": { "type": kind } });
        for (document, output) in [
            (json!({ "adaptorType": "HTTPImport", "http": {} }), Output::Records),
            (json!({ "adaptorType": "SalesforceImport", "salesforce": {} }), Output::Records),
            (file("csv"), Output::Table),
            (file("xlsx"), Output::Table),
            (file("json"), Output::File("json".to_owned())),
            (json!({ "ftp": {} }), Output::File("unknown".to_owned())),
            (json!({ "http": { "type": "file" }, "file": { "type": "csv" } }), Output::Table),
            (json!({ "adaptorType": "VANImport", "file": { "type": "csv" } }), Output::Table),
            (json!({ "ftp": {}, "blobKeyPath": "key", "file": { "type": "csv" } }), Output::Blob),
            (json!({ "http": { "body": ["[{\"value\": \"{{blob}}\"}]"] } }), Output::Blob),
            (json!({ "http": {}, "blob": "true" }), Output::Blob),
            (json!({ "http": {}, "inputMode": "blob" }), Output::Blob),
            (json!({ "http": {}, "inputMode": "records" }), Output::Records),
            (json!({ "rdbms": { "queryType": ["bulk_insert"] } }), Output::Table),
            (json!({ "rdbms": { "queryType": "BULK INSERT" } }), Output::Table),
            (json!({ "jdbc": { "queryType": ["bulk_load"] } }), Output::Table),
            (json!({ "rdbms": { "queryType": ["per_record"], "query": ["x"] } }), Output::Sql),
            (json!({ "rdbms": { "queryType": ["INSERT"] } }), Output::Sql),
            (json!({ "mongodb": { "document": "{{record.x}}" } }), Output::Document),
            (json!({ "mongodb": { "document": "" } }), Output::Records),
            (json!({ "dynamodb": { "itemDocument": "{}" } }), Output::Document),
            (json!({ "adaptorType": "GuardrailImport" }), Output::Agent),
            (json!({ "aiAgent": {} }), Output::Agent),
            (json!({ "adaptorType": "ToolImport", "tool": {} }), Output::Agent),
            (json!({ "adaptorType": "HTTPImport", "http": {}, "as2": {} }), Output::Records),
            (json!({ "adaptorType": "NewImport", "rdbms": { "queryType": ["per_record"] } }), Output::Sql),
        ] {
            assert_eq!(Output::of(&document), output, "{document}");
        }
    }
}
