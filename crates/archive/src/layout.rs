//! The paths of all files of an archive. FORMAT.md describes each file.

/// The format, and the archive's secret if it is encrypted.
pub(super) const HEADER: &str = "archive.json";
/// The folder of the texts.
pub(super) const BLOBS: &str = "blobs";
/// The folder of the manifests.
pub(super) const SNAPSHOTS: &str = "snapshots";
/// The folder of notes.
pub(super) const NOTES: &str = "notes";
/// How far partial checks have progressed.
pub(super) const CHECKED: &str = "checked.json";
