//! The files that a job names, as they were when it was read: they identify the version of the whole job.

use std::path::PathBuf;

use crate::model::Fingerprint;

/// A file that a job names: a CSV of names, of ids or of field names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Its path as the job has it.
    pub written: String,
    /// Its absolute path.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: Fingerprint,
}
