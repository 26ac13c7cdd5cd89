//! What a run waits for that ended before it was finished.

use serde::{Deserialize, Serialize};

/// What a run waits for that ended before it was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// Nobody agreed to the next wave: whoever resumes the run agrees to it.
    Agreement,
    /// The condition that blocks its deletions cannot change any more: only a new run of the job deletes.
    NewRun,
}
