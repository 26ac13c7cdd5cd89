//! How long calls took, counted in classes: exact enough for a report, and small for any number of calls.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Counts durations by class. Each class is an eighth of its size wide, so results are at most an eighth too long.
///
/// On disk it is a list of pairs: the longest duration of a class in milliseconds, and its count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Latencies(BTreeMap<u64, u64>);

impl From<Vec<(u64, u64)>> for Latencies {
    fn from(classes: Vec<(u64, u64)>) -> Self {
        Self(classes.into_iter().collect())
    }
}

impl From<Latencies> for Vec<(u64, u64)> {
    fn from(latencies: Latencies) -> Self {
        latencies.0.into_iter().collect()
    }
}

impl Latencies {
    /// Counts a duration.
    pub fn add(&mut self, took: Duration) {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        *self.0.entry(upper(millis)).or_default() += 1;
    }

    /// Adds the counts of another one.
    pub fn merge(&mut self, other: &Self) {
        for (class, count) in &other.0 {
            *self.0.entry(*class).or_default() += count;
        }
    }

    /// The counts since `earlier`, an earlier state of this one.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let left = |(class, count): (&u64, &u64)| {
            let left = count.saturating_sub(earlier.0.get(class).copied().unwrap_or(0));
            (left > 0).then_some((*class, left))
        };
        Self(self.0.iter().filter_map(left).collect())
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The duration that `percent` of a hundred do not exceed, rounded up to its class; zero if nothing was counted.
    pub fn percentile(&self, percent: u64) -> Duration {
        let rank = (u128::from(self.count()) * u128::from(percent)).div_ceil(100);
        let mut seen = 0_u128;
        for (class, count) in &self.0 {
            seen += u128::from(*count);
            if seen >= rank {
                return Duration::from_millis(*class);
            }
        }
        Duration::ZERO
    }
}

/// The longest duration of the class that contains this number of milliseconds.
fn upper(millis: u64) -> u64 {
    let Some(bits) = millis.checked_ilog2().filter(|bits| *bits > 3) else { return millis };
    let shift = bits - 3;
    millis | ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_at_most_an_eighth_too_long() {
        let mut latencies = Latencies::default();
        (1..=1000).for_each(|millis| latencies.add(Duration::from_millis(millis)));
        for (percent, exact) in [(1, 10), (50, 500), (95, 950), (100, 1000)] {
            let found = latencies.percentile(percent).as_millis();
            assert!((exact..=exact + exact / 8).contains(&found), "{percent}: {found}");
        }
        assert_eq!(latencies.count(), 1000);
        assert!(serde_json::to_string(&latencies).unwrap().len() < 600, "small");
        assert_eq!(Latencies::default().percentile(50), Duration::ZERO);
        assert_eq!(upper(u64::MAX), u64::MAX);
    }

    #[test]
    fn two_parts_of_a_run_come_to_the_whole() {
        let mut first = Latencies::default();
        first.add(Duration::from_millis(7));
        let mut whole = first.clone();
        whole.add(Duration::from_millis(300));
        let second = whole.since(&first);
        assert_eq!(second.count(), 1);
        first.merge(&second);
        assert_eq!(first, whole);
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Latencies>(&text).unwrap(), whole);
    }
}
