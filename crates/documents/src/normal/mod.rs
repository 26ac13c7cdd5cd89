//! The normal form of an import: what may differ without meaning.
//!
//! In it the fields of the service are gone, so is every value that means the same as absent, enums that the service
//! lower-cases are lowered, keys are sorted and numbers have one spelling. Two documents that differ only by what the
//! service does by itself have one normal form and so one fingerprint.

pub mod compare;
pub mod consensus;
mod form;
pub mod ignore;
mod landed;
pub mod masks;
mod members;
mod number;
mod of_text;

use serde_json::{Map, Number, Value};

use crate::Fingerprint;
use crate::planted::{PANIC_PRINTING, panic_over};
use crate::schema::{self as service, Area, Shape};
use crate::tree::{Seen, Tree};

pub use compare::{Comparison, compare};
pub use consensus::Consensus;
pub use ignore::Ignore;
pub use landed::{landed, may_be_made_of, unexplained};
pub use masks::{erased, masks, remove_masks, remove_pointers};
pub use members::PrintedMembers;
pub use number::same_number;
pub(crate) use of_text::{fingerprint_of_plain, same_member};

use form::{BLOCK, Form};
use number::{Canonical, canonical};

/// Removes what the service manages and would ignore or refuse in a body. The other keys keep their order.
pub fn strip_server_fields(document: &mut Value) {
    if let Value::Object(members) = document {
        members.retain(|key, _| !service::is_server_field(key));
    }
}

/// The normal form itself, for reading; [`fingerprint`] does not build it.
pub fn normalise(document: &Value) -> Value {
    value_of(Shape::of(document), Area::Root, "", document)
}

fn value_of(shape: Shape, area: Area, key: &str, value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let inner = if key.is_empty() { area } else { area.enter(key) };
            let mut kept: Vec<_> =
                members.iter().filter(|(key, value)| !shape.is_absent(inner, key, *value)).collect();
            kept.sort_unstable_by_key(|(key, _)| *key);
            let members =
                kept.into_iter().map(|(key, value)| (key.clone(), value_of(shape, inner, key, value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(entries) => {
            Value::Array(entries.iter().map(|entry| value_of(shape, area, key, entry)).collect())
        }
        Value::String(text) if service::is_lower_cased(area, key) => Value::String(text.to_lowercase()),
        Value::Number(number) => match canonical(number) {
            Canonical::Integer(integer) => Value::from(integer),
            Canonical::Float(float) => Number::from_f64(float).map_or(Value::Null, Value::Number),
            Canonical::Big(integer) => Value::from(integer),
            Canonical::Exact(decimal) => Value::Number(Number::from_string_unchecked(decimal.to_string())),
            Canonical::Huge(_) => value.clone(),
        },
        Value::String(text) => {
            service::flag_in_text(area, key, text).map_or_else(|| value.clone(), Value::Bool)
        }
        other => other.clone(),
    }
}

/// The SHA-256 of the document's normal form, computed without building it.
pub fn fingerprint(document: &impl Tree) -> Fingerprint {
    panic_over(PANIC_PRINTING, document);
    let mut hash = Hash::new(Shape::of(document), BLOCK);
    hash.value(Area::Root, "", document);
    hash.form.finish()
}

/// Feeds a normal form to the hasher.
struct Hash<'v, T> {
    form: Form,
    shape: Shape,
    /// The members of the objects that are being read, those of the innermost last.
    kept: Vec<(&'v str, &'v T)>,
}

impl<'v, T: Tree> Hash<'v, T> {
    fn new(shape: Shape, block: usize) -> Self {
        Self { form: Form::new(block), shape, kept: Vec::with_capacity(64) }
    }

    fn value(&mut self, area: Area, key: &str, value: &'v T) {
        match value.seen() {
            Seen::Null => self.form.null(),
            Seen::Bool(flag) => self.form.flag(flag),
            Seen::Number(number) => self.form.number(number),
            Seen::Text(text) => self.form.text(area, key, text),
            Seen::List(entries) => {
                self.form.mark(b'[');
                for entry in entries {
                    self.value(area, key, entry);
                }
                self.form.mark(b']');
            }
            Seen::Object(members) => {
                self.members(if key.is_empty() { area } else { area.enter(key) }, members);
            }
        }
    }

    fn members(&mut self, area: Area, members: T::Members<'v>) {
        let first = self.keep(area, members);
        self.form.mark(b'{');
        for at in first..self.kept.len() {
            self.member(area, at);
        }
        self.form.mark(b'}');
        self.kept.truncate(first);
    }

    /// Keeps the members of an object that do not mean the same as absent, by key; answers where the first of them stands.
    fn keep(&mut self, area: Area, members: T::Members<'v>) -> usize {
        let (shape, first) = (self.shape, self.kept.len());
        self.kept.extend(members.filter(|(key, value)| !shape.is_absent(area, key, *value)));
        self.kept[first..].sort_unstable_by_key(|(key, _)| *key);
        first
    }

    /// One of the members that are kept.
    fn member(&mut self, area: Area, at: usize) {
        let (key, value) = self.kept[at];
        self.form.key(key);
        self.value(area, key, value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn stripping_keeps_the_order_and_nested_fields_of_the_same_name() {
        let mut document: Value = serde_json::from_str(
            r#"{"z":1,"_id":"x","b":{"_id":"path","restletVersion":"suiteapp2.0"},"sandbox":false,"a":2}"#,
        )
        .unwrap();
        strip_server_fields(&mut document);
        assert_eq!(
            document.to_string(),
            r#"{"z":1,"b":{"_id":"path","restletVersion":"suiteapp2.0"},"a":2}"#
        );
    }

    #[test]
    fn the_order_of_keys_and_the_spelling_of_numbers_do_not_count() {
        let one: Value = serde_json::from_str(r#"{"name":"a","n":1,"m":{"x":[1.5],"y":-3}}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"m":{"y":-3.0,"x":[1.50]},"n":1e0,"name":"a"}"#).unwrap();
        assert_eq!(fingerprint(&one), fingerprint(&other));
        assert_eq!(normalise(&one), normalise(&other));
    }

    proptest! {
        #[test]
        fn an_empty_block_makes_no_difference(
            key in prop::sample::select(vec!["http", "rest", "ftp", "s3", "rdbms", "salesforce", "netsuite_da"]),
            block in prop::sample::select(vec![json!({}), json!({"lookups": []}), json!({"query": null})]),
            base in prop::sample::select(vec![json!({}), json!({"http": {"body": ["x"]}}), json!({"netsuite_da": {"operation": "add"}})]),
            adaptor in prop::option::of(prop::sample::select(vec!["HTTPImport", "NetSuiteDistributedImport"])),
        ) {
            let mut plain = base;
            plain["distributed"] = json!(true);
            if let Some(adaptor) = adaptor {
                plain["adaptorType"] = json!(adaptor);
            }
            let mut document = plain.clone();
            prop_assume!(document.get(key).is_none());
            document[key] = block;
            prop_assert_eq!(crate::diff::diff(&document, &plain), vec![]);
            prop_assert_eq!(fingerprint(&document), fingerprint(&plain));
            prop_assert_eq!(normalise(&document), normalise(&plain));
            let read = |document: &Value| fingerprint_of_plain(document.to_string().as_bytes());
            prop_assert_eq!(read(&document), Some(fingerprint(&document)));
            let printed = PrintedMembers::of(&plain).1;
            prop_assert_eq!(printed.again(&document, |changed| changed == key), fingerprint(&plain));
        }
    }

    #[test]
    fn what_means_something_counts() {
        let print = |document: Value| fingerprint(&document);
        assert_ne!(print(json!({"name": "a"})), print(json!({"name": "b"})));
        assert_ne!(print(json!({"a": "x", "b": "y"})), print(json!({"a": "y", "b": "x"})));
        assert_ne!(print(json!({"a": ["x", "y"]})), print(json!({"a": ["xy"]})));
        assert_ne!(print(json!({"a": ["y", "x"]})), print(json!({"a": ["x", "y"]})));
        assert_ne!(print(json!({"settings": {"on": false}})), print(json!({"settings": {}})));
        assert_ne!(print(json!({"a": "1"})), print(json!({"a": 1})));
        let big = |n: u64| json!({"n": n});
        assert_ne!(print(big(u64::MAX)), print(big(u64::MAX - 1)));
    }

    #[test]
    fn what_the_service_fills_in_does_not_count() {
        let sent = json!({"name": "a", "oneToMany": "false", "s3": {"region": "EU-West-1"},
            "netsuite_da": {"operation": "AddUpdate"}, "http": {"_httpConnectorVersionId": "1"}});
        let found = json!({"_id": "1", "lastModified": "x", "name": "a", "oneToMany": false, "ignoreExisting": false,
            "s3": {"region": "eu-west-1"}, "http": {"_httpConnectorVersionId": "2", "sendPostMappedData": true},
            "netsuite_da": {"operation": "addupdate", "lookups": [], "mapping": {"fields": [], "lists": []}},
            "filter": {"type": "expression", "expression": {"version": "1"}, "version": "1"}, "settings": null});
        assert_eq!(normalise(&sent), normalise(&found));
        assert_eq!(fingerprint(&sent), fingerprint(&found));
    }
}
