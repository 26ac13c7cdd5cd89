//! What a plan saw in the accounts, by which they are recognised later.

use serde::{Deserialize, Serialize};

use crate::model::Id;

/// Something a plan saw in an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Its list: `imports`, `connections`.
    pub list: String,
    /// The resource's id.
    pub id: Id,
}

/// What a plan saw in the accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnesses {
    /// In the source.
    #[serde(default)]
    pub source: Vec<Witness>,
    /// In the target.
    #[serde(default)]
    pub target: Vec<Witness>,
}
