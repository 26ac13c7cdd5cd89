//! What the end of an account's run means to the engine. Pure: nothing in here knows the SDK.

use std::time::Duration;

use transship::fleet::dispatch::{HELD_PAUSE, is_result};
use transship::fleet::result::Meaning;

/// What follows from the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the account's result.
    Result,
    /// It is the account's result, and the activity fails for good: bad input, a refused token.
    Refused,
    /// It is tried again after a while.
    Again(Again),
}

/// Why a run is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Another run holds the account.
    Held,
    /// It was interrupted or killed: what it did is journalled, the next one goes on.
    Interrupted,
    /// An error that may pass.
    Unexpected,
}

impl Again {
    /// How long it is left alone.
    pub fn after(self) -> Duration {
        match self {
            // The next run of one that is held watches the lease itself, for 12 s.
            Self::Held | Self::Unexpected => HELD_PAUSE,
            Self::Interrupted => Duration::from_secs(2),
        }
    }

    /// The type of the failure, for the console and for alerts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Interrupted => "interrupted",
            Self::Unexpected => "unexpected",
        }
    }
}

/// What an exit code means (`None`: killed), if `unexpected` runs of the account ended with 1 before this one.
pub fn verdict(exit_code: Option<u8>, unexpected: u32) -> Verdict {
    if !is_result(exit_code, unexpected + 1) {
        return Verdict::Again(match Meaning::of(exit_code) {
            Meaning::Held => Again::Held,
            Meaning::Unfinished => Again::Interrupted,
            Meaning::Good | Meaning::Attention | Meaning::Bad => Again::Unexpected,
        });
    }
    if matches!(exit_code, Some(2 | 6)) { Verdict::Refused } else { Verdict::Result }
}

/// Whether a result counts for the fleet's `stop`, as [`transship::fleet::result::Meaning`] has it.
pub fn is_bad(exit_code: u8) -> bool {
    Meaning::of(Some(exit_code)) == Meaning::Bad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exit_code_is_a_result_a_refusal_or_a_reason_to_try_again() {
        let check = |code: Option<u8>, before: u32, wanted: Verdict| {
            assert_eq!(verdict(code, before), wanted, "{code:?} after {before}");
        };
        for code in [0, 3, 4] {
            check(Some(code), 0, Verdict::Result);
        }
        for code in [2, 6] {
            check(Some(code), 0, Verdict::Refused);
        }
        check(Some(7), 99, Verdict::Again(Again::Held));
        check(Some(130), 99, Verdict::Again(Again::Interrupted));
        check(None, 99, Verdict::Again(Again::Interrupted));
        check(Some(1), 0, Verdict::Again(Again::Unexpected));
        check(Some(1), 1, Verdict::Again(Again::Unexpected));
        check(Some(1), 2, Verdict::Result);
        check(Some(101), 0, Verdict::Result);
    }

    #[test]
    fn what_counts_for_stop_is_what_ended_badly() {
        let bad: Vec<u8> = (0..=130).filter(|code| is_bad(*code)).take(5).collect();
        assert_eq!(bad, [1, 2, 4, 5, 6]);
        assert!(![0, 3, 7, 130].iter().any(|code| is_bad(*code)));
    }
}
