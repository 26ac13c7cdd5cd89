//! Looking up creates and clones whose effect is not known: one look at a list answers for all of its kind.
//!
//! Nothing is sent again before two looks, the second of them after the first request can no longer be executing,
//! found nothing; and a look counts only if it shows everything of the kind that this run is known to have made and that
//! is still there.

mod scan;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::api::ErrorKind;
use crate::documents::document::{print_text, read_tree};
use crate::documents::references::Kind;
use crate::executor::journal_view::JournalView;
use crate::executor::lookup::scan::{Candidate, Looked, SLACK, created_at};
use crate::inventory::endpoint::Account;
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Events, Stage};
use crate::model::time::Clock;
use crate::model::{Fingerprint, Head, Id, Operation};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;

/// How long a first look waits for others to share it.
const COMPANY: Duration = Duration::from_millis(50);
/// Looks that did not count before the item is left in doubt.
const MOST_BLIND_LOOKS: u32 = 5;
/// Imports that a list lacks and that are asked for by id at most.
const MOST_GONE: usize = 50;

/// What looking up found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The import is there.
    There { id: Id, sha256: Fingerprint, modified: Option<String> },
    /// It is not, and will not come.
    Nowhere,
    /// Something of its name appeared, but it is not what was sent.
    Unlike(Vec<Id>),
    /// What was sent is there, but by its creation time it was there before, and that time cannot be trusted yet.
    Older(Vec<Id>),
    /// The run drains; not known.
    Interrupted,
    /// The token was refused; not known.
    Unauthorized,
    /// It could not be found out.
    Unknown(String),
}

/// A look-up that waits for its answer.
pub(crate) struct Search {
    /// What is looked for; `None` for an import.
    pub kind: Option<Kind>,
    pub name: String,
    pub namesakes: HashSet<Id>,
    pub source: Option<Id>,
    pub is_clone: bool,
    /// What was sent; `None` if it cannot be read: only the very same text is it then.
    pub wanted: Option<Value>,
    pub print: Fingerprint,
    pub since: Option<Timestamp>,
    failed_at: Instant,
    looks: u32,
    blind: u32,
    due: Instant,
    answer: oneshot::Sender<Found>,
}

/// Looks up what is in doubt.
pub(crate) struct LookupQueue<'a> {
    target: &'a Account,
    plan: &'a PlanFile,
    /// How long each list was when it was last looked at.
    last_listed: RefCell<BTreeMap<Option<Kind>, u64>>,
    cancel: &'a Cancel,
    settle: Duration,
    clock: &'a Clock,
    /// How far creation times are ahead of the clock that intents are dated by, once an answer showed both.
    ahead: Cell<Option<SignedDuration>>,
    /// Whether every import that an item of this run has was made by this run.
    makes_only: bool,
    queue: RefCell<Vec<Search>>,
    wake: Notify,
}

impl<'a> LookupQueue<'a> {
    pub(crate) fn new(
        target: &'a Account,
        plan: &'a PlanFile,
        cancel: &'a Cancel,
        settle: Duration,
        clock: &'a Clock,
    ) -> Self {
        let tail = plan.tail();
        let others = [Operation::Update, Operation::Delete, Operation::Restore];
        Self {
            target,
            plan,
            last_listed: RefCell::default(),
            cancel,
            settle,
            clock,
            ahead: Cell::new(None),
            makes_only: !others.iter().any(|operation| tail.totals.contains_key(operation.as_str())),
            queue: RefCell::default(),
            wake: Notify::new(),
        }
    }

    /// Learns from the answer to a create, received just now, how creation times stand to the clock of `Date`.
    pub(crate) fn learn(&self, made: &Head) {
        if let Some(created) = created_at(made) {
            let ahead = created.duration_since(self.target.clock.estimate(self.clock.now()));
            self.ahead.set(Some(if ahead.abs() <= SLACK { SignedDuration::ZERO } else { ahead }));
        }
    }

    /// Asks for an item's import, announced when the service's clock said `since`.
    pub(crate) async fn search(&self, item: &PlanItem, since: Option<Timestamp>, wanted: &[u8]) -> Found {
        let (answer, found) = oneshot::channel();
        let now = Instant::now();
        self.queue.borrow_mut().push(Search {
            kind: item.kind,
            name: item.name.clone(),
            namesakes: item.namesakes.iter().cloned().collect(),
            source: item.source.as_ref().map(|source| source.id.clone()),
            is_clone: item.operation == Operation::Clone,
            print: print_text(wanted),
            wanted: read_tree(wanted).ok(),
            since,
            failed_at: now,
            looks: 0,
            blind: 0,
            due: now + COMPANY,
            answer,
        });
        self.wake.notify_one();
        found.await.unwrap_or(Found::Interrupted)
    }

    /// Answers searches for ever.
    pub(crate) async fn serve(&self, ledger: &JournalView<'_>, events: &Events) -> Infallible {
        let mut rested = Instant::now();
        loop {
            let due = self.queue.borrow().iter().map(|search| search.due).min();
            let Some(due) = due else {
                self.wake.notified().await;
                continue;
            };
            let due = due.max(rested);
            if !self.cancel.is_draining() && due > Instant::now() {
                tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.wake.notified() => {}
                    () = self.cancel.draining() => {}
                }
                continue;
            }
            let searches = std::mem::take(&mut *self.queue.borrow_mut());
            events.emit(&Event::StageStarted { stage: Stage::LookUp, total: Some(searches.len() as u64) });
            let began = Instant::now();
            let mut by_kind: BTreeMap<Option<Kind>, Vec<Search>> = BTreeMap::new();
            for search in searches {
                by_kind.entry(search.kind).or_default().push(search);
            }
            for (kind, searches) in by_kind {
                self.look(kind, searches, ledger).await;
            }
            // Looking takes a fifth of the time at most, however many calls go unanswered one after the other.
            rested = Instant::now() + began.elapsed() * 4;
            events.emit(&Event::StageFinished { stage: Stage::LookUp });
        }
    }

    async fn look(&self, kind: Option<Kind>, searches: Vec<Search>, ledger: &JournalView<'_>) {
        let began = Instant::now();
        let knows_some = ledger.owns_any(kind);
        let looked = match kind {
            None => scan::imports(self.target, &searches, ledger).await,
            Some(kind) => scan::others(self.target, kind, &searches, ledger).await,
        };
        let Looked { missing, oldest, listed, whole, hits } = match looked {
            Ok(looked) => looked,
            Err(error) => {
                for search in searches {
                    let found = if error.is_unauthorized() {
                        Found::Unauthorized
                    } else {
                        Found::Unknown(format!("it could not be looked up: {}", crate::model::chain(&error)))
                    };
                    let _ = search.answer.send(found);
                }
                return;
            }
        };
        let tail = self.plan.tail();
        let before = match kind {
            None => tail.target_listed,
            Some(kind) => tail.others.get(&kind).map_or(0, |others| others.listed),
        };
        // Items may come to own more while the list is read; those known before must all be on it. Where none is, the list
        // must be as long as it was for the plan, or twice as short: somebody may have removed some of it.
        let as_before = self.last_listed.borrow_mut().insert(kind, listed) == Some(listed);
        let long_enough = knows_some || listed >= before || as_before;
        let trusted = whole && long_enough && self.are_gone(kind, &missing).await;
        let ahead = self.ahead.get().or_else(|| self.told_by(oldest, ledger));
        let mut taken: HashSet<Id> = HashSet::new();
        for (search, hits) in searches.into_iter().zip(hits) {
            let earliest = self.earliest(search.since, ahead);
            let (fresh, older): (Vec<Candidate>, Vec<Candidate>) =
                hits.into_iter().partition(|hit| hit.appeared_since(earliest));
            let free = |hit: &&Candidate| hit.equal && !taken.contains(&hit.id) && !ledger.owns(&hit.id);
            if let Some(hit) = fresh.iter().find(free) {
                taken.insert(hit.id.clone());
                // Whoever dropped the search does not want the answer.
                let (id, modified) = (hit.id.clone(), hit.modified.clone());
                let _ = search.answer.send(Found::There { id, sha256: hit.print, modified });
                continue;
            }
            let ids = |hits: &[Candidate], equal: bool| -> Vec<Id> {
                let free = hits.iter().filter(|hit| hit.equal == equal && !ledger.owns(&hit.id));
                free.map(|hit| hit.id.clone()).collect()
            };
            let found = match (ids(&fresh, false), ids(&older, true)) {
                (unlike, _) if !unlike.is_empty() => Found::Unlike(unlike),
                // Where creation times are known to be right, what was there before is somebody else's.
                (_, older) if ahead.is_none() && !older.is_empty() => Found::Older(older),
                _ => Found::Nowhere,
            };
            self.not_found(search, found, began, trusted);
        }
    }

    /// Whether what this run made and the list lacks were removed by somebody: asked for by id, if they are few.
    async fn are_gone(&self, kind: Option<Kind>, missing: &HashSet<Id>) -> bool {
        if missing.len() > MOST_GONE {
            return false;
        }
        for id in missing {
            match self.target.client.get(kind.map_or("imports", Kind::as_str), id).await {
                Err(error) if error.kind == ErrorKind::NotFound => {}
                _ => return false,
            }
        }
        true
    }

    /// What the list shows of imports that this run is known to have made: none can be older than its first intent.
    fn told_by(&self, oldest: Option<Timestamp>, ledger: &JournalView<'_>) -> Option<SignedDuration> {
        let (oldest, first) = oldest.zip(ledger.first_intent()).filter(|_| self.makes_only)?;
        let ahead = oldest.duration_since(first);
        Some(if ahead < -SLACK { ahead } else { SignedDuration::ZERO })
    }

    /// The creation time before which an import cannot come from a call announced at `since`.
    fn earliest(&self, since: Option<Timestamp>, ahead: Option<SignedDuration>) -> Option<Timestamp> {
        let since = since?;
        let now = self.clock.now();
        // As long as nothing is known, creation times may go by the clock of `Date` or by the true one, which is ours.
        let off = || now.duration_since(self.target.clock.estimate(now)).min(SignedDuration::ZERO);
        since.checked_add(ahead.unwrap_or_else(off)).and_then(|since| since.checked_sub(SLACK)).ok()
    }

    fn not_found(&self, mut search: Search, found: Found, began: Instant, trusted: bool) {
        let settled = search.failed_at + self.settle;
        search.looks += u32::from(trusted);
        search.blind += u32::from(!trusted);
        if trusted && search.looks >= 2 && began >= settled {
            let _ = search.answer.send(found);
        } else if self.cancel.is_draining() {
            let _ = search.answer.send(Found::Interrupted);
        } else if search.blind >= MOST_BLIND_LOOKS {
            let list = search.kind.map_or("imports", Kind::as_str);
            let message = format!("it could not be looked up: the list of {list} lacks some that are there");
            let _ = search.answer.send(Found::Unknown(message));
        } else {
            search.due = settled.max(Instant::now() + Duration::from_secs(u64::from(search.blind)) + COMPANY);
            self.queue.borrow_mut().push(search);
        }
    }
}

impl std::fmt::Debug for LookupQueue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LookupQueue").field("waiting", &self.queue.borrow().len()).finish_non_exhaustive()
    }
}
