//! Opening an archive: where it is, with whose credentials, and with which key. The one place that does.

use std::io::Read;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::{Host, SessionError};
use crate::archive::{Archive, ArchiveError, ArchiveOptions, Key, Listing, Snapshot};
use crate::inventory::error::EngineError;
use crate::job::{self, AccountPlace, KeySource, secret};
use crate::model::chain;

const KEY_FILE: &str = "TRANSSHIP_ARCHIVE_KEY_FILE";
const PASSPHRASE: &str = "TRANSSHIP_ARCHIVE_PASSPHRASE";
const PASSPHRASE_FILE: &str = "TRANSSHIP_ARCHIVE_PASSPHRASE_FILE";
/// How many bytes of a file with a key are read.
const READ_LIMIT: u64 = 64 << 10;

/// Whether an archive that does not exist is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfAbsent {
    /// It is made, encrypted if there is a key.
    Create,
    /// That is an error.
    Fail,
}

/// Where the key of an archive comes from, as the options of a command say it.
#[derive(Debug, Clone, Copy)]
pub enum KeyFrom<'a> {
    /// An age key file.
    KeyFile(&'a Path),
    /// A file whose first line is the passphrase.
    PassphraseFile(&'a Path),
    /// The variables of the environment; no key if none is set.
    Environment,
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

/// The key of an archive; `None` if nobody gives one.
///
/// # Errors
///
/// A file that cannot be read or is empty, or several variables that name a key.
pub fn key(host: &Host, from: KeyFrom<'_>) -> Result<Option<Key>, SessionError> {
    match from {
        KeyFrom::KeyFile(path) => return key_in(path).map(Some),
        KeyFrom::PassphraseFile(path) => return passphrase_in(path).map(Some),
        KeyFrom::Environment => {}
    }
    let set = |name: &'static str| host.env.get(name).filter(|value| !value.is_empty()).map(|v| (name, v));
    let given: Vec<_> = [KEY_FILE, PASSPHRASE, PASSPHRASE_FILE].into_iter().filter_map(set).collect();
    match given[..] {
        [] => Ok(None),
        [(KEY_FILE, path)] => key_in(Path::new(path)).map(Some),
        [(PASSPHRASE_FILE, path)] => passphrase_in(Path::new(path)).map(Some),
        [(from, words)] => passphrase(words, from).map(Some),
        [(one, _), (other, _), ..] => Err(SessionError::Refused(format!(
            "{one} and {other} are both set, and one key is wanted: unset one"
        ))),
    }
}

/// What the job names as the key of the archive at this end of it.
pub(super) fn key_of(host: &Host, account: &job::Account) -> Result<Option<Key>, SessionError> {
    let AccountPlace::Archive { key, .. } = &account.place else { return Ok(None) };
    match key {
        None => Ok(None),
        Some(KeySource::File(path)) => key_in(path).map(Some),
        Some(KeySource::Passphrase(source)) => {
            let fetched = secret::resolve_phrase(source, &host.env).map_err(|error| {
                SessionError::Refused(format!("the archive's passphrase: {}", chain(&error)))
            })?;
            passphrase(fetched.expose_secret(), "what the job names").map(Some)
        }
    }
}

/// Opens an archive for a job. An encrypted one that the job has no key for opens with the key of the environment; what
/// is made is encrypted only if the job says so.
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

/// The snapshot of a listing that the end of a job names, with what a person should know of the others.
pub(super) async fn find_snapshot(
    archive: &Archive,
    account: &job::Account,
) -> Result<(Snapshot, Vec<String>), SessionError> {
    let AccountPlace::Archive { place, of, snapshot, .. } = &account.place else {
        return Err(SessionError::Refused(format!("account `{}` is not an archive", account.name)));
    };
    let listing = archive.snapshots().await?;
    let damaged = listing.damaged.iter();
    let damaged = damaged.map(|(id, why)| format!("warning: snapshot {id} is damaged and skipped: {why}"));
    let notes = damaged.chain(from_the_future(&listing, of)).collect();
    let is_whole = |id: &str| listing.snapshots.iter().any(|snapshot| snapshot.id.as_str() == id);
    let of_account = listing.clone().of_account(of);
    let found = match snapshot {
        // The start of an id, and `latest`, are those of the account; another's is meant only where it has none.
        Some(start) if listing.latest(of).is_some() && !is_whole(start) => of_account.find(start)?,
        Some(start) => listing.find(start)?,
        None => latest(&listing, place, of)?,
    };
    Ok((found.clone(), notes))
}

/// The latest snapshot of an account. Where a newer one is damaged, the one before it is used only if the job names it:
/// nobody gets an older state without being asked.
fn latest<'l>(listing: &'l Listing, place: &str, of: &str) -> Result<&'l Snapshot, SessionError> {
    let found = listing.latest(of);
    let newer = listing.passed_over(found, Some(of));
    let check = format!("`transship archive check {place}` says more");
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

/// Says which snapshots of an account are dated in the future.
pub(super) fn from_the_future(listing: &Listing, account: &str) -> Vec<String> {
    let future = listing.future().filter(|snapshot| snapshot.account.name == account);
    let told = future.map(|snapshot| {
        format!(
            "warning: snapshot {} is dated in the future and is never `latest`; to use it, set `archive.snapshot` to its id",
            snapshot.id
        )
    });
    told.collect()
}

/// The words of a passphrase: the first line of a text, without blanks around it.
fn passphrase(text: &str, from: &str) -> Result<Key, SessionError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.lines().next().map(str::trim) {
        Some(words) if !words.is_empty() => Ok(Key::Passphrase(SecretString::from(words))),
        _ => {
            Err(SessionError::Refused(format!("the passphrase in {from} is empty: put it on the first line")))
        }
    }
}

/// The key in an age key file.
fn key_in(path: &Path) -> Result<Key, SessionError> {
    read(path, "key").map(|text| Key::File(SecretString::from(text)))
}

fn passphrase_in(path: &Path) -> Result<Key, SessionError> {
    passphrase(&read(path, "passphrase")?, &path.display().to_string())
}

fn read(path: &Path, what: &str) -> Result<String, SessionError> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).and_then(|file| file.take(READ_LIMIT).read_to_end(&mut bytes));
    let shown = path.display();
    file.map_err(|error| SessionError::Refused(format!("cannot read the {what} from {shown}: {error}")))?;
    // What is in the file is not for the message.
    String::from_utf8(bytes)
        .map_err(|_| SessionError::Refused(format!("{shown} holds no {what}: it is not a text")))
}
