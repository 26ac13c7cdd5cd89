//! What is known of an import beside its document: what templates can use.

use std::collections::BTreeMap;

/// What is known of an import beside its document.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `row.*`: the columns of the manifest's row for this import; empty without a manifest.
    pub row: BTreeMap<String, String>,
    /// `account.*`: the columns of the account in a CSV of accounts; empty where none was chosen from one.
    pub account: BTreeMap<String, String>,
    /// The job's name: `job.name` in templates.
    pub job_name: String,
    /// `job.date`: the run's day, `2026-01-31`.
    pub job_date: String,
    /// The job's action: `job.action` in templates.
    pub job_action: String,
    /// `index`: the import's number in the selection, from 1.
    pub index: u32,
    /// Names of this import's connection and integration in the source account, where known.
    pub connection_name: Option<String>,
    /// Name of its integration.
    pub integration_name: Option<String>,
    /// Ids and names of the flows that use it, where a `when` asks for them.
    pub flows: Vec<String>,
    /// Ids and names of the integrations whose flows, APIs or tools use it, where a `when` asks for them.
    pub integrations: Vec<String>,
}
