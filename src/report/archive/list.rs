//! `archive list`: the snapshots, and the size of the archive.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::table::{Column, Table, column, numbers, spare};
use super::{Form, json, when};
use crate::archive::{Listing, Size, Snapshot, SnapshotId};
use crate::documents::references::Kind;
use crate::report::audit::Sheet;
use crate::report::text::{Paint, Tone, bytes, clean, count, number};

const TABLE: [Column; 8] = [
    column("id", usize::MAX),
    // The id begins with it.
    spare("time", 20),
    column("account", 24),
    numbers("imports"),
    numbers("other"),
    numbers("size"),
    numbers("new"),
    column("tags", 40),
];
const COLUMNS: [&str; 12] = [
    "id",
    "time",
    "account",
    "origin",
    "imports",
    "other",
    "text_bytes",
    "new_blobs",
    "new_bytes",
    "tags",
    "run",
    "damage",
];

#[derive(Serialize)]
struct Listed<'a> {
    snapshots: Vec<Counted<'a>>,
    damaged: Vec<Damaged<'a>>,
    totals: Totals,
}

/// A snapshot with the counts that the table shows.
#[derive(Serialize)]
struct Counted<'a> {
    #[serde(flatten)]
    snapshot: &'a Snapshot,
    imports: u64,
    other: u64,
}

/// A snapshot that cannot be read.
#[derive(Serialize)]
pub(super) struct Damaged<'a> {
    id: &'a SnapshotId,
    message: &'a str,
}

#[derive(Serialize)]
struct Totals {
    snapshots: u64,
    blobs: u64,
    bytes: u64,
    encrypted: bool,
}

pub(super) fn damaged(list: &[(SnapshotId, String)]) -> Vec<Damaged<'_>> {
    list.iter().map(|(id, message)| Damaged { id, message }).collect()
}

fn counted(snapshot: &Snapshot) -> Counted<'_> {
    let imports = snapshot.counts.get(Kind::Imports.as_str()).copied().unwrap_or_default();
    Counted { snapshot, imports, other: snapshot.entries.saturating_sub(imports) }
}

/// Writes the list of snapshots; `sizes` are those of the whole archive.
///
/// # Errors
///
/// `out` cannot be written.
pub fn list(
    listing: &Listing,
    sizes: &BTreeMap<String, Size>,
    encrypted: bool,
    form: Form,
    out: &mut dyn Write,
) -> io::Result<()> {
    let snapshots: Vec<_> = listing.snapshots.iter().map(counted).collect();
    let totals = Totals {
        snapshots: snapshots.len() as u64,
        blobs: sizes.get("blobs").map_or(0, |size| size.files),
        bytes: sizes.values().map(|size| size.bytes).sum(),
        encrypted,
    };
    match form {
        Form::Json => json(&Listed { snapshots, damaged: damaged(&listing.damaged), totals }, out),
        Form::Csv => csv(&snapshots, &listing.damaged, out),
        Form::Text { color, width } => {
            text(&snapshots, &listing.damaged, &totals, (width, Paint { color }), out)
        }
    }
}

fn text(
    snapshots: &[Counted<'_>],
    damaged: &[(SnapshotId, String)],
    totals: &Totals,
    (columns, paint): (usize, Paint),
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut table = Table::new(&TABLE);
    for Counted { snapshot, imports, other } in snapshots {
        table.row([
            snapshot.id.to_string(),
            when(snapshot.time),
            snapshot.account.name.clone(),
            number(*imports),
            number(*other),
            bytes(snapshot.text_bytes),
            bytes(snapshot.new_bytes),
            snapshot.tags.join(", "),
        ]);
    }
    if !snapshots.is_empty() {
        table.write(columns, paint, out)?;
    }
    for (id, message) in damaged {
        writeln!(out, "{} {id}: {}", paint.tone(Tone::Bad, "damaged"), clean(message))?;
    }
    let encrypted = if totals.encrypted { ", encrypted" } else { "" };
    let (whole, blobs) = (totals.snapshots, count(totals.blobs, "blob", "blobs"));
    let told =
        format!("{}, {blobs}, {}{encrypted}", count(whole, "snapshot", "snapshots"), bytes(totals.bytes));
    writeln!(out, "{}", paint.tone(Tone::Dim, told))
}

fn csv(snapshots: &[Counted<'_>], damaged: &[(SnapshotId, String)], out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet::new(out, &COLUMNS)?;
    for Counted { snapshot, imports, other } in snapshots {
        let cells = [
            snapshot.id.to_string(),
            snapshot.time.to_string(),
            snapshot.account.name.clone(),
            snapshot.account.origin.clone(),
            imports.to_string(),
            other.to_string(),
            snapshot.text_bytes.to_string(),
            snapshot.new_blobs.to_string(),
            snapshot.new_bytes.to_string(),
            snapshot.tags.join(" "),
            snapshot.run.clone().unwrap_or_default(),
            String::new(),
        ];
        sheet.row(cells.iter().map(String::as_str))?;
    }
    for (id, message) in damaged {
        let blank = std::iter::repeat_n("", COLUMNS.len() - 2);
        sheet.row(std::iter::once(id.as_str()).chain(blank).chain([message.as_str()]))?;
    }
    sheet.finish()
}
