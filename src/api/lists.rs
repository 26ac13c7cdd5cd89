//! The lists of an account, as streams of their pages.

use std::sync::Arc;

use futures::Stream;

use super::client::Client;
use super::{ApiError, ListRequest, Page, WholePage, page};

impl Client {
    /// Streams a list page by page, following `Link` as given. Ends after the last page or the first error. A list
    /// whose pages form a circle, or that is cut short, is an error, never a shorter list. A page that is too large,
    /// too slow or refused is asked for again with half as many documents, from the beginning of the list: documents
    /// may come twice.
    ///
    /// # Cancel safety
    ///
    /// Dropping the stream is safe: it only reads, and asks for no further page.
    pub fn pages(&self, request: ListRequest) -> impl Stream<Item = Result<Page, ApiError>> + Send + use<> {
        page::pages(Arc::clone(&self.api), Arc::clone(&self.sizes), request)
    }

    /// The same, with long pages left on disk: the consumer reads their documents.
    pub fn whole_pages(
        &self,
        request: ListRequest,
    ) -> impl Stream<Item = Result<WholePage, ApiError>> + Send + use<> {
        page::whole_pages(Arc::clone(&self.api), Arc::clone(&self.sizes), request)
    }
}
