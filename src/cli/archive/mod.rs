//! `archive`: looking into a backup store, checking and pruning it. One file a command; `open.rs` opens the archive.

mod cat;
mod changes;
mod check;
mod diff;
mod drill;
mod export;
mod history;
mod list;
mod open;
mod prune;
mod show;

use std::io::Write;

use super::args::archive::Command;
use super::args::{Diff, Format};
use super::exit::Exit;
use super::failure::Failure;
use super::say;
use super::world::CliContext;
use crate::archive::{Archive, Listing, Snapshot, SnapshotId};
use crate::report::archive::Form;
use crate::report::{self};

/// The word for the newest snapshot.
const LATEST: &str = "latest";

/// Carries out a subcommand of `archive`.
pub(super) async fn archive(world: &CliContext, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::list(world, args).await,
        Command::Show(args) => match &args.import {
            Some(document) => history::history(world, args, document).await,
            None => show::show(world, args).await,
        },
        Command::Cat(args) => cat::cat(world, args).await,
        Command::Diff(args) => diff::diff(world, args).await,
        Command::Check(args) => check::check(world, args).await,
        Command::Prune(args) => prune::prune(world, args).await,
        Command::Export(args) => export::export(world, args).await,
        Command::Drill(args) => Box::pin(drill::drill(world, args)).await,
    }
}

/// The form that was asked for; only lists have a CSV.
fn form(world: &CliContext, command: &str, csv: bool) -> Result<Form, Failure> {
    match world.global.format {
        None | Some(Format::Text | Format::Table) => {
            Ok(Form::Text { width: world.columns(), color: world.color_out() })
        }
        Some(Format::Json) => Ok(Form::Json),
        Some(Format::Csv) if csv => Ok(Form::Csv),
        Some(_) => {
            let known = if csv { "table`, `csv` or `json" } else { "text` or `json" };
            Err(Failure::BadInput(format!("`archive {command}` prints `--format {known}`")))
        }
    }
}

/// The same for what shows changes: in a file or a pipe they are not cut short.
fn form_of_changes(world: &CliContext, command: &str) -> Result<Form, Failure> {
    let mut form = form(world, command, false)?;
    if let Form::Text { width, .. } = &mut form {
        *width = world.columns_out();
    }
    Ok(form)
}

/// Prints a report, unless nobody wants words.
fn print(
    world: &CliContext,
    form: Form,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    if world.global.quiet && matches!(form, Form::Text { .. }) {
        return Ok(());
    }
    put(world, write)
}

/// Prints what nobody can do without.
fn put(world: &CliContext, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<(), Failure> {
    let mut out = world.out();
    write(&mut out)?;
    out.flush()?;
    Ok(())
}

fn shown(diff: Diff) -> report::Diff {
    match diff {
        Diff::Full => report::Diff::Full,
        Diff::Short => report::Diff::Short,
        Diff::None => report::Diff::None,
    }
}

/// The snapshots of an archive, or of one account in it.
async fn listing(archive: &Archive, account: Option<&str>) -> Result<Listing, Failure> {
    let listing = archive.snapshots().await?;
    let Some(name) = account else { return Ok(listing) };
    if let (None, Some((id, why))) = (listing.latest(name), listing.passed_over(None, Some(name)).last()) {
        let text =
            format!("the archive has no whole snapshot of account `{name}`: {id} cannot be read ({why})");
        return Err(Failure::Damaged(report::text::clean(&text)));
    }
    if !listing.snapshots.iter().any(|snapshot| snapshot.account.name == name) {
        let known: Vec<&str> = listing.accounts().into_iter().collect();
        let known = if known.is_empty() { "no snapshots yet".to_owned() } else { known.join(", ") };
        let text = format!("the archive has no snapshot of account `{name}`; it has {known}");
        return Err(Failure::BadInput(report::text::clean(&text)));
    }
    Ok(listing.of_account(name))
}

/// The snapshot that is named; the latest if none is. Where a newer one than the latest is damaged, that is said, and the
/// command ends with 3.
fn find<'a>(
    world: &CliContext,
    listing: &'a Listing,
    account: Option<&str>,
    named: Option<&str>,
) -> Result<(&'a Snapshot, Exit), Failure> {
    let named = named.unwrap_or(LATEST);
    let newer = listing.passed_over(None, account);
    let found = match (listing.find(named), newer.last()) {
        (Err(_), Some((id, why))) if named == LATEST => {
            let text = format!("there is no whole snapshot: {id} cannot be read ({why})");
            return Err(Failure::Damaged(report::text::clean(&text)));
        }
        (found, _) => found?,
    };
    let is_older = named == LATEST && warn_of(world, &listing.passed_over(Some(found), account), found);
    let others = listing.snapshots.iter().filter(|one| one.account.name == found.account.name);
    if named == LATEST && others.clone().any(|one| one.account.origin != found.account.origin) {
        let text = format!(
            "warning: accounts of several origins were backed up as `{}`: the latest is {}, of {}",
            found.account.name, found.id, found.account.origin
        );
        say(world, &report::text::clean(&text));
    }
    Ok((found, if is_older { Exit::Attention } else { Exit::Done }))
}

/// Names the damaged snapshots that are newer than the one that is used; says whether there are any.
fn warn_of(world: &CliContext, newer: &[&(SnapshotId, String)], used: &Snapshot) -> bool {
    for (id, why) in newer {
        let text =
            format!("warning: snapshot {id} cannot be read ({why}); {}, which is older, is used", used.id);
        say(world, &report::text::clean(&text));
    }
    !newer.is_empty()
}
