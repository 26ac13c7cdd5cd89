//! What ends a command early, and its exit code.

use super::exit::Exit;
use crate::archive::ArchiveError;
pub(super) use crate::model::chain;
use crate::report::text::clean;
use crate::session::{EngineError, RunFolderError, SessionError};

/// Why a command ended early. Printed once, here and nowhere else.
#[derive(Debug)]
pub(super) enum Failure {
    /// Arguments, job or token source; nothing was sent. The text is complete.
    BadInput(String),
    /// Rendered problems of a job file.
    BadJob(String),
    /// The pipeline.
    Pipeline(EngineError),
    /// An archive.
    Archive(ArchiveError),
    /// Another run holds the target.
    Held(String),
    /// A reader of our output went away.
    ClosedPipe,
    /// Anything else.
    Other(anyhow::Error),
}

impl Failure {
    /// Prints it, and says what the command exits with.
    pub(super) fn report(&self) -> Exit {
        match self {
            Self::BadInput(text) | Self::Held(text) => complain(&format!("error: {text}")),
            Self::BadJob(text) => complain(text),
            Self::Pipeline(error) => complain(&format!("error: {}", chain(error))),
            Self::Archive(error) => complain(&format!("error: {}", clean(&chain(error)))),
            Self::ClosedPipe => {}
            Self::Other(error) => complain(&format!("error: {error:#}")),
        }
        if let Some(help) = help(self) {
            complain(&format!("help: {help}"));
        }
        self.exit()
    }

    /// What the command exits with.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::BadInput(_) | Self::BadJob(_) => Exit::BadInput,
            Self::Pipeline(EngineError::Interrupted) => Exit::Interrupted,
            Self::Pipeline(EngineError::UnknownNames { .. }) => Exit::BadInput,
            Self::Pipeline(EngineError::Archive(error)) | Self::Archive(error) => exit_of(error),
            Self::Pipeline(error) if error.is_unauthorized() => Exit::Token,
            Self::Pipeline(error) if error.is_away() => Exit::Interrupted,
            Self::Pipeline(_) | Self::Other(_) => Exit::Unexpected,
            Self::Held(_) => Exit::Held,
            // It has what it wanted.
            Self::ClosedPipe => Exit::Done,
        }
    }
}

/// What a failure of an archive exits with.
fn exit_of(error: &ArchiveError) -> Exit {
    match error {
        ArchiveError::Location { .. }
        | ArchiveError::Absent { .. }
        | ArchiveError::Newer { .. }
        | ArchiveError::Key { .. }
        | ArchiveError::Refused(_) => Exit::BadInput,
        ArchiveError::Busy { .. } => Exit::Held,
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

/// What to do about a failure, where there is something to be said.
fn help(failure: &Failure) -> Option<String> {
    let archive = match failure {
        Failure::Pipeline(error) if error.is_unauthorized() => {
            return Some("the service does not accept the token; make a new one and try again".to_owned());
        }
        Failure::Pipeline(EngineError::Folder(error)) if error.damaged_record().is_some() => {
            return Some(
                "put the run folder back from a copy, or start a new run: it sees by itself what is in the target; \
                 `transship verify` names what does not fit"
                    .to_owned(),
            );
        }
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
        ArchiveError::Damaged { .. } | ArchiveError::Missing { .. } => {
            Some("`transship archive check` names all that is damaged and what is lost with it".to_owned())
        }
        ArchiveError::Storage { place, .. } | ArchiveError::Slow { place, .. } if place.contains("://") => Some(
            "see whether the storage can be reached from here, and that its address and credentials in the \
             environment are right (AWS_*, GOOGLE_*, AZURE_*); what is listed in the archive is as it was"
                .to_owned(),
        ),
        _ => None,
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Refused(text) => Self::BadInput(text),
            SessionError::Held(text) => Self::Held(text),
            SessionError::Job(problems) => Self::BadJob(problems.render(false)),
            SessionError::Engine(EngineError::Archive(error)) => Self::Archive(error),
            SessionError::Engine(error) => error.into(),
            SessionError::Unreported { source, .. } => (*source).into(),
            error @ SessionError::Emulator(_) => Self::Other(anyhow::Error::new(error)),
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

/// What printing came to. A reader that went away has read enough: what the command exits with is not for it to say.
pub(super) fn printed(result: Result<(), Failure>) -> Result<(), Failure> {
    match result {
        Err(Failure::ClosedPipe) => Ok(()),
        result => result,
    }
}

fn complain(text: &str) {
    use std::io::Write;
    // Nobody can be told that stderr is gone.
    let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}
