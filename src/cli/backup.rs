//! What a backup has beside other runs: many accounts at once, a prune when it is done, one line for the morning.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::args::Run;
use super::exit::Exit;
use super::failure::{Failure, chain};
use super::notify::{self, End};
use super::run::{Order, Went, one};
use super::world::CliContext;
use super::{connect, say, shelves, signal};
use crate::archive::{ArchiveError, Policy, PruneOptions, PruneReport};
use crate::job::{self, AccountPlace, Action, Job, Keep, Settings};
use crate::model::Outcome;
use crate::model::cancel::Cancel;
use crate::report::text;
use crate::run_folder::summary::Summary;

/// How long a prune waits for backups of other accounts into the same archive.
const PATIENCE: Duration = Duration::from_mins(1);

/// Backs up several accounts at once, each with a budget and a run of its own; one that fails does not stop the others.
pub(super) async fn many(
    world: &CliContext,
    args: &Run,
    job: &Job,
    settings: &Settings,
    cancel: &Cancel,
) -> Result<Exit, Failure> {
    if args.plan.is_some() {
        let message = "a plan is of one account, and this job has several: leave `--plan` out".to_owned();
        return Err(Failure::BadInput(message));
    }
    let accounts: Vec<&job::Account> = job.sources.iter().collect();
    let shared = CliContext { emulator: connect::emulator(world, &accounts)?, ..world.clone() };
    let world = &shared;
    let runs = job.sources.iter().map(|account| async move {
        let name = format!("{}-{}", job.name, account.name);
        let place = args.run_dir.as_ref().map(|folder| folder.join(&account.name));
        let place = place.as_deref();
        let order = Order { args, job, name: &name, place, cancel, beside_others: true };
        let went = Box::pin(one(world, order, of_account(settings, account))).await;
        say_how(world, &account.name, &went);
        went
    });
    let ends: Vec<Result<Went, Failure>> = futures::future::join_all(runs).await;
    let good = ends.iter().filter(|went| is_good(went)).count();
    let total = job.sources.len();
    if !world.global.quiet {
        let word = if good == total { "good" } else { "NOT good" };
        say(world, &format!("{}: {word}: {good} of {total} accounts backed up", job.name));
    }
    let names = job.sources.iter().map(|account| account.name.clone()).collect();
    let pruned = if good > 0 && !args.dry_run { prune(world, settings, names, cancel).await } else { Ok(()) };
    // An archive that is not pruned is no good night either: the process exits so, and it is told so.
    let told = job.sources.iter().zip(&ends).map(|(account, went)| {
        let end = End::of(&account.name, went);
        End { good: end.good && pruned.is_ok(), ..end }
    });
    let told: Vec<End<'_>> = told.collect();
    notify::tell(world, job, &told, args.dry_run).await;
    let codes = ends.iter().map(|went| match went {
        Ok(went) => went.exit,
        Err(failure) => failure.exit(),
    });
    pruned.map(|()| worst(codes))
}

/// The settings of a job for one of its accounts.
fn of_account(settings: &Settings, account: &job::Account) -> Settings {
    let mut settings = settings.clone();
    settings.source = account.clone();
    if let AccountPlace::Archive { of, .. } = &mut settings.target.place {
        of.clone_from(&account.name);
    }
    settings
}

/// The settings of a job, once for each of its accounts.
pub(super) fn each(job: &Job, settings: Settings) -> Vec<Settings> {
    if job.sources.is_empty() {
        return vec![settings];
    }
    job.sources.iter().map(|account| of_account(&settings, account)).collect()
}

/// Of several exit codes the one that tells most: what a person has to see to first.
pub(super) fn worst(exits: impl IntoIterator<Item = Exit>) -> Exit {
    exits.into_iter().max_by_key(|exit| weight(*exit)).unwrap_or(Exit::Done)
}

fn weight(exit: Exit) -> u8 {
    match exit {
        Exit::Done => 0,
        Exit::Changes => 1,
        Exit::Attention => 2,
        Exit::Stopped => 3,
        Exit::Held => 4,
        Exit::BadInput => 5,
        Exit::Token => 6,
        Exit::Unexpected => 7,
        Exit::Interrupted => 8,
    }
}

fn is_good(went: &Result<Went, Failure>) -> bool {
    went.as_ref().is_ok_and(|went| went.exit == Exit::Done)
}

/// One line on how the backup of an account went; a failure in full.
fn say_how(world: &CliContext, account: &str, went: &Result<Went, Failure>) {
    match went {
        Err(failure) => {
            say(world, &format!("backup of {account}: NOT good"));
            failure.report();
        }
        Ok(went) => say_line(world, account, went),
    }
}

fn say_line(world: &CliContext, account: &str, went: &Went) {
    if !world.global.quiet || went.exit != Exit::Done {
        say(world, &line(account, went.exit, went.summary.as_ref()));
    }
}

fn line(account: &str, exit: Exit, summary: Option<&Summary>) -> String {
    let word = if exit == Exit::Done { "good" } else { "NOT good" };
    let Some(summary) = summary else { return format!("backup of {account}: {word}") };
    let archived = summary.count(Outcome::Archived);
    if summary.selected == 0 {
        return format!(
            "backup of {account}: EMPTY: the selection matches no import, so the snapshot holds none"
        );
    }
    let mut line =
        format!("backup of {account}: {word}: {archived} of {} imports archived", summary.selected);
    if exit == Exit::Done {
        line.push_str(", each read back and compared");
    }
    line
}

/// After a backup that went well: its line for the morning, and the prune its job asks for.
pub(super) async fn prune_after(
    world: &CliContext,
    job: &Job,
    settings: &Settings,
    went: Result<Went, Failure>,
    cancel: &Cancel,
) -> Result<Went, Failure> {
    if job.action != Action::Backup {
        return went;
    }
    let went = went?;
    if went.summary.is_some() {
        say_line(world, &settings.source.name, &went);
        if matches!(went.exit, Exit::Done | Exit::Attention) {
            prune(world, settings, BTreeSet::from([settings.source.name.clone()]), cancel).await?;
        }
    }
    Ok(went)
}

/// The same for a run that was taken up again; whoever its job names is told, however it ended.
pub(super) async fn after_resume(
    world: &CliContext,
    folder: &Path,
    settings: &Settings,
    went: Result<Went, Failure>,
    cancel: &Cancel,
) -> Result<Exit, Failure> {
    let account = &settings.source.name;
    let went = match went {
        Ok(went) if settings.shelved.is_some() && went.exit == Exit::Done => {
            say_line(world, account, &went);
            prune(world, settings, BTreeSet::from([account.clone()]), cancel).await.map(|()| went)
        }
        went => went,
    };
    // The job as run tells who wants to know; one that cannot be read any more tells nobody.
    let text = std::fs::read(folder.join("job.yaml")).unwrap_or_default();
    if let Ok(job) = job::parse("job.yaml", &text, &settings.folder, &world.env, &world.clock) {
        notify::tell(world, &job, &[End::of(account, &went)], false).await;
    }
    went.map(|went| went.exit)
}

/// Removes the snapshots of these accounts that `keep` does not keep.
async fn prune(
    world: &CliContext,
    settings: &Settings,
    accounts: BTreeSet<String>,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let keep = settings.shelved.as_ref().and_then(|shelved| shelved.keep.as_ref());
    let (Some(keep), AccountPlace::Archive { place, .. }) = (keep, &settings.target.place) else {
        return Ok(());
    };
    let key = shelves::key_of(world, &settings.target)?;
    let archive = shelves::open_for_job(world, place, key, false).await?;
    let began = tokio::time::Instant::now();
    let pruning = async {
        loop {
            let options =
                PruneOptions { accounts: Some(accounts.clone()), ..PruneOptions::new(policy(keep)) };
            match archive.prune(options).await {
                // Backups of other accounts may still be at work.
                Err(ArchiveError::Busy { .. }) if began.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                pruned => return pruned,
            }
        }
    };
    match signal::unless_stopped(cancel, pruning).await {
        Ok(report) => {
            if let Some(line) = pruned_line(&report).filter(|_| !world.global.quiet) {
                say(world, &line);
            }
            Ok(())
        }
        Err(failure) => {
            // Loud: an archive that is never pruned fills its disk some night.
            let why = match &failure {
                Failure::Archive(error) => chain(error),
                _ => "interrupted".to_owned(),
            };
            say(world, &format!("the backup is good, but the archive could not be pruned: {why}"));
            Err(failure)
        }
    }
}

/// The rules of `keep` as the archive knows them.
pub(super) fn policy(keep: &Keep) -> Policy {
    Policy {
        last: keep.last.unwrap_or(0),
        daily: keep.daily.unwrap_or(0),
        weekly: keep.weekly.unwrap_or(0),
        monthly: keep.monthly.unwrap_or(0),
        yearly: keep.yearly.unwrap_or(0),
        tags: keep.tags.clone(),
    }
}

fn pruned_line(report: &PruneReport) -> Option<String> {
    let removed = report.decisions.iter().filter(|decision| !decision.keep).count();
    if let Some(why) = &report.sweep_refused {
        return Some(format!("warning: no document was removed from the archive: {why}"));
    }
    if removed == 0 && report.files_removed == 0 {
        return None;
    }
    let kept = report.decisions.len() - removed;
    let removed = text::count(removed as u64, "snapshot", "snapshots");
    Some(format!("pruned: {removed} removed, {kept} kept, {} freed", text::bytes(report.bytes_freed)))
}
