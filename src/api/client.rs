//! The calls of the service, by name.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use serde_json::Value;

use super::asking::Asking;
pub use super::brought::{AuditEntry, Cloned, Dependent, Document, Done, Identity};
use super::budget::Budget;
use super::list_sizes::ListSizes;
use super::page::{read_as, unreadable};
use super::stored::{cannot_be_asked_for, cloned, same, stored, stored_at};
use super::unreadable::UnreadableAnswer;
use super::{Api, ApiError, BeforeSend, Call, ErrorKind, ListRequest, Method, Reply};
use crate::documents::references::Kind;
use crate::model::Id;

/// One account of the service.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) api: Arc<dyn Api>,
    pub(super) sizes: Arc<ListSizes>,
    budget: Option<Arc<Budget>>,
}

impl Client {
    /// A client over `api`.
    pub fn new(api: Arc<dyn Api>) -> Self {
        Self { api, sizes: Arc::default(), budget: None }
    }

    /// The same client, which also gives access to its budget.
    #[must_use]
    pub(super) fn paying_from(self, budget: Arc<Budget>) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// The budget that its calls use, if it is the budget of one account.
    pub fn budget(&self) -> Option<&Arc<Budget>> {
        self.budget.as_ref()
    }

    /// The same client, which asks for at most `documents` documents on a page of a list, and for fewer if that is too
    /// much.
    #[must_use]
    pub fn with_page_size(self, documents: NonZeroU32) -> Self {
        Self { sizes: Arc::new(ListSizes::new(documents.get())), ..self }
    }

    /// The same client; each attempt of its calls asks `before_send` right before it is sent.
    #[must_use]
    pub fn asking(&self, before_send: BeforeSend) -> Self {
        let api = Arc::new(Asking { inner: Arc::clone(&self.api), before_send });
        Self { api, sizes: Arc::clone(&self.sizes), budget: self.budget.clone() }
    }

    /// Who the token belongs to; unknown if the service has no such call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthorized`] when the token is not accepted; otherwise as [`Self::get`], but never
    /// [`ErrorKind::NotFound`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn identity(&self) -> Result<Identity, ApiError> {
        let call = Call::get("/v1/tokenInfo".to_owned(), "token info");
        match read_as(&*self.api, &call, json::<Identity>).await {
            Ok((identity, _)) => Ok(identity),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(Identity::default()),
            Err(error) => Err(error),
        }
    }

    /// Reads the document `id` of the list `path` (`imports`, `connections`, ...).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such document; [`ErrorKind::Broken`] for an empty id, which is not
    /// sent, and for an answer that is another document.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn get(&self, path: &str, id: &Id) -> Result<Document, ApiError> {
        let call = Call::get(target(Method::Get, path, id, "")?, purpose(Method::Get, path));
        self.read(&call, id).await
    }

    /// Adds a document to the list `path`. The service assigns its `_id`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InDoubt`] when it may have been added: look it up before repeating the call.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: once the call was sent, the document may have been added, and nobody knows its id.
    pub async fn create(&self, path: &str, body: Bytes) -> Result<Document, ApiError> {
        let target = format!("/v1/{path}");
        let call = Call::write(Method::Post, target, body.clone(), purpose(Method::Post, path));
        let reply = self.api.call(&call).await?;
        self.sizes.grew(path);
        stored(&reply, &body).map_err(|why| unreadable(&call, &reply, ErrorKind::InDoubt, &why))
    }

    /// Replaces the document `id` with `body`, a whole document.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InDoubt`] when it may have been stored.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: once the call was sent, `body` may have been stored. Read the document to find out.
    pub async fn update(&self, path: &str, id: &Id, body: Bytes) -> Result<Document, ApiError> {
        let target = target(Method::Put, path, id, "")?;
        let call = Call::write(Method::Put, target, body.clone(), purpose(Method::Put, path));
        let reply = self.api.call(&call).await?;
        stored_at(&reply, id, &body).map_err(|why| unreadable(&call, &reply, ErrorKind::InDoubt, &why))
    }

    /// Moves a document to the recycle bin.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when it is gone already; [`ErrorKind::InDoubt`] when it may be.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: once the call was sent, the document may be in the recycle bin. Read it to find out.
    pub async fn delete(&self, path: &str, id: &Id) -> Result<Done, ApiError> {
        let target = target(Method::Delete, path, id, "")?;
        let purpose = purpose(Method::Delete, path);
        let call = Call {
            method: Method::Delete,
            target,
            body: None,
            purpose,
            can_be_halved: false,
            before_send: None,
        };
        Ok(done(&self.api.call(&call).await?))
    }

    /// Asks the service to clone an import, and reads both forms of its answer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InDoubt`] when there may be a clone whose id is not known.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: once the call was sent, there may be a clone whose id nobody knows.
    pub async fn clone_import(&self, id: &Id, body: &Value) -> Result<Cloned, ApiError> {
        let target = target(Method::Post, Kind::Imports.as_str(), id, "/clone")?;
        let call = Call::write(Method::Post, target, Bytes::from(body.to_string()), "clone import");
        let reply = self.api.call(&call).await?;
        cloned(&reply, id).map_err(|why| unreadable(&call, &reply, ErrorKind::InDoubt, &why))
    }

    /// Restores a deleted document, with what was deleted with it. Tries the current call, then the older one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when it is not in the recycle bin.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: once the call was sent, the document may have been restored. Read it to find out.
    pub async fn restore_from_bin(&self, path: &str, id: &Id) -> Result<Done, ApiError> {
        let list = format!("recycleBinTTL/{path}");
        let purpose = if path == Kind::Imports.as_str() { "restore import" } else { "restore other" };
        let send = async |rest: &str| {
            let target = target(Method::Post, &list, id, rest)?;
            self.api.call(&Call::write(Method::Post, target, Bytes::from_static(b"{}"), purpose)).await
        };
        let first = match send("/doCascadeRestore").await {
            Ok(reply) => return Ok(done(&reply)),
            Err(error) if error.kind == ErrorKind::NotFound || error.status == Some(405) => error.attempts,
            Err(error) => return Err(error),
        };
        match send("").await {
            Ok(reply) => Ok(Done { attempts: first + reply.attempts, ..done(&reply) }),
            Err(error) => Err(ApiError { attempts: first + error.attempts, ..error }),
        }
    }

    /// Reads a deleted document from the recycle bin.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when it is not in the recycle bin; otherwise as [`Self::get`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn bin_get(&self, path: &str, id: &Id) -> Result<Document, ApiError> {
        let list = format!("recycleBinTTL/{path}");
        let call = Call::get(target(Method::Get, &list, id, "")?, "read recycle bin");
        self.read(&call, id).await
    }

    /// Lists what uses the document `id` of the list `path`, by the plural name of its kind.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn dependencies(
        &self,
        path: &str,
        id: &Id,
    ) -> Result<BTreeMap<String, Vec<Dependent>>, ApiError> {
        let call = Call::get(target(Method::Get, path, id, "/dependencies")?, "read dependencies");
        Ok(read_as(&*self.api, &call, json).await?.0)
    }

    /// Returns the flows among `flows` that are running now.
    ///
    /// # Errors
    ///
    /// The list of jobs cannot be read, or its pages form a circle.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: its calls are POSTs that only read.
    pub async fn running_flows(&self, flows: &[Id]) -> Result<HashSet<Id>, ApiError> {
        super::jobs::running(&*self.api, flows).await
    }

    /// The service's own record of who changed an import, in the order sent (newest or oldest first).
    ///
    /// # Errors
    ///
    /// As [`Self::pages`]; [`ErrorKind::Broken`] for an entry that cannot be read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn audit(&self, id: &Id) -> Result<Vec<AuditEntry>, ApiError> {
        let target = target(Method::Get, Kind::Imports.as_str(), id, "/audit")?;
        let path = target.trim_start_matches("/v1/").to_owned();
        let request = ListRequest { path, limit: 0, include: Vec::new(), filters: Vec::new() };
        let mut pages = std::pin::pin!(self.pages(request));
        let mut entries = Vec::new();
        while let Some(page) = pages.try_next().await? {
            for entry in page.documents {
                entries.push(serde_json::from_str(&entry.text).map_err(|error| {
                    let why = format!("an entry of the audit log cannot be read: {error}");
                    ApiError::new(Method::Get, &target, ErrorKind::Broken, why)
                })?);
            }
        }
        Ok(entries)
    }

    async fn read(&self, call: &Call, id: &Id) -> Result<Document, ApiError> {
        let (mut document, reply) = read_as(&*self.api, call, |reply| same(reply, id)).await?;
        document.attempts = reply.attempts;
        Ok(document)
    }
}

impl Call {
    pub(super) fn get(target: String, purpose: &'static str) -> Self {
        Self { method: Method::Get, target, body: None, purpose, can_be_halved: false, before_send: None }
    }

    fn write(method: Method, target: String, body: Bytes, purpose: &'static str) -> Self {
        Self { method, target, body: Some(body), purpose, can_be_halved: false, before_send: None }
    }
}

/// `/v1/{path}/{id}{rest}`, the id percent-encoded.
fn target(method: Method, path: &str, id: &Id, rest: &str) -> Result<String, ApiError> {
    if cannot_be_asked_for(id) {
        let error = ApiError::new(
            method,
            &format!("/v1/{path}/"),
            ErrorKind::Broken,
            "not sent: the id is empty or dots",
        );
        return Err(ApiError { attempts: 0, ..error });
    }
    let id = id.as_str();
    let mut target = String::with_capacity(4 + path.len() + 1 + id.len() + rest.len());
    target.extend(["/v1/", path, "/"]);
    // Form encoding writes a space as a plus, which is wrong in a path.
    let encoded = url::form_urlencoded::byte_serialize(id.as_bytes());
    target.extend(encoded.map(|piece| if piece == "+" { "%20" } else { piece }));
    target.push_str(rest);
    Ok(target)
}

/// What a call is for, in the words of the forecast.
fn purpose(method: Method, path: &str) -> &'static str {
    match (method, path == Kind::Imports.as_str()) {
        (Method::Get, true) => "read import",
        (Method::Post, true) => "create import",
        (Method::Put, true) => "update import",
        (Method::Delete, true) => "delete import",
        (Method::Get, false) => "read other",
        (Method::Post, false) => "create other",
        (Method::Put, false) => "update other",
        (Method::Delete, false) => "delete other",
    }
}

fn done(reply: &Reply) -> Done {
    Done { attempts: reply.attempts, date: reply.date, status: reply.status }
}

/// Parses a JSON answer; a 204 is an empty one.
fn json<T: serde::de::DeserializeOwned + Default>(reply: &Reply) -> Result<T, UnreadableAnswer> {
    if reply.status == 204 {
        return Ok(T::default());
    }
    serde_json::from_slice(&reply.body).map_err(UnreadableAnswer::not_json("the answer"))
}

#[cfg(test)]
mod tests;
