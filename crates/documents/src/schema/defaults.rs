//! What the service does to a document by itself: which fields it manages, which values mean the same as none.

use serde_json::{Map, Value};

use super::adaptors::told_by_blocks;
use super::fields::Holds;
use super::walk::{holds_anywhere, is_closed, rows_of};

fn holds(block: &str, key: &str, wanted: Holds) -> bool {
    rows_of(block).iter().any(|row| {
        row.holds == wanted
            && row.at.strip_prefix(block).is_some_and(|rest| rest.trim_start_matches('.') == key)
    })
}

/// Whether the top-level field is managed by the service.
pub fn is_server_field(key: &str) -> bool {
    holds(key, "", Holds::Managed)
}

/// Whether the key holds captured data.
pub fn is_captured(key: &str) -> bool {
    holds(key, "", Holds::Captured)
}

/// Whether an added value under this key can only have been set by a person.
pub fn is_never_a_default(key: &str) -> bool {
    holds_anywhere(key).any(|holds| holds == Holds::Deliberate)
}

/// Where in a document a value stands, as far as it matters for defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// The document itself.
    Root,
    /// Within `http`.
    Http,
    /// Within `file`.
    File,
    /// Within `file.csv`.
    Csv,
    /// `netsuite_da`: its `operation` is lower-cased.
    NetSuite,
    /// `salesforce`: its `operation` and `api` are lower-cased.
    Salesforce,
    /// Within `s3`.
    S3,
    /// Within `dynamodb`.
    DynamoDb,
    /// Within `guardrail`.
    Guardrail,
    /// `aiAgent`, also in a guardrail.
    AiAgent,
    /// Within `aiAgent.openai`.
    OpenAi,
    /// Within `aiAgent.openai.output`.
    Output,
    /// A list of lookups and the entries in it.
    Lookup,
    /// `filter` or `responseTransform`.
    Envelope,
    /// Free-form JSON: no default is known in it.
    Free,
    /// Any other place of the document.
    Other,
}

impl Area {
    /// The area of what stands under `key`. Entries of an array are in the area of the array.
    #[must_use]
    pub fn enter(self, key: &str) -> Self {
        match (self, key) {
            (Self::Free, _) | (Self::Lookup, "map") | (Self::Envelope, "rules") => Self::Free,
            (Self::Root, "http") => Self::Http,
            (Self::Root, "file") => Self::File,
            (Self::Root, "netsuite_da") => Self::NetSuite,
            (Self::Root, "salesforce") => Self::Salesforce,
            (Self::Root, "s3") => Self::S3,
            (Self::Root, "dynamodb") => Self::DynamoDb,
            (Self::Root, "guardrail") => Self::Guardrail,
            (Self::Root | Self::Guardrail, "aiAgent") => Self::AiAgent,
            (Self::Root, "filter" | "responseTransform") => Self::Envelope,
            (Self::File, "csv") => Self::Csv,
            (Self::AiAgent, "openai") => Self::OpenAi,
            (Self::OpenAi, "output") => Self::Output,
            (_, "lookups") => Self::Lookup,
            _ if is_closed(key) => Self::Free,
            _ => Self::Other,
        }
    }
}

/// What has to be known of the whole document to tell a default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape {
    derived: Option<&'static str>,
}

impl Shape {
    /// Looks at which blocks a document has.
    pub fn of(document: &Value) -> Self {
        let derived = told_by_blocks(document).map(|adaptor| adaptor.name);
        Self { derived }
    }

    /// Whether a value under `key` means the same as no such key: `null`, an empty list or object, a documented
    /// default, or what the service writes there whatever it is sent.
    pub fn is_absent(self, area: Area, key: &str, value: &Value) -> bool {
        if self.is_server_owned(area, key) {
            return true;
        }
        let inner = area.enter(key);
        match value {
            Value::Null => true,
            Value::Bool(flag) => self.is_default_flag(area, key, *flag),
            Value::String(text) => self.is_default_text(area, key, text),
            Value::Number(number) => match (area, key) {
                (Area::Guardrail, "confidenceThreshold") => number.as_f64() == Some(0.7),
                (Area::OpenAi, "maxOutputTokens") => number.as_f64() == Some(5000.0),
                _ => false,
            },
            Value::Array(entries) => area != Area::Free && entries.is_empty(),
            Value::Object(members) => {
                area != Area::Free
                    && (members.is_empty()
                        || inner == Area::Envelope && self.is_unused_envelope(members)
                        || inner != Area::Free && self.is_hollow(inner, members))
            }
        }
    }

    /// Whether the service decides this value whatever it is sent.
    pub fn is_server_owned(self, area: Area, key: &str) -> bool {
        match area {
            Area::Root => is_server_field(key),
            Area::Http => holds("http", key, Holds::Catalogue),
            // Section 8: server-made in a lookup; in a subrecord mapping `_id` is a JSON path and is meant.
            Area::Lookup => key == "_id",
            _ => false,
        }
    }

    /// Whether every member of an object means absent, so that the object does too.
    ///
    /// A type of tool or hook is told by an object that may be empty, as `webSearch: {}`; those stand beside a
    /// `type`, so nothing is lost.
    fn is_hollow(self, area: Area, members: &Map<String, Value>) -> bool {
        members.iter().all(|(key, value)| self.is_absent(area, key, value))
    }

    /// Section 7.1: an unused filter reads back as `{type: "expression", expression: {version: "1"}, version: "1"}`.
    fn is_unused_envelope(self, members: &Map<String, Value>) -> bool {
        members.iter().all(|(key, value)| match (key.as_str(), value) {
            ("type", Value::String(text)) => text == "expression",
            ("version", Value::String(text)) => text == "1",
            ("rules", Value::Array(rules)) => rules.is_empty(),
            ("expression", Value::Object(inner)) => {
                inner.iter().all(|(key, value)| match (key.as_str(), value) {
                    ("version", Value::String(text)) => text == "1",
                    ("rules", Value::Array(rules)) => rules.is_empty(),
                    _ => value.is_null(),
                })
            }
            _ => self.is_absent(Area::Envelope, key, value),
        })
    }

    fn is_default_flag(self, area: Area, key: &str, flag: bool) -> bool {
        match (area, key, flag) {
            (Area::Http, "sendPostMappedData", flag) | (Area::Csv, "includeHeader", flag) => flag,
            (Area::Root, "distributed", true) => self.derived == Some("NetSuiteDistributedImport"),
            (Area::Free, ..) | (_, _, true) => false,
            (_, key, false) => holds_anywhere(key).any(|holds| holds == Holds::Flag),
        }
    }

    fn is_default_text(self, area: Area, key: &str, text: &str) -> bool {
        match (area, key) {
            (Area::Root, "oneToMany") => text == "false",
            (Area::Root, "adaptorType") => self.derived == Some(text),
            (Area::File, "encoding") => text == "utf8",
            (Area::Csv, "rowDelimiter") => text == "\n",
            (Area::Csv, "columnDelimiter") => text == ",",
            (Area::S3 | Area::DynamoDb, "region") => text.eq_ignore_ascii_case("us-east-1"),
            (Area::OpenAi, "serviceTier") => text == "default",
            (Area::Output, "verbose") => text == "medium",
            _ => false,
        }
    }
}

/// Whether the service lower-cases the text under this key (section 7.1).
pub fn is_lower_cased(area: Area, key: &str) -> bool {
    matches!(
        (area, key),
        (Area::NetSuite, "operation") | (Area::Salesforce, "operation" | "api") | (Area::S3, "region")
    )
}

/// The flag a text stands for: `oneToMany` is at times the text `"false"` (section 7).
pub fn flag_in_text(area: Area, key: &str, value: &Value) -> Option<bool> {
    match (area, key, value.as_str()?) {
        (Area::Root, "oneToMany", "false") => Some(false),
        (Area::Root, "oneToMany", "true") => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_false_that_turns_a_default_off_is_meant() {
        let shape = Shape::default();
        assert!(!shape.is_absent(Area::Http, "sendPostMappedData", &json!(false)));
        assert!(shape.is_absent(Area::Http, "sendPostMappedData", &json!(true)));
        assert!(!shape.is_absent(Area::Other, "hardCodedValue", &json!(false)));
        assert!(shape.is_absent(Area::Other, "internalId", &json!(false)));
    }

    #[test]
    fn an_unused_filter_means_absent_and_a_used_one_does_not() {
        let shape = Shape::default();
        let unused = json!({"type": "expression", "expression": {"version": "1"}, "version": "1"});
        assert!(shape.is_absent(Area::Root, "filter", &unused));
        let used = json!({"type": "expression", "expression": {"version": "1", "rules": ["equals", 1, 1]}});
        assert!(!shape.is_absent(Area::Root, "filter", &used));
        assert!(!shape.is_absent(
            Area::Root,
            "filter",
            &json!({"type": "script", "script": {"_scriptId": "x"}})
        ));
    }

    #[test]
    fn the_adaptor_type_is_known_only_where_the_block_tells() {
        let shape = Shape::of(&json!({"http": {}, "rest": {}}));
        assert!(!shape.is_absent(Area::Root, "adaptorType", &json!("RESTImport")));
        let shape = Shape::of(&json!({"ftp": {}, "file": {}}));
        assert!(shape.is_absent(Area::Root, "adaptorType", &json!("FTPImport")));
    }
}
