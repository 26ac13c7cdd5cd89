//! `plan`: shows what a job would do. Also what `run` begins with.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use super::args::{Format, Plan};
use super::connect::{Accounts, For, accounts};
use super::exit::Exit;
use super::failure::{Failure, printed};
use super::world::{CliContext, TOOL};
use super::{backup, say, signal};
use crate::job::{Job, Settings, load};
use crate::model::Id;
use crate::model::cancel::Cancel;
use crate::model::event::Events;
use crate::planner::plan::plan as make_plan;
use crate::planner::plan::{PlanRequest, Planned};
use crate::report::{plan_view, references};

/// Loads a job; its problems or warnings are shown where they stand.
pub(super) fn load_job(world: &CliContext, path: &Path) -> Result<(Job, Settings), Failure> {
    let job = load(path, &world.env, &world.clock)
        .map_err(|problems| Failure::BadJob(problems.render(world.color_err())))?;
    if !job.warnings.is_empty() {
        say(world, job.warnings.render(world.color_err()).trim_end());
    }
    let folder = if path == Path::new("-") { Path::new("") } else { path.parent().unwrap_or(Path::new("")) };
    let settings = Settings::of(&job, world.env.folder.join(folder));
    Ok((job, settings))
}

/// What a plan is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose<'a> {
    /// A folder for documents between stages.
    pub folder: &'a Path,
    /// Where the plan goes.
    pub plan: &'a Path,
    /// Where the documents to be written go.
    pub wanted: Option<&'a Path>,
    /// Only these imports.
    pub only: Option<&'a BTreeSet<Id>>,
    /// Imports of the target that are those of others.
    pub taken: Option<&'a BTreeSet<Id>>,
    /// Whether to say what the imports refer to.
    pub references: bool,
    /// The run this one takes up again.
    pub of_run: Option<&'a str>,
}

/// Makes the plan of a job.
pub(super) async fn make(
    world: &CliContext,
    job: &Job,
    settings: &Settings,
    accounts: &Accounts,
    purpose: Purpose<'_>,
    cancel: &Cancel,
    events: &Events,
) -> Result<Planned, Failure> {
    // On the heap: it is large, and passed on.
    let planning = Box::pin(make_plan(PlanRequest {
        job,
        settings,
        source: &accounts.source,
        target: &accounts.target,
        folder: purpose.folder,
        plan: purpose.plan,
        wanted: purpose.wanted,
        cancel,
        events,
        now: world.clock.now(),
        tool: TOOL,
        only: purpose.only,
        taken: purpose.taken,
        references: purpose.references,
        of_run: purpose.of_run,
        backups: accounts.backups.as_ref(),
        home: accounts.home,
    }));
    signal::unless_stopped(cancel, planning).await
}

/// `plan`.
pub(super) async fn plan(world: &CliContext, args: &Plan) -> Result<Exit, Failure> {
    let json = match world.global.format {
        None | Some(Format::Text | Format::Table) => false,
        Some(Format::Json) => true,
        Some(_) => return Err(Failure::BadInput("`plan` prints `--format text` or `json`".to_owned())),
    };
    let (job, settings) = load_job(world, &args.job)?;
    if args.out.is_some() && !job.sources.is_empty() {
        let message = "a plan is of one account, and this job has several: leave `--out` out".to_owned();
        return Err(Failure::BadInput(message));
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let mut exits = Vec::new();
    for settings in backup::each(&job, settings) {
        exits.push(one(world, args, json, &job, settings, &cancel).await?);
    }
    Ok(backup::worst(exits))
}

/// Shows what a job would do with one account.
async fn one(
    world: &CliContext,
    args: &Plan,
    json: bool,
    job: &Job,
    mut settings: Settings,
    cancel: &Cancel,
) -> Result<Exit, Failure> {
    let accounts = signal::unless_stopped(cancel, accounts(world, &mut settings, For::Reading)).await?;
    let work = tempfile::tempdir()?;
    let path = work.path().join("plan.json");
    let purpose = Purpose {
        folder: work.path(),
        plan: &path,
        wanted: None,
        only: None,
        taken: None,
        references: args.references,
        of_run: None,
    };
    let listening = super::listen::listeners(world, &accounts);
    let planned = make(world, job, &settings, &accounts, purpose, cancel, &listening.events).await?;
    drop(listening);
    if let Some(out) = &args.out {
        keep(&path, out)?;
    }
    printed(print(world, args, json, &planned))?;
    let changes = planned.plan.tail().has_work();
    let attention = planned.plan.tail().needs_attention();
    Ok(match (args.exit_code && changes, attention) {
        (true, _) => Exit::Changes,
        (false, true) => Exit::Attention,
        (false, false) => Exit::Done,
    })
}

fn print(world: &CliContext, args: &Plan, json: bool, planned: &Planned) -> Result<(), Failure> {
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    if args.references && json {
        references::json(&planned.references, &mut stdout)?;
    } else if args.references {
        references::table(&planned.references, &planned.plan, &mut stdout)?;
    } else if json {
        plan_view::json(&planned.plan, &mut stdout)?;
    } else {
        let mut options = super::run::view(world, args.diff, world.color_out());
        options.per_second = Some(super::run::settings_rate(&planned.plan));
        options.width = world.columns_out();
        plan_view::table(&planned.plan, &mut stdout, options)?;
    }
    stdout.flush()?;
    Ok(())
}

/// Keeps a plan under the name the user gave.
fn keep(path: &Path, out: &Path) -> Result<(), Failure> {
    crate::run_folder::folder::write_whole(out, |to| {
        let mut from = std::fs::File::open(path)?;
        std::io::copy(&mut from, &mut { to }).map(|_| ())
    })?;
    Ok(())
}
