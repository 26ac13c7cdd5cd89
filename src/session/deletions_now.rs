//! The deletions that are left of a resumed run, decided once more: since they were planned, a flow may have begun to use an
//! import, or the source may have got one of its name.

use std::collections::HashMap;
use std::sync::Arc;

use super::endpoint::Endpoint;
use super::plan::Show;
use super::runs::{OpenedRun, job_of};
use super::{Session, SessionError};
use crate::executor::Withdrawn;
use crate::inventory::error::EngineError;
use crate::inventory::flow_usage::{FlowUsage, UserLists};
use crate::inventory::read_by_id::{ReadById, read_by_id};
use crate::journal::ItemState;
use crate::model::event::Events;
use crate::model::{Action, Id, ItemKey, Operation, Outcome};
use crate::planner::usage::{Side, why_not_deleted};
use crate::run_folder::PlanFile;
use crate::run_folder::plan_item::Reason;

/// The deletions of imports that are left, by the import in the target.
type Open = HashMap<Id, ItemKey>;

impl Session {
    /// The deletions of a run that are left and that a plan of now would not do, with the reason. A source that was read from files
    /// or an archive is as it was; then only the flows are asked.
    ///
    /// # Errors
    ///
    /// The run, its job or one of the accounts cannot be read, or an interruption: nothing was done, and the run can be resumed.
    pub(super) async fn withdrawn(&self, run: &OpenedRun) -> Result<Withdrawn, SessionError> {
        let open = open_deletions(run)?;
        if open.is_empty() {
            return Ok(Withdrawn::new());
        }
        let is_planned_alone =
            run.plan.head().action == Action::Undo || matches!(self.source, Endpoint::Closed(_));
        let decided =
            if is_planned_alone { self.by_flows(&open).await } else { self.by_plan(run, &open).await };
        match decided {
            // A plan of now is refused for what it would delete: none of it is deleted.
            Err(SessionError::Engine(
                error @ (EngineError::NothingToMirror { .. } | EngineError::TooManyDeletions { .. }),
            )) => {
                let message = format!("a new plan would be refused ({error}): left alone");
                let why = (Outcome::Stale, Reason::new("stale", message));
                Ok(open.into_values().map(|key| (key, why.clone())).collect())
            }
            decided => decided,
        }
    }

    /// Those that a flow uses by now, or of which that is not known.
    async fn by_flows(&self, open: &Open) -> Result<Withdrawn, SessionError> {
        let (target, cancel) = (self.target_account(), &self.options.cancel);
        let reading = FlowUsage::read(target, Some(UserLists::Flows), cancel);
        let mut side = Side::new(Arc::new(self.unless_stopped(reading).await?), UserLists::Flows);
        let decided = open.iter().filter_map(|(id, key)| {
            let (_, reason) = why_not_deleted(&mut side, id)?;
            Some((*key, (Outcome::Conflict, reason)))
        });
        Ok(decided.collect())
    }

    /// Those that a new plan of the job does not delete.
    async fn by_plan(&self, run: &OpenedRun, open: &Open) -> Result<Withdrawn, SessionError> {
        let job = job_of(&self.host, run.folder.path(), &run.plan.head().settings)?;
        let now = self.preview(&job, Show::Changes, &Events::none()).await?;
        let (mut withdrawn, mut left_out) = (Withdrawn::new(), open.clone());
        for item in now.plan().items() {
            let item = item?;
            let target = item.target.as_ref().filter(|_| item.is_import());
            let Some(key) = target.and_then(|target| left_out.remove(&target.id)) else { continue };
            if item.operation == Operation::Delete {
                continue;
            }
            if item.source.is_some() && job.action != Action::Delete {
                let message = format!("`{}` has it by now: left alone", self.source_account().facts.name);
                withdrawn.insert(key, (Outcome::Stale, Reason::new("stale", message)));
            } else if let (Some(outcome), Some(problem)) = (item.outcome, item.problem) {
                withdrawn.insert(key, (outcome, problem));
            }
        }
        // What is gone already ends as that.
        let (target, cancel) = (self.target_account(), &self.options.cancel);
        read_by_id(target, left_out.keys().cloned(), cancel, |id, read| {
            if let (Some(key), ReadById::Found(_) | ReadById::Unreadable(_)) = (left_out.get(&id), read) {
                let message = "a new plan would not delete it: left alone";
                withdrawn.insert(*key, (Outcome::Stale, Reason::new("gone", message)));
            }
            Ok(())
        })
        .await?;
        Ok(withdrawn)
    }
}

/// The deletions of imports that may still be sent. An undo removes what came back under its own id whatever uses it: it was
/// used before it was lost.
fn open_deletions(run: &OpenedRun) -> Result<Open, SessionError> {
    let plan: &PlanFile = &run.plan;
    let mut open = Open::new();
    if !plan.tail().totals.contains_key(Operation::Delete.as_str()) {
        return Ok(open);
    }
    let is_undo = plan.head().action == Action::Undo;
    let left = |(key, state): &(ItemKey, ItemState)| {
        matches!(state, ItemState::Untouched | ItemState::InDoubt { .. })
            || run.states.is_reopened_by_resume(*key)
    };
    for (key, _) in (1..).map(ItemKey).zip(run.states.states()).filter(left) {
        let item = plan.item(key)?;
        if item.operation == Operation::Delete
            && item.is_import()
            && !(is_undo && item.keeps_its_id())
            && let Some(target) = item.target
        {
            open.insert(target.id, key);
        }
    }
    Ok(open)
}
