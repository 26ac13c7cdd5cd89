//! What an import makes of its records: which decides what a mapping means to it, and how its rows are wrapped.

use serde_json::Value;

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
    /// An agent or guardrail: it has no mapping.
    Agent,
}

/// Adaptors that write files, by their block.
const FILE_BLOCKS: [&str; 5] = ["ftp", "s3", "as2", "filesystem", "van"];

/// Adaptors whose file is told by the type alone.
const FILE_TYPES: [&str; 5] = ["FTPImport", "S3Import", "AS2Import", "FileSystemImport", "VANImport"];

impl Output {
    /// What this import makes of its records.
    pub(crate) fn of(document: &Value) -> Self {
        let adaptor = document.get("adaptorType").and_then(Value::as_str).unwrap_or_default();
        let has = |key: &str| document.get(key).is_some_and(Value::is_object);
        if matches!(adaptor, "AiAgentImport" | "GuardrailImport") || has("aiAgent") || has("guardrail") {
            return Self::Agent;
        }
        if is_blob(document) {
            return Self::Blob;
        }
        for block in ["rdbms", "jdbc"] {
            if has(block) {
                return if is_bulk(&document[block]) { Self::Table } else { Self::Sql };
            }
        }
        let template = |pointer: &str| document.pointer(pointer).is_some_and(is_filled);
        if ["/mongodb/document", "/mongodb/update", "/dynamodb/itemDocument"].into_iter().any(template) {
            return Self::Document;
        }
        let http_file = document.pointer("/http/type").and_then(Value::as_str) == Some("file");
        if !(http_file || FILE_TYPES.contains(&adaptor) || FILE_BLOCKS.iter().any(|block| has(block))) {
            return Self::Records;
        }
        match document.pointer("/file/type").and_then(Value::as_str) {
            Some("csv" | "xlsx") => Self::Table,
            Some(kind) => Self::File(kind.to_owned()),
            None => Self::File("unknown".to_owned()),
        }
    }
}

fn is_blob(document: &Value) -> bool {
    let flag = |value: &Value| value == &Value::Bool(true) || value.as_str() == Some("true");
    document.get("blobKeyPath").and_then(Value::as_str).is_some_and(|path| !path.trim().is_empty())
        || document.get("blob").is_some_and(flag)
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
        ] {
            assert_eq!(Output::of(&document), output, "{document}");
        }
    }
}
