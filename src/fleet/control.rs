//! `control.json`: what people asked of a fleet. Every worker reads it again and again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What people asked of a fleet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Whether accounts are begun.
    pub state: ControlState,
    /// So many waves, from the first, were approved: the next ones may begin.
    pub approved: u32,
    /// When it was changed last; absent until somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// Who changed it last, e.g. `alice on build-7`; absent until somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// Drawn at each change, so that it is told from every other.
    #[serde(default)]
    pub mark: String,
}

/// Whether accounts are begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlState {
    /// They are, as far as their waves allow it.
    #[default]
    Running,
    /// None is begun; those that run go on.
    Paused,
    /// None is begun, and those that run drain.
    Stopped,
}

impl ControlState {
    /// The word of the file and of `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}
