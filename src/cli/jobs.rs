//! Loading the job that a command names.

use std::path::Path;

use super::args::{Narrow, StandIn};
use super::failure::Failure;
use super::say;
use super::world::CliContext;
use crate::documents::problem::nearest;
use crate::fleet::held::{HELD_TO, differs};
use crate::fleet::snapshot::FLEET_SNAPSHOT;
use crate::job::{self, AccountChoice, AccountPlace, AccountRow, Action, Job, Only, Settings};
use crate::session::{self, SessionError};

/// Loads a job, and shows its problems or warnings with their lines.
pub(super) fn load_job(
    world: &CliContext,
    path: &Path,
    choice: Option<&AccountChoice>,
) -> Result<(Job, Settings), Failure> {
    let (job, settings) = session::load_job_as(&world.host, path, choice).map_err(|error| match error {
        SessionError::Job(problems) => Failure::of_job(&problems, world.color_err()),
        error => error.into(),
    })?;
    if !job.warnings.is_empty() {
        say(world, &job.warnings.render(world.color_err()));
        world.document.set("warnings", job.warnings.located());
    }
    Ok((job, settings))
}

/// Applies `--repoint-flows` to the settings of a job: only a restore gives an import another id.
pub(super) fn take_repoint(settings: &mut Settings, job: &Job, repoint: bool) -> Result<(), Failure> {
    for_a_restore(job, "--repoint-flows", repoint)?;
    settings.repoint_flows = repoint;
    Ok(())
}

/// Refuses a flag that is only for a restore if the job is another one.
pub(super) fn for_a_restore(job: &Job, flag: &str, is_given: bool) -> Result<(), Failure> {
    if is_given && job.action != Action::Restore {
        let action = job.action.as_str();
        let message =
            format!("{flag} is for a restore, and the action of this job is {action}: leave it out");
        return Err(Failure::BadInput(message));
    }
    Ok(())
}

/// Loads a job, and narrows it by `--only` and `--limit`.
pub(super) fn load_part(
    world: &CliContext,
    path: &Path,
    narrow: &Narrow,
    stand_in: &StandIn,
) -> Result<(Job, Settings), Failure> {
    let choice = choose(world, stand_in)?;
    let (mut job, mut settings) = load_job(world, path, choice.as_ref())?;
    if let (AccountPlace::Archive { snapshot: snapshot @ None, .. }, Some(chosen)) =
        (&mut settings.source.place, world.host.env.get(FLEET_SNAPSHOT))
    {
        *snapshot = Some(chosen.to_owned());
    }
    if let Some(why) = world.host.env.get(HELD_TO).and_then(|told| differs(told, &job)) {
        return Err(Failure::BadInput(why));
    }
    for text in &narrow.only {
        let only = Only::parse(text).map_err(|why| Failure::BadInput(format!("--only {text:?}: {why}")))?;
        job.select.narrowed.only.push(only);
    }
    job.select.narrowed.limit = narrow.limit;
    if job.action == Action::Backup && !job.select.narrowed.is_all() {
        let message = "a backup takes all that its job selects: leave --only and --limit out".to_owned();
        return Err(Failure::BadInput(message));
    }
    Ok((job, settings))
}

/// The account that is to stand for one of the job's.
fn choose(world: &CliContext, stand_in: &StandIn) -> Result<Option<AccountChoice>, Failure> {
    let StandIn { account: Some(name), accounts, role } = stand_in else { return Ok(None) };
    let Some(accounts) = accounts else {
        return Ok(Some(AccountChoice::OfSources { name: name.clone(), role: role.clone() }));
    };
    let row = row_of(world, accounts, name)?;
    Ok(Some(AccountChoice::Row(row.stand_in(role))))
}

/// The row of a CSV of accounts with this name.
pub(super) fn row_of(world: &CliContext, accounts: &Path, name: &str) -> Result<AccountRow, Failure> {
    let rows = job::load_accounts(accounts, &world.host.env, &world.host.clock)
        .map_err(|problems| Failure::of_job(&problems, world.color_err()))?;
    let found = rows.iter().find(|row| row.account.name == name).cloned();
    found.ok_or_else(|| {
        let near = nearest(name, rows.iter().map(|row| row.account.name.as_str()));
        let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        Failure::BadInput(format!("{} has no account `{name}`{near}", accounts.display()))
    })
}
