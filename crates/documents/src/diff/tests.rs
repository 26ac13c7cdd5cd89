//! What a diff shows.

use serde_json::json;

use super::*;

fn check(before: &Value, after: &Value, expected: &[(&str, Option<&str>, Option<&str>)]) {
    let changes = diff(before, after);
    let found: Vec<_> =
        changes.iter().map(|c| (c.path.as_str(), c.from.as_deref(), c.to.as_deref())).collect();
    assert_eq!(found, expected);
}

#[test]
fn fields_are_told_by_pointer_in_the_order_of_the_documents() {
    check(
        &json!({"_id": "1", "name": "a", "http": {"method": ["GET", "PUT"], "a/b": 1}, "description": "x"}),
        &json!({"_id": "2", "name": "b", "http": {"method": ["GET", "POST", "PUT"]}, "settings": {"k": [1]}}),
        &[
            ("/name", Some("\"a\""), Some("\"b\"")),
            ("/http/method/1", None, Some("\"POST\"")),
            ("/http/a~1b", Some("1"), None),
            ("/description", Some("\"x\""), None),
            ("/settings", None, Some("{\"k\":[1]}")),
        ],
    );
}

#[test]
fn what_means_the_same_is_no_change() {
    check(
        &json!({"name": "a", "oneToMany": "false", "s3": {"region": "EU"}, "lookups": [], "n": 1}),
        &json!({"createdAt": "x", "oneToMany": false, "s3": {"region": "eu"}, "ignoreExisting": false, "name": "a",
            "filter": {"type": "expression", "expression": {"version": "1"}, "version": "1"}, "n": 1.0}),
        &[],
    );
}

#[test]
fn mapping_rows_are_told_by_target_whatever_their_order() {
    let before = json!({"netsuite_da": {"mapping": {
        "fields": [{"generate": "a", "extract": "x"}, {"generate": "b", "extract": "y"}, {"generate": "c", "extract": "z"}],
        "lists": [{"generate": "item", "fields": [{"generate": "qty", "extract": "q"}, {"generate": "sku", "extract": "s"}]}]}}});
    let mut after = before.clone();
    after["netsuite_da"]["mapping"]["fields"].as_array_mut().unwrap().reverse();
    after["netsuite_da"]["mapping"]["lists"][0]["fields"].as_array_mut().unwrap().reverse();
    check(&before, &after, &[]);
    after["netsuite_da"]["mapping"]["fields"][0]["extract"] = json!("zz");
    after["netsuite_da"]["mapping"]["fields"][1] = json!({"generate": "new", "hardCodedValue": "1"});
    after["netsuite_da"]["mapping"]["lists"][0]["fields"][0]["default"] = json!("0");
    check(
        &before,
        &after,
        &[
            ("netsuite_da.mapping[b]", Some(r#"{"generate":"b","extract":"y"}"#), None),
            ("netsuite_da.mapping[c].extract", Some("\"z\""), Some("\"zz\"")),
            ("netsuite_da.mapping[new]", None, Some(r#"{"generate":"new","hardCodedValue":"1"}"#)),
            ("netsuite_da.mapping[item].[sku].default", None, Some("\"0\"")),
        ],
    );
}

#[test]
fn a_renamed_target_is_one_change() {
    let row = |target: &str| json!({"mapping": {"fields": [{"generate": "id", "extract": "i"}, {"generate": target, "extract": "p"}]}});
    check(&row("price"), &row("cost"), &[("mapping[price].generate", Some("\"price\""), Some("\"cost\""))]);
}

#[test]
fn mapper_2_is_told_by_the_way_to_the_target() {
    let document = |extract: &str, status: &str| {
        json!({"mappings": [{"generate": "order", "dataType": "object", "mappings": [
            {"generate": "items", "dataType": "objectarray", "buildArrayHelper": [
                {"extract": "$.a[*]", "mappings": [{"generate": "sku", "extract": extract}]},
                {"extract": "$.b[*]", "mappings": [{"generate": "sku", "extract": "$.b.sku", "status": status}]}]}]}]})
    };
    check(
        &document("$.a.sku", "Active"),
        &document("$.a.code", "Draft"),
        &[
            ("mappings[order.items.sku].extract", Some("\"$.a.sku\""), Some("\"$.a.code\"")),
            ("mappings[order.items#2.sku].status", Some("\"Active\""), Some("\"Draft\"")),
        ],
    );
    let mut after = document("$.a.sku", "Active");
    after["mappings"][0]["mappings"][0]["buildArrayHelper"][0]["extract"] = json!("$.c[*]");
    check(
        &document("$.a.sku", "Active"),
        &after,
        &[("mappings[order.items].buildArrayHelper[0].extract", Some("\"$.a[*]\""), Some("\"$.c[*]\""))],
    );
}

#[test]
fn lookups_are_told_by_name_and_subrecords_by_their_row() {
    let before = json!({"http": {"lookups": [{"name": "a", "map": {"x": "1"}}, {"name": "b", "_id": "1"}]},
        "mapping": {"fields": [{"generate": "inv", "subRecordMapping": {"mapping": {"fields": [{"generate": "n", "extract": "q"}]}}}]}});
    let mut after = before.clone();
    after["http"]["lookups"] = json!([{"name": "b", "_id": "2"}, {"name": "a", "map": {"x": "2"}}]);
    after["mapping"]["fields"][0]["subRecordMapping"]["mapping"]["fields"][0]["extract"] = json!("r");
    check(
        &before,
        &after,
        &[
            ("http.lookups[a].map.x", Some("\"1\""), Some("\"2\"")),
            ("mapping[inv].subRecordMapping.mapping[n].extract", Some("\"q\""), Some("\"r\"")),
        ],
    );
}

#[test]
fn rows_of_one_name_are_counted() {
    let rows = |second: &str| json!({"mapping": {"fields": [{"generate": "a", "extract": "x"}, {"generate": "a", "extract": second}]}});
    check(&rows("y"), &rows("z"), &[("mapping[a#2].extract", Some("\"y\""), Some("\"z\""))]);
}

#[test]
fn a_long_text_is_shortened_to_what_changed() {
    let text = |word: &str| json!({"rdbms": {"query": [format!("{}{word}{}", "select é ".repeat(40), " from t".repeat(40))]}});
    let (from, to) = ("…lect é select é price from t from t f…", "…lect é select é cost from t from t f…");
    check(&text("price"), &text("cost"), &[("/rdbms/query/0", Some(from), Some(to))]);
}

#[test]
fn a_secret_inside_a_longer_text_is_hidden_and_the_rest_is_shown() {
    for (text, shown) in [
        ("/a?api_key=abc123&x=1", "/a?api_key=(hidden)&x=1"),
        ("/a?token={{record.token}}&b=2", "/a?token={{record.token}}&b=2"),
        (r#"{"password": "abc123", "id": 1}"#, r#"{\"password\": \"(hidden)\", \"id\": 1}"#),
        ("Authorization: Bearer abcdefgh12345678 end", "Authorization: Bearer (hidden) end"),
        ("https://user:abc123@host/x", "https://user:(hidden)@host/x"),
        ("the basic information", "the basic information"),
        ("{{#if record.token}}x{{/if}}", "{{#if record.token}}x{{/if}}"),
    ] {
        check(
            &json!({"http": {"relativeURI": [text]}}),
            &json!({"http": {"relativeURI": [format!("{text} new")]}}),
            &[("/http/relativeURI/0", Some(&format!("\"{shown}\"")), Some(&format!("\"{shown} new\"")))],
        );
    }
}

#[test]
fn nothing_secret_and_nothing_captured_is_shown() {
    let document = |n: u32| {
        json!({"http": {"headers": [{"name": "Authorization", "value": format!("secret{n}")}, {"name": "X-Api-Key", "value": format!("secret{n}")}],
            "clientSecret": format!("secret{n}"), "body": [format!("Bearer secret{n}")]},
            "mapping": {"fields": [{"generate": "password", "hardCodedValue": format!("secret{n}")}]},
            "sampleData": {"a": format!("secret{n}")}, "mockResponse": [format!("secret{n}")]})
    };
    let changes = diff(&document(1), &document(2));
    assert_eq!(changes.len(), 7, "{changes:?}");
    let removed = diff(&document(1), &json!({}));
    assert_eq!(removed.len(), 4, "{removed:?}");
    for change in changes.iter().chain(&removed) {
        for side in [&change.from, &change.to].into_iter().flatten() {
            assert!(!side.contains("secret1") && !side.contains("secret2"), "{change:?}");
        }
    }
    assert_eq!(changes[0].from.as_deref(), Some("(hidden)"));
}

#[test]
fn paths_are_listed_once() {
    let change = |path: &str| Change { path: path.to_owned(), from: None, to: None };
    assert_eq!(paths(&[change("/a"), change("/b"), change("/a")]), ["/a", "/b"]);
}
