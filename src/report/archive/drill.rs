//! The result of a drill, snapshot by snapshot.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::{Form, json, when};
use crate::archive::SnapshotId;
use crate::model::Id;
use crate::report::text::{clean, count, number};

/// The result of drilling one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drilled {
    /// The snapshot that was restored from.
    pub snapshot: String,
    /// Whose imports they are.
    pub account: String,
    /// How many imports the snapshot has.
    pub imports: u64,
    /// How many were restored now because they were never restored as they are.
    pub new: u64,
    /// How many were restored now because their last drill was longest ago.
    pub again: u64,
    /// How many imports of the snapshot were restored and compared at some time, as they are.
    pub restorable: u64,
    /// When the one that was drilled longest ago was.
    pub oldest: Option<Timestamp>,
    /// Those that could not be restored.
    pub failed: Vec<Unrestored>,
    /// Newer snapshots of the account that cannot be read, if the latest was to be tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub newer: Vec<Unreadable>,
}

impl Drilled {
    /// Whether the account can be restored as it was last backed up, as far as the drill can say.
    pub fn is_good(&self) -> bool {
        self.failed.is_empty() && self.newer.is_empty()
    }
}

/// A snapshot that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The snapshot, by its id.
    pub snapshot: String,
    /// What is wrong with it.
    pub why: String,
}

impl From<&(SnapshotId, String)> for Unreadable {
    fn from((id, why): &(SnapshotId, String)) -> Self {
        Self { snapshot: id.to_string(), why: why.clone() }
    }
}

/// An import that could not be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unrestored {
    /// The import's id in the account it was backed up from.
    pub id: Id,
    /// The import's name as the snapshot has it.
    pub name: String,
    /// Why it would not be restored.
    pub why: String,
}

/// Writes what a drill found.
///
/// # Errors
///
/// `out` cannot be written.
pub fn drill(found: &[Drilled], form: Form, out: &mut dyn Write) -> io::Result<()> {
    if form == Form::Json {
        return json(&found, out);
    }
    for drilled in found {
        one(drilled, out)?;
    }
    Ok(())
}

fn one(drilled: &Drilled, out: &mut dyn Write) -> io::Result<()> {
    let word = if drilled.is_good() { "good" } else { "NOT good" };
    let restored = drilled.new + drilled.again - drilled.failed.len() as u64;
    writeln!(
        out,
        "drill of {}: {word}: {} restored and compared ({} new, {} again)",
        clean(&drilled.account),
        count(restored, "import", "imports"),
        number(drilled.new),
        number(drilled.again)
    )?;
    let longest = drilled.oldest.map(|oldest| format!("; longest ago: {}", when(oldest))).unwrap_or_default();
    writeln!(
        out,
        "  {} of {} in snapshot {} are known to restore{longest}",
        number(drilled.restorable),
        number(drilled.imports),
        clean(&drilled.snapshot)
    )?;
    for Unreadable { snapshot, why } in &drilled.newer {
        writeln!(out, "  the newer snapshot {} cannot be read: {}", clean(snapshot), clean(why))?;
    }
    for failed in &drilled.failed {
        writeln!(
            out,
            "  cannot be restored: \"{}\" ({}): {}",
            clean(&failed.name),
            failed.id,
            clean(&failed.why)
        )?;
    }
    Ok(())
}
