//! `archive check`: what is damaged, what is affected by it, and one line that says whether everything is intact.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Form, json as write_json};
use crate::archive::{Affected, CheckReport, Damage, Fault, Share, SnapshotId};
use crate::report::text::{Paint, Tone, bytes, clean, count, number};

/// How many of the snapshots that lose a document are named in a line for people.
const NAMED: usize = 3;

/// What a check read, and what it found.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    /// What the check found.
    pub report: &'a CheckReport,
    /// The share of the blobs that it read.
    pub share: Share,
    /// The archive as the user calls it.
    pub place: &'a str,
}

/// Writes what a check found.
///
/// # Errors
///
/// `out` cannot be written.
pub fn check(checked: Checked<'_>, form: Form, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Text { color, .. } => text(checked, Paint { color }, out),
        Form::Json | Form::Csv => write_json(&value(checked), out),
    }
}

fn text(checked: Checked<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let report = checked.report;
    for damage in &report.damage {
        let word = paint.tone(Tone::Bad, format!("{:<10}", fault(damage.fault)));
        writeln!(out, "{word} {}: {}", clean(&damage.path), clean(&damage.message))?;
        if let Some(snapshot) = whole_snapshot(damage) {
            writeln!(out, "           takes the whole snapshot {snapshot} with it")?;
        }
        for ((kind, id, name), snapshots) in by_document(&damage.affected) {
            let (kind, id, name) = (clean(kind), clean(id), clean(name));
            writeln!(out, "           takes with it: {kind}  {name}  {id}  in {}", named(&snapshots))?;
        }
        let more = damage.affected_count.saturating_sub(damage.affected.len() as u64);
        if more > 0 {
            writeln!(out, "           and {} more", number(more))?;
        }
    }
    for note in &report.notes {
        writeln!(out, "{} {}", paint.tone(Tone::Warn, "note      "), clean(note))?;
    }
    if !report.is_good() {
        writeln!(
            out,
            "help       put the files named above back from a copy of the archive; the next backup writes a blob again if \
             its document is still the same\n           to give up a snapshot that cannot be repaired, remove its files in \
             snapshots/"
        )?;
    }
    let (tone, word) = if report.is_good() { (Tone::Good, "good      ") } else { (Tone::Bad, "damaged   ") };
    writeln!(out, "{} {}", paint.tone(tone, word), verdict(checked))
}

fn verdict(checked: Checked<'_>) -> String {
    let CheckReport { snapshots, blobs, blobs_read, bytes_read, unreferenced, damage, .. } = checked.report;
    let (place, snapshots) = (clean(checked.place), count(*snapshots, "whole snapshot", "whole snapshots"));
    let size = bytes(*bytes_read);
    let read = if checked.share == Share::ALL {
        format!("all {} read ({size})", count(*blobs_read, "blob", "blobs"))
    } else {
        let rounds = count(checked.share.rounds(), "such check", "such checks");
        let all = blobs + unreferenced;
        format!("{} of {} blobs read ({size}; all of them after {rounds})", number(*blobs_read), number(all))
    };
    let spare = if *unreferenced > 0 {
        format!(", {} that no snapshot names", number(*unreferenced))
    } else {
        String::new()
    };
    if damage.is_empty() {
        return format!("{place}: {snapshots}, {read}{spare}");
    }
    let files = count(damage.len() as u64, "damaged or missing file", "damaged or missing files");
    let lost: BTreeSet<_> =
        damage.iter().flat_map(|damage| &damage.affected).map(|hit| (&hit.kind, &hit.id)).collect();
    let lost = count(lost.len() as u64, "document", "documents");
    let hurt: BTreeSet<&SnapshotId> =
        damage.iter().flat_map(|damage| &damage.affected).map(|hit| &hit.snapshot).collect();
    let gone = damage.iter().filter_map(whole_snapshot).count() as u64;
    let mut losses = Vec::new();
    if !hurt.is_empty() {
        losses.push(format!("{lost} lost in {}", count(hurt.len() as u64, "snapshot", "snapshots")));
    }
    if gone > 0 {
        losses.push(format!("{} lost as a whole", count(gone, "snapshot", "snapshots")));
    }
    if losses.is_empty() {
        losses.push("nothing is lost".to_owned());
    }
    format!("{place}: {files}; {}; {snapshots}, {read}{spare}", losses.join(", "))
}

fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => "missing",
        Fault::Damaged => "damaged",
        Fault::Newer => "newer",
        Fault::Unreadable => "unreadable",
    }
}

/// The snapshot that cannot be read at all because its manifest is damaged.
fn whole_snapshot(damage: &Damage) -> Option<SnapshotId> {
    let (stem, end) = damage.path.strip_prefix("snapshots/")?.split_once('.')?;
    (end != "sha256").then(|| SnapshotId::parse(stem))?
}

/// Documents, each with the snapshots that lose it.
fn by_document(affected: &[Affected]) -> BTreeMap<(&str, &str, &str), Vec<&SnapshotId>> {
    let mut documents: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for Affected { snapshot, kind, id, name } in affected {
        documents.entry((kind.as_str(), id.as_str(), name.as_str())).or_default().push(snapshot);
    }
    documents
}

fn named(snapshots: &[&SnapshotId]) -> String {
    let first: Vec<&str> = snapshots.iter().take(NAMED).map(|id| id.as_str()).collect();
    match snapshots.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn value(checked: Checked<'_>) -> Value {
    let report = checked.report;
    let damage = report.damage.iter().map(|damage| {
        let affected = damage.affected.iter().map(|Affected { snapshot, kind, id, name }| {
            json!({ "snapshot": snapshot, "kind": kind, "id": id, "name": name })
        });
        json!({
            "path": damage.path,
            "fault": fault(damage.fault),
            "message": damage.message,
            "snapshot": whole_snapshot(damage),
            "affected": affected.collect::<Vec<_>>(),
            "affected_count": damage.affected_count,
        })
    });
    json!({
        "good": report.is_good(),
        "all": checked.share == Share::ALL,
        "turns": checked.share.rounds(),
        "snapshots": report.snapshots,
        "blobs": report.blobs,
        "blobs_read": report.blobs_read,
        "bytes_read": report.bytes_read,
        "unreferenced": report.unreferenced,
        "damage": damage.collect::<Vec<_>>(),
        "notes": report.notes,
    })
}
