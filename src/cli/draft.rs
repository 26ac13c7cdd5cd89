//! The folder a plan is made in, before there is a run.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::model::crash;
use crate::run_folder::folder::RunFolder;

/// A folder in which a plan is made; gone again unless it is kept as a run.
#[derive(Debug)]
pub(super) struct Draft(PathBuf);

impl Draft {
    /// Makes it beside the place the run will have, so that it can be renamed.
    pub(super) fn begin(place: &Path) -> Result<Self, Failure> {
        if place.exists() {
            // Refuses a folder that holds files.
            RunFolder::create(place).map_err(|error| Failure::BadInput(super::failure::chain(&error)))?;
        }
        let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(|error| {
            Failure::BadInput(format!("cannot make the folder {}: {error}", parent.display()))
        })?;
        let draft = tempfile::Builder::new()
            .prefix(".planning-")
            .permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(|error| Failure::BadInput(format!("cannot write to {}: {error}", parent.display())))?;
        Ok(Self(draft.keep()))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it the folder of a run, with the job as run.
    pub(super) fn keep(self, place: &Path, job: &str) -> Result<RunFolder, Failure> {
        crash::point("draft.before_keep");
        std::fs::write(self.0.join("job.yaml"), job)?;
        let owner_only = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
        std::fs::set_permissions(self.0.join("job.yaml"), owner_only)?;
        // An empty folder gives way to the rename.
        std::fs::rename(&self.0, place)?;
        if let Some(parent) = place.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::File::open(parent)?.sync_all()?;
        }
        crash::point("draft.after_keep");
        Ok(RunFolder::at(place))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After it was kept there is nothing of that name.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
