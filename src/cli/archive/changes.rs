//! What changed between two versions of a document, as both are in the archive.

use crate::archive::{Archive, ArchiveError, Entry};
use crate::documents::diff::diff;
use crate::report::archive::Compared;

/// Reads both and compares them. Damage is reported, and is not an error, so that the others can still be shown.
pub(super) async fn compared(
    archive: &Archive,
    before: &Entry,
    after: &Entry,
) -> Result<Compared, ArchiveError> {
    let (one, other) = match (archive.document(before).await, archive.document(after).await) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(error), _) | (_, Err(error)) if error.is_damage() => {
            return Ok(Compared::Unreadable(error.to_string()));
        }
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    if one == other {
        return Ok(Compared::Changes(Vec::new()));
    }
    Ok(match (serde_json::from_slice(&one), serde_json::from_slice(&other)) {
        (Ok(one), Ok(other)) => Compared::Changes(diff(&one, &other)),
        _ => Compared::Texts,
    })
}
