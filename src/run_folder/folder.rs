//! The folder of a run: its files, and who may read them.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::documents::Hasher;
use crate::model::Fingerprint;
use crate::run_folder::error::RunFolderError;

/// The folder of one run. Its files can be read by their owner only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// An existing folder.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Creates the folder and its parents.
    ///
    /// # Errors
    ///
    /// It cannot be created, or has files already.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, RunFolderError> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(RunFolderError::file("make the folder", &path))?;
        let mut entries = fs::read_dir(&path).map_err(RunFolderError::file("read the folder", &path))?;
        if entries.next().is_some() {
            return Err(RunFolderError::BadFile {
                path,
                message: "the folder is not empty: name another, or `transship resume` the run in it"
                    .to_owned(),
            });
        }
        let owner_only = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        fs::set_permissions(&path, owner_only).map_err(RunFolderError::file("protect the folder", &path))?;
        Ok(Self(path))
    }

    /// Whether the folder has the job, the plan and the documents of a run, and no other files. Users may keep a job
    /// and its plan in a folder of their own.
    pub fn is_only_a_run(&self) -> bool {
        const FILES: [&str; 10] = [
            ".writer",
            "job.yaml",
            "plan.json",
            "wanted.jsonl",
            "known.ids",
            "before.jsonl",
            "journal.jsonl",
            "audit.csv",
            "summary.json",
            "report.html",
        ];
        let Ok(entries) = fs::read_dir(&self.0) else { return false };
        let is_own = |entry: std::io::Result<fs::DirEntry>| {
            entry.is_ok_and(|entry| FILES.iter().any(|file| entry.file_name() == *file))
        };
        let is_staged = [self.job(), self.plan(), self.wanted()].iter().all(|file| file.is_file());
        is_staged && entries.into_iter().all(is_own)
    }

    /// Creates an empty `before.jsonl` after the first record of the journal was written, before anything is sent. This
    /// distinguishes a run with a lost journal from a run that never began.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn mark_begun(&self) -> Result<(), RunFolderError> {
        let path = self.before();
        let mut options = File::options();
        options.append(true).create(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(RunFolderError::file("make", &path))?;
        sync_folder(&self.0)
    }

    /// A file that exists only if the run began, whatever its journal says: none of these is created before the journal
    /// has its first record.
    pub fn made_by_a_begun_run(&self) -> Option<PathBuf> {
        [self.before(), self.audit(), self.summary(), self.report()].into_iter().find(|file| file.exists())
    }

    /// The path of the run folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `job.yaml`: the job as run.
    pub fn job(&self) -> PathBuf {
        self.0.join("job.yaml")
    }

    /// `plan.json`: the plan.
    pub fn plan(&self) -> PathBuf {
        self.0.join("plan.json")
    }

    /// `wanted.jsonl`: the documents to be written.
    pub fn wanted(&self) -> PathBuf {
        self.0.join("wanted.jsonl")
    }

    /// `known.ids`: the ids in the target when the run was planned.
    pub fn known_ids(&self) -> PathBuf {
        self.0.join("known.ids")
    }

    /// `before.jsonl`: the documents that were overwritten or removed.
    pub fn before(&self) -> PathBuf {
        self.0.join("before.jsonl")
    }

    /// `journal.jsonl`: what happened.
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal.jsonl")
    }

    /// `audit.csv`: one row per import.
    pub fn audit(&self) -> PathBuf {
        self.0.join("audit.csv")
    }

    /// `summary.json`: the counts.
    pub fn summary(&self) -> PathBuf {
        self.0.join("summary.json")
    }

    /// `report.html`: for the person who approves the run.
    pub fn report(&self) -> PathBuf {
        self.0.join("report.html")
    }
}

/// Writes a whole file: to a temporary file, synced, then renamed. Only its owner may read it.
///
/// # Errors
///
/// The disk cannot be written to; the old file is untouched.
pub fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), RunFolderError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        // A temporary file has mode 0600.
        let mut aside = tempfile::NamedTempFile::new_in(folder)?;
        {
            let mut buffered = std::io::BufWriter::with_capacity(1 << 16, aside.as_file_mut());
            fill(&mut buffered)?;
            buffered.flush()?;
        }
        aside.as_file().sync_all()?;
        aside.persist(path)?;
        Ok(())
    };
    write().map_err(RunFolderError::file("write", path))?;
    sync_folder(folder)
}

/// Writes the entries of a folder to the disk, so that a new or renamed file in it survives a power failure.
///
/// # Errors
///
/// The folder cannot be opened or synced.
pub fn sync_folder(path: &Path) -> Result<(), RunFolderError> {
    let sync = || File::open(path)?.sync_all();
    sync().map_err(RunFolderError::file("sync the folder", path))
}

/// The hash of a file's bytes.
///
/// # Errors
///
/// It cannot be read.
pub fn hash_file(path: &Path) -> Result<Fingerprint, RunFolderError> {
    let mut file = File::open(path).map_err(RunFolderError::file("open", path))?;
    let mut hash = Hasher::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).map_err(RunFolderError::file("read", path))?;
        if read == 0 {
            return Ok(hash.finish());
        }
        hash.update(&buffer[..read]);
    }
}
