//! One field renamed in three thousand imports: exactly those that carry it change, each by one line.

use serde_json::{Value, json};
use transship_documents::diff::diff;
use transship_documents::{Facts, Program, StepSpec};

const IMPORTS: usize = 3_000;

/// Places that hold the field, each in another way.
const CARRIERS: usize = 10;
/// Places that only look like it.
const LOOKALIKES: usize = 10;

fn carrier(kind: usize) -> (&'static str, Value) {
    let one = |extract: &str| json!({ "mapping": { "fields": [{ "extract": extract, "generate": "id" }], "lists": [] } });
    let two = |extract: &str| json!({ "mappings": [{ "generate": "id", "dataType": "string", "extract": extract, "status": "Active" }] });
    match kind {
        0 => ("HTTPImport", one("internal_id")),
        1 => ("HTTPImport", one("['internal_id']")),
        2 => ("HTTPImport", one("{{trim record.internal_id}}")),
        3 => ("RDBMSImport", two("$.internal_id")),
        4 => ("FTPImport", two("{{record.internal_id}}")),
        5 => ("HTTPImport", json!({ "http": { "relativeURI": ["/x/{{record.internal_id}}"] } })),
        6 => (
            "NetSuiteDistributedImport",
            json!({ "netsuite_da": { "mapping": { "fields": [],
            "lists": [{ "generate": "item", "fields": [{ "extract": "internal_id", "generate": "x" }] }] } } }),
        ),
        7 => ("SalesforceImport", one("internal_id.value")),
        8 => ("RDBMSImport", json!({ "rdbms": { "query": ["SELECT {{record.internal_id}}"] } })),
        _ => ("HTTPImport", json!({ "traceKeyTemplate": "{{{record.internal_id}}}" })),
    }
}

fn lookalike(kind: usize) -> (&'static str, Value) {
    let one = |field: Value| json!({ "mapping": { "fields": [field], "lists": [] } });
    match kind {
        0 => ("HTTPImport", one(json!({ "extract": "order.internal_id", "generate": "id" }))),
        1 => ("HTTPImport", one(json!({ "extract": "internal_ids", "generate": "internal_id" }))),
        2 => ("HTTPImport", one(json!({ "hardCodedValue": "internal_id", "generate": "a" }))),
        3 => (
            "RDBMSImport",
            json!({ "mappings": [{ "generate": "internal_id", "dataType": "string", "extract": "$.order.internal_id", "status": "Active" }] }),
        ),
        4 => ("HTTPImport", json!({ "http": { "relativeURI": ["/internal_id/{{record.id}}"] } })),
        5 => ("HTTPImport", json!({ "traceKeyTemplate": "{{trim \"internal_id\"}}" })),
        6 => ("HTTPImport", json!({ "traceKeyTemplate": "{{settings.internal_id}}" })),
        7 => ("HTTPImport", json!({ "description": "maps internal_id" })),
        8 => ("HTTPImport", json!({ "sampleData": { "internal_id": 1 } })),
        _ => {
            ("WrapperImport", one(json!({ "extract": "id", "generate": "id", "lookupName": "internal_id" })))
        }
    }
}

/// Import number `at`, and whether it carries the field: every third does.
fn import(at: usize) -> (Value, bool) {
    let carries = at.is_multiple_of(3);
    let (adaptor, body) = if carries { carrier(at / 3 % CARRIERS) } else { lookalike(at / 3 % LOOKALIKES) };
    let mut document = json!({ "_id": format!("{at:024x}"), "name": format!("Import {at}"), "adaptorType": adaptor,
        "_connectionId": format!("{:024x}", at % 7) });
    document.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    (document, carries)
}

/// The rename, narrowed by the keys of `only`.
fn rename(only: &Value) -> Program {
    let mut row = json!({ "side": "source", "from": "internal_id", "to": "internalId" });
    row.as_object_mut().unwrap().extend(only.as_object().unwrap().clone());
    Program::compile(vec![StepSpec::new("rename_fields", json!([row]))]).unwrap()
}

/// The imports a program changes, and how many lines the plan has for each.
fn changed(program: &Program) -> Vec<(usize, usize)> {
    let lines = |at: usize| {
        let (document, _) = import(at);
        let after = program.apply(document.clone(), &Facts::default()).unwrap().document;
        let changes = diff(&document, &after);
        assert_eq!(
            changes.is_empty(),
            document == after,
            "what changes is seen, and nothing else: {document}"
        );
        changes.len()
    };
    (0..IMPORTS).map(|at| (at, lines(at))).filter(|(_, lines)| *lines > 0).collect()
}

#[test]
fn the_plan_shows_exactly_those_that_carry_the_field_one_line_each() {
    let expected: Vec<_> = (0..IMPORTS).filter(|at| import(*at).1).map(|at| (at, 1)).collect();
    assert_eq!(expected.len(), IMPORTS / 3);
    assert_eq!(changed(&rename(&json!({}))), expected);
}

#[test]
fn a_row_that_is_narrowed_leaves_the_others_alone() {
    let only = json!({ "connection": format!("{:024x}", 2), "adaptor_type": "HTTPImport" });
    let wanted = |at: usize| {
        let (document, carries) = import(at);
        carries && at % 7 == 2 && document["adaptorType"] == "HTTPImport"
    };
    let expected: Vec<_> = (0..IMPORTS).filter(|at| wanted(*at)).map(|at| (at, 1)).collect();
    assert!(expected.len() > 50);
    assert_eq!(changed(&rename(&only)), expected);
}
