//! Decides when a run stops by itself. Pure.

use std::collections::HashSet;

use crate::job::{Limit, Stop};
use crate::journal::StopCounts;
use crate::model::{ItemKey, Outcome, WaitsFor};

/// Counts failures against the limits of `stop`.
#[derive(Debug)]
pub(crate) struct Policy {
    stop: Stop,
    /// Items to write since the run last stopped by itself.
    total: u64,
    failures: u64,
    in_a_row: u64,
    differing: HashSet<ItemKey>,
    reason: Option<String>,
    waits_for: Option<WaitsFor>,
    token_refused: bool,
}

impl Policy {
    /// Limits for a plan with `work` items to write, of which earlier processes made `counts`.
    pub(crate) fn new(stop: Stop, work: u64, counts: &StopCounts) -> Self {
        Self {
            stop,
            total: work.saturating_sub(counts.done_before.into()),
            failures: counts.failed.into(),
            in_a_row: counts.failed_in_a_row.into(),
            differing: counts.differing.iter().copied().collect(),
            reason: None,
            waits_for: None,
            token_refused: false,
        }
    }

    /// An item has its outcome.
    pub(crate) fn ended(&mut self, outcome: Outcome) {
        if outcome != Outcome::Failed {
            self.in_a_row = 0;
            return;
        }
        self.failures += 1;
        self.in_a_row += 1;
        if let Some(limit) = self.stop.failures
            && self.reached(limit, self.failures)
        {
            self.halt(format!("{} of {} imports failed (`stop.failures`)", self.failures, self.total));
        }
        if let Some(limit) = self.stop.consecutive
            && self.in_a_row >= u64::from(limit)
        {
            self.halt(format!("{} imports failed in a row (`stop.consecutive`)", self.in_a_row));
        }
    }

    /// A written import is not what was sent, according to the answer to the write or, later, to the read-back.
    pub(crate) fn differed(&mut self, item: ItemKey) {
        self.differing.insert(item);
        let differing = self.differing.len() as u64;
        if let Some(limit) = self.stop.differs
            && self.reached(limit, differing)
        {
            self.halt(format!(
                "{differing} of {} imports are not what was sent (`stop.differs`)",
                self.total
            ));
        }
    }

    /// The number of written imports that are known not to be what was sent.
    pub(crate) fn differing(&self) -> usize {
        self.differing.len()
    }

    /// The service no longer accepts the token.
    pub(crate) fn refuse_token(&mut self) {
        self.token_refused = true;
    }

    pub(crate) fn token_refused(&self) -> bool {
        self.token_refused
    }

    /// The reason why the run stops, if it does.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Stops the run, for this reason if it is the first.
    pub(crate) fn halt(&mut self, reason: String) {
        self.reason.get_or_insert(reason);
    }

    /// Stops the run, if nothing else did, for a reason that only a new run of the job can do away with.
    pub(crate) fn halt_for_good(&mut self, reason: String) {
        if self.reason.is_none() {
            self.waits_for = Some(WaitsFor::NewRun);
        }
        self.halt(reason);
    }

    /// What the run waits for, if it stops and only that lets it go on.
    pub(crate) fn waits_for(&self) -> Option<WaitsFor> {
        self.waits_for
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of imports are far below 2^52")]
    fn reached(&self, limit: Limit, count: u64) -> bool {
        match limit {
            Limit::Count(limit) => count >= u64::from(limit),
            // A share is exceeded, not reached: 5 % of 20 lets one fail.
            Limit::Share(share) => count as f64 > share * self.total as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopped_after(stop: Stop, total: u64, outcomes: &[Outcome]) -> Option<usize> {
        let mut policy = Policy::new(stop, total, &StopCounts::default());
        outcomes.iter().position(|outcome| {
            policy.ended(*outcome);
            policy.stopped().is_some()
        })
    }

    #[test]
    fn a_run_stops_at_the_failure_that_is_one_too_many_and_not_before() {
        use Outcome::{Created, Failed};
        let count = Stop { failures: Some(Limit::Count(2)), ..Stop::default() };
        assert_eq!(stopped_after(count, 100, &[Failed, Created, Failed]), Some(2));
        let share = Stop { failures: Some(Limit::Share(0.05)), ..Stop::default() };
        assert_eq!(stopped_after(share, 20, &[Failed, Created]), None);
        assert_eq!(stopped_after(share, 20, &[Failed, Created, Failed]), Some(2));
        let row = Stop { consecutive: Some(2), ..Stop::default() };
        assert_eq!(stopped_after(row, 9, &[Failed, Created, Failed, Created]), None);
        assert_eq!(stopped_after(row, 9, &[Failed, Created, Failed, Failed]), Some(3));
        assert_eq!(stopped_after(Stop::default(), 9, &[Failed; 9]), None);
    }

    #[test]
    fn a_resumed_run_counts_on() {
        let stop = Stop { failures: Some(Limit::Count(3)), consecutive: Some(2), ..Stop::default() };
        let counts = StopCounts { failed: 2, failed_in_a_row: 0, ..StopCounts::default() };
        let mut policy = Policy::new(stop, 9, &counts);
        policy.ended(Outcome::Failed);
        assert_eq!(policy.stopped(), Some("3 of 9 imports failed (`stop.failures`)"));
        let counts = StopCounts { failed: 1, failed_in_a_row: 1, done_before: 4, ..counts };
        let mut policy = Policy::new(stop, 9, &counts);
        policy.ended(Outcome::Failed);
        assert_eq!(policy.stopped(), Some("2 imports failed in a row (`stop.consecutive`)"));
    }
}
