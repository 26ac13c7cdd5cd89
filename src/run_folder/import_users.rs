//! What uses the imports of an account: flows, APIs and tools.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::documents::references::Kind;
use crate::model::Id;

/// The kinds of resources that use imports in their steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// A flow, which has imports as steps.
    Flow,
    /// An API that is defined in the account.
    Api,
    /// A tool, which has imports as steps.
    Tool,
}

impl UserKind {
    /// Every kind, flows first.
    pub const ALL: [Self; 3] = [Self::Flow, Self::Api, Self::Tool];

    /// The kind of resource it is.
    pub fn kind(self) -> Kind {
        match self {
            Self::Flow => Kind::Flows,
            Self::Api => Kind::Apis,
            Self::Tool => Kind::Tools,
        }
    }

    /// Whether resources of a kind use imports.
    pub fn is_one(kind: Kind) -> bool {
        Self::ALL.iter().any(|user| user.kind() == kind)
    }

    /// Its list: `flows`, `apis`, `tools`.
    pub fn list(self) -> &'static str {
        self.kind().as_str()
    }

    /// The singular noun, for a sentence.
    pub fn noun(self) -> &'static str {
        self.kind().singular()
    }
}

/// A flow, an API or a tool that uses imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportUser {
    /// What it is.
    pub kind: UserKind,
    /// Id of the flow, the API or the tool.
    pub id: Id,
    /// Name of the flow, the API or the tool; empty for one without a name.
    pub name: String,
    /// The integration it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Id>,
    /// The name of that integration, if it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_name: Option<String>,
    /// Whether it is disabled, if the service says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Whether it ran when the plan was made; absent if that was not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
}

impl ImportUser {
    /// `flow "Orders" (5f7c…)`.
    pub fn told(&self) -> String {
        format!("{} \"{}\" ({})", self.kind.noun(), self.name, self.id)
    }
}

/// What uses the imports of a plan in one account, if it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUsage {
    /// Which lists were read: `flows`, `apis`, `tools`.
    pub lists: Vec<String>,
    /// Those that use an import of the plan, by id.
    pub users: Vec<ImportUser>,
}

/// What uses the imports of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// In the target: what uses its existing imports; absent if not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<AccountUsage>,
    /// In the source: what uses the copied imports; absent if not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<AccountUsage>,
}

impl Usage {
    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.target.is_none() && self.source.is_none()
    }
}

/// How many users are listed in a summary; the rest are counted.
const MOST_LISTED: usize = 100;

/// The numbers of users of some imports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSummary {
    /// Flows that use one of the imports.
    pub flows: u32,
    /// APIs that use one of the imports.
    pub apis: u32,
    /// Tools that use one of the imports.
    pub tools: u32,
    /// Integrations that those belong to.
    pub integrations: u32,
    /// How many of them are disabled.
    pub disabled: u32,
    /// Flows that ran when the plan was made; absent if that was not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<u32>,
    /// Which lists were read: `flows`, `apis`, `tools`.
    pub lists: Vec<String>,
    /// The first hundred: first those that ran, then those that use the most imports.
    pub users: Vec<AffectedUser>,
}

/// Something that uses imports, and how many of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedUser {
    /// The flow, API or tool.
    #[serde(flatten)]
    pub user: ImportUser,
    /// How many of the imports it uses.
    pub imports: u32,
}

/// How many imports each user uses, by its id.
pub type UserCounts = BTreeMap<Id, u32>;

impl UsageSummary {
    /// Counts the users in `read` that use any import.
    pub fn of(read: &AccountUsage, counts: &UserCounts) -> Self {
        let mut summary = Self { lists: read.lists.clone(), ..Self::default() };
        let mut integrations = BTreeSet::new();
        for user in &read.users {
            let Some(imports) = counts.get(&user.id).copied() else { continue };
            match user.kind {
                UserKind::Flow => summary.flows += 1,
                UserKind::Api => summary.apis += 1,
                UserKind::Tool => summary.tools += 1,
            }
            integrations.extend(&user.integration);
            summary.disabled += u32::from(user.disabled == Some(true));
            if let Some(running) = user.running {
                *summary.running.get_or_insert(0) += u32::from(running);
            }
            summary.users.push(AffectedUser { user: user.clone(), imports });
        }
        summary.integrations = u32::try_from(integrations.len()).unwrap_or(u32::MAX);
        let order = |one: &AffectedUser| (one.user.running != Some(true), std::cmp::Reverse(one.imports));
        summary.users.sort_by_key(order);
        summary.users.truncate(MOST_LISTED);
        summary
    }

    /// Whether nothing uses the imports.
    pub fn is_empty(&self) -> bool {
        self.flows + self.apis + self.tools == 0
    }
}
