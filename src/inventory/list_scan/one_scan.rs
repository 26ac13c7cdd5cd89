//! One scan: the plain list, then those of the adaptors that it may leave out.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use super::begun::Begun;
use super::second_scan::{SecondScan, other_limit};
use super::{
    BREATH, BREATH_DOCUMENTS, LISTED_APART, PageVisitor, ScanOptions, Seen, behind_the_end, request,
};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::pages_ahead::PagesAhead;
use crate::model::Head;
use crate::model::cancel::Cancel;

/// The result of one scan.
#[derive(Default)]
pub(super) struct Scanned {
    pub seen: Seen,
    pub second: Option<SecondScan>,
    /// The request for what comes after the end of the plain list.
    pub behind: Option<PagesAhead>,
}

pub(super) async fn scan_once(
    account: &Account,
    begun: Option<Begun>,
    manner: ScanOptions,
    cancel: &Cancel,
    ids: &mut Ids,
    sink: &mut dyn PageVisitor,
) -> Result<Scanned, EngineError> {
    let (pages, early) = begun.map(|begun| (begun.pages, begun.second)).unzip();
    let scanned = Scanned::default();
    let mut scan =
        OneScan { account, manner, cancel, ids, sink, scanned, first: None, bytes: 0, documents: 0 };
    scan.sink.ready().await;
    let plain = pages.unwrap_or_else(|| PagesAhead::of(account, request(None)));
    if !scan.list(None, plain).await? {
        return Ok(scan.scanned);
    }
    if account.at_rest {
        scan.scanned.seen.whole = true;
        return Ok(scan.scanned);
    }
    if manner.steady {
        let (len, more) = scan.first.unwrap_or_default();
        let early = early.and_then(|mut early| early.try_recv().ok());
        let hasher = scan.ids.hasher.clone();
        let begin = || SecondScan::begin(account, hasher, other_limit(len, more), len == 0 && !more, cancel);
        scan.scanned.second = Some(early.unwrap_or_else(begin));
    }
    if manner.to_the_end {
        scan.scanned.behind = behind_the_end(account, scan.ids);
    }
    // The adaptors that the plain list may leave out: all at once if they are wanted, so that none waits for another.
    let apart = LISTED_APART.iter().copied().filter(|adaptor| !scan.ids.in_plain_list.contains(adaptor));
    let apart: Vec<_> = apart.filter(|_| manner.listed_apart).collect();
    let of = |adaptor| PagesAhead::of(account, request(Some(adaptor)));
    let mut begun: VecDeque<_> = apart.iter().filter(|_| manner.steady).map(|adaptor| of(adaptor)).collect();
    for adaptor in apart {
        let pages = begun.pop_front().unwrap_or_else(|| of(adaptor));
        if !scan.list(Some(adaptor), pages).await? {
            return Ok(scan.scanned);
        }
    }
    scan.scanned.seen.whole = true;
    Ok(scan.scanned)
}

/// A scan in progress.
struct OneScan<'a> {
    account: &'a Account,
    manner: ScanOptions,
    cancel: &'a Cancel,
    ids: &'a mut Ids,
    sink: &'a mut dyn PageVisitor,
    scanned: Scanned,
    /// How many imports the first page has, and whether another page follows.
    first: Option<(usize, bool)>,
    /// Bytes that were taken since other tasks had their turn.
    bytes: usize,
    documents: usize,
}

impl OneScan<'_> {
    /// Takes a list, the plain one or that of an adaptor; `false` when no more imports are wanted.
    async fn list(
        &mut self,
        adaptor: Option<&'static str>,
        mut pages: PagesAhead,
    ) -> Result<bool, EngineError> {
        while let Some(page) = pages.next(self.cancel).await? {
            let page = page.map_err(self.account.failed("list the imports"))?;
            self.first = self.first.or(Some((page.len, page.more)));
            self.scanned.seen.page = self.scanned.seen.page.max(page.len as u64);
            let mut unfiltered = false;
            for document in page.documents {
                self.breathe(document.text.len()).await?;
                let head = document.head();
                if !self.ids.meet(&head, adaptor) {
                    unfiltered = true;
                } else if !self.take(&head, &document.text, adaptor)? {
                    return Ok(false);
                }
            }
            if page.ends && page.more && !self.sink.page_ended() {
                return Ok(false);
            }
            if unfiltered {
                // The service does not know the filter: this is the plain list again.
                break;
            }
        }
        Ok(true)
    }

    /// Lets other tasks have their turn now and then.
    async fn breathe(&mut self, length: usize) -> Result<(), EngineError> {
        (self.bytes, self.documents) = (self.bytes + length, self.documents + 1);
        if self.bytes > BREATH || self.documents >= BREATH_DOCUMENTS {
            (self.bytes, self.documents) = (0, 0);
            tokio::task::yield_now().await;
            self.sink.ready().await;
            if self.cancel.is_draining() {
                return Err(EngineError::Interrupted);
            }
        }
        Ok(())
    }

    /// Passes an import on unless it was shown before.
    fn take(&mut self, head: &Head, text: &str, adaptor: Option<&'static str>) -> Result<bool, EngineError> {
        let ids = &mut *self.ids;
        if self.manner.keeps_ids() && !ids.seen.insert(ids.hasher.hash_one(head.id.as_str())) {
            return Ok(true);
        }
        self.scanned.seen.listed += 1;
        ids.plain += u64::from(adaptor.is_none());
        if let Some(adaptor) = adaptor {
            self.scanned.seen.apart = true;
            ids.apart.insert(adaptor);
        }
        self.sink.take(head, text)
    }
}

/// The ids seen, as hashes: a hundred thousand of them must not take much memory.
#[derive(Default)]
pub(super) struct Ids {
    pub seen: HashSet<u64>,
    pub hasher: RandomState,
    /// How many of them are in the plain list.
    pub plain: u64,
    /// Adaptors of [`LISTED_APART`] that do occur in the plain list.
    in_plain_list: HashSet<&'static str>,
    /// Adaptors with imports that the plain list leaves out.
    pub apart: HashSet<&'static str>,
}

impl Ids {
    /// Starts without ids; `hasher` hashes them.
    pub(super) fn hashed_by(hasher: RandomState) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// Records an import of the plain list. Returns whether an import on the list of an adaptor belongs there.
    ///
    /// Documents need not name their adaptor (section 7 of the reference); one that does not must at least be new.
    fn meet(&mut self, head: &Head, list: Option<&str>) -> bool {
        let of = head.adaptor_type.as_deref();
        let Some(list) = list else {
            self.in_plain_list.extend(LISTED_APART.iter().find(|apart| Some(**apart) == of));
            return true;
        };
        of.map_or_else(|| !self.seen.contains(&self.hasher.hash_one(head.id.as_str())), |of| of == list)
    }
}
