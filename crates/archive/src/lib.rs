//! Backups: documents by content, snapshots that are whole or absent, and the proof that they restore.
//!
//! | file | what it is |
//! |---|---|
//! | `archive.json` | the format, and the archive's secret if it is encrypted |
//! | `blobs/ab/<hash>.zst` | the text of a document, once however often it is backed up |
//! | `snapshots/<time>-<account>-<4 hex>.jsonl.zst` | a snapshot: what it is of, then an entry a line |
//! | `snapshots/….sha256` | the hash of the manifest: what says that a manifest is missing |
//! | `notes/` | what a drill found; it may be lost without losing a backup |
//! | `lock`, `locks/`, `tmp/` | who is at work; what is not finished |
//! | `checked.json` | how far the checks of a share have come |
//!
//! Promises: a snapshot is listed only after every document of it was read back and compared; a text that is not
//! exactly what was backed up is never returned; whatever stops a backup or a prune, every snapshot that is listed is
//! whole. It never talks to the service and never decides what to back up. In an encrypted archive the name of an
//! account can still be read (in the file names of snapshots), and how many documents there are of which length.

pub mod check;
mod check_progress;
pub mod cipher;
pub mod clock;
pub mod compare;
mod conditions;
mod confirm;
pub mod error;
pub mod export;
mod export_index;
mod export_place;
mod folder;
mod layout;
pub mod location;
mod lock;
pub mod manifest;
mod names;
mod notes;
pub mod objects;
pub mod open;
mod own_file;
mod packed;
pub mod prune;
pub mod read;
pub mod retention;
pub mod share;
pub mod shrink;
pub mod snapshot;
mod sorted;
mod store;

pub mod writer;

pub use check::{Affected, CheckReport, Damage, Fault};
pub use cipher::Key;
pub use clock::Clock;
pub use compare::{SnapshotDiff, Version, Whose};
pub use error::ArchiveError;
pub use export::ExportReport;
pub use location::ArchiveOptions;
pub use manifest::Entries;
pub use objects::{ObjectVersion, Objects};
pub use open::Archive;
pub use prune::{PruneOptions, PruneReport};
pub use read::{Listing, Size};
pub use retention::{Decision, Policy, Series};
pub use share::Share;
pub use shrink::shrunk;
pub use snapshot::{Account, Entry, Facts, Notes, Snapshot, SnapshotId};
pub use writer::{Added, SnapshotWriter};
