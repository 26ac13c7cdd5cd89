//! A plan that a person approved, as `--plan` names it.

use std::path::Path;

use super::SessionError;
use crate::inventory::error::EngineError;
use crate::job::Job;
use crate::planner::approved::{is_narrowed, is_restricted, is_taken};
use crate::run_folder::{PlanFile, RunFolderError};

/// Opens a plan that a person approved, to be carried out for a job.
///
/// # Errors
///
/// It cannot be read, is not a plan, or does something for an import that the job is narrowed not to take: a bad argument, nothing
/// was sent for it.
pub fn open_approved(path: &Path, job: &Job) -> Result<PlanFile, SessionError> {
    let plan = PlanFile::open(path).map_err(|error| unfit(error.into()))?;
    if job.select.narrowed.only.is_empty() {
        return Ok(plan);
    }
    for item in plan.items() {
        let item = item.map_err(|error| unfit(error.into()))?;
        if item.is_work()
            && let Some(source) = &item.source
            && is_taken(&item, &job.select.narrowed) == Some(false)
        {
            let message = format!(
                "`--only` leaves out the import \"{}\", for which the plan has work to do: leave `--only` out, or make the plan again \
                 with it",
                source.name
            );
            return Err(SessionError::Refused(message));
        }
    }
    Ok(plan)
}

/// Whether the plan of a run does what an approved plan says, if there is one, and for no import but those that the job is
/// narrowed to.
///
/// # Errors
///
/// One of the plans cannot be read.
pub fn is_run_of(run: &PlanFile, approved: Option<&PlanFile>, job: &Job) -> Result<bool, SessionError> {
    let narrowed = &job.select.narrowed;
    if let Some(approved) = approved
        && !is_restricted(run, approved, narrowed)?
    {
        return Ok(false);
    }
    Ok(is_narrowed(run, narrowed)?)
}

/// A plan that cannot be read, or is for another job, is a bad argument: nothing was sent for it.
pub(super) fn unfit(error: EngineError) -> SessionError {
    match &error {
        EngineError::Folder(RunFolderError::BadFile { .. } | RunFolderError::File { .. }) => {
            SessionError::refused(&error)
        }
        _ => error.into(),
    }
}
