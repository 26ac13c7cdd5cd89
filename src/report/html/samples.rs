//! When items began and ended, and the time axis of the charts: pauses between an interruption and the resume left out.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::Chunks;
use crate::run_folder::rows::Row;

/// A time without any event that is longer than this is left out of the axis.
const PAUSE: i64 = 60_000;

/// Bars of a chart at most.
const MOST_BINS: i64 = 60;

/// One item's time, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Sample {
    began: i64,
    ended: i64,
    again: u32,
}

/// The times of a run's items: 24 bytes each.
#[derive(Debug, Default)]
pub(super) struct Samples {
    samples: Chunks<Sample>,
    /// The first and the last moment at which anything began or ended, for each span of [`PAUSE`] in which that is so: between
    /// two moments of one there is no pause.
    busy: BTreeMap<i64, (i64, i64)>,
}

/// What the charts show.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Series {
    /// Milliseconds a bar stands for.
    pub(super) bin: i64,
    /// Items begun, per bar.
    pub(super) began: Vec<u32>,
    /// Items whose last write was answered there, per bar.
    pub(super) ended: Vec<u32>,
    /// Attempts beyond the first, per bar of their item's beginning.
    pub(super) again: Vec<u32>,
    /// Pauses left out: after which bar, how long.
    pub(super) pauses: Vec<(usize, Duration)>,
}

impl Samples {
    /// Takes an item's times, if anything was sent for it.
    pub(super) fn take(&mut self, row: &Row) {
        if let (Some(began), Some(ended)) = (row.started_at, row.answered_at) {
            let (began, ended) = (began.as_millisecond(), ended.as_millisecond());
            let ended = ended.max(began);
            for moment in [began, ended] {
                let (first, last) = self.busy.entry(moment.div_euclid(PAUSE)).or_insert((moment, moment));
                (*first, *last) = (moment.min(*first), moment.max(*last));
            }
            self.samples.push(Sample { began, ended, again: row.attempts.saturating_sub(1) });
        }
    }

    /// The milliseconds that items took, fewest first.
    pub(super) fn durations(&self) -> Vec<u64> {
        let mut durations = Vec::with_capacity(self.samples.len());
        let millis = |sample: &Sample| u64::try_from(sample.ended - sample.began).unwrap_or(0);
        durations.extend(self.samples.iter().map(millis));
        durations.sort_unstable();
        durations
    }

    /// Counts per bar of the time axis; `None` if nothing was sent.
    pub(super) fn series(&self) -> Option<Series> {
        let (first, mut before) = *self.busy.values().next()?;
        // Each stretch of work: when it began, and where it stands on the axis.
        let mut stretches = vec![(first, 0)];
        let mut pauses = Vec::new();
        let mut axis = before - first;
        for (from, to) in self.busy.values().skip(1) {
            let gap = from - before;
            if gap > PAUSE {
                stretches.push((*from, axis));
                pauses.push((axis, gap));
            } else {
                axis += gap;
            }
            axis += to - from;
            before = *to;
        }
        let place = |moment: i64| {
            let (start, at) = stretches[stretches.partition_point(|(start, _)| *start <= moment) - 1];
            at + (moment - start)
        };
        let bin = nice(axis / MOST_BINS + 1);
        let index = |at: i64| usize::try_from(at / bin).unwrap_or(0);
        let bins = index(axis) + 1;
        let mut series = Series {
            bin,
            began: vec![0; bins],
            ended: vec![0; bins],
            again: vec![0; bins],
            pauses: pauses
                .into_iter()
                .map(|(at, gap)| (index(at), Duration::from_millis(u64::try_from(gap).unwrap_or(0))))
                .collect(),
        };
        for sample in self.samples.iter() {
            let began = index(place(sample.began));
            series.began[began] += 1;
            series.ended[index(place(sample.ended))] += 1;
            series.again[began] += sample.again;
        }
        Some(series)
    }
}

/// The next span above that people count in.
pub(super) fn nice(millis: i64) -> i64 {
    const STEPS: [i64; 20] = [
        10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
        600_000, 900_000, 1_800_000, 3_600_000, 7_200_000,
    ];
    STEPS.into_iter().find(|step| *step >= millis).unwrap_or(millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_item_that_was_sent_is_counted_once_and_pauses_take_no_room() {
        let mut samples = Samples::default();
        for number in 1..=100 {
            let mut row = sample::row(number);
            row.attempts = 1 + number % 2;
            if number > 50 {
                let later = jiff::SignedDuration::from_hours(3);
                row.started_at = row.started_at.map(|at| at + later);
                row.answered_at = row.answered_at.map(|at| at + later);
                row.finished_at = row.finished_at.map(|at| at + later);
            }
            samples.take(&row);
        }
        let mut unsent = sample::row(101);
        (unsent.started_at, unsent.finished_at) = (None, None);
        samples.take(&unsent);
        let series = samples.series().unwrap();
        let sums = [&series.began, &series.ended, &series.again].map(|counts| counts.iter().sum::<u32>());
        assert_eq!(sums, [100, 100, 50]);
        assert_eq!(series.bin, 50);
        assert!(series.began.len() < 30, "three hours of nothing are left out: {series:?}");
        assert_eq!(series.pauses.len(), 1);
        assert_eq!(series.pauses[0].1.as_secs(), 3 * 3600 - 1);
        assert_eq!(samples.durations()[0], 115, "read-back is not its own call");
    }

    #[test]
    fn a_run_that_sent_nothing_has_no_charts() {
        assert_eq!(Samples::default().series(), None);
    }
}
