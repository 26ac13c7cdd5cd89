//! An account from a CSV of accounts that replaces an account of a job: one job, run for each of many accounts.

use std::collections::BTreeMap;

use super::{Account, AccountPlace};
use crate::model::Fingerprint;

/// A row of a CSV of accounts.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountRow {
    /// The line in the file, from 1.
    pub line: u64,
    /// The account: its name, where it is, and where its token is found.
    pub account: Account,
    /// Where the account is from.
    pub origin: RowOrigin,
    /// The column `wave`: the wave of a fleet it belongs to, from 1; `None` for the first that has room.
    pub wave: Option<u32>,
    /// The column `queue`: which workers take it.
    pub queue: Option<String>,
    /// The name and every column of the user's own: `account.*` in templates.
    pub columns: BTreeMap<String, String>,
}

impl AccountRow {
    /// The row as the account of a job.
    pub fn stand_in(&self, role: &str) -> StandIn {
        StandIn {
            role: role.to_owned(),
            account: self.account.clone(),
            origin: self.origin,
            columns: self.columns.clone(),
        }
    }
}

/// Where the account of a row is from, which decides whose rate it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOrigin {
    /// The columns of the row say where it is. Its rate is that of the account it stands for.
    #[default]
    Columns,
    /// The row only names it, and the user's file holds it. A rate that it has there stays its own.
    Named,
}

impl RowOrigin {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_columns(&self) -> bool {
        *self == Self::Columns
    }
}

/// An account that stands for one of a job's. It holds where its token comes from, never a token.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StandIn {
    /// Which account of the job it stands for: `source`, `target`, or the name of one.
    #[serde(rename = "as")]
    pub role: String,
    /// The account that is used instead.
    pub account: Account,
    /// Where that account is from.
    #[serde(default, skip_serializing_if = "RowOrigin::is_columns")]
    pub origin: RowOrigin,
    /// The columns of its row, which templates read as `account.*`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
}

impl StandIn {
    /// Tells this row from others: its name, where the account is, and its columns; not where its token comes from.
    pub fn fingerprint(&self) -> Fingerprint {
        let place = match &self.account.place {
            AccountPlace::Service { origin, .. } => origin.to_string(),
            AccountPlace::Emulator { name } => format!("emulator:{name}"),
            AccountPlace::Folder { path, .. } => format!("folder:{}", path.display()),
            AccountPlace::Archive { place, of, .. } => format!("archive:{place}#{of}"),
        };
        let row = serde_json::json!([self.account.name, place, self.columns]);
        Fingerprint::of(row.to_string().as_bytes())
    }
}

/// Which account stands for one of a job's.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountChoice {
    /// The account of a row, with its columns.
    Row(StandIn),
    /// The one of that name in the job's `sources`.
    OfSources {
        /// The name of the account in `sources`.
        name: String,
        /// Which account of the job it stands for: `source`, `target`, or the name of one.
        role: String,
    },
}
