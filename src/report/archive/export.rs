//! `archive export`: how many files were written, and what was left alone.

use std::io::{self, Write};
use std::path::Path;

use serde_json::json;

use super::{Form, json as write_json};
use crate::archive::{ExportReport, SnapshotId};
use crate::report::text::{Paint, Tone, clean, count, number};

/// Writes what an export did.
///
/// # Errors
///
/// `out` cannot be written.
pub fn export(
    report: &ExportReport,
    snapshot: &SnapshotId,
    folder: &Path,
    form: Form,
    out: &mut dyn Write,
) -> io::Result<()> {
    let ExportReport { files, written, removed, edited, moved, damaged } = report;
    let unchanged = files.saturating_sub(*written);
    let Form::Text { color, .. } = form else {
        let folder = folder.to_string_lossy();
        let damaged: Vec<_> = damaged
            .iter()
            .map(|(document, problem)| json!({ "document": document, "problem": problem }))
            .collect();
        let told = json!({ "snapshot": snapshot, "folder": folder, "files": files, "written": written,
            "unchanged": unchanged, "removed": removed, "edited": edited, "moved": moved, "damaged": damaged });
        return write_json(&told, out);
    };
    for (document, why) in damaged {
        let word = Paint { color }.tone(Tone::Bad, "not exported");
        writeln!(out, "{word} {}: {}", clean(document), clean(why))?;
    }
    for path in edited {
        let word = Paint { color }.tone(Tone::Warn, "left alone");
        let path_now = moved.get(path);
        let path = clean(path);
        match path_now {
            None => {
                writeln!(out, "{word} {path}: it was edited, and the snapshot no longer has its document")?
            }
            Some(now) => writeln!(
                out,
                "{word} {path}: it was edited, and its document is in {} now; take the edit over into that file and remove \
                 this one before the folder is applied",
                clean(now)
            )?,
        }
    }
    let folder = clean(&folder.display().to_string());
    writeln!(
        out,
        "{snapshot} in {folder}: {}; {} written, {} unchanged, {} removed",
        count(*files, "file", "files"),
        number(*written),
        number(unchanged),
        number(*removed)
    )
}
