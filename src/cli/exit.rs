//! The only table of exit codes. Pinned: scripts depend on it; an unknown code means failure.

use std::process::ExitCode;

/// What a command ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All as planned.
    Done,
    /// Something unexpected.
    Unexpected,
    /// Bad arguments, job or token source; nothing was sent.
    BadInput,
    /// Finished, but an item failed, conflicted, went stale or differs.
    Attention,
    /// Stopped by `stop`.
    Stopped,
    /// `plan --exit-code` found changes.
    Changes,
    /// The token was refused.
    Token,
    /// Another run holds the target.
    Held,
    /// Interrupted; can be resumed.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::BadInput => 2,
            Self::Attention => 3,
            Self::Stopped => 4,
            Self::Changes => 5,
            Self::Token => 6,
            Self::Held => 7,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
