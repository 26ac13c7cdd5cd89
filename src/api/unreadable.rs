//! Why a complete answer is not what the reference promises.

use std::sync::Arc;

use super::call::Reply;
use super::long_page::PageError;

/// Why a complete answer is unusable. Its message says everything, including the cause.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnreadableAnswer {
    /// It is not the JSON that the reference promises.
    #[error("{what} cannot be read: {why}")]
    NotJson {
        /// The answer, as the subject of a sentence.
        what: &'static str,
        /// What the parser says.
        why: serde_json::Error,
    },
    /// It has no document in it.
    #[error("{0}")]
    NotADocument(String),
    /// It is another document than the one that was asked for.
    #[error("the answer is another document")]
    AnotherDocument,
    /// What was stored has an id that no call can name.
    #[error("the answer has an empty _id")]
    NoUsableId,
    /// A page of a list is not an array.
    #[error("{0}")]
    NotAPage(String),
    /// An entry of a page is not a document of the service. Holds its number, from 1.
    #[error("entry {0} of the page is not an object with an _id")]
    NoId(usize),
    /// A long page could not be processed while it arrived.
    #[error(transparent)]
    LongPage(#[from] Arc<PageError>),
    /// A clone was made, but the answer does not say which import it is.
    #[error("the answer to the clone does not name exactly one import")]
    NotOneClone,
    /// The answer to a clone names the import that was cloned.
    #[error("the answer to the clone is the source itself")]
    ClonedIntoItself,
}

impl UnreadableAnswer {
    /// For an answer that holds no document.
    pub(super) fn not_a_document(reply: &Reply, why: &serde_json::Error) -> Self {
        let said = reply.said.as_deref().map(|said| {
            if reply.body.is_empty() { said.to_owned() } else { format!("{said}; it has no `_id`") }
        });
        Self::NotADocument(said.unwrap_or_else(|| format!("the answer is not a document: {why}")))
    }

    /// For a page of a list that is not an array.
    pub(super) fn not_a_page(reply: &Reply, why: &serde_json::Error) -> Self {
        let said = reply.said.as_deref().map(|said| format!("{said}; this is not a list"));
        Self::NotAPage(said.unwrap_or_else(|| format!("the page is not a JSON array: {why}")))
    }

    /// For an answer that is not the JSON that the reference promises.
    pub(super) fn not_json(what: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |why| Self::NotJson { what, why }
    }
}
