//! The pages of a list, read one ahead: while a page is looked at, the next is on its way.

use futures::{StreamExt, pin_mut};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::api::{ApiError, ListRequest, Page, WholePage};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::model::cancel::Cancel;

/// Pages of a list that are read before anybody looks at the first: those that lie on disk, for each is an open file.
const FAR: usize = 32;

/// Pages of a list, in order. At most one is kept beside the one that is looked at; of a list that is read long before it is
/// looked at, [`FAR`] of those that lie on disk. Dropped, it stops reading.
#[derive(Debug)]
pub(crate) struct PagesAhead {
    pages: mpsc::Receiver<Result<WholePage, ApiError>>,
    /// The page that is looked at.
    page: Option<WholePage>,
    _reading: AbortOnDropHandle<()>,
}

impl PagesAhead {
    /// Begins to read a list.
    pub(crate) fn of(account: &Account, request: ListRequest) -> Self {
        Self::begin(account, request, 1, |_| {})
    }

    /// Begins to read a list that is looked at once something else is known. `ended` is told once it is read to its end: how
    /// many documents its first page has, and whether another followed that.
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
            // The place for a page is taken before it is asked for, so that no more than so many wait. Of those in memory no
            // more than one: behind it all places have to be free.
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
