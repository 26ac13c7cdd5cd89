//! What a restore reports in addition to the outcomes: the snapshot that it read, and what still names imports by
//! their old ids.

use std::io::{self, Write};

use super::text::{clean, number};
use crate::run_folder::plan_item::SnapshotRead;
use crate::run_folder::summary::Summary;

/// How many users of old ids are named; more are counted.
const NAMED: usize = 10;

/// `20260304T020000Z-us-1a2b of account us, taken 2026-03-04 02:00:00 UTC`.
pub(crate) fn in_words(read: &SnapshotRead) -> String {
    let (id, account) = (clean(&read.id), clean(&read.account));
    let taken = read.time.map(|time| format!(", taken {}", time.strftime("%Y-%m-%d %H:%M:%S UTC")));
    format!("{id} of account {account}{}", taken.unwrap_or_default())
}

/// Flows, APIs and tools that name an import by its old id.
pub(crate) fn old_ids(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let all = &summary.old_ids_in_use;
    if all.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "These still name an import by its old id; run the job again with --repoint-flows to point them to the new one:"
    )?;
    for user in all.iter().take(NAMED) {
        writeln!(out, "  {}", clean(user))?;
    }
    match all.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => writeln!(out, "  … and {} more, in audit.csv", number(more as u64)),
    }
}
