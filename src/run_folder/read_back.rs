//! What the read-back of an item shows in addition to its verdict: whether the service made the change, or somebody
//! else may have.

use jiff::Timestamp;

use crate::job::Verify;
use crate::model::Verdict;
use crate::run_folder::plan_item::PlanHead;
use crate::run_folder::rows::Row;

impl PlanHead {
    /// Whether everything that its run writes is read back.
    pub fn reads_back(&self) -> bool {
        self.settings.verify == Verify::Full
    }
}

impl Row {
    /// Whether it was written, and the service did not show it at the read-back.
    pub fn could_not_be_read_back(&self) -> bool {
        self.outcome.wrote() && self.verdict == Verdict::NotChecked && !self.differences.is_empty()
    }

    /// Whether it was written and nobody tried to read it back.
    pub fn was_not_read_back(&self) -> bool {
        self.outcome.wrote() && self.verdict == Verdict::NotChecked && self.differences.is_empty()
    }

    /// Whether the read-back showed just what the last write was answered with: what differs of it is the service's own doing.
    pub fn reads_back_as_answered(&self) -> bool {
        !self.is_last_adopted && self.written.0.is_some() && self.written.0 == self.target_sha256
    }

    /// Whether what differs at the read-back may be an edit that somebody made between the write and that: its write got no answer,
    /// or was answered with another document and the times do not show that it is the same version.
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

/// Whether a time is so exact that no two versions of a document share it.
fn is_exact(modified: &str) -> bool {
    modified.parse().is_ok_and(|at: Timestamp| at.subsec_nanosecond() != 0)
}
