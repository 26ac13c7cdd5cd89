//! `run --run-dir DIR`: starts again a run that never began. With `--or-resume`, a run that is started any number of
//! times is done once.

use std::path::{Path, PathBuf};

use super::ask::nobody_to_ask;
use super::document::{WAS_FINISHED, WAS_UNDONE};
use super::exit::Exit;
use super::failure::Failure;
use super::one_run::{Company, Consent, Ended, Order, Terms, conclude, exit_of, listen, open, run_one};
use super::say;
use super::world::CliContext;
use crate::job::{AccountPlace, Job, Settings};
use crate::model::cancel::Cancel;
use crate::report::Reported;
use crate::session::runs::{Found, look};
use crate::session::{OpenRequest, OpenedRun, Resumed, is_run_of, open_approved};

/// Runs a job, or continues the run that is in its folder already.
pub(super) async fn run_or_resume(
    world: &CliContext,
    order: Order<'_>,
    settings: Settings,
) -> Result<Ended, Failure> {
    let args = order.args;
    let Some(place) = order.place.filter(|_| !args.dry_run) else {
        return run_one(world, order, settings).await;
    };
    // The folder itself, for a link to it does not give way to what is put in its place.
    let behind = if place.is_symlink() { place.canonicalize().ok() } else { None };
    let place = behind.as_deref().unwrap_or(place);
    let order = Order { place: Some(place), ..order };
    let needed: Vec<&Path> =
        [Some(&args.job), args.plan.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
    let look = |place: &Path| look(place, &needed);
    world.remote.fetch(place).await?;
    match look(place)? {
        Found::Nothing => match run_one(world, order, settings.clone()).await {
            // While this process waited for the account, another one made a run of it there.
            Err(Failure::BadInput(why)) if args.or_resume => match look(place) {
                Ok(Found::Run(earlier)) => go_on(world, &earlier, place, order, &settings).await,
                _ => Err(Failure::BadInput(why)),
            },
            // Another one began it in the same moment; nothing was sent for this one.
            Err(Failure::Pipeline(error)) if args.or_resume && error.is_taken() => {
                world.remote.fetch(place).await?;
                match look(place) {
                    Ok(Found::Run(earlier)) => go_on(world, &earlier, place, order, &settings).await,
                    _ => Err(Failure::Pipeline(error)),
                }
            }
            ended => ended,
        },
        // Refused, since its folder is not empty.
        Found::Run(_) if !args.or_resume => run_one(world, order, settings).await,
        Found::Run(earlier) => go_on(world, &earlier, place, order, &settings).await,
    }
}

/// Continues the run that is in the folder.
async fn go_on(
    world: &CliContext,
    earlier: &OpenedRun,
    place: &Path,
    order: Order<'_>,
    settings: &Settings,
) -> Result<Ended, Failure> {
    let Order { args, job, cancel, company, .. } = order;
    same_job(earlier, job, settings, place)?;
    let approved = args.plan.as_deref().map(|path| open_approved(path, job)).transpose()?;
    if !is_run_of(&earlier.plan, approved.as_ref(), job)? {
        return Err(Failure::BadInput(format!(
            "the folder {} holds a run of another plan, or of imports that `--only` leaves out: name another folder, or \
             `transship resume` that run",
            place.display()
        )));
    }
    if let Some(by) = &earlier.record.undone {
        return was_undone(world, earlier, by);
    }
    let is_harmless = !matches!(settings.target.place, AccountPlace::Service { .. });
    if !(args.yes
        || is_harmless
        || world.stdin_is_terminal
        || earlier.is_done()
        || !earlier.plan.tail().has_work())
    {
        return Err(nobody_to_ask(&format!("to go on with the run in {}", place.display())));
    }
    // It may have ended meanwhile, or be written by another process: that is told when it is gone on with.
    world.leases.release().await;
    let terms = Terms { grace_period: args.grace.period, consent: Consent::of(args.yes) };
    // The places of the tokens are those of now: a row, or the user's file, may name others than when the run began.
    let head = earlier.head_with_tokens_of(settings);
    let request = OpenRequest::Resume(&head);
    resume_one(world, Resuming { earlier, request, terms, company }, cancel).await
}

/// Refuses to continue the run of another job.
fn same_job(earlier: &OpenedRun, job: &Job, settings: &Settings, place: &Path) -> Result<(), Failure> {
    if earlier.is_of(job) && earlier.is_between(&settings.source.name, &settings.target.name) {
        return Ok(());
    }
    Err(Failure::BadInput(format!(
        "the folder {} holds a run of another job or account, or of another version of this job: name another folder, or \
         `transship resume` that run",
        place.display()
    )))
}

/// A run that is to be continued.
#[derive(Debug)]
pub(super) struct Resuming<'a> {
    pub earlier: &'a OpenedRun,
    /// What opens its accounts.
    pub request: OpenRequest<'a>,
    pub terms: Terms,
    pub company: Company,
}

/// Continues a run; a finished one is only reported.
pub(super) async fn resume_one(
    world: &CliContext,
    resuming: Resuming<'_>,
    cancel: &Cancel,
) -> Result<Ended, Failure> {
    let Resuming { earlier, request, terms, company } = resuming;
    if earlier.is_done() {
        return finished(world, earlier);
    }
    if let Some(undone) = earlier.undoes() {
        // It may not be known yet that it is undone.
        world.remote.fetch(undone.path()).await?;
    }
    let session = open(world, request, Some(earlier.folder.path()), cancel, terms)
        .await
        .map_err(Failure::once_begun)?;
    let listening = listen(world, &session, company);
    let resumed = session.resume(&earlier.folder, &listening.events).await;
    drop(listening);
    match resumed {
        Ok(Resumed::WasFinished(run)) => {
            let reported = Reported {
                summary: run.summary.clone(),
                attention: run.attention.clone(),
                reasons: run.reasons.clone(),
            };
            was_finished(world, run.folder.path(), &reported);
            let exit = exit_of(&run.record, &run.summary);
            Ok(Ended { was_finished: true, ..Ended::from(exit) })
        }
        Ok(Resumed::Ended(run)) => conclude(world, Ok(run), company),
        Err(error) => conclude(world, Err(error), company).map_err(Failure::once_begun),
    }
}

/// Reports a run that somebody undid before it was finished, and sends nothing: a scheduler that starts it again and
/// again comes to an end.
fn was_undone(world: &CliContext, earlier: &OpenedRun, by: &str) -> Result<Ended, Failure> {
    let Reported { summary, attention, reasons } = &earlier.write_report()?;
    world.document.set("result", WAS_UNDONE);
    world.document.set("undone_by", by);
    world.document.run(earlier.folder.path(), summary, attention, reasons);
    say(
        world,
        &format!(
            "this run was undone by {by}: nothing was sent; to do the job again, start it with another --run-dir, or a fleet with \
             another --name"
        ),
    );
    Ok(Ended { was_finished: true, ..Ended::from(Exit::Attention) })
}

fn was_finished(world: &CliContext, folder: &Path, reported: &Reported) {
    let Reported { summary, attention, reasons } = reported;
    world.document.set("result", WAS_FINISHED);
    world.document.run(folder, summary, attention, reasons);
    say(world, "this run is finished; there is nothing to resume");
}

/// Writes the report of a finished run again, and sends nothing.
fn finished(world: &CliContext, earlier: &OpenedRun) -> Result<Ended, Failure> {
    let reported = earlier.write_report()?;
    was_finished(world, earlier.folder.path(), &reported);
    let exit: Exit = exit_of(&earlier.record, &reported.summary);
    Ok(Ended { was_finished: true, ..Ended::from(exit) })
}
