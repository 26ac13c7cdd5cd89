//! A server of the API as the tests call it.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::contract::small;

/// A server of the API and a token for it.
#[derive(Debug, Clone)]
pub struct Service {
    pub base_url: String,
    pub token: String,
    pub client: Client,
}

/// An answer: status, headers, JSON or null.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn id(&self) -> String {
        self.body["_id"].as_str().unwrap_or_else(|| panic!("no _id in {:?}", self.body)).to_owned()
    }

    /// `field code` of every entry of the error envelope.
    pub fn problems(&self) -> Vec<String> {
        let errors =
            self.body["errors"].as_array().unwrap_or_else(|| panic!("no envelope in {:?}", self.body));
        let text = |error: &Value, key: &str| error[key].as_str().unwrap_or("-").to_owned();
        errors.iter().map(|error| format!("{} {}", text(error, "field"), text(error, "code"))).collect()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.body);
        self
    }
}

impl Service {
    pub fn new(base_url: &str, token: &str) -> Self {
        Self { base_url: base_url.to_owned(), token: token.to_owned(), client: crate::support::http_client() }
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base_url) };
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Self::answer(request).await
    }

    pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("the body is whole");
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        Answer { status, headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// A connection to hang imports on.
    pub async fn connection(&self) -> String {
        let connection = json!({ "type": "http", "name": "Contract", "http": { "baseURI": "https://example.com",
            "auth": { "type": "basic", "basic": { "username": "u", "password": "secret" } } } });
        self.post("/v1/connections", connection).await.expect(201).id()
    }

    /// A small import.
    pub async fn import(&self, name: &str) -> Answer {
        let connection = self.connection().await;
        self.post("/v1/imports", small(name, &connection)).await.expect(201)
    }
}
