//! Drops warnings at the place of an error: they are often only its consequence.

use std::collections::BTreeMap;
use std::ops::Range;

/// Where a problem stands.
pub(super) struct Spot {
    /// The position of its file among the report's.
    pub(super) file: usize,
    /// The bytes it is about.
    pub(super) at: Range<usize>,
    /// Whether it is an error, and no warning.
    pub(super) is_error: bool,
}

/// Whether each problem is reported: errors are, and warnings that overlap no error; `None` is a whole file.
pub(super) fn told(spots: &[Option<Spot>]) -> Vec<bool> {
    let mut errors: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for spot in spots.iter().flatten().filter(|spot| spot.is_error) {
        let end = errors.entry((spot.file, spot.at.start)).or_default();
        *end = spot.at.end.max(*end);
    }
    let is_told = |spot: &Option<Spot>| {
        let Some(spot) = spot.as_ref().filter(|spot| !spot.is_error) else { return true };
        let before = errors.range((spot.file, 0)..=(spot.file, spot.at.end)).next_back();
        before.is_none_or(|(_, end)| *end < spot.at.start)
    };
    spots.iter().map(is_told).collect()
}
