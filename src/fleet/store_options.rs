//! How the shared store is opened.

use super::error::FleetError;
use crate::archive::{ArchiveError, ArchiveOptions, Objects};
use crate::model::time::Clock;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// A folder or the address of a bucket.
    pub location: String,
    /// The environment, for the credentials of buckets.
    pub variables: Vec<(String, String)>,
    /// The time of day.
    pub clock: Clock,
    /// Whether a missing folder is created.
    pub create: bool,
}

impl StoreOptions {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// The location makes no sense, or is not there.
    pub fn open(&self) -> Result<Objects, FleetError> {
        let options = ArchiveOptions {
            create: self.create,
            variables: self.variables.clone(),
            ..ArchiveOptions::new(self.clock.clone())
        };
        Objects::open(&self.location, &options).map_err(|error| match error {
            ArchiveError::Absent { place, .. } => FleetError::Refused(format!(
                "there is no store in {place}: `transship fleet plan` or `fleet run` makes it"
            )),
            error => error.into(),
        })
    }
}
