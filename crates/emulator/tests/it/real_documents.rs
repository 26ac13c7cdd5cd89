//! Real documents are accepted and read back as they were sent.

use crate::support::contract::Service;
use serde_json::{Map, Value};
use transship_emulator::{AccountSpec, Embedded, Options, Store};

/// Fields that are the service's own.
const MANAGED: [&str; 13] = [
    "_id",
    "createdAt",
    "lastModified",
    "lastModifiedBy",
    "apiIdentifier",
    "sandbox",
    "_sourceId",
    "_templateId",
    "draft",
    "draftExpiresAt",
    "debugUntil",
    "aiDescription",
    "apim",
];

/// Paths that the service is documented to fill in.
const DEFAULTS: [&str; 18] = [
    "/adaptorType",
    "/filter",
    "/responseTransform",
    "/http/sendPostMappedData",
    "/file/skipAggregation",
    "/file/encoding",
    "/file/csv",
    "/s3/region",
    "/dynamodb/region",
    "/guardrail/confidenceThreshold",
    "/netsuite_da/lookups",
    "/netsuite_da/mapping",
    "/aiAgent/openai/maxOutputTokens",
    "/aiAgent/openai/serviceTier",
    "/aiAgent/openai/output",
    "/netsuite_da/operation",
    "/salesforce/operation",
    "/salesforce/api",
];

fn differences(path: &str, sent: &Value, read: &Value, found: &mut Vec<String>) {
    if sent == read || DEFAULTS.iter().any(|default| path.starts_with(default)) && sent.is_null() {
        return;
    }
    let (Value::Object(sent), Value::Object(read)) = (sent, read) else {
        let spelling = |value: &Value| value.as_str().map(str::to_lowercase);
        if spelling(sent).is_none() || spelling(sent) != spelling(read) || !DEFAULTS.contains(&path) {
            found.push(format!("{path}: {sent} became {read}"));
        }
        return;
    };
    let keys = sent.keys().chain(read.keys().filter(|key| !sent.contains_key(*key)));
    for key in keys.filter(|key| !(path.is_empty() && MANAGED.contains(&key.as_str()))) {
        let at = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
        differences(&format!("{path}/{key}"), &at(sent), &at(read), found);
    }
}

#[tokio::test]
async fn every_real_document_is_accepted_and_reads_back_as_it_was_sent() {
    let Some(folder) = crate::support::shared_data() else { return };
    let store = Store::in_memory();
    let related = std::fs::read_to_string(folder.join("related.json")).unwrap();
    let account = AccountSpec::empty("real");
    store.load(&account.open(&store).unwrap(), &serde_json::from_str(&related).unwrap()).unwrap();
    let emulator = Embedded::with(store, Options { accounts: vec![account], ..Options::default() }).unwrap();
    let service = Service::new(emulator.url(), emulator.token("real").unwrap());
    let mut count = 0;
    let mut wrong = Vec::new();
    for file in std::fs::read_dir(folder.join("imports")).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        count += 1;
        let sent: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let made = service.post("/v1/imports", sent.clone()).await;
        if made.status != 201 {
            wrong.push(format!("{}: {}", file.display(), made.body));
            continue;
        }
        let read = service.get(&format!("/v1/imports/{}", made.id())).await.expect(200).body;
        assert_eq!(read, made.body);
        let mut found = Vec::new();
        differences("", &sent, &read, &mut found);
        wrong.extend(found.into_iter().map(|difference| format!("{}: {difference}", file.display())));
        let kept: Vec<_> =
            sent.as_object().unwrap().keys().filter(|key| !MANAGED.contains(&key.as_str())).collect();
        let order: Vec<_> = read
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| sent.get(*key).is_some() && !MANAGED.contains(&key.as_str()))
            .collect();
        assert_eq!(kept, order, "the order of keys in {}", file.display());
        let again = service.put(&format!("/v1/imports/{}", made.id()), read.clone()).await.expect(200).body;
        let mut moved = Vec::new();
        differences("", &read, &again, &mut moved);
        assert!(moved.is_empty(), "a GET put back changes nothing: {moved:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 0, "{} holds no documents", folder.display());
}
