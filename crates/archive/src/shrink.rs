//! The safeguard against an account that suddenly shows far fewer imports than before.

/// Tells whether more than the share `limit` (0 to 1) of what was there last time is gone: that share, if so.
pub fn shrunk(before: u64, gone: u64, limit: f64) -> Option<f64> {
    if gone == 0 || before == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share of counts far below 2^52")]
    let share = gone as f64 / before as f64;
    (share > limit).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_may_go_and_not_one_more() {
        for (before, gone, alarm) in [
            (0, 0, false),
            (10, 0, false),
            (100, 20, false),
            (100, 21, true),
            (1, 1, true),
            (10_000, 10_000, true),
        ] {
            assert_eq!(shrunk(before, gone, 0.2).is_some(), alarm, "{gone} of {before}");
        }
    }
}
