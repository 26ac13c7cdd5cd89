//! Looking up creates and clones whose effect is not known: one sweep answers for all of them.
//!
//! Nothing is sent again before two looks, the second of them after the first request can no longer be executing,
//! found nothing; and a look counts only if it shows every import this run is known to have made.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use super::ledger::Ledger;
use crate::model::normal::{compare, fingerprint};
use crate::model::time::Clock;
use crate::model::{Fingerprint, Head, Id, Operation, Verdict};
use crate::pipeline::account::Account;
use crate::pipeline::sweep::{Manner, Sink, sweep};
use crate::pipeline::{Cancel, Event, Events, PipelineError, PlanFile, PlanItem, Stage};

/// How far the service's clock may be off from what we take it for, beyond what its answers pin down.
const SLACK: SignedDuration = SignedDuration::from_secs(30);
/// How long a first look waits for others to share it.
const COMPANY: Duration = Duration::from_millis(50);
/// Looks that did not count before the item is left in doubt.
const MOST_BLIND_LOOKS: u32 = 5;

/// What looking up found.
#[derive(Debug)]
pub(super) enum Found {
    /// The import is there.
    There { id: Id, sha256: Fingerprint },
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

struct Search {
    name: String,
    namesakes: HashSet<Id>,
    source: Option<Id>,
    is_clone: bool,
    wanted: Value,
    print: Fingerprint,
    since: Option<Timestamp>,
    failed_at: Instant,
    looks: u32,
    blind: u32,
    due: Instant,
    answer: oneshot::Sender<Found>,
}

/// Looks up what is in doubt.
pub(super) struct Finder<'a> {
    target: &'a Account,
    listed: u64,
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

impl<'a> Finder<'a> {
    pub(super) fn new(
        target: &'a Account,
        plan: &PlanFile,
        cancel: &'a Cancel,
        settle: Duration,
        clock: &'a Clock,
    ) -> Self {
        let tail = plan.tail();
        let others = [Operation::Update, Operation::Delete, Operation::Restore];
        Self {
            target,
            listed: tail.target_listed,
            cancel,
            settle,
            clock,
            ahead: Cell::new(None),
            makes_only: !others.iter().any(|operation| tail.totals.contains_key(operation.word())),
            queue: RefCell::default(),
            wake: Notify::new(),
        }
    }

    /// Learns from the answer to a create, received just now, how creation times stand to the clock of `Date`.
    pub(super) fn learn(&self, made: &Head) {
        if let Some(created) = created_at(made) {
            let ahead = created.duration_since(self.target.clock.estimate(self.clock.now()));
            self.ahead.set(Some(if ahead.abs() <= SLACK { SignedDuration::ZERO } else { ahead }));
        }
    }

    /// Asks for an item's import, announced when the service's clock said `since`.
    pub(super) async fn search(&self, item: &PlanItem, since: Option<Timestamp>, wanted: &[u8]) -> Found {
        let (answer, found) = oneshot::channel();
        let wanted: Value = serde_json::from_slice(wanted).unwrap_or_default();
        let now = Instant::now();
        self.queue.borrow_mut().push(Search {
            name: item.name.clone(),
            namesakes: item.namesakes.iter().cloned().collect(),
            source: item.source.as_ref().map(|source| source.id.clone()),
            is_clone: item.operation == Operation::Clone,
            print: fingerprint(&wanted),
            wanted,
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
    pub(super) async fn serve(&self, ledger: &Ledger<'_>, events: &Events) -> Infallible {
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
            self.look(searches, ledger).await;
            // Looking takes a fifth of the time at most, however many calls go unanswered one after the other.
            rested = Instant::now() + began.elapsed() * 4;
            events.emit(&Event::StageFinished { stage: Stage::LookUp });
        }
    }

    async fn look(&self, searches: Vec<Search>, ledger: &Ledger<'_>) {
        let began = Instant::now();
        let known = ledger.owned();
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, search) in searches.iter().enumerate() {
            by_name.entry(&search.name).or_default().push(index);
        }
        let mut looker = Looker {
            searches: &searches,
            by_name,
            ledger,
            ours: 0,
            oldest: None,
            hits: vec![Vec::new(); searches.len()],
        };
        // The sweep goes on while the run drains: one look more may settle what is in doubt.
        let manner = Manner { listed_apart: true, to_the_end: true, ..Manner::default() };
        let swept = sweep(self.target, manner, &Cancel::new(), &mut looker).await;
        let (ours, oldest, hits) = (looker.ours, looker.oldest, looker.hits);
        let (listed, whole) = match swept {
            Ok(seen) => (seen.listed, true),
            // What it shows is there; what it does not show may be.
            Err(PipelineError::CutShort { listed, .. }) => (listed, false),
            Err(error) => {
                for search in searches {
                    let found = if error.is_unauthorized() {
                        Found::Unauthorized
                    } else {
                        Found::Unknown(format!("it could not be looked up: {}", describe(&error)))
                    };
                    let _ = search.answer.send(found);
                }
                return;
            }
        };
        // Items may come to own imports while the list is read; those known before must all be on it.
        let trusted = whole && ours >= known && (known > 0 || listed >= self.listed);
        let ahead = self.ahead.get().or_else(|| self.told_by(oldest, ledger));
        let mut taken: HashSet<Id> = HashSet::new();
        for (search, hits) in searches.into_iter().zip(hits) {
            let earliest = self.earliest(search.since, ahead);
            let (fresh, older): (Vec<Hit>, Vec<Hit>) =
                hits.into_iter().partition(|hit| hit.appeared_since(earliest));
            let free = |hit: &&Hit| hit.equal && !taken.contains(&hit.id) && !ledger.owns(&hit.id);
            if let Some(hit) = fresh.iter().find(free) {
                taken.insert(hit.id.clone());
                // Whoever dropped the search does not want the answer.
                let _ = search.answer.send(Found::There { id: hit.id.clone(), sha256: hit.print });
                continue;
            }
            let ids = |hits: &[Hit], equal: bool| -> Vec<Id> {
                hits.iter().filter(|hit| hit.equal == equal).map(|hit| hit.id.clone()).collect()
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

    /// What the list shows of imports that this run is known to have made: none can be older than its first intent.
    fn told_by(&self, oldest: Option<Timestamp>, ledger: &Ledger<'_>) -> Option<SignedDuration> {
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
            let message = "it could not be looked up: the list of imports lacks some that are there";
            let _ = search.answer.send(Found::Unknown(message.to_owned()));
        } else {
            search.due = settled.max(Instant::now() + Duration::from_secs(u64::from(search.blind)) + COMPANY);
            self.queue.borrow_mut().push(search);
        }
    }
}

impl std::fmt::Debug for Finder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finder").field("waiting", &self.queue.borrow().len()).finish_non_exhaustive()
    }
}

/// An import of the name that is searched for.
#[derive(Debug, Clone)]
struct Hit {
    id: Id,
    print: Fingerprint,
    equal: bool,
    created: Option<Timestamp>,
}

impl Hit {
    /// Whether it was made after `earliest`; one that does not say when may have been.
    fn appeared_since(&self, earliest: Option<Timestamp>) -> bool {
        self.created.zip(earliest).is_none_or(|(created, earliest)| created >= earliest)
    }
}

struct Looker<'a, 'b> {
    searches: &'a [Search],
    by_name: HashMap<&'a str, Vec<usize>>,
    ledger: &'a Ledger<'b>,
    ours: usize,
    oldest: Option<Timestamp>,
    hits: Vec<Vec<Hit>>,
}

impl Sink for Looker<'_, '_> {
    fn restart(&mut self) -> Result<(), PipelineError> {
        self.ours = 0;
        self.oldest = None;
        self.hits.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, PipelineError> {
        if self.ledger.owns(&head.id) {
            self.ours += 1;
            let created = created_at(head);
            self.oldest = self.oldest.min(created).or(self.oldest).or(created);
            return Ok(true);
        }
        let Some(indices) = self.by_name.get(head.name.as_str()) else { return Ok(true) };
        let document: Value = serde_json::from_str(text.get()).unwrap_or_default();
        let print = fingerprint(&document);
        for index in indices {
            let search = &self.searches[*index];
            if search.namesakes.contains(&head.id) {
                continue;
            }
            let equal = if search.is_clone {
                // What a fresh clone holds is the source's content; whose clone it is says more.
                head.cloned_from == search.source
            } else {
                print == search.print || compare(&search.wanted, &document).verdict != Verdict::Differs
            };
            self.hits[*index].push(Hit { id: head.id.clone(), print, equal, created: created_at(head) });
        }
        Ok(true)
    }
}

fn created_at(head: &Head) -> Option<Timestamp> {
    head.created_at.as_deref().and_then(|text| text.parse().ok())
}

fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
