//! The contract of the service: kept by the emulator always, and by any server that is named.
//!
//! `TRANSSHIP_CONTRACT_URL` and `TRANSSHIP_CONTRACT_TOKEN` name another server. It is written to.

use crate::support::contract::{self, Service};
use serde_json::json;
use transship_emulator::{Behaviour, CloneAnswer, LinkForm, Options};

/// Runs every rule against a fresh emulator, and all of them against a server that is named.
macro_rules! rules {
    ($($rule:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $rule() {
            let emulator = crate::support::emulator(&["one"]);
            contract::$rule(&Service::new(emulator.url(), emulator.token("one").unwrap())).await;
        })*

        async fn all(service: &Service) {
            $(contract::$rule(service).await;)*
        }
    };
}

rules![
    without_a_good_token_there_is_a_bare_401,
    every_answer_bears_a_date,
    token_info_names_the_user,
    a_create_answers_the_stored_document,
    a_refused_create_names_every_problem,
    a_reference_out_of_the_account_is_refused,
    a_put_replaces_the_whole_document,
    a_patch_reaches_two_paths_and_answers_nothing,
    a_deleted_import_waits_in_the_recycle_bin,
    an_import_in_use_is_not_deleted,
    a_clone_is_a_new_import_that_knows_its_source,
    a_connection_can_be_replaced,
    the_audit_log_tells_what_happened,
    following_the_links_gives_every_import_once,
    an_empty_list_is_204_without_a_body,
    lists_are_filtered_and_projected,
    an_integration_lists_its_imports,
    secrets_of_connections_are_masked,
    scripts_are_listed_without_content,
    requests_that_make_no_sense_are_told_apart,
];

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the server to try is named by the environment")]
async fn a_named_server_keeps_the_contract() {
    let (Ok(url), Ok(token)) =
        (std::env::var("TRANSSHIP_CONTRACT_URL"), std::env::var("TRANSSHIP_CONTRACT_TOKEN"))
    else {
        eprintln!(
            "a_named_server_keeps_the_contract: skipped; set TRANSSHIP_CONTRACT_URL and TRANSSHIP_CONTRACT_TOKEN to a server \
             that may be written to"
        );
        return;
    };
    all(&Service::new(&url, &token)).await;
}

#[tokio::test]
async fn the_contract_holds_whichever_way_the_open_questions_are_answered() {
    let behaviour = Behaviour {
        link: LinkForm::After,
        clone_answer: CloneAnswer::Array,
        put_checks_id: true,
        page_size: 2,
        ..Behaviour::default()
    };
    let emulator = crate::support::emulator_with(&["one"], Options { behaviour, ..Options::default() });
    all(&Service::new(emulator.url(), emulator.token("one").unwrap())).await;
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_path_changes_nothing() {
    let emulator = crate::support::emulator(&["one"]);
    let service = Service::new(emulator.url(), emulator.token("one").unwrap());
    let made = service.post("/v1/integrations/", json!({ "name": "Orders" })).await.expect(201);
    for path in ["/v1/imports/", "/v1/connections/?limit=1"] {
        service.get(path).await.expect(204);
    }
    let read = service.get(&format!("/v1/integrations/{}/", made.id())).await.expect(200);
    assert_eq!(read.body["name"], "Orders");
}

#[tokio::test]
async fn a_flow_runs_as_long_as_there_is_a_job_for_it() {
    let emulator = crate::support::emulator(&["one"]);
    let service = Service::new(emulator.url(), emulator.token("one").unwrap());
    let flow = service.post("/v1/flows", json!({ "name": "Flow", "disabled": true })).await.expect(201).id();
    let running = async || {
        let jobs = service.post("/v1/jobs/current", json!({ "_flowIds": [flow] })).await.expect(200).body;
        jobs["jobs"].as_array().unwrap().len()
    };
    assert_eq!(running().await, 0);
    let job = json!({ "_flowId": flow, "status": "running" });
    let job = service.post("/v1/jobs", job).await.expect(201).id();
    assert_eq!(running().await, 1);
    let over = json!({ "_flowId": flow, "status": "completed" });
    service.put(&format!("/v1/jobs/{job}"), over).await.expect(200);
    assert_eq!(running().await, 0);
}

#[tokio::test]
async fn an_instance_of_an_abstract_flow_is_listed_only_if_it_is_asked_for() {
    let emulator = crate::support::emulator(&["one"]);
    let service = Service::new(emulator.url(), emulator.token("one").unwrap());
    let flow = |name: &str| json!({ "name": name, "disabled": true });
    let abstract_flow = service.post("/v1/flows", flow("Abstract")).await.expect(201);
    let mut instance = flow("Instance");
    instance["_abstractFlowId"] = abstract_flow.body["_id"].clone();
    service.post("/v1/flows", instance).await.expect(201);
    for (query, listed) in [("", 1), ("?includeInstances=true", 2), ("?includeInstances=false", 1)] {
        let rows = service.get(&format!("/v1/flows{query}")).await.expect(200).body;
        assert_eq!(rows.as_array().unwrap().len(), listed, "{query}");
    }
}

#[tokio::test]
async fn an_integration_lists_what_belongs_to_it() {
    let emulator = crate::support::emulator(&["one"]);
    let service = Service::new(emulator.url(), emulator.token("one").unwrap());
    let (used, other) = (service.import("Used").await, service.import("Other").await);
    let connection = used.body["_connectionId"].clone();
    let integration = json!({ "name": "Orders", "_registeredConnectionIds": [connection] });
    let integration = service.post("/v1/integrations", integration).await.expect(201);
    let steps =
        json!([{ "branches": [{ "pageProcessors": [{ "type": "import", "_importId": used.id() }] }] }]);
    let flow =
        json!({ "name": "Flow", "_integrationId": integration.id(), "disabled": true, "routers": steps });
    let flow = service.post("/v1/flows", flow).await.expect(201);
    service.post("/v1/flows", json!({ "name": "Elsewhere", "disabled": true })).await.expect(201);
    let path = |list: &str| format!("/v1/integrations/{}/{list}", integration.id());
    for (list, wanted) in [
        ("flows", vec![flow.body["_id"].clone()]),
        ("connections", vec![connection.clone()]),
        ("imports", vec![used.body["_id"].clone()]),
    ] {
        let rows = service.get(&path(list)).await.expect(200).body;
        let ids: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["_id"].clone()).collect();
        assert_eq!(ids, wanted, "{list} without {}", other.id());
    }
    service.get(&path("exports")).await.expect(204);
    let unknown = service.get("/v1/accesstokens").await.expect(404).body.to_string();
    assert!(!unknown.contains("_id"), "{unknown}");
}

#[tokio::test]
async fn running_jobs_are_told_by_flow() {
    let store = transship_emulator::Store::in_memory();
    let spec = transship_emulator::AccountSpec::empty("one");
    let account = spec.open(&store).unwrap();
    let job = |at: u8, flow: u8, status: &str| json!({ "_id": format!("{at:024x}"), "_flowId": format!("{flow:024x}"), "status": status });
    let jobs = json!([job(1, 7, "running"), job(2, 8, "queued"), job(3, 7, "completed")]);
    store.load(&account, &json!({ "jobs": jobs })).unwrap();
    let options = Options { accounts: vec![spec], ..Options::default() };
    let emulator = transship_emulator::Embedded::with(store, options).unwrap();
    let service = Service::new(emulator.url(), emulator.token("one").unwrap());
    let all = service.post("/v1/jobs/current", json!({})).await.expect(200).body;
    assert_eq!(all["jobs"].as_array().unwrap().len(), 2);
    let of_one = json!({ "_flowIds": [format!("{:024x}", 7)] });
    let one = service.post("/v1/jobs/current", of_one).await.expect(200).body;
    assert_eq!(one["jobs"], json!([job(1, 7, "running")]));
}

#[tokio::test]
async fn a_query_for_jobs_names_what_they_are_of() {
    let store = transship_emulator::Store::in_memory();
    let spec = transship_emulator::AccountSpec::empty("one");
    let account = spec.open(&store).unwrap();
    let id = |last: u8| format!("{last:024x}");
    let job = |at: u8, flow: u8, kind: &str, made: &str| json!({ "_id": id(at), "_flowId": id(flow), "_importId": id(9), "type": kind, "status": "failed", "createdAt": made });
    let jobs =
        [job(1, 7, "flow", "2026-01-01"), job(2, 8, "flow", "2026-01-03"), job(3, 7, "import", "2026-01-02")];
    store.load(&account, &json!({ "jobs": jobs })).unwrap();
    let options = Options { accounts: vec![spec], ..Options::default() };
    let emulator = transship_emulator::Embedded::with(store, options).unwrap();
    let service = Service::new(emulator.url(), emulator.token("one").unwrap());
    let (flow, import) = (id(7), id(9));
    for refused in ["", "?status=failed", "?type=flow", "?limit=5", &format!("?type=import&_flowId={flow}")] {
        let answer = service.get(&format!("/v1/jobs{refused}")).await.expect(400);
        assert_eq!(answer.problems(), ["- invalid_query"], "{refused}");
    }
    for (query, found) in [
        (format!("?_flowId={flow}"), &[3, 1][..]),
        (format!("?_flowId={flow}&type=flow"), &[1]),
        (format!("?type=import&_importId={import}"), &[3]),
        (format!("?_flowId_in={flow},{}", id(8)), &[2, 3, 1]),
        ("?createdAt_gte=2026-01-02&createdAt_lte=2026-01-02".to_owned(), &[3]),
    ] {
        let answer = service.get(&format!("/v1/jobs{query}")).await.expect(200).body;
        let ids: Vec<_> = answer.as_array().unwrap().iter().map(|job| job["_id"].as_str().unwrap()).collect();
        assert_eq!(ids, found.iter().map(|at| id(*at)).collect::<Vec<_>>(), "{query}");
    }
    service.get(&format!("/v1/jobs?_flowId={}", id(6))).await.expect(204);
}

#[tokio::test]
async fn a_client_that_has_the_document_is_answered_304() {
    let emulator = crate::support::emulator(&["one"]);
    let token = emulator.token("one").unwrap();
    let made = Service::new(emulator.url(), token).import("Tagged").await;
    let url = format!("{}/v1/imports/{}", emulator.url(), made.id());
    let get = |tag: Option<String>| {
        let request = crate::support::http_client().get(&url).bearer_auth(token);
        let request = tag.into_iter().fold(request, |request, tag| request.header("If-None-Match", tag));
        async move { request.send().await.unwrap() }
    };
    let first = get(None).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(get(Some(tag)).await.status(), 304);
    assert_eq!(get(Some("\"other\"".into())).await.status(), 200);
}

#[tokio::test]
async fn web_pages_and_other_hosts_are_refused() {
    let options = Options { control_endpoint: true, ..Options::default() };
    let emulator = crate::support::emulator_with(&["one"], options);
    let token = emulator.token("one").unwrap();
    let call = |path: &str, header: &'static str, value: &'static str| {
        let url = format!("{}{path}", emulator.url());
        let request = crate::support::http_client().get(url).header(header, value);
        async move { request.bearer_auth(token).send().await.unwrap().status() }
    };
    assert_eq!(call("/v1/imports", "Host", "rebound.example:80").await, 421);
    assert_eq!(call("/v1/imports", "Host", "localhost:80").await, 204);
    for (origin, status) in [
        ("http://pages.example", 403),
        ("null", 403),
        ("http://127.0.0.1.pages.example", 403),
        ("http://localhost:3000", 204),
    ] {
        assert_eq!(call("/v1/imports", "Origin", origin).await, status, "{origin}");
    }
    assert_eq!(call("/__emulator/calls", "Accept", "*/*").await, 200);
    assert_eq!(call("/__emulator/calls", "Origin", "http://localhost:3000").await, 403);
    assert_eq!(call("/__emulator/calls", "Sec-Fetch-Site", "cross-site").await, 403);
}
