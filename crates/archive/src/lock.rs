//! Who may work in an archive: many backups at once, or a single prune.
//!
//! In a folder it is the kernel's lock on the file `lock`: it ends with the process, so it is never stale. In a bucket
//! it is a lease: an object with its holder and its end, renewed while it is held; one that ran out is taken over.
//! Both sides write their own lease first and look for the other's afterwards, so of two at once at least one sees
//! the other.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::ArchiveError;
use super::own_file::{open_own, read_note, write_note};
use super::store::Store;
use crate::clock::Clock;

/// The folder of leases.
pub(super) const FOLDER: &str = "locks";
/// The file that is locked in a folder.
pub(super) const FILE: &str = "lock";
/// The lease of a process that works alone.
pub(super) const EXCLUSIVE: &str = "locks/exclusive.json";

/// How an archive is locked.
#[derive(Debug, Clone)]
pub(super) enum Locks {
    /// By the kernel, on a file in this folder.
    File(PathBuf),
    /// By lease objects beside the data, for buckets.
    Leases,
}

/// Whether others may work beside us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    Shared,
    Exclusive,
}

/// What a lock needs to know of its archive.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub store: Store,
    pub locks: Locks,
    pub holder: String,
    pub work: &'static str,
    pub lease: Duration,
    pub clock: Clock,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    holder: String,
    work: String,
    since: Timestamp,
    /// Of a lease only: without renewal it is over then.
    until: Timestamp,
    /// Only for a lease: drawn at random by its holder to distinguish it from others; empty before version 0.2.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    mark: String,
}

impl Note {
    fn shown(&self) -> String {
        format!("{} by {} since {}", self.work, self.holder, self.since)
    }

    /// Of a lease: its holder may be dead, but then it ends.
    fn leased(&self) -> String {
        format!("{}, until {:.0} unless renewed", self.shown(), self.until)
    }
}

/// A lock that is held. Dropping it lets go; [`Self::release`] also waits until that is done.
#[derive(Debug)]
pub(super) enum Held {
    File(#[expect(dead_code, reason = "held open: closing it unlocks")] File),
    Lease {
        place: String,
        lost: Arc<AtomicBool>,
        until: Arc<AtomicI64>,
        clock: Clock,
        stop: DropGuard,
        task: JoinHandle<()>,
    },
}

impl Held {
    /// Takes the lock, or says who has it.
    pub(super) async fn take(ask: Ask, sharing: Sharing) -> Result<Self, ArchiveError> {
        match ask.locks.clone() {
            Locks::File(folder) => file_lock(&ask, &folder.join(FILE), sharing),
            Locks::Leases => lease(ask, sharing).await,
        }
    }

    /// Whether it is still ours: a lease may have run out while the machine slept.
    pub(super) fn check(&self) -> Result<(), ArchiveError> {
        let Self::Lease { place, lost, until, clock, .. } = self else { return Ok(()) };
        let message = if lost.load(Ordering::SeqCst) {
            "somebody took it over"
        } else if clock.now().as_millisecond() >= until.load(Ordering::SeqCst) {
            "it ran out and could not be renewed"
        } else {
            return Ok(());
        };
        Err(ArchiveError::LockLost { place: place.clone(), message: message.to_owned() })
    }

    /// Lets go and waits until others can see that.
    pub(super) async fn release(self) {
        if let Self::Lease { stop, task, .. } = self {
            drop(stop);
            // A lease that could not be removed runs out.
            let _ = task.await;
        }
    }
}

fn note(ask: &Ask) -> Note {
    let since = ask.clock.now();
    let lease = SignedDuration::try_from(ask.lease).unwrap_or(SignedDuration::MAX);
    Note {
        holder: ask.holder.clone(),
        work: ask.work.to_owned(),
        since,
        until: since.checked_add(lease).unwrap_or(Timestamp::MAX),
        mark: format!("{:016x}", fastrand::u64(..)),
    }
}

fn busy(ask: &Ask, holder: String) -> ArchiveError {
    ArchiveError::Busy { place: ask.store.place().to_owned(), holder }
}

fn file_lock(ask: &Ask, path: &Path, sharing: Sharing) -> Result<Held, ArchiveError> {
    let mut file = open_own(path).map_err(ArchiveError::local("lock", path))?;
    let taken = match sharing {
        Sharing::Shared => file.try_lock_shared(),
        Sharing::Exclusive => file.try_lock(),
    };
    match taken {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let text = read_note(&mut file).unwrap_or_default();
            let holder = serde_json::from_slice::<Note>(&text)
                .map_or_else(|_| "another backup or prune".to_owned(), |note| note.shown());
            return Err(busy(ask, holder));
        }
        Err(TryLockError::Error(source)) => return Err(ArchiveError::local("lock", path)(source)),
    }
    // For the message that others get; of several sharing it, the last.
    let text = serde_json::to_vec(&Note { mark: String::new(), ..note(ask) }).unwrap_or_default();
    write_note(&mut file, &text).map_err(ArchiveError::local("lock", path))?;
    Ok(Held::File(file))
}

async fn lease(ask: Ask, sharing: Sharing) -> Result<Held, ArchiveError> {
    let mine = note(&ask);
    let text = serde_json::to_vec(&mine).unwrap_or_default();
    if sharing == Sharing::Exclusive && !ask.store.keeps_conditions().await? {
        // Of two that work alone each would overwrite the lease of the other.
        return Err(ArchiveError::NoConditions { place: ask.store.place().to_owned(), work: ask.work });
    }
    let name = match sharing {
        Sharing::Shared => {
            let name = format!("{FOLDER}/shared-{:016x}.json", fastrand::u64(..));
            ask.store.replace(&name, text.into()).await?;
            name
        }
        Sharing::Exclusive => {
            if !ask.store.create_own(EXCLUSIVE, text.clone().into()).await? {
                take_over(&ask, text).await?;
            }
            EXCLUSIVE.to_owned()
        }
    };
    let others = others(&ask, &name, sharing).await;
    if !matches!(others, Ok(None)) {
        ask.store.remove(&name).await?;
    }
    if let Some(other) = others? {
        return Err(busy(&ask, other.leased()));
    }
    let (lost, stop) = (Arc::new(AtomicBool::new(false)), CancellationToken::new());
    let until = Arc::new(AtomicI64::new(mine.until.as_millisecond()));
    let (place, clock) = (ask.store.place().to_owned(), ask.clock.clone());
    let renewal = renew(ask, name, mine, Arc::clone(&lost), Arc::clone(&until), stop.clone());
    Ok(Held::Lease { place, lost, until, clock, stop: stop.drop_guard(), task: tokio::spawn(renewal) })
}

/// Takes an exclusive lease that ran out; of two that try, the storage lets one.
async fn take_over(ask: &Ask, text: Vec<u8>) -> Result<(), ArchiveError> {
    let taken = match ask.store.read_version(EXCLUSIVE).await? {
        None => ask.store.create_own(EXCLUSIVE, text.into()).await?,
        Some((found, version)) => {
            // One that cannot be read was torn by nobody we know: its end is unknown, so it is not waited for.
            if let Ok(found) = serde_json::from_slice::<Note>(&found)
                && found.until > ask.clock.now()
            {
                return Err(busy(ask, found.leased()));
            }
            ask.store.replace_only_if(EXCLUSIVE, text.into(), version).await?
        }
    };
    if taken { Ok(()) } else { Err(busy(ask, "somebody who was faster".to_owned())) }
}

/// A lease that has not run out and does not go with ours.
async fn others(ask: &Ask, mine: &str, sharing: Sharing) -> Result<Option<Note>, ArchiveError> {
    let mut found = ask.store.list(FOLDER);
    while let Some(object) = found.next().await {
        let object = object?;
        if object.name == mine || (sharing == Sharing::Shared && object.name != EXCLUSIVE) {
            continue;
        }
        let Some(text) = ask.store.read(&object.name).await? else { continue };
        let Ok(note) = serde_json::from_slice::<Note>(&text) else { continue };
        if note.until > ask.clock.now() {
            return Ok(Some(note));
        }
    }
    Ok(None)
}

async fn renew(
    ask: Ask,
    name: String,
    mut mine: Note,
    lost: Arc<AtomicBool>,
    until: Arc<AtomicI64>,
    stop: CancellationToken,
) {
    let since = mine.since;
    loop {
        let pause = tokio::time::sleep(ask.lease / 3);
        if stop.run_until_cancelled(pause).await.is_none() {
            break;
        }
        // If the storage is not well, it is tried again before the lease runs out.
        let Ok(found) = ask.store.read_version(&name).await else { continue };
        let is_ours = |text: &[u8]| {
            serde_json::from_slice::<Note>(text)
                .is_ok_and(|found| found.mark == mine.mark && found.since == since)
        };
        let Some((_, version)) = found.filter(|(text, _)| is_ours(text)) else {
            lost.store(true, Ordering::SeqCst);
            return;
        };
        mine = Note { since, mark: mine.mark, ..note(&ask) };
        let text = serde_json::to_vec(&mine).unwrap_or_default();
        if ask.store.replace_if(&name, text.into(), version).await.is_ok_and(|written| written) {
            until.store(mine.until.as_millisecond(), Ordering::SeqCst);
        }
    }
    if !lost.load(Ordering::SeqCst) && mine.until > ask.clock.now() {
        // Else it may be somebody else's by now.
        let _ = ask.store.remove(&name).await;
    }
}
