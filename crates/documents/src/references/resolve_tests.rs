//! The rules of resolving, one by one.

use serde_json::json;

use super::*;
use crate::references::{Found, How, PendingResource, Resource, placeholders};

const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbb";
const TWIN: &str = "cccccccccccccccccccccccc";
const SCRIPT: &str = "dddddddddddddddddddddddd";

fn resource(id: &str, name: &str, family: Option<&str>) -> Resource {
    Resource { id: id.into(), name: name.to_owned(), family: family.map(str::to_owned), app: false }
}

fn connections(all: &[(&str, &str, &str)]) -> ResourceIndex {
    let list = all.iter().map(|(id, name, family)| resource(id, name, Some(family))).collect();
    ResourceIndex { kinds: [(Kind::Connections, list)].into() }
}

fn by_name() -> Rules {
    Rules { by_name: true, ..Rules::default() }
}

fn mapped(from: &str, to: &str) -> Rules {
    Rules { map: vec![(Kind::Connections, from.to_owned(), to.to_owned())], ..Rules::default() }
}

fn prod() -> ResourceIndex {
    connections(&[(OLD, "NetSuite Prod", "netsuite")])
}

fn resolve(target: ResourceIndex, rules: Rules) -> (Value, Resolution) {
    let mut document = json!({"name": "x", "_connectionId": OLD});
    let resolution = Resolver::new(prod(), target, rules, Accounts::Different).resolve(&mut document);
    (document["_connectionId"].take(), resolution)
}

#[test]
fn a_reference_is_resolved_by_name_and_type() {
    let target = connections(&[(NEW, "NetSuite Prod", "netsuite"), (TWIN, "NetSuite Prod", "http")]);
    assert_eq!(resolve(target, by_name()), (json!(NEW), Resolution::default()));
}

#[test]
fn blanks_and_accents_do_not_hide_a_counterpart_and_an_exact_name_goes_first() {
    let target = connections(&[(NEW, " NetSuite\u{a0} Prod ", "netsuite")]);
    assert_eq!(resolve(target, by_name()).0, json!(NEW));
    let target = connections(&[(TWIN, "NetSuite Prod ", "netsuite"), (NEW, "NetSuite Prod", "netsuite")]);
    assert_eq!(resolve(target, by_name()).0, json!(NEW));
    let rules = Rules { by_name: true, ..mapped("NetSuite  Prod", "EU ") };
    assert_eq!(resolve(connections(&[(TWIN, "EU", "netsuite")]), rules).0, json!(TWIN));
}

#[test]
fn the_map_goes_before_the_name_with_ids_or_names_on_both_sides() {
    let target = || connections(&[(NEW, "NetSuite Prod", "netsuite"), (TWIN, "EU", "netsuite")]);
    for (from, to) in [(OLD, TWIN), (OLD, "EU"), ("NetSuite Prod", TWIN), ("NetSuite Prod", "EU")] {
        let rules = Rules { by_name: true, ..mapped(from, to) };
        assert_eq!(resolve(target(), rules).0, json!(TWIN), "{from} {to}");
    }
}

#[test]
fn a_namesake_of_another_type_is_no_counterpart_but_is_told() {
    let (id, resolution) = resolve(connections(&[(NEW, "NetSuite Prod", "http")]), by_name());
    assert_eq!(id, json!(OLD));
    assert_eq!(
        resolution.unresolved[0].message,
        format!(
            "connection \"NetSuite Prod\" ({OLD}) used at /_connectionId has no counterpart in the target: add it to \
             references.map.connections, or create a connection of type netsuite of that name"
        )
    );
    assert!(resolution.warnings[0].contains(NEW), "{:?}", resolution.warnings);
}

#[test]
fn two_candidates_are_an_error_that_names_both_even_where_missing_ones_are_dropped() {
    let target = || connections(&[(NEW, "NetSuite Prod", "netsuite"), (TWIN, "NetSuite Prod", "netsuite")]);
    for missing in [Missing::Fail, Missing::Skip, Missing::Drop] {
        let (id, resolution) = resolve(target(), Rules { missing, ..by_name() });
        let message = &resolution.unresolved[0].message;
        assert_eq!(id, json!(OLD));
        assert!(message.contains(NEW) && message.contains(TWIN), "{message}");
        assert_eq!(resolution.unresolved[0].candidates.len(), 2);
    }
}

#[test]
fn without_by_name_only_the_map_counts() {
    let target = connections(&[(NEW, "NetSuite Prod", "netsuite")]);
    let (_, resolution) = resolve(target, Rules::default());
    assert!(resolution.unresolved[0].message.contains("references.by"), "{:?}", resolution.unresolved);
}

#[test]
fn a_map_to_what_the_target_lacks_is_named() {
    let (_, resolution) = resolve(connections(&[(NEW, "Other", "netsuite")]), mapped("NetSuite Prod", "EU"));
    let message = &resolution.unresolved[0].message;
    assert!(message.contains("mapped to \"EU\", which the target does not have"), "{message}");
    assert!(!message.contains("did you mean"), "nothing there is like it: {message}");
    let there = connections(&[(NEW, "NetSuite EU", "netsuite"), (TWIN, "Shop", "netsuite")]);
    let (_, resolution) = resolve(there, mapped("NetSuite Prod", "Netsuit EU"));
    let message = &resolution.unresolved[0].message;
    assert!(message.ends_with(" (did you mean \"NetSuite EU\"?)"), "{message}");
}

#[test]
fn an_id_the_source_does_not_know_is_unresolved() {
    let mut document = json!({"hooks": {"preMap": {"_scriptId": SCRIPT}}});
    let source = ResourceIndex { kinds: [(Kind::Scripts, Vec::new())].into() };
    let resolution = Resolver::new(source, prod(), by_name(), Accounts::Different).resolve(&mut document);
    assert_eq!(
        resolution.unresolved[0].message,
        format!(
            "script {SCRIPT} used at /hooks/preMap/_scriptId is not among the scripts of the source account: add its id \
             to references.map.scripts"
        )
    );
}

#[test]
fn a_missing_reference_is_dropped_with_the_tool_that_is_nothing_without_it() {
    let mut document = json!({"_connectionId": OLD, "name": "x",
        "aiAgent": {"openai": {"tools": [{"mcp": {"_mcpConnectionId": OLD}}, {"type": "web_search"}]}}});
    let rules = Rules { missing: Missing::Drop, ..by_name() };
    let resolution =
        Resolver::new(prod(), ResourceIndex::default(), rules, Accounts::Different).resolve(&mut document);
    assert_eq!(document, json!({"name": "x", "aiAgent": {"openai": {"tools": [{"type": "web_search"}]}}}));
    assert_eq!(resolution.dropped, ["/_connectionId", "/aiAgent/openai/tools/0"]);
    assert_eq!(resolution.unresolved, []);
}

#[test]
fn within_one_account_ids_stand_unless_mapped() {
    assert_eq!(resolve(prod(), by_name()), (json!(OLD), Resolution::default()));
    let both = connections(&[(OLD, "NetSuite Prod", "netsuite"), (NEW, "EU", "netsuite")]);
    let mut document = json!({"_connectionId": OLD, "preSave": {"_scriptId": SCRIPT}});
    let resolution = Resolver::within(both, mapped(OLD, "EU")).resolve(&mut document);
    assert_eq!(document, json!({"_connectionId": NEW, "preSave": {"_scriptId": SCRIPT}}));
    assert_eq!(resolution, Resolution::default());
}

#[test]
fn an_id_in_text_is_replaced_and_told_or_unresolved() {
    let mut document = json!({"settings": {"c": format!("see {OLD}!"), "z": 1}, "http": {"body": [format!("{{{{x}}}} {OLD}")]},
        "hooks": {"preMap": {"configuration": {OLD: OLD, "other": SCRIPT}}}});
    let target = connections(&[(NEW, "NetSuite Prod", "netsuite")]);
    let resolution = Resolver::new(prod(), target, by_name(), Accounts::Different).resolve(&mut document);
    assert_eq!(
        document,
        json!({"settings": {"c": format!("see {NEW}!"), "z": 1}, "http": {"body": [format!("{{{{x}}}} {NEW}")]},
            "hooks": {"preMap": {"configuration": {NEW: NEW, "other": SCRIPT}}}})
    );
    assert_eq!(resolution.warnings.len(), 4, "{:?}", resolution.warnings);
    assert!(resolution.warnings[0].contains("/settings/c"), "{:?}", resolution.warnings);

    let mut document = json!({"settings": {"c": OLD}});
    let rules = Rules { missing: Missing::Drop, ..by_name() };
    let resolution =
        Resolver::new(prod(), ResourceIndex::default(), rules, Accounts::Different).resolve(&mut document);
    assert!(resolution.unresolved[0].message.contains("mentioned in /settings/c"));
}

#[test]
fn an_entry_that_a_moving_list_gave_twice_is_one_candidate() {
    let target = connections(&[(NEW, "NetSuite Prod", "netsuite"), (NEW, "NetSuite Prod", "netsuite")]);
    assert_eq!(resolve(target, by_name()).0, json!(NEW));
}

#[test]
fn one_id_is_looked_up_as_a_document_would_be() {
    let target = || connections(&[(NEW, "NetSuite Prod", "netsuite"), (TWIN, "EU", "netsuite")]);
    let one = |id: &str, name: &str, how| Found::One { id: id.into(), name: Some(name.to_owned()), how };
    let looked_up = |target: ResourceIndex, rules: Rules, id: &str| {
        Resolver::new(prod(), target, rules, Accounts::Different).lookup(Kind::Connections, id)
    };
    let found = looked_up(target(), by_name(), OLD);
    assert_eq!(found.name.as_deref(), Some("NetSuite Prod"));
    assert_eq!(found.found, one(NEW, "NetSuite Prod", How::Name));
    for from in [OLD, "NetSuite Prod"] {
        assert_eq!(looked_up(target(), mapped(from, "EU"), OLD).found, one(TWIN, "EU", How::Map));
    }
    assert_eq!(looked_up(target(), by_name(), TWIN).found, one(TWIN, "EU", How::SameId));
    let twice = connections(&[(NEW, "NetSuite Prod", "netsuite"), (TWIN, "NetSuite Prod", "netsuite")]);
    let Found::Several { candidates, .. } = looked_up(twice, by_name(), OLD).found else { panic!() };
    assert_eq!(candidates.len(), 2);
    let other = connections(&[(NEW, "NetSuite Prod", "http")]);
    let Found::Nothing { namesakes, .. } = looked_up(other, by_name(), OLD).found else { panic!() };
    assert_eq!(namesakes, [(NEW.into(), "NetSuite Prod".to_owned())]);
}

#[test]
fn what_is_missing_is_dropped_by_its_kind() {
    let mut document = json!({"_connectionId": OLD, "hooks": {"preMap": {"_scriptId": SCRIPT}}});
    let rules = Rules { missing_of: [(Kind::Scripts, Missing::Drop)].into(), ..by_name() };
    let resolution =
        Resolver::new(prod(), ResourceIndex::default(), rules, Accounts::Different).resolve(&mut document);
    assert_eq!(resolution.dropped, ["/hooks/preMap/_scriptId"]);
    assert_eq!(resolution.unresolved.len(), 1);
    assert_eq!(document, json!({"_connectionId": OLD, "hooks": {"preMap": {}}}));
}

#[test]
fn what_is_missing_is_created_where_its_kind_is_named() {
    let own = |id: &str, name: &str, app| Resource { app, ..resource(id, name, None) };
    let scripts = |all: Vec<Resource>| ResourceIndex { kinds: [(Kind::Scripts, all)].into() };
    let source = || scripts(vec![own(SCRIPT, "Check", false), own(OLD, "App", true)]);
    let rules = || Rules { create: [Kind::Scripts].into(), ..by_name() };
    let mut document =
        json!({"hooks": {"preMap": {"_scriptId": SCRIPT}}, "settings": {"x": format!("see {SCRIPT}")}});
    let resolver = Resolver::new(source(), scripts(Vec::new()), rules(), Accounts::Different);
    let resolution = resolver.resolve(&mut document);
    let pending = PendingResource { kind: Kind::Scripts, id: SCRIPT.into(), name: "Check".to_owned() };
    let placeholder = pending.placeholder();
    assert_eq!(
        document,
        json!({"hooks": {"preMap": {"_scriptId": placeholder}}, "settings": {"x": format!("see {placeholder}")}})
    );
    assert_eq!((resolution.pending, resolution.unresolved), (vec![pending.clone(), pending], Vec::new()));
    assert_eq!(resolver.lookup(Kind::Scripts, SCRIPT).found, Found::Created { name: "Check".to_owned() });

    let mut owned = json!({"hooks": {"preMap": {"_scriptId": OLD}}});
    let resolution = resolver.resolve(&mut owned);
    assert!(resolution.unresolved[0].message.contains("belongs to an Integration App"), "{resolution:?}");

    let there = scripts(vec![own(NEW, "Check", false)]);
    let mut document = json!({"hooks": {"preMap": {"_scriptId": SCRIPT}}});
    Resolver::new(source(), there, rules(), Accounts::Different).resolve(&mut document);
    assert_eq!(document, json!({"hooks": {"preMap": {"_scriptId": NEW}}}), "what is there is used");
}

#[test]
fn two_of_the_source_that_become_one_by_their_name_are_told() {
    let source = || {
        connections(&[
            (OLD, "NetSuite Prod", "netsuite"),
            (SCRIPT, "NetSuite Prod ", "netsuite"),
            (TWIN, "X", "http"),
        ])
    };
    let told = |target: &[(&str, &str, &str)], rules: Rules| {
        let mut document = json!({"_connectionId": OLD});
        Resolver::new(source(), connections(target), rules, Accounts::Different)
            .resolve(&mut document)
            .warnings
    };
    let warnings = told(&[(NEW, "NetSuite Prod", "netsuite")], by_name());
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains(SCRIPT) && warnings[0].contains("references.map.connections"),
        "{warnings:?}"
    );
    let each_its_own =
        [(NEW, "NetSuite Prod", "netsuite"), ("eeeeeeeeeeeeeeeeeeeeeeee", "NetSuite Prod ", "netsuite")];
    assert_eq!(told(&each_its_own, by_name()), Vec::<String>::new());
    for mapped_one in [OLD, SCRIPT] {
        let rules = Rules { by_name: true, ..mapped(mapped_one, NEW) };
        assert_eq!(told(&[(NEW, "NetSuite Prod", "netsuite")], rules), Vec::<String>::new(), "{mapped_one}");
    }
    let http = connections(&[(OLD, "NetSuite Prod", "netsuite"), (SCRIPT, "NetSuite Prod", "http")]);
    let target = connections(&[(NEW, "NetSuite Prod", "netsuite")]);
    let mut document = json!({"_connectionId": OLD});
    let resolution = Resolver::new(http, target, by_name(), Accounts::Different).resolve(&mut document);
    assert_eq!(resolution.warnings, Vec::<String>::new(), "of another type");
}

#[test]
fn one_id_of_two_kinds_is_looked_up_in_each() {
    let index = |connection: &str, script: &str| {
        let mut index = connections(&[(connection, "Shop", "http")]);
        index.kinds.insert(Kind::Scripts, vec![resource(script, "Check", None)]);
        index
    };
    let mut document = json!({"_connectionId": OLD, "hooks": {"preMap": {"_scriptId": OLD}}});
    let resolver = Resolver::new(index(OLD, OLD), index(NEW, TWIN), by_name(), Accounts::Different);
    assert_eq!(resolver.resolve(&mut document), Resolution::default());
    assert_eq!(document, json!({"_connectionId": NEW, "hooks": {"preMap": {"_scriptId": TWIN}}}));
}

#[test]
fn a_key_behind_a_tool_that_was_left_out_is_rewritten_where_it_stands_then() {
    let tool = |id: &str, key: &str| json!({"mcp": {"_mcpConnectionId": id, "allowed": {key: 1}}});
    let mut document = json!({"aiAgent": {"openai": {"tools": [tool(SCRIPT, "x"), tool(OLD, OLD)],
        "resources": [{"mcp": {"_mcpConnectionId": SCRIPT}, "uri": "u"}]}}});
    let rules = Rules { missing: Missing::Drop, ..by_name() };
    let target = connections(&[(NEW, "NetSuite Prod", "netsuite")]);
    Resolver::new(prod(), target, rules, Accounts::Different).resolve(&mut document);
    assert_eq!(document, json!({"aiAgent": {"openai": {"tools": [tool(NEW, NEW)], "resources": []}}}));
}

#[test]
fn what_does_not_travel_is_carried_over_and_told_and_what_nobody_knows_is_handed_back() {
    let mut source = prod();
    source.kinds.insert(Kind::Flows, vec![resource(SCRIPT, "Orders", None)]);
    let text =
        json!({"http": {"relativeURI": [format!("/v1/flows/{SCRIPT}/run")]}, "settings": {TWIN: TWIN}});
    let mut document = text.clone();
    let resolver = Resolver::new(source, connections(&[]), by_name(), Accounts::Different);
    let resolution = resolver.resolve(&mut document);
    assert_eq!((document, &resolution.unresolved), (text, &Vec::new()));
    assert!(
        resolution.warnings[0]
            .starts_with(&format!("flow \"Orders\" ({SCRIPT}) mentioned in /http/relativeURI/0 is"))
    );
    let unknown = [
        ("/settings/cccccccccccccccccccccccc".to_owned(), TWIN.into()),
        ("/settings".to_owned(), TWIN.into()),
    ];
    assert_eq!(resolution.unknown, unknown);
}

#[test]
fn what_is_gone_from_its_own_account_is_what_has_its_name_or_made_there_where_that_is_asked_for() {
    let scripts = |all: Vec<Resource>| ResourceIndex { kinds: [(Kind::Scripts, all)].into() };
    let document = json!({"hooks": {"preMap": {"_scriptId": SCRIPT}}});
    let source = || scripts(vec![resource(SCRIPT, "Check", None)]);
    for (there, create, becomes) in [
        (scripts(Vec::new()), true, placeholders::placeholder(Kind::Scripts, "Check")),
        (scripts(vec![resource(NEW, "Check", None)]), true, NEW.to_owned()),
        (source(), true, SCRIPT.to_owned()),
        (scripts(vec![resource(NEW, "Check", None)]), false, NEW.to_owned()),
        (scripts(Vec::new()), false, SCRIPT.to_owned()),
        (ResourceIndex::default(), true, SCRIPT.to_owned()),
    ] {
        let is_lost = !create && there.kinds.values().all(Vec::is_empty);
        let create = create.then_some(Kind::Scripts).into_iter().collect();
        let mut document = document.clone();
        let rules = Rules { create, ..by_name() };
        let resolution = Resolver::new(source(), there, rules, Accounts::Same).resolve(&mut document);
        assert_eq!(document["hooks"]["preMap"]["_scriptId"], json!(becomes));
        assert!(resolution.unresolved.is_empty());
        assert_eq!(resolution.warnings.len(), usize::from(is_lost), "a dead id is not written in silence");
    }
}

#[test]
fn what_could_not_be_listed_in_the_target_is_not_made() {
    let source = ResourceIndex { kinds: [(Kind::Scripts, vec![resource(SCRIPT, "Check", None)])].into() };
    let rules = Rules { create: [Kind::Scripts].into(), ..by_name() };
    let mut document = json!({"settings": {"x": SCRIPT}});
    let resolver = Resolver::new(source, ResourceIndex::default(), rules, Accounts::Different);
    let resolution = resolver.resolve(&mut document);
    assert!(
        resolution.pending.is_empty() && resolution.unresolved[0].message.contains("could not be listed")
    );
}

#[test]
fn within_one_account_what_the_map_replaces_is_said_where_a_text_mentions_it() {
    let account =
        connections(&[(OLD, "Depot API", "http"), (NEW, "Depot EU", "http"), (TWIN, "Other", "http")]);
    for from in [OLD, "Depot API"] {
        let resolver = Resolver::within(account.clone(), mapped(from, "Depot EU"));
        let mut document = json!({ "_connectionId": OLD, "settings": { "c": OLD, "o": TWIN, OLD: 1 },
            "http": { "relativeURI": [format!("/v1/{OLD}/x")] } });
        let before = document.clone();
        let resolution = resolver.resolve(&mut document);
        assert_eq!(document["_connectionId"], json!(NEW));
        assert_eq!((&document["settings"], &document["http"]), (&before["settings"], &before["http"]));
        let places: Vec<bool> = ["/settings/c", "/settings", "/http/relativeURI/0"]
            .iter()
            .map(|at| {
                resolution.warnings.iter().any(|said| said.contains(&format!("mentioned in {at} stays")))
            })
            .collect();
        assert_eq!((places, resolution.warnings.len()), (vec![true; 3], 3), "{:?}", resolution.warnings);
        assert!(resolution.unresolved.is_empty() && resolution.unknown.is_empty());
    }
    let unmapped = Resolver::within(account, Rules::default());
    let mut document = json!({ "_connectionId": OLD, "settings": { "c": OLD } });
    assert_eq!(unmapped.resolve(&mut document), Resolution::default());
}
