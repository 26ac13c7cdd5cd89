//! The handlers, and what they share: the context of a call, reading and keeping documents.

pub(super) mod control;
pub(super) mod history;
pub(super) mod imports;
pub(super) mod jobs;
pub(super) mod lists;
pub(super) mod recycle;
pub(super) mod resources;
pub(super) mod router;

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use super::fault::apply::Corruption;
use super::reply::{self, Failure};
use super::rules::Document;
use super::server::{Caller, Server, origin};
use super::store::{AccountId, Entry, Id, Kind, Op, Written};

/// Everything a handler knows of its call but the body.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) server: Arc<Server>,
    pub(super) caller: Arc<Caller>,
    corruption: Arc<Corruption>,
    origin: String,
    uri: Uri,
    /// The tag of the answer that the client has.
    has: Option<HeaderValue>,
}

impl FromRequestParts<Arc<Server>> for Context {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Infallible> {
        let caller = parts.extensions.get::<Arc<Caller>>().cloned();
        Ok(Self {
            server: Arc::clone(server),
            caller: caller.expect("the pipeline lets no call pass without its account"),
            corruption: parts.extensions.get::<Arc<Corruption>>().cloned().unwrap_or_default(),
            origin: origin(&parts.headers),
            uri: parts.uri.clone(),
            has: parts.headers.get(IF_NONE_MATCH).cloned(),
        })
    }
}

impl Context {
    pub(super) fn account(&self) -> AccountId {
        self.caller.account()
    }

    /// Text with a tag of its content, or 304 if the client has it.
    fn tagged(&self, text: Bytes) -> Response {
        let mut hasher = DefaultHasher::new();
        hasher.write(&text);
        let tag = HeaderValue::from_str(&format!("\"{:016x}\"", hasher.finish()));
        let tag = tag.expect("hexadecimal digits are a header");
        let mut response = if self.has.as_ref() == Some(&tag) {
            let mut response = Response::new(axum::body::Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            reply::text(StatusCode::OK, text)
        };
        response.headers_mut().insert(ETAG, tag);
        response
    }

    /// The id in the path.
    fn id(&self, text: &str) -> Result<Id, Failure> {
        Id::parse(text).ok_or_else(|| Failure::malformed_id(self.server.behaviour.malformed_id_status))
    }

    /// The tag of a resource of the account.
    fn tag(&self, kind: Kind, id: Id) -> Option<Box<str>> {
        self.server.tag(self.account(), kind, id)
    }

    /// A document that must be there, as text.
    fn text(&self, kind: Kind, id: Id) -> Result<(Entry, Bytes), Failure> {
        self.server.store.read((self.account(), kind, id), false)?.ok_or_else(Failure::unknown_id)
    }

    /// A document that must be there.
    fn document(&self, kind: Kind, id: Id) -> Result<(Entry, Document), Failure> {
        let (entry, text) = self.text(kind, id)?;
        Ok((entry, stored(&text)?))
    }

    /// Keeps a new document and answers 201 with it.
    async fn create(&self, kind: Kind, id: Id, mut document: Document) -> reply::Reply {
        let shown = self.corruption.corrupt(&mut document);
        let (entry, text) = Self::pack(kind, id, document);
        let audit = self.audit(kind, id, "create", &json!([]));
        let ops = vec![Op::Insert { kind, entry, text: text.clone() }, audit];
        self.server.made(id);
        self.server.store.write(self.account(), ops).await?;
        Ok(reply::text(StatusCode::CREATED, shown.map_or(text, |shown| reply::bytes(&Value::Object(shown)))))
    }

    /// Keeps the successor of a document; none if it was changed meanwhile and the caller is to try again.
    async fn replace(
        &self,
        kind: Kind,
        old: (&Entry, &Document),
        mut document: Document,
    ) -> Result<Option<Bytes>, Failure> {
        let shown = self.corruption.corrupt(&mut document);
        let changes = history::changes(old.1, &document);
        let id = old.0.id;
        let (mut entry, text) = Self::pack(kind, id, document);
        entry.revision = old.0.revision;
        let ops = vec![
            Op::Replace { kind, entry, text: text.clone() },
            self.audit(kind, id, "update", &Value::Array(changes)),
        ];
        match self.server.store.write(self.account(), ops).await? {
            Written::Done => Ok(Some(shown.map_or(text, |shown| reply::bytes(&Value::Object(shown))))),
            Written::Gone => Err(Failure::unknown_id()),
            Written::Moved => Ok(None),
        }
    }

    fn pack(kind: Kind, id: Id, document: Document) -> (Entry, Bytes) {
        let document = Value::Object(document);
        (Entry::of(kind, id, &document), reply::bytes(&document))
    }

    /// An entry of the audit log.
    fn audit(&self, kind: Kind, id: Id, event: &str, changes: &Value) -> Op {
        let record = &self.caller.record;
        let entry = json!({
            "_id": self.server.new_id(),
            "resourceType": kind.resource_type(),
            "_resourceId": id,
            "source": "api",
            "event": event,
            "time": self.server.clock.stamp(),
            "fieldChanges": changes,
            "byUser": {
                "_id": record.user_id,
                "email": format!("{}@example.com", record.name),
                "name": record.name,
            },
        });
        Op::Audit { id, text: reply::bytes(&entry) }
    }
}

/// A body that must be a JSON object.
fn object(body: &Bytes) -> Result<Document, Failure> {
    match json_body(body)? {
        Value::Object(document) => Ok(document),
        _ => Err(Failure::bad_json("The request body must be a JSON object.")),
    }
}

/// A body that is a JSON object, or nothing.
fn object_or_nothing(body: &Bytes) -> Result<Document, Failure> {
    if body.is_empty() { Ok(Document::new()) } else { object(body) }
}

/// A body that must be JSON.
fn json_body(body: &Bytes) -> Result<Value, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::bad_json(format!("Unexpected token in JSON: {error}")))
}

/// A document as it was stored.
fn stored(text: &Bytes) -> Result<Document, Failure> {
    serde_json::from_slice(text).map_err(|_| damaged())
}

/// The stored text is not a document.
fn damaged() -> Failure {
    Failure::Broken(super::error::EmulatorError::Damaged { what: "document" })
}

/// A stored document as an answer, without what is not to be seen of its kind.
fn shown(context: &Context, kind: Kind, text: Bytes) -> Result<Response, Failure> {
    if kind != Kind::LookupCaches {
        return Ok(context.tagged(text));
    }
    let mut document = stored(&text)?;
    document.shift_remove(lists::CACHE_DATA);
    Ok(context.tagged(reply::bytes(&Value::Object(document))))
}
