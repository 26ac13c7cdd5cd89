//! `run`: plans, shows, asks, does it. Also what `resume` ends with.

use crate::run_folder::RunFolderError;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Duration;

use super::args::{Diff, Run};
use super::connect::{Accounts, For, accounts};
use super::exit::Exit;
use super::failure::Failure;
use super::listen::{Listening, listeners};
use super::notify::End;
use super::plan::{Purpose, load_job, make};
use super::world::{CliContext, TOOL};
use super::{backup, lock, notify, say, signal};
use crate::executor::backup::{BackupRequest, shelve};
use crate::executor::run as carry_out;
use crate::executor::{ExecuteRequest, RunOptions};
use crate::inventory::error::EngineError;
use crate::job::{Action, Job, Settings};
use crate::journal::{Ending, Entry, FORMAT, ItemStates, Journal, JournalOptions, RunHeader};
use crate::model::cancel::Cancel;
use crate::model::{Fingerprint, RunId, crash};
use crate::planner::approved;
use crate::report;
use crate::report::plan_view::{self, PlanViewOptions};
use crate::run_folder::folder::RunFolder;
use crate::run_folder::plan_file::PlanFile;
use crate::run_folder::plan_item::AccountFacts;
use crate::run_folder::rows::{RunRecord, read_journal};
use crate::run_folder::summary::Summary;

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'a> {
    pub args: &'a Run,
    pub job: &'a Job,
    /// What the run is called.
    pub name: &'a str,
    /// Its folder, if not one of its own below the job's `output`.
    pub place: Option<&'a Path>,
    pub cancel: &'a Cancel,
    /// One of several at once: no bars, no plan, no closing.
    pub beside_others: bool,
}

/// How a run ended, for the process and for whoever is told.
#[derive(Debug)]
pub(super) struct Went {
    pub exit: Exit,
    /// Its counts, if it came to have any.
    pub summary: Option<Summary>,
}

impl From<Exit> for Went {
    fn from(exit: Exit) -> Self {
        Self { exit, summary: None }
    }
}

/// `run`.
pub(super) async fn run(world: &CliContext, args: &Run) -> Result<Exit, Failure> {
    settle(args.settle)?;
    let (job, settings) = load_job(world, &args.job)?;
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    if !job.sources.is_empty() {
        return backup::many(world, args, &job, &settings, &cancel).await;
    }
    let place = args.run_dir.as_deref();
    let order = Order { args, job: &job, name: &job.name, place, cancel: &cancel, beside_others: false };
    let went = Box::pin(one(world, order, settings.clone())).await;
    let went = backup::prune_after(world, &job, &settings, went, &cancel).await;
    let ends = [End::of(&settings.source.name, &went)];
    notify::tell(world, &job, &ends, args.dry_run).await;
    went.map(|went| went.exit)
}

/// Plans a job for one account, shows the plan, asks, and does it.
pub(super) async fn one(
    world: &CliContext,
    order: Order<'_>,
    mut settings: Settings,
) -> Result<Went, Failure> {
    let Order { args, job, name, place, cancel, beside_others } = order;
    let settle = settle(args.settle)?;
    // A comparison writes nothing, so it needs no hold on the target and could not write if it tried.
    let comparing = job.action == Action::Compare;
    if comparing && args.plan.is_some() {
        let message = "a comparison does what no plan has to allow: leave `--plan` out".to_owned();
        return Err(Failure::BadInput(message));
    }
    let approved = args
        .plan
        .as_deref()
        .map(|path| PlanFile::open(path).map_err(|error| unfit(error.into())))
        .transpose()?;
    let what_for = if args.dry_run || comparing { For::Reading } else { For::Writing };
    let accounts = signal::unless_stopped(cancel, accounts(world, &mut settings, what_for)).await?;
    let held = (what_for == For::Writing)
        .then(|| lock::hold(world, &held_facts(&accounts), &format!("job {}", job.name)))
        .transpose()?;
    let run = RunId::new(world.clock.now(), name, fastrand::u16(..));
    let id = run.0.clone();
    let place = place.map_or_else(|| job.output.join(&run.0), Path::to_path_buf);
    let draft = super::draft::Draft::begin(&place)?;
    let listening = if beside_others { Listening::silent() } else { listeners(world, &accounts) };
    let purpose = Purpose {
        folder: draft.path(),
        plan: &draft.path().join("plan.json"),
        wanted: Some(&draft.path().join("wanted.jsonl")),
        only: None,
        taken: None,
        references: false,
        of_run: None,
    };
    let mut planned = make(world, job, &settings, &accounts, purpose, cancel, &listening.events).await?;
    if let Some(approved) = &approved {
        planned.plan = approved::restrict(approved, &planned.plan).map_err(unfit)?;
    }
    drop(listening);
    if !world.global.quiet && !beside_others {
        show_plan(world, &planned.plan, args.diff);
    }
    if args.dry_run {
        say(world, "dry run: nothing was sent");
        let attention = planned.plan.tail().needs_attention();
        return Ok(if attention { Exit::Attention } else { Exit::Done }.into());
    }
    if !agreed(world, args, &accounts, &planned.plan, cancel).await? {
        say(world, "nothing was written");
        return Ok(Exit::Done.into());
    }
    let folder = draft.keep(&place, &job.text)?;
    let (plan, journal) =
        begin(world, &folder, run, job.action.as_str(), &job.text, planned.wanted_sha256).await?;
    let memory = ItemStates::blank(plan.len());
    let going =
        Going { folder, plan, journal, memory, settings, settle, run: id, again: false, beside_others };
    let went = go(world, going, &accounts, cancel).await;
    drop(held);
    went
}

/// What is held while a run writes: its target, or for a backup the account in the archive.
pub(super) fn held_facts(accounts: &Accounts) -> AccountFacts {
    let target = &accounts.target.facts;
    match &accounts.backups {
        None => target.clone(),
        Some(_) => AccountFacts {
            name: accounts.source.facts.name.clone(),
            origin: format!("{} of {}", target.origin, accounts.source.facts.origin),
            user: accounts.source.facts.user.clone(),
        },
    }
}

/// A plan that cannot be read, or is for another job, is a bad argument: nothing was sent for it.
fn unfit(error: EngineError) -> Failure {
    match error {
        EngineError::Folder(RunFolderError::BadFile { .. } | RunFolderError::File { .. }) => {
            Failure::BadInput(super::failure::chain(&error))
        }
        error => error.into(),
    }
}

/// Opens the journal of a new run in `folder`.
pub(super) async fn begin(
    world: &CliContext,
    folder: &RunFolder,
    run: RunId,
    action: &str,
    job: &str,
    wanted_sha256: Fingerprint,
) -> Result<(PlanFile, Journal), Failure> {
    let plan = PlanFile::open(&folder.plan())?;
    let taken = RunHeader {
        format: FORMAT,
        run,
        tool: TOOL.to_owned(),
        action: action.to_owned(),
        items: plan.len(),
        job_sha256: Fingerprint::of(job.as_bytes()),
        plan_sha256: plan.sha256(),
        wanted_sha256,
    };
    let options = JournalOptions::new(world.clock.clone());
    let journal = Journal::create(&folder.journal(), &folder.before(), options).map_err(EngineError::from)?;
    crash::point("journal.created");
    journal.append(Entry::Opened(Box::new(taken)), None).await.map_err(EngineError::from)?;
    Ok((plan, journal))
}

/// A run that is about to be carried out, or taken up again.
#[derive(Debug)]
pub(super) struct Going {
    pub folder: RunFolder,
    pub plan: PlanFile,
    pub journal: Journal,
    pub memory: ItemStates,
    pub settings: Settings,
    pub settle: Duration,
    /// Its id.
    pub run: String,
    /// Whether it is taken up again.
    pub again: bool,
    /// One of several at once: no bars, no closing.
    pub beside_others: bool,
}

/// Carries out a run and tells how it ended.
pub(super) async fn go(
    world: &CliContext,
    going: Going,
    accounts: &Accounts,
    cancel: &Cancel,
) -> Result<Went, Failure> {
    let Going { folder, plan, journal, memory, settings, settle, run, again, beside_others } = going;
    let listening = if beside_others { Listening::silent() } else { listeners(world, accounts) };
    let events = &listening.events;
    let ended = if let (Some(shelved), Some(backups)) = (&settings.shelved, &accounts.backups) {
        let shelving = BackupRequest {
            plan: &plan,
            folder: &folder,
            journal,
            memory,
            archive: &backups.archive,
            shelved,
            run: &run,
            again,
            source: &accounts.source,
            cancel,
            events,
        };
        shelve(shelving).await
    } else {
        let options = RunOptions {
            verify: settings.verify,
            stop: settings.stop,
            in_flight: settings.concurrency.map_or(64, std::num::NonZeroUsize::get),
            attempts: settings.retry.attempts,
            settle,
        };
        let (target, clock) = (&accounts.target, &world.clock);
        let (plan, folder) = (&plan, &folder);
        carry_out(ExecuteRequest { plan, folder, journal, memory, target, options, cancel, events, clock })
            .await
    };
    drop(listening);
    let told = tell(world, &folder, &plan, world.global.quiet || beside_others);
    // A closing that was written names the command already.
    if told.is_err() {
        say(world, &format!("the run can be taken up again: transship resume {}", folder.path().display()));
    }
    // What ended the run comes first; that its report could not be written either follows from it.
    ended?;
    let (story, summary) = told?;
    if let Some(disagreement) = summary.disagreement() {
        return Err(RunFolderError::Sums(disagreement).into());
    }
    Ok(Went { exit: exit_of(&story, &summary), summary: Some(summary) })
}

/// Writes the files of a run and its closing words.
fn tell(
    world: &CliContext,
    folder: &RunFolder,
    plan: &PlanFile,
    quiet: bool,
) -> Result<(RunRecord, Summary), Failure> {
    let (memory, story, _) = read_journal(folder, plan)?;
    crash::point("report.before_files");
    let reported = report::write_files(report::Told { folder, plan, memory: &memory, story: &story })?;
    crash::point("report.after_files");
    if !quiet {
        closing(world, folder, &story, &reported);
    } else if story.ending != Some(Ending::Finished) {
        // Not a closing word: without it nobody knows how to go on.
        say(world, &format!("this run is not finished: transship resume {}", folder.path().display()));
    }
    Ok((story, reported.summary))
}

/// What a run that ended so exits with.
pub(super) fn exit_of(story: &RunRecord, summary: &Summary) -> Exit {
    match story.ending {
        Some(Ending::Finished) if summary.needs_attention() => Exit::Attention,
        Some(Ending::Finished) => Exit::Done,
        Some(Ending::Interrupted) | None => Exit::Interrupted,
        Some(Ending::Stopped) => Exit::Stopped,
        Some(Ending::Unauthorized) => Exit::Token,
        Some(Ending::Broken) => Exit::Unexpected,
    }
}

fn closing(world: &CliContext, folder: &RunFolder, story: &RunRecord, reported: &report::Reported) {
    let resume = match story.ending {
        Some(Ending::Finished) => None,
        _ => Some(format!("transship resume {}", folder.path().display())),
    };
    let closing = report::Closing {
        folder: Some(folder.path()),
        resume: resume.as_deref(),
        attention: &reported.attention,
        width: world.columns(),
        color: world.color_err(),
    };
    let mut out = std::io::stderr().lock();
    // A terminal that went away must not turn a finished run into a failure.
    let _ = report::closing(&reported.summary, &closing, &mut out);
}

/// Shows a plan to the person at the terminal.
pub(super) fn show_plan(world: &CliContext, plan: &PlanFile, diff: Diff) {
    let mut out = std::io::BufWriter::new(std::io::stderr().lock());
    let mut options = view(world, diff, world.color_err());
    options.per_second = Some(settings_rate(plan));
    let shown = plan_view::table(plan, &mut out, options).map(|()| out.flush());
    // A terminal that went away must not keep a nightly run from its work.
    let _ = shown;
}

/// Calls a second the plan's target may be sent.
pub(super) fn settings_rate(plan: &PlanFile) -> f64 {
    let rate = plan.head().settings.target.rate;
    rate.per_second * rate.share
}

/// How plans are shown.
pub(super) fn view(world: &CliContext, diff: Diff, color: bool) -> PlanViewOptions {
    PlanViewOptions {
        color,
        diff: match diff {
            Diff::Full => plan_view::Diff::Full,
            Diff::Short => plan_view::Diff::Short,
            Diff::None => plan_view::Diff::None,
        },
        unchanged: world.global.verbose > 0,
        width: world.columns(),
        ..PlanViewOptions::default()
    }
}

/// Asks on a terminal, unless the target is an emulator or nothing is written.
async fn agreed(
    world: &CliContext,
    args: &Run,
    accounts: &Accounts,
    plan: &PlanFile,
    cancel: &Cancel,
) -> Result<bool, Failure> {
    // What goes into an archive changes nothing in an account.
    let target = &accounts.target.facts.origin;
    let harmless = target.starts_with("emulator:") || target.starts_with("archive:");
    if args.yes || harmless || !plan.tail().has_work() || !world.stdin_is_terminal {
        return Ok(true);
    }
    let facts = &accounts.target.facts;
    ask(&format!("Write this to account `{}` ({})? [y/N] ", facts.name, facts.origin), cancel).await
}

/// Asks a question that only `y` or `yes` agrees to. A signal is an answer too: nothing is written.
pub(super) async fn ask(question: &str, cancel: &Cancel) -> Result<bool, Failure> {
    let unasked = |error| Failure::Other(anyhow::Error::new(error).context("cannot ask whether to go on"));
    {
        let mut err = std::io::stderr().lock();
        write!(err, "{question}").and_then(|()| err.flush()).map_err(unasked)?;
    }
    let (answer, answered) = tokio::sync::oneshot::channel();
    // A thread of its own: reading a terminal cannot be called off, and must not keep the process.
    std::thread::spawn(move || {
        let mut line = String::new();
        // Nobody waits for it any more after a signal.
        let _ = answer.send(std::io::stdin().lock().read_line(&mut line).map(|_| line));
    });
    let read = async { Ok::<_, Failure>(answered.await) };
    let line = match signal::unless_stopped(cancel, read).await? {
        Ok(line) => line.map_err(unasked)?,
        Err(_) => String::new(),
    };
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// The settle time as a duration.
pub(super) fn settle(seconds: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|settle| *settle <= Duration::from_hours(1))
        .ok_or_else(|| Failure::BadInput(format!("--settle must be 0 to 3600 seconds, not {seconds}")))
}
