//! Faults do what they say, on the wire and in the store.

use std::time::{Duration, Instant};

use crate::support::contract::{Service, next, small};
use reqwest::Method;
use serde_json::{Value, json};
use transship_emulator::{AccountSpec, Behaviour, Effect, Embedded, Fault, FaultFile, Match, Options, Store};

/// An emulator with the faults of a file, and seven imports in it.
struct Scene {
    emulator: Embedded,
    service: Service,
    connection: String,
}

/// Reads `faults: [{ effect: cut_after }]`: JSON whose plain words may stand without quotes, as in YAML.
fn relaxed(text: &str) -> Value {
    let word = regex::Regex::new(r#""[^"]*"|[A-Za-z_/*?][^\s,:\[\]{}"]*|[0-9]+ms|[^\W\d]=[0-9]"#).unwrap();
    let quoted = word.replace_all(text, |found: &regex::Captures<'_>| match &found[0] {
        plain @ ("true" | "false") => plain.to_owned(),
        quoted if quoted.starts_with('"') => quoted.to_owned(),
        bare => format!("\"{bare}\""),
    });
    serde_json::from_str(&format!("{{{quoted}}}")).unwrap_or_else(|error| panic!("{error} in {quoted}"))
}

impl Scene {
    async fn new(faults: &str) -> Self {
        let emulator = crate::support::emulator(&["one"]);
        let service = Service::new(emulator.url(), emulator.token("one").unwrap());
        let connection = service.connection().await;
        for number in 1..=7 {
            service.post("/v1/imports", small(&format!("Import {number}"), &connection)).await.expect(201);
        }
        for fault in FaultFile::from_value(relaxed(faults)).unwrap().faults {
            emulator.control().add_fault(fault).unwrap();
        }
        emulator.control().reset();
        Self { emulator, service, connection }
    }

    /// Sends a request whose answer may never come.
    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<(u16, String)> {
        let url = format!("{}{path}", self.emulator.url());
        let mut request = crate::support::http_client()
            .request(method, url)
            .bearer_auth(self.emulator.token("one").unwrap());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((status, response.text().await?))
    }

    async fn post(&self, name: &str) -> reqwest::Result<(u16, String)> {
        self.send(Method::POST, "/v1/imports", Some(small(name, &self.connection))).await
    }

    async fn get(&self, path: &str) -> reqwest::Result<(u16, String)> {
        self.send(Method::GET, path, None).await
    }

    /// How many imports of a name are in the store.
    async fn stored(&self, name: &str) -> usize {
        self.emulator.control().clear_faults();
        let list = self.service.get(&format!("/v1/imports?name={name}")).await;
        list.body.as_array().map_or(0, Vec::len)
    }
}

#[tokio::test]
async fn a_call_cut_before_the_write_leaves_nothing_behind() {
    for reset in [false, true] {
        let scene = Scene::new(&format!(
            "faults: [{{ match: {{ method: POST, name: New }}, first: 1, reset: {reset}, effect: cut_before }}]"
        ))
        .await;
        assert!(scene.post("New").await.is_err());
        assert_eq!(scene.post("Other").await.unwrap().0, 201, "the server lives on");
        assert_eq!(scene.stored("New").await, 0);
        assert_eq!(scene.emulator.control().count("POST", "/v1/imports"), 2);
    }
}

#[tokio::test]
async fn a_call_cut_after_the_write_is_stored_without_an_answer() {
    for reset in [false, true] {
        let scene = Scene::new(&format!(
            "faults: [{{ match: {{ method: post, path: /v1/imports }}, first: 1, reset: {reset}, effect: cut_after }}]"
        ))
        .await;
        assert!(scene.post("New").await.is_err());
        assert_eq!(scene.stored("New").await, 1);
        let calls = scene.emulator.control().calls();
        assert!(calls.iter().any(|call| call.method == "POST" && call.status == 0), "{calls:?}");
    }
}

#[tokio::test]
async fn a_body_can_end_too_early() {
    for effect in ["cut_body", "wrong_content_length: { delta: 5 }"] {
        let effect = if effect.contains(':') { format!("{{ {effect} }}") } else { effect.to_owned() };
        let scene = Scene::new(&format!("faults: [{{ effect: {effect} }}]")).await;
        let url = format!("{}/v1/imports", scene.emulator.url());
        let request =
            crate::support::http_client().get(url).bearer_auth(scene.emulator.token("one").unwrap());
        let response = request.send().await.expect("the head arrives");
        assert_eq!(response.status(), 200);
        assert!(response.text().await.is_err(), "{effect}");
    }
    let scene = Scene::new("faults: [{ effect: { wrong_content_length: { delta: -5 } } }]").await;
    let (_, text) = scene.get("/v1/imports").await.unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err());
}

#[tokio::test]
async fn a_status_comes_with_the_services_own_body_or_another() {
    let scene = Scene::new(
        "faults: [\
         { match: { query: a=1 }, effect: { status: { code: 429, retry_after: \"Wed, 21 Oct 2026 07:28:00 GMT\" } } },\
         { match: { query: a=2 }, effect: { status: { code: 503 } } },\
         { match: { query: a=3 }, effect: { status: { code: 401 } } },\
         { match: { query: a=4 }, effect: { status: { code: 500, body: \"<html>\" } } },\
         { match: { query: a=5 }, effect: { status: { code: 429 } } },\
         { match: { query: a=6 }, effect: ok_with_error_body }]",
    )
    .await;
    let limited = scene.service.get("/v1/imports?a=1").await.expect(429);
    assert_eq!(limited.headers["retry-after"], "Wed, 21 Oct 2026 07:28:00 GMT");
    assert_eq!(limited.problems(), ["- rate_limited"]);
    assert_eq!(scene.service.get("/v1/imports?a=2").await.expect(503).problems(), ["- unexpected_error"]);
    assert_eq!(
        scene.service.get("/v1/imports?a=3").await.expect(401).body["message"],
        "Bearer Authentication Failed"
    );
    assert_eq!(scene.get("/v1/imports?a=4").await.unwrap(), (500, "<html>".to_owned()));
    assert!(scene.service.get("/v1/imports?a=5").await.expect(429).headers.get("retry-after").is_none());
    assert_eq!(scene.service.get("/v1/imports?a=6").await.expect(200).problems(), ["- unexpected_error"]);
}

#[tokio::test]
async fn a_field_is_dropped_or_changed_in_the_store_and_the_answer_may_hide_it() {
    let scene = Scene::new(
        "faults: [\
         { match: { method: POST, name: Open }, effect: { drop_field: { pointer: /http/relativeURI } } },\
         { match: { method: POST, name: Hidden }, effect: { drop_field: { pointer: /http/relativeURI/0, silently: true } } },\
         { match: { method: PUT, name: Open }, effect: { change_field: { pointer: /http/method/0, value: PUT } } }]",
    )
    .await;
    let post = |name: &'static str| scene.service.post("/v1/imports", small(name, &scene.connection));
    let open = post("Open").await.expect(201);
    assert!(open.body["http"].get("relativeURI").is_none());
    let hidden = post("Hidden").await.expect(201);
    assert_eq!(hidden.body["http"]["relativeURI"], json!(["/x"]));
    let read = scene.service.get(&format!("/v1/imports/{}", hidden.id())).await.body;
    assert_eq!(read["http"]["relativeURI"], json!([]));
    let path = format!("/v1/imports/{}", open.id());
    let put = scene.service.put(&path, small("Open", &scene.connection)).await.expect(200);
    assert_eq!(put.body["http"]["method"], json!(["PUT"]));
}

#[tokio::test]
async fn lists_can_be_short_repeated_or_out_of_order() {
    let list = "/v1/imports?limit=3";
    let names = |page: &crate::support::contract::Answer| -> Vec<String> {
        page.body
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap().replace("Import ", ""))
            .collect()
    };
    let scene = Scene::new("faults: [{ effect: { shrunken_list: { keep: 2 } } }]").await;
    let page = scene.service.get(list).await.expect(200);
    assert_eq!((names(&page), next(&page)), (vec!["1".to_owned(), "2".to_owned()], None));
    let scene = Scene::new("faults: [{ effect: { shrunken_list: {} } }]").await;
    scene.service.get(list).await.expect(204);
    let scene = Scene::new("faults: [{ match: { query: \"*skip=3*\" }, effect: repeat_page }]").await;
    let first = scene.service.get(list).await;
    let second = scene.service.get(&next(&first).unwrap()).await;
    assert_eq!(names(&first), names(&second));
    let third = scene.service.get(&next(&second).unwrap()).await;
    assert_eq!(names(&third), ["7"]);
    let scene = Scene::new("faults: [{ effect: { reorder: { seed: 4 } } }]").await;
    let mut shuffled = names(&scene.service.get("/v1/imports").await);
    assert_ne!(shuffled, ["1", "2", "3", "4", "5", "6", "7"]);
    shuffled.sort();
    assert_eq!(shuffled, ["1", "2", "3", "4", "5", "6", "7"]);
}

#[tokio::test]
async fn links_can_lead_astray() {
    let list = "/v1/imports?limit=3";
    let scene =
        Scene::new("faults: [{ effect: { link_elsewhere: { origin: \"http://192.0.2.1\" } } }]").await;
    assert_eq!(next(&scene.service.get(list).await).unwrap(), "http://192.0.2.1/v1/imports?limit=3");
    let scene = Scene::new("faults: [{ effect: link_circle }]").await;
    assert_eq!(next(&scene.service.get(list).await).unwrap(), format!("{}{list}", scene.emulator.url()));
    let scene = Scene::new("faults: [{ effect: link_relative }]").await;
    assert_eq!(next(&scene.service.get(list).await).unwrap(), "/v1/imports?skip=3&limit=3");
}

#[tokio::test]
async fn bodies_can_be_broken_wrapped_or_endless() {
    let scene = Scene::new("faults: [{ effect: bad_json }]").await;
    let (status, text) = scene.get("/v1/imports").await.unwrap();
    assert!(status == 200 && serde_json::from_str::<Value>(&text).is_err());
    let scene = Scene::new("faults: [{ effect: not_array }]").await;
    assert_eq!(scene.service.get("/v1/imports").await.body["data"].as_array().unwrap().len(), 7);
    let scene = Scene::new("faults: [{ effect: { huge_body: { bytes: 3000000 } } }]").await;
    assert_eq!(scene.get("/v1/imports").await.unwrap().1.len(), 3_000_000);
}

#[tokio::test]
async fn calls_can_be_slow_before_after_and_while_answering() {
    for effect in
        ["slow: { before: 60ms }", "slow: { after: 60ms }", "slow_body: { chunk: 2000, pause: 20ms }"]
    {
        let scene = Scene::new(&format!("faults: [{{ effect: {{ {effect} }} }}]")).await;
        let start = Instant::now();
        let (status, text) = scene.get("/v1/imports").await.unwrap();
        assert!(status == 200 && serde_json::from_str::<Value>(&text).is_ok());
        assert!(start.elapsed() >= Duration::from_millis(20), "{effect}");
    }
}

#[tokio::test]
async fn a_harness_in_another_process_counts_calls_adds_faults_and_drains_the_bucket() {
    // Without a refill: a busy machine takes the milliseconds after which a drained bucket would hold a call again.
    let behaviour = Behaviour { bucket_refill: 0.0, ..Behaviour::default() };
    let options = Options { control_endpoint: true, behaviour, ..Options::default() };
    let emulator = crate::support::emulator_with(&["one"], options);
    let service = Service::new(emulator.url(), emulator.token("one").unwrap());
    let made = service.import("Counted").await;
    service.get(&format!("/v1/imports/{}", made.id())).await.expect(200);
    let calls = service.get("/__emulator/calls").await.expect(200).body;
    assert_eq!(calls["total"], 3);
    let read = json!({ "method": "GET", "path": "/v1/imports/{id}", "status": 200, "count": 1 });
    assert!(calls["calls"].as_array().unwrap().contains(&read), "{calls}");
    let fault = json!({ "match": { "method": "GET" }, "first": 1, "effect": { "status": { "code": 503 } } });
    service.post("/__emulator/faults", fault).await.expect(204);
    service.get("/v1/imports").await.expect(503);
    service.get("/v1/imports").await.expect(200);
    service.post("/__emulator/drain", json!({ "account": "one", "calls": 5000 })).await.expect(204);
    let limited = service.get("/v1/imports").await.expect(429);
    assert_eq!(limited.headers["retry-after"], "2");
    service.post("/__emulator/reset", json!({})).await.expect(204);
    assert_eq!(emulator.control().total(), 0);
    let closed = crate::support::emulator(&["one"]);
    let response =
        crate::support::http_client().get(format!("{}/__emulator/calls", closed.url())).send().await.unwrap();
    assert_ne!(response.status(), 200, "off unless enabled");
}

#[tokio::test]
async fn every_account_has_a_bucket_of_its_own() {
    let behaviour = Behaviour { bucket_size: 3.0, bucket_refill: 0.0, ..Behaviour::default() };
    let accounts = vec![AccountSpec::empty("one"), AccountSpec::empty("two")];
    let options = Options { accounts, behaviour, ..Options::default() };
    let emulator = Embedded::with(Store::in_memory(), options).unwrap();
    let service = |name| Service::new(emulator.url(), emulator.token(name).unwrap());
    for _ in 0..3 {
        service("one").get("/v1/tokenInfo").await.expect(200);
    }
    let refused = service("one").get("/v1/tokenInfo").await.expect(429);
    let message = "Too many requests. Retry after 2 seconds.";
    assert_eq!(refused.body, json!({ "errors": [{ "code": "rate_limited", "message": message }] }));
    service("two").get("/v1/tokenInfo").await.expect(200);
}

#[tokio::test]
async fn a_skewed_clock_shows_in_the_date_and_in_documents() {
    let behaviour = Behaviour { clock_skew: jiff::SignedDuration::from_hours(-48), ..Behaviour::default() };
    let emulator = crate::support::emulator_with(&["one"], Options { behaviour, ..Options::default() });
    let service = Service::new(emulator.url(), emulator.token("one").unwrap());
    let made = service.import("Late").await;
    let created: jiff::Timestamp = made.body["createdAt"].as_str().unwrap().parse().unwrap();
    let behind = jiff::Timestamp::now().duration_since(created).as_hours();
    assert!((47..=48).contains(&behind), "{behind}");
    let date = httpdate::parse_http_date(made.headers["date"].to_str().unwrap()).unwrap();
    let date = jiff::Timestamp::try_from(date).unwrap();
    assert!(date.duration_since(created).abs().as_secs() <= 2);
}

#[test]
fn a_fault_can_be_made_in_code_too() {
    let control = transship_emulator::Control::default();
    let about = Match { path: Some("/v1/[".into()), ..Match::default() };
    assert!(control.add_fault(Fault::new(about, Effect::CutAfter)).is_err(), "a glob that is none");
    control.add_fault(Fault::new(Match::default(), Effect::CutAfter)).unwrap();
}

#[tokio::test]
async fn a_call_that_a_gateway_gave_up_on_is_done_later() {
    let scene = Scene::new(
        "faults: [{ match: { method: POST }, first: 1, effect: { late: { code: 504, after: 80ms } } }]",
    )
    .await;
    assert_eq!(scene.post("New").await.unwrap().0, 504);
    assert_eq!(scene.stored("New").await, 0);
    let began = std::time::Instant::now();
    while scene.stored("New").await == 0 {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "it was never done");
    }
    assert!(began.elapsed() >= std::time::Duration::from_millis(20));
    assert_eq!(scene.stored("New").await, 1);
}

#[tokio::test]
async fn a_list_lags_behind_what_was_made_and_the_document_itself_does_not() {
    let scene = Scene::new(
        "faults: [{ match: { path: /v1/imports, method: GET }, effect: { list_lag: { by: 30000ms } } }]",
    )
    .await;
    let (status, text) = scene.post("New").await.unwrap();
    assert_eq!(status, 201);
    let made: Value = serde_json::from_str(&text).unwrap();
    let id = made["_id"].as_str().unwrap();
    assert!(!scene.get("/v1/imports?limit=1000").await.unwrap().1.contains(id));
    assert_eq!(scene.get(&format!("/v1/imports/{id}")).await.unwrap().0, 200);
    assert_eq!(scene.stored("New").await, 1, "without the fault it is listed");
}
