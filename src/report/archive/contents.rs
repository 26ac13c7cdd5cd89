//! `archive show`: one snapshot, and its documents as they arrive.

use std::io::{self, Write};

use super::{Form, when};
use crate::archive::{Entry, Snapshot};
use crate::report::audit::Sheet;
use crate::report::columns::{Column, Columns};
use crate::report::text::{Paint, Tone, bytes, clean, count, of_kind, wrap};

const COLUMNS: [&str; 9] =
    ["kind", "id", "name", "adaptor_type", "integration", "last_modified", "bytes", "fingerprint", "blob"];

/// The table: kind, id, name, adaptor, the day it was modified, size.
const TABLE: [Column; 6] = [
    Column::Fixed(12),
    Column::Fixed(24),
    Column::Rest,
    Column::Spare(17),
    Column::Spare(10),
    Column::Number(8),
];

/// Writes the documents of a snapshot.
#[derive(Debug)]
pub struct Contents<W: Write>(Shape<W>, u64);

#[derive(Debug)]
enum Shape<W: Write> {
    Text { out: W, paint: Paint, columns: Columns },
    Json(W),
    Csv(Box<Sheet<W>>),
}

impl<W: Write> Contents<W> {
    /// Writes what the snapshot says about itself.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn begin(mut out: W, form: Form, snapshot: &Snapshot) -> io::Result<Self> {
        let shape = match form {
            Form::Text { width, color } => {
                let paint = Paint { color };
                head(snapshot, width, paint, &mut out)?;
                let columns = Columns::new(&TABLE, width);
                let heads = columns.line(&["kind", "id", "name", "adaptor", "modified", "size"]);
                writeln!(out, "\n{}", paint.tone(Tone::Strong, heads))?;
                Shape::Text { out, paint, columns }
            }
            Form::Json => {
                out.write_all(b"{\"snapshot\":")?;
                serde_json::to_writer(&mut out, snapshot).map_err(io::Error::from)?;
                out.write_all(b",\n\"entries\":[")?;
                Shape::Json(out)
            }
            Form::Csv => Shape::Csv(Box::new(Sheet::new(out, &COLUMNS)?)),
        };
        Ok(Self(shape, 0))
    }

    /// Writes a document.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.1 += 1;
        let some = |text: &Option<String>| text.clone().unwrap_or_default();
        match &mut self.0 {
            Shape::Text { out, columns, .. } => {
                let day: String = some(&entry.last_modified).chars().take(10).collect();
                let (adaptor, size) = (some(&entry.adaptor_type), bytes(entry.bytes));
                let cells = [&entry.kind, entry.id.as_str(), &entry.name, &adaptor, &day, &size].map(clean);
                writeln!(out, "{}", columns.line(&cells.each_ref().map(String::as_str)))
            }
            Shape::Json(out) => {
                out.write_all(if self.1 == 1 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(out, entry).map_err(io::Error::from)
            }
            Shape::Csv(sheet) => {
                let integration = entry.integration.as_ref().map(ToString::to_string).unwrap_or_default();
                let cells = [
                    entry.kind.clone(),
                    entry.id.to_string(),
                    entry.name.clone(),
                    some(&entry.adaptor_type),
                    integration,
                    some(&entry.last_modified),
                    entry.bytes.to_string(),
                    entry.fingerprint.to_string(),
                    entry.blob.to_string(),
                ];
                sheet.row(cells.iter().map(String::as_str))
            }
        }
    }

    /// Writes the end.
    ///
    /// # Errors
    ///
    /// `out` cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Shape::Text { mut out, paint, .. } => {
                writeln!(out, "{}", paint.tone(Tone::Dim, count(self.1, "document", "documents")))?;
                out.flush()
            }
            Shape::Json(mut out) => {
                out.write_all(b"\n]}\n")?;
                out.flush()
            }
            Shape::Csv(sheet) => sheet.finish(),
        }
    }
}

fn head(snapshot: &Snapshot, columns: usize, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let account = &snapshot.account;
    let origin = if account.origin.is_empty() { String::new() } else { format!(" ({})", account.origin) };
    let counts: Vec<String> = snapshot.counts.iter().map(|(kind, one)| of_kind(kind, *one)).collect();
    let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
    let new = count(snapshot.new_blobs, "new blob", "new blobs");
    let size = format!("{} of text, {new} of {}", bytes(snapshot.text_bytes), bytes(snapshot.new_bytes));
    let selection = snapshot.selection.clone();
    let mended = (snapshot.mended_blobs > 0).then(|| {
        format!("{} found damaged and written again", count(snapshot.mended_blobs, "blob", "blobs"))
    });
    let lines = [
        ("Snapshot", Some(snapshot.id.to_string())),
        ("Time", Some(when(snapshot.time))),
        ("Account", Some(format!("{}{origin}", account.name))),
        ("Holds", Some(counts)),
        ("Size", Some(size)),
        ("Mended", mended),
        ("Selection", selection),
        ("Tags", (!snapshot.tags.is_empty()).then(|| snapshot.tags.join(", "))),
        ("Run", snapshot.run.clone()),
    ];
    for (label, text) in lines {
        if let Some(text) = text {
            let text =
                wrap(&clean(&text), columns.saturating_sub(11), 0).replace('\n', &format!("\n{:11}", ""));
            writeln!(out, "{} {text}", paint.tone(Tone::Strong, format!("{label:<10}")))?;
        }
    }
    Ok(())
}
