//! A second scan of a list: ids only if the service can return only ids, and on pages of another size.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use tokio_util::task::AbortOnDropHandle;

use super::{LISTED_APART, PAGE};
use crate::api::{ErrorKind, ListRequest};
use crate::documents::references::Kind;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::pages_ahead::PagesAhead;
use crate::model::cancel::Cancel;
use crate::model::{Chunks, Head};

/// A second scan of the plain list. Dropping it stops it.
#[derive(Debug)]
pub(super) struct SecondScan {
    seen: AbortOnDropHandle<Result<Chunks<u64>, EngineError>>,
    /// For an empty list: whether flows use imports.
    flows: Option<AskingFlows>,
}

/// A scan of the flows of an account in progress.
pub(super) type AskingFlows = AbortOnDropHandle<Result<bool, EngineError>>;

impl SecondScan {
    /// Starts the scan. `limit` is how many imports a page should have, different from the first scan: a row that is
    /// skipped between two pages of one scan is then inside a page of the other. If the list is empty, the flows are
    /// read at the same time.
    pub(super) fn begin(
        account: &Account,
        hasher: RandomState,
        limit: u32,
        shows_nothing: bool,
        cancel: &Cancel,
    ) -> Self {
        let flows = shows_nothing.then(|| {
            let (account, cancel) = (account.clone(), cancel.clone());
            AbortOnDropHandle::new(tokio::spawn(async move { flows_use_imports(&account, &cancel).await }))
        });
        let (account, cancel) = (account.clone(), cancel.clone());
        let seen = tokio::spawn(async move {
            let mut seen = Chunks::default();
            let mut take = |head: &Head| seen.push(hasher.hash_one(head.id.as_str()));
            scan_list(&account, None, limit, &cancel, &mut take).await?;
            Ok(seen)
        });
        Self { seen: AbortOnDropHandle::new(seen), flows }
    }

    /// Takes the scan of the flows that runs in parallel, once.
    pub(super) fn take_flows(&mut self) -> Option<AskingFlows> {
        self.flows.take()
    }

    /// Hashes of the ids it saw. An import on two of its pages is in it twice.
    pub(super) async fn seen(self) -> Result<Chunks<u64>, EngineError> {
        match self.seen.await {
            Ok(seen) => seen,
            // The task is stopped only with the runtime.
            Err(_) => Err(EngineError::Interrupted),
        }
    }
}

/// The number of imports to ask for on a page of the second scan, given the number on the first page of the first scan.
pub(super) fn other_limit(first_page: usize, more: bool) -> u32 {
    let served = u32::try_from(first_page).unwrap_or(PAGE).min(PAGE);
    match served {
        _ if !more => PAGE,
        // The page size was halved down to one: two is the only size near it that may be allowed and has other page
        // ends.
        0 | 1 => 2,
        served => served - served.div_ceil(10),
    }
}

/// Scans the list of one adaptor, or the plain list.
pub(super) async fn scan_list(
    account: &Account,
    adaptor: Option<&str>,
    limit: u32,
    cancel: &Cancel,
    take: &mut impl FnMut(&Head),
) -> Result<(), EngineError> {
    match try_scan_list(account, adaptor, limit, &["name"], cancel, take).await? {
        // A few lists do not support projection.
        ListAnswer::Refused => match try_scan_list(account, adaptor, limit, &[], cancel, take).await? {
            ListAnswer::Whole | ListAnswer::Refused => Ok(()),
        },
        ListAnswer::Whole => Ok(()),
    }
}

enum ListAnswer {
    Whole,
    Refused,
}

async fn try_scan_list(
    account: &Account,
    adaptor: Option<&str>,
    limit: u32,
    include: &[&'static str],
    cancel: &Cancel,
    take: &mut impl FnMut(&Head),
) -> Result<ListAnswer, EngineError> {
    let filters = adaptor.map(|adaptor| ("adaptorType", adaptor.to_owned())).into_iter().collect();
    let request =
        ListRequest { path: Kind::Imports.as_str().to_owned(), limit, include: include.to_vec(), filters };
    let mut pages = PagesAhead::of(account, request);
    while let Some(page) = pages.next(cancel).await? {
        let page = match page {
            Err(error) if error.kind == ErrorKind::Refused && !include.is_empty() => {
                return Ok(ListAnswer::Refused);
            }
            page => page.map_err(account.failed("list the imports"))?,
        };
        let mut unfiltered = false;
        for document in page.documents {
            let head = document.head();
            let is_other = |adaptor| head.adaptor_type.as_deref().is_some_and(|of: &str| Some(of) != adaptor);
            if adaptor.is_some() && is_other(adaptor) {
                unfiltered = true;
                continue;
            }
            take(&head);
        }
        if unfiltered {
            break;
        }
    }
    Ok(ListAnswer::Whole)
}

/// Scans the names in the lists of an account once, and passes on each with its id; an import that is on two lists
/// comes twice.
pub(crate) async fn names_listed(
    account: &Account,
    listed_apart: bool,
    cancel: &Cancel,
    take: &mut impl FnMut(&Head),
) -> Result<(), EngineError> {
    scan_list(account, None, PAGE, cancel, take).await?;
    for adaptor in LISTED_APART.iter().filter(|_| listed_apart) {
        scan_list(account, Some(adaptor), PAGE, cancel, take).await?;
    }
    Ok(())
}

/// Returns which of some ids are in the lists of an account, including the lists of the adaptors that are listed apart.
pub(crate) async fn ids_listed(
    account: &Account,
    wanted: &HashSet<String>,
    cancel: &Cancel,
) -> Result<HashSet<String>, EngineError> {
    let mut listed = HashSet::new();
    for adaptor in std::iter::once(None).chain(LISTED_APART.iter().copied().map(Some)) {
        scan_list(account, adaptor, PAGE, cancel, &mut |head| {
            if wanted.contains(head.id.as_str()) {
                listed.insert(head.id.as_str().to_owned());
            }
        })
        .await?;
    }
    Ok(listed)
}

/// Whether any flow of an account with an empty list uses an import. Uses `begun` if that request is under way already.
pub(super) async fn use_imports(
    begun: Option<AskingFlows>,
    account: &Account,
    cancel: &Cancel,
) -> Result<bool, EngineError> {
    match begun {
        // The task is stopped only with the runtime.
        Some(begun) => begun.await.unwrap_or(Err(EngineError::Interrupted)),
        None => flows_use_imports(account, cancel).await,
    }
}

async fn flows_use_imports(account: &Account, cancel: &Cancel) -> Result<bool, EngineError> {
    let request =
        ListRequest { path: "flows".to_owned(), limit: PAGE, include: Vec::new(), filters: Vec::new() };
    let mut pages = PagesAhead::of(account, request);
    while let Some(page) = pages.next(cancel).await? {
        match page {
            Ok(page) => {
                if page.documents.iter().any(|flow| flow.text.contains("\"_importId\"")) {
                    return Ok(true);
                }
            }
            Err(error) if error.kind == ErrorKind::Unauthorized => {
                return Err(account.failed("list the flows")(error));
            }
            // A token that may not read flows says nothing about imports.
            Err(_) => return Ok(false),
        }
    }
    Ok(false)
}
