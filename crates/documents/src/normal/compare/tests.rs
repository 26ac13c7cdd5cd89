//! Comparisons of what was sent with what is held.

use serde_json::json;

use super::*;

fn check(sent: &Value, found: &Value, verdict: Verdict, differences: &[&str]) {
    let comparison = compare(sent, found);
    assert_eq!(comparison.differences, differences, "{sent} {found}");
    assert_eq!(comparison.verdict, verdict, "{sent} {found}");
}

#[test]
fn what_the_service_manages_and_spells_its_way_is_equal() {
    let sent = json!({"name": "a", "oneToMany": "false", "s3": {"region": "EU-West-1"}, "n": 1, "x": null});
    let found = json!({"_id": "1", "createdAt": "t", "name": "a", "oneToMany": false,
        "s3": {"region": "eu-west-1"}, "n": 1.0});
    check(&sent, &found, Verdict::Equal, &[]);
}

#[test]
fn what_the_service_adds_is_a_default() {
    let sent =
        json!({"http": {"_httpConnectorVersionId": "1", "method": ["GET"]}, "mappings": [{"generate": "a"}]});
    let found = json!({"ignoreExisting": false, "adaptorType": "HTTPImport", "settings": {}, "parsers": [],
        "filter": {"type": "expression", "expression": {"version": "1"}, "version": "1"},
        "http": {"method": ["GET"], "_httpConnectorVersionId": "2", "sendPostMappedData": true, "formType": "http"},
        "mappings": [{"generate": "a", "status": "Active"}]});
    check(&sent, &found, Verdict::EqualWithDefaults, &[]);
    let comparison = compare(&sent, &found);
    assert_eq!(comparison.added, ["/http/formType", "/mappings/0/status"]);
    assert!(!comparison.is_as_wanted());
}

#[test]
fn what_is_blank_was_added_all_the_same() {
    let sent = json!({"http": {"method": ["GET"]}, "mappings": [{"generate": "a"}]});
    let found = json!({"http": {"method": ["GET"], "cached": false}, "mappings": [{"generate": "a", "hardCodedValue": ""}],
        "note": "", "ignoreExisting": false, "nothing": null});
    check(&sent, &found, Verdict::EqualWithDefaults, &[]);
    let comparison = compare(&sent, &found);
    assert_eq!(comparison.blank, ["/http/cached", "/mappings/0/hardCodedValue", "/note"]);
    assert!(comparison.added.is_empty() && !comparison.is_as_wanted());
    assert!(comparison.is_as_wanted_but_for(|pointer| comparison.blank.iter().any(|blank| blank == pointer)));
}

#[test]
fn what_only_people_set_is_not_excused_by_what_all_imports_hold() {
    let sent = json!({"http": {"method": ["GET"]}, "file": {"type": "csv", "csv": {"columnDelimiter": ";"}}});
    let other = |pointer: &str, value: &Value| {
        let mut found = sent.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        found.pointer_mut(parent).unwrap()[key] = value.clone();
        compare(&sent, &found)
    };
    for (pointer, value) in [
        ("/ignoreExisting", json!(true)),
        ("/deleteAfterImport", json!(true)),
        ("/oneToMany", json!("true")),
        ("/pathToMany", json!("items")),
        ("/maxAttempts", json!(3)),
        ("/idLockTemplate", json!("{{record.id}}")),
        ("/mappings", json!([{"generate": "a"}])),
        ("/http/body", json!(["x"])),
        ("/http/headers", json!([{"name": "a"}])),
        ("/http/sendPostMappedData", json!(false)),
        ("/http/strictHandlebarEvaluation", json!(true)),
        ("/file/csv/includeHeader", json!(false)),
    ] {
        let comparison = other(pointer, &value);
        assert_eq!(comparison.of_people, [pointer]);
        assert!(!comparison.is_as_wanted_but_for(|_| true), "{pointer}");
        // An earlier run may have read it back right after its write: then it is the service's all the same.
        assert!(comparison.only_grew(), "{pointer}");
        let is_list = value.is_array();
        let verdict = if is_list { Verdict::Differs } else { Verdict::EqualWithDefaults };
        assert_eq!(comparison.verdict, verdict, "{pointer}: after a write it is nobody's edit");
    }
    for (pointer, value) in
        [("/parts", json!([1])), ("/http/tier", json!("x")), ("/http/cached", json!(false))]
    {
        assert!(other(pointer, &value).is_as_wanted_but_for(|_| true), "{pointer}: nobody knows it");
    }
}

#[test]
fn a_list_that_nobody_knows_is_a_default_as_any_other_value_and_free_form_data_only_grew() {
    let sent =
        json!({"http": {"method": ["GET"]}, "settings": {"a": 1}, "hooks": {"preMap": {"function": "f"}}});
    for (pointer, value) in
        [("/tags", json!(["x"])), ("/http/retryCodes", json!([429])), ("/o", json!({"a": {"b": [{"c": 1}]}}))]
    {
        let mut found = sent.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        found.pointer_mut(parent).unwrap()[key] = value;
        let comparison = compare(&sent, &found);
        assert_eq!(comparison.verdict, Verdict::EqualWithDefaults, "{pointer}");
        assert!(
            comparison.added.iter().any(|added| added.starts_with(pointer)) && !comparison.is_as_wanted()
        );
    }
    for (pointer, value) in [
        ("/settings/auto", json!("y")),
        ("/assistantMetadata", json!({"a": 1})),
        ("/hooks/preMap/configuration", json!({"a": []})),
        ("/mockResponse", json!([{}])),
    ] {
        let mut found = sent.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        found.pointer_mut(parent).unwrap()[key] = value;
        let comparison = compare(&sent, &found);
        assert_eq!(
            (comparison.verdict, &comparison.differences[..]),
            (Verdict::Differs, &[pointer.to_owned()][..])
        );
        assert!(comparison.only_grew() && !comparison.is_as_wanted_but_for(|_| true), "{pointer}");
    }
}

#[test]
fn what_is_dropped_or_changed_differs_and_is_named() {
    let sent = json!({"name": "a", "http": {"method": ["GET", "PUT"], "a/b": 1}, "settings": {"on": false},
        "mapping": {"fields": [{"generate": "x"}, {"generate": "y"}]}});
    let found = json!({"name": "b", "http": {"method": ["PUT"]}, "settings": {},
        "mapping": {"fields": [{"generate": "y"}]}});
    let all = ["/name", "/http/method/0", "/http/a~1b", "/settings/on", "/mapping/fields/0"];
    check(&sent, &found, Verdict::Differs, &all);
}

#[test]
fn a_list_that_grew_and_a_row_that_gained_a_source_differ() {
    let sent = json!({"mapping": {"fields": [{"generate": "x"}]}, "mappings": [{"generate": "a"}]});
    let found = json!({"mapping": {"fields": [{"generate": "x"}, {"generate": "y"}]},
        "mappings": [{"generate": "a", "extract": "$.b"}], "hooks": {"preMap": {"_scriptId": "s"}},
        "lookups": [{"name": "l"}]});
    let all = ["/mapping/fields", "/mappings/0/extract", "/hooks/preMap/_scriptId", "/lookups"];
    check(&sent, &found, Verdict::Differs, &all);
}

#[test]
fn a_copy_of_the_blocks_lookups_at_the_top_is_a_default() {
    let block = json!({"lookups": [{"name": "l", "extract": "x"}]});
    let found = json!({"http": block, "lookups": [{"name": "l", "extract": "x"}]});
    check(&json!({"http": block}), &found, Verdict::EqualWithDefaults, &[]);
}

#[test]
fn a_secret_that_reads_back_masked_cannot_be_compared() {
    let sent = json!({"http": {"headers": [{"name": "Authorization", "value": "Bearer abc"}]}});
    let found = json!({"http": {"headers": [{"name": "Authorization", "value": "Bearer ******"}]}});
    let comparison = compare(&sent, &found);
    assert_eq!(comparison.verdict, Verdict::EqualWithDefaults);
    assert_eq!(comparison.masked, ["/http/headers/0/value"]);
}

#[test]
fn null_entries_of_a_list_are_not_absent_ones() {
    check(&json!({"b": [null, "x"]}), &json!({"b": ["x", null]}), Verdict::Differs, &["/b/0", "/b/1"]);
    check(&json!({"b": [null]}), &json!({"b": [false]}), Verdict::Differs, &["/b/0"]);
}

#[test]
fn a_null_in_free_form_data_is_not_an_absent_one() {
    let maps = |map: serde_json::Value| json!({"http": {"lookups": [{"name": "l", "map": map}]}});
    for (at, with, without) in [
        ("/settings/a", json!({"settings": {"a": null, "b": 1}}), json!({"settings": {"b": 1}})),
        ("/http/lookups/0/map/X", maps(json!({"X": null, "A": "1"})), maps(json!({"A": "1"}))),
        (
            "/hooks/preMap/configuration/x/y",
            json!({"hooks": {"preMap": {"configuration": {"x": {"y": null}}}}}),
            json!({"hooks": {"preMap": {"configuration": {"x": {}}}}}),
        ),
    ] {
        check(&with, &without, Verdict::Differs, &[at]);
        check(&without, &with, Verdict::Differs, &[at]);
        check(&with, &with, Verdict::Equal, &[]);
        assert_ne!(crate::normal::fingerprint(&with), crate::normal::fingerprint(&without), "{with}");
        assert!(
            !crate::diff::diff(&with, &without).is_empty() && !crate::diff::diff(&without, &with).is_empty()
        );
        let read = |document: &serde_json::Value| {
            crate::normal::fingerprint_of_plain(document.to_string().as_bytes()).unwrap()
        };
        assert_eq!(
            (read(&with), read(&without)),
            (crate::normal::fingerprint(&with), crate::normal::fingerprint(&without))
        );
    }
    check(&json!({"settings": null}), &json!({}), Verdict::Equal, &[]);
    check(&maps(json!(null)), &json!({"http": {"lookups": [{"name": "l"}]}}), Verdict::Equal, &[]);
}

#[test]
fn distributed_is_true_on_a_netsuite_import_unless_it_is_set() {
    let document = |flag: serde_json::Value| json!({"netsuite_da": {"operation": "add"}, "distributed": flag, "name": "a"});
    let print = |document: &serde_json::Value| {
        let print = crate::normal::fingerprint(document);
        assert_eq!(crate::normal::fingerprint_of_plain(document.to_string().as_bytes()), Some(print));
        print
    };
    let (set, unset) = (document(json!(true)), document(json!(false)));
    assert_ne!(print(&set), print(&unset));
    assert_eq!(print(&set), print(&document(json!(null))));
    check(&unset, &set, Verdict::Differs, &["/distributed"]);
    let (none, unset) =
        (json!({"http": {"body": ["x"]}}), json!({"http": {"body": ["x"]}, "distributed": false}));
    assert_eq!(print(&none), print(&unset));
}
