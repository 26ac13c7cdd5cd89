//! A snapshot of an archive as an account that can be read: the calls of the service, answered from what was backed up.
//!
//! So everything that selects, resolves, compares and plans works on a backup as it does on an account. It answers
//! nothing that is not in the snapshot, and refuses every write.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use serde_json::json;
use url::Url;

use crate::api::{Api, ApiError, Call, Client, ErrorKind, Meter, Method, Reply, ServerClock};
use crate::archive::{self, Archive, ArchiveError, Entry, Snapshot};
use crate::documents::references::Kind;
use crate::inventory::endpoint::Account;
use crate::model::Id;
use crate::run_folder::plan_item::AccountFacts;

/// What a document that cannot be read any more holds instead of its fields; no key of the service begins with a NUL.
pub(crate) const DAMAGED: &str = "\u{0}damaged";

/// Documents on a page, unless asked otherwise.
const PAGE: usize = 1000;
/// Blobs that are read at a time.
const AT_ONCE: usize = 16;

/// The snapshot `snapshot` of an archive as an account called `name`.
///
/// # Errors
///
/// The manifest is missing or damaged, or the storage does not answer.
pub async fn shelf(archive: Archive, snapshot: &Snapshot, name: &str) -> Result<Account, ArchiveError> {
    shelf_of(archive, snapshot, name, |_| true).await
}

/// As [`shelf`], with only the documents that `keep` keeps.
///
/// # Errors
///
/// An endpoint over one account's shelf; otherwise as [`shelf`].
pub async fn shelf_of(
    archive: Archive,
    snapshot: &Snapshot,
    name: &str,
    keep: impl Fn(&Entry) -> bool,
) -> Result<Account, ArchiveError> {
    let (snapshot, read) = archive.entries(&snapshot.id).await?;
    let mut lists: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    let mut places = HashMap::new();
    for entry in read {
        let entry = entry?;
        if !keep(&entry) {
            continue;
        }
        let list = lists.entry(entry.kind.clone()).or_default();
        places.insert((entry.kind.clone(), entry.id.clone()), list.len());
        list.push(entry);
    }
    let user = Some(snapshot.account.user.clone()).filter(|user| !user.is_empty());
    let origin = format!("archive:{}", snapshot.id);
    Ok(Account::offline(
        AccountFacts { name: name.to_owned(), origin, user },
        Arc::new(Shelf { archive, snapshot, lists, places }),
    ))
}

/// The account a backup is written for, or a run is resumed without: it can be named, and answers nothing.
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
            // Nothing is sent anywhere, so nothing is held back.
            per_second: 1e9,
            burst: 1e9,
        }
    }
}

#[derive(Debug)]
struct Closed;

#[async_trait]
impl Api for Closed {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        Err(refusal(call, ErrorKind::Refused, "not sent: this is an archive, not an account"))
    }
}

#[derive(Debug)]
struct Shelf {
    archive: Archive,
    snapshot: Snapshot,
    lists: BTreeMap<String, Vec<Entry>>,
    places: HashMap<(String, Id), usize>,
}

#[async_trait]
impl Api for Shelf {
    async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
        if call.method != Method::Get {
            return Err(refusal(
                call,
                ErrorKind::Refused,
                "not sent: an archive is not written to like this",
            ));
        }
        let broken = |why: String| refusal(call, ErrorKind::Broken, &why);
        let base = Url::parse("archive://snapshot/").map_err(|error| broken(error.to_string()))?;
        let url = base.join(&call.target).map_err(|error| broken(error.to_string()))?;
        let path: Vec<String> = url
            .path()
            .trim_start_matches("/v1")
            .split('/')
            .filter(|part| !part.is_empty())
            .map(decoded)
            .collect();
        match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["tokenInfo"] => {
                Ok(reply(json!({ "_userId": self.snapshot.account.user }).to_string().into(), None))
            }
            [kind] => self.list(call, kind, &url).await,
            [kind, id] => self.one(call, kind, id).await,
            _ => Err(refusal(call, ErrorKind::NotFound, "the backup holds no such thing")),
        }
    }
}

impl Shelf {
    async fn one(&self, call: &Call, kind: &str, id: &str) -> Result<Reply, ApiError> {
        let place = self.places.get(&(kind.to_owned(), Id::from(id)));
        let entry = place.and_then(|place| self.lists.get(kind)?.get(*place));
        let Some(entry) = entry else {
            return Err(refusal(call, ErrorKind::NotFound, "the backup holds no such document"));
        };
        let text = self.archive.document(entry).await;
        text.map(|text| reply(text.into(), None))
            .map_err(|error| refusal(call, ErrorKind::Broken, &crate::model::chain(&error)))
    }

    async fn list(&self, call: &Call, kind: &str, url: &Url) -> Result<Reply, ApiError> {
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        let number = |key: &str| query.get(key).and_then(|text| text.parse::<usize>().ok());
        let (skip, limit) =
            (number("skip").unwrap_or(0), number("limit").filter(|limit| *limit > 0).unwrap_or(PAGE));
        let list = match self.lists.get(kind) {
            Some(list) => list.as_slice(),
            // An account without imports was backed up all the same.
            None if kind == Kind::Imports.as_str() => &[],
            None => return Err(refusal(call, ErrorKind::NotFound, "the backup holds no such list")),
        };
        let adaptor = query.get("adaptorType");
        let of_adaptor = |entry: &&Entry| adaptor.is_none() || entry.adaptor_type.as_ref() == adaptor;
        let mut page: Vec<&Entry> = list.iter().filter(of_adaptor).skip(skip).take(limit + 1).collect();
        let more = page.len() > limit;
        page.truncate(limit);
        let names_only = query.get("include").is_some_and(|fields| fields == "name");
        let mut body = Vec::from(*b"[");
        let mut reads = Vec::with_capacity(page.len());
        for entry in page {
            reads.push(async move {
                if names_only { Ok(stub(entry, None).into_bytes()) } else { self.text(entry).await }
            });
        }
        let mut texts = std::pin::pin!(futures::stream::iter(reads).buffered(AT_ONCE));
        while let Some(text) = texts.next().await {
            if body.len() > 1 {
                body.push(b',');
            }
            body.extend(
                text.map_err(|error| refusal(call, ErrorKind::Broken, &crate::model::chain(&error)))?,
            );
        }
        body.push(b']');
        let next = more.then(|| {
            let adaptor = adaptor.map(|adaptor| format!("&adaptorType={adaptor}")).unwrap_or_default();
            let include = query.get("include").map(|fields| format!("&include={fields}")).unwrap_or_default();
            format!("/v1/{kind}?limit={limit}&skip={}{adaptor}{include}", skip + limit)
        });
        Ok(reply(body.into(), next))
    }

    /// The text of a document; a damaged one is told as such, so that one bad blob does not take the others with it.
    async fn text(&self, entry: &Entry) -> Result<Vec<u8>, ArchiveError> {
        match self.archive.document(entry).await {
            Err(error) if error.is_damage() => {
                Ok(stub(entry, Some(&crate::model::chain(&error))).into_bytes())
            }
            text => text,
        }
    }
}

/// What the manifest knows of a document, in the place of the document.
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
    Reply { status: 200, body, next, date: None, attempts: 0 }
}

fn refusal(call: &Call, kind: ErrorKind, summary: &str) -> ApiError {
    let status = (kind == ErrorKind::NotFound).then_some(404);
    ApiError { attempts: 0, status, ..ApiError::new(call.method, &call.target, kind, summary) }
}

/// A part of a path as it was before it was percent-encoded.
fn decoded(part: &str) -> String {
    let query = format!("x={}", part.replace('+', "%2B"));
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Whose documents a backup holds: as the archive says it.
pub(crate) fn owner(facts: &AccountFacts) -> archive::Account {
    archive::Account {
        name: facts.name.clone(),
        origin: facts.origin.clone(),
        user: facts.user.clone().unwrap_or_default(),
    }
}
