//! Resumes a run: its journal is replayed, what is in doubt is looked up, and the rest is done.

use std::collections::HashSet;

use super::execute::{OpenRun, Part, report_on};
use super::runs::OpenedRun;
use super::{Run, Session, SessionError};
use crate::inventory::endpoint::Account;
use crate::inventory::error::EngineError;
use crate::inventory::witnesses::{refuse_another, shows_one};
use crate::journal::{Entry, ItemState, ItemStates, Journal, JournalError, Step};
use crate::model::event::{Event, Events};
use crate::model::{Id, ItemKey, Operation};
use crate::run_folder::folder::hash_file;
use crate::run_folder::lock::RunLock;
use crate::run_folder::plan_item::{AccountFacts, Witness};
use crate::run_folder::staging::parent_of;
use crate::run_folder::{PlanFile, RunFolder, RunFolderError};

/// The maximum number of imports that a run made and that are looked for.
const MOST_MADE: usize = 8;

/// The result of resuming a run.
#[derive(Debug)]
pub enum Resumed {
    /// It was continued, and ended again.
    Ended(Run),
    /// It was finished already: nothing was sent, its report was written again.
    WasFinished(Run),
}

/// Reopens items that ended before everything about them was known.
pub(super) async fn reopen(
    states: &mut ItemStates,
    journal: &Journal,
    which: impl Fn(&ItemStates) -> Vec<ItemKey>,
) -> Result<(), EngineError> {
    for item in which(states) {
        let step = Step::Reopened;
        states
            .step(item, &step)
            .map_err(|message| JournalError::Stopped(format!("{message}: this is a bug")))?;
        journal.append(Entry::Item { item, step }, None).await?;
    }
    Ok(())
}

impl Session {
    /// Continues a run that was broken off, in a session opened with [`OpenRequest::Resume`](super::OpenRequest).
    ///
    /// # Errors
    ///
    /// Another process writes the run, or the one that it undoes, or holds its target; the tokens open other accounts than then; the files of the
    /// run do not fit each other.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves a run that can be resumed.
    pub async fn resume(&self, folder: &RunFolder, events: &Events) -> Result<Resumed, SessionError> {
        let what = format!("run {}", folder.path().display());
        let before = OpenedRun::open(folder.path())?;
        self.same_accounts(&before.plan)?;
        let lock = RunLock::take(folder, &self.holder(&what))?;
        let held = self.hold(parent_of(folder.path()), &what, &self.held_facts()).await?;
        // Read again under the lock: another process may have gone on with it meanwhile.
        let reopened = OpenedRun::open(folder.path())?;
        let (folder, plan, record) = (&reopened.folder, &reopened.plan, &reopened.record);
        if reopened.is_done() {
            let run = report_on(reopened.folder, reopened.plan).await?;
            return Ok(Resumed::WasFinished(run));
        }
        if let Some(by) = &record.undone {
            let message = format!("this run was undone by {by}: start a new run of its job");
            // Its report may have been broken off in the middle.
            report_on(reopened.folder, reopened.plan).await.ok();
            return Err(SessionError::Refused(message));
        }
        for message in self.known_accounts(&reopened).await? {
            events.emit(&Event::Noted { message });
        }
        self.refuse_another_account(&reopened).await?;
        if let Some(header) = &record.opened
            && plan.tail().has_work()
            && hash_file(&folder.wanted())? != header.wanted_sha256
        {
            let message =
                "the documents to be written were changed since the run began: start a new run".to_owned();
            return Err(RunFolderError::BadFile { path: folder.wanted(), message }.into());
        }
        self.mark_what_it_undoes(&reopened).await?;
        self.wait_for_open_calls(reopened.folder.path(), events).await?;
        let withdrawn = self.withdrawn(&reopened).await?;
        let journal = reopened.reopen(&self.options.journal).await?;
        let OpenedRun { folder, plan, mut states, record, .. } = reopened;
        reopen(&mut states, &journal, ItemStates::reopened_by_resume).await?;
        let run = record.opened.map(|header| header.run.0).unwrap_or_default();
        let part = Part::Resumed(&withdrawn);
        let open = OpenRun { folder, plan, journal, states, run, part, lock, held: Some(held) };
        self.carry_out(open, events).await.map(Resumed::Ended)
    }

    /// Refuses accounts that show nothing of what a run saw or made: one owner has several.
    pub(super) async fn refuse_another_account(&self, run: &OpenedRun) -> Result<(), SessionError> {
        let tail = run.plan.tail();
        let removes = tail.totals.contains_key(Operation::Delete.as_str());
        let seen: HashSet<&Id> = tail.witnesses.target.iter().map(|witness| &witness.id).collect();
        let touched = run.states.states().filter_map(|state| state.target().cloned());
        let touched: HashSet<Id> = touched.filter(|id| seen.contains(id)).collect();
        let mut removed: HashSet<Id> = HashSet::new();
        if removes {
            // A delete with an intent may have had its effect: that its import is gone tells nothing of the account.
            let begun = |state: &ItemState| *state != ItemState::Untouched && state.target().is_none();
            for (key, _) in (1..).map(ItemKey).zip(run.states.states()).filter(|(_, state)| begun(state)) {
                removed.extend(run.plan.item(key)?.target.map(|target| target.id));
            }
        }
        let mut there = tail.witnesses.target.clone();
        there.retain(|witness| !touched.contains(&witness.id) && !removed.contains(&witness.id));
        // What it made is there too, unless it was about removing.
        if !removes {
            let made = (1..).map(ItemKey).zip(run.states.states());
            let made = made.filter_map(|(key, state)| Some((key, state.target()?.clone()))).take(MOST_MADE);
            for (key, id) in made {
                let list = run.plan.item(key)?.list().to_owned();
                there.push(Witness { list, id });
            }
        }
        let grace_period = self.options.grace_period;
        self.unless_stopped(refuse_another(self.target_account(), &there, grace_period)).await
    }

    /// Refuses to continue in accounts of other places than those the run was planned for.
    pub(super) fn same_accounts(&self, plan: &PlanFile) -> Result<(), SessionError> {
        let pairs = [
            (&plan.head().source, &self.source_account().facts),
            (&plan.head().target, &self.target_account().facts),
        ];
        match pairs.into_iter().find(|(then, now)| then.origin != now.origin) {
            Some((_, now)) => Err(another_account(now)),
            None => Ok(()),
        }
    }

    /// Refuses a token of another user than the one the run was planned with, unless its account shows something of
    /// what the run saw there: a token belongs to a person, and an account to several. Returns messages about such
    /// tokens.
    pub(super) async fn known_accounts(&self, run: &OpenedRun) -> Result<Vec<String>, SessionError> {
        let (head, source, mut notes) = (run.plan.head(), self.source_account(), Vec::new());
        // What works in place has one account; so has an undo, whatever its plan remembers of another.
        if head.source.has_another_user(&source.facts) && !head.source.is_the_account(&head.target) {
            notes.push(self.known_account(source, run.plan.tail().witnesses.source.clone()).await?);
        }
        notes.extend(self.known_target(run).await?);
        Ok(notes)
    }

    /// Does the same for the target alone, if only its account is known.
    pub(super) async fn known_target(&self, run: &OpenedRun) -> Result<Vec<String>, SessionError> {
        let (then, target) = (&run.plan.head().target, self.target_account());
        if then.origin != target.facts.origin {
            return Err(another_account(&target.facts));
        }
        if !then.has_another_user(&target.facts) {
            return Ok(Vec::new());
        }
        Ok(vec![self.known_account(target, seen_in_target(run)?).await?])
    }

    async fn known_account(
        &self,
        account: &Account,
        witnesses: Vec<Witness>,
    ) -> Result<String, SessionError> {
        let looking = shows_one(account, &witnesses, self.options.grace_period);
        if self.unless_stopped(looking).await? {
            return Ok(account.facts.another_user_of_it());
        }
        Err(another_account(&account.facts))
    }
}

fn another_account(now: &AccountFacts) -> SessionError {
    SessionError::Refused(format!(
        "the token of `{}` opens another account than the one this run was planned for: use a token of that one, or start \
         a new run",
        now.name
    ))
}

/// Some of what a run saw, made or changed in its target, by which the target is recognised.
fn seen_in_target(run: &OpenedRun) -> Result<Vec<Witness>, SessionError> {
    let mut seen = run.plan.tail().witnesses.target.clone();
    let begun =
        (1..).map(ItemKey).zip(run.states.states()).filter(|(_, state)| *state != ItemState::Untouched);
    for (key, state) in begun.take(MOST_MADE) {
        let item = run.plan.item(key)?;
        let id = state.target().or(item.target.as_ref().map(|target| &target.id)).cloned();
        seen.extend(id.map(|id| Witness { list: item.list().to_owned(), id }));
    }
    Ok(seen)
}
