//! Opens an archive: where it is, with which credentials and with which key; and decides which of its snapshots is
//! meant. Nothing else does this.

pub(super) use super::archive_keys::key_of;
pub use super::archive_keys::{KeyFrom, key};
use super::{Host, SessionError};
use crate::archive::{Archive, ArchiveError, ArchiveOptions, Key, Listing, Snapshot, SnapshotId};
use crate::inventory::error::EngineError;
use crate::job::{self, AccountPlace};
use crate::model::shown::shell_word;

/// Whether an archive that does not exist is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfAbsent {
    /// It is created, encrypted if there is a key.
    Create,
    /// That is an error.
    Fail,
}

/// Opens the archive in a folder or at a URL; the credentials of a bucket come from the environment.
///
/// # Errors
///
/// It cannot be reached, does not exist, or does not open with that key.
///
/// # Cancel safety
///
/// Dropping the future leaves nothing behind, but with [`IfAbsent::Create`] an archive that may have been made.
pub async fn open(
    host: &Host,
    location: &str,
    key: Option<Key>,
    if_absent: IfAbsent,
) -> Result<Archive, SessionError> {
    let options = ArchiveOptions {
        key,
        create: if_absent == IfAbsent::Create,
        variables: host.env.variables.clone().into_iter().collect(),
        holder: host.holder(),
        ..ArchiveOptions::new(host.clock.clone())
    };
    Ok(Archive::open(location, options).await?)
}

/// Opens an archive for a job. If an archive is encrypted and the job has no key for it, the key of the environment
/// is used; a new archive is encrypted only if the job says so.
pub(super) async fn open_for_job(
    host: &Host,
    place: &str,
    key_of_job: Option<Key>,
    if_absent: IfAbsent,
) -> Result<Archive, SessionError> {
    let none = key_of_job.is_none();
    match open(host, place, key_of_job, if_absent).await {
        Err(SessionError::Engine(EngineError::Archive(ArchiveError::Key { place: shown, message })))
            if none =>
        {
            match key(host, KeyFrom::Environment)? {
                Some(key) => open(host, place, Some(key), IfAbsent::Fail).await,
                None => Err(ArchiveError::Key { place: shown, message }.into()),
            }
        }
        opened => opened,
    }
}

/// The id of the snapshot that this end of a job means: the named one, else the latest.
///
/// # Errors
///
/// The archive cannot be opened, holds no such snapshot, or holds backups of several accounts under one name.
///
/// # Cancel safety
///
/// Cancel safe: it only reads.
pub async fn meant(host: &Host, account: &job::Account) -> Result<String, SessionError> {
    let AccountPlace::Archive { place, .. } = &account.place else {
        return Err(SessionError::Refused(format!("account `{}` is not an archive", account.name)));
    };
    let archive = open_for_job(host, place, key_of(host, account)?, IfAbsent::Fail).await?;
    let (found, _) = find_snapshot(&archive, account, None).await?;
    Ok(found.id.to_string())
}

/// The snapshot of a listing that the end of a job names, with what a person should know about the others. `user` is
/// the user of the token that opens the account, if it is known.
pub(super) async fn find_snapshot(
    archive: &Archive,
    account: &job::Account,
    user: Option<&str>,
) -> Result<(Snapshot, Vec<String>), SessionError> {
    let AccountPlace::Archive { place, of, of_origin, snapshot, .. } = &account.place else {
        return Err(SessionError::Refused(format!("account `{}` is not an archive", account.name)));
    };
    let listing = archive.snapshots_to_read(of).await?;
    let damaged = listing.damaged.iter();
    let damaged = damaged.map(|(id, why)| format!("warning: snapshot {id} is damaged and skipped: {why}"));
    let mut notes: Vec<String> = damaged.chain(from_the_future(&listing, of)).collect();
    let owner = Owner { name: of, origin: of_origin.as_deref(), user };
    let is_whole = |id: &str| listing.snapshots.iter().any(|snapshot| snapshot.id.as_str() == id);
    let of_account = listing.clone().of_account(of);
    let found = match snapshot {
        // The start of an id, and `latest`, are those of the account; another's is meant only where it has none.
        Some(start) if listing.latest(of).is_some() && !is_whole(start) => of_account.find(start)?.clone(),
        Some(start) => listing.find(start)?.clone(),
        None if listing.latest(of).is_none() => latest(&listing, place, of)?.clone(),
        None => latest(&owner.own_of(listing)?, place, of)?.clone(),
    };
    notes.extend(owner.differs(&found));
    Ok((found, notes))
}

/// The account whose backups are meant, as far as it is known. Other accounts may have been backed up under its name.
#[derive(Debug, Clone, Copy)]
struct Owner<'a> {
    name: &'a str,
    origin: Option<&'a str>,
    user: Option<&'a str>,
}

impl Owner<'_> {
    fn is_of_origin(&self, snapshot: &Snapshot) -> bool {
        self.origin.is_some_and(|origin| snapshot.account.origin == origin)
    }

    fn is_of_user(&self, snapshot: &Snapshot) -> bool {
        self.user.is_some_and(|user| snapshot.account.user == user)
    }

    /// Keeps the snapshots of a listing among which the latest is meant, grouped as retention does: by origin and
    /// name. If none is of the account's own origin, the account may have moved, so the snapshots of one other origin
    /// are taken.
    fn own_of(&self, mut listing: Listing) -> Result<Listing, SessionError> {
        let future: Vec<SnapshotId> = listing.future().map(|snapshot| snapshot.id.clone()).collect();
        listing
            .snapshots
            .retain(|snapshot| snapshot.account.name == self.name && !future.contains(&snapshot.id));
        let has_own = listing.snapshots.iter().any(|snapshot| self.is_of_origin(snapshot));
        if has_own {
            listing.snapshots.retain(|snapshot| self.is_of_origin(snapshot));
        }
        let latest = listing.snapshots.last();
        let is_other = |one: &Snapshot| {
            latest.is_some_and(|latest| {
                let user_differs = !latest.account.user.is_empty() && !self.is_of_user(latest);
                one.account.origin != latest.account.origin || self.is_of_user(one) && user_differs
            })
        };
        match (latest, listing.snapshots.iter().rev().find(|one| is_other(one))) {
            (Some(one), Some(other)) => Err(SessionError::Refused(format!(
                "the archive holds backups of several accounts under the name `{}`: the latest are {} (of {}) and {} (of \
                 {}); set `archive.snapshot` to the one that is meant",
                self.name,
                one.id,
                whose(one),
                other.id,
                whose(other)
            ))),
            _ => Ok(listing),
        }
    }

    /// Reports that a snapshot is not of the account that is meant, or may not be.
    fn differs(&self, found: &Snapshot) -> Option<String> {
        let Snapshot { id, account, .. } = found;
        let name = self.name;
        if let Some(origin) = self.origin.filter(|origin| *origin != account.origin) {
            return Some(format!(
                "warning: snapshot {id} is a backup of {}, and account `{name}` is at {origin}: make sure that it is the one \
                 that is meant",
                whose(found)
            ));
        }
        let user = self.user.filter(|user| !account.user.is_empty() && *user != account.user)?;
        Some(format!(
            "warning: snapshot {id} was made with a token of user {}, and the token of account `{name}` is of user {user}: \
             make sure that both are of one account",
            account.user
        ))
    }
}

/// Where the account of a snapshot is, and which user's token read it.
fn whose(snapshot: &Snapshot) -> String {
    let account = &snapshot.account;
    if account.user.is_empty() {
        account.origin.clone()
    } else {
        format!("{}, user {}", account.origin, account.user)
    }
}

/// The latest snapshot of an account. If a newer one is damaged, the one before it is used only if the job names it:
/// nobody gets an older state without asking for it.
fn latest<'l>(listing: &'l Listing, place: &str, of: &str) -> Result<&'l Snapshot, SessionError> {
    let found = listing.latest(of);
    let newer = listing.passed_over(found, Some(of));
    let check = format!("`transship archive check {}` says more", shell_word(place));
    match (found, newer.last()) {
        (Some(found), None) => Ok(found),
        (Some(found), Some((id, why))) => Err(SessionError::Refused(format!(
            "the latest snapshot of account `{of}`, {id}, cannot be read ({why}), and the latest whole one is older: to use \
             that, set `archive.snapshot` to {}; {check}",
            found.id
        ))),
        (None, Some((id, why))) => Err(SessionError::Refused(format!(
            "the archive {place} holds no whole backup of account `{of}`: its snapshot {id} cannot be read ({why}); {check}"
        ))),
        (None, None) if let Some(future) = dated_ahead(listing, of).next() => {
            Err(SessionError::Refused(format!(
                "every backup of account `{of}` in the archive {place} is dated in the future, and none of them is ever the latest: \
             to use one, set `archive.snapshot` to its id, e.g. {}",
                future.id
            )))
        }
        (None, None) => {
            let known: Vec<&str> = listing.accounts().into_iter().collect();
            let known = if known.is_empty() { "nothing yet".to_owned() } else { known.join(", ") };
            Err(SessionError::Refused(format!(
                "the archive {place} holds no backup of account `{of}`; it holds {known}: name one as `source`, or \
                 a snapshot as `archive.snapshot`"
            )))
        }
    }
}

/// The snapshots of an account that are dated in the future.
fn dated_ahead<'l>(listing: &'l Listing, account: &'l str) -> impl Iterator<Item = &'l Snapshot> {
    listing.future().filter(move |snapshot| snapshot.account.name == account)
}

/// Reports which snapshots of an account are dated in the future.
pub(super) fn from_the_future(listing: &Listing, account: &str) -> Vec<String> {
    let told = dated_ahead(listing, account).map(|snapshot| {
        format!(
            "warning: snapshot {} is dated in the future and is never `latest`; to use it, set `archive.snapshot` to its id",
            snapshot.id
        )
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::archive::Account;

    /// A backup of `prod`, made at that hour with a token of that user.
    fn backup(hour: i32, origin: &str, user: &str) -> Snapshot {
        let time = jiff::Timestamp::from_second(1_772_330_400 + i64::from(hour) * 3600).unwrap();
        let account = Account { name: "prod".to_owned(), origin: origin.to_owned(), user: user.to_owned() };
        Snapshot {
            id: SnapshotId::new(time, "prod", 0),
            time,
            account,
            run: None,
            tags: Vec::new(),
            selection: None,
            counts: BTreeMap::new(),
            entries: 0,
            text_bytes: 0,
            new_blobs: 0,
            new_bytes: 0,
            lacks: std::collections::BTreeSet::new(),
            mended_blobs: 0,
            manifest_bytes: 0,
        }
    }

    #[test]
    fn the_latest_backup_is_that_of_the_own_origin_and_none_of_another_account_is_taken_silently() {
        // Backups in their order, origin and user of the account, and which is taken: `!` with a warning; `None`: refused.
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, Option<&'a str>, Option<(usize, bool)>);
        let cases: [Case<'_>; 10] = [
            (&[("us", "1"), ("eu", "2")], Some("us"), Some("1"), Some((0, false))),
            (&[("us", "1"), ("eu", "2")], Some("eu"), None, Some((1, false))),
            (&[("us", "1"), ("us", "1")], Some("us"), Some("1"), Some((1, false))),
            // Moved to another region, or rebuilt with another user.
            (&[("us", "1")], Some("eu"), Some("2"), Some((0, true))),
            (&[("us", "1"), ("us", "1")], Some("us"), Some("2"), Some((1, true))),
            // Whose token it is was not told by every backup, and the account may be gone.
            (&[("us", "1"), ("us", "")], Some("us"), Some("1"), Some((1, false))),
            (&[("us", "1"), ("us", "2")], None, None, Some((1, false))),
            (&[("us", "1"), ("eu", "1")], None, None, None),
            (&[("us", "1"), ("eu", "1")], Some("ap"), Some("1"), None),
            (&[("us", "1"), ("us", "2")], Some("us"), Some("1"), None),
        ];
        for (backups, origin, user, expected) in cases {
            let made = (0..).zip(backups).map(|(hour, (origin, user))| backup(hour, origin, user));
            let listing = Listing { snapshots: made.collect(), ..Listing::default() };
            let owner = Owner { name: "prod", origin, user };
            let found = owner.own_of(listing.clone()).map(|own| {
                let taken = latest(&own, "here", "prod").unwrap();
                let at = listing.snapshots.iter().position(|one| one.id == taken.id).unwrap();
                (at, owner.differs(taken).is_some())
            });
            assert_eq!(found.as_ref().ok(), expected.as_ref(), "{backups:?} {origin:?} {user:?}: {found:?}");
            if let Err(refused) = found {
                assert!(refused.to_string().contains("archive.snapshot"), "{refused}");
            }
        }
    }

    #[test]
    fn an_account_that_has_backups_of_the_future_only_is_told_of_them() {
        let made = [backup(0, "us", "1"), backup(30, "us", "1")];
        let as_of = Some(made[0].time - jiff::SignedDuration::from_hours(1));
        let listing = Listing { snapshots: made.to_vec(), as_of, ..Listing::default() };
        let refused = latest(&listing, "here", "prod").unwrap_err().to_string();
        assert!(
            refused.contains("dated in the future") && refused.contains(made[0].id.as_str()),
            "{refused}"
        );
        let refused = latest(&listing, "here", "other").unwrap_err().to_string();
        assert!(refused.contains("holds no backup of account `other`; it holds prod"), "{refused}");
    }

    /// Engines run their work on several threads.
    #[test]
    fn the_snapshot_that_is_meant_can_be_found_on_any_thread() {
        fn is_send<T: Send>(_: fn(&'static Host, &'static job::Account) -> T) {}
        is_send(meant);
    }
}
