//! The part of the blobs that a check reads.

use transship_documents::Fingerprint;

/// Blobs are divided into this many buckets by their names.
pub(super) const BUCKETS: u32 = 1 << 16;

/// Which blobs a check reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    first: u32,
    width: u32,
}

impl Share {
    /// All of them.
    pub const ALL: Self = Self { first: 0, width: BUCKETS };

    /// So many percent, others in each `round` (the number of the day, say): after `100 / percent` rounds, rounded up,
    /// all were read. `None` unless more than 0 and at most 100.
    pub fn percent(percent: f64, round: u64) -> Option<Self> {
        let share = Self::beginning(percent, 0)?;
        let first = u32::try_from(round % u64::from(share.rounds())).unwrap_or_default() * share.width;
        Some(Self { first, ..share })
    }

    /// So many percent, from this bucket on and round.
    pub(super) fn beginning(percent: f64, first: u32) -> Option<Self> {
        if !(percent > 0.0 && percent <= 100.0) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 65,536")]
        let width = (f64::from(BUCKETS) * percent / 100.0).ceil() as u32;
        Some(if width == BUCKETS { Self::ALL } else { Self { first: first % BUCKETS, width } })
    }

    /// The bucket behind its last: where the next share begins.
    pub(super) fn end(self) -> u32 {
        (self.first + self.width) % BUCKETS
    }

    /// After how many checks of such a share, each where the one before ended, everything was read.
    pub fn rounds(self) -> u32 {
        BUCKETS.div_ceil(self.width)
    }

    /// Whether a blob of this name is read.
    pub fn has(self, blob: Fingerprint) -> bool {
        let bucket = u32::from(blob.0[0]) << 8 | u32::from(blob.0[1]);
        (bucket + BUCKETS - self.first) % BUCKETS < self.width
    }
}
