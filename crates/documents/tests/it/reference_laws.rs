//! Laws of references, over the documents of a seed and real ones where they are at hand.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use transship_documents::normal::strip_server_fields;
use transship_documents::references::{Accounts, Kind, Resolver, Resource, ResourceIndex, Rules, places};

use crate::corpus::{documents, shared};

type Documents = Vec<(String, Value)>;

/// Imports with all that they refer to: those of a seed, and real ones where they are at hand.
fn worlds(test: &str) -> Vec<(BTreeMap<String, Vec<Value>>, Documents)> {
    let mut seed = transship_emulator::seed::documents("demo-a");
    let imports = seed["imports"].take();
    let named =
        imports.as_array().unwrap().iter().map(|import| ("demo-a".to_owned(), import.clone())).collect();
    seed.as_object_mut().unwrap().remove("imports");
    let mut worlds = vec![(serde_json::from_value(seed).unwrap(), named)];
    if let Some(folder) = shared(test) {
        let text = std::fs::read_to_string(folder.join("related.json")).unwrap();
        let real = documents(test).into_iter().skip(crate::corpus::seeds().len()).collect();
        worlds.push((serde_json::from_str(&text).unwrap(), real));
    }
    worlds
}

/// Resources as those of two accounts with the same names: the second has other ids.
fn accounts(lists: BTreeMap<String, Vec<Value>>) -> (ResourceIndex, ResourceIndex, HashMap<String, String>) {
    let (mut source, mut target, mut becomes) =
        (ResourceIndex::default(), ResourceIndex::default(), HashMap::new());
    for (word, list) in lists {
        let Some(kind) = Kind::of(&word) else { continue };
        for (index, resource) in list.iter().enumerate() {
            let text = |key: &str| resource[key].as_str().map(str::to_owned);
            let id = text("_id").unwrap();
            // Names are not unique in the source; here they are told apart, so that each has its counterpart.
            let name = format!("{} {index}", text("name").unwrap());
            let family = text("type");
            let other: String = id.chars().rev().collect();
            let entry =
                |id: &str| Resource { id: id.into(), name: name.clone(), family: family.clone(), app: false };
            source.kinds.entry(kind).or_default().push(entry(&id));
            target.kinds.entry(kind).or_default().push(entry(&other));
            becomes.insert(id, other);
        }
    }
    (source, target, becomes)
}

#[test]
fn after_resolving_no_document_holds_an_id_of_the_source() {
    for (lists, documents) in worlds("references") {
        let (source, target, becomes) = accounts(lists);
        let resolver =
            Resolver::new(source, target, Rules { by_name: true, ..Rules::default() }, Accounts::Different);
        let mut rewritten = 0;
        for (name, document) in documents {
            let mut done = document.clone();
            let resolution = resolver.resolve(&mut done);
            assert_eq!(resolution.unresolved, [], "{name}");
            // What the service manages is stripped before it is sent: no id in it is looked at.
            let (mut document, mut done) = (document, done);
            strip_server_fields(&mut document);
            strip_server_fields(&mut done);
            let mut expected = document.to_string();
            for (old, new) in &becomes {
                rewritten += expected.matches(old.as_str()).count();
                expected = expected.replace(old, new);
            }
            assert_eq!(done.to_string(), expected, "{name}");
            for place in places(&document) {
                assert!(becomes.contains_key(&place.id), "{name} {place:?}");
            }
        }
        assert!(rewritten > 100, "{rewritten}");
    }
}

#[test]
fn a_reference_without_counterpart_is_never_passed_on_in_silence() {
    for (lists, documents) in worlds("references") {
        let (source, mut target, becomes) = accounts(lists);
        for list in target.kinds.values_mut() {
            list.clear();
        }
        let resolver =
            Resolver::new(source, target, Rules { by_name: true, ..Rules::default() }, Accounts::Different);
        for (name, mut document) in documents {
            strip_server_fields(&mut document);
            let text = document.to_string();
            let held: usize = becomes.keys().map(|id| text.matches(id.as_str()).count()).sum();
            let resolution = resolver.resolve(&mut document.clone());
            assert_eq!(resolution.unresolved.len(), held, "{name}");
        }
    }
}
