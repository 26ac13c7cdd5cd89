//! `plan`: shows what a job would do.

use std::io::Write;

use super::args::{Format, Plan};
use super::exit::{Exit, worst};
use super::failure::{Failure, printed};
use super::jobs::{load_part, take_repoint};
use super::next_command::{global, part, path};
use super::one_run::{Company, READING, is_empty, listen, open, usage_detail};
use super::world::CliContext;
use super::{pager, say, signal, view};
use crate::job::{Job, Settings};
use crate::model::cancel::Cancel;
use crate::report::{PlanViewOptions, plan_markdown, plan_view, references};
use crate::session::plan::Show;
use crate::session::{OpenRequest, Preview, backup, may_be_written};

/// Carries out `plan`.
pub(super) async fn plan(world: &CliContext, args: &Plan) -> Result<Exit, Failure> {
    let shape = match world.global.format {
        None | Some(Format::Text | Format::Table) => Shape::Text,
        Some(Format::Json) => Shape::Json,
        Some(Format::Markdown) if !args.references => Shape::Markdown,
        Some(_) => {
            let message =
                "`plan` prints `--format text`, `json` or `markdown`, and with `--references` text or json";
            return Err(Failure::BadInput(message.to_owned()));
        }
    };
    let (job, mut settings) = load_part(world, &args.job, &args.narrow, &args.stand_in)?;
    take_repoint(&mut settings, &job, args.repoint_flows)?;
    if args.out.is_some() && !job.sources.is_empty() {
        let message = "a plan is of one account, and this job has several: leave `--out` out".to_owned();
        return Err(Failure::BadInput(message));
    }
    if let Some(out) = &args.out {
        may_be_written(out, &args.job)?;
    }
    let cancel = Cancel::new();
    signal::listen(world, &cancel);
    let (mut exits, mut documents) = (Vec::new(), Vec::new());
    let is_one_of_many = shape == Shape::Json && !job.sources.is_empty();
    for settings in backup::each(&job, settings) {
        let (exit, preview) = one(world, args, &job, settings, &cancel).await?;
        if is_one_of_many {
            let separator: &[u8] = if documents.is_empty() { b"{\"plans\":[" } else { b"," };
            documents.extend_from_slice(separator);
            print(args, &preview, Form::Json, &mut documents)?;
        } else {
            printed(print_out(world, args, shape, &preview))?;
        }
        exits.push(exit);
    }
    if is_one_of_many {
        documents.extend_from_slice(b"]}\n");
        printed(world.out().write_all(&documents).map_err(Failure::from))?;
    }
    Ok(worst(exits))
}

/// Plans what a job would do with one account.
async fn one(
    world: &CliContext,
    args: &Plan,
    job: &Job,
    settings: Settings,
    cancel: &Cancel,
) -> Result<(Exit, Preview), Failure> {
    let session = open(world, OpenRequest::Read(settings), None, cancel, READING).await?;
    let session = session.telling(usage_detail(args.usage));
    let show = if args.references { Show::References } else { Show::Changes };
    let listening = listen(world, &session, Company::Alone);
    let preview = session.preview(job, show, &listening.events).await?;
    drop(listening);
    if let Some(out) = &args.out {
        preview.keep(out)?;
    }
    let empty = args.fail_if_empty && is_empty(world, preview.plan());
    let changes = preview.plan().tail().has_work();
    let attention = empty || preview.plan().tail().needs_attention();
    let exit = match (args.exit_code && changes, attention) {
        (true, _) => Exit::Changes,
        (false, true) => Exit::Attention,
        (false, false) => Exit::Done,
    };
    Ok((exit, preview))
}

fn print_out(world: &CliContext, args: &Plan, shape: Shape, preview: &Preview) -> Result<(), Failure> {
    let mut text = Vec::new();
    let mut options = view::options(world, &args.show, world.color_out());
    options.per_second = Some(view::rate_of(preview.plan()));
    options.width = world.columns_out();
    let form = match shape {
        Shape::Text => Form::Text(options),
        Shape::Json => Form::Json,
        // It is read elsewhere, in columns that are not those of this terminal.
        Shape::Markdown => Form::Markdown(PlanViewOptions { width: 100, ..options }),
    };
    if !matches!(form, Form::Text(_)) || !world.stdout_is_terminal {
        // A long plan is not held in memory where nobody pages through it.
        let mut stdout = world.out();
        print(args, preview, form, &mut stdout)?;
        stdout.flush()?;
        return Ok(());
    }
    print(args, preview, form, &mut text)?;
    pager::print(world, &text)?;
    if preview.plan().tail().has_work() && !world.global.quiet {
        say(world, &next_step(world, args));
    }
    Ok(())
}

/// What a person can do next with a plan that has work.
fn next_step(world: &CliContext, args: &Plan) -> String {
    let job = path(&args.job);
    let flows = if args.repoint_flows { " --repoint-flows" } else { "" };
    let options = format!("{}{flows}{}", part(&args.narrow, &args.stand_in), global(world));
    let canary = if args.narrow.limit.is_none() { "\nA canary first: --limit 5" } else { "" };
    match &args.out {
        Some(out) => {
            format!("Nothing was written. Do this: transship run {job} --plan {}{options}", path(out))
        }
        None => format!("Nothing was written. Do it: transship run {job}{options}{canary}"),
    }
}

/// The form in which a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Json,
    Markdown,
}

/// How a plan is printed.
enum Form<'a> {
    Json,
    Markdown(PlanViewOptions<'a>),
    Text(PlanViewOptions<'a>),
}

fn print(args: &Plan, preview: &Preview, form: Form<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    match form {
        Form::Json if args.references => references::json(preview.references(), out)?,
        Form::Json => plan_view::json(preview.plan(), out)?,
        Form::Markdown(options) => plan_markdown(preview.plan(), options, out)?,
        Form::Text(_) if args.references => references::table(preview.references(), preview.plan(), out)?,
        Form::Text(options) => plan_view::table(preview.plan(), out, options)?,
    }
    Ok(())
}
