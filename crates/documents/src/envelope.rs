//! Whether the paths of a Mapper 2.0 mapping begin at the record or at an envelope around it (section 9.2 of the API reference).
//!
//! No key of a document says so: it is read off the paths.

use serde_json::Value;

use crate::handlebars::helpers;
use crate::path::{Kind, json_path};

/// Whether the JSON paths of a mapping begin with an envelope around the record. No key of a document says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// They begin at the record.
    No,
    /// The record is `$.record`.
    Yes,
    /// Some paths speak for it and some against it: they are read as if there were none.
    Unclear,
}

impl Envelope {
    /// What the paths of a mapping say.
    pub(crate) fn of(mappings: &Value) -> Self {
        let mut evidence = Evidence::default();
        evidence.scan(mappings);
        evidence.verdict()
    }
}

/// Whether a name that begins a path is one of the envelope, beside `record`.
pub(crate) fn is_member(name: &str) -> bool {
    helpers::ENVELOPE.contains(&name)
}

/// What the JSON paths of a mapping say about an envelope around the record.
#[derive(Debug, Default)]
struct Evidence {
    /// Paths that begin at `$.record`.
    record: usize,
    /// Paths that begin at a name that no envelope has.
    outside: usize,
}

impl Evidence {
    fn scan(&mut self, mappings: &Value) {
        let entries = match mappings {
            Value::Array(list) => list.as_slice(),
            one @ Value::Object(_) => std::slice::from_ref(one),
            _ => return,
        };
        for entry in entries {
            self.path(entry.get("extract"));
            for key in ["mappings", "buildArrayHelper"] {
                entry.get(key).into_iter().for_each(|inner| self.scan(inner));
            }
        }
    }

    fn path(&mut self, extract: Option<&Value>) {
        let path = extract.and_then(Value::as_str);
        let Some(text) = path.filter(|text| text.starts_with("$.") || text.starts_with("$[")) else { return };
        // A path that cannot be read says nothing about the others.
        let Some(path) = json_path::parse(text) else { return };
        let first = path.tokens.first().filter(|token| token.kind != Kind::Index);
        match first.map(|token| token.text.as_str()) {
            Some("record") => self.record += 1,
            Some(name) if is_member(name) => {}
            _ => self.outside += 1,
        }
    }

    /// Paths into `record` identify an envelope; one unusual path among many does not disprove it.
    fn verdict(&self) -> Envelope {
        match (self.record, self.outside) {
            (0, _) => Envelope::No,
            (_, 0) => Envelope::Yes,
            (record, outside) if record >= 4 * outside => Envelope::Yes,
            _ => Envelope::Unclear,
        }
    }
}
