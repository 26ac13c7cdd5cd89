//! Switches for unknown behaviour of the service.
//!
//! Every field answers a question that the public documentation leaves open. The defaults are the
//! answers best supported; a faults file sets others, so that a client can be tried against each.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How an emulated service answers where the documentation is silent or contradicts itself.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Behaviour {
    /// The form of the `Link` header of lists.
    pub link: LinkForm,
    /// Documents on a page if the call has no `limit`. Default 100.
    pub page_size: usize,
    /// The largest `limit`; a larger value is reduced to it. Default 1,000.
    pub page_cap: usize,
    /// The form of the answer to a clone.
    pub clone_answer: CloneAnswer,
    /// The form of the answer to `replaceConnection`.
    pub replace_connection_answer: ReplaceAnswer,
    /// HTTP status for an id in the path that is not 24 hexadecimal digits. Default 422.
    pub malformed_id_status: u16,
    /// Whether deleting an import that something uses is refused with 409.
    pub delete_in_use_conflicts: bool,
    /// Whether the list of imports includes AI agents, guardrails and tools if the call does not ask for them.
    pub list_agents: bool,
    /// Whether a PUT is refused if its `_id` is not the one in the path.
    pub put_checks_id: bool,
    /// Whether a PUT is refused with 409 if its `lastModified` is not the stored one.
    pub put_checks_last_modified: bool,
    /// Whether POST and PUT refuse references to resources that the account does not have.
    pub check_references: bool,
    /// Whether an import must match the type of its connection.
    pub check_connection_type: bool,
    /// Whether an `adaptorType` that contradicts the configuration block is refused.
    pub check_adaptor_type: bool,
    /// Whether update, addupdate and delete on `NetSuite` require an `internalIdLookup`.
    pub require_internal_id_lookup: bool,
    /// Whether a Mapper 2.0 entry without `status` is refused.
    pub mapper2_requires_status: bool,
    /// When an unused `filter` or `responseTransform` is filled in.
    pub unused_filters: UnusedFilters,
    /// Whether the answer to a POST of a script lacks its `content`.
    pub post_script_hides_content: bool,
    /// Whether the answer to a PUT of a script lacks its `content`.
    pub put_script_hides_content: bool,
    /// Seconds in `Retry-After` when the bucket is empty; if negative, the header is omitted. Default 2.
    pub retry_after: i64,
    /// Calls that the bucket of an account holds. Default 1,000.
    pub bucket_size: f64,
    /// Calls that the bucket gains a second. Default 300.
    pub bucket_refill: f64,
    /// Calls in the bucket at the start; without it, a full bucket.
    pub bucket_start: Option<f64>,
    /// Whether there is a rate limit at all.
    pub rate_limited: bool,
    /// How far the service's clock is ahead of this machine's clock. Default zero.
    pub clock_skew: SignedDuration,
    /// How far the `Date` of answers is ahead of the service's clock, which sets the times of documents.
    pub date_skew: SignedDuration,
    /// The largest body that is accepted, in bytes; a larger one is answered with 413. Default 16 MiB.
    pub body_limit: usize,
    /// Days that a deleted resource stays in the recycle bin. Default 30.
    pub recycle_days: i64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            link: LinkForm::Skip,
            page_size: 100,
            page_cap: 1000,
            clone_answer: CloneAnswer::Document,
            replace_connection_answer: ReplaceAnswer::Document,
            malformed_id_status: 422,
            delete_in_use_conflicts: true,
            list_agents: true,
            put_checks_id: false,
            put_checks_last_modified: false,
            check_references: true,
            check_connection_type: false,
            check_adaptor_type: true,
            require_internal_id_lookup: true,
            mapper2_requires_status: false,
            unused_filters: UnusedFilters::Always,
            post_script_hides_content: false,
            put_script_hides_content: false,
            retry_after: 2,
            bucket_size: 1000.0,
            bucket_refill: 300.0,
            bucket_start: None,
            rate_limited: true,
            clock_skew: SignedDuration::ZERO,
            date_skew: SignedDuration::ZERO,
            body_limit: 16 << 20,
            recycle_days: 30,
        }
    }
}

/// The form of `Link` on a list page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkForm {
    /// As documented: `skip` and `limit`, `rel="next"` and `rel="prev"`.
    Skip,
    /// As seen in clients' tests: an opaque `after` cursor, `rel=next` without quotes.
    After,
}

/// The form of the answer to a clone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CloneAnswer {
    /// The document of the new import; the default.
    Document,
    /// A list of what depends on it: `[{"model":"Import","_id":…,"name":…}]`.
    Array,
}

/// The form of the answer to `replaceConnection`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceAnswer {
    /// The import as it is now.
    Document,
    /// The empty object `{}`.
    Empty,
}

/// When an unused `filter` or `responseTransform` is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusedFilters {
    /// On every import, also where the client sent none.
    Always,
    /// Only where the client sent an empty one.
    WhenEmpty,
    /// The change is seen nowhere.
    Never,
}
