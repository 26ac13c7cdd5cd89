//! What uses the imports of an account: flows, APIs and tools.

use serde::{Deserialize, Serialize};

use crate::model::Id;

/// What something is that uses imports in its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// A flow.
    Flow,
    /// An API of the account's own.
    Api,
    /// A tool.
    Tool,
}

impl UserKind {
    /// Every kind, flows first.
    pub const ALL: [Self; 3] = [Self::Flow, Self::Api, Self::Tool];

    /// Its list: `flows`, `apis`, `tools`.
    pub fn list(self) -> &'static str {
        match self {
            Self::Flow => "flows",
            Self::Api => "apis",
            Self::Tool => "tools",
        }
    }

    /// One of them, in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Api => "API",
            Self::Tool => "tool",
        }
    }
}

/// A flow, an API or a tool that uses imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportUser {
    /// What it is.
    pub kind: UserKind,
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The integration it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Id>,
    /// Name of that integration, where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_name: Option<String>,
    /// Whether it is disabled, where the service says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Whether it ran when the plan was made; absent where that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
}

impl ImportUser {
    /// `flow "Orders" (5f7c…)`.
    pub fn told(&self) -> String {
        format!("{} \"{}\" ({})", self.kind.noun(), self.name, self.id)
    }
}
