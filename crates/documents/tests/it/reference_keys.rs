//! Ids in the keys of objects: rewritten as elsewhere, and never two keys into one.

use serde_json::{Value, json};
use transship_documents::references::{Accounts, Kind, Resolver, Resource, ResourceIndex, Rules};

const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbb";
const TWIN: &str = "cccccccccccccccccccccccc";
const SCRIPT: &str = "dddddddddddddddddddddddd";

/// The scripts of an account: id and name.
fn scripts(all: &[(&str, &str)]) -> ResourceIndex {
    let script = |(id, name): &(&str, &str)| Resource {
        id: (*id).into(),
        name: (*name).to_owned(),
        family: None,
        app: false,
    };
    ResourceIndex { kinds: [(Kind::Scripts, all.iter().map(script).collect())].into() }
}

#[test]
fn keys_that_would_become_one_are_left_alone_and_told() {
    let source = || scripts(&[(OLD, "Tidy"), (SCRIPT, "Clean"), (TWIN, "Check")]);
    let target = || scripts(&[(NEW, "Tidy"), (OLD, "Check")]);
    let rules = || {
        let map = [(OLD, NEW), (SCRIPT, NEW), (TWIN, OLD)];
        let map = map.map(|(from, to)| (Kind::Scripts, from.to_owned(), to.to_owned())).to_vec();
        Rules { map, ..Rules::default() }
    };
    for (settings, becomes) in [
        (json!({OLD: 1, NEW: 2}), None),
        (json!({NEW: 2, OLD: 1}), None),
        (json!({OLD: 1, SCRIPT: 2}), None),
        (json!({"a": {OLD: 1, NEW: {OLD: 3, "x": 1}}}), Some(json!({"a": {OLD: 1, NEW: {NEW: 3, "x": 1}}}))),
        (json!({OLD: {OLD: 1, NEW: 2}}), Some(json!({NEW: {OLD: 1, NEW: 2}}))),
        // One becomes what another one was.
        (json!({OLD: 1, "z": 3, TWIN: 2}), Some(json!({NEW: 1, "z": 3, OLD: 2}))),
        (json!({TWIN: 2, OLD: 1}), Some(json!({OLD: 2, NEW: 1}))),
    ] {
        let mut document = json!({"settings": settings, "http": {"lookups": [{"map": settings}]}});
        let told = becomes.is_none() || settings.to_string().matches(NEW).count() > 0;
        let becomes = becomes.unwrap_or_else(|| settings.clone());
        let resolution =
            Resolver::new(source(), target(), rules(), Accounts::Different).resolve(&mut document);
        assert_eq!(document, json!({"settings": becomes, "http": {"lookups": [{"map": becomes}]}}));
        let order = |value: &Value| value.to_string();
        assert_eq!(order(&document["settings"]), order(&becomes));
        let warned = |at: &str| {
            let begins = |said: &&String| said.starts_with(at) && said.contains("two keys would become one");
            resolution.warnings.iter().filter(begins).count()
        };
        assert_eq!(
            (warned("/settings"), warned("/http/lookups/0/map")),
            (told.into(), told.into()),
            "{settings}"
        );
        assert!(resolution.unresolved.is_empty() && resolution.pending.is_empty(), "{resolution:?}");
    }
}

#[test]
fn keys_of_what_is_created_do_not_become_one_placeholder() {
    let source = scripts(&[(OLD, "Tidy"), (SCRIPT, "Tidy")]);
    let rules = Rules { create: [Kind::Scripts].into(), by_name: true, ..Rules::default() };
    let mut document = json!({"settings": {OLD: 1, SCRIPT: 2}});
    let before = document.clone();
    let resolution = Resolver::new(source, scripts(&[]), rules, Accounts::Different).resolve(&mut document);
    assert_eq!((document, resolution.pending), (before, Vec::new()));
    assert!(resolution.warnings[0].starts_with("/settings: two keys would become one"));
}
