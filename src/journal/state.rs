//! The state of an item, and the rule for its steps: the same live and in replay.

use crate::model::{Id, Outcome, Verdict};

use super::record::{Call, Step};

/// Which call an item is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The operation of the plan.
    Operation,
    /// The PUT after a clone.
    Adjust,
}

impl From<Call> for Phase {
    fn from(call: Call) -> Self {
        match call {
            Call::Operation => Self::Operation,
            Call::Adjust => Self::Adjust,
        }
    }
}

/// The state of an item. `I` is the form in which it holds ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ItemState<I = Id> {
    /// Nothing has been sent that had an effect.
    #[default]
    Untouched,
    /// The intent of a call was written; whether the call had its effect is unknown.
    InDoubt {
        /// Which of the item's calls it is.
        phase: Phase,
        /// The import it works on, when known (all but the first call of a create).
        target: Option<I>,
    },
    /// It had its effect.
    Applied {
        /// Which of the item's calls it is.
        phase: Phase,
        /// The import in the target.
        target: I,
    },
    /// Read back and compared.
    Verified {
        /// The import in the target.
        target: I,
        /// The result of the comparison.
        verdict: Verdict,
    },
    /// Ended, without an effect of this run, or (after a clone) with half of it.
    Ended {
        /// How the item ended.
        outcome: Outcome,
        /// What this run made before it ended, if anything.
        target: Option<I>,
    },
}

impl<I> ItemState<I> {
    /// The same state with its id in another form.
    pub(super) fn with_id<J>(&self, held: impl FnOnce(&I) -> J) -> ItemState<J> {
        match self {
            Self::Untouched => ItemState::Untouched,
            Self::InDoubt { phase, target } => {
                ItemState::InDoubt { phase: *phase, target: target.as_ref().map(held) }
            }
            Self::Applied { phase, target } => ItemState::Applied { phase: *phase, target: held(target) },
            Self::Verified { target, verdict } => {
                ItemState::Verified { target: held(target), verdict: *verdict }
            }
            Self::Ended { outcome, target } => {
                ItemState::Ended { outcome: *outcome, target: target.as_ref().map(held) }
            }
        }
    }
}

impl ItemState {
    /// The state after a step, or `None` if the step may not follow.
    #[must_use]
    pub fn after(&self, step: &Step) -> Option<Self> {
        Some(match (self, step) {
            (Self::Untouched, Step::Intended { call: Call::Operation, .. }) => {
                Self::InDoubt { phase: Phase::Operation, target: None }
            }
            // A clone stands; what it could not say is put over it.
            (
                Self::Applied { phase: Phase::Operation, target },
                Step::Intended { call: Call::Adjust, .. },
            ) => Self::InDoubt { phase: Phase::Adjust, target: Some(target.clone()) },
            (Self::InDoubt { phase, target }, Step::Doubted { .. }) => {
                Self::InDoubt { phase: *phase, target: target.clone() }
            }
            // Looked up, never sent or never taken: nothing of this call is there.
            (
                Self::InDoubt { phase: Phase::Operation, .. },
                Step::Absent | Step::NotSent { .. } | Step::NotTaken { .. },
            ) => Self::Untouched,
            (
                Self::InDoubt { phase: Phase::Adjust, target: Some(target) },
                Step::Absent | Step::NotSent { .. } | Step::NotTaken { .. },
            ) => Self::Applied { phase: Phase::Operation, target: target.clone() },
            (Self::InDoubt { phase, .. }, Step::Applied { target, .. }) => {
                Self::Applied { phase: *phase, target: target.clone() }
            }
            (Self::Applied { target, .. }, Step::Verified { verdict, .. }) => {
                Self::Verified { target: target.clone(), verdict: *verdict }
            }
            // An archive is not asked twice: nothing of it counts before all of it was read back.
            (Self::Untouched, Step::Archived { snapshot, .. }) => {
                Self::Verified { target: snapshot.clone(), verdict: Verdict::Equal }
            }
            (Self::Untouched, Step::Ended { outcome, .. }) => Self::Ended { outcome: *outcome, target: None },
            (Self::InDoubt { target, .. }, Step::Ended { outcome, .. }) => {
                Self::Ended { outcome: *outcome, target: target.clone() }
            }
            (Self::Applied { target, .. }, Step::Ended { outcome, .. }) => {
                Self::Ended { outcome: *outcome, target: Some(target.clone()) }
            }
            // It failed for want of a connection only.
            (Self::Ended { outcome: Outcome::Failed, target: None }, Step::Reopened) => Self::Untouched,
            (Self::Ended { outcome: Outcome::Failed, target: Some(target) }, Step::Reopened) => {
                Self::Applied { phase: Phase::Operation, target: target.clone() }
            }
            // Whether its call had its effect could not be read: that is found out.
            (Self::Ended { outcome: Outcome::Conflict, target }, Step::Reopened) => Self::InDoubt {
                phase: if target.is_some() { Phase::Adjust } else { Phase::Operation },
                target: target.clone(),
            },
            // It could not be read back: it is written, in however many calls that took, and read again.
            (Self::Verified { target, verdict: Verdict::NotChecked }, Step::Reopened) => {
                Self::Applied { phase: Phase::Adjust, target: target.clone() }
            }
            _ => return None,
        })
    }

    /// Whether nothing more happens to the item in this run.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Verified { .. } | Self::Ended { .. })
    }

    /// The import in the target that belongs to this item.
    pub fn target(&self) -> Option<&Id> {
        match self {
            Self::Untouched => None,
            Self::InDoubt { target, .. } | Self::Ended { target, .. } => target.as_ref(),
            Self::Applied { target, .. } | Self::Verified { target, .. } => Some(target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Operation;

    fn intended(call: Call) -> Step {
        Step::Intended {
            operation: Operation::Clone,
            call,
            attempt: 1,
            server_time: None,
            before_sha256: None,
        }
    }

    fn applied() -> Step {
        Step::Applied {
            target: Id::from("t"),
            status: Some(201),
            sends: 1,
            adopted: false,
            sha256: None,
            modified: None,
        }
    }

    #[test]
    fn a_second_intent_needs_an_answer_to_the_first() {
        let doubted = ItemState::Untouched.after(&intended(Call::Operation)).unwrap();
        assert_eq!(doubted.after(&intended(Call::Operation)), None);
        let absent = doubted.after(&Step::Absent).unwrap();
        assert_eq!(absent, ItemState::Untouched);
        assert!(absent.after(&intended(Call::Operation)).is_some());
    }

    #[test]
    fn a_clone_that_was_made_is_never_forgotten() {
        let made =
            ItemState::Untouched.after(&intended(Call::Operation)).and_then(|s| s.after(&applied())).unwrap();
        let adjusting = made.after(&intended(Call::Adjust)).unwrap();
        assert_eq!(adjusting.after(&Step::Absent), Some(made.clone()));
        assert_eq!(adjusting.target(), Some(&Id::from("t")));
        assert_eq!(made.after(&intended(Call::Operation)), None);
    }

    #[test]
    fn an_intent_whose_call_was_never_sent_is_as_if_it_had_not_been_written() {
        let not_sent = Step::NotSent { message: "interrupted".to_owned() };
        let doubted = ItemState::Untouched.after(&intended(Call::Operation)).unwrap();
        assert_eq!(doubted.after(&not_sent), Some(ItemState::Untouched));
        let made = doubted.after(&applied()).unwrap();
        let adjusting = made.after(&intended(Call::Adjust)).unwrap();
        assert_eq!(adjusting.after(&not_sent), Some(made.clone()));
        assert_eq!(ItemState::Untouched.after(&not_sent), None, "there was no intent");
        assert_eq!(made.after(&not_sent), None, "it had its effect");
    }

    #[test]
    fn what_failed_because_it_was_not_sent_is_taken_up_again_where_it_stood() {
        let failed = |target: Option<Id>| ItemState::Ended { outcome: Outcome::Failed, target };
        assert_eq!(failed(None).after(&Step::Reopened), Some(ItemState::Untouched));
        let made = ItemState::Applied { phase: Phase::Operation, target: Id::from("t") };
        assert_eq!(failed(Some(Id::from("t"))).after(&Step::Reopened), Some(made.clone()));
        let stale = ItemState::Ended { outcome: Outcome::Stale, target: None };
        for state in [ItemState::Untouched, made, stale] {
            assert_eq!(state.after(&Step::Reopened), None);
        }
    }

    #[test]
    fn what_could_not_be_found_out_is_in_doubt_again_where_it_stood() {
        let conflict = Step::Ended {
            outcome: Outcome::Conflict,
            status: None,
            code: "500".into(),
            message: String::new(),
            sends: 0,
            found: None,
        };
        let operating = ItemState::Untouched.after(&intended(Call::Operation)).unwrap();
        let adjusting = operating.after(&applied()).unwrap().after(&intended(Call::Adjust)).unwrap();
        for state in [operating, adjusting] {
            assert_eq!(state.after(&conflict).unwrap().after(&Step::Reopened), Some(state));
        }
    }

    #[test]
    fn nothing_follows_a_verdict() {
        let verified = ItemState::Verified { target: Id::from("t"), verdict: Verdict::Equal };
        let steps =
            [intended(Call::Operation), intended(Call::Adjust), applied(), Step::Absent, Step::Reopened];
        for step in steps {
            assert_eq!(verified.after(&step), None);
        }
    }

    #[test]
    fn what_could_not_be_read_back_is_read_again_and_not_written_again() {
        let unread = ItemState::Verified { target: Id::from("t"), verdict: Verdict::NotChecked };
        let again = unread.after(&Step::Reopened).unwrap();
        assert_eq!(again, ItemState::Applied { phase: Phase::Adjust, target: Id::from("t") });
        for step in [intended(Call::Operation), intended(Call::Adjust)] {
            assert_eq!((unread.after(&step), again.after(&step)), (None, None));
        }
    }

    #[test]
    fn nothing_is_applied_that_was_not_intended() {
        assert_eq!(ItemState::Untouched.after(&applied()), None);
        assert_eq!(ItemState::Untouched.after(&Step::Absent), None);
    }
}
