//! Remembers how far partial checks have progressed, so that each continues where the last one ended.
//!
//! The place is kept in the archive. A share picked by the day alone would be the same one every Sunday if it goes
//! round in seven days.

use serde::{Deserialize, Serialize};

use super::layout::CHECKED;
use super::share::Share;
use super::{Archive, ArchiveError};

#[derive(Serialize, Deserialize)]
struct Checked {
    /// The first bucket of blobs that was not read yet.
    next: u32,
}

impl Archive {
    /// The share that is to be read next: so many percent from where the last one ended; in an archive that has no note of
    /// that, by the day. `None` unless more than 0 and at most 100.
    ///
    /// # Errors
    ///
    /// The storage does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: it only reads.
    pub async fn next_share(&self, percent: f64) -> Result<Option<Share>, ArchiveError> {
        let found = self.store().read(CHECKED).await?;
        let next = found.and_then(|text| serde_json::from_slice::<Checked>(&text).ok());
        let day = self.options().clock.now().as_second().max(0).unsigned_abs() / 86_400;
        Ok(next.map_or_else(|| Share::percent(percent, day), |next| Share::beginning(percent, next.next)))
    }

    /// Notes that a share was read, so that the next one begins behind it.
    ///
    /// # Errors
    ///
    /// The archive cannot be written: the next check then reads what this one read.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the share may be noted or not; if not, the next check reads it again.
    pub async fn share_was_read(&self, share: Share) -> Result<(), ArchiveError> {
        if share == Share::ALL {
            return Ok(());
        }
        let mut text = serde_json::to_vec(&Checked { next: share.end() })
            .map_err(|error| self.store().damaged(CHECKED, error.to_string()))?;
        text.push(b'\n');
        self.store().replace(CHECKED, text.into()).await
    }
}
