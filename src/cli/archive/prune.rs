//! `archive prune`: shows what will be removed and why, asks, and removes it.

use std::collections::BTreeSet;

use super::open::opened;
use super::{CliContext, Exit, Failure, form, print};
use crate::archive::{Policy, PruneOptions, PruneReport, SnapshotId};
use crate::cli::args::archive::Prune;
use crate::cli::ask::{ask, nobody_to_ask};
use crate::cli::jobs::load_job;
use crate::cli::{say, signal};
use crate::model::cancel::Cancel;
use crate::report::archive::{Form, prune as told, pruned};
use crate::session::{backup, unless_stopped};

/// Carries out `archive prune`.
pub(super) async fn prune(world: &CliContext, args: &Prune) -> Result<Exit, Failure> {
    let form = form(world, "prune", false)?;
    let policy = policy(world, args)?;
    let archive = opened(world, &args.place).await?;
    let mut options = PruneOptions::new(policy);
    if args.dry_run {
        let report = archive.prune(PruneOptions { dry_run: true, ..options }).await?;
        print(world, form, |out| told(&report, true, form, out))?;
        return Ok(Exit::Done);
    }
    let cancel = Cancel::new();
    let asking = !args.yes;
    if asking && !world.stdin_is_terminal {
        return Err(nobody_to_ask("to remove snapshots for good"));
    }
    if asking {
        let plan = archive.prune(PruneOptions { dry_run: true, ..options.clone() }).await?;
        let removed_snapshots = removed_snapshots(&plan);
        let mut shown = Vec::new();
        told(&plan, true, Form::Text { width: world.columns(), color: world.color_err() }, &mut shown)?;
        say(world, &String::from_utf8_lossy(&shown));
        if removed_snapshots.is_empty() && plan.files_removed == 0 {
            return Ok(Exit::Done);
        }
        signal::listen(world, &cancel);
        if !ask(world, "Remove this for good? [y/N] ", &cancel).await? {
            say(world, "nothing was removed");
            return Ok(Exit::Interrupted);
        }
        options.only = Some(removed_snapshots);
    }
    let report = unless_stopped(&cancel, archive.prune(options)).await?;
    print(world, form, |out| {
        // A person who was asked has seen the table.
        if asking { pruned(&report, false, form, out) } else { told(&report, false, form, out) }
    })?;
    Ok(Exit::Done)
}

fn removed_snapshots(report: &PruneReport) -> BTreeSet<SnapshotId> {
    let gone = report.decisions.iter().filter(|decision| !decision.keep);
    gone.map(|decision| decision.snapshot.id.clone()).collect()
}

/// The policy of the arguments, or of the job they name.
fn policy(world: &CliContext, args: &Prune) -> Result<Policy, Failure> {
    let keep = &args.keep;
    let mut policy = Policy {
        last: keep.keep_last.unwrap_or(0),
        daily: keep.keep_daily.unwrap_or(0),
        weekly: keep.keep_weekly.unwrap_or(0),
        monthly: keep.keep_monthly.unwrap_or(0),
        yearly: keep.keep_yearly.unwrap_or(0),
        tags: keep.keep_tag.clone(),
    };
    if let Some(path) = &args.job {
        let (job, _) = load_job(world, path, None)?;
        let keep = job.archive.and_then(|archive| archive.keep).ok_or_else(|| {
            let path = path.display();
            Failure::BadInput(format!(
                "the job {path} has no `archive.keep`: add it, or give --keep-last and so on"
            ))
        })?;
        let of_job = backup::policy(&keep);
        policy = Policy { tags: [policy.tags, of_job.tags].concat(), ..of_job };
    }
    if policy == Policy::default() {
        return Err(Failure::BadInput(
            "this would keep nothing: give at least one of --keep-last, --keep-daily, --keep-weekly, --keep-monthly, \
             --keep-yearly, --keep-tag or --job"
                .to_owned(),
        ));
    }
    Ok(policy)
}
