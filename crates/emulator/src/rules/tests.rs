//! Tests of the rules, each a table of cases.

use serde_json::{Value, json};

use super::{Document, Problem, adaptor, clone, defaults, managed, patch, validate};
use crate::behaviour::{Behaviour, UnusedFilters};
use crate::store::{Id, Kind};

const KNOWN: &str = "5f7c579b6411271af4e7cefa";
const UNKNOWN: &str = "5f7c579b6411271af4e7cefb";

fn document(value: Value) -> Document {
    match value {
        Value::Object(document) => document,
        other => panic!("{other} is no document"),
    }
}

/// An account in which one id is everything.
fn resources(_: Kind, id: Id) -> Option<Box<str>> {
    (id.to_string() == KNOWN).then(|| "http".into())
}

fn problems_with(more: Value, behaviour: &Behaviour) -> Vec<String> {
    let mut import = document(json!({ "name": "a", "_connectionId": KNOWN }));
    import.extend(document(more));
    defaults::make_lists(&mut import);
    defaults::lower_case(&mut import);
    let shown = |problem: Problem| format!("{} {}", problem.field.unwrap_or_default(), problem.code);
    let result = validate::import(&import, behaviour, &resources);
    result.err().unwrap_or_default().into_iter().map(shown).collect()
}

fn problems(more: Value) -> Vec<String> {
    problems_with(more, &Behaviour::default())
}

fn http(more: Value) -> Value {
    let mut import = document(json!({ "http": { "method": ["POST"], "relativeURI": [""] } }));
    import.extend(document(more));
    Value::Object(import)
}

#[test]
fn a_block_must_have_its_fields() {
    for (import, missing) in [
        (json!({ "netsuite_da": {} }), "netsuite_da.operation netsuite_da.recordType"),
        (
            json!({ "netsuite_da": { "operation": "ADDUPDATE", "recordType": "a" } }),
            "netsuite_da.internalIdLookup",
        ),
        (json!({ "netsuite_da": { "operation": "add", "recordType": "a" } }), ""),
        (json!({ "salesforce": { "operation": "insert" } }), "salesforce.sObjectType"),
        (json!({ "salesforce": { "operation": "upsertpicklistvalues", "api": "metadata" } }), ""),
        (json!({ "rdbms": {} }), "rdbms.queryType"),
        (json!({ "jdbc": {} }), "jdbc.queryType"),
        (json!({ "mongodb": {} }), "mongodb.method mongodb.collection"),
        (json!({ "dynamodb": { "method": "putItem" } }), "dynamodb.tableName"),
        (json!({ "ftp": {}, "file": {} }), "ftp.directoryPath"),
        (json!({ "s3": {}, "file": {} }), "s3.bucket"),
        (json!({ "as2": {}, "file": {} }), "as2.fileNameTemplate"),
        (json!({ "filesystem": {}, "file": {} }), "filesystem.directoryPath"),
        (json!({ "wrapper": {} }), "wrapper.function"),
        (json!({ "aiAgent": {} }), "aiAgent.provider"),
        (json!({ "guardrail": {} }), "guardrail.type"),
        (json!({ "adaptorType": "HTTPImport" }), "http.method http.relativeURI"),
        (json!({ "rest": { "method": ["GET"] } }), "rest.relativeURI"),
    ] {
        let expected: Vec<String> =
            missing.split_whitespace().map(|field| format!("{field} missing_required_field")).collect();
        assert_eq!(problems(import.clone()), expected, "{import}");
    }
}

#[test]
fn wrong_values_are_named() {
    for (import, expected) in [
        (http(json!({ "_connectionId": "abc" })), "_connectionId invalid_field"),
        (http(json!({ "_connectionId": UNKNOWN })), "_connectionId invalid_ref"),
        (http(json!({ "name": 7 })), "name invalid_field"),
        (http(json!({ "name": "  " })), "name missing_required_field"),
        (http(json!({ "oneToMany": "false" })), ""),
        (http(json!({ "oneToMany": "no" })), "oneToMany invalid_field"),
        (http(json!({ "mapping": { "fields": {} } })), "mapping invalid_field"),
        (http(json!({ "lookups": {} })), "lookups invalid_field"),
        (http(json!({ "adaptorType": "FTPImport" })), "adaptorType invalid_field"),
        (http(json!({ "adaptorType": "httpImport" })), "adaptorType invalid_field"),
        (http(json!({ "adaptorType": "RESTImport" })), ""),
        (json!({ "description": "no block at all" }), "adaptorType invalid_field"),
        (json!({ "rdbms": { "queryType": [] } }), "rdbms.queryType invalid_field"),
        (
            json!({ "salesforce": { "operation": "insert", "api": "bulk", "sObjectType": "A" } }),
            "salesforce.api invalid_field",
        ),
        (
            http(json!({ "hooks": { "postAggregate": { "function": "f" } } })),
            "hooks.postAggregate invalid_hook",
        ),
        (http(json!({ "hooks": { "postAggregate": { "function": "f" } }, "file": {} })), ""),
        (http(json!({ "settings": { "_scriptId": UNKNOWN } })), ""),
        (
            http(json!({ "settingsForm": { "init": { "_scriptId": UNKNOWN } } })),
            "settingsForm.init._scriptId invalid_ref",
        ),
    ] {
        assert_eq!(problems(import.clone()).join(" "), expected, "{import}");
    }
}

#[test]
fn mapper_2_entries_are_checked_at_every_depth() {
    let nested = |entry: Value| {
        http(json!({ "mappings": [{ "generate": "a", "dataType": "objectarray",
            "buildArrayHelper": [{ "extract": "$.x[*]", "sourceDataType": "objectarray",
                "mappings": [{ "generate": "b", "dataType": "object", "mappings": [entry] }] }] }] }))
    };
    for (entry, expected) in [
        (json!({ "generate": "c", "dataType": "string", "status": "Draft" }), ""),
        (json!({ "generate": "c", "dataType": "strng" }), "mappings invalid_datatype_enum"),
        (json!({ "generate": "c", "sourceDataType": "date" }), "mappings invalid_datatype_enum"),
        (
            json!({ "generate": "c", "dataType": "object", "sourceDataType": "object",
            "mappings": [{ "generate": "d" }] }),
            "mappings unsupported_mapping",
        ),
        (json!({ "generate": "c", "status": "Paused" }), "mappings.status invalid_field"),
    ] {
        assert_eq!(problems(nested(entry.clone())).join(" "), expected, "{entry}");
    }
    let strict = Behaviour { mapper2_requires_status: true, ..Behaviour::default() };
    let entry = json!({ "generate": "c", "dataType": "string" });
    assert_eq!(problems_with(nested(entry), &strict), vec!["mappings missing_required_field"; 3]);
}

#[test]
fn agents_need_no_connection() {
    let mut agent = document(json!({ "name": "a", "aiAgent": { "provider": "openai" } }));
    assert!(validate::import(&agent, &Behaviour::default(), &resources).is_ok());
    agent.remove("aiAgent");
    agent.insert("wrapper".into(), json!({ "function": "f" }));
    let refused = validate::import(&agent, &Behaviour::default(), &resources).unwrap_err();
    assert_eq!(refused, [Problem::missing("_connectionId")]);
}

#[test]
fn the_kind_follows_from_the_block_and_the_connection() {
    for (import, connection, expected) in [
        (json!({ "http": {}, "file": {} }), None, "HTTPImport"),
        (json!({ "http": {}, "rest": {} }), None, "RESTImport"),
        (json!({ "http": {}, "rest": {}, "adaptorType": "HTTPImport" }), None, "HTTPImport"),
        (json!({ "as2": {}, "file": {} }), None, "AS2Import"),
        (json!({ "guardrail": { "aiAgent": {} } }), None, "GuardrailImport"),
        (json!({ "file": {} }), Some("van"), "VANImport"),
        (json!({ "adaptorType": "NetSuiteHTTPImport" }), None, "NetSuiteHTTPImport"),
    ] {
        let found = adaptor::work_out(&document(import.clone()), connection, true);
        assert_eq!(found.unwrap().name, expected, "{import}");
    }
}

#[test]
fn what_is_left_out_is_filled_in_and_what_is_there_is_left_alone() {
    let fill = |value: Value, unused_filters| {
        let mut import = document(value);
        defaults::fill(&mut import, &Behaviour { unused_filters, ..Behaviour::default() });
        Value::Object(import)
    };
    let unused = json!({ "type": "expression", "expression": { "version": "1" }, "version": "1" });
    let never = |value| fill(value, UnusedFilters::Never);
    assert_eq!(
        never(json!({ "http": { "sendPostMappedData": false } })),
        json!({ "http": { "sendPostMappedData": false } })
    );
    assert_eq!(never(json!({ "s3": {} })), json!({ "s3": { "region": "us-east-1" } }));
    assert_eq!(
        never(json!({ "file": { "type": "csv", "csv": { "columnDelimiter": ";" } } })),
        json!({ "file": { "type": "csv", "csv": { "columnDelimiter": ";", "rowDelimiter": "\n", "includeHeader": true,
            "wrapWithQuotes": false, "replaceTabWithSpace": false, "replaceNewlineWithSpace": false,
            "truncateLastRowDelimiter": false }, "skipAggregation": false, "encoding": "utf8" } })
    );
    assert_eq!(
        never(json!({ "aiAgent": { "openai": { "serviceTier": "flex" } } })),
        json!({ "aiAgent": { "openai": { "serviceTier": "flex", "maxOutputTokens": 5000, "output": { "verbose": "medium" } } } })
    );
    assert_eq!(
        fill(json!({}), UnusedFilters::Always),
        json!({ "filter": unused, "responseTransform": unused })
    );
    assert_eq!(fill(json!({ "filter": {} }), UnusedFilters::WhenEmpty), json!({ "filter": unused }));
    let mut spelled =
        document(json!({ "netsuite_da": { "operation": "ADD" }, "salesforce": { "api": "Rest" } }));
    defaults::make_lists(&mut spelled);
    defaults::lower_case(&mut spelled);
    assert_eq!(
        Value::Object(spelled),
        json!({ "netsuite_da": { "operation": "add" }, "salesforce": { "api": "rest" } })
    );
}

#[test]
fn a_successor_keeps_what_is_the_services_own() {
    let old = document(json!({ "_id": KNOWN, "createdAt": "then", "lastModified": "then", "name": "a",
        "apiIdentifier": "i1", "sandbox": false, "_sourceId": UNKNOWN }));
    let mut new =
        document(json!({ "name": "b", "_id": UNKNOWN, "debugUntil": "x", "sandbox": true, "z": 1 }));
    managed::inherit(Kind::Imports, &mut new, &old, "now");
    let expected = json!({ "createdAt": "then", "name": "b", "lastModified": "now", "_id": KNOWN, "sandbox": false,
        "z": 1, "apiIdentifier": "i1", "_sourceId": UNKNOWN });
    assert_eq!(Value::Object(new), expected);
}

#[test]
fn secrets_are_masked_at_any_depth() {
    let mut connection = json!({ "http": { "auth": [{ "token": "t", "tokens": "t" }], "password": "" } });
    managed::mask(&mut connection);
    assert_eq!(
        connection,
        json!({ "http": { "auth": [{ "token": "******", "tokens": "t" }], "password": "" } })
    );
}

#[test]
fn a_patch_reaches_two_paths() {
    let patched = |patch: Value| {
        let mut import = document(json!({ "name": "a", "debugUntil": "2026-01-01T00:00:00.000Z" }));
        patch::apply(&mut import, &patch).map(|()| Value::Object(import)).map_err(|problems| problems.len())
    };
    let set = json!([{ "op": "replace", "path": "/debugUntil", "value": "2027-01-01T01:00:00+01:00" }]);
    assert_eq!(patched(set), Ok(json!({ "name": "a", "debugUntil": "2027-01-01T00:00:00.000Z" })));
    assert_eq!(patched(json!([{ "op": "remove", "path": "/debugUntil" }])), Ok(json!({ "name": "a" })));
    assert_eq!(patched(json!([{ "op": "replace", "path": "/debugUntil", "value": "soon" }])), Err(1));
    assert_eq!(
        patched(json!([{ "op": "replace", "path": "/name", "value": "b" }, { "op": "move", "path": "/a" }])),
        Err(2)
    );
    assert_eq!(patched(json!({})), Err(1));
}

#[test]
fn a_clone_maps_connections_wherever_they_stand() {
    let source =
        document(json!({ "_id": UNKNOWN, "name": "a", "_connectionId": UNKNOWN, "apiIdentifier": "i1",
        "aiAgent": { "tools": [{ "mcp": { "_mcpConnectionId": UNKNOWN } }] } }));
    let request = document(json!({ "connectionMap": { UNKNOWN: KNOWN }, "tag": "ignored" }));
    let copy = clone::copy(&source, &request, &resources).unwrap();
    let expected = json!({ "name": "Clone - a", "_connectionId": KNOWN,
        "aiAgent": { "tools": [{ "mcp": { "_mcpConnectionId": KNOWN } }] } });
    assert_eq!(Value::Object(copy), expected);
}
