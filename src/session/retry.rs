//! Retrying: redoes what failed, conflicted, went stale, differs or was not processed, as a new run.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Narrowed;
use super::runs::OpenedRun;
use super::{Plan, Session, SessionError};
use crate::documents::references::Kind;
use crate::inventory::witnesses::refuse_another;
use crate::job::{Action, Job};
use crate::journal::ItemState;
use crate::model::event::{Event, Events};
use crate::model::{Id, Operation, Outcome, RunId, Verdict};
use crate::planner::{Only, OwnImport, UnverifiedWrite};
use crate::run_folder::RunFolder;
use crate::run_folder::import_users::UserKind;
use crate::run_folder::lock::RunLock;
use crate::run_folder::plan_item::PlanItem;
use crate::run_folder::rows::rows;
use crate::run_folder::staging::parent_of;

/// What can be retried of a run, and the copies beside what it made.
#[derive(Debug)]
pub struct Retrying {
    /// What can be retried.
    pub retry: Retry,
    /// Imports that have names of the run's items and that the run did not make: they are named in its report, and
    /// need attention.
    pub copies: usize,
}

/// What can be retried of a run.
#[derive(Debug)]
pub enum Retry {
    /// The plan of it, to be carried out with [`Session::execute`].
    Plan(Box<Plan>),
    /// There is nothing to retry.
    Nothing(NothingToRetry),
}

/// Why there is nothing to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NothingToRetry {
    /// Every import and what it refers to is as wanted.
    AllDone,
    /// Every import is as wanted, but some of what they refer to is not, and that is not redone by itself.
    OnlyDependencies,
    /// Every import is as wanted, but some of what uses them still names old ids.
    OnlyUsers,
    /// Every import is as wanted, but some that the source no longer has were not deleted; only a new run of the job
    /// deletes them.
    OnlyDeletions,
}

/// The part of a run that is selected to be redone.
#[derive(Debug, Default)]
struct Again {
    /// Imports of the source to be redone.
    imports: Only,
    /// Imports of the target that belong to other imports of the source.
    taken: BTreeSet<Id>,
    /// Imports of the source to be redone whose import in the target is known: that import is updated.
    own: BTreeMap<Id, OwnImport>,
    /// Items that are not imports and would have to be redone.
    others: u32,
    /// Flows, APIs and tools among them.
    users: u32,
    /// Imports that the source no longer has, and that would have to be deleted.
    deletions: u32,
}

impl Session {
    /// Plans to redo what failed, conflicted, went stale, differs or was not processed, as a new run. The session is
    /// opened with [`OpenRequest::Retry`](super::OpenRequest), `job` is that of the run.
    ///
    /// # Errors
    ///
    /// The run is a backup, a comparison or an undo; it was undone before it was finished; it is in doubt or being written;
    /// the tokens open other accounts.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future sends no write to the account. Copies that were found may be in the journal of the
    /// run, which then has to be resumed.
    pub async fn retry(&self, of: &RunFolder, job: &Job, events: &Events) -> Result<Retrying, SessionError> {
        if let Action::Backup | Action::Compare = job.action {
            let message = format!("a {} is not redone in part: run its job again", job.action.as_str());
            return Err(SessionError::Refused(message));
        }
        let what = format!("retry of {}", of.path().display());
        let run = RunId::new(self.host.clock.now(), &job.name, self.host.random.u16());
        let place = parent_of(of.path()).join(&run.0);
        let earlier_lock = RunLock::take(of, &self.holder(&what))?;
        let mut staged = self.stage(run, place, &what, &self.target_account().facts).await?;
        staged.earlier = Some(earlier_lock);
        let earlier = OpenedRun::open(of.path())?;
        if earlier.plan.head().action == Action::Undo {
            let message = "to redo what an undo could not do, undo the same run again".to_owned();
            return Err(SessionError::Refused(message));
        }
        if let Some(by) = earlier.record.undone.as_ref().filter(|_| !earlier.record.is_finished()) {
            let message = format!("this run was undone by {by}: start a new run of its job");
            return Err(SessionError::Refused(message));
        }
        self.same_accounts(&earlier.plan)?;
        earlier.refuse_unfinished()?;
        for message in self.known_accounts(&earlier).await? {
            events.emit(&Event::Noted { message });
        }
        self.refuse_another_account(&earlier).await?;
        let source = &earlier.plan.tail().witnesses.source;
        self.unless_stopped(refuse_another(self.source_account(), source, self.options.grace_period)).await?;
        self.wait_for_open_calls(of.path(), events).await?;
        let again = select_again(&earlier)?;
        let retry = if again.imports.is_empty() {
            let why = match (again.others, again.users) {
                (0, _) if again.deletions > 0 => NothingToRetry::OnlyDeletions,
                (0, _) => NothingToRetry::AllDone,
                (others, users) if others == users => NothingToRetry::OnlyUsers,
                _ => NothingToRetry::OnlyDependencies,
            };
            Retry::Nothing(why)
        } else {
            let of_run = earlier.id();
            let narrowed = Narrowed {
                only: Some(&again.imports),
                taken: Some(&again.taken),
                own: Some(&again.own),
                of_run: Some(&of_run),
            };
            Retry::Plan(Box::new(self.make_staged(job, staged, narrowed, events).await?))
        };
        // Last, so that nothing comes in between: what the plan saw is no copy of the run that is about to begin.
        let copies = if earlier.record.is_finished() { self.told_copies(earlier, events).await? } else { 0 };
        Ok(Retrying { retry, copies })
    }

    /// Looks for the copies beside what a finished run made, reports them, and returns how many there are.
    async fn told_copies(&self, earlier: OpenedRun, events: &Events) -> Result<usize, SessionError> {
        let (earlier, copies) = self.find_late_copies(earlier).await?;
        for copy in &copies {
            let (id, name) = (&copy.id, earlier.plan.item(copy.item)?.name);
            let likeness = if copy.equal { "equal to" } else { "unlike" };
            let message =
                format!("import {id} has the name \"{name}\", is {likeness} it, and was not made by the run");
            events.emit(&Event::Noted { message });
        }
        Ok(copies.len())
    }
}

fn select_again(run: &OpenedRun) -> Result<Again, SessionError> {
    let mut again = Again::default();
    let in_place = run.plan.head().action == Action::Update;
    rows(&run.folder, &run.plan, &run.states, |row| {
        let redo = row.outcome.needs_attention()
            || row.outcome == Outcome::Unprocessed
            || row.verdict == Verdict::Differs;
        // What imports refer to is created again, or found, for the imports that need it.
        match (row.item.kind, &row.item.source) {
            (Kind::Imports, _) if !redo => again.taken.extend(row.target_id),
            _ if !redo => {}
            (Kind::Imports, Some(source)) => {
                let state = run.states.state(row.item.item);
                if let Some(id) = own_target(&row.item, &state) {
                    let left = row.target_sha256.filter(|_| state.target().is_some());
                    let may_be_edited = row.may_have_been_edited();
                    again.own.insert(source.id.clone(), OwnImport { id, left, may_be_edited });
                }
                again.imports.insert(&source.id, &source.name);
                if let (Outcome::Updated, true, Some(span)) = (row.outcome, in_place, row.item.wanted) {
                    let paths = row.item.changes.iter().map(|change| change.path.clone()).collect();
                    let written = UnverifiedWrite { file: run.folder.wanted(), span, paths };
                    again.imports.written.insert(source.id.clone(), written);
                }
            }
            (Kind::Imports, None) => again.deletions += u32::from(row.item.is_deletion()),
            (kind, _) => {
                again.others += 1;
                again.users += u32::from(UserKind::is_one(kind));
            }
        }
        Ok(())
    })?;
    Ok(again)
}

/// The import in the target that belongs to this item: what it made, or was to overwrite.
fn own_target(item: &PlanItem, state: &ItemState) -> Option<Id> {
    let planned = item.target.as_ref().filter(|_| item.operation == Operation::Update);
    state.target().or(planned.map(|target| &target.id)).cloned()
}
