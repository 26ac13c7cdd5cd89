//! A second scan of a list: ids only, where the service can, and on other pages than the first.

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

/// A second scan of the plain list. Dropped, it stops.
#[derive(Debug)]
pub(super) struct SecondScan {
    seen: AbortOnDropHandle<Result<Chunks<u64>, EngineError>>,
    /// Of a list that shows nothing: whether flows use imports.
    flows: Option<AskingFlows>,
}

/// A scan of the flows of an account, under way.
pub(super) type AskingFlows = AbortOnDropHandle<Result<bool, EngineError>>;

impl SecondScan {
    /// Begins to scan. `limit` is how many imports a page should have: other than at the first scan, so that a row which
    /// is skipped where two pages meet is on one of the two. Where the list shows nothing the flows are asked beside it.
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

    /// The scan of the flows that runs beside it, once.
    pub(super) fn take_flows(&mut self) -> Option<AskingFlows> {
        self.flows.take()
    }

    /// Hashes of the ids it saw: that of an import which two of its pages show, twice.
    pub(super) async fn seen(self) -> Result<Chunks<u64>, EngineError> {
        match self.seen.await {
            Ok(seen) => seen,
            // It is stopped only with the runtime.
            Err(_) => Err(EngineError::Interrupted),
        }
    }
}

/// How many imports to ask for on a page at the second scan, if the first page of the first had so many.
pub(super) fn other_limit(first_page: usize, more: bool) -> u32 {
    let served = u32::try_from(first_page).unwrap_or(PAGE).min(PAGE);
    match served {
        _ if !more => PAGE,
        // Halved down to one: two is the only size near it that may be allowed, and has other ends.
        0 | 1 => 2,
        served => served - served.div_ceil(10),
    }
}

/// Scans the list of one adaptor, or the plain one.
pub(super) async fn scan_list(
    account: &Account,
    adaptor: Option<&str>,
    limit: u32,
    cancel: &Cancel,
    take: &mut impl FnMut(&Head),
) -> Result<(), EngineError> {
    match try_scan_list(account, adaptor, limit, &["name"], cancel, take).await? {
        // A few lists know no projection.
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

/// Scans once the names that the lists of an account show, and hands out each with its id; one that stands on two of them
/// twice.
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

/// Which of some ids the lists of an account show, those of the adaptors that are listed apart included.
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

/// Whether any flow of the account uses an import, where its list shows none: `begun` if that was asked already.
pub(super) async fn use_imports(
    begun: Option<AskingFlows>,
    account: &Account,
    cancel: &Cancel,
) -> Result<bool, EngineError> {
    match begun {
        // It is stopped only with the runtime.
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
            // A token that may not read flows tells nothing about imports.
            Err(_) => return Ok(false),
        }
    }
    Ok(false)
}
