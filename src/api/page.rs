//! Streams the pages of a list, following `Link` as given.
//!
//! A page that is too large is asked for again with half as many documents, from the beginning of the list: this module
//! only makes the address of the first page.
//!
//! A document that the list shows twice is passed on twice: an import that moved while pages were read may be on two of
//! them, and only the caller knows how to handle it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use futures::{Stream, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::entry_id::{has_id, id_of};
use super::list_sizes::ListSizes;
use super::listed_document::ListedDocument;
use super::long_page::Parts;
use super::pages_asked::PagesAsked;
use super::unreadable::UnreadableAnswer;
use super::{Api, ApiError, Call, ErrorKind, ListRequest, Method, Reply};
use crate::documents::HeadPlaces;
use crate::documents::document::escape_slips;
use crate::model::Fingerprint;

/// A list with more pages is considered endless.
pub const MOST_PAGES: usize = 100_000;

/// This many consecutive pages that begin like an earlier one mean that the list forms a circle. While imports are
/// added at the front, a page may be pushed down onto the next one, but not repeatedly.
const MOST_REPEATS: u32 = 3;

/// How often a read is sent if its answer cannot be parsed.
const READS: u32 = 3;

/// One page of a list, or a part of a long one: the text of each document, unparsed.
#[derive(Debug, Clone)]
pub struct Page {
    /// The documents in the order sent: JSON, each an object with an `_id`.
    pub documents: Vec<ListedDocument>,
    /// How many documents the whole page has.
    pub len: usize,
    /// Whether this is the last part of it.
    pub ends: bool,
    /// The service's clock when it answered.
    pub date: Option<jiff::Timestamp>,
    /// Whether another page follows this one.
    pub more: bool,
}

/// A page of a list as it arrived. The documents of a long page stay on disk until they are read, so that keeping the
/// page needs little memory.
#[derive(Debug)]
pub struct WholePage {
    /// `None` once it was read completely.
    documents: Option<Listed>,
    target: String,
    len: usize,
    date: Option<jiff::Timestamp>,
    more: bool,
}

impl WholePage {
    /// How many documents it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether another page follows this one.
    pub fn more(&self) -> bool {
        self.more
    }

    /// Whether its documents are on disk: keeping it then takes an open file and hardly any memory.
    pub fn is_on_disk(&self) -> bool {
        matches!(self.documents, Some(Listed::Long(_)))
    }

    /// The page, or its next part if it is long; `None` once it was read completely. There is at least one part.
    ///
    /// # Errors
    ///
    /// The file with the documents of a long page cannot be read.
    pub fn next_part(&mut self) -> Option<Result<Page, ApiError>> {
        let (documents, ends) = match self.documents.take()? {
            Listed::All(documents) => (documents, true),
            Listed::Long(mut parts) => match parts.read() {
                Ok(documents) => {
                    let ends = !parts.more();
                    self.documents = (!ends).then_some(Listed::Long(parts));
                    (documents, ends)
                }
                Err(error) => {
                    let summary = error.to_string();
                    return Some(Err(ApiError::new(Method::Get, &self.target, ErrorKind::Broken, summary)));
                }
            },
        };
        Some(Ok(Page { documents, len: self.len, ends, date: self.date, more: self.more }))
    }
}

/// The documents of a page that arrived.
#[derive(Debug)]
enum Listed {
    All(Vec<ListedDocument>),
    Long(Parts),
}

/// Streams a list page by page, long pages part by part. It ends after the last page or the first error.
pub(super) fn pages(
    api: Arc<dyn Api>,
    sizes: Arc<ListSizes>,
    request: ListRequest,
) -> impl Stream<Item = Result<Page, ApiError>> + Send + use<> {
    let parts = |page: WholePage| {
        stream::unfold(page, |mut page| async move { page.next_part().map(|part| (part, page)) })
    };
    whole_pages(api, sizes, request).map_ok(parts).try_flatten()
}

/// Streams a list page by page. It ends after the last page or the first error.
pub(super) fn whole_pages(
    api: Arc<dyn Api>,
    sizes: Arc<ListSizes>,
    request: ListRequest,
) -> impl Stream<Item = Result<WholePage, ApiError>> + Send + use<> {
    let mut walk = Walk {
        api,
        sizes,
        request,
        limit: 0,
        next: None,
        seen: HashSet::new(),
        begun: HashSet::new(),
        repeats: 0,
        read: 0,
        ahead: PagesAsked::default(),
    };
    walk.begin();
    stream::try_unfold(walk, |mut walk| async move {
        while let Some(target) = walk.next.take() {
            match walk.read(target).await {
                Ok(page) => return Ok(Some((page, walk))),
                Err(error) if walk.is_too_large(&error) => {
                    walk.sizes.halve(&walk.request, walk.limit);
                    walk.begin();
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    })
}

struct Walk {
    api: Arc<dyn Api>,
    sizes: Arc<ListSizes>,
    request: ListRequest,
    /// How many documents a page is asked for.
    limit: u32,
    next: Option<String>,
    seen: HashSet<String>,
    /// How the pages began, as hashes.
    begun: HashSet<Fingerprint>,
    repeats: u32,
    /// How many documents the pages had.
    read: usize,
    ahead: PagesAsked<(Listed, Reply)>,
}

impl Walk {
    /// Starts the list, from its beginning each time.
    fn begin(&mut self) {
        self.limit = self.sizes.of(&self.request);
        self.next = Some(self.request.target(self.limit));
        self.seen.clear();
        self.begun.clear();
        self.repeats = 0;
        self.read = 0;
        self.ahead = PagesAsked::default();
    }

    /// Whether fewer documents on a page may help.
    fn is_too_large(&self, error: &ApiError) -> bool {
        // A list that does not know `include` refuses it, and its caller asks without it.
        let for_include = matches!(error.status, Some(400 | 422)) && !self.request.include.is_empty();
        self.limit > 1 && error.too_large.is_some() && !for_include
    }

    async fn read(&mut self, target: String) -> Result<WholePage, ApiError> {
        let (purpose, can_be_halved) = (self.request.purpose(), self.limit > 1);
        let ask = |target: String| {
            let call =
                Call { method: Method::Get, target, body: None, purpose, can_be_halved, before_send: None };
            let api = Arc::clone(&self.api);
            async move { read_as(&*api, &call, listed).await }
        };
        let (listed, reply) = self.ahead.or_read(&target, ask(target.clone())).await?;
        self.seen.insert(target.clone());
        let broken = |summary: &str| ApiError {
            status: Some(reply.status),
            date: reply.date,
            ..ApiError::new(
                Method::Get,
                reply.next.as_deref().unwrap_or_default(),
                ErrorKind::Broken,
                summary,
            )
        };
        let (len, first) = match &listed {
            Listed::All(documents) => (documents.len(), documents.first().map(|first| id_of(&first.text))),
            Listed::Long(parts) => (parts.len(), parts.first_id().map(Cow::from)),
        };
        if let Some(first) = first {
            let is_new = self.begun.insert(Fingerprint::of(first.as_bytes()));
            self.repeats = if is_new { 0 } else { self.repeats + 1 };
        }
        if let Some(next) = &reply.next {
            if self.repeats >= MOST_REPEATS {
                return Err(broken("the list goes in a circle: its pages begin again as they did before"));
            }
            if self.seen.contains(next) {
                return Err(broken("the list goes in a circle: its next page was read before"));
            }
            if self.seen.len() >= MOST_PAGES {
                return Err(broken("the list has no end: it was left after 100000 pages"));
            }
        }
        let more = reply.next.is_some();
        self.read += len;
        if let Some(next) = &reply.next {
            self.ahead.ask_behind(&target, next, len, self.sizes.length(&self.request), ask);
        } else {
            self.sizes.showed(&self.request, self.read);
        }
        self.next = reply.next;
        let target = self.request.target(self.limit);
        Ok(WholePage { documents: Some(listed), target, len, date: reply.date, more })
    }
}

/// Sends a read and parses its answer. If that fails, it sends the read again, since reading twice does no harm.
pub(super) async fn read_as<T>(
    api: &dyn Api,
    call: &Call,
    parse: impl Fn(&Reply) -> Result<T, UnreadableAnswer>,
) -> Result<(T, Reply), ApiError> {
    let mut sent = 0;
    for attempt in 1.. {
        let mut reply = match api.call(call).await {
            Ok(reply) => reply,
            Err(error) => return Err(ApiError { attempts: error.attempts + sent, ..error }),
        };
        sent += reply.attempts;
        reply.attempts = sent;
        match parse(&reply) {
            Ok(parsed) => return Ok((parsed, reply)),
            Err(_) if attempt < READS => {}
            Err(why) => return Err(unreadable(call, &reply, ErrorKind::Broken, &why)),
        }
    }
    unreachable!("the loop ends by its third attempt")
}

/// The error for an answer that is complete but not what the reference promises.
pub(super) fn unreadable(call: &Call, reply: &Reply, kind: ErrorKind, why: &UnreadableAnswer) -> ApiError {
    ApiError {
        attempts: reply.attempts,
        status: Some(reply.status),
        date: reply.date,
        ..ApiError::new(call.method, &call.target, kind, why.to_string())
    }
}

/// The documents of a page, in memory or on disk.
fn listed(reply: &Reply) -> Result<Listed, UnreadableAnswer> {
    match &reply.page {
        Some(page) => Ok(Listed::Long(Parts::of(page.clone()?))),
        None => documents(reply).map(Listed::All),
    }
}

/// The JSON of an answer. A control character, or another thing that JSON does not allow in a value, is a problem with the
/// one document that has it, which has no tree.
pub(super) fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| {
        let escaped = str::from_utf8(body).ok().and_then(escape_slips);
        escaped.and_then(|text| serde_json::from_str(&text).ok()).ok_or(error)
    })
}

/// The documents of a page; a 204 is an empty page.
fn documents(reply: &Reply) -> Result<Vec<ListedDocument>, UnreadableAnswer> {
    if reply.status == 204 && reply.body.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let documents =
        parsed::<Vec<Box<RawValue>>>(&reply.body).map_err(|why| UnreadableAnswer::not_a_page(reply, &why))?;
    match documents.iter().position(|document| !has_id(document.get())) {
        Some(at) => Err(UnreadableAnswer::NoId(at + 1)),
        None => Ok(documents
            .into_iter()
            .map(|raw| ListedDocument::new(raw.into(), HeadPlaces::default()))
            .collect()),
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    /// A list whose next page is always a new one.
    #[derive(Debug)]
    struct Endless;

    #[async_trait::async_trait]
    impl Api for Endless {
        async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
            let number: usize =
                call.target.rsplit('=').next().and_then(|text| text.parse().ok()).unwrap_or(0);
            let next = Some(format!("https://api.integrator.io/v1/imports?after={}", number + 1));
            Ok(Reply { next, ..Reply::new(200, "[]") })
        }
    }

    #[tokio::test]
    async fn a_list_without_an_end_is_left_with_an_error() {
        let request = ListRequest { path: "imports".into(), limit: 0, include: vec![], filters: vec![] };
        let read: Vec<_> = pages(Arc::new(Endless), Arc::default(), request).collect().await;
        assert_eq!(read.len(), MOST_PAGES);
        assert_eq!(
            read.into_iter().filter_map(Result::err).map(|error| error.kind).collect::<Vec<_>>(),
            [ErrorKind::Broken]
        );
    }

    /// A list whose `pages` repeat, each time at another address.
    #[derive(Debug)]
    struct Turning {
        pages: Vec<&'static str>,
    }

    #[async_trait::async_trait]
    impl Api for Turning {
        async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
            let number: usize =
                call.target.rsplit('=').next().and_then(|text| text.parse().ok()).unwrap_or(0);
            let next = Some(format!("https://api.integrator.io/v1/imports?after={}", number + 1));
            let body = self.pages[number % self.pages.len()];
            Ok(Reply { next, ..Reply::new(200, body) })
        }
    }

    #[tokio::test]
    async fn a_list_that_begins_again_under_new_addresses_is_a_circle() {
        let request = ListRequest { path: "imports".into(), limit: 0, include: vec![], filters: vec![] };
        let api = Turning { pages: vec![r#"[{"_id":"a"}]"#, r#"[{"_id":"b"}]"#] };
        let read: Vec<_> = pages(Arc::new(api), Arc::default(), request).collect().await;
        assert_eq!(read.len(), 5, "two pages, two repeats that may be chance, and the error");
        assert!(read[4].as_ref().unwrap_err().summary.contains("circle"));
    }
}
