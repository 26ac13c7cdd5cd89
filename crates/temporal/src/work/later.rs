//! What cannot be done now, and when it is tried again.

use std::time::Duration;

use transship::fleet::FleetError;

/// How often what a person has to do is asked for.
pub const ASKED_AGAIN: Duration = Duration::from_secs(5);

/// How long what this worker cannot do is left to others.
pub const LEFT_TO_OTHERS: Duration = Duration::from_secs(15);

/// Something that cannot be done now.
#[derive(Debug)]
pub struct Later {
    /// A word for the console and for alerts.
    pub kind: &'static str,
    /// Why it cannot be done now, as one sentence for people.
    pub why: String,
    /// When it is tried again.
    pub after: Duration,
}

impl Later {
    /// Tried again after so long.
    pub fn new(kind: &'static str, after: Duration, why: impl Into<String>) -> Self {
        Self { kind, why: why.into(), after }
    }
}

impl From<FleetError> for Later {
    fn from(error: FleetError) -> Self {
        let kind = if matches!(error, FleetError::Store(_)) { "store" } else { "fleet" };
        Self::new(kind, ASKED_AGAIN, transship::model::chain(&error))
    }
}
