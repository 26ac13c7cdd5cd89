//! `archive prune`: what stays and what goes, with the reason for each.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::list::damaged;
use super::table::{Column, Table, column, spare};
use super::{Form, json as write_json, when};
use crate::archive::PruneReport;
use crate::report::text::{Paint, Tone, bytes, clean, count};

const TABLE: [Column; 5] = [
    column("", 6),
    column("snapshot", usize::MAX),
    // The id begins with it.
    spare("time", 20),
    column("account", 24),
    column("why", usize::MAX),
];

/// Writes what a prune did, or with `dry_run` would do.
///
/// # Errors
///
/// `out` cannot be written.
pub fn prune(report: &PruneReport, dry_run: bool, form: Form, out: &mut dyn Write) -> io::Result<()> {
    let Form::Text { color, width } = form else { return write_json(&value(report, dry_run), out) };
    let paint = Paint { color };
    let mut table = Table::new(&TABLE);
    for decision in &report.decisions {
        let snapshot = &decision.snapshot;
        let word = if decision.keep { "keep" } else { "remove" };
        table.row([
            word.to_owned(),
            snapshot.id.to_string(),
            when(snapshot.time),
            snapshot.account.name.clone(),
            decision.reasons.join(", "),
        ]);
    }
    if !report.decisions.is_empty() {
        table.write(width, paint, out)?;
    }
    for (id, message) in &report.damaged {
        let word = paint.tone(Tone::Bad, "damaged");
        writeln!(out, "{word} {id}: {}; it stays, and no rule counts it", clean(message))?;
    }
    pruned(report, dry_run, form, out)
}

/// Writes the totals of a prune, for a person who has seen the rest.
///
/// # Errors
///
/// `out` cannot be written.
pub fn pruned(report: &PruneReport, dry_run: bool, form: Form, out: &mut dyn Write) -> io::Result<()> {
    let Form::Text { color, .. } = form else { return write_json(&value(report, dry_run), out) };
    let removed = report.decisions.iter().filter(|decision| !decision.keep).count() as u64;
    let kept = report.decisions.len() as u64 - removed;
    let lead = if dry_run { "would remove" } else { "removed" };
    let (snapshots, files) = (count(removed, "snapshot", "snapshots"), report.files_removed);
    let files = count(files, "other file", "other files");
    let freed = bytes(report.bytes_freed);
    writeln!(out, "{lead} {snapshots} and {files} ({freed}); {} left", count(kept, "snapshot", "snapshots"))?;
    if report.young > 0 {
        let young = count(report.young, "blob", "blobs");
        writeln!(out, "{young} that no snapshot names, too young to go: a later prune takes them")?;
    }
    if let Some(why) = &report.sweep_refused {
        let word = Paint { color }.tone(Tone::Warn, "no blob was removed:");
        writeln!(out, "{word} {}", clean(why))?;
    }
    Ok(())
}

fn value(report: &PruneReport, dry_run: bool) -> Value {
    let decisions = report.decisions.iter().map(|decision| {
        json!({
            "snapshot": decision.snapshot.id,
            "time": decision.snapshot.time,
            "account": decision.snapshot.account.name,
            "keep": decision.keep,
            "reasons": decision.reasons,
        })
    });
    json!({
        "dry_run": dry_run,
        "decisions": decisions.collect::<Vec<_>>(),
        "damaged": damaged(&report.damaged),
        "files_removed": report.files_removed,
        "bytes_freed": report.bytes_freed,
        "young": report.young,
        "sweep_refused": report.sweep_refused,
    })
}
