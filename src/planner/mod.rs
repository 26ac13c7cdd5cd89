//! Makes a plan: what will be done to each import, field by field, and what it takes.
//!
//! The stages are `select → fetch → transform → resolve references → decide`, over all items. They only read; documents
//! between stages are on disk. A resource that imports refer to and the target lacks becomes an item too, before those
//! that need it.

mod account_users;
mod apply;
mod apply_decision;
pub mod approved;
mod bearers;
mod by_id;
mod clone_call;
mod compare;
mod confirm;
mod decide;
mod decisions;
pub mod dependencies;
mod earlier_runs;
mod facts;
mod given_names;
mod items;
mod likeness;
pub mod limit;
mod map_notes;
mod matching;
mod mirror;
mod near_names;
mod own;
pub mod plan;
mod plan_builder;
mod plan_part;
mod prepare;
mod prepare_all;
mod prepare_chunk;
mod recycle_bin;
mod references;
mod repeated_update;
mod repoint;
mod request;
mod side_by_side;
mod stored_item;
mod target_difference;
mod target_file;
mod target_index;
mod target_only;
pub mod undo;
pub mod usage;
mod usage_reads;
mod users;
mod wanted_keys;
mod wanted_texts;
mod write_plan;
mod wrong_name;

pub use plan::{plan, plan_telling};
pub use repeated_update::UnverifiedWrite;
pub use request::{Only, OwnImport, PlanContext, PlanPurpose, PlannerRequest, Route, Scope};
pub use undo::{Copies, PlannedUndo, UndoRequest, plan_undo};
pub use usage::UsageDetail;
pub use write_plan::Planned;
