//! `check`: a job file without doing anything; with `--online` also its tokens and what it refers to.

use std::io::Write;

use super::args::Check;
use super::connect::{For, accounts};
use super::exit::Exit;
use super::failure::Failure;
use super::plan::{Purpose, load_job, make};
use super::world::CliContext;
use super::{backup, say, signal};
use crate::job::{Job, Settings};
use crate::model::cancel::Cancel;
use crate::report::references;
use crate::run_folder::plan_item::AccountFacts;

/// `check`.
pub(super) async fn check(world: &CliContext, args: &Check) -> Result<Exit, Failure> {
    let (job, settings) = load_job(world, &args.job)?;
    if !args.online {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}: a valid job: {} `{}`", args.job.display(), job.action.as_str(), job.name)?;
        return Ok(Exit::Done);
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let mut exits = Vec::new();
    for settings in backup::each(&job, settings) {
        exits.push(one(world, &job, settings, &cancel).await?);
    }
    Ok(backup::worst(exits))
}

/// Tries what a job needs for one account.
async fn one(
    world: &CliContext,
    job: &Job,
    mut settings: Settings,
    cancel: &Cancel,
) -> Result<Exit, Failure> {
    let accounts = signal::unless_stopped(cancel, accounts(world, &mut settings, For::Reading)).await?;
    let mut out = std::io::stdout().lock();
    for account in [&accounts.source, &accounts.target] {
        let AccountFacts { name, origin, user } = &account.facts;
        match origin.strip_prefix("archive:") {
            Some(place) if accounts.backups.is_none() && settings.shelved.is_some() => {
                writeln!(out, "archive {place}: the first backup makes it")?;
            }
            Some(place) => writeln!(out, "archive {place}: it can be read")?,
            None => {
                let user = user.as_deref().unwrap_or("unknown");
                writeln!(out, "account `{name}`: {origin} accepts the token of user {user}")?;
            }
        }
        if job.in_place() {
            break;
        }
    }
    let work = tempfile::tempdir()?;
    let path = work.path().join("plan.json");
    let purpose = Purpose {
        folder: work.path(),
        plan: &path,
        wanted: None,
        only: None,
        taken: None,
        references: true,
        of_run: None,
    };
    let listening = super::listen::listeners(world, &accounts);
    let planned = make(world, job, &settings, &accounts, purpose, cancel, &listening.events).await?;
    drop(listening);
    references::summary(&planned.references, &mut out)?;
    let mut troubles = 0;
    for item in planned.plan.items() {
        let item = item?;
        if let (Some(outcome), Some(trouble)) = (item.outcome, &item.trouble)
            && outcome.needs_attention()
        {
            troubles += u32::from(item.kind.is_none());
            let of = item.kind.map_or(String::new(), |kind| format!("{} ", kind.singular()));
            let line = format!("{outcome}: {of}{}: {}", item.name, trouble.message);
            writeln!(out, "{}", crate::report::text::clean(&line))?;
        }
    }
    let selected = planned.plan.tail().imports();
    writeln!(out, "{selected} imports selected, {troubles} of them cannot be done as they stand")?;
    if troubles > 0 {
        say(world, "help: `transship plan` shows the rest");
        return Ok(Exit::Attention);
    }
    Ok(Exit::Done)
}
