//! The calls by name, over a socket and the whole stack, against a service that behaves well and badly.

mod lists;
mod pages;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use url::Url;

use super::*;
use crate::api::stub::{Answer, Request, Stub, status};
use crate::api::{Access, BudgetOptions, ClientOptions, Connected, RetryPolicy, Token, connect};

const ID: &str = "5f7c579b6411271af4e7cefa";

fn connected(server: &Stub, dry_run: bool) -> Connected {
    let retry = RetryPolicy {
        attempts: NonZeroU32::new(3).unwrap(),
        base: Duration::ZERO,
        cap: Duration::ZERO,
        ..RetryPolicy::default()
    };
    let budget = BudgetOptions { per_second: f64::INFINITY, ..BudgetOptions::default() };
    let options = ClientOptions { retry, budget, seed: Some(1), ..ClientOptions::default() };
    let access = Access {
        origin: Url::parse(&server.url()).unwrap(),
        token: Token::new("0123456789abcdef"),
        renew: None,
    };
    connect(access, &options, dry_run).unwrap()
}

fn client(server: &Stub) -> Client {
    connected(server, false).client
}

/// A service that gives this answer for one verb at one path, and 404 otherwise.
async fn answering(verb: &'static str, at: &str, answer: Answer) -> Stub {
    let at = at.to_owned();
    Stub::start(
        move |request| {
            if request.method == verb && request.path == at { answer.clone() } else { status(404) }
        },
    )
    .await
}

fn stored(code: u16) -> Answer {
    status(code)
        .header("Date", "Wed, 01 Jul 2026 10:00:00 GMT")
        .body(format!(r#"{{"_id":"{ID}","name":"a",  "x":[1.50]}}"#))
}

#[tokio::test]
async fn a_document_comes_as_it_was_sent_with_its_head_date_and_attempts() {
    let server = answering("GET", &format!("/v1/imports/{ID}"), stored(200)).await;
    let document = client(&server).get("imports", &ID.into()).await.unwrap();
    assert_eq!(&*document.text, format!(r#"{{"_id":"{ID}","name":"a",  "x":[1.50]}}"#));
    assert_eq!((document.head.name.as_str(), document.attempts, document.status), ("a", 1, 200));
    assert_eq!(document.date, Some("2026-07-01T10:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn another_document_than_the_one_asked_for_is_broken() {
    let server = answering("GET", "/v1/imports/other", stored(200)).await;
    let error = client(&server).get("imports", &"other".into()).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::Broken, 3));
}

#[tokio::test]
async fn an_id_is_data_never_a_path() {
    let server = Stub::in_turn([status(404)]).await;
    let client = client(&server);
    for id in ["../connections", "a/b?c#d", "ä %2e", "a/../../x"] {
        assert_eq!(client.get("imports", &id.into()).await.unwrap_err().kind, ErrorKind::NotFound);
    }
    for id in ["", ".", ".."] {
        let error = client.delete("imports", &id.into()).await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (ErrorKind::Broken, 0));
    }
    let asked: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(
        asked,
        [
            "/v1/imports/..%2Fconnections",
            "/v1/imports/a%2Fb%3Fc%23d",
            "/v1/imports/%C3%A4%20%252e",
            "/v1/imports/a%2F..%2F..%2Fx"
        ]
    );
}

#[tokio::test]
async fn a_create_brings_the_stored_document_and_is_sent_once() {
    let server = answering("POST", "/v1/imports", stored(201)).await;
    let document = client(&server).create("imports", Bytes::from_static(b"{\"name\":\"a\"}")).await.unwrap();
    assert_eq!((document.head.id.as_str(), document.status, document.attempts), (ID, 201, 1));
}

#[tokio::test]
async fn a_create_whose_effect_is_unknown_is_in_doubt_and_never_sent_again() {
    for answer in [
        status(500),
        status(502).header("Retry-After", "1"),
        status(408),
        status(201),
        status(204),
        status(200).body("[]"),
        status(201).body("{\"name\":\"no id\"}"),
        status(201).body("{\"_id\":\"\",\"name\":\"an empty one\"}"),
        status(201).body("{\"_id\":\"..\",\"name\":5}"),
        status(200).json(&json!({"errors": [{"code": "unexpected_error", "message": "x"}]})),
    ] {
        let server = Stub::in_turn([answer]).await;
        let error = client(&server).create("imports", Bytes::from_static(b"{}")).await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (ErrorKind::InDoubt, 1), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_update_brings_the_stored_document_back() {
    let server = answering("PUT", &format!("/v1/imports/{ID}"), stored(200)).await;
    let client = client(&server);
    let body = Bytes::from_static(b"{\"name\":\"a\"}");
    assert_eq!(client.update("imports", &ID.into(), body.clone()).await.unwrap().head.id.as_str(), ID);
    let other = answering("PUT", "/v1/imports/b", stored(200)).await;
    let error = self::client(&other).update("imports", &"b".into(), body).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InDoubt);
}

#[tokio::test]
async fn a_delete_says_how_it_went() {
    for (code, kind) in
        [(204, None), (200, None), (404, Some(ErrorKind::NotFound)), (409, Some(ErrorKind::Refused))]
    {
        let server = answering("DELETE", &format!("/v1/imports/{ID}"), status(code)).await;
        let result = client(&server).delete("imports", &ID.into()).await;
        assert_eq!(result.as_ref().err().map(|error| error.kind), kind, "{code}");
        if let Ok(done) = result {
            assert_eq!((done.status, done.attempts), (code, 1));
        }
    }
}

#[tokio::test]
async fn both_answers_to_a_clone_are_understood() {
    let at = format!("/v1/imports/{ID}/clone");
    let document = status(201).json(&json!({"_id": "new", "name": "c", "_sourceId": ID}));
    let server = answering("POST", &at, document).await;
    let cloned = client(&server).clone_import(&ID.into(), &json!({"name": "c"})).await.unwrap();
    assert_eq!((cloned.id.as_str(), cloned.document.unwrap().head.name.as_str()), ("new", "c"));

    let made =
        json!([{"model": "Script", "_id": "s", "name": "x"}, {"model": "Import", "_id": "new", "name": "c"}]);
    let server = answering("POST", &at, status(201).json(&made)).await;
    let cloned = client(&server).clone_import(&ID.into(), &json!({"name": "c"})).await.unwrap();
    assert_eq!((cloned.id.as_str(), cloned.document.is_none()), ("new", true));
    assert_eq!(cloned.others, [("Script".to_owned(), Id::from("s"))]);
}

#[tokio::test]
async fn a_clone_whose_id_is_not_told_is_in_doubt() {
    for body in [
        json!([]),
        json!({}),
        json!([{"model": "Script", "_id": "s"}]),
        json!([{"model": "Import", "_id": "a"}, {"model": "Import", "_id": "b"}]),
        json!({"_id": ID}),
        json!({"_id": "", "name": "a"}),
        json!([{"model": "Import", "_id": ""}]),
    ] {
        let answer = status(201).json(&body);
        let server = answering("POST", &format!("/v1/imports/{ID}/clone"), answer).await;
        let error = client(&server).clone_import(&ID.into(), &json!({})).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InDoubt, "{body}");
    }
}

#[tokio::test]
async fn a_restore_tries_the_older_call_where_the_present_one_is_unknown() {
    for code in [404, 405] {
        let bin = format!("/v1/recycleBinTTL/imports/{ID}");
        let server = Stub::start(move |request| {
            let older = request.path == bin && request.json() == json!({});
            if older && request.method == "POST" { status(204) } else { status(code) }
        })
        .await;
        let done = client(&server).restore_from_bin("imports", &ID.into()).await.unwrap();
        assert_eq!((done.status, done.attempts), (204, 2));
    }
    let server = answering("POST", "/nowhere", status(204)).await;
    let error = client(&server).restore_from_bin("imports", &ID.into()).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::NotFound, 2));
}

#[tokio::test]
async fn the_recycle_bin_may_wrap_the_document() {
    for body in [json!({"_id": ID}), json!({"model": "Import", "doc": {"_id": ID}})] {
        let answer = status(200).json(&body);
        let server = answering("GET", &format!("/v1/recycleBinTTL/imports/{ID}"), answer).await;
        assert_eq!(client(&server).bin_get("imports", &ID.into()).await.unwrap().head.id.as_str(), ID);
    }
}

#[tokio::test]
async fn who_we_are_may_be_unknown_but_a_refused_token_is_an_error() {
    let identity = |code, body| async move {
        let server = answering("GET", "/v1/tokenInfo", status(code).json(&body)).await;
        client(&server).identity().await.map_err(|error| error.kind)
    };
    let known = Identity { user_id: Some(ID.to_owned()), scope: Some("*".to_owned()) };
    assert_eq!(identity(200, json!({"_userId": ID, "scope": "*"})).await, Ok(known));
    assert_eq!(identity(404, json!({})).await, Ok(Identity::default()));
    assert_eq!(identity(401, json!({"message": "Unauthorized"})).await, Err(ErrorKind::Unauthorized));
}

#[tokio::test]
async fn dependencies_and_audit_are_read() {
    let answer = json!({"flows": [{"id": "f", "name": "Orders", "more": 1}], "exports": []});
    let at = format!("/v1/imports/{ID}/dependencies");
    let server = answering("GET", &at, status(200).json(&answer)).await;
    let users = client(&server).dependencies("imports", &ID.into()).await.unwrap();
    assert_eq!(users["flows"], [Dependent { id: "f".into(), name: "Orders".to_owned() }]);
    let server = answering("GET", &at, status(204)).await;
    assert!(client(&server).dependencies("imports", &ID.into()).await.unwrap().is_empty());

    let entry = json!([{"_id": "e", "event": "update", "source": "api", "time": "t", "fieldChanges": [{"fieldPath": "name"}]}]);
    let answer = status(200).json(&entry);
    let server = answering("GET", &format!("/v1/imports/{ID}/audit"), answer).await;
    let entries = client(&server).audit(&ID.into()).await.unwrap();
    assert_eq!((entries[0].event.as_deref(), entries[0].changes.len()), (Some("update"), 1));
}

#[tokio::test]
async fn a_dry_run_sends_no_write_verb() {
    let server = Stub::in_turn([stored(200)]).await;
    let client = connected(&server, true).client;
    let (id, body) = (Id::from(ID), Bytes::from_static(b"{}"));
    let refusals = [
        client.create("imports", body.clone()).await.map(drop),
        client.update("imports", &id, body).await.map(drop),
        client.delete("imports", &id).await.map(drop),
        client.clone_import(&id, &json!({})).await.map(drop),
        client.restore_from_bin("imports", &id).await.map(drop),
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert_eq!(
            (error.kind, error.attempts, error.summary.as_str()),
            (ErrorKind::Refused, 0, "dry run: not sent")
        );
    }
    assert!(client.get("imports", &id).await.is_ok());
    let verbs = |request: &Request| request.method.clone();
    assert_eq!(server.requests().iter().map(verbs).collect::<Vec<_>>(), ["GET"]);
}

#[tokio::test]
async fn the_meter_counts_what_was_spent_and_the_clock_learns() {
    let answers =
        Mutex::new(VecDeque::from([status(503), status(429).header("Retry-After", "0"), stored(200)]));
    let server = Stub::start(move |request| match &*request.method {
        "GET" => answers.lock().unwrap().pop_front().unwrap(),
        _ => status(404),
    })
    .await;
    let Connected { client, meter, clock, budget } = connected(&server, false);
    let document = client.get("imports", &ID.into()).await.unwrap();
    assert_eq!(document.attempts, 3);
    let _ = client.create("imports", Bytes::from_static(b"{}")).await;
    let spent = meter.snapshot();
    assert_eq!(spent.calls, [("create import", 1), ("read import", 3)]);
    assert_eq!(spent.total(), 4);
    assert_eq!(spent.classes, [0, 0, 1, 0, 2, 1]);
    assert_eq!((spent.throttled, spent.retries, spent.in_flight, spent.sent_bytes), (1, 1, 0, 2));
    assert!(spent.received_bytes > 0 && spent.latency <= spent.latency_p95);
    assert!(spent.waited >= Duration::from_millis(100), "a pause of 0 still is a little one");
    assert!(clock.slack().is_some());
    assert!(budget.paused_for().is_zero());
}
