//! Reads a whole list of imports, without trusting a single scan of it.
//!
//! A list that ends early must never mean "the rest does not exist". So a second, light scan, on pages of another size,
//! follows the first and must show the same imports. If it does not, both are repeated; after three disagreements the
//! stage fails. The second scan begins when the first has ended: if both ran at the same time, both could miss an
//! import that moves up the list. Both may end early at the same place, so the list is also asked, by number, for what
//! comes after its end. Pages are read one ahead.

mod begun;
mod one_scan;
mod second_scan;

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_util::task::AbortOnDropHandle;

use crate::api::{ErrorKind, ListRequest};
use crate::documents::references::Kind;
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::pages_ahead::PagesAhead;
use crate::inventory::scan_agreement::Disagreement;
use crate::model::cancel::Cancel;
use crate::model::{Chunks, Head};

pub(crate) use self::begun::{Begun, begin_to_read};
pub(crate) use crate::documents::schema::LISTED_APART;
use one_scan::{Ids, Scanned, scan_once};
use second_scan::{SecondScan, scan_list, use_imports};
pub(crate) use second_scan::{ids_listed, names_listed};

/// How much longer each attempt at a changing list waits than the one before.
const CALM: Duration = Duration::from_millis(250);

/// The number of documents requested on a page: the most that the reference mentions.
pub(crate) const PAGE: u32 = 1000;

/// The number of imports from which a list counts as long: its second scan takes a while.
const LONG: usize = 2 * PAGE as usize;

/// The number of bytes of documents after which other tasks have their turn: some milliseconds of work.
const BREATH: usize = 1 << 18;

/// The number of documents after which other tasks have their turn, however short the documents are.
pub(crate) const BREATH_DOCUMENTS: usize = 256;

/// A consumer of the imports of a scan.
pub(crate) trait PageVisitor {
    /// Discards what was taken: the scan starts again.
    fn restart(&mut self) -> Result<(), EngineError>;
    /// Takes an import; `false` when no more are wanted.
    fn take(&mut self, head: &Head, text: &str) -> Result<bool, EngineError>;
    /// Learns that a page has ended and another follows; `false` when no more are wanted.
    fn page_ended(&mut self) -> bool {
        true
    }
    /// Waits until it can take all imports that come before the next wait: at most [`BREATH_DOCUMENTS`].
    fn ready(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The result of a scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whether some imports were only in the list of their adaptor, not in the plain list.
    pub apart: bool,
    /// The number of imports that the list showed.
    pub listed: u64,
    /// How many imports its first page had.
    pub page: u64,
    /// Whether it was read completely.
    pub whole: bool,
    /// Whether it was empty although flows of the account use imports.
    pub empty_but_used: bool,
}

/// What an empty list of imports means in an account whose flows use imports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum IfEmpty {
    /// The list cannot be trusted.
    #[default]
    Distrust,
    /// The list may be right, because a restore is meant to repair this state. A person is asked.
    Tell,
}

/// How to scan a list.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ScanOptions {
    /// Scan twice, and require both scans to agree; [files](Account::at_rest) are scanned once.
    pub steady: bool,
    /// Also ask for the adaptors that a plain list may leave out.
    pub listed_apart: bool,
    /// Check that nothing comes after the end of the list.
    pub to_the_end: bool,
    /// What an empty list of imports means.
    pub if_empty: IfEmpty,
    /// How to handle an import that the list shows twice.
    pub repeats: Repeats,
}

/// How to handle an import that a list shows twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// Take it once.
    #[default]
    LeaveOut,
    /// It may be taken twice without harm: then no set of shown imports is kept, unless something else needs it.
    Allow,
}

impl ScanOptions {
    /// Whether the shown imports must be remembered.
    fn keeps_ids(self) -> bool {
        self.repeats == Repeats::LeaveOut || self.steady || self.listed_apart || self.to_the_end
    }
}

/// Scans the imports of an account into `sink`, each once unless [repeats](Repeats) are allowed.
pub(crate) async fn list_scan(
    account: &Account,
    manner: ScanOptions,
    cancel: &Cancel,
    sink: &mut dyn PageVisitor,
) -> Result<Seen, EngineError> {
    list_scan_of(account, None, manner, cancel, sink).await
}

/// The same, if [`begin_to_read`] has started to read the plain list.
pub(crate) async fn list_scan_of(
    account: &Account,
    begun: Option<Begun>,
    manner: ScanOptions,
    cancel: &Cancel,
    sink: &mut dyn PageVisitor,
) -> Result<Seen, EngineError> {
    scan(account, begun, manner, usize::MAX, cancel, sink).await.map(|(seen, _)| seen)
}

/// The same, but the second scan of a long list may still be running. The result of the first counts only when the
/// second agrees.
pub(crate) async fn list_scan_unconfirmed(
    account: &Account,
    manner: ScanOptions,
    cancel: &Cancel,
    sink: &mut dyn PageVisitor,
) -> Result<(Seen, Option<UnfinishedSecondScan>), EngineError> {
    scan(account, None, manner, LONG, cancel, sink).await
}

/// A second scan that is still running, and whether it saw the same imports. Dropping it stops it.
pub(crate) type UnfinishedSecondScan = AbortOnDropHandle<Result<bool, EngineError>>;

async fn scan(
    account: &Account,
    mut begun: Option<Begun>,
    manner: ScanOptions,
    long: usize,
    cancel: &Cancel,
    sink: &mut dyn PageVisitor,
) -> Result<(Seen, Option<UnfinishedSecondScan>), EngineError> {
    let (mut disagreement, mut short) = (Disagreement::default(), None);
    for attempt in 0..3 {
        // A list that changes while it is read is given time to settle.
        tokio::time::sleep(CALM * attempt).await;
        sink.restart()?;
        let early = begun.take();
        let hasher = early.as_ref().map(|early| early.hasher.clone()).unwrap_or_default();
        let mut ids = Ids::hashed_by(hasher);
        let was_begun = early.is_some();
        let Scanned { mut seen, mut second, behind } =
            match scan_once(account, early, manner, cancel, &mut ids, sink).await {
                // The page after one that waited for its turn may no longer exist: the service did not refuse the list.
                Err(error) if was_begun && ids.plain > 0 && is_gone(&error) => {
                    sink.restart()?;
                    ids = Ids::default();
                    scan_once(account, None, manner, cancel, &mut ids, sink).await?
                }
                scanned => scanned?,
            };
        if !seen.whole {
            return Ok((seen, None));
        }
        let flows = second.as_mut().and_then(SecondScan::take_flows);
        let behind = async {
            match behind {
                Some(pages) => is_new_behind_the_end(account, pages, &ids, cancel).await,
                None => Ok(false),
            }
        };
        let is_long = ids.seen.len() >= long;
        let waits_for = second.take_if(|_| !is_long);
        let again = async {
            match waits_for {
                Some(second) => again(account, &ids, second, cancel).await.map(Some),
                None => Ok(None),
            }
        };
        let (behind, again) = futures::try_join!(behind, again)?;
        short = behind.then_some(seen.listed);
        if short.is_some() {
            continue;
        }
        if manner.steady && seen.listed == 0 && use_imports(flows, account, cancel).await? {
            if manner.if_empty == IfEmpty::Distrust {
                return Err(EngineError::EmptyButUsed { account: account.facts.name.clone() });
            }
            seen.empty_but_used = true;
        }
        let Some(again) = again else {
            return Ok((seen, second.map(|second| goes_on(account, ids, second, cancel))));
        };
        match differs(ids.seen, &again) {
            None => return Ok((seen, None)),
            Some(found) => disagreement = found,
        }
    }
    let account = account.facts.name.clone();
    if let Some(listed) = short {
        return Err(EngineError::CutShort { account, listed });
    }
    Err(EngineError::Unsteady { account, list: Kind::Imports.as_str(), disagreement })
}

/// Whether a service may answer so for the next page of a list that was not read for a long time.
fn is_gone(error: &EngineError) -> bool {
    matches!(error, EngineError::Service { source, .. } if matches!(source.status, Some(400 | 404 | 410)))
}

/// All that a second scan saw: the plain list, and the lists of the adaptors that it leaves out.
async fn again(
    account: &Account,
    first: &Ids,
    second: SecondScan,
    cancel: &Cancel,
) -> Result<Chunks<u64>, EngineError> {
    let mut seen = second.seen().await?;
    for adaptor in &first.apart {
        let mut take = |head: &Head| seen.push(first.hasher.hash_one(head.id.as_str()));
        scan_list(account, Some(adaptor), PAGE, cancel, &mut take).await?;
    }
    Ok(seen)
}

/// Waits for a second scan in parallel to other work. Frees the ids it is compared with afterwards.
fn goes_on(account: &Account, ids: Ids, second: SecondScan, cancel: &Cancel) -> UnfinishedSecondScan {
    let (account, cancel) = (account.clone(), cancel.clone());
    AbortOnDropHandle::new(tokio::spawn(async move {
        let again = again(&account, &ids, second, &cancel).await?;
        Ok(differs(ids.seen, &again).is_none())
    }))
}

/// The difference between two scans, unless they saw the same ids.
fn differs(mut first: HashSet<u64>, second: &Chunks<u64>) -> Option<Disagreement> {
    let all = first.len() as u64;
    // A second set next to the first would take too much memory.
    let new: HashSet<u64> = second.iter().filter(|id| !first.contains(id)).copied().collect();
    for id in second.iter() {
        first.remove(id);
    }
    let (gone, new) = (first.len() as u64, new.len() as u64);
    (gone + new > 0).then(|| Disagreement { first: all, second: all - gone + new, gone })
}

/// Whether an import of that adaptor may be missing from the plain list. An import without a known adaptor may be of
/// any.
pub(crate) fn may_be_listed_apart(adaptor: Option<&str>) -> bool {
    adaptor.is_none_or(|adaptor| LISTED_APART.contains(&adaptor))
}

fn request(adaptor: Option<&str>) -> ListRequest {
    let filters = adaptor.map(|adaptor| ("adaptorType", adaptor.to_owned())).into_iter().collect();
    ListRequest { path: Kind::Imports.as_str().to_owned(), limit: PAGE, include: Vec::new(), filters }
}

/// Asks for what comes after the end of the plain list if the list is not empty; an empty list is checked in another
/// way.
fn behind_the_end(account: &Account, ids: &Ids) -> Option<PagesAhead> {
    let filters = vec![("skip", ids.plain.to_string())];
    let path = Kind::Imports.as_str().to_owned();
    let request = ListRequest { path, limit: 1, include: vec!["name"], filters };
    (ids.plain > 0).then(|| PagesAhead::of(account, request))
}

/// Whether there is an import after the end of the plain list that was not on it: a `Link` was lost.
///
/// A service that does not count by `skip` answers with documents that were seen already, or refuses: that proves
/// nothing.
async fn is_new_behind_the_end(
    account: &Account,
    mut pages: PagesAhead,
    ids: &Ids,
    cancel: &Cancel,
) -> Result<bool, EngineError> {
    match pages.next(cancel).await? {
        Some(Ok(page)) => {
            let is_new = |head: Head| !ids.seen.contains(&ids.hasher.hash_one(head.id.as_str()));
            Ok(page.documents.iter().any(|document| is_new(document.head())))
        }
        Some(Err(error)) if error.kind != ErrorKind::Refused => {
            Err(account.failed("list the imports")(error))
        }
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests;
