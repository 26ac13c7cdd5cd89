//! What was acknowledged is kept: across restarts, crashes and concurrent writers.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::contract::{Service, next, small};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use transship_emulator::{AccountSpec, Embedded, Kind, LinkForm, Options, Store};

fn unlimited(path: &Path) -> Embedded {
    let mut options = Options { accounts: vec![AccountSpec::empty("one")], ..Options::default() };
    options.behaviour.rate_limited = false;
    Embedded::with(Store::open(path).unwrap(), options).unwrap()
}

fn service(emulator: &Embedded) -> Service {
    Service::new(emulator.url(), emulator.token("one").unwrap())
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (live, crashed) = (folder.path().join("live.jsonl"), folder.path().join("crashed.jsonl"));
    let emulator = unlimited(&live);
    let before = service(&emulator);
    let connection = before.connection().await;
    let post = |at: usize| {
        let (before, import) = (before.clone(), small(&format!("Import {at}"), &connection));
        async move { before.post("/v1/imports", import).await.expect(201).body }
    };
    let made = join_all((0..200).map(post)).await;
    let gone = made[7]["_id"].as_str().unwrap();
    before.delete(&format!("/v1/imports/{gone}")).await.expect(204);
    let whole = before.get("/v1/imports?limit=1000").await.body;
    // The file as a kill would leave it: nobody closed it.
    std::fs::copy(&live, &crashed).unwrap();
    drop(emulator);
    for path in [&crashed, &live] {
        let emulator = unlimited(path);
        let after = service(&emulator);
        assert_eq!(after.get("/v1/imports?limit=1000").await.expect(200).body, whole);
        after.get(&format!("/v1/recycleBinTTL/imports/{gone}")).await.expect(200);
        let later = after.post("/v1/imports", small("Later", &connection)).await.expect(201).body;
        let last = after.get("/v1/imports?skip=199").await.expect(200).body;
        assert_eq!(last, json!([later]), "a new import comes last");
    }
}

#[tokio::test]
async fn the_demo_accounts_are_seeded_once_and_keep_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.jsonl");
    let first = Embedded::start(&path, ["demo-a"]).unwrap();
    let token = first.token("demo-a").unwrap().to_owned();
    let demo = Service::new(first.url(), &token);
    let list = demo.get("/v1/imports?limit=1000").await.body;
    demo.import("Mine").await;
    drop(first);
    let second = Embedded::start(&path, ["demo-a", "demo-b"]).unwrap();
    let fresh = second.token("demo-a").unwrap();
    assert_ne!(fresh, token, "a token opens one run of the emulator");
    Service::new(second.url(), &token).get("/v1/imports").await.expect(401);
    let demo = Service::new(second.url(), fresh);
    let again = demo.get("/v1/imports?limit=1000").await.body;
    assert_eq!(again.as_array().unwrap().len(), list.as_array().unwrap().len() + 1);
}

#[tokio::test]
async fn a_data_file_in_use_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.jsonl");
    let _held = Store::open(&path).unwrap();
    let error = Store::open(&path).unwrap_err().to_string();
    assert!(error.contains("busy.jsonl"), "{error}");
}

#[tokio::test]
async fn concurrent_changes_of_one_import_are_not_lost() {
    let emulator = crate::support::emulator(&["one"]);
    let service = service(&emulator);
    let made = service.import("Contended").await;
    let path = format!("/v1/imports/{}", made.id());
    let patches = (0..20).map(|at| {
        let (service, path) = (service.clone(), path.clone());
        let field = if at % 2 == 0 { "assistantMetadata" } else { "debugUntil" };
        let value = if at % 2 == 0 { json!({ "at": at }) } else { json!("2031-01-01T00:00:00.000Z") };
        let body = json!([{ "op": "add", "path": format!("/{field}"), "value": value }]);
        async move { service.call(Method::PATCH, &path, Some(body)).await.expect(204) }
    });
    join_all(patches).await;
    let read = service.get(&path).await.body;
    assert!(read.get("assistantMetadata").is_some() && read.get("debugUntil").is_some());
    let log = service.get(&format!("{path}/audit?limit=100")).await.body;
    assert_eq!(log.as_array().unwrap().len(), 21, "every change is in the log once");
}

#[tokio::test]
async fn a_large_list_is_paged_whole_in_either_form() {
    for link in [LinkForm::Skip, LinkForm::After] {
        let store = Store::in_memory();
        let spec = AccountSpec::empty("one");
        let account = spec.open(&store).unwrap();
        let imports: Vec<Value> = (0..2500)
            .map(|at| json!({ "_id": format!("{:024x}", (at * 7919) % 2500 + 1), "name": format!("Import {at}") }))
            .collect();
        assert_eq!(store.load(&account, &json!({ "imports": imports })).unwrap(), 2500);
        assert_eq!(store.count(account.id(), Kind::Imports), 2500);
        let mut options = Options { accounts: vec![spec], ..Options::default() };
        options.behaviour.link = link;
        let emulator = Embedded::with(store, options).unwrap();
        let service = service(&emulator);
        let mut url = "/v1/imports?limit=1000".to_owned();
        let mut names = Vec::new();
        loop {
            let page = service.get(&url).await.expect(200);
            let rows = page.body.as_array().unwrap();
            names.extend(rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()));
            match next(&page) {
                Some(next) => url = next,
                None => break,
            }
        }
        assert_eq!(names.len(), 2500);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 2500);
        assert_eq!((names[0].as_str(), names[2499].as_str()), ("Import 0", "Import 2499"));
    }
}

#[test]
fn data_that_cannot_be_loaded_says_where_it_is_wrong() {
    let store = Store::in_memory();
    let account = store.account("one").unwrap();
    for (data, wanted) in [
        (json!([]), "cannot load the data"),
        (json!({ "imprts": [] }), "cannot load imprts"),
        (json!({ "imports": [{ "_id": "5f7c579b6411271af4e7cefa" }, {}] }), "cannot load imports[1]"),
    ] {
        let error = store.load(&account, &data).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    }
    assert_eq!(store.count(account.id(), Kind::Imports), 0, "nothing is loaded by halves");
}

#[test]
fn a_torn_last_line_never_happened_and_other_damage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("torn.jsonl");
    let store = Store::open(&path).unwrap();
    let account = store.account("one").unwrap();
    let import = |at: usize| json!({ "_id": format!("{at:024x}"), "name": format!("Import {at}") });
    store.load(&account, &json!({ "imports": [import(1), import(2), import(3)] })).unwrap();
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for cut in [last + 1, whole.len() - 20, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(store.count(account.id(), Kind::Imports), 2, "cut at {cut}");
        store.load(&account, &json!({ "imports": [import(4)] })).unwrap();
        drop(store);
        assert_eq!(Store::open(&path).unwrap().count(account.id(), Kind::Imports), 3, "cut at {cut}");
    }
    let mut damaged = whole.clone();
    damaged[last - 3] = b'x';
    damaged[last - 2] = b'x';
    std::fs::write(&path, &damaged).unwrap();
    assert!(Store::open(&path).unwrap_err().to_string().contains("damaged"));
    std::fs::write(&path, "something else\n").unwrap();
    assert!(Store::open(&path).unwrap_err().to_string().contains("is not a data file"));
}

#[test]
fn a_file_that_is_mostly_of_no_use_is_made_smaller_and_holds_the_same() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grown.jsonl");
    let text = "x".repeat(10_000);
    let import = |at: usize, round: usize| json!({ "_id": format!("{at:024x}"), "name": format!("{round}"), "t": text });
    let store = Store::open(&path).unwrap();
    let account = store.account("one").unwrap();
    for round in 0..60 {
        let imports: Vec<Value> = (1..=10).map(|at| import(at, round)).collect();
        store.load(&account, &json!({ "imports": imports })).unwrap();
    }
    drop(store);
    let before = std::fs::metadata(&path).unwrap().len();
    let store = Store::open(&path).unwrap();
    let file = std::fs::metadata(&path).unwrap();
    assert!(file.len() * 10 < before, "{} of {before} bytes", file.len());
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert_eq!(store.count(account.id(), Kind::Imports), 10);
    let mut names = BTreeSet::new();
    for at in 1..=10 {
        let id: Value = json!(format!("{at:024x}"));
        let id = serde_json::from_value(id).unwrap();
        names.insert(store.entry(account.id(), Kind::Imports, id).unwrap().name);
    }
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["59".into()]);
}

#[tokio::test]
async fn an_account_that_is_reset_begins_with_its_demo_data_again_and_the_others_keep_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.jsonl");
    let first = Embedded::start(&path, ["demo-a", "demo-b"]).unwrap();
    let at = |emulator: &Embedded, name: &str| Service::new(emulator.url(), emulator.token(name).unwrap());
    let seeded = at(&first, "demo-a").get("/v1/imports?limit=1000").await.body;
    for name in ["demo-a", "demo-b"] {
        at(&first, name).import("Mine").await;
    }
    let held = Store::reset(&path, &["demo-a".to_owned()]);
    assert!(held.is_err(), "a running server holds its file");
    let kept = at(&first, "demo-b").get("/v1/imports?limit=1000").await.body;
    drop(first);
    let known = Store::reset(&path, &["demo-a".to_owned(), "demo-z".to_owned()]).unwrap();
    assert_eq!(known, ["demo-a"]);
    let again = Embedded::start(&path, ["demo-a", "demo-b"]).unwrap();
    assert_eq!(at(&again, "demo-a").get("/v1/imports?limit=1000").await.body, seeded);
    assert_eq!(at(&again, "demo-b").get("/v1/imports?limit=1000").await.body, kept);
}
