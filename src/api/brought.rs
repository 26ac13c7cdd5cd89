//! What the calls of the service bring back.

use serde::Deserialize;
use serde_json::Value;

use crate::model::{Head, Id};

/// A stored document, as text; parsed by whoever needs more than its head.
#[derive(Debug, Clone)]
pub struct Document {
    /// The import's id, name and what else a list shows of it.
    pub head: Head,
    /// The whole text as sent: JSON.
    pub text: Box<str>,
    /// Whether it is for sure what it answers to, with nothing added that counts. Where this is not told, it may be so too.
    pub is_as_sent: bool,
    /// How many times the call that brought it was sent.
    pub attempts: u32,
    /// The service's clock when it answered; absent without a `Date` that can be read.
    pub date: Option<jiff::Timestamp>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// What a clone call answered: a document, or only what was made.
#[derive(Debug, Clone)]
pub struct Cloned {
    /// The id of the new import.
    pub id: Id,
    /// The new import, when the service sent it whole.
    pub document: Option<Document>,
    /// Ids of other resources that were made along with it, with their model (`Script`, ...).
    pub others: Vec<(String, Id)>,
    /// How many times the call was sent.
    pub attempts: u32,
    /// The service's clock when it answered; absent without a `Date` that can be read.
    pub date: Option<jiff::Timestamp>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// A write that brings no document back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// How many times the call was sent.
    pub attempts: u32,
    /// The service's clock when it answered; absent without a `Date` that can be read.
    pub date: Option<jiff::Timestamp>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// Whose token it is, as far as the service tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// The `_userId` to which the token belongs; absent where the service does not tell.
    #[serde(default, rename = "_userId")]
    pub user_id: Option<String>,
    /// `scope`: `*` or absent, as far as seen.
    #[serde(default)]
    pub scope: Option<String>,
}

/// Something that uses an import.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Dependent {
    /// The id of the resource that uses it.
    pub id: Id,
    /// Its name, empty when not told.
    #[serde(default)]
    pub name: String,
}

/// One change in the service's own audit log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuditEntry {
    /// `_id` of the entry.
    #[serde(rename = "_id")]
    pub id: Id,
    /// When, as the service sent it; absent where it did not say.
    #[serde(default)]
    pub time: Option<String>,
    /// `ui`, `api`, `system`, ...
    #[serde(default)]
    pub source: Option<String>,
    /// `create`, `update`, `delete`, ...
    #[serde(default)]
    pub event: Option<String>,
    /// `byUser`, as sent: who made the change. Absent where the service does not say.
    #[serde(default, rename = "byUser")]
    pub by_user: Option<Value>,
    /// `fieldChanges`, as sent: what was changed; may be empty.
    #[serde(default, rename = "fieldChanges")]
    pub changes: Vec<Value>,
}
