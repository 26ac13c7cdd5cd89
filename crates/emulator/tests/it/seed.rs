//! The demo accounts: what is in them, and that the service would have accepted it.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::contract::Service;
use serde_json::Value;
use transship_emulator::{AccountSpec, Behaviour, Embedded, Kind, Options, Store, seed};

fn demo() -> Embedded {
    let accounts = vec![AccountSpec::seeded("demo-a"), AccountSpec::seeded("demo-b")];
    let behaviour = Behaviour { rate_limited: false, ..Behaviour::default() };
    Embedded::with(Store::in_memory(), Options { accounts, behaviour, ..Options::default() }).unwrap()
}

fn service(emulator: &Embedded, account: &str) -> Service {
    Service::new(emulator.url(), emulator.token(account).unwrap())
}

async fn list(service: &Service, kind: Kind) -> Vec<Value> {
    let page = service.get(&format!("/v1/{}?limit=1000", kind.list())).await;
    page.body.as_array().cloned().unwrap_or_default()
}

#[test]
fn the_same_name_always_gives_the_same_documents() {
    assert_eq!(seed::documents("demo-a").to_string(), seed::documents("demo-a").to_string());
    assert_ne!(seed::documents("demo-a").to_string(), seed::documents("other").to_string());
}

#[test]
fn an_account_that_has_only_been_set_up_has_connections_but_no_scripts_and_no_imports() {
    let (new, target) = (seed::documents("demo-new"), seed::documents("demo-b"));
    let count = |documents: &Value, list: &str| documents[list].as_array().map_or(0, Vec::len);
    assert_eq!(count(&new, "connections"), count(&target, "connections"));
    for list in ["scripts", "filedefinitions", "lookupcaches", "asynchelpers", "flows", "imports"] {
        assert!(count(&new, list) == 0 && count(&target, list) > 0, "{list}");
    }
}

#[tokio::test]
async fn a_source_has_about_300_imports_of_every_kind() {
    let emulator = demo();
    let imports = list(&service(&emulator, "demo-a"), Kind::Imports).await;
    assert!((290..320).contains(&imports.len()), "{}", imports.len());
    let kinds: BTreeSet<&str> =
        imports.iter().map(|import| import["adaptorType"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 18, "{kinds:?}");
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for import in &imports {
        *names.entry(import["name"].as_str().unwrap()).or_default() += 1;
    }
    let twins: Vec<_> = names.iter().filter(|name| *name.1 > 1).collect();
    assert_eq!(twins, [(&"Push stock", &2), (&"Weekly sync", &3)]);
    let ids: BTreeSet<&str> = imports.iter().map(|import| import["_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), imports.len());
    let largest = imports.iter().map(|import| import.to_string().len()).max().unwrap();
    assert!(largest > 20_000, "{largest}");
    assert!(imports.iter().filter(|import| import.to_string().contains("******")).count() >= 3);
    assert!(imports.iter().filter(|import| import.get("_connectorId").is_some()).count() >= 3);
}

#[tokio::test]
async fn the_service_accepts_every_demo_import_as_it_stands() {
    let emulator = demo();
    let service = service(&emulator, "demo-a");
    for import in list(&service, Kind::Imports).await {
        let path = format!("/v1/imports/{}", import["_id"].as_str().unwrap());
        let answer = service.put(&path, import.clone()).await;
        assert_eq!(answer.status.as_u16(), 200, "{}: {}", import["name"], answer.body);
        assert_eq!(answer.body["adaptorType"], import["adaptorType"]);
    }
}

/// Ids of one account to those of the other, by kind, name and type.
async fn translation(from: &Service, to: &Service) -> BTreeMap<String, String> {
    let mut translation = BTreeMap::new();
    for kind in Kind::all().filter(|kind| !matches!(kind, Kind::Imports | Kind::Flows)) {
        let there = list(to, kind).await;
        for one in list(from, kind).await {
            let twins: Vec<_> = there
                .iter()
                .filter(|other| other["name"] == one["name"] && other["type"] == one["type"])
                .collect();
            assert_eq!(twins.len(), 1, "{} {}", kind.list(), one["name"]);
            assert_ne!(one["_id"], twins[0]["_id"]);
            let id = |document: &Value| document["_id"].as_str().unwrap().to_owned();
            translation.insert(id(&one), id(twins[0]));
        }
    }
    translation
}

#[tokio::test]
async fn every_reference_of_a_source_has_one_counterpart_in_the_target() {
    let emulator = demo();
    let (source, target) = (service(&emulator, "demo-a"), service(&emulator, "demo-b"));
    let before = list(&target, Kind::Imports).await.len();
    assert_eq!(before, 10);
    let translation = translation(&source, &target).await;
    let imports = list(&source, Kind::Imports).await;
    for import in &imports {
        let mut text = import.to_string();
        for (from, to) in &translation {
            text = text.replace(from, to);
        }
        let answer = target.post("/v1/imports", serde_json::from_str(&text).unwrap()).await;
        assert_eq!(answer.status.as_u16(), 201, "{}: {}", import["name"], answer.body);
    }
    assert_eq!(list(&target, Kind::Imports).await.len(), before + imports.len());
}

#[tokio::test]
async fn lookup_caches_give_their_data_apart() {
    let emulator = demo();
    let service = service(&emulator, "demo-a");
    let cache = &list(&service, Kind::LookupCaches).await[0];
    assert!(cache.get("data").is_none());
    let path = format!("/v1/lookupcaches/{}", cache["_id"].as_str().unwrap());
    assert!(service.get(&path).await.expect(200).body.get("data").is_none());
    let all = service.post(&format!("{path}/getData"), serde_json::json!({})).await.expect(200).body;
    assert_eq!(all["data"].as_array().unwrap().len(), 20);
    let keys = serde_json::json!({ "keys": ["K3", "K5"] });
    let some = service.post(&format!("{path}/getData"), keys).await.expect(200).body;
    assert_eq!(some["data"][0], serde_json::json!({ "key": "K3", "value": { "code": 21 } }));
    assert_eq!(some["data"].as_array().unwrap().len(), 2);
}
