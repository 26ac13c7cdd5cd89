//! The table itself, and that a row is all it takes: every visitor follows the made-up rows of `fields` and `adaptors`.

use serde_json::{Value, json};

use super::*;
use crate::step::{FieldRename, Side};

fn hints_of(document: &Value, crossing_accounts: bool) -> Vec<String> {
    let document = crate::Edited::between(document.clone(), document.clone());
    crate::hints::migration_hints(&document, crossing_accounts)
}

#[test]
fn every_row_says_where_it_comes_from_and_no_row_stands_twice() {
    let mut seen = std::collections::HashSet::new();
    for field in FIELDS {
        assert!(!field.source.is_empty() && !field.at.is_empty(), "{field:?}");
        assert!(seen.insert(format!("{field:?}")), "{field:?} stands twice");
    }
}

#[test]
fn every_lookup_block_of_an_adaptor_has_its_row() {
    for block in lookup_blocks() {
        let at = format!("{block}.lookups");
        assert!(
            FIELDS.iter().any(|field| field.at == at && matches!(field.holds, Holds::Lookups(_))),
            "{at}"
        );
    }
}

#[test]
fn an_adaptor_is_found_by_its_name_or_its_block() {
    for (document, name) in [
        (json!({ "adaptorType": "HTTPImport" }), Some("HTTPImport")),
        (json!({ "ftp": {}, "file": {} }), Some("FTPImport")),
        (json!({ "rest": {}, "http": {} }), Some("RESTImport")),
        (json!({ "adaptorType": "NewImport", "http": {} }), None),
        (json!({}), None),
    ] {
        assert_eq!(adaptor_of(&document).map(|adaptor| adaptor.name), name, "{document}");
    }
}

#[test]
fn a_walk_names_each_place_by_its_pointer() {
    let document = json!({
        "http": { "headers": [{ "value": "a" }, { "value": "b" }] },
        "salesforce": { "document": { "folderId": "c" } },
    });
    let mut found = Vec::new();
    walk(&document, &mut |row, at, value| {
        if matches!(row.holds, Holds::Names(Syntax::Template, _) | Holds::TargetId(_)) {
            found.push(format!("{at} {}", value.as_str().unwrap()));
        }
    });
    found.sort();
    found.dedup();
    assert_eq!(
        found,
        ["/http/headers/0/value a", "/http/headers/1/value b", "/salesforce/document/folderId c"]
    );
}

#[test]
fn a_made_up_row_is_followed_by_renames() {
    let document = |name: &str| {
        json!({ "madeUp": { "text": format!("{{{{record.{name}}}}}"),
            "lookups": [{ "name": "l", "body": format!("{{{{{name}}}}}") }] } })
    };
    let mut found = document("depot");
    let rename = FieldRename { side: Side::Source, from: "depot".to_owned(), to: "station".to_owned() };
    assert_eq!(crate::rename::rename_fields(&mut found, &[rename]), Vec::<String>::new());
    assert_eq!(found, document("station"));
}

#[test]
fn a_made_up_row_is_followed_by_references() {
    assert_eq!(reference_kind("_madeUpId"), Some(Kind::Stacks));
}

#[test]
fn a_made_up_row_is_followed_by_the_diff_and_the_hints() {
    let before = json!({ "adaptorType": "MadeUpImport", "madeUpCapture": { "a": "secret" }, "madeUp": { "shelf": "17" } });
    let mut after = before.clone();
    after["madeUpCapture"]["a"] = json!("other");
    let shown = format!("{:?}", crate::diff::diff(&before, &after));
    assert!(!shown.contains("secret") && !shown.contains("other"), "{shown}");
    let hints = hints_of(&before, true);
    assert!(hints.iter().any(|hint| hint.contains("madeUpCapture")), "{hints:?}");
    assert!(hints.iter().any(|hint| hint.contains("`17` is a shelf")), "{hints:?}");
    let bare = json!({ "adaptorType": "MadeUpImport", "mapping": { "fields": [{ "generate": "a" }] } });
    let hints = hints_of(&bare, false);
    assert!(hints.iter().any(|hint| hint.contains("MadeUpImport maps nothing")), "{hints:?}");
    assert!(hints.iter().any(|hint| hint.contains("there is no `madeUp`")), "{hints:?}");
}

#[test]
fn a_made_up_adaptor_is_listed_apart_and_told_by_its_block() {
    assert!(LISTED_APART.contains(&"MadeUpImport"));
    assert_eq!(adaptor_of(&json!({ "madeUp": {} })).map(|adaptor| adaptor.name), Some("MadeUpImport"));
    assert!(lookup_blocks().any(|block| block == "madeUp"));
}
