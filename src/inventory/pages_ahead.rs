//! Reads the pages of a list one ahead: while one page is processed, the next is being read.

use futures::{StreamExt, pin_mut};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::api::{ApiError, ListRequest, Page, WholePage};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::model::cancel::Cancel;

/// How many pages on disk are read before the first is processed: each is an open file.
const FAR: usize = 32;

/// The pages of a list, in order. At most one is kept in addition to the current one. If the list is read long before
/// it is processed, up to [`FAR`] pages on disk are kept. Dropping this stops reading.
#[derive(Debug)]
pub(crate) struct PagesAhead {
    pages: mpsc::Receiver<Result<WholePage, ApiError>>,
    /// The current page.
    page: Option<WholePage>,
    _reading: AbortOnDropHandle<()>,
}

impl PagesAhead {
    /// Begins to read a list.
    pub(crate) fn of(account: &Account, request: ListRequest) -> Self {
        Self::begin(account, request, 1, |_| {})
    }

    /// Begins to read a list that is processed when something else is known. When it was read completely, `ended` gets
    /// the number of documents on its first page, and whether another page followed.
    pub(crate) fn far(
        account: &Account,
        request: ListRequest,
        ended: impl FnOnce((usize, bool)) + Send + 'static,
    ) -> Self {
        Self::begin(account, request, FAR, ended)
    }

    fn begin(
        account: &Account,
        request: ListRequest,
        ahead: usize,
        ended: impl FnOnce((usize, bool)) + Send + 'static,
    ) -> Self {
        let client = account.client.clone();
        let (sender, pages) = mpsc::channel(ahead);
        let reading = tokio::spawn(async move {
            let list = client.whole_pages(request);
            pin_mut!(list);
            let (mut places, mut first) = (1, None);
            // A page needs a free place before it is requested, so that the number of waiting pages is limited. Only
            // one of those in memory may wait: the page after it needs all places to be free.
            while let Ok(mut free) = sender.reserve_many(places).await
                && let Some(place) = free.next()
            {
                drop(free);
                let Some(page) = list.next().await else { break };
                let is_last = page.as_ref().is_ok_and(|page| !page.more());
                first = first.or_else(|| page.as_ref().ok().map(|page| (page.len(), page.more())));
                places = if page.as_ref().is_ok_and(WholePage::is_on_disk) { 1 } else { ahead };
                if let (Some(first), true) = (first, is_last) {
                    ended(first);
                    place.send(page);
                    return;
                }
                place.send(page);
            }
        });
        Self { pages, page: None, _reading: AbortOnDropHandle::new(reading) }
    }

    /// The next page, or the next part of a long one; `None` after the last.
    ///
    /// # Errors
    ///
    /// [`EngineError::Interrupted`], at once.
    pub(crate) async fn next(
        &mut self,
        cancel: &Cancel,
    ) -> Result<Option<Result<Page, ApiError>>, EngineError> {
        if cancel.is_draining() {
            return Err(EngineError::Interrupted);
        }
        loop {
            if let Some(part) = self.page.as_mut().and_then(WholePage::next_part) {
                return Ok(Some(part));
            }
            let page = tokio::select! {
                biased;
                () = cancel.draining() => return Err(EngineError::Interrupted),
                page = self.pages.recv() => page,
            };
            match page {
                Some(Ok(page)) => self.page = Some(page),
                Some(Err(error)) => return Ok(Some(Err(error))),
                None => return Ok(None),
            }
        }
    }
}
