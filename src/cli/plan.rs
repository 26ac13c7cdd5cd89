//! `plan`: shows what a job would do.

use std::io::Write;

use super::args::{Format, Plan};
use super::exit::{Exit, worst};
use super::failure::{Failure, printed};
use super::jobs::load_job;
use super::one_run::{Company, listen, open};
use super::world::CliContext;
use super::{signal, view};
use crate::job::{Job, Settings};
use crate::model::cancel::Cancel;
use crate::report::{plan_view, references};
use crate::session::plan::Show;
use crate::session::{OpenRequest, Preview, backup, may_be_written};

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
    if let Some(out) = &args.out {
        may_be_written(out, &args.job)?;
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let mut exits = Vec::new();
    for settings in backup::each(&job, settings) {
        exits.push(one(world, args, json, &job, settings, &cancel).await?);
    }
    Ok(worst(exits))
}

/// Shows what a job would do with one account.
async fn one(
    world: &CliContext,
    args: &Plan,
    json: bool,
    job: &Job,
    settings: Settings,
    cancel: &Cancel,
) -> Result<Exit, Failure> {
    let session = open(world, OpenRequest::Read(settings), cancel, 0.0).await?;
    let show = if args.references { Show::References } else { Show::Changes };
    let listening = listen(world, &session, Company::Alone);
    let preview = session.preview(job, show, &listening.events).await?;
    drop(listening);
    if let Some(out) = &args.out {
        preview.keep(out)?;
    }
    printed(print(world, args, json, &preview))?;
    let changes = preview.plan().tail().has_work();
    let attention = preview.plan().tail().needs_attention();
    Ok(match (args.exit_code && changes, attention) {
        (true, _) => Exit::Changes,
        (false, true) => Exit::Attention,
        (false, false) => Exit::Done,
    })
}

fn print(world: &CliContext, args: &Plan, json: bool, preview: &Preview) -> Result<(), Failure> {
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    if args.references && json {
        references::json(preview.references(), &mut stdout)?;
    } else if args.references {
        references::table(preview.references(), preview.plan(), &mut stdout)?;
    } else if json {
        plan_view::json(preview.plan(), &mut stdout)?;
    } else {
        let mut options = view::options(world, &args.show, world.color_out());
        options.per_second = Some(view::rate_of(preview.plan()));
        options.width = world.columns_out();
        plan_view::table(preview.plan(), &mut stdout, options)?;
    }
    stdout.flush()?;
    Ok(())
}
