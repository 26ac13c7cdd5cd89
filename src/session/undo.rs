//! Undoing: the plan of what puts back what a run changed.

use super::earlier_undos::made_anew;
use super::execute::{Part, report_on};
use super::resume::reopen;
use super::runs::OpenedRun;
use super::{Plan, Session, SessionError, TOOL};
use crate::inventory::error::EngineError;
use crate::job::Action;
use crate::journal::{Entry, ItemStates, Journal};
use crate::model::RunId;
use crate::model::event::Events;
use crate::planner::{Copies, PlannedUndo, UndoRequest, plan_undo};
use crate::run_folder::lock::RunLock;
use crate::run_folder::staging::parent_of;
use crate::run_folder::{PlanHead, RunFolder};

/// Why a run of that plan leaves nothing to undo, if it does: a backup or a comparison changes nothing in an account.
pub fn nothing_to_undo(head: &PlanHead) -> Option<Action> {
    head.action.known().filter(|action| matches!(action, Action::Backup | Action::Compare))
}

impl Session {
    /// Plans what puts back what a run changed, except where somebody changed it since. The session is opened with
    /// [`OpenRequest::Undo`](super::OpenRequest). `copies` says what becomes of the copies that the run found and did not
    /// make; [`Plan::copies`] tells how many are removed.
    ///
    /// # Errors
    ///
    /// The run is being written; the token opens another account; the files of the run do not fit each other.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future sends no write to the account. What was found out so far may be in the journal of the run.
    pub async fn undo(&self, of: &RunFolder, copies: Copies, events: &Events) -> Result<Plan, SessionError> {
        let what = format!("undo of {}", of.path().display());
        let job = &OpenedRun::open(of.path())?.plan.head().job.clone();
        let run = RunId::new(self.host.clock.now(), &format!("undo-{job}"), self.host.random.u16());
        let place = parent_of(of.path()).join(&run.0);
        let target = self.target_account();
        let earlier_lock = RunLock::take(of, &self.holder(&what))?;
        let mut staged = self.stage(run, place, &what, &target.facts).await?;
        staged.earlier = Some(earlier_lock);
        self.wait_for_open_calls(of.path(), events).await?;
        let mut earlier = OpenedRun::open(of.path())?;
        earlier.refuse_lost_end()?;
        let notes = self.known_target(&earlier).await?;
        let is_finished = earlier.record.is_finished();
        let is_open = !is_finished && earlier.record.undone.is_none();
        if is_open || !earlier.states.undecided().is_empty() {
            // Looking up in another account would find nothing, and the journal would say so for ever.
            self.refuse_another_account(&earlier).await?;
            earlier = self.resolve_doubts(earlier).await?;
        }
        if is_finished {
            (earlier, _) = self.find_late_copies(earlier).await?;
        }
        let run_id = earlier.id();
        let made_anew = made_anew(&earlier)?;
        let (to, wanted) = (staged.plan(), staged.wanted());
        let states = std::mem::take(&mut earlier.states);
        let request = UndoRequest {
            folder: &earlier.folder,
            plan: &earlier.plan,
            run: &run_id,
            made_anew: &made_anew,
            target,
            to: &to,
            wanted: &wanted,
            cancel: &self.options.cancel,
            grace_period: self.options.grace_period,
            copies,
            now: self.host.clock.now(),
            tool: TOOL,
            notes: &notes,
        };
        let PlannedUndo { planned, copies } = self.unless_stopped(plan_undo(request, states)).await?;
        let job_text = earlier.job_text()?;
        let action = Action::Undo;
        let undoes = Some(earlier.folder);
        let harmless = !self.target.is_service();
        Ok(Plan { planned, staged, action, job_text, harmless, undoes, copies })
    }

    /// Finds out, by reads, what the last calls of a run came to that was broken off, or could not read what it had done, and
    /// whether copies stand beside what it made; and records it in its journal.
    async fn resolve_doubts(&self, run: OpenedRun) -> Result<OpenedRun, SessionError> {
        let path = run.folder.path().to_owned();
        let journal = run.reopen_to_note(&self.options.journal).await?;
        let OpenedRun { folder, plan, mut states, .. } = run;
        reopen(&mut states, &journal, ItemStates::undecided).await?;
        let ended =
            self.act(&folder, &plan, journal, states, ("", Part::LookupOnly), None, &Events::none()).await;
        match ended {
            Ok(_) | Err(EngineError::Folder(_)) if self.options.cancel.is_draining() => {
                return Err(EngineError::Interrupted.into());
            }
            // What stays in doubt is named by the plan, and left alone.
            Ok(_) | Err(EngineError::Folder(_)) => {}
            Err(error) => return Err(error.into()),
        }
        report_on(folder, plan).await?;
        OpenedRun::open(&path)
    }

    /// Before an undo is gone on with: the run that it takes back is not resumed any more, even if the undo was broken off
    /// right before that was recorded.
    pub(super) async fn mark_what_it_undoes(&self, undo: &OpenedRun) -> Result<(), SessionError> {
        let Some(of) = undo.undoes() else { return Ok(()) };
        // One that is gone or cannot be read is not resumed either.
        let Ok(earlier) = OpenedRun::open(of.path()) else { return Ok(()) };
        if earlier.is_done() {
            return Ok(());
        }
        let _lock = RunLock::take(&of, &self.holder(&format!("undo of {}", of.path().display())))?;
        if earlier.record.undone.is_some() {
            // Its report may have been broken off in the middle.
            report_on(earlier.folder, earlier.plan).await.ok();
            return Ok(());
        }
        self.mark_undone(&of, &RunId(undo.id())).await
    }

    /// Records in the journal of a run that could still be resumed that it is being undone.
    pub(super) async fn mark_undone(&self, of: &RunFolder, by: &RunId) -> Result<(), SessionError> {
        let run = OpenedRun::open(of.path())?;
        if run.is_done() || run.record.undone.is_some() {
            return Ok(());
        }
        let options = self.options.journal.clone();
        let (path, before) = (run.folder.journal(), run.folder.before());
        let journal = Journal::reopen_to_note(&path, &before, &run.replay, options)?;
        journal.append(Entry::Undone { by: by.clone() }, None).await?;
        journal.close()?;
        report_on(run.folder, run.plan).await?;
        Ok(())
    }
}
