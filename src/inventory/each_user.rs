//! Reads what uses imports: the flows, APIs or tools of an account, each once.

use std::collections::HashSet;

use futures::{StreamExt, pin_mut};

use crate::api::{ApiError, ListRequest};
use crate::inventory::endpoint::Account;
use crate::inventory::list_scan::PAGE;
use crate::model::Head;
use crate::model::cancel::Cancel;
use crate::run_folder::import_users::UserKind;

/// Why a list was not read to its end.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The service did not answer, or refused it.
    Api(ApiError),
    /// The run is to stop.
    Interrupted,
}

/// Hands out every flow, API or tool of an account. Instances of abstract flows are asked for; a service that does not know
/// the question is asked for the others.
pub(crate) async fn each_user(
    account: &Account,
    kind: UserKind,
    cancel: &Cancel,
    take: &mut (dyn FnMut(&Head, &str) + Send),
) -> Result<(), Unread> {
    let mut seen = HashSet::new();
    let mut once = |head: &Head, text: &str| {
        // Pages that were asked for again bring documents twice.
        if head.id.as_str().is_empty() || seen.insert(head.id.clone()) {
            take(head, text);
        }
    };
    if kind == UserKind::Flow {
        match list(account, kind, &[("includeInstances", "true")], cancel, &mut once).await {
            Err(Unread::Api(error)) if error.status == Some(400) => {}
            read => return read,
        }
    }
    list(account, kind, &[], cancel, &mut once).await
}

async fn list(
    account: &Account,
    kind: UserKind,
    filters: &[(&'static str, &str)],
    cancel: &Cancel,
    take: &mut (dyn FnMut(&Head, &str) + Send),
) -> Result<(), Unread> {
    let filters = filters.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let request = ListRequest { path: kind.list().to_owned(), limit: PAGE, include: Vec::new(), filters };
    let pages = account.client.pages(request);
    pin_mut!(pages);
    loop {
        let page = tokio::select! {
            page = pages.next() => page,
            () = cancel.draining() => return Err(Unread::Interrupted),
        };
        let Some(page) = page else { return Ok(()) };
        for text in page.map_err(Unread::Api)?.documents {
            take(&Head::off(&text), &text);
        }
    }
}
