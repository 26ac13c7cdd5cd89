//! Finds out what a service fills in, by what all its documents have in common.
//!
//! A list of defaults is never complete. But a value that the service fills in occurs in every document of an adaptor
//! that has a place for it; a value that a person set occurs only in some. So the other documents show where a field
//! that was not sent comes from.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::place::key_of_step;

/// Documents that must agree at least: one alone cannot tell the service's doing from a person's.
const FEWEST: u32 = 2;

/// What documents hold at some places.
#[derive(Debug, Clone, Default)]
pub struct Consensus {
    places: BTreeMap<String, Found>,
}

#[derive(Debug, Clone, Default)]
struct Found {
    value: Option<Value>,
    documents: u32,
    disagree: bool,
}

impl Consensus {
    /// Nothing is asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks about the place a JSON pointer leads to; entries of lists count as one place.
    pub fn ask(&mut self, pointer: &str) {
        self.places.entry(place(pointer)).or_default();
    }

    /// Whether no place is asked about.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Takes a document into account: one that has the object in which a place stands.
    pub fn take(&mut self, document: &Value) {
        for (place, found) in self.places.iter_mut().filter(|(_, found)| !found.disagree) {
            let Some((parent, key)) = place.rsplit_once('/') else { continue };
            let key = key_of_step(key).into_owned();
            let steps: Vec<&str> = parent.split('/').skip(1).collect();
            let mut parents = Vec::new();
            walk(document, &steps, &mut parents);
            if parents.is_empty() {
                continue;
            }
            found.documents += 1;
            for parent in parents {
                let value = parent.get(&key).filter(|value| !value.is_null());
                match (value, &found.value) {
                    (None, _) => found.disagree = true,
                    (Some(value), None) => found.value = Some(value.clone()),
                    (Some(value), Some(first)) => found.disagree |= value != first,
                }
            }
        }
    }

    /// Whether every document that was taken into account holds one and the same value where the pointer leads to.
    pub fn holds(&self, pointer: &str) -> bool {
        self.places
            .get(&place(pointer))
            .is_some_and(|found| !found.disagree && found.value.is_some() && found.documents >= FEWEST)
    }
}

/// A pointer with `*` for positions in lists.
pub fn place(pointer: &str) -> String {
    let steps = pointer.split('/').map(|step| {
        let is_position = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
        if is_position { "*" } else { step }
    });
    steps.collect::<Vec<_>>().join("/")
}

fn walk<'v>(value: &'v Value, steps: &[&str], found: &mut Vec<&'v Value>) {
    let Some((step, rest)) = steps.split_first() else {
        if value.is_object() {
            found.push(value);
        }
        return;
    };
    match value {
        Value::Array(entries) if *step == "*" => entries.iter().for_each(|entry| walk(entry, rest, found)),
        Value::Object(members) => {
            if let Some(inner) = members.get(&*key_of_step(step)) {
                walk(inner, rest, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(pointer: &str, documents: &[Value]) -> bool {
        let mut consensus = Consensus::new();
        consensus.ask(pointer);
        documents.iter().for_each(|document| consensus.take(document));
        consensus.holds(pointer)
    }

    #[test]
    fn what_stands_everywhere_is_the_services_own() {
        let header = |enabled: Value| json!({"http": {"headers": [{"name": "a", "enabled": enabled}]}});
        let at = "/http/headers/0/enabled";
        assert!(asked(at, &[header(json!(true)), header(json!(true))]));
        assert!(asked(at, &[header(json!(true)), json!({"http": {"headers": []}}), header(json!(true))]));
        assert!(asked("/tier", &[json!({"tier": "x"}), json!({"tier": "x"})]));
        assert!(asked("/a~1b", &[json!({"a/b": 1}), json!({"a/b": 1})]));
    }

    #[test]
    fn what_stands_in_some_is_somebodys() {
        let header = |enabled: Value| json!({"http": {"headers": [{"name": "a", "enabled": enabled}]}});
        let at = "/http/headers/0/enabled";
        assert!(!asked(at, &[header(json!(true))]), "one document tells nothing");
        assert!(!asked(at, &[header(json!(true)), header(json!(false))]));
        assert!(!asked(at, &[header(json!(true)), json!({"http": {"headers": [{"name": "b"}]}})]));
        let two = json!({"http": {"headers": [{"name": "a", "enabled": true}, {"name": "b"}]}});
        assert!(!asked(at, &[header(json!(true)), two]));
        assert!(!asked("/tier", &[json!({"tier": "x"}), json!({"tier": null})]));
        assert!(!asked("/tier", &[]));
    }
}
