//! The guard against an account that suddenly shows far less than it did.

/// An account that shrank more than it may.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrunk {
    /// How many there were last time.
    pub before: u64,
    /// How many there are.
    pub now: u64,
    /// The share that is gone, from 0 to 1.
    pub gone: f64,
}

/// Tells whether more than the share `limit` (0 to 1) of what was there last time is gone.
pub fn shrunk(before: u64, now: u64, limit: f64) -> Option<Shrunk> {
    let lost = before.saturating_sub(now);
    if lost == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share of counts far below 2^52")]
    let gone = lost as f64 / before as f64;
    (gone > limit).then_some(Shrunk { before, now, gone })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_may_go_and_not_one_more() {
        for (before, now, alarm) in [
            (0, 0, false),
            (0, 10, false),
            (10, 12, false),
            (100, 80, false),
            (100, 79, true),
            (1, 0, true),
            (10_000, 0, true),
        ] {
            assert_eq!(shrunk(before, now, 0.2).is_some(), alarm, "{before} to {now}");
        }
    }
}
