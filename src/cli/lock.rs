//! One run per target: a file lock that says who holds it, and is freed by a dying process.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

use super::failure::Failure;
use super::world::CliContext;
use crate::model::Fingerprint;
use crate::model::time::stamp;
use crate::run_folder::plan_item::AccountFacts;

/// The lock of a target account; freed when dropped, or when the process dies.
#[derive(Debug)]
pub(super) struct TargetLock {
    _file: File,
}

/// Takes the lock of an account for a run in `folder`.
pub(super) fn hold(world: &CliContext, account: &AccountFacts, what: &str) -> Result<TargetLock, Failure> {
    let path = path(world, account)?;
    let bad = |error: std::io::Error| {
        Failure::BadInput(format!("cannot take the lock {}: {error}; set XDG_STATE_HOME", path.display()))
    };
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(bad)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // What cannot be read is left out of the message.
            let _ = file.read_to_string(&mut holder);
            let holder = holder.lines().next().unwrap_or_default().to_owned();
            let holder = if holder.is_empty() { String::new() } else { format!(" ({holder})") };
            return Err(Failure::Held(format!(
                "another run holds account `{}`{holder}: wait until it is over",
                account.name
            )));
        }
        Err(TryLockError::Error(error)) => return Err(bad(error)),
    }
    let text = format!("process {}, since {}, {what}\n", std::process::id(), stamp(world.clock.now()));
    let write = |file: &mut File| -> std::io::Result<()> {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    };
    write(&mut file).map_err(bad)?;
    Ok(TargetLock { _file: file })
}

fn path(world: &CliContext, account: &AccountFacts) -> Result<PathBuf, Failure> {
    let folder = world.user_folder("XDG_STATE_HOME", ".local/state").join("locks");
    std::fs::create_dir_all(&folder).map_err(|error| {
        Failure::BadInput(format!("cannot make the folder {}: {error}; set XDG_STATE_HOME", folder.display()))
    })?;
    let mut identity = format!("{} {}", account.origin, account.user.as_deref().unwrap_or_default());
    if account.origin.starts_with("emulator:") {
        // Each data file has accounts of its own.
        identity.push_str(&world.emulator_data().display().to_string());
    }
    let name = Fingerprint::of(identity.as_bytes()).to_string();
    Ok(folder.join(format!("{}.lock", &name[..16])))
}
