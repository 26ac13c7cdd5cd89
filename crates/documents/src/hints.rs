//! What a person should look at before an import goes elsewhere: one line each, and not many.
//!
//! Promises: a place that a step changed is taken as looked after; templates are left out, for their value is not known
//! here. Captured data is named, never shown. No I/O.

use serde_json::{Map, Value};

use crate::edited::{Edited, Touched};
use crate::schema::{self, Holds, Mapper, Model, Record, adaptor_named};
use crate::shortened::shortened;

/// More ids of the target system than this are counted, not listed.
const LISTED: usize = 6;

/// Takes captured data out of a document.
pub fn drop_captured(document: &mut Edited) {
    let keys = document.now().as_object().into_iter().flat_map(Map::keys);
    let captured = Touched::members(keys.filter(|key| schema::is_captured(key)));
    if let Some(members) = document.edit(&captured).as_object_mut() {
        members.retain(|key, _| !schema::is_captured(key));
    }
}

/// What a person should check in a copied document: as it was in the source, and as it will be written.
pub fn migration_hints(document: &Edited, crossing_accounts: bool) -> Vec<String> {
    let after = document.now();
    let mut lines = mapper(after);
    lines.extend(block(after));
    lines.extend(disconnected(document));
    if crossing_accounts {
        lines.extend(captured(after));
    }
    let reconnected = after.get("_connectionId") != document.was("/_connectionId");
    if crossing_accounts || reconnected {
        lines.extend(foreign_ids(document));
    }
    lines
}

fn text<'v>(document: &'v Value, key: &str) -> &'v str {
    document.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Mapping models that the adaptor does not read, and both at once.
fn mapper(document: &Value) -> Vec<String> {
    let adaptor = text(document, "adaptorType");
    let reads = adaptor_named(adaptor).map_or(Mapper::Both, |adaptor| adaptor.mapper);
    let some = |value: Option<&Value>| value.and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let (mut one, mut two) = (false, false);
    for key in ["mapping", "mappings"] {
        let Some(value) = document.get(key) else { continue };
        for row in schema::rows_of(key).iter().filter(|row| row.at == key) {
            match row.holds {
                Holds::Mapping(Model::One, _) => one |= some(value.get("fields")) || some(value.get("lists")),
                Holds::Mapping(Model::Two, _) => two |= some(Some(value)),
                _ => {}
            }
        }
    }
    let mut lines = Vec::new();
    match reads {
        Mapper::None if one || two => lines.push(format!("it has a mapping, but {adaptor} maps nothing")),
        Mapper::One | Mapper::OneInBlock if two => {
            lines.push(format!("`mappings` is filled, but {adaptor} has no Mapper 2.0"));
        }
        _ if one && two => {
            lines.push(
                "both mapping models are filled: `mappings` (2.0) wins over `mapping` (1.0)".to_owned(),
            );
        }
        _ => {}
    }
    if reads == Mapper::OneInBlock && one {
        lines.push("`mapping` is filled, but this adaptor reads `netsuite_da.mapping` only".to_owned());
    }
    lines
}

/// An adaptor without the block it is configured by.
fn block(document: &Value) -> Option<String> {
    let adaptor = adaptor_named(text(document, "adaptorType"))?;
    let first = adaptor.blocks.first()?;
    let found = adaptor.blocks.iter().any(|block| document.get(*block).is_some_and(Value::is_object));
    (!found).then(|| format!("adaptorType is {}, but there is no `{first}`", adaptor.name))
}

/// An import that lost its connection, although imports of its kind need one.
fn disconnected(document: &Edited) -> Option<String> {
    let is_filled = |id: Option<&Value>| id.and_then(Value::as_str).is_some_and(|id| !id.is_empty());
    let was = document.was("/_connectionId");
    let is_gone = is_filled(was) && !is_filled(document.now().get("_connectionId"));
    let is_same = document.was("/adaptorType") == document.now().get("adaptorType");
    (is_gone && is_same).then(|| "it had a connection, and has none now".to_owned())
}

fn captured(document: &Value) -> Option<String> {
    let is_filled = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(keys) => !keys.is_empty(),
        _ => true,
    };
    let members = document.as_object().into_iter().flatten();
    let found: Vec<_> = members
        .filter(|(key, value)| schema::is_captured(key) && is_filled(value))
        .map(|(key, _)| key.as_str())
        .collect();
    (!found.is_empty()).then(|| {
        format!("captured data goes along ({}): `captured_data: drop` leaves it out", found.join(", "))
    })
}

fn foreign_ids(document: &Edited) -> Vec<String> {
    let after = document.now();
    let mut found: Vec<(String, &'static str, &Value)> = Vec::new();
    let may_be = |holds| match holds {
        Holds::TargetId(_) | Holds::Mapping(Model::One, _) => true,
        Holds::Lookups(record) => record != Record::Answer,
        _ => false,
    };
    schema::walk_those(after, may_be, &mut |row, at, value| match row.holds {
        Holds::TargetId(what) => found.push((at.to_owned(), what, value)),
        Holds::Mapping(Model::One, _) => hard_coded_ids(Some(value), at, &mut found),
        Holds::Lookups(_) => lookup_ids(after, at, &mut found),
        _ => {}
    });
    found.retain(|(at, _, value)| is_known(value) && document.was(at) == Some(*value));
    let mut lines: Vec<_> =
        found.iter().take(LISTED).map(|(at, what, value)| line(after, at, what, value)).collect();
    if found.len() > LISTED {
        lines.push(format!(
            "{} more ids of the target system: make sure they exist there",
            found.len() - LISTED
        ));
    }
    lines
}

fn line(document: &Value, at: &str, what: &str, value: &Value) -> String {
    let shown = match value {
        Value::String(text) => format!(" `{}`", shortened(text, 60)),
        Value::Number(number) => format!(" `{number}`"),
        _ => String::new(),
    };
    format!("{}{shown} is {what} in the target system: make sure it exists there", place(document, at))
}

/// A pointer as people read it; an entry of a list by what it is called.
fn place(document: &Value, at: &str) -> String {
    let mut shown = String::new();
    for (end, _) in at.match_indices('/').skip(1).chain([(at.len(), "")]) {
        let start = at[..end].rfind('/').map_or(0, |slash| slash + 1);
        let entry = document.pointer(&at[..end]);
        let name = ["generate", "name"].iter().find_map(|key| entry?.get(*key)?.as_str());
        match name {
            Some(name) if at[start..end].parse::<usize>().is_ok() => {
                shown.push_str(&format!("[{name}]"));
            }
            _ if shown.is_empty() => shown.push_str(&at[start..end]),
            _ if matches!(&at[start..end], "fields" | "lists" | "lookups" | "hardCodedValue")
                && entry.is_some() =>
            {
                if &at[start..end] == "lookups" {
                    shown.push_str(".lookups");
                }
            }
            _ => {
                shown.push('.');
                shown.push_str(&at[start..end]);
            }
        }
    }
    shown
}

/// Whether a value is there and does not come of a record.
fn is_known(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) => !text.trim().is_empty() && !text.contains("{{"),
        _ => true,
    }
}

fn hard_coded_ids<'v>(
    mapping: Option<&'v Value>,
    at: &str,
    found: &mut Vec<(String, &'static str, &'v Value)>,
) {
    let Some(mapping) = mapping else { return };
    let list = |key: &str| mapping.get(key).and_then(Value::as_array).into_iter().flatten().enumerate();
    for (index, field) in list("fields") {
        let (mut literal, mut is_id, mut inner) = (None, false, None);
        // Once over its keys: rows are many, and few hold any of these.
        for (key, value) in field.as_object().into_iter().flatten() {
            match key.as_str() {
                "hardCodedValue" => literal = Some(value),
                "internalId" => is_id = *value == Value::Bool(true),
                "subRecordMapping" => inner = value.get("mapping"),
                _ => {}
            }
        }
        if let Some(value) = literal.filter(|_| is_id) {
            found.push((format!("{at}/fields/{index}/hardCodedValue"), "a record's id", value));
        }
        if inner.is_some() {
            hard_coded_ids(inner, &format!("{at}/fields/{index}/subRecordMapping/mapping"), found);
        }
    }
    for (index, inner) in list("lists") {
        hard_coded_ids(Some(inner), &format!("{at}/lists/{index}"), found);
    }
}

/// Maps of lookups whose every value looks like an id: digits, or Salesforce's fifteen or eighteen characters.
fn lookup_ids<'v>(document: &'v Value, at: &str, found: &mut Vec<(String, &'static str, &'v Value)>) {
    let lookups = document.pointer(at).and_then(Value::as_array);
    for (index, lookup) in lookups.into_iter().flatten().enumerate() {
        let Some(map) = lookup.get("map").and_then(Value::as_object).filter(|map| !map.is_empty()) else {
            continue;
        };
        let all = map.values().all(|value| value.as_str().is_some_and(looks_like_an_id));
        if all {
            found.push((format!("{at}/{index}/map"), "a list of ids", &lookup["map"]));
        }
    }
}

fn looks_like_an_id(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let salesforce = matches!(text.len(), 15 | 18)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit());
    digits || salesforce
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn between(before: &Value, after: &Value, crossing_accounts: bool) -> Vec<String> {
        migration_hints(&Edited::between(before.clone(), after.clone()), crossing_accounts)
    }

    fn elsewhere(document: &Value) -> Vec<String> {
        between(document, document, true)
    }

    #[test]
    fn ids_of_the_target_system_are_listed_once_an_import_goes_elsewhere() {
        let document = json!({ "adaptorType": "NetSuiteDistributedImport", "_connectionId": "c1", "netsuite_da": {
            "hooks": { "postSubmit": { "fileInternalId": 17 }, "preMap": { "fileInternalId": "{{x}}" } },
            "mapping": {
                "fields": [
                    { "generate": "subsidiary", "hardCodedValue": "3", "internalId": true },
                    { "generate": "memo", "hardCodedValue": "3" },
                    { "generate": "detail", "subRecordMapping": { "mapping": { "fields": [], "lists": [
                        { "generate": "l", "fields": [{ "generate": "bin", "hardCodedValue": "9", "internalId": true }] }] } } },
                ],
                "lists": [] },
            "lookups": [{ "name": "a", "map": { "US": "1", "DE": "2" } }, { "name": "b", "map": { "US": "yes" } }] } });
        let lines = elsewhere(&document);
        let first_words: Vec<_> = lines.iter().map(|line| line.split(" is ").next().unwrap()).collect();
        assert_eq!(
            first_words,
            [
                "netsuite_da.mapping[subsidiary] `3`",
                "netsuite_da.mapping[detail].subRecordMapping.mapping[l][bin] `9`",
                "netsuite_da.lookups[a].map",
                "netsuite_da.hooks.postSubmit.fileInternalId `17`",
            ]
        );
        assert!(
            between(&document, &document, false).is_empty(),
            "the same account behind the same connection"
        );
        let mut other = document.clone();
        other["_connectionId"] = json!("c2");
        assert_eq!(between(&document, &other, false), lines, "another connection may be another system");
    }

    #[test]
    fn what_a_step_changed_is_taken_as_looked_after() {
        let before = json!({ "adaptorType": "S3Import", "s3": { "bucket": "us-files" } });
        assert_eq!(elsewhere(&before).len(), 1);
        let mut after = before.clone();
        after["s3"]["bucket"] = json!("eu-files");
        assert_eq!(between(&before, &after, true), Vec::<String>::new());
    }

    #[test]
    fn an_import_that_lost_its_connection_is_said() {
        let before = json!({ "adaptorType": "HTTPImport", "http": {}, "_connectionId": "c1" });
        for (after, said) in [
            (json!({ "adaptorType": "HTTPImport", "http": {} }), 1),
            (json!({ "adaptorType": "HTTPImport", "http": {}, "_connectionId": null }), 1),
            (json!({ "adaptorType": "HTTPImport", "http": {}, "_connectionId": "c2" }), 0),
            (json!({ "adaptorType": "WrapperImport", "wrapper": {} }), 0),
        ] {
            let lines = between(&before, &after, false);
            let lost = lines.iter().filter(|line| *line == "it had a connection, and has none now");
            assert_eq!(lost.count(), said, "{after}: {lines:?}");
        }
        let without = json!({ "adaptorType": "HTTPImport", "http": {} });
        assert_eq!(between(&without, &without, false), Vec::<String>::new());
    }

    #[test]
    fn the_list_is_bounded() {
        let field = json!({ "generate": "x", "hardCodedValue": "3", "internalId": true });
        let document = json!({ "adaptorType": "NetSuiteDistributedImport",
            "netsuite_da": { "mapping": { "fields": vec![field; 40] } } });
        let lines = elsewhere(&document);
        assert_eq!(lines.len(), LISTED + 1);
        assert_eq!(lines.last().unwrap(), "34 more ids of the target system: make sure they exist there");
    }

    #[test]
    fn captured_data_is_named_but_never_shown_and_can_be_dropped() {
        let document = json!({ "adaptorType": "HTTPImport", "http": {}, "name": "a", "mockResponse": ["secret"],
            "sampleData": "", "sampleResponseData": null });
        let lines = elsewhere(&document);
        assert_eq!(lines, ["captured data goes along (mockResponse): `captured_data: drop` leaves it out"]);
        let mut edited = Edited::new(document);
        drop_captured(&mut edited);
        assert_eq!(*edited.now(), json!({ "adaptorType": "HTTPImport", "http": {}, "name": "a" }));
    }

    #[test]
    fn a_mapping_that_the_adaptor_does_not_read_is_said() {
        let one = json!({ "fields": [{ "extract": "a", "generate": "b" }] });
        let two = json!([{ "generate": "b" }]);
        for (document, words) in [
            (
                json!({ "adaptorType": "HTTPImport", "http": {}, "mapping": one, "mappings": two }),
                "both mapping models",
            ),
            (
                json!({ "adaptorType": "SalesforceImport", "salesforce": {}, "mappings": two }),
                "has no Mapper 2.0",
            ),
            (
                json!({ "adaptorType": "NetSuiteDistributedImport", "netsuite_da": {}, "mapping": one }),
                "reads `netsuite_da",
            ),
            (json!({ "adaptorType": "AiAgentImport", "aiAgent": {}, "mapping": one }), "maps nothing"),
            (json!({ "adaptorType": "RDBMSImport", "http": {} }), "there is no `rdbms`"),
        ] {
            let lines = between(&document, &document, false);
            assert!(lines.len() == 1 && lines[0].contains(words), "{lines:?}");
        }
        for sound in [
            json!({ "adaptorType": "HTTPImport", "http": {}, "mapping": one, "mappings": [] }),
            json!({ "adaptorType": "RESTImport", "http": {}, "mapping": one }),
            json!({ "mapping": one }),
        ] {
            assert_eq!(between(&sound, &sound, true), Vec::<String>::new());
        }
    }
}
