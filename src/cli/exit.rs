//! The only table of exit codes. It is pinned, because scripts depend on it; an unknown code means failure.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything went as planned.
    Done,
    /// An unexpected error; for `verify`, a damaged run folder.
    Unexpected,
    /// The arguments, the job or a token source are wrong; nothing was sent.
    BadInput,
    /// Finished, but something needs attention: an item failed, conflicted, went stale or differs, or there is a copy
    /// that the run did not make. Also: `--fail-if-empty` with nothing selected, `check --online` with imports that
    /// cannot be done, `list` with imports that it cannot judge, `verify` of a run that is not finished, a difference
    /// or damage found by `archive`, and accounts of a fleet that need attention.
    Attention,
    /// Stopped: by `stop` in the job, by a wave whose verification failed or of which nothing was written, because the
    /// deletions of a mirror were held back, or by `fleet stop`.
    Stopped,
    /// `plan --exit-code` found changes.
    Changes,
    /// The service refused the token.
    Token,
    /// Another run holds the target, or another process the archive.
    Held,
    /// Interrupted or declined; the run can be resumed.
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
    /// What an exit code means; an unknown code is an unexpected error.
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

/// The gravest of several exit codes: the one that a person has to deal with first.
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
