//! The errors of an archive.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An archive that cannot be opened, read or written. What was listed before is still listed and whole.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The location makes no sense.
    #[error("cannot use {location}: {message}")]
    Location {
        /// The location as it was given, secrets removed.
        location: String,
        /// What is wrong, and what to do.
        message: String,
    },
    /// The storage refused the request.
    #[error("cannot {what} {} in {place}{}", named(.path), hint(.source))]
    Storage {
        /// What was tried, e.g. `write`.
        what: &'static str,
        /// The object, from the archive's root.
        path: String,
        /// Where the archive is.
        place: String,
        /// What the store or the file system answered.
        #[source]
        source: Cause,
    },
    /// The storage did not answer in time.
    #[error("cannot {what} {} in {place}: no answer within {} s; try again when the storage is well", named(.path), after.as_secs())]
    Slow {
        /// What was tried, e.g. `write`.
        what: &'static str,
        /// The object's path within the archive.
        path: String,
        /// Where the archive is.
        place: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// A file outside the archive: a temporary file of a backup, or an exported file.
    #[error("cannot {what} {}{}", path.display(), remedy(source.kind()))]
    Local {
        /// What was tried, e.g. `write`.
        what: &'static str,
        /// The file that could not be read or written.
        path: PathBuf,
        /// What the file system answered.
        #[source]
        source: io::Error,
    },
    /// The archive does not exist.
    #[error("there is no archive in {place}: {message}")]
    Absent {
        /// Where it was looked for.
        place: String,
        /// What is there instead, and what to do.
        message: String,
    },
    /// A newer program wrote it.
    #[error("{path} in {place} has format {found}, this program knows {known}: use a newer transship")]
    Newer {
        /// The object's path within the archive.
        path: String,
        /// Where the archive is.
        place: String,
        /// The number of the format that was found.
        found: u32,
        /// The newest number of the format that this version reads.
        known: u32,
    },
    /// The key is missing, wrong or not wanted.
    #[error("the archive in {place} cannot be opened: {message}")]
    Key {
        /// Where the archive is.
        place: String,
        /// What is wrong, and what to do.
        message: String,
    },
    /// Something in it is not what was written.
    #[error("{path} in {place} is damaged: {message}")]
    Damaged {
        /// The object's path within the archive.
        path: String,
        /// Where the archive is.
        place: String,
        /// What does not fit.
        message: String,
    },
    /// Something that should be there is not.
    #[error("{path} is missing in {place}")]
    Missing {
        /// The object's path within the archive.
        path: String,
        /// Where the archive is.
        place: String,
    },
    /// Somebody else is at work in it.
    #[error("the archive in {place} is in use: {holder}; wait until it is done")]
    Busy {
        /// Where the archive is.
        place: String,
        /// Who, doing what, since when; of a lease also until when.
        holder: String,
    },
    /// The storage ignores the conditions of writes, so that nobody can have the archive for himself.
    #[error(
        "{place} does not honour conditional writes, so {work} cannot have the archive for itself: use a bucket or folder that \
         does"
    )]
    NoConditions {
        /// Where the archive is.
        place: String,
        /// What needs to be alone, e.g. `a prune`.
        work: &'static str,
    },
    /// The lock ran out or was taken over while working.
    #[error("the lock on the archive in {place} was lost ({message}): nothing more was written, start again")]
    LockLost {
        /// Where the archive is.
        place: String,
        /// How the lock was lost, as one sentence for people.
        message: String,
    },
    /// What was asked for would do harm.
    #[error("{0}")]
    Refused(String),
}

impl ArchiveError {
    /// What is wrong, without what was attempted and where.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Damaged { message, .. } => message.clone(),
            Self::Missing { .. } => "it is missing".to_owned(),
            other => other.to_string(),
        }
    }

    /// Whether the stored bytes are wrong or gone, rather than out of reach.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Missing { .. } | Self::Newer { .. })
    }

    pub(super) fn local<'a>(
        what: &'static str,
        path: impl Into<PathBuf> + 'a,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Local { what, path: path.into(), source }
    }

    /// The storage task's own panic or shutdown.
    pub(super) fn task(
        what: &'static str,
        path: &str,
        place: &str,
    ) -> impl FnOnce(tokio::task::JoinError) -> Self {
        let (path, place) = (path.to_owned(), place.to_owned());
        move |source| Self::Storage { what, path, place, source: Box::new(source) }
    }
}

/// The object as a message names it; the archive as a whole has no name.
fn named(path: &str) -> &str {
    if path.is_empty() { "what is" } else { path }
}

/// What to do about the causes that a user can mend.
fn hint(cause: &Cause) -> &'static str {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(cause.as_ref());
    while let Some(error) = next {
        if let Some(
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. },
        ) = error.downcast_ref()
        {
            return " (check the credentials and what they may do)";
        }
        match error.downcast_ref::<io::Error>().map(|error| remedy(error.kind())) {
            None | Some("") => next = error.source(),
            Some(remedy) => return remedy,
        }
    }
    ""
}

/// What to do about a file that cannot be written or read.
fn remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            " (the disk is full: free some space and start again)"
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            " (it may not be written or read: check the permissions)"
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            " (something else is in the way: move it, or choose another place)"
        }
        _ => "",
    }
}
