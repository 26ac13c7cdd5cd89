//! The rules of selecting, one by one.

use serde_json::json;

use super::*;

fn head(document: &Value) -> Head {
    Head::of(&document.to_string()).unwrap()
}

fn order() -> Value {
    json!({"_id": "i1", "name": "Order / EU [1]", "adaptorType": "HTTPImport", "_connectionId": "c1",
        "_integrationId": "n1", "lastModified": "2026-01-31T10:00:00.000Z", "http": {"method": ["PUT", "POST"]}})
}

fn selects(spec: SelectorSpec) -> bool {
    let document = order();
    let names =
        Names { connection: Some("NetSuite Prod"), integration: Some("Order to cash"), ..Names::default() };
    Selector::compile(spec).unwrap().matches(&head(&document), names, &mut || Ok(document.clone())).unwrap()
}

fn list(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn named(pattern: &str) -> bool {
    selects(SelectorSpec { names: list(&[pattern]), ..SelectorSpec::default() })
}

#[test]
fn nothing_given_selects_every_import() {
    assert!(selects(SelectorSpec::default()));
    assert!(selects(SelectorSpec { exclude: Some(Box::default()), ..SelectorSpec::default() }));
}

#[test]
fn names_are_globs_that_cross_slashes_and_heed_case_or_regular_expressions() {
    for pattern in [
        "Order*",
        "*EU*",
        "Order / EU [1]",
        "Order ? EU*",
        "Order / EU \\[1\\]",
        "{Order,Item}*",
        "re:^Order .* \\[\\d\\]$",
        "*",
    ] {
        assert!(named(pattern), "{pattern}");
    }
    for pattern in ["order*", "Order", "Order / EU [2]", "re:^order", "re:^EU"] {
        assert!(!named(pattern), "{pattern}");
    }
    assert!(selects(SelectorSpec { names: list(&["x", "Order*"]), ..SelectorSpec::default() }));
}

#[test]
fn connections_and_integrations_are_ids_or_names() {
    for (wanted, expected) in [("c1", true), ("NetSuite Prod", true), ("NetSuite", false)] {
        assert_eq!(
            selects(SelectorSpec { connections: list(&[wanted]), ..SelectorSpec::default() }),
            expected
        );
    }
    for (wanted, expected) in [("n1", true), ("Order to cash", true), ("c1", false)] {
        assert_eq!(
            selects(SelectorSpec { integrations: list(&[wanted]), ..SelectorSpec::default() }),
            expected
        );
    }
}

#[test]
fn every_key_given_must_hold() {
    let both = |adaptor: &str| SelectorSpec {
        ids: list(&["i0", "i1"]),
        adaptor_types: list(&["FTPImport", adaptor]),
        ..SelectorSpec::default()
    };
    assert!(selects(both("HTTPImport")));
    assert!(!selects(both("RESTImport")));
}

#[test]
fn modified_since_is_inclusive() {
    let since = |text: &str| SelectorSpec { modified_since: text.parse().ok(), ..SelectorSpec::default() };
    assert!(selects(since("2026-01-31T10:00:00Z")));
    assert!(!selects(since("2026-01-31T10:00:01Z")));
}

#[test]
fn where_keeps_what_is_neither_false_nor_null() {
    let by = |program: &str| SelectorSpec { filter: Some(program.to_owned()), ..SelectorSpec::default() };
    assert!(selects(by(".http.method // [] | index(\"POST\")")));
    assert!(!selects(by(".http.method // [] | index(\"GET\")")));
    assert!(!selects(by("empty")));
    assert!(selects(by("0")));
}

#[test]
fn what_exclude_selects_is_left_out() {
    let without =
        |inner: SelectorSpec| SelectorSpec { exclude: Some(Box::new(inner)), ..SelectorSpec::default() };
    assert!(!selects(without(SelectorSpec { names: list(&["Order*"]), ..SelectorSpec::default() })));
    assert!(selects(without(SelectorSpec { names: list(&["Other*"]), ..SelectorSpec::default() })));
    let inner = SelectorSpec { filter: Some(".http".to_owned()), ..SelectorSpec::default() };
    let selector = Selector::compile(without(inner.clone())).unwrap();
    assert!(selector.needs_document() && !selector.needs_names());
    assert!(!selects(without(inner.clone())));
    assert!(selects(without(without(inner))));
}

#[test]
fn the_document_is_asked_for_only_if_all_else_holds() {
    let spec = SelectorSpec { names: list(&["x"]), filter: Some(".".to_owned()), ..SelectorSpec::default() };
    let selector = Selector::compile(spec).unwrap();
    let answer = selector.matches(&head(&order()), Names::default(), &mut || panic!("asked"));
    assert_eq!(answer, Ok(false));
}

#[test]
fn a_filter_that_fails_says_so() {
    let spec = SelectorSpec { filter: Some("error(\"why\")".to_owned()), ..SelectorSpec::default() };
    let answer =
        Selector::compile(spec).unwrap().matches(&head(&order()), Names::default(), &mut || Ok(order()));
    assert_eq!(answer.map_err(|error| error.to_string()), Err("where: why".to_owned()));
}

#[test]
fn all_problems_are_named_with_their_place() {
    let spec = SelectorSpec {
        names: list(&["ok", "re:a(b", "[a"]),
        filter: Some(". | nope".to_owned()),
        exclude: Some(Box::new(SelectorSpec { names: list(&["re:*"]), ..SelectorSpec::default() })),
        ..SelectorSpec::default()
    };
    let problems = Selector::compile(spec).unwrap_err();
    let places: Vec<_> =
        problems.iter().map(|problem| (problem.path.join("/"), problem.range.clone())).collect();
    assert_eq!(
        places,
        [
            ("names/1".to_owned(), Some(4..5)),
            ("names/2".to_owned(), None),
            ("where".to_owned(), Some(4..8)),
            ("exclude/names/0".to_owned(), Some(3..4)),
        ],
        "{problems:?}"
    );
}
