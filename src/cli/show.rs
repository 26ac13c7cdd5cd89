//! `show` and `report`: what the journal of a run says.

use std::io::Write;

use super::args::{Format, Report, ShowRun};
use super::exit::Exit;
use super::failure::Failure;
use super::next_command::for_folder;
use super::runs::find;
use super::world::CliContext;
use super::{pager, signal, view};
use crate::model::cancel::Cancel;
use crate::report;
use crate::report::plan_view;
use crate::session::OpenedRun;

/// `show`: one run in full.
pub(super) fn show(world: &CliContext, args: &ShowRun) -> Result<Exit, Failure> {
    let run = OpenedRun::open(&find(world, args.run.as_deref())?)?;
    match world.global.format {
        None | Some(Format::Text | Format::Table) => {
            let plan = view::options(world, &args.detail, world.color_out());
            let command = for_folder(world, "resume", run.folder.path());
            let options = report::show::ShowOptions {
                resume: run.may_go_on().then_some(&command),
                color: plan.color,
                width: world.columns_out(),
                detail: plan.detail,
                // Whoever asks for one import wants to see all of it.
                diff: if args.detail.import.is_empty() { plan.diff } else { plan_view::Diff::Full },
            };
            let mut text = Vec::new();
            report::show::run(run.view(), &world.shown(run.folder.path()), options, &mut text)?;
            // Ctrl-C is for the pager.
            signal::listen(world, &Cancel::new());
            pager::print(world, &text)?;
        }
        Some(Format::Json) => {
            let mut out = world.out();
            report::render(run.view(), report::Format::Json, &mut out)?;
            out.flush()?;
        }
        Some(_) => {
            return Err(Failure::BadInput(
                "`show` prints `--format text` or `json`; see `report`".to_owned(),
            ));
        }
    }
    Ok(Exit::Done)
}

/// `report`: renders a run from its journal.
pub(super) fn report(world: &CliContext, args: &Report) -> Result<Exit, Failure> {
    let format = match world.global.format {
        Some(Format::Csv) => report::Format::Csv,
        Some(Format::Html) => report::Format::Html,
        Some(Format::Junit) => report::Format::Junit,
        None | Some(Format::Markdown | Format::Text) => report::Format::Markdown,
        Some(Format::Json) => report::Format::Json,
        Some(_) => {
            return Err(Failure::BadInput(
                "`report` prints `--format csv`, `json`, `html`, `junit` or `markdown`".to_owned(),
            ));
        }
    };
    let run = OpenedRun::open(&find(world, args.run.as_deref())?)?;
    let mut out = world.out();
    report::render(run.view(), format, &mut out)?;
    out.flush()?;
    Ok(Exit::Done)
}
