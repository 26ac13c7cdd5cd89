//! The pages of a list, read one ahead: while a page is looked at, the next is on its way.

use futures::{StreamExt, pin_mut};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::api::{ApiError, ListRequest, Page, WholePage};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::model::cancel::Cancel;

/// Pages of a list, in order. At most one is kept beside the one that is looked at. Dropped, it stops reading.
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
        let client = account.client.clone();
        let (sender, pages) = mpsc::channel(1);
        let reading = tokio::spawn(async move {
            let list = client.whole_pages(request);
            pin_mut!(list);
            // The place for a page is taken before it is asked for, so that no more than one waits.
            while let Ok(place) = sender.reserve().await {
                let Some(page) = list.next().await else { break };
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
