//! What the service does to a document by itself: which fields it manages, which values mean the same as none.

use super::adaptors::told_by;
use super::keys::class_of;
use crate::tree::{Seen, Tree};

/// Whether the top-level field is managed by the service.
pub fn is_server_field(key: &str) -> bool {
    class_of(key).is_managed
}

/// Whether the key holds captured data.
pub fn is_captured(key: &str) -> bool {
    class_of(key).is_captured
}

/// Whether an added value under this key can only have been set by a person.
pub fn is_never_a_default(key: &str) -> bool {
    class_of(key).is_deliberate
}

/// Whether only people fill in this key: then a value that all imports have is not a default either.
pub fn is_of_people(key: &str) -> bool {
    class_of(key).is_of_people
}

/// Where in a document a value stands, as far as it matters for defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// The top level of the document.
    Root,
    /// What stands directly under `http`.
    Http,
    /// What stands directly under `file`.
    File,
    /// What stands directly under `file.csv`.
    Csv,
    /// `netsuite_da`: its `operation` is lower-cased.
    NetSuite,
    /// `salesforce`: its `operation` and `api` are lower-cased.
    Salesforce,
    /// What stands directly under `s3`.
    S3,
    /// What stands directly under `dynamodb`.
    DynamoDb,
    /// What stands directly under `guardrail`.
    Guardrail,
    /// `aiAgent`, also in a guardrail.
    AiAgent,
    /// What stands directly under `aiAgent.openai`. Also in a guardrail.
    OpenAi,
    /// What stands directly under `aiAgent.openai.output`. Also in a guardrail.
    Output,
    /// A list of lookups and the entries in it.
    Lookup,
    /// What stands directly under `filter` or `responseTransform`.
    Envelope,
    /// Free-form JSON: no default is known in it.
    Free,
    /// Any other place of the document.
    Other,
}

impl Area {
    /// The area of the value of `key`. Entries of an array are in the area of the array.
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
            _ if class_of(key).is_closed => Self::Free,
            _ => Self::Other,
        }
    }
}

/// What has to be known of the whole document to tell a default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    derived: Option<&'static str>,
}

impl Shape {
    /// That of a document without blocks.
    pub(crate) const UNKNOWN: Self = Self { derived: None };

    /// Looks at which blocks of a document hold anything: one that means the same as absent tells of no adaptor, or it would
    /// matter whether it is there.
    pub fn of<T: Tree>(document: &T) -> Self {
        let Seen::Object(members) = document.seen() else { return Self::UNKNOWN };
        let holds_anything = |(key, value): &(&str, &T)| {
            matches!(value.seen(), Seen::Object(_)) && !Self::UNKNOWN.is_absent(Area::Root, key, *value)
        };
        Self::of_blocks(members.filter(holds_anything).map(|(key, _)| key))
    }

    /// The same, of the keys of its objects that hold anything.
    pub(crate) fn of_blocks<'b>(blocks: impl Iterator<Item = &'b str>) -> Self {
        Self { derived: told_by(blocks).map(|adaptor| adaptor.name) }
    }

    /// Whether a value under `key` means the same as no such key: `null`, an empty list or object, a documented
    /// default, or what the service writes there whatever it is sent. In free-form data every value is meant, `null` too.
    pub fn is_absent<T: Tree>(self, area: Area, key: &str, value: &T) -> bool {
        if self.is_server_owned(area, key) {
            return true;
        }
        match value.seen() {
            Seen::Null => area != Area::Free,
            Seen::Bool(flag) => self.is_default_flag(area, key, flag),
            Seen::Text(text) => self.is_default_text(area, key, text),
            Seen::Number(number) => match (area, key) {
                (Area::Guardrail, "confidenceThreshold") => number.as_f64() == Some(0.7),
                (Area::OpenAi, "maxOutputTokens") => number.as_f64() == Some(5000.0),
                _ => false,
            },
            Seen::List(entries) => area != Area::Free && entries.is_empty(),
            Seen::Object(members) => {
                let inner = area.enter(key);
                area != Area::Free
                    && (members.clone().next().is_none()
                        || inner == Area::Envelope && self.is_unused_envelope::<T>(members.clone())
                        || inner != Area::Free && self.is_hollow::<T>(inner, members))
            }
        }
    }

    /// Whether the service decides this value whatever it is sent.
    pub fn is_server_owned(self, area: Area, key: &str) -> bool {
        match area {
            Area::Root => is_server_field(key),
            Area::Http => class_of(key).is_of_the_catalogue,
            // Section 8: server-made in a lookup; in a subrecord mapping `_id` is a JSON path and is meant.
            Area::Lookup => key == "_id",
            _ => false,
        }
    }

    /// Whether every member of an object means absent, so that the object does too.
    ///
    /// A type of tool or hook is told by an object that may be empty, as `webSearch: {}`; those stand beside a
    /// `type`, so nothing is lost.
    fn is_hollow<'v, T: Tree + 'v>(self, area: Area, mut members: T::Members<'v>) -> bool {
        members.all(|(key, value)| self.is_absent(area, key, value))
    }

    /// Section 7.1: an unused filter reads back as `{type: "expression", expression: {version: "1"}, version: "1"}`.
    fn is_unused_envelope<'v, T: Tree + 'v>(self, mut members: T::Members<'v>) -> bool {
        members.all(|(key, value)| match (key, value.seen()) {
            ("type", Seen::Text(text)) => text == "expression",
            ("version", Seen::Text(text)) => text == "1",
            ("rules", Seen::List(rules)) => rules.is_empty(),
            ("expression", Seen::Object(mut inner)) => inner.all(|(key, value)| match (key, value.seen()) {
                ("version", Seen::Text(text)) => text == "1",
                ("rules", Seen::List(rules)) => rules.is_empty(),
                (_, seen) => matches!(seen, Seen::Null),
            }),
            _ => self.is_absent(Area::Envelope, key, value),
        })
    }

    /// Whether that is what the flag under `key` is if nobody sets it.
    pub(crate) fn is_default_flag(self, area: Area, key: &str, flag: bool) -> bool {
        match (area, key, flag) {
            (Area::Http, "sendPostMappedData", flag) | (Area::Csv, "includeHeader", flag) => flag,
            // Section 7: true on every one of these, and false or absent on the others.
            (Area::Root, "distributed", flag) => flag == (self.derived == Some("NetSuiteDistributedImport")),
            (Area::Free, ..) | (_, _, true) => false,
            (_, key, false) => class_of(key).is_flag,
        }
    }

    /// Whether that is the text under `key` if nobody sets it.
    pub(crate) fn is_default_text(self, area: Area, key: &str, text: &str) -> bool {
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
pub fn flag_in_text(area: Area, key: &str, text: &str) -> Option<bool> {
    match (area, key, text) {
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
        let block = json!({"netsuite_da": {"operation": "add"}});
        for (shape, flag) in [(Shape::of(&block), true), (shape, false)] {
            assert!(shape.is_absent(Area::Root, "distributed", &json!(flag)));
            assert!(!shape.is_absent(Area::Root, "distributed", &json!(!flag)));
        }
    }

    #[test]
    fn a_null_in_free_form_data_is_meant() {
        let shape = Shape::default();
        assert!(!shape.is_absent(Area::Free, "a", &json!(null)));
        for (area, key) in [(Area::Root, "settings"), (Area::Lookup, "map"), (Area::Other, "default")] {
            assert!(shape.is_absent(area, key, &json!(null)), "{key}");
        }
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
        let shape = Shape::of(&json!({"http": {"a": 1}, "rest": {"a": 1}}));
        assert!(!shape.is_absent(Area::Root, "adaptorType", &json!("RESTImport")));
        let shape = Shape::of(&json!({"ftp": {"a": 1}, "file": {}}));
        assert!(shape.is_absent(Area::Root, "adaptorType", &json!("FTPImport")));
    }

    #[test]
    fn a_block_that_means_absent_tells_of_no_adaptor() {
        let http = || json!({"http": {"method": ["POST"]}});
        for (key, block) in [
            ("ftp", json!({})),
            ("rest", json!({})),
            ("salesforce", json!({"lookups": []})),
            ("rdbms", json!({"query": null})),
        ] {
            let mut document = http();
            document[key] = block;
            assert_eq!(Shape::of(&document), Shape::of(&http()), "{document}");
        }
        assert_ne!(Shape::of(&json!({"http": {"method": ["POST"]}, "ftp": {"a": 1}})), Shape::of(&http()));
        assert_eq!(Shape::of(&json!({"http": {}})), Shape::UNKNOWN);
    }
}
