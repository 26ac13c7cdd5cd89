//! What ends a command early, and its exit code.

use std::error::Error;
use std::io;

use serde_json::{Value, json};

use super::exit::Exit;
use super::stderr::Stderr;
use crate::archive::ArchiveError;
use crate::fleet::FleetError;
use crate::job::{Located, Problems};
pub(super) use crate::model::chain;
use crate::report::text::clean;
use crate::session::{EngineError, RunFolderError, SessionError};

/// What helps if something in an archive is damaged.
const SEE_CHECK: &str = "`transship archive check` names all that is damaged and what is lost with it";

/// Why a command ended early. Printed once, here and nowhere else.
#[derive(Debug)]
pub(super) enum Failure {
    /// Arguments, job or token source; nothing was sent. The text is complete.
    BadInput(String),
    /// Problems of a job file, rendered and for machines.
    BadJob(String, Vec<Located>),
    /// The engine failed.
    Pipeline(EngineError),
    /// The archive could not be used.
    Archive(ArchiveError),
    /// The requested data is damaged. The text is complete.
    Damaged(String),
    /// Another run holds the target.
    Held(String),
    /// A run had begun, and this command continues it.
    CutShort(Box<Failure>, String),
    /// The reader of our output went away.
    ClosedPipe,
    /// Any other error.
    Other(anyhow::Error),
}

impl Failure {
    /// The problems of a job.
    pub(super) fn of_job(problems: &Problems, color: bool) -> Self {
        Self::BadJob(problems.render(color), problems.located())
    }

    /// Prints the failure, and returns the exit code.
    pub(super) fn report(&self, stderr: &Stderr) -> Exit {
        let (code, help) = (self.code(), help(self));
        match self {
            Self::ClosedPipe => {}
            Self::BadJob(text, _) => stderr.complain(code, text, help.as_deref()),
            _ if stderr.is_json() => stderr.complain(code, &self.message(), help.as_deref()),
            _ => {
                let text = format!("error: {}", self.message());
                let text = if self.is_of_each_account() { text.replace('\n', "\nerror: ") } else { text };
                stderr.complain(code, &text, help.as_deref());
            }
        }
        self.exit()
    }

    /// Whether each line of its message is about another account.
    fn is_of_each_account(&self) -> bool {
        match self {
            Self::Pipeline(EngineError::Tokens { .. }) => true,
            Self::BadInput(text) => text.lines().all(|line| line.starts_with("account `")),
            _ => false,
        }
    }

    /// The same failure for a run that an earlier process has begun: it does not claim that nothing was written.
    pub(super) fn once_begun(self) -> Self {
        match self {
            Self::Pipeline(error) => Self::Pipeline(error.once_begun(|| "interrupted".to_owned())),
            Self::CutShort(failure, command) => Self::CutShort(Box::new(failure.once_begun()), command),
            other => other,
        }
    }

    /// What happened, without what to do about it.
    pub(super) fn message(&self) -> String {
        match self {
            Self::BadInput(text) | Self::Held(text) | Self::Damaged(text) => text.clone(),
            Self::BadJob(_, problems) => match problems.len() {
                1 => "the job file has a problem".to_owned(),
                many => format!("the job file has {many} problems"),
            },
            Self::Pipeline(error) => match full_disk(error) {
                Some(said) => chain(error).replace(&said, "the disk is full"),
                None => chain(error),
            },
            Self::CutShort(failure, _) if failure.is_of_a_full_disk() => {
                format!("{}. Nothing more was sent", failure.message())
            }
            Self::CutShort(failure, _) => failure.message(),
            Self::Archive(error) => clean(&chain(error)),
            Self::ClosedPipe => "the reader of the output went away".to_owned(),
            Self::Other(error) => format!("{error:#}"),
        }
    }

    /// Whether the cause is that nothing more could be written to the disk.
    fn is_of_a_full_disk(&self) -> bool {
        matches!(self, Self::Pipeline(error) if full_disk(error).is_some())
    }

    /// A stable word for documents and logs.
    fn code(&self) -> &'static str {
        match (self, self.exit()) {
            (Self::BadJob(..), _) => "bad_job",
            (_, Exit::BadInput) => "bad_arguments",
            (_, Exit::Held) => "held",
            (_, Exit::Token) => "token_refused",
            (_, Exit::Interrupted) => "interrupted",
            (_, Exit::Attention) => "damaged",
            _ => "unexpected",
        }
    }

    /// What a document says about it.
    pub(super) fn document(&self) -> Value {
        let mut error = json!({ "code": self.code(), "message": self.message() });
        if let Some(help) = help(self) {
            error["help"] = help.into();
        }
        if let Self::BadJob(_, problems) = self {
            error["problems"] = json!(problems);
        }
        error
    }

    /// The exit code of the command.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::BadInput(_) | Self::BadJob(..) => Exit::BadInput,
            Self::Pipeline(EngineError::OtherAccount { .. } | EngineError::SameAccount { .. }) => {
                Exit::BadInput
            }
            Self::Pipeline(EngineError::Interrupted | EngineError::CutOff { .. }) => Exit::Interrupted,
            Self::Pipeline(
                EngineError::UnknownNames { .. }
                | EngineError::NotSelected { .. }
                | EngineError::EqualFiles { .. }
                | EngineError::TooManyDeletions { .. }
                | EngineError::NothingToMirror { .. },
            ) => Exit::BadInput,
            Self::Pipeline(EngineError::Archive(error)) | Self::Archive(error) => exit_of(error),
            Self::Pipeline(error) if error.is_unauthorized() => Exit::Token,
            Self::Pipeline(error) if error.is_away() || error.is_unkept() => Exit::Interrupted,
            Self::Pipeline(_) | Self::Other(_) => Exit::Unexpected,
            Self::Held(_) => Exit::Held,
            Self::Damaged(_) => Exit::Attention,
            Self::CutShort(failure, _) => failure.exit(),
            // It has what it wanted.
            Self::ClosedPipe => Exit::Done,
        }
    }
}

/// The exit code for a failure of an archive.
fn exit_of(error: &ArchiveError) -> Exit {
    match error {
        ArchiveError::Location { .. }
        | ArchiveError::Absent { .. }
        | ArchiveError::Newer { .. }
        | ArchiveError::Key { .. }
        | ArchiveError::Refused(_) => Exit::BadInput,
        ArchiveError::Busy { .. } => Exit::Held,
        ArchiveError::NoConditions { .. } => Exit::BadInput,
        ArchiveError::Damaged { .. } | ArchiveError::Missing { .. } => Exit::Attention,
        ArchiveError::Storage { .. }
        | ArchiveError::Slow { .. }
        | ArchiveError::Local { .. }
        | ArchiveError::LockLost { .. } => Exit::Unexpected,
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

/// The system's message about a full disk, if that is what happened.
fn full_disk(error: &(dyn Error + 'static)) -> Option<String> {
    let mut causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.find_map(|error| {
        let error = error.downcast_ref::<io::Error>()?;
        matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            .then(|| error.to_string())
    })
}

/// What to do about a failure, if there is advice.
fn help(failure: &Failure) -> Option<String> {
    let archive = match failure {
        Failure::CutShort(failure, command) if failure.is_of_a_full_disk() => {
            return Some(format!("make room, then: {command}"));
        }
        Failure::CutShort(failure, command) => {
            let first = help(failure).map_or(String::new(), |first| format!("{first}; "));
            return Some(format!("{first}to continue the run: {command}"));
        }
        _ if failure.is_of_a_full_disk() => return Some("make room there, then start again".to_owned()),
        Failure::Pipeline(error) if error.is_unauthorized() => {
            return Some("the service does not accept the token; make a new one and try again".to_owned());
        }
        Failure::Pipeline(EngineError::Folder(error)) if error.damaged_record().is_some() => {
            return Some(
                "restore the run folder from a copy, or start a new run, which reads what is in the target; \
                 `transship verify` names what is damaged"
                    .to_owned(),
            );
        }
        Failure::Damaged(_) => return Some(SEE_CHECK.to_owned()),
        Failure::Pipeline(EngineError::Archive(error)) | Failure::Archive(error) => error,
        _ => return None,
    };
    match archive {
        ArchiveError::Key { .. } => Some(
            "a key comes from the job's `archive.encryption`, from --key-file or --passphrase-file, or from \
             TRANSSHIP_ARCHIVE_KEY_FILE, TRANSSHIP_ARCHIVE_PASSPHRASE or TRANSSHIP_ARCHIVE_PASSPHRASE_FILE"
                .to_owned(),
        ),
        // Without its header nothing of it can be checked.
        ArchiveError::Damaged { path, .. } if path == "archive.json" => None,
        ArchiveError::Damaged { .. } | ArchiveError::Missing { .. } => Some(SEE_CHECK.to_owned()),
        ArchiveError::Storage { place, .. } | ArchiveError::Slow { place, .. } if place.contains("://") => {
            Some(of_storage(&chain(archive)).to_owned())
        }
        _ => None,
    }
}

/// What to do about a bucket that does not answer as it should, depending on what happened.
fn of_storage(happened: &str) -> &'static str {
    if happened.contains("invalid peer certificate") {
        "this machine does not trust the certificate of the storage: name a file with the certificate of its authority in \
         SSL_CERT_FILE (`--ca` is for accounts only)"
    } else if happened.contains("InvalidContentType") {
        "what answers there does not speak TLS: check the address of the storage and its port"
    } else if happened.contains("URL scheme is not allowed") {
        "the address of the storage begins with http://: use https://, or allow it with AWS_ALLOW_HTTP=true"
    } else {
        "make sure that the storage can be reached from here, and that its address and the credentials in the environment \
         (AWS_*, GOOGLE_*, AZURE_*) are right; what is listed there is unharmed"
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Refused(text) => Self::BadInput(text),
            SessionError::NeverBegan(_) => Self::BadInput(error.to_string()),
            SessionError::Held(text) => Self::Held(text),
            SessionError::Job(problems) => Self::of_job(&problems, false),
            SessionError::Engine(EngineError::Archive(error)) => Self::Archive(error),
            SessionError::Engine(error) => error.into(),
            SessionError::Unreported { source, .. } => (*source).into(),
            error @ SessionError::Emulator(_) => Self::Other(anyhow::Error::new(error)),
        }
    }
}

impl From<FleetError> for Failure {
    fn from(error: FleetError) -> Self {
        match error {
            FleetError::Store(error) => Self::Archive(error),
            FleetError::Refused(text) => Self::BadInput(text),
            error => Self::Other(anyhow::Error::new(error)),
        }
    }
}

impl From<RunFolderError> for Failure {
    fn from(error: RunFolderError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            // Of all that is written only stdout can be a pipe.
            EngineError::Folder(RunFolderError::File { ref source, .. })
                if source.kind() == std::io::ErrorKind::BrokenPipe =>
            {
                Self::ClosedPipe
            }
            error => Self::Pipeline(error),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Other(error.into())
        }
    }
}

/// The result of printing. A reader that went away has read enough, and does not decide the exit code.
pub(super) fn printed(result: Result<(), Failure>) -> Result<(), Failure> {
    match result {
        Err(Failure::ClosedPipe) => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(what: &'static str) -> Failure {
        RunFolderError::file(what, "runs/r/journal.jsonl")(io::Error::from_raw_os_error(28)).into()
    }

    #[test]
    fn a_full_disk_is_told_with_what_to_do() {
        let failure = full("write");
        assert_eq!(failure.message(), "cannot write runs/r/journal.jsonl: the disk is full");
        assert_eq!(help(&failure).unwrap(), "make room there, then start again");
        let begun = Failure::CutShort(Box::new(failure), "transship resume r".to_owned());
        assert_eq!(
            begun.message(),
            "cannot write runs/r/journal.jsonl: the disk is full. Nothing more was sent"
        );
        assert_eq!(help(&begun).unwrap(), "make room, then: transship resume r");
        assert_eq!(begun.exit(), Exit::Unexpected);
    }

    #[test]
    fn a_run_that_broke_off_is_gone_on_with_after_its_error_is_told() {
        let damaged = Failure::Damaged("it is damaged".to_owned());
        let begun = Failure::CutShort(Box::new(damaged), "transship resume r".to_owned());
        assert_eq!(begun.message(), "it is damaged");
        assert_eq!(help(&begun).unwrap(), format!("{SEE_CHECK}; to continue the run: transship resume r"));
        assert_eq!(begun.exit(), Exit::Attention);
    }
}
