//! What the service fills in or spells its own way.

use serde_json::{Value, json};

use super::Document;
use crate::behaviour::{Behaviour, UnusedFilters};

/// Words the service keeps in lower case.
const LOWER_CASE: [(&str, &str); 4] =
    [("netsuite_da", "operation"), ("salesforce", "operation"), ("salesforce", "api"), ("s3", "region")];

/// Flags of a CSV file that are false unless set.
const CSV_FLAGS: [&str; 4] =
    ["wrapWithQuotes", "replaceTabWithSpace", "replaceNewlineWithSpace", "truncateLastRowDelimiter"];

/// Spells words of fixed sets in lower case; before validation.
pub(crate) fn lower_case(document: &mut Document) {
    for (block, key) in LOWER_CASE {
        if let Some(Value::String(word)) = document.get_mut(block).and_then(|block| block.get_mut(key))
            && word.bytes().any(|byte| byte.is_ascii_uppercase())
        {
            word.make_ascii_lowercase();
        }
    }
}

/// Keys of `http` that the service keeps as lists; a client may send one text.
const LISTS: [&str; 4] = ["method", "relativeURI", "body", "requestType"];

/// Makes a list of a single text where the service keeps lists; before validation.
pub(crate) fn make_lists(document: &mut Document) {
    let Some(Value::Object(http)) = document.get_mut("http") else { return };
    for key in LISTS {
        if let Some(value) = http.get_mut(key).filter(|value| value.is_string()) {
            *value = Value::Array(vec![value.take()]);
        }
    }
}

/// Fills in what the client left out; after validation.
pub(crate) fn fill(document: &mut Document, behaviour: &Behaviour) {
    let mut set = |block: &str, path: &[&str], value: Value| {
        if let Some(Value::Object(block)) = document.get_mut(block) {
            set_absent(block, path, value);
        }
    };
    set("http", &["sendPostMappedData"], json!(true));
    set("file", &["skipAggregation"], json!(false));
    set("file", &["encoding"], json!("utf8"));
    set("s3", &["region"], json!("us-east-1"));
    set("dynamodb", &["region"], json!("us-east-1"));
    set("guardrail", &["confidenceThreshold"], json!(0.7));
    set("netsuite_da", &["lookups"], json!([]));
    set("netsuite_da", &["mapping"], json!({ "fields": [], "lists": [] }));
    if let Some(Value::Object(openai)) = document.get_mut("aiAgent").and_then(|agent| agent.get_mut("openai"))
    {
        set_absent(openai, &["maxOutputTokens"], json!(5000));
        set_absent(openai, &["serviceTier"], json!("default"));
        set_absent(openai, &["output", "verbose"], json!("medium"));
    }
    csv(document);
    filters(document, behaviour.unused_filters);
}

fn csv(document: &mut Document) {
    let Some(Value::Object(file)) = document.get_mut("file") else { return };
    if file.get("type").and_then(Value::as_str) != Some("csv") && !file.contains_key("csv") {
        return;
    }
    let Value::Object(csv) = file.entry("csv").or_insert_with(|| json!({})) else { return };
    set_absent(csv, &["rowDelimiter"], json!("\n"));
    set_absent(csv, &["columnDelimiter"], json!(","));
    set_absent(csv, &["includeHeader"], json!(true));
    for flag in CSV_FLAGS {
        set_absent(csv, &[flag], json!(false));
    }
}

fn filters(document: &mut Document, when: UnusedFilters) {
    if when == UnusedFilters::Never {
        return;
    }
    for key in ["filter", "responseTransform"] {
        let unused = match document.get(key) {
            None => when == UnusedFilters::Always,
            Some(Value::Object(filter)) => filter.is_empty(),
            Some(Value::Null) => true,
            Some(_) => false,
        };
        if unused {
            let empty = json!({ "type": "expression", "expression": { "version": "1" }, "version": "1" });
            document.insert(key.into(), empty);
        }
    }
}

fn set_absent(map: &mut Document, path: &[&str], value: Value) {
    let Some((last, blocks)) = path.split_last() else { return };
    let mut at = map;
    for block in blocks {
        let Value::Object(inner) = at.entry(*block).or_insert_with(|| json!({})) else { return };
        at = inner;
    }
    at.entry(*last).or_insert(value);
}
