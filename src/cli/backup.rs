//! What a backup has that other runs do not: many accounts at once, a prune at the end, one line for each account.

use std::path::Path;

use futures::StreamExt;
use serde_json::json;

use super::args::{Format, Run};
use super::document::Document;
use super::exit::{Exit, worst};
use super::failure::{Failure, chain};
use super::leases::Leases;
use super::one_run::{Company, Ended, Order};
use super::or_resume::run_or_resume;
use super::say;
use super::signal::Signals;
use super::tell::{end_of, tell};
use super::world::CliContext;
use crate::archive::PruneReport;
use crate::job::{self, Account, Action, Job, Settings};
use crate::model::Outcome;
use crate::model::cancel::Cancel;
use crate::report::text;
use crate::session::backup::of_account;
use crate::session::notify::End;
use crate::session::runs::job_of;
use crate::session::{self, Host, Summary, open_ends};

/// Backs up several accounts, `parallel` of them at a time, each with a budget and a run of its own; a failure does
/// not stop the others.
pub(super) async fn many(
    world: &CliContext,
    args: &Run,
    job: &Job,
    settings: &Settings,
    cancel: &Cancel,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    if args.plan.is_some() {
        let message = "a plan is of one account, and this job has several: leave `--plan` out".to_owned();
        return Err(Failure::BadInput(message));
    }
    let accounts: Vec<&job::Account> = job.sources.iter().collect();
    let host = Host { emulator: open_ends::emulator(&world.host, &accounts)?, ..world.host.clone() };
    let shared = CliContext { host, ..world.clone() };
    let world = &shared;
    let is_json = world.global.format == Some(Format::Json);
    let one = |number: usize| async move {
        let account = &job.sources[number];
        // Each fills in a document of its own, which becomes a part of the command's, and holds a lease of its own.
        let apart = CliContext { document: Document::default(), leases: Leases::default(), ..world.clone() };
        let apart = &apart;
        let name = format!("{}-{}", job.name, account.name);
        let place = args.run_dir.as_ref().map(|folder| folder.join(&account.name));
        let place = place.as_deref();
        let order = Order { args, job, name: &name, place, cancel, company: Company::BesideOthers };
        let ended = Box::pin(run_or_resume(apart, order, of_account(settings, account))).await;
        // Its own, and no other account's, which may be at work still.
        apart.leases.release().await;
        let part = match &ended {
            Ok(ended) => apart.document.ended(ended.exit, None),
            Err(failure) => apart.document.ended(failure.exit(), Some(failure)),
        };
        // Where nobody reads it, it is not kept: what is held does not grow with the number of accounts.
        (number, ended, if is_json { part } else { serde_json::Map::new() })
    };
    let total = job.sources.len();
    let first = (0..total).map(|number| async move {
        let done = one(number).await;
        match &done.1 {
            Err(failure) if failure.exit() == Exit::Held && total > 1 => {
                say_held(world, job, number, failure)
            }
            ended => say_how(world, &job.sources[number].name, ended),
        }
        done
    });
    let first: Vec<_> = futures::stream::iter(first).buffer_unordered(job.parallel.get()).collect().await;
    let mut done = Vec::with_capacity(total);
    for ran in first {
        // Two names may be one account, which this job itself holds then: one after the other.
        let is_held = total > 1 && matches!(&ran.1, Err(failure) if failure.exit() == Exit::Held);
        if !is_held {
            done.push(ran);
            continue;
        }
        let ran = if cancel.is_draining() { ran } else { one(ran.0).await };
        say_how(world, &job.sources[ran.0].name, &ran.1);
        done.push(ran);
    }
    done.sort_by_key(|(number, ..)| *number);
    let mut ends: Vec<Result<Ended, Failure>> = Vec::with_capacity(done.len());
    for (number, ended, mut part) in done {
        if is_json {
            part.insert("account".to_owned(), job.sources[number].name.clone().into());
            world.document.push("runs", part.into());
        }
        ends.push(ended);
    }
    let good = ends.iter().filter(|ended| is_good(ended)).count();
    if !world.global.quiet {
        let word = if good == total { "good" } else { "NOT good" };
        say(world, &format!("{}: {word}: {good} of {total} accounts backed up", job.name));
    }
    let pruned =
        if good > 0 && !args.dry_run { prune(world, settings, &job.sources, cancel).await } else { Ok(()) };
    // An archive that is not pruned is no good night either: the process exits so, and it is told so.
    let told = job.sources.iter().zip(&ends).map(|(account, ended)| {
        let end = end_of(&account.name, ended);
        End { good: end.good && pruned.is_ok(), ..end }
    });
    let told: Vec<End<'_>> = told.collect();
    if !args.dry_run {
        tell(world, job, &told, signals).await;
    }
    let codes = ends.iter().map(|ended| match ended {
        Ok(ended) => ended.exit,
        Err(failure) => failure.exit(),
    });
    pruned.map(|()| worst(codes))
}

fn is_good(ended: &Result<Ended, Failure>) -> bool {
    ended.as_ref().is_ok_and(|ended| ended.exit == Exit::Done)
}

/// Says that an account is held, and that it is tried again.
fn say_held(world: &CliContext, job: &Job, number: usize, failure: &Failure) {
    if !world.global.quiet {
        let account = &job.sources[number].name;
        say(
            world,
            &format!("backup of {account}: tried again when the others are over: {}", failure.message()),
        );
    }
}

/// One line on how the backup of an account ended; a failure in full.
fn say_how(world: &CliContext, account: &str, ended: &Result<Ended, Failure>) {
    match ended {
        Err(failure) => {
            say(world, &format!("backup of {account}: NOT good"));
            failure.report(&world.stderr);
        }
        Ok(ended) => say_line(world, account, ended),
    }
}

fn say_line(world: &CliContext, account: &str, ended: &Ended) {
    if !world.global.quiet || ended.exit != Exit::Done {
        say(world, &line(account, ended.exit, ended.summary.as_ref()));
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

/// After a good backup: prints its line, and prunes as its job asks.
pub(super) async fn prune_after(
    world: &CliContext,
    job: &Job,
    settings: &Settings,
    ended: Result<Ended, Failure>,
    cancel: &Cancel,
) -> Result<Ended, Failure> {
    if job.action != Action::Backup {
        return ended;
    }
    let ended = ended?;
    if ended.summary.is_some() {
        say_line(world, &settings.source.name, &ended);
        if matches!(ended.exit, Exit::Done | Exit::Attention) {
            prune(world, settings, std::slice::from_ref(&settings.source), cancel).await?;
        }
    }
    Ok(ended)
}

/// Does the same for a resumed run; whoever its job names is notified, however it ended.
pub(super) async fn after_resume(
    world: &CliContext,
    folder: &Path,
    settings: &Settings,
    ended: Result<Ended, Failure>,
    cancel: &Cancel,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    let account = &settings.source.name;
    let ended = match ended {
        Ok(ended) if settings.backup.is_some() && ended.exit == Exit::Done => {
            say_line(world, account, &ended);
            prune(world, settings, std::slice::from_ref(&settings.source), cancel).await.map(|()| ended)
        }
        ended => ended,
    };
    // The job as run tells who wants to know; one that cannot be read any more tells nobody.
    if let Ok(job) = job_of(&world.host, folder, settings) {
        tell(world, &job, &[end_of(account, &ended)], signals).await;
    }
    ended.map(|ended| ended.exit)
}

/// Removes the snapshots of these accounts that `keep` does not keep.
async fn prune(
    world: &CliContext,
    settings: &Settings,
    accounts: &[Account],
    cancel: &Cancel,
) -> Result<(), Failure> {
    match session::backup::prune(&world.host, settings, accounts, cancel).await.map_err(Failure::from) {
        Ok(report) => {
            if let Some(report) = &report {
                let removed = report.decisions.iter().filter(|decision| !decision.keep).count();
                world.document.set(
                    "pruned",
                    json!({
                        "removed": removed,
                        "kept": report.decisions.len() - removed,
                        "bytes_freed": report.bytes_freed,
                        "refused": report.sweep_refused,
                    }),
                );
            }
            let line = report.as_ref().and_then(pruned_line);
            if let Some(line) = line.filter(|_| !world.global.quiet) {
                say(world, &line);
            }
            Ok(())
        }
        Err(failure) => {
            // Loud: an archive that is never pruned fills its disk some night.
            let why = match &failure {
                Failure::Archive(error) => chain(error),
                Failure::BadInput(why) => why.clone(),
                _ => "interrupted".to_owned(),
            };
            say(world, &format!("the backup is good, but the archive could not be pruned: {why}"));
            Err(failure)
        }
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
