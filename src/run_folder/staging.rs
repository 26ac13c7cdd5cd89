//! The folder in which a plan is made, before there is a run.
//!
//! The process that uses it locks it, so that the remains of a killed process can be recognised.

use std::fs::{DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::model::crash;
use crate::run_folder::error::RunFolderError;
use crate::run_folder::folder::{RunFolder, sync_folder};

/// How the names of staging folders begin.
const PREFIX: &str = ".planning-";

/// A folder in which a plan is made; removed when dropped, unless it became a run.
#[derive(Debug)]
pub struct StagingFolder {
    path: PathBuf,
    _lock: File,
}

impl StagingFolder {
    /// Creates it next to `place`, the future folder of the run, so that it can be renamed. Removes the staging folders
    /// that killed processes left there.
    ///
    /// # Errors
    ///
    /// `place` has files already, or its parent folder cannot be written to.
    pub fn create(place: &Path) -> Result<Self, RunFolderError> {
        if place.exists() {
            // Refuses a folder that holds files.
            RunFolder::create(place)?;
        }
        let parent = parent_of(place);
        std::fs::create_dir_all(parent).map_err(RunFolderError::file("make the folder", parent))?;
        // `runs` lists the folders that cannot be removed.
        let _ = clear_leftovers(parent);
        loop {
            if let Some(made) = Self::try_make(parent).map_err(RunFolderError::file("write to", parent))? {
                return Ok(made);
            }
        }
    }

    /// Creates a locked folder; `None` if another process, which was cleaning up, removed it before it was locked.
    fn try_make(parent: &Path) -> std::io::Result<Option<Self>> {
        let made = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700))
            .tempdir_in(parent)?;
        Self::lock(made.keep())
    }

    /// Locks a new folder; `None` if it no longer exists.
    fn lock(path: PathBuf) -> std::io::Result<Option<Self>> {
        let lock = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            lock => lock?,
        };
        lock.lock()?;
        // A process that removes it holds the lock until it is removed.
        Ok(path.exists().then_some(Self { path, _lock: lock }))
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Turns it into the folder of a run, with the job. When this returns, everything is on disk.
    ///
    /// # Errors
    ///
    /// The job cannot be written or the folder cannot be renamed; it is removed then.
    pub fn keep(self, place: &Path, job: &str) -> Result<RunFolder, RunFolderError> {
        crash::point("draft.before_keep");
        let path = self.path.join("job.yaml");
        let write = || -> std::io::Result<()> {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(job.as_bytes())?;
            file.sync_all()
        };
        write().map_err(RunFolderError::file("write", &path))?;
        sync_folder(&self.path)?;
        // The rename replaces an empty folder.
        std::fs::rename(&self.path, place).map_err(RunFolderError::file("make the folder", place))?;
        sync_folder(parent_of(place))?;
        crash::point("draft.after_keep");
        Ok(RunFolder::at(place))
    }
}

impl Drop for StagingFolder {
    fn drop(&mut self) {
        // If it became a run, the name no longer exists.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// The parent folder of a path; the current folder for a bare name.
pub fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The staging folders in `parent` that no process uses any more. They may hold documents in clear.
pub fn leftovers(parent: &Path) -> Vec<PathBuf> {
    unused(parent).into_iter().map(|(path, _)| path).collect()
}

/// Removes the staging folders in `parent` that no process uses any more. Returns their paths.
///
/// # Errors
///
/// One of them cannot be removed.
pub fn clear_leftovers(parent: &Path) -> Result<Vec<PathBuf>, RunFolderError> {
    let mut cleared = Vec::new();
    for (path, _lock) in unused(parent) {
        std::fs::remove_dir_all(&path).map_err(RunFolderError::file("remove", &path))?;
        cleared.push(path);
    }
    Ok(cleared)
}

/// Each with its lock, so that no other process removes it at the same time.
fn unused(parent: &Path) -> Vec<(PathBuf, File)> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<(PathBuf, File)> = entries
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()))
        // Links are not followed: only folders in this place are removed.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| {
            let folder = File::open(entry.path()).ok()?;
            folder.try_lock().ok()?;
            Some((entry.path(), folder))
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Creates a folder and its parents, which only their owner can enter.
pub(crate) fn make_private(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_made_while_others_clear_are_there_and_locked() {
        let runs = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|maker| {
                    let runs = runs.path();
                    scope.spawn(move || {
                        for number in 0..200 {
                            let made =
                                StagingFolder::create(&runs.join(format!("{maker}-{number}"))).unwrap();
                            assert!(made.path().is_dir());
                        }
                    })
                })
                .collect();
            makers.into_iter().for_each(|maker| maker.join().unwrap());
        });
    }

    #[test]
    fn a_staging_folder_that_a_killed_process_left_is_removed_by_the_next() {
        let runs = tempfile::tempdir().unwrap();
        let left = runs.path().join(".planning-killed");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("wanted.jsonl"), "in clear").unwrap();
        let used = StagingFolder::create(&runs.path().join("one")).unwrap();
        assert!(!left.exists());
        let other = StagingFolder::create(&runs.path().join("other")).unwrap();
        assert!(used.path().exists(), "one that is in use was removed");
        assert!(other.path().exists());
        assert_eq!(leftovers(runs.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_link_that_is_named_like_a_staging_folder_is_not_followed() {
        let (runs, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(other.path().join("precious"), "").unwrap();
        std::os::unix::fs::symlink(other.path(), runs.path().join(".planning-link")).unwrap();
        drop(StagingFolder::create(&runs.path().join("one")).unwrap());
        assert!(other.path().join("precious").exists());
    }

    #[test]
    fn what_is_kept_is_a_run_folder_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt;
        let runs = tempfile::tempdir().unwrap();
        let place = runs.path().join("run");
        let folder = StagingFolder::create(&place).unwrap().keep(&place, "version: 1\n").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(std::fs::read_to_string(folder.job()).unwrap(), "version: 1\n");
        assert_eq!((mode(&folder.job()), mode(folder.path())), (0o600, 0o700));
        assert_eq!(std::fs::read_dir(runs.path()).unwrap().count(), 1);
    }
}
