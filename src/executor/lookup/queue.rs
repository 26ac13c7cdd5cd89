//! The queue of lookups, which decides when to scan; one scan answers for each kind.
//!
//! Nothing is sent again before two scans found nothing, the second of them after the first request can no longer be
//! executing. A scan counts only if it shows everything of the kind that this run is known to have made and that
//! still exists.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::documents::references::Kind;
use crate::executor::journal_view::JournalView;
use crate::executor::lookup::judge::{Candidate, Judgement, Likeness, Looks, judge};
use crate::executor::lookup::scan::{self, Hit, Looked};
use crate::executor::lookup::search::{Before, COMPANY, Found, Reason, Search};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Events, Stage};
use crate::model::{Id, shown};
use crate::run_folder::other_runs::{OtherRuns, deeds_since};
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::PlanItem;

/// How many scans that prove nothing, and how many grace periods, pass before the item is left in doubt.
const MOST_BLIND: u32 = 5;
const BLIND_PERIODS: u32 = 6;
/// The longest time between two scans that prove nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The time between two scans for throttled calls while there is other work; they are looked up once that is done.
const UNHURRIED: Duration = Duration::from_mins(1);
/// Scanning takes at most a fifth of the time while there is other work, but is never put off for longer than this.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// Waits that are reported.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// Looks up what is in doubt.
pub(crate) struct LookupQueue<'a> {
    target: Account,
    /// How long a call without an answer may still be executing.
    grace_period: Duration,
    plan: &'a PlanFile,
    before: &'a Before<'a>,
    /// The other runs, if an earlier process began this one: between the two processes, they may have made what is
    /// looked up.
    other_runs: Option<&'a dyn OtherRuns>,
    /// The length of each list when it was last read.
    last_listed: RefCell<BTreeMap<Kind, u64>>,
    cancel: &'a Cancel,
    events: &'a Events,
    queue: RefCell<Vec<Search>>,
    /// Items that are not waiting for a lookup.
    at_work: Cell<usize>,
    /// Whether other items were being processed during the last scan.
    was_busy: Cell<bool>,
    wake: Notify,
    /// The end of the wait that was reported last.
    told: Cell<Option<Instant>>,
}

impl<'a> LookupQueue<'a> {
    /// Looks in `target`, whose calls should take precedence over writes.
    pub(crate) fn new(
        (target, grace_period): (Account, Duration),
        plan: &'a PlanFile,
        (before, other_runs): (&'a Before<'a>, Option<&'a dyn OtherRuns>),
        cancel: &'a Cancel,
        events: &'a Events,
    ) -> Self {
        Self {
            target,
            grace_period,
            plan,
            before,
            other_runs,
            last_listed: RefCell::default(),
            cancel,
            events,
            queue: RefCell::default(),
            at_work: Cell::new(0),
            was_busy: Cell::new(false),
            wake: Notify::new(),
            told: Cell::new(None),
        }
    }

    /// Counts an item as being processed until the guard is dropped.
    pub(crate) fn work(&self) -> AtWork<'_> {
        self.at_work.set(self.at_work.get() + 1);
        AtWork { at_work: &self.at_work, wake: &self.wake }
    }

    /// Looks up an item's import, and waits for the result.
    pub(crate) async fn search(&self, item: &PlanItem, reason: Reason, wanted: &[u8]) -> Found {
        let now = Instant::now();
        let due = match reason {
            // It is no hurry, and every 429 would cost a scan.
            Reason::Throttled => now + LONGEST_PAUSE,
            Reason::InDoubt { .. } | Reason::TakenUpAgain | Reason::Refused => now + COMPANY,
        };
        let (search, found) = Search::new(item, reason, wanted, due);
        self.queue.borrow_mut().push(search);
        self.at_work.set(self.at_work.get().saturating_sub(1));
        self.wake.notify_one();
        let found = found.await.unwrap_or(Found::Interrupted);
        self.at_work.set(self.at_work.get() + 1);
        found
    }

    /// Answers searches until it is dropped.
    pub(crate) async fn serve(&self, journal: &JournalView<'_>) -> Infallible {
        let mut rested = Instant::now();
        loop {
            if self.cancel.is_draining() {
                // No further call leaves: what is in doubt stays so.
                for search in self.queue.take() {
                    let _ = search.answer.send(Found::Interrupted);
                }
                self.wake.notified().await;
                continue;
            }
            let Some(due) = self.next_due(rested) else {
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = self.cancel.draining() => {}
                }
                continue;
            };
            if due > Instant::now() {
                self.tell_wait(due);
                tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.wake.notified() => {}
                    () = self.cancel.draining() => {}
                }
                continue;
            }
            let searches = self.queue.take();
            self.events
                .emit(&Event::StageStarted { stage: Stage::LookUp, total: Some(searches.len() as u64) });
            let began = Instant::now();
            let was_busy = self.at_work.get() > 0;
            let mut by_kind: BTreeMap<Kind, Vec<Search>> = BTreeMap::new();
            for search in searches {
                by_kind.entry(search.kind).or_default().push(search);
            }
            for (kind, searches) in by_kind {
                let by = searches.len() as u64;
                self.look(kind, searches, journal).await;
                self.events.emit(&Event::StageAdvanced { stage: Stage::LookUp, by });
            }
            self.was_busy.set(was_busy || self.at_work.get() > 0);
            rested = Instant::now() + (began.elapsed() * 4).min(LONGEST_REST);
            self.events.emit(&Event::StageFinished { stage: Stage::LookUp });
        }
    }

    /// When the next scan is due. A scan answers everyone who waits, also those whose time has not come.
    fn next_due(&self, rested: Instant) -> Option<Instant> {
        let queue = self.queue.borrow();
        if self.at_work.get() > 0 {
            return queue.iter().map(|search| search.due).min().map(|due| due.max(rested));
        }
        let was_busy = self.was_busy.get();
        queue.iter().map(|search| due_when_idle(search, was_busy)).min()
    }

    /// Reports how long nothing will happen, once for each wait, whatever wakes it in between.
    fn tell_wait(&self, due: Instant) {
        let wait = due.saturating_duration_since(Instant::now());
        let is_new = self.told.get().is_none_or(|told| due > told);
        if self.at_work.get() == 0 && wait >= WORTH_TELLING && is_new {
            self.told.set(Some(due));
            let queue = self.queue.borrow();
            let (count, seconds) = (queue.len(), wait.as_secs_f64().ceil());
            let is_resumed =
                |search: &Search| matches!(search.reason, Reason::TakenUpAgain | Reason::Refused);
            let what = if queue.iter().all(is_resumed) {
                let are = shown::count(count as u64, "import is", "imports are");
                format!("{are} looked for before anything is made anew")
            } else {
                let calls = shown::count(count as u64, "call", "calls");
                format!("{calls} without an answer")
            };
            let message = format!("{what}: next look-up in {seconds} s");
            self.events.emit(&Event::Noted { message });
        }
    }

    async fn look(&self, kind: Kind, searches: Vec<Search>, journal: &JournalView<'_>) {
        let began = Instant::now();
        let owned = journal.count_owned(kind) as u64;
        let looked = match kind {
            Kind::Imports => scan::imports(&self.target, &searches, journal, self.before).await,
            kind => scan::others(&self.target, kind, &searches, journal, self.before).await,
        };
        let Looked { missing, unlisted, listed, deleted, whole, hits } = match looked {
            Ok(looked) => looked,
            Err(error) => {
                for search in searches {
                    let found = match &error {
                        EngineError::Interrupted => Found::Interrupted,
                        error if error.is_unauthorized() => Found::Unauthorized,
                        error if error.is_away() => Found::Interrupted,
                        error => Found::Unknown(format!(
                            "it could not be looked up: {}",
                            crate::model::chain(error)
                        )),
                    };
                    // If the search was dropped, nobody wants the answer.
                    let _ = search.answer.send(found);
                }
                return;
            }
        };
        let tail = self.plan.tail();
        let before = match kind {
            Kind::Imports => tail.target_listed,
            kind => tail.others.get(&kind).map_or(0, |others| others.listed),
        };
        // Items may come to own more while the list is read; what they owned before must all be on it. If they owned
        // nothing, the list must be as long as it was for the plan, minus what this run deleted, or be too short by
        // the same amount twice, because somebody may have removed some of it.
        let as_before = self.last_listed.borrow_mut().insert(kind, listed) == Some(listed);
        let knows_some = owned > deleted;
        let long_enough = knows_some || listed + deleted >= before || as_before;
        let trusted = whole
            && long_enough
            && scan::are_gone(&self.target, kind, &missing).await
            && scan::are_gone(&self.target, kind, &unlisted).await;
        let of_others = self.of_other_runs(&hits).await;
        let mut taken: HashSet<Id> = HashSet::new();
        let mut found: HashSet<usize> = HashSet::new();
        let mut all: Vec<(usize, Search, Vec<Hit>)> = searches
            .into_iter()
            .zip(hits)
            .enumerate()
            .map(|(index, (search, hits))| (index, search, hits))
            .collect();
        // A candidate with the same name is taken first, so that what is left is similar to fewer others.
        all.sort_by_key(|(_, _, hits)| {
            hits.iter().filter(|hit| hit.candidate.equal).map(|hit| hit.candidate.likeness).min()
        });
        for (index, mut search, hits) in all {
            let free = |hit: &Hit| !taken.contains(&hit.candidate.id) && !journal.owns(&hit.candidate.id);
            let candidates = hits.into_iter().filter(free).map(|hit| {
                let is_rivalled = hit.candidate.likeness != Likeness::Named
                    && hit.rivals.iter().any(|rival| !found.contains(rival));
                let of_another_run = of_others.contains(&hit.candidate.id);
                Candidate {
                    ambiguous: hit.candidate.ambiguous || is_rivalled,
                    of_another_run,
                    ..hit.candidate
                }
            });
            let candidates: Vec<Candidate> = candidates.collect();
            search.looks += u32::from(trusted);
            search.blind += u32::from(!trusted);
            let after_grace_period = trusted && began >= search.safe_after();
            let looks = Looks { trusted: search.looks, needed: search.looks_needed(), after_grace_period };
            match judge(candidates, looks) {
                Judgement::Adopt(candidate) => {
                    found.insert(index);
                    taken.insert(candidate.id.clone());
                    let (id, sha256, modified) = (candidate.id, candidate.print, candidate.modified);
                    let _ = search.answer.send(Found::There { id, sha256, modified });
                }
                Judgement::Conflict(ids) => drop(search.answer.send(Found::Unlike(ids))),
                Judgement::MadeByAnotherRun(id) => drop(search.answer.send(Found::MadeByAnotherRun(id))),
                Judgement::SendAgain => drop(search.answer.send(Found::Nowhere)),
                Judgement::LookAgain => self.look_again(search),
            }
        }
    }

    /// Of what was found, the imports and resources that other runs made.
    async fn of_other_runs(&self, hits: &[Vec<Hit>]) -> HashSet<Id> {
        let sought: HashSet<Id> = hits.iter().flatten().map(|hit| hit.candidate.id.clone()).collect();
        let Some(other_runs) = self.other_runs else { return HashSet::new() };
        let deeds = deeds_since(other_runs, self.plan, sought).await;
        deeds.into_iter().filter(|deed| deed.operation.makes_an_import()).map(|deed| deed.id).collect()
    }

    fn look_again(&self, mut search: Search) {
        if search.blind >= MOST_BLIND && search.began.elapsed() >= self.grace_period * BLIND_PERIODS {
            let list = search.kind.as_str();
            let message = format!("it could not be looked up: the list of {list} lacks some that are there");
            let _ = search.answer.send(Found::Unknown(message));
            return;
        }
        let pause = if search.reason == Reason::Throttled && self.at_work.get() > 0 {
            UNHURRIED
        } else {
            Duration::from_secs(u64::from(search.blind)).min(LONGEST_PAUSE) + COMPANY
        };
        search.due = search.safe_after().max(Instant::now() + pause);
        self.queue.borrow_mut().push(search);
    }
}

/// When a lookup happens with nothing else to do: at once for what is not urgent, and for what the last scan could
/// not show for sure if the list grew meanwhile, because other items were being processed.
fn due_when_idle(search: &Search, was_busy: bool) -> Instant {
    match (search.reason, search.looks + search.blind) {
        (Reason::Throttled, 0) => search.began,
        (_, 1..) if was_busy => search.safe_after(),
        _ => search.due,
    }
}

/// An item that is being processed, until this is dropped.
pub(crate) struct AtWork<'a> {
    at_work: &'a Cell<usize>,
    wake: &'a Notify,
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.at_work.set(self.at_work.get().saturating_sub(1));
        self.wake.notify_one();
    }
}

impl std::fmt::Debug for LookupQueue<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LookupQueue").field("waiting", &self.queue.borrow().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn with_nothing_else_to_do_nothing_waits_for_a_look_that_could_show_more() {
        let item: PlanItem =
            serde_json::from_value(serde_json::json!({"item": 1, "operation": "create", "name": "A"}))
                .unwrap();
        let began = Instant::now();
        let (safe_after, due) = (began + Duration::from_secs(10), began + Duration::from_secs(30));
        let in_doubt = Reason::InDoubt { safe_after };
        for (what, reason, blind, was_busy, expected) in [
            ("a first look for what was throttled", Reason::Throttled, 0, true, began),
            ("a first look for what is in doubt", in_doubt, 0, true, due),
            ("throttled, and the list grew", Reason::Throttled, 1, true, began),
            ("in doubt, and the list grew: its call may still be executing", in_doubt, 3, true, safe_after),
            ("a list that proves nothing by itself", Reason::Throttled, 1, false, due),
            ("a list that proves nothing by itself, in doubt", in_doubt, 2, false, due),
        ] {
            let (search, _) = Search::new(&item, reason, b"{}", due);
            assert_eq!(due_when_idle(&Search { blind, ..search }, was_busy), expected, "{what}");
        }
    }
}
