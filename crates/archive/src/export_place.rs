//! Where an export may be written.

use std::path::Path;

use super::ArchiveError;
use super::layout::HEADER;

/// Refuses to put files among those of an archive or of a run: they would count as damage there.
pub(super) fn refuse_what_is_no_export(folder: &Path) -> Result<(), ArchiveError> {
    let whole = std::path::absolute(folder).map_err(ArchiveError::local("find", folder))?;
    for above in whole.ancestors() {
        for (file, what) in [(HEADER, "an archive"), ("journal.jsonl", "the folder of a run")] {
            if above.join(file).is_file() {
                let place = if above == whole { "is" } else { "lies in" };
                return Err(ArchiveError::Refused(format!(
                    "{} {place} {what}, where an export does not belong: choose another folder",
                    folder.display()
                )));
            }
        }
    }
    Ok(())
}
