//! What the read-back of an item shows in addition to its verdict: whether the service or possibly another person made
//! the change.

use jiff::Timestamp;

use crate::job::Verify;
use crate::model::Verdict;
use crate::run_folder::plan_item::PlanHead;
use crate::run_folder::rows::Row;

impl PlanHead {
    /// Whether everything that this run writes is read back.
    pub fn reads_back(&self) -> bool {
        self.settings.verify == Verify::Full
    }
}

impl Row {
    /// Whether it was written, but the service did not return it at the read-back.
    pub fn could_not_be_read_back(&self) -> bool {
        self.outcome.wrote() && self.verdict == Verdict::NotChecked && !self.differences.is_empty()
    }

    /// Whether it was written but never read back.
    pub fn was_not_read_back(&self) -> bool {
        self.outcome.wrote() && self.verdict == Verdict::NotChecked && self.differences.is_empty()
    }

    /// Whether the read-back is the same as the answer to the last write: then the service made all differences.
    pub fn reads_back_as_answered(&self) -> bool {
        !self.is_last_adopted && self.written.0.is_some() && self.written.0 == self.target_sha256
    }

    /// Whether a difference at the read-back may be another person's edit after the write: the write got no answer, or
    /// the answer was another document and the times do not show that it is the same version.
    pub fn may_have_been_edited(&self) -> bool {
        let has_read_another = self.verdict == Verdict::Differs
            && self.seen_modified.is_some()
            && !self.reads_back_as_answered();
        let is_same_version = !self.is_last_adopted
            && self.written.0.is_some()
            && self.written.1 == self.seen_modified
            && self.seen_modified.as_deref().is_some_and(is_exact);
        has_read_another && !is_same_version
    }
}

/// Whether a time is precise enough that no two versions of a document share it.
fn is_exact(modified: &str) -> bool {
    modified.parse().is_ok_and(|at: Timestamp| at.subsec_nanosecond() != 0)
}
