//! `archive`: reads, checks and prunes a backup store. One file a command; `open.rs` opens the archive.

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

use super::args::archive::{Command, Place};
use super::args::{Diff, Format};
use super::exit::Exit;
use super::failure::Failure;
use super::say;
use super::world::CliContext;
use crate::archive::{Archive, Listing, Snapshot, SnapshotId};
use crate::model::shown::shell_word;
use crate::report::archive::Form;
use crate::report::console::MOST_NAMED;
use crate::report::text::{clean, listed};
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

/// The requested form; only lists have a CSV. In a file or a pipe nothing is shortened.
fn form(world: &CliContext, command: &str, csv: bool) -> Result<Form, Failure> {
    match world.global.format {
        None | Some(Format::Text | Format::Table) => {
            Ok(Form::Text { width: world.columns_out(), color: world.color_out() })
        }
        Some(Format::Json) => Ok(Form::Json),
        Some(Format::Csv) if csv => Ok(Form::Csv),
        Some(_) => {
            let known = if csv { "table`, `csv` or `json" } else { "text` or `json" };
            Err(Failure::BadInput(format!("`archive {command}` prints `--format {known}`")))
        }
    }
}

/// Prints a report, unless the user wants no messages.
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

/// Prints what is always needed.
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

/// The snapshots of an archive, or of one account in it, of which the newest was read whole: it is the one that is used.
async fn listing(archive: &Archive, account: Option<&str>) -> Result<Listing, Failure> {
    let newest = |listing: &Listing| {
        let of_each = listing.latest_of_each().into_iter();
        let meant = of_each.filter(|one| account.is_none_or(|account| one.account.name == account));
        meant.map(|snapshot| snapshot.id.clone()).collect()
    };
    only_of(account, archive.confirmed(archive.snapshots().await?, newest).await?)
}

/// The snapshots of one account in a list, or all.
fn only_of(account: Option<&str>, listing: Listing) -> Result<Listing, Failure> {
    let Some(name) = account else { return Ok(listing) };
    if let (None, Some((id, why))) = (listing.latest(name), listing.passed_over(None, Some(name)).last()) {
        let text =
            format!("the archive has no whole snapshot of account `{name}`: {id} cannot be read ({why})");
        return Err(Failure::Damaged(clean(&text)));
    }
    if !listing.snapshots.iter().any(|snapshot| snapshot.account.name == name) {
        let known: Vec<&str> = listing.accounts().into_iter().collect();
        let known = if known.is_empty() { "no snapshots yet".to_owned() } else { known.join(", ") };
        let text = format!("the archive has no snapshot of account `{name}`; it has {known}");
        return Err(Failure::BadInput(clean(&text)));
    }
    Ok(listing.of_account(name))
}

/// Which snapshot a command names.
struct Named<'a> {
    place: &'a Place,
    account: Option<&'a str>,
    snapshot: Option<&'a str>,
}

/// The snapshot that is named; the latest if none is. If there are several accounts, one has to be named, since which
/// of them was backed up last changes from night to night. If a newer one than the latest is damaged, that is
/// reported, and the command ends with 3.
fn find<'a>(
    world: &CliContext,
    listing: &'a Listing,
    wanted: &Named<'_>,
) -> Result<(&'a Snapshot, Exit), Failure> {
    let account = wanted.account;
    let named = wanted.snapshot.unwrap_or(LATEST);
    if named == LATEST && account.is_none() {
        one_account(listing, &wanted.place.archive)?;
    }
    let newer = listing.passed_over(None, account);
    let found = match (listing.find(named), newer.last()) {
        (Err(_), Some((id, why))) if named == LATEST => {
            let text = format!("there is no whole snapshot: {id} cannot be read ({why})");
            return Err(Failure::Damaged(clean(&text)));
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
        say(world, &clean(&text));
    }
    Ok((found, if is_older { Exit::Attention } else { Exit::Done }))
}

/// Refuses an archive of several accounts.
fn one_account(listing: &Listing, place: &str) -> Result<(), Failure> {
    let accounts: Vec<&str> = listing.accounts().into_iter().collect();
    let [first, _, ..] = accounts[..] else { return Ok(()) };
    let many = accounts.len();
    let shown: Vec<String> = accounts.iter().take(MOST_NAMED).map(|name| (*name).to_owned()).collect();
    let names = match many - shown.len() {
        0 => listed(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    };
    let text = format!(
        "{place} holds snapshots of {many} accounts, {names}: name one with --account {}, or name a snapshot",
        shell_word(first)
    );
    Err(Failure::BadInput(clean(&text)))
}

/// Names the damaged snapshots that are newer than the one that is used; returns whether there are any.
fn warn_of(world: &CliContext, newer: &[&(SnapshotId, String)], used: &Snapshot) -> bool {
    for (id, why) in newer {
        let text =
            format!("warning: snapshot {id} cannot be read ({why}); {}, which is older, is used", used.id);
        say(world, &clean(&text));
    }
    !newer.is_empty()
}
