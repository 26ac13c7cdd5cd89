//! One sweep: the plain list, then those of the adaptors that it may leave out.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use super::begun::Begun;
use super::second_look::{SecondLook, other_limit};
use super::{
    BREATH, BREATH_DOCUMENTS, LISTED_APART, PageVisitor, ScanOptions, Seen, behind_the_end, request,
};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::pages_ahead::PagesAhead;
use crate::model::Head;
use crate::model::cancel::Cancel;

/// What came of one sweep.
#[derive(Default)]
pub(super) struct Swept {
    pub seen: Seen,
    pub second: Option<SecondLook>,
    /// What stands behind the end of the plain list, on its way.
    pub behind: Option<PagesAhead>,
}

pub(super) async fn once(
    account: &Account,
    begun: Option<Begun>,
    manner: ScanOptions,
    cancel: &Cancel,
    ids: &mut Ids,
    sink: &mut dyn PageVisitor,
) -> Result<Swept, EngineError> {
    let (pages, early) = begun.map(|begun| (begun.pages, begun.second)).unzip();
    let swept = Swept::default();
    let mut sweep = Sweep { account, manner, cancel, ids, sink, swept, first: None, bytes: 0, documents: 0 };
    sweep.sink.ready().await;
    let plain = pages.unwrap_or_else(|| PagesAhead::of(account, request(None)));
    if !sweep.list(None, plain).await? {
        return Ok(sweep.swept);
    }
    if account.at_rest {
        sweep.swept.seen.whole = true;
        return Ok(sweep.swept);
    }
    if manner.steady {
        let (len, more) = sweep.first.unwrap_or_default();
        let early = early.and_then(|mut early| early.try_recv().ok());
        let hasher = sweep.ids.hasher.clone();
        let begin = || SecondLook::begin(account, hasher, other_limit(len, more), len == 0 && !more, cancel);
        sweep.swept.second = Some(early.unwrap_or_else(begin));
    }
    if manner.to_the_end {
        sweep.swept.behind = behind_the_end(account, sweep.ids);
    }
    // The adaptors that the plain list may leave out: where all of them are wanted at once, for none waits for another.
    let apart = LISTED_APART.iter().copied().filter(|adaptor| !sweep.ids.in_plain_list.contains(adaptor));
    let apart: Vec<_> = apart.filter(|_| manner.listed_apart).collect();
    let of = |adaptor| PagesAhead::of(account, request(Some(adaptor)));
    let mut begun: VecDeque<_> = apart.iter().filter(|_| manner.steady).map(|adaptor| of(adaptor)).collect();
    for adaptor in apart {
        let pages = begun.pop_front().unwrap_or_else(|| of(adaptor));
        if !sweep.list(Some(adaptor), pages).await? {
            return Ok(sweep.swept);
        }
    }
    sweep.swept.seen.whole = true;
    Ok(sweep.swept)
}

/// A sweep on its way.
struct Sweep<'a> {
    account: &'a Account,
    manner: ScanOptions,
    cancel: &'a Cancel,
    ids: &'a mut Ids,
    sink: &'a mut dyn PageVisitor,
    swept: Swept,
    /// How many imports the first page has, and whether another follows it.
    first: Option<(usize, bool)>,
    /// What was taken since others had their turn.
    bytes: usize,
    documents: usize,
}

impl Sweep<'_> {
    /// Takes a list, the plain one or that of an adaptor; `false` once no more imports are wanted.
    async fn list(
        &mut self,
        adaptor: Option<&'static str>,
        mut pages: PagesAhead,
    ) -> Result<bool, EngineError> {
        while let Some(page) = pages.next(self.cancel).await? {
            let page = page.map_err(self.account.failed("list the imports"))?;
            self.first = self.first.or(Some((page.len, page.more)));
            self.swept.seen.page = self.swept.seen.page.max(page.len as u64);
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
                // The service does not know the filter: the list is the plain one again.
                break;
            }
        }
        Ok(true)
    }

    /// Lets others have their turn now and then.
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

    /// Hands an import on, unless it was shown before.
    fn take(&mut self, head: &Head, text: &str, adaptor: Option<&'static str>) -> Result<bool, EngineError> {
        let ids = &mut *self.ids;
        if self.manner.keeps_ids() && !ids.seen.insert(ids.hasher.hash_one(head.id.as_str())) {
            return Ok(true);
        }
        self.swept.seen.listed += 1;
        ids.plain += u64::from(adaptor.is_none());
        if let Some(adaptor) = adaptor {
            self.swept.seen.apart = true;
            ids.apart.insert(adaptor);
        }
        self.sink.take(head, text)
    }
}

/// Ids seen, as hashes: a hundred thousand of them must not weigh.
#[derive(Default)]
pub(super) struct Ids {
    pub seen: HashSet<u64>,
    pub hasher: RandomState,
    /// How many of them the plain list shows.
    pub plain: u64,
    /// Adaptors of [`LISTED_APART`] that the plain list shows after all.
    in_plain_list: HashSet<&'static str>,
    /// Those that it leaves out, and that there are imports of.
    pub apart: HashSet<&'static str>,
}

impl Ids {
    /// No id is seen yet; they are hashed by this.
    pub(super) fn hashed_by(hasher: RandomState) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// Takes note of an import on the plain list; whether one on the list of an adaptor belongs there.
    ///
    /// Documents need not say of which they are (section 7 of the reference); one that does not must at least be new.
    fn meet(&mut self, head: &Head, list: Option<&str>) -> bool {
        let of = head.adaptor_type.as_deref();
        let Some(list) = list else {
            self.in_plain_list.extend(LISTED_APART.iter().find(|apart| Some(**apart) == of));
            return true;
        };
        of.map_or_else(|| !self.seen.contains(&self.hasher.hash_one(head.id.as_str())), |of| of == list)
    }
}
