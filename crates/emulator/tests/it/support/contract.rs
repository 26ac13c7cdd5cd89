//! The contract of the service, one function per rule, over plain HTTP.
//!
//! Every rule makes what it needs and can be run against any server of the API.

use reqwest::Method;
use serde_json::{Value, json};

pub use super::service::{Answer, Service};

pub fn small(name: &str, connection: &str) -> Value {
    json!({ "name": name, "_connectionId": connection,
        "http": { "method": ["POST"], "relativeURI": ["/x"] } })
}

const ABSENT: &str = "5f7c579b6411271af4e7cefa";

pub async fn without_a_good_token_there_is_a_bare_401(service: &Service) {
    let bare =
        Service::answer(service.client.get(format!("{}/v1/imports", service.base_url))).await.expect(401);
    assert_eq!(bare.body, json!({ "message": "Unauthorized" }));
    let bad = Service::new(&service.base_url, "00000000000000000000000000000000");
    let bad = bad.get("/v1/imports").await.expect(401);
    assert_eq!(bad.body, json!({ "message": "Bearer Authentication Failed" }));
}

pub async fn every_answer_bears_a_date(service: &Service) {
    for path in ["/v1/tokenInfo", "/v1/imports/5f7c579b6411271af4e7cefa"] {
        let answer = service.get(path).await;
        let date = answer.headers["date"].to_str().unwrap();
        assert!(httpdate::parse_http_date(date).is_ok(), "{date}");
    }
}

pub async fn token_info_names_the_user(service: &Service) {
    let info = service.get("/v1/tokenInfo").await.expect(200);
    assert_eq!(info.body["_userId"].as_str().unwrap().len(), 24);
}

pub async fn a_create_answers_the_stored_document(service: &Service) {
    let connection = service.connection().await;
    let mut sent = small("A create", &connection);
    sent["_id"] = json!(ABSENT);
    sent["apiIdentifier"] = json!("i000000000");
    sent["_sourceId"] = json!(ABSENT);
    sent["createdAt"] = json!("2001-01-01T00:00:00.000Z");
    sent["unknownToAll"] = json!({ "b": 1, "a": [null] });
    let made = service.post("/v1/imports", sent).await.expect(201);
    assert_ne!(made.id(), ABSENT, "server-managed fields are ignored");
    assert_ne!(made.body["apiIdentifier"], "i000000000");
    let identifier = made.body["apiIdentifier"].as_str().unwrap();
    assert!(identifier.len() == 10 && identifier.starts_with('i'), "{identifier}");
    assert!(made.body.get("_sourceId").is_none());
    assert_ne!(made.body["createdAt"], "2001-01-01T00:00:00.000Z");
    assert_eq!(made.body["createdAt"].as_str().unwrap().len(), "2001-01-01T00:00:00.000Z".len());
    assert_eq!(made.body["createdAt"], made.body["lastModified"]);
    assert_eq!(made.body["adaptorType"], "HTTPImport", "worked out from the block");
    assert_eq!(made.body["http"]["sendPostMappedData"], true, "a default is filled in");
    assert_eq!(made.body["unknownToAll"].to_string(), r#"{"b":1,"a":[null]}"#, "unknown keys pass, in order");
    let read = service.get(&format!("/v1/imports/{}", made.id())).await.expect(200);
    assert_eq!(read.body, made.body);
}

pub async fn a_refused_create_names_every_problem(service: &Service) {
    let refused =
        service.post("/v1/imports", json!({ "http": {}, "oneToMany": "perhaps" })).await.expect(422);
    let problems = refused.problems();
    for wanted in [
        "name missing_required_field",
        "_connectionId missing_required_field",
        "http.method missing_required_field",
        "http.relativeURI missing_required_field",
        "oneToMany invalid_field",
    ] {
        assert!(problems.contains(&wanted.to_owned()), "{wanted} not in {problems:?}");
    }
}

pub async fn a_reference_out_of_the_account_is_refused(service: &Service) {
    let mut sent = small("Refers", ABSENT);
    sent["hooks"] = json!({ "preMap": { "function": "f", "_scriptId": ABSENT } });
    sent["http"]["lookups"] = json!([{ "name": "a" }, { "name": "b", "_lookupCacheId": "abc" }]);
    let refused = service.post("/v1/imports", sent).await.expect(422);
    let mut problems = refused.problems();
    problems.sort();
    assert_eq!(
        problems,
        [
            "_connectionId invalid_ref",
            "hooks.preMap._scriptId invalid_ref",
            "http.lookups.1._lookupCacheId invalid_field"
        ]
    );
}

pub async fn a_put_replaces_the_whole_document(service: &Service) {
    let made = service.import("Whole").await;
    let path = format!("/v1/imports/{}", made.id());
    let mut sent = made.body.clone();
    sent["description"] = json!("new");
    let first = service.put(&path, sent.clone()).await.expect(200);
    assert_eq!(first.body["description"], "new");
    sent.as_object_mut().unwrap().remove("description");
    sent.as_object_mut().unwrap().remove("adaptorType");
    sent["name"] = json!("Other");
    let second = service.put(&path, sent).await.expect(200);
    assert!(second.body.get("description").is_none(), "what is left out is erased");
    assert_eq!(second.body["name"], "Other");
    for kept in ["_id", "createdAt", "apiIdentifier", "adaptorType"] {
        assert_eq!(second.body[kept], made.body[kept], "{kept}");
    }
    assert_ne!(second.body["lastModified"], made.body["createdAt"]);
    assert_eq!(service.get(&path).await.expect(200).body, second.body);
}

pub async fn a_patch_reaches_two_paths_and_answers_nothing(service: &Service) {
    let made = service.import("Patched").await;
    let path = format!("/v1/imports/{}", made.id());
    let operation =
        |path: &str| json!([{ "op": "replace", "path": path, "value": "2030-06-21T12:00:00.000Z" }]);
    let mut read = Value::Null;
    // It was made within the millisecond, perhaps.
    for _ in 0..1000 {
        let done = service.call(Method::PATCH, &path, Some(operation("/debugUntil"))).await.expect(204);
        assert_eq!(done.body, Value::Null);
        read = service.get(&path).await.expect(200).body;
        if read["lastModified"] != made.body["lastModified"] {
            break;
        }
    }
    assert_eq!(read["debugUntil"], "2030-06-21T12:00:00.000Z");
    assert_ne!(read["lastModified"], made.body["lastModified"]);
    service.call(Method::PATCH, &path, Some(operation("/name"))).await.expect(422);
    assert_eq!(service.get(&path).await.body["name"], "Patched");
}

pub async fn a_deleted_import_waits_in_the_recycle_bin(service: &Service) {
    let made = service.import("Binned").await;
    let path = format!("/v1/imports/{}", made.id());
    service.delete(&path).await.expect(204);
    let gone = service.get(&path).await.expect(404);
    assert_eq!(gone.problems(), ["- invalid_ref"]);
    service.delete(&path).await.expect(404);
    let bin = format!("/v1/recycleBinTTL/imports/{}", made.id());
    let row = service.get(&bin).await.expect(200).body;
    assert_eq!((&row["model"], &row["doc"]), (&json!("Import"), &made.body));
    service.post(&format!("{bin}/doCascadeRestore"), json!({})).await.expect(204);
    assert_eq!(service.get(&path).await.expect(200).body, made.body, "the id is kept");
    service.delete(&path).await.expect(204);
    service.delete(&bin).await.expect(204);
    service.get(&bin).await.expect(404);
}

pub async fn an_import_in_use_is_not_deleted(service: &Service) {
    let made = service.import("Used").await;
    let flow = json!({ "name": "Uses", "pageProcessors": [{ "type": "import", "_importId": made.id() }] });
    let flow = service.post("/v1/flows", flow).await.expect(201);
    let path = format!("/v1/imports/{}", made.id());
    let users = service.get(&format!("{path}/dependencies")).await.expect(200).body;
    assert_eq!(users, json!({ "flows": [{ "id": flow.id(), "name": "Uses" }] }));
    let refused = service.delete(&path).await.expect(409);
    assert_eq!(refused.problems(), ["- conflict"]);
    service.delete(&format!("/v1/flows/{}", flow.id())).await.expect(204);
    assert_eq!(service.get(&format!("{path}/dependencies")).await.expect(200).body, json!({}));
    service.delete(&path).await.expect(204);
}

pub async fn a_clone_is_a_new_import_that_knows_its_source(service: &Service) {
    let made = service.import("Cloned").await;
    let other = service.connection().await;
    let map = json!({ "connectionMap": { made.body["_connectionId"].as_str().unwrap(): other } });
    let path = format!("/v1/imports/{}/clone", made.id());
    let answer = service.post(&path, map).await.expect(201).body;
    let id = if answer.is_array() { &answer[0]["_id"] } else { &answer["_id"] };
    let clone = service.get(&format!("/v1/imports/{}", id.as_str().unwrap())).await.expect(200).body;
    assert_eq!(clone["name"], "Clone - Cloned");
    assert_eq!(clone["_sourceId"], made.body["_id"]);
    assert_eq!(clone["_connectionId"], other.as_str());
    assert_ne!(clone["apiIdentifier"], made.body["apiIdentifier"]);
    let named = service.post(&path, json!({ "name": "N" })).await.expect(201).body;
    let named = if named.is_array() { &named[0] } else { &named };
    assert_eq!(named["name"], "N");
    let preview = service.get(&format!("{path}/preview")).await.expect(200).body;
    let models: Vec<_> = preview["objects"].as_array().unwrap().iter().map(|row| &row["model"]).collect();
    assert_eq!(models, ["Import", "Connection"]);
    assert_eq!(preview["stackRequired"], false);
    service.post(&path, json!({ "connectionMap": { ABSENT: ABSENT } })).await.expect(422);
}

pub async fn a_connection_can_be_replaced(service: &Service) {
    let made = service.import("Rewired").await;
    let path = format!("/v1/imports/{}", made.id());
    let other = service.connection().await;
    let replace = format!("{path}/replaceConnection");
    service.put(&replace, json!({ "_newConnectionId": other })).await.expect(200);
    assert_eq!(service.get(&path).await.body["_connectionId"], other.as_str());
    assert_eq!(
        service.put(&replace, json!({})).await.expect(422).problems(),
        ["_newConnectionId missing_required_field"]
    );
    service.put(&replace, json!({ "_newConnectionId": ABSENT })).await.expect(422);
}

pub async fn the_audit_log_tells_what_happened(service: &Service) {
    let made = service.import("Audited").await;
    let path = format!("/v1/imports/{}", made.id());
    let mut sent = made.body.clone();
    sent["name"] = json!("Audited twice");
    service.put(&path, sent).await.expect(200);
    let log = service.get(&format!("{path}/audit")).await.expect(200).body;
    let events: Vec<_> = log.as_array().unwrap().iter().map(|row| row["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["update", "create"]);
    let change = json!({ "fieldPath": "name", "oldValue": "Audited", "newValue": "Audited twice" });
    assert_eq!(log[0]["fieldChanges"], json!([change]));
    let one =
        service.get(&format!("/v1/audit?_resourceId={}&action=create", made.id())).await.expect(200).body;
    assert_eq!(one.as_array().unwrap().len(), 1);
}

/// The URL of the next page, by either form of the header.
pub fn next(answer: &Answer) -> Option<String> {
    let link = answer.headers.get("link")?.to_str().unwrap();
    let part = link.split(", ").find(|part| part.contains("rel=\"next\"") || part.contains("rel=next"))?;
    Some(part[part.find('<')? + 1..part.find('>')?].to_owned())
}

pub async fn following_the_links_gives_every_import_once(service: &Service) {
    let connection = service.connection().await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(
            service.post("/v1/imports", small(&format!("Page {number}"), &connection)).await.expect(201).id(),
        );
    }
    let mut url = format!("/v1/imports?_connectionId={connection}&limit=3");
    let mut seen = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let page = service.get(&url).await.expect(200);
        let rows = page.body.as_array().unwrap();
        sizes.push(rows.len());
        seen.extend(rows.iter().map(|row| row["_id"].as_str().unwrap().to_owned()));
        match next(&page) {
            Some(next) => url = next,
            None => break,
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(seen, made);
}

pub async fn an_empty_list_is_204_without_a_body(service: &Service) {
    let none = service.get("/v1/imports?name=no-import-has-this-name").await.expect(204);
    assert_eq!(none.body, Value::Null);
    service.get("/v1/templates").await.expect(204);
}

pub async fn lists_are_filtered_and_projected(service: &Service) {
    let made = service.import("Projected").await;
    let own = format!("_connectionId={}", made.body["_connectionId"].as_str().unwrap());
    let full = service.get(&format!("/v1/imports?{own}")).await.expect(200).body;
    assert_eq!(full, json!([made.body]), "a list carries whole documents");
    service.get(&format!("/v1/imports?{own}&adaptorType=FTPImport")).await.expect(204);
    service.get(&format!("/v1/imports?{own}&name=Projected&adaptorType=HTTPImport")).await.expect(200);
    let some = service.get(&format!("/v1/imports?{own}&include=http.method,nothing")).await.expect(200).body;
    let expected = json!({ "_id": made.id(), "name": "Projected", "adaptorType": "HTTPImport",
        "http": { "method": ["POST"] } });
    assert_eq!(some[0], expected);
    let less = service.get(&format!("/v1/imports?{own}&exclude=http")).await.expect(200).body;
    assert!(less[0].get("http").is_none() && less[0].get("createdAt").is_some());
    let bad = service.get("/v1/imports?include=a&exclude=b").await.expect(400);
    assert_eq!(bad.problems(), ["- invalid_query_params"]);
    let by_id = service.get(&format!("/v1/imports/{}?include=name", made.id())).await.expect(200);
    assert_eq!(by_id.body, made.body, "ignored on GET by id");
}

pub async fn an_integration_lists_its_imports(service: &Service) {
    let integration = service.post("/v1/integrations", json!({ "name": "I" })).await.expect(201).id();
    let path = format!("/v1/integrations/{integration}/imports");
    service.get(&path).await.expect(204);
    let connection = service.connection().await;
    let mut sent = small("Within", &connection);
    sent["_integrationId"] = json!(integration);
    let made = service.post("/v1/imports", sent).await.expect(201);
    assert_eq!(service.get(&path).await.expect(200).body, json!([made.body]));
}

pub async fn secrets_of_connections_are_masked(service: &Service) {
    let id = service.connection().await;
    let connection = service.get(&format!("/v1/connections/{id}")).await.expect(200).body;
    assert_eq!(connection["http"]["auth"]["basic"], json!({ "username": "u", "password": "******" }));
}

pub async fn scripts_are_listed_without_content(service: &Service) {
    let made =
        service.post("/v1/scripts", json!({ "name": "S", "content": "function f() {}" })).await.expect(201);
    let list = service.get("/v1/scripts").await.expect(200).body;
    let row = list.as_array().unwrap().iter().find(|row| row["_id"] == made.body["_id"]).unwrap();
    assert!(row.get("content").is_none());
    let path = format!("/v1/scripts/{}", made.id());
    assert_eq!(service.get(&path).await.expect(200).body["content"], "function f() {}");
    service.put(&path, json!({ "name": "S" })).await.expect(200);
    assert!(service.get(&path).await.body.get("content").is_none(), "a PUT without content erases it");
}

pub async fn requests_that_make_no_sense_are_told_apart(service: &Service) {
    let connection = service.connection().await;
    let url = format!("{}/v1/imports", service.base_url);
    let post = |kind: &str, body: String| {
        service.client.post(&url).bearer_auth(&service.token).header("content-type", kind).body(body)
    };
    Service::answer(post("application/json", "{\"name\": }".into())).await.expect(400);
    Service::answer(post("text/plain", small("a", &connection).to_string())).await.expect(415);
    let wrong_verb = service.client.delete(&url).bearer_auth(&service.token).send().await.unwrap();
    assert_eq!(wrong_verb.status().as_u16(), 405);
    service.get(&format!("/v1/imports/{ABSENT}")).await.expect(404);
    let malformed = service.get("/v1/imports/123abc").await;
    assert!([400, 404, 422].contains(&malformed.status.as_u16()));
    assert_eq!(malformed.problems(), ["- invalid_ref"]);
}
