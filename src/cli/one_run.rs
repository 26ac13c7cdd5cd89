//! One run of one account: planned, shown, agreed to, carried out, reported. `run`, `undo`, `retry` and `resume`
//! share this.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::args::Run as Args;
use super::ask::{agreed, is_really_empty};
use super::document::{DECLINED, DRY_RUN, RAN};
use super::exit::Exit;
use super::failure::Failure;
use super::lease::{lease, share};
use super::listen::{Listening, listeners};
use super::next_command::for_folder;
use super::say;
use super::view::{closing, show_plan};
use super::wave_gate::TerminalGate;
use super::world::CliContext;
use crate::job::{Action, Job, Settings};
use crate::model::cancel::Cancel;
use crate::session::plan::Extent;
use crate::session::{
    Approval, Ending, OpenRequest, Place, Plan, PlanFile, PlanRequest, Run, RunRecord, Session, SessionError,
    SessionOptions, Summary, UsageDetail, open_approved,
};

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'a> {
    pub args: &'a Args,
    pub job: &'a Job,
    /// What the run is called.
    pub name: &'a str,
    /// Its folder, if not one of its own below the job's `output`.
    pub place: Option<&'a Path>,
    pub cancel: &'a Cancel,
    pub company: Company,
}

/// Whether a run has the terminal to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// It has the terminal: bars, the plan and the closing lines are shown.
    Alone,
    /// It is one of several at once: no bars, no plan, no closing.
    BesideOthers,
}

/// How a run ended, for the process and for whoever is notified.
#[derive(Debug)]
pub(super) struct Ended {
    pub exit: Exit,
    /// Its counts, if there are any.
    pub summary: Option<Summary>,
    /// It was finished before: nothing was sent, and notifications were sent then.
    pub was_finished: bool,
}

impl From<Exit> for Ended {
    fn from(exit: Exit) -> Self {
        Self { exit, summary: None, was_finished: false }
    }
}

/// Who agrees to further waves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// The user, who is asked.
    Asked,
    /// All waves were agreed to beforehand.
    Given,
}

impl Consent {
    /// `--yes` agrees to all waves.
    pub(super) fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Asked }
    }
}

/// How a session is to behave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How long a call without an answer may still be executing.
    pub grace_period: Duration,
    pub consent: Consent,
}

/// Nothing is written.
pub(super) const READING: Terms = Terms { grace_period: Duration::ZERO, consent: Consent::Asked };

/// Opens the accounts of a job or a run, and prints what a person should know about them. `folder` is that of the
/// run, if it has one.
pub(super) async fn open(
    world: &CliContext,
    request: OpenRequest<'_>,
    folder: Option<&Path>,
    cancel: &Cancel,
    Terms { grace_period, consent }: Terms,
) -> Result<Session, Failure> {
    let settings = match &request {
        OpenRequest::Read(settings) | OpenRequest::Write(settings) => settings,
        OpenRequest::Resume(head) | OpenRequest::Retry(head) | OpenRequest::Undo(head) => &head.settings,
    };
    let gate = Arc::new(TerminalGate::new(world, settings, consent == Consent::Given, cancel));
    let mut options =
        SessionOptions { cancel: cancel.clone(), grace_period, gate, ..SessionOptions::new(&world.host) };
    world.remote.keep(&mut options);
    let is_writing = !matches!(request, OpenRequest::Read(_));
    let mut session = Session::open(&world.host, request, options).await?;
    if is_writing {
        lease(world, &mut session, folder, cancel).await?;
    }
    share(world, &session, cancel).await?;
    // Until now another process may have written it.
    world.remote.refresh().await?;
    for note in session.notes() {
        say(world, note);
    }
    Ok(session)
}

/// Plans a job for one account, shows the plan, asks, and does it.
pub(super) async fn run_one(
    world: &CliContext,
    order: Order<'_>,
    settings: Settings,
) -> Result<Ended, Failure> {
    let Order { args, job, name, place, cancel, company } = order;
    // A comparison writes nothing, so it needs no hold on the target and could not write if it tried.
    let comparing = job.action == Action::Compare;
    if comparing && args.plan.is_some() {
        let message = "a comparison does what no plan has to allow: leave `--plan` out".to_owned();
        return Err(Failure::BadInput(message));
    }
    let approved = args.plan.as_deref().map(|path| open_approved(path, job)).transpose()?;
    let reading = args.dry_run || comparing;
    let request = if reading { OpenRequest::Read(settings) } else { OpenRequest::Write(settings) };
    let terms = Terms { grace_period: args.grace.period, consent: Consent::of(args.yes) };
    let session = open(world, request, place, cancel, terms).await?;
    let session = session.telling(usage_detail(args.usage));
    let listening = listen(world, &session, company);
    let request = PlanRequest {
        job,
        name,
        place: place.map_or(Place::BelowOutput, Place::At),
        extent: approved.as_ref().map_or(Extent::Everything, Extent::Approved),
    };
    let plan = session.plan(request, &listening.events).await?;
    drop(listening);
    world.document.plan(plan.file());
    if !world.global.quiet && company == Company::Alone {
        show_plan(world, plan.file(), &args.show);
    }
    if args.fail_if_empty && is_empty(world, plan.file()) {
        return Ok(Exit::Attention.into());
    }
    if args.dry_run {
        world.document.set("result", DRY_RUN);
        say(world, "dry run: nothing was sent");
        let attention = plan.file().tail().needs_attention();
        return Ok(if attention { Exit::Attention } else { Exit::Done }.into());
    }
    if !is_really_empty(world, args, &plan, cancel).await?
        || !agreed(world, args.yes, &session, &plan, cancel).await?
    {
        world.document.set("result", DECLINED);
        say(world, "nothing was written");
        return Ok(Exit::Interrupted.into());
    }
    carry_out(world, &session, plan, company).await
}

/// What `--usage` asks for.
pub(super) fn usage_detail(is_asked: bool) -> UsageDetail {
    if is_asked { UsageDetail::Full } else { UsageDetail::Cheap }
}

/// Whether a plan has no item at all; if so, this is printed.
pub(super) fn is_empty(world: &CliContext, plan: &PlanFile) -> bool {
    let is_empty = plan.is_empty();
    if is_empty {
        say(world, "nothing is selected, and `--fail-if-empty` is given: nothing was written");
    }
    is_empty
}

/// Carries out a plan that was agreed to, and reports how the run ended.
pub(super) async fn carry_out(
    world: &CliContext,
    session: &Session,
    plan: Plan,
    company: Company,
) -> Result<Ended, Failure> {
    let listening = listen(world, session, company);
    let run = session.execute(plan, Approval::Given, &listening.events).await;
    drop(listening);
    conclude(world, run, company)
}

/// Says how a run ended.
pub(super) fn conclude(
    world: &CliContext,
    run: Result<Run, SessionError>,
    company: Company,
) -> Result<Ended, Failure> {
    match run {
        Ok(mut run) => {
            world.document.set("result", RAN);
            world.document.run(run.folder.path(), &run.summary, &run.attention, &run.reasons);
            closing(world, &run, world.global.quiet || company == Company::BesideOthers);
            run.sound()?;
            let exit = exit_of(&run.record, &run.summary);
            Ok(Ended { summary: Some(run.summary), ..Ended::from(exit) })
        }
        Err(error) => {
            if let SessionError::Unreported { folder, .. } = &error {
                world.document.set("result", RAN);
                world.document.set("folder", folder);
                let has_begun = folder.join("journal.jsonl").is_file();
                let command = has_begun.then(|| for_folder(world, "resume", folder));
                return Err(match (Failure::from(error), command) {
                    (failure, None) | (failure @ Failure::ClosedPipe, _) => failure,
                    (failure, Some(command)) => Failure::CutShort(Box::new(failure), command),
                });
            }
            Err(error.into())
        }
    }
}

pub(super) fn listen(world: &CliContext, session: &Session, company: Company) -> Listening {
    match company {
        Company::Alone => listeners(world, session),
        Company::BesideOthers => Listening::silent(world),
    }
}

/// The exit code of a run that ended like this.
pub(super) fn exit_of(record: &RunRecord, summary: &Summary) -> Exit {
    match record.ending {
        Some(Ending::Finished) if summary.needs_attention() => Exit::Attention,
        Some(Ending::Finished) => Exit::Done,
        Some(Ending::Interrupted) | None => Exit::Interrupted,
        Some(Ending::Stopped) => Exit::Stopped,
        Some(Ending::Unauthorized) => Exit::Token,
        Some(Ending::Broken) => Exit::Unexpected,
    }
}
