//! Archives as jobs use them: one that is read like an account, one that a backup goes to.

use secrecy::ExposeSecret;

use super::archive::open;
use super::failure::Failure;
use super::world::CliContext;
use crate::archive::{self, Archive, Key, Snapshot};
use crate::inventory::endpoint::Account;
use crate::inventory::related::Backups;
use crate::inventory::snapshot_api::{closed, shelf};
use crate::job::{self, AccountPlace, KeySource, Settings, secret};
use crate::run_folder::plan_item::AccountFacts;

/// What the job says opens the archive at this end of it.
pub(super) fn key_of(world: &CliContext, account: &job::Account) -> Result<Option<Key>, Failure> {
    let AccountPlace::Archive { key, .. } = &account.place else { return Ok(None) };
    match key {
        None => Ok(None),
        Some(KeySource::File(path)) => open::key_in(path).map(Some),
        Some(KeySource::Passphrase(source)) => {
            let fetched = secret::resolve_phrase(source, &world.env).map_err(|error| {
                Failure::BadInput(format!("the archive's passphrase: {}", super::failure::chain(&error)))
            })?;
            open::passphrase(fetched.expose_secret(), "what the job names").map(Some)
        }
    }
}

/// Opens an archive for a job. An encrypted one that the job has no key for opens with the key of the environment; what
/// is made is encrypted only if the job says so.
pub(super) async fn open_for_job(
    world: &CliContext,
    place: &str,
    key: Option<Key>,
    create: bool,
) -> Result<Archive, Failure> {
    let none = key.is_none();
    match open::open(world, place, key, create).await {
        Err(Failure::Archive(archive::ArchiveError::Key { place: shown, message })) if none => {
            match open::key(world, None, None)? {
                Some(key) => open::open(world, place, Some(key), false).await,
                None => Err(archive::ArchiveError::Key { place: shown, message }.into()),
            }
        }
        opened => opened,
    }
}

/// The snapshot that an end of a job names, as an account that can be read.
pub(super) async fn opened(
    world: &CliContext,
    account: &job::Account,
    key: Option<Key>,
) -> Result<(Account, Snapshot), Failure> {
    let AccountPlace::Archive { place, of, snapshot, .. } = &account.place else {
        return Err(Failure::BadInput(format!("account `{}` is no archive", account.name)));
    };
    let archive = open_for_job(world, place, key, false).await?;
    let listing = archive.snapshots().await?;
    for (id, why) in &listing.damaged {
        super::say(world, &format!("warning: snapshot {id} is damaged and passed over: {why}"));
    }
    let is_whole = |id: &str| listing.snapshots.iter().any(|snapshot| snapshot.id.as_str() == id);
    let of_account = listing.clone().of_account(of);
    let found = match snapshot {
        // The start of an id, and `latest`, are those of the account; another's is meant only where it has none.
        Some(start) if listing.latest(of).is_some() && !is_whole(start) => of_account.find(start)?,
        Some(start) => listing.find(start)?,
        None => listing.latest(of).ok_or_else(|| {
            let known: Vec<&str> = listing.accounts().into_iter().collect();
            let known = if known.is_empty() { "nothing yet".to_owned() } else { known.join(", ") };
            Failure::BadInput(format!(
                "the archive {place} holds no backup of account `{of}`; it holds {known}: name one as `source`, or \
                 a snapshot as `archive.snapshot`"
            ))
        })?,
    };
    let found = found.clone();
    Ok((shelf(archive, &found, &account.name).await?, found))
}

/// The archive that a backup goes to, and the last snapshot it is compared with.
pub(super) async fn for_backup(
    world: &CliContext,
    settings: &Settings,
    source: &AccountFacts,
    key: Option<Key>,
    dry_run: bool,
) -> Result<(Account, Option<Backups>), Failure> {
    let target = &settings.target;
    let AccountPlace::Archive { place, .. } = &target.place else {
        return Err(Failure::BadInput("a backup goes to an archive".to_owned()));
    };
    let facts = AccountFacts { name: target.name.clone(), origin: format!("archive:{place}"), user: None };
    let archive = match open_for_job(world, place, key, !dry_run).await {
        // Before the first backup there is none, and a plan makes none.
        Err(Failure::Archive(archive::ArchiveError::Absent { .. })) if dry_run => {
            return Ok((closed(facts), None));
        }
        opened => opened?,
    };
    let listing = archive.snapshots().await?;
    let selection = settings.shelved.as_ref().and_then(|shelved| shelved.selection.clone());
    let previous = listing.snapshots.into_iter().rev().find(|snapshot| {
        snapshot.account.name == source.name
            && snapshot.account.origin == source.origin
            && snapshot.selection == selection
    });
    Ok((closed(facts), Some(Backups { archive, previous })))
}

/// Whether what was backed up goes back to where it came from.
pub(super) fn is_home(from: &archive::Account, to: &AccountFacts) -> bool {
    match &to.user {
        Some(user) if !from.user.is_empty() => *user == from.user,
        _ => from.origin == to.origin,
    }
}

/// Writes down which snapshot was read, so that a plan stays one of that snapshot.
pub(super) fn name_snapshot(account: &mut job::Account, read: Option<&Snapshot>) {
    if let (AccountPlace::Archive { snapshot, .. }, Some(read)) = (&mut account.place, read) {
        *snapshot = Some(read.id.to_string());
    }
}
