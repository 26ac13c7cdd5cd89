//! What a run keeps on disk: its folder, its plan, its documents, and the journal's data about its items.
//!
//! Files are written to a temporary file and renamed, and only their owner may read them. Other modules make the plan
//! (`planner`), carry it out (`executor`), and describe it (`report`).

pub mod before_images;
pub mod chain;
pub mod dependency_items;
pub mod document_file;
pub mod error;
pub mod folder;
pub mod forecast;
mod holder;
pub mod import_users;
pub mod known_ids;
mod lines;
pub mod lock;
pub mod other_runs;
pub mod outcome;
pub mod plan_file;
pub mod plan_item;
pub(crate) mod plan_line;
mod read_ahead;
mod read_back;
pub mod reference_usage;
pub mod rows;
pub mod run_record;
mod secrets_to_enter;
pub mod shared;
pub mod staging;
pub mod summary;
pub(crate) mod texts_in_order;
mod witness;

pub use chain::{BeforeImage, Chain};
pub use document_file::{DocumentFile, Span};
pub use error::RunFolderError;
pub use folder::RunFolder;
pub use forecast::Forecast;
pub use import_users::{AccountUsage, AffectedUser, ImportUser, Usage, UsageSummary, UserKind};
pub use known_ids::KnownIds;
pub use outcome::outcome_of;
pub use plan_file::{PlanFile, PlanWriter};
pub use plan_item::{
    AccountFacts, DIFFERS, ImportRef, KindCount, ONLY_IN_SOURCE, ONLY_IN_TARGET, PlanHead, PlanItem,
    PlanTail, Reason,
};
pub use reference_usage::Reference;
pub use rows::Row;
pub use run_record::{RunRecord, read_journal};
pub use summary::{OtherCount, Summary};
