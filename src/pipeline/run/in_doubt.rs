//! Looking up creates and clones whose effect is not known: one sweep answers for all of them.
//!
//! Nothing is sent again before two looks, the second of them after the first request can no longer be executing,
//! found nothing; and a look counts only if it shows every import this run is known to have made.

use std::cell::RefCell;
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
    queue: RefCell<Vec<Search>>,
    wake: Notify,
}

impl<'a> Finder<'a> {
    pub(super) fn new(target: &'a Account, plan: &PlanFile, cancel: &'a Cancel, settle: Duration) -> Self {
        let listed = plan.tail().target_listed;
        Self { target, listed, cancel, settle, queue: RefCell::default(), wake: Notify::new() }
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
            hits: vec![Hits::default(); searches.len()],
        };
        // The sweep goes on while the run drains: one look more may settle what is in doubt.
        let swept =
            sweep(self.target, Manner { steady: false, listed_apart: true }, &Cancel::new(), &mut looker)
                .await;
        let (ours, hits) = (looker.ours, looker.hits);
        let listed = match swept {
            Ok(seen) => seen.listed,
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
        let trusted = ours >= known && (known > 0 || listed >= self.listed);
        let mut taken: HashSet<Id> = HashSet::new();
        for (search, hits) in searches.into_iter().zip(hits) {
            let free = hits.equal.into_iter().find(|(id, _)| !taken.contains(id) && !ledger.owns(id));
            if let Some((id, sha256)) = free {
                taken.insert(id.clone());
                // Whoever dropped the search does not want the answer.
                let _ = search.answer.send(Found::There { id, sha256 });
                continue;
            }
            self.not_found(search, hits.unlike, began, trusted);
        }
    }

    fn not_found(&self, mut search: Search, unlike: Vec<Id>, began: Instant, trusted: bool) {
        let settled = search.failed_at + self.settle;
        search.looks += u32::from(trusted);
        search.blind += u32::from(!trusted);
        if trusted && search.looks >= 2 && began >= settled {
            let found = if unlike.is_empty() { Found::Nowhere } else { Found::Unlike(unlike) };
            let _ = search.answer.send(found);
        } else if self.cancel.is_draining() {
            let _ = search.answer.send(Found::Interrupted);
        } else if search.blind >= MOST_BLIND_LOOKS {
            let message = "it could not be looked up: the list of imports lacks some that this run made";
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

#[derive(Debug, Clone, Default)]
struct Hits {
    equal: Vec<(Id, Fingerprint)>,
    unlike: Vec<Id>,
}

struct Looker<'a, 'b> {
    searches: &'a [Search],
    by_name: HashMap<&'a str, Vec<usize>>,
    ledger: &'a Ledger<'b>,
    ours: usize,
    hits: Vec<Hits>,
}

impl Sink for Looker<'_, '_> {
    fn restart(&mut self) -> Result<(), PipelineError> {
        self.ours = 0;
        self.hits.fill(Hits::default());
        Ok(())
    }

    fn take(&mut self, head: &Head, text: &RawValue) -> Result<bool, PipelineError> {
        if self.ledger.owns(&head.id) {
            self.ours += 1;
            return Ok(true);
        }
        let Some(indices) = self.by_name.get(head.name.as_str()) else { return Ok(true) };
        let document: Value = serde_json::from_str(text.get()).unwrap_or_default();
        let print = fingerprint(&document);
        for index in indices {
            let search = &self.searches[*index];
            if search.namesakes.contains(&head.id) || !appeared_since(head, search.since) {
                continue;
            }
            let is_it = if search.is_clone {
                // What a fresh clone holds is the source's content; whose clone it is says more.
                head.cloned_from == search.source
            } else {
                print == search.print || compare(&search.wanted, &document).verdict != Verdict::Differs
            };
            if is_it {
                self.hits[*index].equal.push((head.id.clone(), print));
            } else {
                self.hits[*index].unlike.push(head.id.clone());
            }
        }
        Ok(true)
    }
}

/// Whether an import was made after `since`, by the service's clock; one that does not say when may have been.
fn appeared_since(head: &Head, since: Option<Timestamp>) -> bool {
    let created = head.created_at.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    let (Some(created), Some(since)) = (created, since) else { return true };
    since.saturating_sub(SLACK).map_or(true, |earliest| created >= earliest)
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
