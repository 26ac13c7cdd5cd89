//! What is wrong with an import: every problem at once.

use serde_json::Value;

use super::adaptor::Adaptor;
use super::{Document, Problem, Resources, adaptor, dotted, mapper2, present, references};
use crate::behaviour::Behaviour;
use crate::store::{Id, Kind};

const BOOLEANS: [&str; 12] = [
    "distributed",
    "oneToMany",
    "ignoreExisting",
    "ignoreMissing",
    "blob",
    "deleteAfterImport",
    "useTechAdaptorForm",
    "http.sendPostMappedData",
    "file.skipAggregation",
    "file.csv.includeHeader",
    "netsuite_da.useSS2Restlets",
    "salesforce.removeNonSubmittableFields",
];
const NUMBERS: [&str; 4] =
    ["maxAttempts", "http.batchSize", "http.requestTimeout", "guardrail.confidenceThreshold"];
const STRINGS: [&str; 6] =
    ["description", "pathToMany", "externalId", "dataURITemplate", "traceKeyTemplate", "idLockTemplate"];
const OBJECTS: [&str; 24] = [
    "http",
    "rest",
    "netsuite_da",
    "netsuite",
    "salesforce",
    "rdbms",
    "jdbc",
    "mongodb",
    "dynamodb",
    "ftp",
    "s3",
    "as2",
    "file",
    "filesystem",
    "wrapper",
    "aiAgent",
    "guardrail",
    "tool",
    "hooks",
    "filter",
    "responseTransform",
    "settings",
    "settingsForm",
    "mapping",
];
const ARRAYS: [&str; 3] = ["mappings", "lookups", "parsers"];

/// Paths that hold one of a few words; `netsuite_da`, `salesforce` and `s3` words are lower-cased before.
const ENUMS: [(&str, &[&str]); 7] = [
    ("netsuite_da.operation", &["add", "update", "addupdate", "attach", "detach", "delete"]),
    ("netsuite.operation", &["add", "update", "addupdate", "attach", "detach", "delete"]),
    ("salesforce.operation", &["insert", "update", "upsert", "upsertpicklistvalues", "delete", "addupdate"]),
    ("salesforce.api", &["soap", "rest", "metadata", "compositerecord"]),
    ("mongodb.method", &["insertMany", "updateOne"]),
    ("dynamodb.method", &["putItem", "updateItem"]),
    ("http.formType", &["http", "rest", "assistant", "graph_ql", "assistant_graphql"]),
];

/// Checks an import that was already normalised, and returns its kind.
///
/// # Errors
///
/// Every problem found, the missing name first.
pub(crate) fn import(
    document: &Document,
    behaviour: &Behaviour,
    resources: Resources<'_>,
) -> Result<&'static Adaptor, Vec<Problem>> {
    let mut problems = Vec::new();
    name(document, &mut problems);
    let connection = document.get("_connectionId").and_then(Value::as_str).and_then(Id::parse);
    let connection_type = connection.and_then(|id| resources(Kind::Connections, id));
    let adaptor = adaptor::work_out(document, connection_type.as_deref(), behaviour.check_adaptor_type)
        .inspect_err(|problem| problems.push(problem.clone()))
        .ok();
    if adaptor.is_none_or(|adaptor| !adaptor.needs_no_connection()) && !present(document, "_connectionId") {
        problems.push(Problem::missing("_connectionId"));
    }
    casts(document, &mut problems);
    if let Some(adaptor) = adaptor {
        block(adaptor, document, behaviour, &mut problems);
        if let Some(found) = connection_type.filter(|_| behaviour.check_connection_type)
            && !adaptor.connections.is_empty()
            && !adaptor.connections.contains(&&*found)
        {
            let message = format!("A connection of type {found} cannot be used by {}", adaptor.name);
            problems.push(Problem::at("_connectionId", "invalid_field", message));
        }
    }
    mapper1(document, &mut problems);
    if let Some(mappings) = document.get("mappings").and_then(Value::as_array) {
        mapper2::check(mappings, behaviour.mapper2_requires_status, &mut problems);
    }
    if behaviour.check_references {
        references::check(document, resources, &mut problems);
    }
    match adaptor {
        Some(adaptor) if problems.is_empty() => Ok(adaptor),
        _ => Err(problems),
    }
}

/// Checks a resource that is not an import: far less is known of those.
pub(crate) fn other(
    kind: Kind,
    document: &Document,
    behaviour: &Behaviour,
    resources: Resources<'_>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    // A job has no name: a test creates one to make a flow run in the emulator.
    if kind != Kind::Jobs {
        name(document, &mut problems);
    }
    if kind == Kind::Connections && !present(document, "type") {
        problems.push(Problem::missing("type"));
    }
    if behaviour.check_references {
        references::check(document, resources, &mut problems);
    }
    problems
}

fn name(document: &Document, problems: &mut Vec<Problem>) {
    match document.get("name") {
        Some(Value::String(name)) if !name.trim().is_empty() => {}
        None | Some(Value::Null | Value::String(_)) => problems.push(Problem::missing("name")),
        Some(other) => problems.push(Problem::cast("name", "String", other)),
    }
}

fn casts(document: &Document, problems: &mut Vec<Problem>) {
    let mut check = |paths: &[&str], wanted: &str, fits: fn(&Value) -> bool| {
        for path in paths {
            if let Some(value) = dotted(document, path).filter(|value| !value.is_null() && !fits(value)) {
                problems.push(Problem::cast(path, wanted, value));
            }
        }
    };
    // The service keeps `"false"` as the string it is.
    check(&BOOLEANS, "Boolean", |value| {
        value.is_boolean() || matches!(value.as_str(), Some("true" | "false"))
    });
    check(&NUMBERS, "Number", |value| {
        value.is_number() || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok())
    });
    check(&STRINGS, "String", |value| value.is_string() || value.is_number() || value.is_boolean());
    check(&OBJECTS, "Object", Value::is_object);
    check(&ARRAYS, "Array", Value::is_array);
    for (path, words) in ENUMS {
        match dotted(document, path) {
            None | Some(Value::Null) => {}
            Some(Value::String(word)) if words.contains(&word.as_str()) => {}
            Some(Value::String(word)) => problems.push(Problem::not_in_enum(path, word)),
            Some(other) => problems.push(Problem::cast(path, "String", other)),
        }
    }
}

/// What the configuration block of a kind must have.
fn block(adaptor: &Adaptor, document: &Document, behaviour: &Behaviour, problems: &mut Vec<Problem>) {
    problems.extend(
        adaptor.required.iter().filter(|path| !present(document, path)).map(|path| Problem::missing(path)),
    );
    let word = |path: &str| dotted(document, path).and_then(Value::as_str).unwrap_or_default();
    match adaptor.name {
        "NetSuiteDistributedImport" => {
            let finds_records = matches!(word("netsuite_da.operation"), "update" | "addupdate" | "delete");
            if behaviour.require_internal_id_lookup
                && finds_records
                && !present(document, "netsuite_da.internalIdLookup")
            {
                problems.push(Problem::missing("netsuite_da.internalIdLookup"));
            }
        }
        "SalesforceImport" => {
            let picklist = word("salesforce.operation") == "upsertpicklistvalues";
            if !picklist && !present(document, "salesforce.sObjectType") {
                problems.push(Problem::missing("salesforce.sObjectType"));
            }
        }
        "RDBMSImport" | "JDBCImport" => {
            let path = adaptor.required[0];
            let empty = dotted(document, path).and_then(Value::as_array).is_some_and(Vec::is_empty);
            if empty {
                problems.push(Problem::at(path, "invalid_field", "queryType invalid"));
            }
        }
        "HTTPImport" => {
            let records = !document.contains_key("file") && word("http.type") != "file";
            if records && present(document, "hooks.postAggregate.function") {
                let message = "postAggregate hook is supported for file imports only.";
                problems.push(Problem::at("hooks.postAggregate", "invalid_hook", message));
            }
        }
        _ => {}
    }
}

fn mapper1(document: &Document, problems: &mut Vec<Problem>) {
    for path in ["mapping", "netsuite_da.mapping"] {
        let Some(mapping) = dotted(document, path).filter(|mapping| !mapping.is_null()) else { continue };
        let rows = |key: &str| match mapping.get(key) {
            None | Some(Value::Null) => true,
            Some(Value::Array(rows)) => rows.iter().all(Value::is_object),
            Some(_) => false,
        };
        if !rows("fields") || !rows("lists") {
            problems.push(Problem::at(path, "invalid_field", "mapping invalid"));
        }
    }
}
