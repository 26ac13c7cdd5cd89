//! What is read of an import without parsing the whole of it.

use serde::Deserialize;

use crate::Id;

/// The identity of an import and the few fields that decide where it goes.
///
/// Reading it skips over the rest of the document, so it costs a fraction of a full parse.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// `_id`.
    #[serde(rename = "_id")]
    pub id: Id,
    /// `name`; absent on a broken document, then empty.
    #[serde(default)]
    pub name: String,
    /// `adaptorType`; absent on documents of 2016.
    #[serde(default, rename = "adaptorType")]
    pub adaptor_type: Option<String>,
    /// `_connectionId`.
    #[serde(default, rename = "_connectionId")]
    pub connection: Option<Id>,
    /// `_integrationId`.
    #[serde(default, rename = "_integrationId")]
    pub integration: Option<Id>,
    /// `_connectorId`: set on what an Integration App owns.
    #[serde(default, rename = "_connectorId")]
    pub connector: Option<Id>,
    /// `_sourceId`: what it was cloned from.
    #[serde(default, rename = "_sourceId")]
    pub cloned_from: Option<Id>,
    /// `externalId`.
    #[serde(default, rename = "externalId")]
    pub external_id: Option<String>,
    /// `createdAt`, as sent.
    #[serde(default, rename = "createdAt")]
    pub created_at: Option<String>,
    /// `lastModified`, as sent.
    #[serde(default, rename = "lastModified")]
    pub last_modified: Option<String>,
}

impl Head {
    /// Reads the head of a document's text.
    ///
    /// # Errors
    ///
    /// Not JSON, not an object, or without a text `_id`.
    pub fn of(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}
