//! Errors that end a plan or a run. A failed item is an outcome, not an error.

use std::io;
use std::path::PathBuf;

use crate::api::{ApiError, ErrorKind};
use crate::archive::ArchiveError;
use crate::inventory::scan_agreement::Disagreement;
use crate::journal::JournalError;
use crate::model::chain;
use crate::run_folder::RunFolderError;

/// Why a plan or a run could not continue.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The service could not be read.
    #[error("cannot {what} of account `{account}`")]
    Service {
        /// What was tried, e.g. `list the imports`.
        what: String,
        /// The account's name in the job.
        account: String,
        /// What the service answered.
        #[source]
        source: Box<ApiError>,
    },
    /// The service rejects several tokens.
    #[error("{}", refused.iter().map(|error| chain(error)).collect::<Vec<_>>().join("\n"))]
    Tokens {
        /// Why each was rejected.
        refused: Vec<EngineError>,
    },
    /// Two scans of a list disagreed.
    #[error(
        "the list of {list} of account `{account}` cannot be trusted: {disagreement}. \
         Nothing was written. Wait until nobody changes {list} there, then run again"
    )]
    Unsteady {
        /// The account's name in the job.
        account: String,
        /// The list: `imports`, or the kind that they refer to.
        list: &'static str,
        /// What the last two scans showed.
        disagreement: Disagreement,
    },
    /// A list ended too early.
    #[error(
        "the list of imports of account `{account}` cannot be trusted: it ended after {listed} imports, but there are \
         more. Nothing was written. Run again later"
    )]
    CutShort {
        /// The account's name in the job.
        account: String,
        /// How many imports it showed.
        listed: u64,
    },
    /// A list is empty, but flows use imports.
    #[error(
        "account `{account}` lists no imports, but its flows use some: the answer cannot be trusted. Nothing was written. \
         Only a restore goes on from here: it asks first"
    )]
    EmptyButUsed {
        /// The account's name in the job.
        account: String,
    },
    /// The job or an option names something that does not exist.
    #[error("{place} names what does not exist: {}", problems.join("; "))]
    UnknownNames {
        /// Where it is named: `select`, or the `when` of a step.
        place: &'static str,
        /// Each problem, with the nearest names.
        problems: Vec<String>,
    },
    /// `--only` names something that the job does not select.
    #[error("{}", problems.join("; "))]
    NotSelected {
        /// Each problem, with the nearest names.
        problems: Vec<String>,
    },
    /// `stop.running` must know which flows use the imports, and part of that cannot be read.
    #[error(
        "`stop.running` leaves alone imports whose flows are running, but {}: which imports those use is not known. Nothing was \
         written", problems.join("; ")
    )]
    UsageUnknown {
        /// What could not be read.
        problems: Vec<String>,
    },
    /// What a run keeps on disk could not be read or written.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
    /// The archive could not be read or written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// An account shows far fewer imports than at its last backup.
    #[error(
        "account `{account}` lists {now} imports, and of the {before} in its last backup {gone} are gone: {percent} %, more \
         than the {limit} % that `archive.shrink` allows. Nothing was backed up, and what was backed up before is kept. \
         Look at the account, and whether the token is that of another one; if so many were removed on purpose, back up \
         once with a larger `shrink`"
    )]
    Shrunk {
        /// The account's name in the job.
        account: String,
        /// How many there were at the last backup.
        before: u64,
        /// How many there are now.
        now: u64,
        /// How many of the earlier ones are missing.
        gone: u64,
        /// The percentage that is missing.
        percent: u32,
        /// The percentage that may be missing.
        limit: u32,
    },
    /// The journal of a run is lost, and with it the record of what the run did.
    #[error("the run was broken off, and its journal is lost. {wrote}")]
    Lost {
        /// What the run wrote, as a series of sentences.
        wrote: String,
        /// The error in the other account.
        #[source]
        source: Box<EngineError>,
    },
    /// Nothing that the plan saw in an account exists there.
    #[error(
        "nothing that this run saw, made or changed is in the account that the token of `{account}` opens: is it the \
         token of another environment? Nothing was written"
    )]
    OtherAccount {
        /// The account's name in the job.
        account: String,
    },
    /// Source and target are the same account.
    #[error(
        "`{source_name}` and `{target}` are one account: the target holds every selected import under its own id. \
         Nothing was written. Use `action: update` or `action: clone`, or a token of another account"
    )]
    SameAccount {
        /// The source's name in the job.
        source_name: String,
        /// The target's name in the job.
        target: String,
    },
    /// A mirror would delete more than its job allows.
    #[error(
        "`mirror` would delete {count} of the {held} imports of account `{target}` that `select` holds for, more than `max_delete` \
         allows ({limit}): {names}. Nothing was written. If they are to go, raise `max_delete`"
    )]
    TooManyDeletions {
        /// The target's name in the job.
        target: String,
        /// How many would be deleted.
        count: u32,
        /// How many imports of the target match `select`.
        held: u64,
        /// The largest number that may be deleted, in words.
        limit: String,
        /// Their names; if there are many, the first ones.
        names: String,
    },
    /// A mirror of an empty source would delete everything.
    #[error(
        "`{account}` holds no import that `select` takes, and `mirror` would delete everything: {names}. Nothing was written in \
         account `{target}`. If they are to go, write `action: delete`"
    )]
    NothingToMirror {
        /// The source's name in the job.
        account: String,
        /// The target's name in the job.
        target: String,
        /// The names of the imports that would be deleted.
        names: String,
    },
    /// Two files would become the same import.
    #[error("two files have one name, {}: rename one of the two, or remove it. Nothing was written", pairs.join("; "))]
    EqualFiles {
        /// The name, and where the two files give it.
        pairs: Vec<String>,
    },
    /// It was stopped before it had a plan.
    #[error("interrupted before anything was written")]
    Interrupted,
    /// It was stopped, or lost the right to write, after it began to carry out its plan.
    #[error("{reason}: it sends nothing more, and the run can be resumed")]
    CutOff {
        /// Why, in one clause.
        reason: String,
    },
}

impl EngineError {
    /// Whether the service rejected the token.
    pub fn is_unauthorized(&self) -> bool {
        match self {
            Self::Service { source, .. } => source.kind == ErrorKind::Unauthorized,
            Self::Tokens { .. } => true,
            _ => false,
        }
    }

    /// Combines this rejected token with others.
    #[must_use]
    pub fn with_others_refused(self, others: impl IntoIterator<Item = Self>) -> Self {
        let mut refused = Vec::new();
        for error in std::iter::once(self).chain(others) {
            match error {
                Self::Tokens { refused: more } => refused.extend(more),
                one => refused.push(one),
            }
        }
        match refused.pop() {
            Some(only) if refused.is_empty() => only,
            last => Self::Tokens { refused: refused.into_iter().chain(last).collect() },
        }
    }

    /// The same error for a run that has started and may have written something: it no longer says that nothing was
    /// written.
    #[must_use]
    pub(crate) fn once_begun(self, reason: impl FnOnce() -> String) -> Self {
        match self {
            Self::Interrupted => Self::CutOff { reason: reason() },
            other => other,
        }
    }

    /// Whether the service is unavailable for longer than the patience, although it was available before.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Service { source, .. } if source.kind == ErrorKind::Away && source.away.is_none())
    }

    /// Whether the place of the run folders is unavailable: the intents are stored, and the run can be resumed.
    pub fn is_unkept(&self) -> bool {
        matches!(self, Self::Folder(RunFolderError::Journal(JournalError::Away { .. })))
    }

    /// Whether another process has taken over the run.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Folder(RunFolderError::Journal(JournalError::Taken { .. })))
    }

    pub(crate) fn service(account: &str, what: &str) -> impl FnOnce(ApiError) -> Self + use<> {
        let (account, what) = (account.to_owned(), what.to_owned());
        move |source| match source.kind {
            ErrorKind::Withheld => Self::Interrupted,
            _ => Self::Service { what, account, source: Box::new(source) },
        }
    }

    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Folder(RunFolderError::file(what, path)(source))
    }
}

impl From<JournalError> for EngineError {
    fn from(error: JournalError) -> Self {
        Self::Folder(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_has_begun_never_says_that_nothing_was_written() {
        let cut_off =
            EngineError::Interrupted.once_begun(|| "the lease of the target was lost: x".to_owned());
        let wanted = "the lease of the target was lost: x: it sends nothing more, and the run can be resumed";
        assert_eq!(cut_off.to_string(), wanted);
        let other =
            EngineError::Tokens { refused: Vec::new() }.once_begun(|| unreachable!("it was not interrupted"));
        assert!(other.is_unauthorized());
    }
}
