//! What counts against the limits of `stop`, read back from a journal, so that a resumed run counts on.

use std::collections::BTreeSet;

use super::{NOT_SENT, Step};
use crate::model::{ItemKey, Outcome, Verdict};

/// What went wrong since the run last stopped by itself: whoever resumes a run that stopped chose to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StopCounts {
    /// How many items were done with when the run last stopped by itself.
    pub done_before: u32,
    /// How many items failed since; a call that was never sent is sent by the resumed run.
    pub failed: u32,
    /// How many items failed one after the other in the end.
    pub failed_in_a_row: u32,
    /// The items that read back different since.
    pub differing: BTreeSet<ItemKey>,
    /// Whether it ended so that whoever resumes it chose to go on, and nothing was recorded since: it stopped by itself,
    /// or nobody agreed to the next wave.
    pub goes_on: bool,
}

impl StopCounts {
    pub(super) fn step(&mut self, item: ItemKey, step: &Step) {
        self.goes_on = false;
        match step {
            Step::Ended { outcome: Outcome::Failed, code, .. } if code == NOT_SENT => {}
            Step::Ended { outcome: Outcome::Failed, .. } => {
                self.failed += 1;
                self.failed_in_a_row += 1;
            }
            Step::Ended { .. } | Step::Applied { .. } => self.failed_in_a_row = 0,
            Step::Verified { verdict: Verdict::Differs, .. } => drop(self.differing.insert(item)),
            _ => {}
        }
    }

    /// Begins anew: the run stopped by itself when so many items were done with.
    pub(super) fn stopped(&mut self, done: u32) {
        *self = Self { done_before: done, goes_on: true, ..Self::default() };
    }
}
