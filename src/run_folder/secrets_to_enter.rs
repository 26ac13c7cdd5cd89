//! What comes back from the recycle bin, and which masked secrets a person has to enter after a run: what comes back from there
//! has its own again.

use crate::model::{Id, Operation};
use crate::run_folder::plan_item::{NOT_IN_BIN, PlanItem};

impl PlanItem {
    /// Whether it is to be restored and the plan saw that the recycle bin no longer holds it.
    pub fn is_not_in_bin(&self) -> bool {
        self.operation == Operation::Restore && self.warnings.iter().any(|warning| warning == NOT_IN_BIN)
    }

    /// Those that have to be entered if everything goes as planned.
    pub fn secrets_to_enter(&self) -> &[String] {
        let comes_back =
            self.operation == Operation::Restore && self.target.is_some() && !self.is_not_in_bin();
        if comes_back { &[] } else { &self.secrets }
    }

    /// Those that have to be entered now that it is `made`, if it is.
    pub(crate) fn secrets_left(&self, made: Option<&Id>) -> &[String] {
        match (made, &self.target) {
            (Some(made), Some(was)) if self.operation == Operation::Restore => {
                if *made == was.id {
                    &[]
                } else {
                    &self.secrets
                }
            }
            _ => self.secrets_to_enter(),
        }
    }
}
