//! What calls to the service return.

use serde::Deserialize;
use serde_json::Value;

use crate::model::{Head, Id};

/// A stored document, as text. Callers that need more than its head parse it.
#[derive(Debug, Clone)]
pub struct Document {
    /// The import's id, name and what else a list shows of it.
    pub head: Head,
    /// The whole text as sent: JSON.
    pub text: Box<str>,
    /// Whether it certainly equals what was sent, with no relevant additions. If `false`, this is unknown.
    pub is_as_sent: bool,
    /// How many times the call that returned it was sent.
    pub attempts: u32,
    /// The service's clock when it answered; absent without a `Date` that can be read.
    pub date: Option<jiff::Timestamp>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// The answer to a clone call: a document, or only the ids of what was made.
#[derive(Debug, Clone)]
pub struct Cloned {
    /// The id of the new import.
    pub id: Id,
    /// The new import, if the service sent all of it.
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

/// The result of a write that returns no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// How many times the call was sent.
    pub attempts: u32,
    /// The service's clock when it answered; absent without a `Date` that can be read.
    pub date: Option<jiff::Timestamp>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// The owner of the token, if the service says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Identity {
    /// The `_userId` to which the token belongs; absent if the service does not say.
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
    /// Its name; empty if the service does not give it.
    #[serde(default)]
    pub name: String,
}

/// One change in the service's own audit log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuditEntry {
    /// `_id` of the entry.
    #[serde(rename = "_id")]
    pub id: Id,
    /// When, as the service sent it; absent if it did not say.
    #[serde(default)]
    pub time: Option<String>,
    /// `ui`, `api`, `system`, ...
    #[serde(default)]
    pub source: Option<String>,
    /// `create`, `update`, `delete`, ...
    #[serde(default)]
    pub event: Option<String>,
    /// `byUser`, as sent: who made the change. Absent if the service does not say.
    #[serde(default, rename = "byUser")]
    pub by_user: Option<Value>,
    /// `fieldChanges`, as sent: what was changed; may be empty.
    #[serde(default, rename = "fieldChanges")]
    pub changes: Vec<Value>,
}
