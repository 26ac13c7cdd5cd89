//! Documents outside the service, presented as a readable account: answers its calls from the documents.
//!
//! With this, selecting, resolving, comparing and planning work on a backup or a folder as on an account. It returns
//! only existing documents, and refuses every write.

use std::collections::HashMap;
use std::sync::Arc;
use std::{fmt, io};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use serde_json::json;
use url::Url;

use crate::api::{Api, ApiError, Call, Client, ErrorKind, Meter, Method, Reply, ServerClock};
use crate::archive::Entry;
use crate::documents::references::Kind;
use crate::inventory::endpoint::Account;
use crate::inventory::entry_file::EntryFile;
use crate::model::Id;
use crate::run_folder::plan_item::AccountFacts;

/// What an unreadable document holds in place of its fields; no key of the service begins with a NUL.
pub(crate) const DAMAGED: &str = "\u{0}damaged";

/// The default number of entries on a page.
const PAGE: usize = 1000;
/// The most documents on a page, however many are requested: a page is in memory, and another page costs nothing.
const MOST_ON_A_PAGE: usize = 128;
/// Documents that are read at a time.
const AT_ONCE: usize = 16;

/// Why a document cannot be returned.
#[derive(Debug)]
pub(crate) enum Unread {
    /// This document is damaged; the others are not.
    Damaged(String),
    /// Its state is unknown.
    Failed(String),
}

impl Unread {
    fn why(self) -> String {
        match self {
            Self::Damaged(why) | Self::Failed(why) => why,
        }
    }
}

/// The store of the texts of documents.
#[async_trait]
pub(crate) trait Texts: fmt::Debug + Send + Sync {
    /// The text of a document.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    async fn text(&self, entry: &Entry) -> Result<Vec<u8>, Unread>;

    /// Describes the store of the documents.
    fn holder(&self) -> &'static str;
}

/// Documents by list, presented as an account.
pub(crate) fn account_of(facts: AccountFacts, entries: EntryFile, texts: Box<dyn Texts>) -> Account {
    let user = facts.user.clone().unwrap_or_default();
    Account::offline(facts, Arc::new(OfflineApi { texts, user, entries }))
}

/// The account that a backup is written for, or that a run is resumed without: it has a name, and answers nothing.
pub fn closed(facts: AccountFacts) -> Account {
    Account::offline(facts, Arc::new(Closed))
}

impl Account {
    fn offline(facts: AccountFacts, api: Arc<dyn Api>) -> Self {
        Self {
            facts,
            client: Client::new(api),
            meter: Arc::new(Meter::new()),
            clock: Arc::new(ServerClock::new()),
            // Nothing is sent, so nothing is limited.
            per_second: 1e9,
            burst: 1e9,
            at_rest: true,
        }
    }
}

#[derive(Debug)]
struct Closed;

#[async_trait]
impl Api for Closed {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        Err(refusal(call, ErrorKind::Refused, "not sent: this is not an account"))
    }
}

#[derive(Debug)]
struct OfflineApi {
    texts: Box<dyn Texts>,
    user: String,
    entries: EntryFile,
}

#[async_trait]
impl Api for OfflineApi {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        if call.method != Method::Get {
            let message = format!("not sent: a {} is not written to like this", self.texts.holder());
            return Err(refusal(call, ErrorKind::Refused, &message));
        }
        let broken = |why: String| refusal(call, ErrorKind::Broken, &why);
        let base = Url::parse("offline://documents/").map_err(|error| broken(error.to_string()))?;
        let url = base.join(&call.target).map_err(|error| broken(error.to_string()))?;
        let path: Vec<String> = url
            .path()
            .trim_start_matches("/v1")
            .split('/')
            .filter(|part| !part.is_empty())
            .map(decoded)
            .collect();
        match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["tokenInfo"] => Ok(reply(json!({ "_userId": self.user }).to_string().into(), None)),
            [kind] => self.list(call, kind, &url).await,
            [kind, id] => self.one(call, kind, id).await,
            _ => Err(self.holds_no(call, "thing")),
        }
    }
}

impl OfflineApi {
    async fn one(&self, call: &Call, kind: &str, id: &str) -> Result<Reply, ApiError> {
        let found = self.entries.one(kind, &Id::from(id));
        let Some(entry) = found.map_err(|error| unlisted(call, &error))? else {
            return Err(self.holds_no(call, "document"));
        };
        // A damaged import is marked as such, as on a page; data of the resources it refers to must not be invented.
        let is_import = kind == Kind::Imports.as_str();
        let text = if is_import { self.text(&entry).await } else { self.texts.text(&entry).await };
        text.map(|text| reply(text.into(), None))
            .map_err(|unread| refusal(call, ErrorKind::Broken, &unread.why()))
    }

    fn holds_no(&self, call: &Call, what: &str) -> ApiError {
        refusal(call, ErrorKind::NotFound, &format!("the {} holds no such {what}", self.texts.holder()))
    }

    async fn list(&self, call: &Call, kind: &str, url: &Url) -> Result<Reply, ApiError> {
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        let number = |key: &str| query.get(key).and_then(|text| text.parse::<usize>().ok());
        let (skip, limit) =
            (number("skip").unwrap_or(0), number("limit").filter(|limit| *limit > 0).unwrap_or(PAGE));
        // An account without imports is still an account.
        if !self.entries.has(kind) && kind != Kind::Imports.as_str() {
            return Err(self.holds_no(call, "list"));
        }
        let names_only = query.get("include").is_some_and(|fields| fields == "name");
        let limit = if names_only { limit } else { limit.min(MOST_ON_A_PAGE) };
        let adaptor = query.get("adaptorType");
        let page = self.entries.some(kind, adaptor.map(String::as_str), skip, limit.saturating_add(1));
        let mut page = page.map_err(|error| unlisted(call, &error))?;
        let more = page.len() > limit;
        page.truncate(limit);
        let mut body = Vec::from(*b"[");
        let mut reads = Vec::with_capacity(page.len());
        for entry in &page {
            reads.push(async move {
                if names_only { Ok(stub(entry, None).into_bytes()) } else { self.text(entry).await }
            });
        }
        let mut texts = std::pin::pin!(futures::stream::iter(reads).buffered(AT_ONCE));
        while let Some(text) = texts.next().await {
            if body.len() > 1 {
                body.push(b',');
            }
            body.extend(text.map_err(|unread| refusal(call, ErrorKind::Broken, &unread.why()))?);
        }
        body.push(b']');
        let next = more.then(|| {
            let adaptor = adaptor.map(|adaptor| format!("&adaptorType={adaptor}")).unwrap_or_default();
            let include = query.get("include").map(|fields| format!("&include={fields}")).unwrap_or_default();
            format!("/v1/{kind}?limit={limit}&skip={}{adaptor}{include}", skip + limit)
        });
        Ok(reply(body.into(), next))
    }

    /// The text of a document. A damaged one is marked as such, so that one bad blob does not make the others fail.
    async fn text(&self, entry: &Entry) -> Result<Vec<u8>, Unread> {
        match self.texts.text(entry).await {
            Err(Unread::Damaged(why)) => Ok(stub(entry, Some(&why)).into_bytes()),
            text => text,
        }
    }
}

/// Why a document was damaged when it was backed up, if its place holds that mark.
pub(crate) fn damage_in(text: &[u8]) -> Option<String> {
    // The key as JSON writes it, so that hardly any document needs parsing.
    let key = serde_json::to_string(DAMAGED).ok()?;
    let is_there = str::from_utf8(text).is_ok_and(|text| text.contains(&key));
    let stub: serde_json::Value = is_there.then(|| serde_json::from_slice(text).ok()).flatten()?;
    stub.get(DAMAGED)?.as_str().map(str::to_owned)
}

/// The known data about a document, in place of its text.
fn stub(entry: &Entry, damage: Option<&str>) -> String {
    let mut stub = json!({ "_id": entry.id.as_str(), "name": entry.name });
    let fields = [
        ("adaptorType", entry.adaptor_type.as_deref()),
        ("_integrationId", entry.integration.as_ref().map(Id::as_str)),
        ("lastModified", entry.last_modified.as_deref()),
        (DAMAGED, damage),
    ];
    for (key, value) in fields {
        if let Some(value) = value {
            stub[key] = value.into();
        }
    }
    stub.to_string()
}

fn reply(body: Bytes, next: Option<String>) -> Reply {
    Reply { next, attempts: 0, ..Reply::new(200, body) }
}

/// The error when the data about the documents cannot be read.
fn unlisted(call: &Call, error: &io::Error) -> ApiError {
    refusal(
        call,
        ErrorKind::Broken,
        &format!("its list lies in a temporary file that cannot be read: {error}"),
    )
}

fn refusal(call: &Call, kind: ErrorKind, summary: &str) -> ApiError {
    let status = (kind == ErrorKind::NotFound).then_some(404);
    let refused = ApiError { attempts: 0, status, ..ApiError::new(call.method, &call.target, kind, summary) };
    if call.method != Method::Get {
        return refused;
    }
    // The service was not called: a message that says so would mislead.
    let path = refused.path.trim_start_matches("/v1/").to_owned();
    ApiError { method: "reading", path, ..refused }
}

/// A part of a path, with its percent-encoding decoded.
fn decoded(part: &str) -> String {
    let query = format!("x={}", part.replace('+', "%2B"));
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
