//! Finding references and mentions of ids in a document, by the table of fields: which keys hold the id of what, and
//! where they mean nothing. Free-form and dead parts hold no references; ids in them are found as text.
//!
//! Keys are told by name and not by path, for lookups and tools stand in blocks that are not yet published. Left out on
//! purpose: `_connectorId` (the publisher's), `_templateId`, `_sourceId` (provenance), the catalogue's `_httpConnector…Id`
//! and `_tpConnectorId`; `subRecordMapping._id`, which is a JSON path, and `file.directory.id`, which is the provider's.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::Finder;
use serde_json::Value;

use super::{Kind, Place, scan};
use crate::edited::Touched;
use crate::place::{PathStep as Step, pointer_of};
use crate::schema as service;

/// Something in a document that is, or may be, an id of another resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Candidate {
    /// A reference of the table.
    Reference(Place),
    /// A text with words that have the shape of an id.
    Text {
        /// Where the text stands.
        pointer: String,
    },
    /// A key with such words.
    Key {
        /// Where the object stands.
        pointer: String,
        /// The key under which the reference stands.
        key: String,
    },
}

/// What in a document is, or may be, an id of another resource.
#[derive(Debug)]
pub struct Candidates(pub(super) Vec<Candidate>);

impl Candidates {
    /// Those of a document; without texts and keys that may only mention an id, unless these are asked for.
    pub(super) fn of(document: &Value, mentions: bool) -> Self {
        let mut found = Vec::new();
        hits(document, &mut |hit| {
            if mentions || matches!(hit, Candidate::Reference(_)) {
                found.push(hit);
            }
        });
        Self(found)
    }

    /// The members of the document that hold them.
    pub fn touched(&self) -> Touched {
        Touched::at(self.0.iter().map(|hit| {
            match hit {
                Candidate::Reference(place) => &place.pointer,
                Candidate::Text { pointer } | Candidate::Key { pointer, .. } => pointer,
            }
            .as_str()
        }))
    }
}

/// The kinds of reference that a document's text can hold, found without parsing it.
///
/// What an import refers to decides which lists are read: the keys are those of the walk, so that an import fares the
/// same alone and in company.
pub fn kinds_in(text: &str, into: &mut BTreeSet<Kind>) {
    static BEGINNING: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"_"));
    // Once over the text: every key that refers begins with an underscore.
    let mut rest = text;
    while let Some(at) = BEGINNING.find(rest.as_bytes()) {
        rest = &rest[at + 1..];
        let Some(end) = memchr(b'"', rest.as_bytes()) else { return };
        into.extend(service::reference_kind(&rest[..end]));
        rest = &rest[end..];
    }
}

/// Whether a document's text mentions what has the shape of an id elsewhere than as the whole value of a key that says
/// what it is: it may then be the id of a resource of any kind.
///
/// Such keys are those of references, whose lists are read anyway, those of the service's catalogue, and at the top those
/// that the service manages. Any other key tells nothing, however much it looks like one that refers.
pub fn mentions_ids(text: &str) -> bool {
    scan::ids(text).any(|id| {
        let key = is_quoted(text, id.start, id.len()).then(|| {
            let before = text[..id.start - 1].trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?;
            before.rsplit('"').next()
        });
        !key.flatten().is_some_and(|key| {
            service::reference_kind(key).is_some()
                || OF_THE_CATALOGUE.iter().any(|known| key.starts_with(known))
                || service::is_server_field(key) && is_at_the_top(&text[..id.start])
        })
    })
}

/// How keys begin that hold ids of the service's own catalogue or of a publisher, the same in every account.
const OF_THE_CATALOGUE: [&str; 3] = ["_connectorId", "_httpConnector", "_tpConnectorId"];

/// Whether what follows the beginning of an object's text is one of its own members.
fn is_at_the_top(before: &str) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in before.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth == 1
}

fn is_quoted(text: &str, at: usize, length: usize) -> bool {
    text[..at].ends_with('"') && text[at + length..].starts_with('"')
}

/// Whether a pointer leads into a tree that nothing reads any more.
pub(super) fn is_dead(pointer: &str) -> bool {
    pointer.split('/').any(service::is_dead)
}

/// Every reference of section 8 of the API reference that the document holds.
pub fn places(document: &Value) -> Vec<Place> {
    let mut found = Vec::new();
    hits(document, &mut |hit| {
        if let Candidate::Reference(place) = hit {
            found.push(place);
        }
    });
    found
}

/// Where keys stand that look like references and that the table does not know, with an id: in a resource whose shape
/// the reference does not lay down.
pub fn strangers(document: &Value) -> Vec<String> {
    const CATALOGUE: [&str; 4] = ["_connectorId", "_httpConnector", "_templateId", "_tpConnectorId"];
    let mut found = Vec::new();
    hits(document, &mut |hit| {
        if let Candidate::Text { pointer } = hit {
            let text = document.pointer(&pointer).and_then(Value::as_str).unwrap_or_default();
            let whole = scan::ids(text).next().is_some_and(|range| range.len() == text.len());
            let mut keys = pointer.rsplit('/').skip_while(|key| key.parse::<usize>().is_ok());
            let refers = keys.next().is_some_and(|key| {
                let named = key.starts_with('_') && (key.ends_with("Id") || key.ends_with("Ids"));
                named && !CATALOGUE.iter().any(|known| key.starts_with(known))
            });
            if whole && refers {
                found.push(pointer);
            }
        }
    });
    found
}

/// Walks the document once and reports references, and texts that may mention an id, in the order of the document.
pub(super) fn hits(document: &Value, report: &mut dyn FnMut(Candidate)) {
    let Value::Object(members) = document else { return };
    let mut walk = Walk { path: Vec::new(), report };
    for (key, value) in members {
        if !service::is_server_field(key) {
            walk.member(key, value, false);
        }
    }
}

struct Walk<'a, 'r> {
    path: Vec<Step<'a>>,
    report: &'r mut dyn FnMut(Candidate),
}

impl<'a> Walk<'a, '_> {
    fn pointer(&self) -> String {
        pointer_of(&self.path)
    }

    fn member(&mut self, key: &'a str, value: &'a Value, free: bool) {
        if scan::ids(key).next().is_some() {
            let pointer = self.pointer();
            (self.report)(Candidate::Key { pointer, key: key.to_owned() });
        }
        self.path.push(Step::Key(key));
        match service::reference_kind(key).filter(|_| !free) {
            Some(kind) => self.reference(kind, value),
            None => self.value(value, free || service::is_closed(key)),
        }
        self.path.pop();
    }

    fn reference(&mut self, kind: Kind, value: &'a Value) {
        match value {
            // An empty text is how forms leave a reference unset.
            Value::String(id) if !id.is_empty() => {
                let place = Place { pointer: self.pointer(), kind, id: id.clone() };
                (self.report)(Candidate::Reference(place));
            }
            Value::Array(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    self.path.push(Step::Entry(index));
                    self.reference(kind, entry);
                    self.path.pop();
                }
            }
            Value::Object(_) => self.value(value, false),
            _ => {}
        }
    }

    fn value(&mut self, value: &'a Value, free: bool) {
        match value {
            Value::String(text) if scan::runs(text).next().is_some() => {
                let pointer = self.pointer();
                (self.report)(Candidate::Text { pointer });
            }
            Value::Array(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    self.path.push(Step::Entry(index));
                    self.value(entry, free);
                    self.path.pop();
                }
            }
            Value::Object(members) => {
                for (key, value) in members {
                    self.member(key, value, free);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_path_of_section_8_is_found() {
        let ai = |n: &str| {
            json!({"openai": {"tools": [{"mcp": {"_mcpConnectionId": format!("{n}1")}},
                    {"tool": {"_toolId": format!("{n}2"), "overrides": {"_connectionId": "no"}}}],
                    "prompts": [{"mcp": {"_mcpConnectionId": format!("{n}3")}}]},
                "litellm": {"_overrides": {"gemini": {"tools": [{"mcp": {"_mcpConnectionId": format!("{n}4")}},
                    {"tool": {"_toolId": format!("{n}5")}}],
                    "prompts": [{"mcp": {"_mcpConnectionId": format!("{n}6")}}]}}}})
        };
        let lookups = |id: &str| json!([{"name": "x"}, {"_lookupCacheId": id, "_id": "server", "map": {"_scriptId": "no"}}]);
        let mut document = json!({
            "_id": "no", "_sourceId": "no", "_templateId": "no", "_connectorId": "no",
            "_connectionId": "c", "_integrationId": "i", "_ediProfileId": "e",
            "hooks": {"preMap": {"_scriptId": "s1", "configuration": {"_scriptId": "no"}}, "postMap": {"_stackId": "k1"},
                "postSubmit": {"_scriptId": "s2"}, "postAggregate": {"_scriptId": "s3"},
                "_preMapId": "h1", "_postMapId": "h2", "_postSubmitId": "h3"},
            "filter": {"script": {"_scriptId": "s4"}},
            "responseTransform": {"script": {"_scriptId": "s5"},
                "expression": {"rulesTwoDotZero": {"lookups": lookups("L0")}}},
            "settingsForm": {"init": {"_scriptId": "s6"}, "form": {"_scriptId": "no"}},
            "preSave": {"_scriptId": "s7"},
            "file": {"fileDefinition": {"_fileDefinitionId": "f"}, "directory": {"id": "no"}, "lookups": lookups("L1")},
            "lookups": lookups("L2"),
            "http": {"_asyncHelperId": "a", "_httpConnectorVersionId": "no", "lookups": lookups("L3")},
            "netsuite_da": {"lookups": lookups("L4"), "mapping": {"fields": [{"subRecordMapping": {"_id": "no",
                "lookups": lookups("L5"), "mapping": {"lists": [{"fields": [{"subRecordMapping":
                    {"lookups": lookups("L6")}}]}]}}}]}},
            "aiAgent": ai("A"), "guardrail": {"aiAgent": ai("G")},
            "tool": {"_toolId": "t", "overrides": {"connections": [{"_id": "no", "_connectionId": "no"}]}},
            "ftp": {"_tpConnectorId": "no"}, "as2": {"_tpConnectorId": "no"},
            "settings": {"_connectionId": "no"}, "sampleData": {"_connectionId": "no"},
            "wrapper": {"configuration": {"_scriptId": "no"}}
        });
        for block in ["rest", "salesforce", "rdbms", "jdbc", "netsuite", "wrapper"] {
            document[block]["lookups"] = lookups(block);
        }
        let found = places(&document);
        let ids: Vec<&str> = found.iter().map(|place| place.id.as_str()).collect();
        let all = "c i e s1 k1 s2 s3 h1 h2 h3 s4 s5 L0 s6 s7 f L1 L2 a L3 L4 L5 L6 A1 A2 A3 A4 A5 A6 G1 G2 G3 G4 G5 G6 t";
        let blocks = ["wrapper", "rest", "salesforce", "rdbms", "jdbc", "netsuite"];
        assert_eq!(ids, all.split(' ').chain(blocks).collect::<Vec<_>>());
        for place in &found {
            assert_eq!(document.pointer(&place.pointer), Some(&json!(place.id)));
        }
    }

    #[test]
    fn a_dead_tree_holds_no_references() {
        let document =
            json!({"netsuite_da": {"rawOverride": {"_lookupCacheId": "x", "a": [{"_scriptId": "y"}]}}});
        assert_eq!(places(&document), []);
    }

    #[test]
    fn a_made_up_row_of_the_table_is_a_reference() {
        let found = places(&json!({"madeUp": {"_madeUpId": "z"}}));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, Kind::Stacks);
    }

    #[test]
    fn a_key_that_looks_like_a_reference_and_is_not_known_is_a_stranger() {
        let id = "5f7c579b6411271af4e7cefa";
        let document = json!({"_scriptId": id, "_fooId": id, "a": {"_barIds": [id], "_httpConnectorVersionId": id},
            "content": format!("f('{id}')"), "_bazId": "x", "settings": {"_quxId": id}});
        assert_eq!(strangers(&document), ["/_fooId", "/a/_barIds/0", "/settings/_quxId"]);
    }

    #[test]
    fn every_key_that_the_walk_knows_has_its_list_read() {
        for (key, kind) in service::references() {
            let mut kinds = BTreeSet::new();
            kinds_in(&json!({ "hooks": { key: "5f7c579b6411271af4e7cefa" } }).to_string(), &mut kinds);
            assert_eq!(kinds, BTreeSet::from([kind]), "{key}");
        }
        let mut kinds = BTreeSet::new();
        kinds_in(r#"{"description": "my_connectionId", "x_scriptId": 1}"#, &mut kinds);
        assert!(kinds.is_empty());
    }

    #[test]
    fn an_id_that_is_not_the_value_of_its_own_key_is_a_mention() {
        let id = "5f7c579b6411271af4e7cefa";
        for (document, mentions) in [
            (json!({ "_id": id, "_connectionId": id, "hooks": { "_preMapId": id } }), false),
            (json!({ "settings": { "feed": id } }), true),
            (json!({ "http": { "body": [format!("x_{id}")] } }), true),
            (json!({ "_connectionId": format!("{id}/x") }), true),
            (json!({ "x": { id: 1 } }), true),
            (json!({ "list": [id] }), true),
            (json!({ "hooks": { "_postAggregateId": id } }), true),
            (json!({ "_scriptId2": id }), true),
            (json!({ "http": { "_flowId": id } }), true),
            (json!({ "tool": { "overrides": { "exports": [{ "_id": id }] } } }), true),
            (json!({ "tool": { "overrides": { "exports": [{ "_abstractId": id }] } } }), true),
            (json!({ "a": { "_borrowConcurrencyFromConnectionId": id } }), true),
            (json!({ "netsuite_da": { "mapping": { "subRecordMapping": { "_id": id } } } }), true),
            (json!({ "x": "}\"]{\\", "l": [{}], "_sourceId": id, "_templateId": id }), false),
            (json!({ "x": { "_sourceId": id } }), true),
            (
                json!({ "_connectorId": id, "ftp": { "_tpConnectorId": id }, "http": { "_httpConnectorVersionId": id } }),
                false,
            ),
            (json!({ "hash": "ab".repeat(32) }), false),
        ] {
            assert_eq!(mentions_ids(&document.to_string()), mentions, "{document}");
        }
    }
}
