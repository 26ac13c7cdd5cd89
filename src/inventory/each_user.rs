//! Reads what uses imports: the flows, APIs or tools of an account, each once.

use std::collections::HashSet;

use futures::{StreamExt, pin_mut};

use crate::api::{ApiError, ErrorKind, ListRequest, Method};
use crate::inventory::endpoint::Account;
use crate::inventory::list_scan::PAGE;
use crate::inventory::scan_agreement::{Agreement, Scans};
use crate::model::Head;
use crate::model::cancel::Cancel;
use crate::run_folder::import_users::UserKind;

/// Why a list was not read completely.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The service did not answer, or refused the call.
    Api(ApiError),
    /// The run is stopping.
    Interrupted,
}

/// Passes on every flow, API or tool of an account, each once. Asks for instances of abstract flows too, or only for
/// the others if the service does not know that query.
///
/// Reads a list of several pages until two scans agree: a flow that is edited meanwhile may move from a page that was
/// not read yet to one that was, and then an import that it uses would seem unused.
pub(crate) async fn each_user(
    account: &Account,
    kind: UserKind,
    cancel: &Cancel,
    take: &mut (dyn FnMut(&Head, &str) + Send),
) -> Result<(), Unread> {
    let mut taken = HashSet::new();
    let mut filters: &[(&str, &str)] =
        if kind == UserKind::Flow { &[("includeInstances", "true")] } else { &[] };
    let (mut scans, mut is_first) = (Scans::default(), true);
    loop {
        let mut seen = HashSet::new();
        // Pages that are asked for again return the same documents twice.
        let mut once = |head: &Head, text: &str| {
            seen.insert(head.id.clone());
            if taken.insert(head.id.clone()) || is_first && head.id.as_str().is_empty() {
                take(head, text);
            }
        };
        match list(account, kind, filters, cancel, &mut once).await {
            Err(Unread::Api(error)) if error.status == Some(400) && !filters.is_empty() => {
                filters = &[];
                continue;
            }
            Ok(pages) if is_first && (pages <= 1 || account.at_rest) => return Ok(()),
            Ok(_) => is_first = false,
            Err(why) => return Err(why),
        }
        match scans.take(seen) {
            Agreement::Agreed => return Ok(()),
            Agreement::ScanAgain => {}
            Agreement::Unsteady(disagreement) => {
                let why = format!("{disagreement}: wait until nobody changes the list, then run again");
                let target = format!("/v1/{}", kind.list());
                return Err(Unread::Api(ApiError::new(Method::Get, &target, ErrorKind::Broken, why)));
            }
        }
    }
}

/// Passes on the entries of a list. Returns how many pages it has.
async fn list(
    account: &Account,
    kind: UserKind,
    filters: &[(&'static str, &str)],
    cancel: &Cancel,
    take: &mut (dyn FnMut(&Head, &str) + Send),
) -> Result<u32, Unread> {
    let filters = filters.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let request = ListRequest { path: kind.list().to_owned(), limit: PAGE, include: Vec::new(), filters };
    let pages = account.client.pages(request);
    pin_mut!(pages);
    let mut count = 0;
    loop {
        let page = tokio::select! {
            page = pages.next() => page,
            () = cancel.draining() => return Err(Unread::Interrupted),
        };
        let Some(page) = page else { return Ok(count) };
        let page = page.map_err(Unread::Api)?;
        count += u32::from(page.ends);
        for document in page.documents {
            take(&document.head(), &document.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::api::{Api, Call, Client, Reply};
    use crate::run_folder::plan_item::AccountFacts;

    /// Two pages of flows, sorted by newest edit; the last flow is edited after this many scans of the first page.
    #[derive(Debug)]
    struct Flows {
        scans: AtomicUsize,
        edits: usize,
    }

    #[async_trait::async_trait]
    impl Api for Flows {
        async fn call(&self, call: &Call) -> Result<Reply, ApiError> {
            let first = !call.target.contains("after=");
            let scans = self.scans.fetch_add(usize::from(first), Ordering::Relaxed);
            // During each of the first scans, another flow moves from the second page to the first, which was already
            // read.
            let moved = scans + usize::from(first) - 1;
            let rows: Vec<usize> = (0..9).collect();
            let hidden = (moved < self.edits).then_some(8 - moved);
            let shown = rows.iter().filter(|row| (**row < 3) == first && Some(**row) != hidden);
            let shown: Vec<_> = shown.map(|row| format!(r#"{{"_id":"{row}","name":"{row}"}}"#)).collect();
            let next = first.then(|| "/v1/flows?after=x".to_owned());
            Ok(Reply { next, ..Reply::new(200, format!("[{}]", shown.join(","))) })
        }
    }

    #[tokio::test]
    async fn a_flow_that_is_edited_while_the_list_is_read_is_no_flow_that_is_not_there() {
        for edits in 0..=2 {
            let account = Account {
                facts: AccountFacts { name: "a".into(), origin: "o".into(), user: None },
                client: Client::new(Arc::new(Flows { scans: AtomicUsize::new(0), edits })),
                meter: Arc::default(),
                clock: Arc::default(),
                per_second: 1.0,
                burst: 1.0,
                at_rest: false,
            };
            let (mut seen, cancel) = (Vec::new(), Cancel::new());
            let mut take = |head: &Head, _: &str| seen.push(head.id.clone());
            let read = each_user(&account, UserKind::Flow, &cancel, &mut take).await;
            assert_eq!(read.is_ok().then_some(seen.len()), Some(9), "{edits} edits: {read:?}");
        }
    }
}
