//! Run folders that are named by an address: each is replaced by a copy on this machine.

use std::path::{Path, PathBuf};

use super::args::Command;
use super::failure::Failure;
use super::remote::Opened;
use super::store::objects;
use super::world::CliContext;
use crate::fleet::Objects;
use crate::model::id::is_name_char;
use crate::session::shared::SharedFolders;

/// Whether a run folder is named by an address.
fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains("://"))
}

/// Replaces the run folders that a command names by their address with copies.
pub(super) async fn bring(world: &CliContext, command: Command) -> Result<Command, Failure> {
    let mut command = command;
    match &mut command {
        Command::Run(args) => {
            if let Some(place) = args.run_dir.as_mut().filter(|place| is_address(place)) {
                *place = open(world, place, true)?;
            }
        }
        Command::Resume(args) => bring_one(world, args.run.as_mut()).await?,
        Command::Retry(args) => bring_one(world, args.run.as_mut()).await?,
        Command::Undo(args) => bring_one(world, Some(&mut args.run)).await?,
        Command::Show(args) => bring_one(world, args.run.as_mut()).await?,
        Command::Verify(args) => bring_one(world, args.run.as_mut()).await?,
        Command::Report(args) => bring_one(world, args.run.as_mut()).await?,
        _ => {}
    }
    Ok(command)
}

async fn bring_one(world: &CliContext, run: Option<&mut PathBuf>) -> Result<(), Failure> {
    let Some(run) = run.filter(|run| is_address(run)) else { return Ok(()) };
    let copy = open(world, run, false)?;
    world.remote.fetch(&copy).await?;
    if !copy.join("journal.jsonl").is_file() {
        return Err(Failure::BadInput(format!("there is no run in {}", run.display())));
    }
    *run = copy;
    Ok(())
}

/// Opens the store of a run folder; returns where its copy is to be.
fn open(world: &CliContext, address: &Path, create: bool) -> Result<PathBuf, Failure> {
    let text = address.to_str().unwrap_or_default().trim_end_matches('/');
    let wrong = || {
        Failure::BadInput(
            "name a folder for the run in the store, e.g. s3://bucket/runs/one; names hold letters, digits, `.`, `_` and `-`"
                .to_owned(),
        )
    };
    let (location, run) = text.rsplit_once('/').ok_or_else(wrong)?;
    let is_name = run.chars().all(is_name_char) && !run.starts_with('.');
    // The store itself is no folder of a run.
    let is_store = location.ends_with('/') && !location.starts_with("file:");
    if run.is_empty() || !is_name || is_store {
        return Err(wrong());
    }
    let objects = objects(world, location.to_owned(), create)?;
    let shown = objects.place().trim_end_matches('/').to_owned();
    let folders = SharedFolders::open(&world.host, objects, &world.global.runs)?;
    let copy = folders.copy(run);
    world.stderr.call(folders.copies(), &shown);
    let opened = Opened { folders, location: location.to_owned(), run: run.to_owned() };
    world.remote.open(opened);
    Ok(copy)
}

/// The store of the run folder, its location, and the name of the run in it. Nothing else uses the store through
/// these objects.
pub(super) fn place(world: &CliContext) -> Result<Option<(Objects, String, String)>, Failure> {
    let Some(opened) = world.remote.get() else { return Ok(None) };
    let objects = objects(world, opened.location.clone(), true)?;
    Ok(Some((objects, opened.location.clone(), opened.run.clone())))
}
