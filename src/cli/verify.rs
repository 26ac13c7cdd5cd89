//! `verify`: checks a run folder offline, hash by hash.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::{Format, OneRun};
use super::exit::Exit;
use super::failure::{Failure, printed};
use super::runs::find;
use super::world::CliContext;
use crate::report;
use crate::report::evidence::{Evidence, State, verify as check};
use crate::session::RunFolder;

/// `verify`: 0 if everything is intact and the run is finished, 3 if it is not finished, 1 if it is damaged.
pub(super) fn verify(world: &CliContext, args: &OneRun) -> Result<Exit, Failure> {
    let json = match world.global.format {
        None | Some(Format::Text) => false,
        Some(Format::Json) => true,
        Some(_) => return Err(Failure::BadInput("`verify` prints `--format text` or `json`".to_owned())),
    };
    let folder = match find(world, args.run.as_deref()) {
        Ok(folder) => folder,
        // A run without its journal is damaged, not unknown.
        Err(failure) => args.run.as_deref().and_then(|run| folder_of(world, run)).ok_or(failure)?,
    };
    let evidence = check(&RunFolder::at(&folder));
    let folder = world.shown(&folder);
    printed(print(world, json, &evidence, &folder))?;
    Ok(match evidence.state {
        State::Intact => Exit::Done,
        State::Unfinished => Exit::Attention,
        State::Damaged => Exit::Unexpected,
    })
}

fn print(world: &CliContext, json: bool, evidence: &Evidence, folder: &Path) -> Result<(), Failure> {
    let mut out = world.out();
    if json {
        serde_json::to_writer_pretty(&mut out, evidence).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        report::show::evidence(evidence, folder, world.color_out(), &mut out)?;
    }
    out.flush()?;
    Ok(())
}

fn folder_of(world: &CliContext, run: &Path) -> Option<PathBuf> {
    let by_id = world.global.runs.join(run);
    [run.to_owned(), by_id].into_iter().find(|folder| folder.join("plan.json").is_file())
}
