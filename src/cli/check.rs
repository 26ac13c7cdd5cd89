//! `check`: a job file without doing anything; with `--online` also its tokens and what it refers to.

use std::io::Write;

use super::args::Check;
use super::connect::{For, accounts};
use super::exit::Exit;
use super::failure::Failure;
use super::plan::{Purpose, load_job, make};
use super::world::World;
use super::{say, signal};
use crate::pipeline::Cancel;
use crate::report::references;

/// `check`.
pub(super) async fn check(world: &World, args: &Check) -> Result<Exit, Failure> {
    let (job, mut settings) = load_job(world, &args.job)?;
    let mut out = std::io::stdout().lock();
    if !args.online {
        writeln!(out, "{}: a valid job: {} `{}`", args.job.display(), job.action.word(), job.name)?;
        return Ok(Exit::Done);
    }
    let accounts = accounts(world, &mut settings, For::Reading).await?;
    for account in [&accounts.source, &accounts.target] {
        let user = account.facts.user.as_deref().unwrap_or("unknown");
        writeln!(
            out,
            "account `{}`: {} accepts the token of user {user}",
            account.facts.name, account.facts.origin
        )?;
        if job.in_place() {
            break;
        }
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let work = tempfile::tempdir()?;
    let path = work.path().join("plan.json");
    let purpose = Purpose {
        folder: work.path(),
        plan: &path,
        wanted: None,
        only: None,
        references: true,
        of_run: None,
    };
    let listening = super::listen::listeners(world, &accounts);
    let planned = make(world, &job, &settings, &accounts, purpose, &cancel, &listening.events).await?;
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
