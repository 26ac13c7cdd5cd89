//! `control.json`: what people have asked a fleet to do. Every worker reads it again and again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What people have asked a fleet to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Whether accounts are begun.
    pub state: ControlState,
    /// How many waves, from the first, were approved: the next ones may begin.
    pub approved: u32,
    /// When it was changed last; absent until somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// Who changed it last, e.g. `alice on build-7`; absent until somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// A random value, new at each change, which distinguishes it from every other version.
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
    /// None is begun; running ones go on.
    Paused,
    /// None is begun, and running ones drain.
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
