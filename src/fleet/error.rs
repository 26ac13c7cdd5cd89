//! Why something about a fleet could not be done.

use crate::archive::ArchiveError;

/// Why something about a fleet could not be done.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The store does not answer, or has no such place.
    #[error(transparent)]
    Store(#[from] ArchiveError),
    /// It cannot be done as asked; nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// An object of the store is not what was written there.
    #[error("{name} in {place} cannot be read: put it back from a copy, or remove it")]
    Damaged {
        /// Name of the object that cannot be read.
        name: String,
        /// The store that holds it, without credentials.
        place: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// Others changed the same object again and again.
    #[error("{name} in {place} is being changed by others: try again")]
    Contended {
        /// Name of the object that is being changed.
        name: String,
        /// The store that holds it, without credentials.
        place: String,
    },
}
