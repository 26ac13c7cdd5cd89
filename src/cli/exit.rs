//! The only table of exit codes. Pinned: scripts depend on it; an unknown code means failure.

use std::process::ExitCode;

/// What a command ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All as planned.
    Done,
    /// An unexpected error.
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
    /// The exit code as the shell sees it.
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

impl Exit {
    /// What an exit code says; one that is not known is a failure.
    pub(super) fn of(code: u8) -> Self {
        let known = [
            Self::Done,
            Self::BadInput,
            Self::Attention,
            Self::Stopped,
            Self::Changes,
            Self::Token,
            Self::Held,
            Self::Interrupted,
        ];
        known.into_iter().find(|exit| exit.code() == code).unwrap_or(Self::Unexpected)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Of several exit codes the one that tells most: what a person has to see to first.
pub(super) fn worst(exits: impl IntoIterator<Item = Exit>) -> Exit {
    exits.into_iter().max_by_key(|exit| weight(*exit)).unwrap_or(Exit::Done)
}

fn weight(exit: Exit) -> u8 {
    match exit {
        Exit::Done => 0,
        Exit::Changes => 1,
        Exit::Attention => 2,
        Exit::Stopped => 3,
        Exit::Held => 4,
        Exit::BadInput => 5,
        Exit::Token => 6,
        Exit::Unexpected => 7,
        Exit::Interrupted => 8,
    }
}
