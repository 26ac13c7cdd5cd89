//! Locks: one run a target, one process a run. A lock is freed when its process dies, and says who holds it.
//!
//! Lock files are in folders of the user's own. They are opened without following links, and only their owner can read
//! and lock them.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::model::{Fingerprint, Lease};
use crate::run_folder::folder::RunFolder;
use crate::run_folder::holder::{read_holder, write_holder};
use crate::run_folder::plan_item::AccountFacts;
use crate::run_folder::staging::make_private;

pub use crate::run_folder::holder::{Holder, Writer};

/// Why a lock could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{0}: wait until it is over")]
    Held(String),
    /// The lock file cannot be used.
    #[error("cannot use the lock {}: {help}", path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// How to fix it.
        help: String,
        /// The error of the file system.
        #[source]
        source: io::Error,
    },
}

/// How often, and how long each time, to wait for a lock that a mere check may hold.
const LOOKS: usize = 3;
const LOOK: Duration = Duration::from_millis(20);

/// The lock of a target account; freed when dropped, or when the process dies.
#[derive(Debug)]
pub struct TargetLock {
    _file: File,
    path: PathBuf,
    identity: FileIdentity,
}

/// Distinguishes files at the same path: device and number.
type FileIdentity = (u64, u64);

fn identity_of(found: &std::fs::Metadata) -> FileIdentity {
    (found.dev(), found.ino())
}

impl TargetLock {
    /// Takes the lock of the account in `folder`; `apart` distinguishes accounts of one origin and user, such as the
    /// data file of an emulator.
    ///
    /// # Errors
    ///
    /// Another run holds the account, or the lock file cannot be used.
    pub fn take(
        folder: &Path,
        account: &AccountFacts,
        apart: &str,
        holder: &Holder,
    ) -> Result<Self, LockError> {
        let identity = format!(
            "{} {} {apart}",
            same_origin(&account.origin),
            account.user.as_deref().unwrap_or_default()
        );
        let name = Fingerprint::of(identity.as_bytes()).to_string();
        let path = folder.join(format!("{}.lock", &name[..16]));
        let failed = |source| LockError::File {
            path: path.clone(),
            help: "set XDG_STATE_HOME to a folder of your own".to_owned(),
            source,
        };
        own_folder(folder).map_err(failed)?;
        let mut file = open_own(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_holder(&mut file);
                let holder = if holder.is_empty() { holder } else { format!(" ({holder})") };
                let name = &account.name;
                return Err(LockError::Held(format!("another run holds account `{name}`{holder}")));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        write_holder(&mut file, holder).map_err(failed)?;
        let identity = identity_of(&file.metadata().map_err(failed)?);
        Ok(Self { _file: file, path, identity })
    }
}

impl Lease for TargetLock {
    /// The system keeps the lock as long as the process lives. But if the file is replaced, another process can take
    /// the new one.
    fn still_held(&self) -> bool {
        // If there is no file, nobody has taken another.
        std::fs::metadata(&self.path).map_or(true, |there| identity_of(&there) == self.identity)
    }

    fn how_lost(&self) -> String {
        format!("another lock file stands in the place of {}", self.path.display())
    }
}

/// The lock of a run folder, held by the process that writes its journal.
///
/// The lock is on the journal itself, so it works for any path to the folder.
#[derive(Debug)]
pub struct RunLock {
    _journal: File,
    note: PathBuf,
}

impl RunLock {
    /// Takes the lock of a run whose journal exists.
    ///
    /// # Errors
    ///
    /// Another process writes the run, or the journal cannot be opened.
    pub fn take(folder: &RunFolder, holder: &Holder) -> Result<Self, LockError> {
        let (path, note) = (folder.journal(), note_of(folder));
        let failed = |source| LockError::File {
            path: path.clone(),
            help: "the journal of a run has to be a file that its owner can write".to_owned(),
            source,
        };
        let journal = File::options().read(true).append(true).open(&path).map_err(failed)?;
        match lock_unless_held(&journal) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = open_own(&note).map(|mut note| read_holder(&mut note)).unwrap_or_default();
                let holder = if holder.is_empty() { holder } else { format!(" ({holder})") };
                let place = folder.path().display();
                return Err(LockError::Held(format!("another process writes the run in {place}{holder}")));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The lock works without it; only its holder could not be named.
        let _ = open_own(&note).and_then(|mut note| write_holder(&mut note, holder));
        Ok(Self { _journal: journal, note })
    }

    /// Whether a process is writing the run.
    pub fn is_held(folder: &RunFolder) -> bool {
        let Ok(journal) = File::open(folder.journal()) else { return false };
        matches!(journal.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// The process that is writing the run, if any.
    pub fn writer(folder: &RunFolder) -> Option<Writer> {
        Self::is_held(folder).then(|| {
            let open = |flags| File::options().read(true).custom_flags(flags).open(note_of(folder));
            let note = unfollowed().and_then(open);
            Writer::of(&note.map(|mut note| read_holder(&mut note)).unwrap_or_default())
        })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // A remaining note names the last writer; only the lock counts.
        let _ = std::fs::remove_file(&self.note);
    }
}

/// The origin of a service in a single spelling: without differences of case, default port, trailing slash and the
/// names of this machine.
pub(crate) fn same_origin(origin: &str) -> String {
    let Ok(url) = url::Url::parse(origin) else { return origin.to_owned() };
    let Some(host) = url.host() else { return origin.to_owned() };
    let is_here = match &host {
        url::Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        url::Host::Ipv4(address) => address.is_loopback() || address.is_unspecified(),
        url::Host::Ipv6(address) => {
            let mapped = address.to_ipv4_mapped().is_some_and(|address| address.is_loopback());
            address.is_loopback() || address.is_unspecified() || mapped
        }
    };
    let host =
        if is_here { "this machine".to_owned() } else { host.to_string().trim_end_matches('.').to_owned() };
    let port = url.port_or_known_default().map_or_else(String::new, |port| port.to_string());
    format!("{}:{port}", host.to_lowercase())
}

/// Creates the folder of locks, and makes sure that it is the user's own.
fn own_folder(folder: &Path) -> io::Result<()> {
    make_private(folder)?;
    let found = std::fs::metadata(folder)?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("its folder belongs to another user"));
    }
    if found.mode() & 0o077 != 0 {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Flags for opening a file without following a link and without waiting.
fn unfollowed() -> io::Result<i32> {
    i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).map_err(io::Error::other)
}

/// Opens a file for a lock, and creates it if needed: never through a link, never another user's.
fn open_own(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(unfollowed()?);
    let file = options.open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if found.mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// The file next to a journal that says who writes it.
fn note_of(folder: &RunFolder) -> PathBuf {
    folder.path().join(".writer")
}

/// Takes the lock of a journal. Waits for a process that holds it for a moment to check whether it is held.
fn lock_unless_held(journal: &File) -> Result<(), TryLockError> {
    for _ in 0..LOOKS {
        match journal.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK),
            taken => return taken,
        }
    }
    journal.try_lock()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn account(origin: &str) -> AccountFacts {
        AccountFacts { name: "eu".into(), origin: origin.into(), user: Some("u1".into()) }
    }

    fn holder() -> Holder {
        Holder { process: "process 7 on here".into(), since: Timestamp::UNIX_EPOCH, what: "job j".into() }
    }

    #[test]
    fn one_account_has_one_lock_however_its_address_is_written() {
        let check = |one: &str, other: &str, same: bool| {
            let folder = tempfile::tempdir().unwrap();
            let _first = TargetLock::take(folder.path(), &account(one), "", &holder()).unwrap();
            let second = TargetLock::take(folder.path(), &account(other), "", &holder());
            assert_eq!(second.is_err(), same, "{one} and {other}");
        };
        check("http://localhost:8080", "http://127.0.0.1:8080", true);
        check("http://localhost:8080", "http://[::1]:8080/", true);
        check("http://LOCALHOST:8080", "http://127.0.0.2:8080", true);
        check("https://api.integrator.io", "https://API.integrator.io:443/", true);
        check("https://api.integrator.io", "https://api.integrator.io.", true);
        check("https://api.integrator.io", "https://api.eu.integrator.io", false);
        check("http://localhost:8080", "http://localhost:8081", false);
        check("emulator:a", "emulator:b", false);
    }

    #[test]
    fn a_lock_file_that_was_replaced_is_a_lock_that_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let first = TargetLock::take(folder.path(), &account("emulator:a"), "", &holder()).unwrap();
        assert!(first.still_held());
        std::fs::remove_file(&first.path).unwrap();
        assert!(first.still_held(), "nobody else has it");
        let second = TargetLock::take(folder.path(), &account("emulator:a"), "", &holder()).unwrap();
        assert!(!first.still_held() && second.still_held());
        assert!(first.how_lost().contains(".lock"), "{}", first.how_lost());
    }

    #[test]
    fn who_holds_a_target_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let _held = TargetLock::take(folder.path(), &account("emulator:a"), "", &holder()).unwrap();
        let error = TargetLock::take(folder.path(), &account("emulator:a"), "", &holder()).unwrap_err();
        let wanted = "another run holds account `eu` (process 7 on here, since 1970-01-01T00:00:00.000Z, job j): \
                      wait until it is over";
        assert_eq!(error.to_string(), wanted);
        // A note that is being written is never read in part.
        let path = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        std::fs::write(path, "process 24137 on vm, since 2026-").unwrap();
        let error = TargetLock::take(folder.path(), &account("emulator:a"), "", &holder()).unwrap_err();
        assert_eq!(error.to_string(), "another run holds account `eu`: wait until it is over");
    }

    #[test]
    fn a_lock_file_is_never_behind_a_link_and_is_its_owners_only() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let locks = folder.path().join("locks");
        drop(TargetLock::take(&locks, &account("emulator:a"), "", &holder()).unwrap());
        let path = std::fs::read_dir(&locks).unwrap().next().unwrap().unwrap().path();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&locks)), (0o600, 0o700));
        std::fs::remove_file(&path).unwrap();
        let precious = other.path().join("precious");
        std::fs::write(&precious, "kept").unwrap();
        std::os::unix::fs::symlink(&precious, &path).unwrap();
        let error = TargetLock::take(&locks, &account("emulator:a"), "", &holder()).unwrap_err();
        assert!(matches!(error, LockError::File { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "kept");
    }

    #[test]
    fn a_run_is_written_by_one_process_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(place.path());
        std::fs::write(folder.journal(), "").unwrap();
        assert!(!RunLock::is_held(&folder));
        let held = RunLock::take(&folder, &holder()).unwrap();
        assert!(RunLock::is_held(&folder));
        let writer = RunLock::writer(&folder).unwrap();
        assert_eq!(writer.to_string(), "process 7 on here, since 1970-01-01 00:00:00 UTC");
        let error = RunLock::take(&folder, &holder()).unwrap_err();
        assert!(error.to_string().contains("(process 7 on here, since 1970"), "{error}");
        drop(held);
        assert_eq!(RunLock::writer(&folder), None);
        RunLock::take(&folder, &holder()).unwrap();
    }
}
