//! What ends a command early, and its exit code.

use std::error::Error;

use super::exit::Exit;
use crate::pipeline::PipelineError;

/// Why a command ended early. Printed once, here and nowhere else.
#[derive(Debug)]
pub(super) enum Failure {
    /// Arguments, job or token source; nothing was sent. The text is complete.
    BadInput(String),
    /// Rendered problems of a job file.
    BadJob(String),
    /// The pipeline.
    Pipeline(PipelineError),
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
            Self::BadInput(text) => {
                complain(&format!("error: {text}"));
                Exit::BadInput
            }
            Self::BadJob(text) => {
                complain(text);
                Exit::BadInput
            }
            Self::Pipeline(error) => {
                complain(&format!("error: {}", chain(error)));
                match error {
                    PipelineError::Interrupted => Exit::Interrupted,
                    error if error.is_unauthorized() => {
                        complain("help: the service does not accept the token; make a new one and try again");
                        Exit::Token
                    }
                    _ => Exit::Unexpected,
                }
            }
            Self::Held(text) => {
                complain(&format!("error: {text}"));
                Exit::Held
            }
            Self::ClosedPipe => Exit::Done,
            Self::Other(error) => {
                complain(&format!("error: {error:#}"));
                Exit::Unexpected
            }
        }
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        Self::Pipeline(error)
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

/// An error and its causes, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some libraries repeat their source in their own text.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn complain(text: &str) {
    use std::io::Write;
    // Nobody can be told that stderr is gone.
    let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}
