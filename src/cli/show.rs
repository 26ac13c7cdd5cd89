//! `show` and `report`: what the journal of a run says.

use std::io::Write;

use super::args::{Format, OneRun, Report};
use super::exit::Exit;
use super::failure::Failure;
use super::runs::find;
use super::world::CliContext;
use crate::report;
use crate::session::OpenedRun;

/// `show`: one run in full.
pub(super) fn show(world: &CliContext, args: &OneRun) -> Result<Exit, Failure> {
    let run = OpenedRun::open(&find(world, args.run.as_deref())?)?;
    let mut out = world.out();
    match world.global.format {
        None | Some(Format::Text | Format::Table) => {
            let summary = report::render::count(run.told())?.summary;
            report::show::header(&summary, &world.shown(run.folder.path()), &mut out)?;
            report::show::rows(run.told(), world.color_out(), &mut out)?;
        }
        Some(Format::Json) => {
            report::render(run.told(), report::Format::Json, &mut out)?;
        }
        Some(_) => {
            return Err(Failure::BadInput(
                "`show` prints `--format text` or `json`; see `report`".to_owned(),
            ));
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// `report`: rendered from the journal.
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
    report::render(run.told(), format, &mut out)?;
    out.flush()?;
    Ok(Exit::Done)
}
