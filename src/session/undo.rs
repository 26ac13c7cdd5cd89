//! Undoing: the plan of what puts back what a run changed.

use super::runs::OpenedRun;
use super::{Plan, Session, SessionError, TOOL};
use crate::job::Action;
use crate::model::RunId;
use crate::planner::{UndoRequest, plan_undo};
use crate::run_folder::lock::RunLock;
use crate::run_folder::staging::parent_of;
use crate::run_folder::{PlanHead, RunFolder};

/// Why a run of that plan leaves nothing to undo, if it does: a backup or a comparison changes nothing in an account.
pub fn nothing_to_undo(head: &PlanHead) -> Option<Action> {
    let action = Action::of(&head.action)?;
    matches!(action, Action::Backup | Action::Compare).then_some(action)
}

impl Session {
    /// Plans what puts back what a run changed, except where somebody changed it since. The session is opened with
    /// [`OpenRequest::Undo`](super::OpenRequest).
    ///
    /// # Errors
    ///
    /// The run is in doubt or being written; the token opens another account; the files of the run do not fit each other.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn undo(&self, of: &RunFolder) -> Result<Plan, SessionError> {
        let what = format!("undo of {}", of.path().display());
        let job = &OpenedRun::open(of.path())?.plan.head().job.clone();
        let run = RunId::new(self.host.clock.now(), &format!("undo-{job}"), self.host.random.u16());
        let place = parent_of(of.path()).join(&run.0);
        let target = self.target_account();
        let earlier_lock = RunLock::take(of, &self.holder(&what))?;
        let mut staged = self.stage(run, place, &what, &target.facts)?;
        staged.earlier = Some(earlier_lock);
        let earlier = OpenedRun::open(of.path())?;
        let then = &earlier.plan.head().target;
        if then.origin != target.facts.origin || then.user != target.facts.user {
            return Err(SessionError::Refused(format!(
                "the token of `{}` opens another account than the one this run wrote to",
                target.facts.name
            )));
        }
        earlier.refuse_unsettled()?;
        let run_id = earlier.id();
        let (to, wanted) = (staged.plan(), staged.wanted());
        let planning = plan_undo(UndoRequest {
            folder: &earlier.folder,
            plan: &earlier.plan,
            memory: &earlier.states,
            run: &run_id,
            target,
            to: &to,
            wanted: &wanted,
            cancel: &self.options.cancel,
            now: self.host.clock.now(),
            tool: TOOL,
        });
        let planned = self.unless_stopped(planning).await?;
        let job_text = earlier.job_text()?;
        let action = Action::Undo.as_str().to_owned();
        Ok(Plan { planned, staged, action, job_text, harmless: !self.target.is_service() })
    }
}
