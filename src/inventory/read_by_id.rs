//! Reading imports one by one, several at a time.

use futures::{StreamExt, pin_mut};

use crate::api::{ApiError, Document, ErrorKind};
use crate::documents::references::Kind;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::model::Id;
use crate::model::cancel::Cancel;

/// How many imports are read at a time: as many calls as the client allows at once.
pub(crate) const AT_ONCE: usize = 64;

/// The result of reading one import.
#[derive(Debug)]
pub(crate) enum ReadById {
    Found(Box<Document>),
    Gone,
    /// The service refuses this one, or fails to answer: a problem with one import, not with the account.
    Unreadable(String),
}

/// Reads imports by id, and passes on each in the requested order.
///
/// # Errors
///
/// The account cannot be read at all, `take` failed, or the run is interrupted.
pub(crate) async fn read_by_id(
    account: &Account,
    ids: impl IntoIterator<Item = Id>,
    cancel: &Cancel,
    mut take: impl FnMut(Id, ReadById) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let reads = ids.into_iter().map(|id| async move {
        let read = account.client.get(Kind::Imports.as_str(), &id).await;
        (id, read)
    });
    let reads = futures::stream::iter(reads).buffered(AT_ONCE);
    pin_mut!(reads);
    loop {
        let read = tokio::select! {
            read = reads.next() => read,
            () = cancel.draining() => return Err(EngineError::Interrupted),
        };
        let Some((id, read)) = read else { return Ok(()) };
        let read = match read {
            Ok(document) => ReadById::Found(Box::new(document)),
            Err(error) if error.kind == ErrorKind::NotFound => ReadById::Gone,
            Err(error) if is_of_one_document(&error) => {
                ReadById::Unreadable(format!("it cannot be read: {}", crate::model::chain(&error)))
            }
            Err(error) => return Err(account.failed(&format!("read import {id}"))(error)),
        };
        take(id, read)?;
    }
}

/// Whether a failed read is a problem with what was read: the service answered, and did not say that it is away, that we
/// are too fast, or that it does not know us.
pub(crate) fn is_of_one_document(error: &ApiError) -> bool {
    let answered = error.status.is_some_and(|status| !matches!(status, 401 | 429 | 503));
    answered && !matches!(error.kind, ErrorKind::Unauthorized | ErrorKind::Throttled | ErrorKind::NotSent)
}
