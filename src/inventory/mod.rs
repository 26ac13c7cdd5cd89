//! Reads accounts: complete lists, the imports that a job selects, and the resources they refer to.
//!
//! A list that ends early, skips rows or changes while it is read is an error, never a short list. What happens with
//! the result is decided in `planner`.

pub mod dependents;
mod each_user;
pub mod endpoint;
mod entry_file;
pub mod error;
pub(crate) mod flow_usage;
pub mod folder_api;
pub(crate) mod in_flows;
pub mod list_scan;
pub mod listing;
pub mod offline_api;
pub(crate) mod pages_ahead;
pub(crate) mod read_by_id;
pub mod related;
pub mod resource_index;
pub mod scan_agreement;
pub mod select;
pub(crate) mod select_names;
pub(crate) mod selection_matcher;
pub mod snapshot_api;
mod table;
pub(crate) mod wanted;
pub mod witnesses;

pub use endpoint::Account;
pub use error::EngineError;
pub use listing::{Listed, Listing, inventory};
pub use related::Backups;
