//! Makes a plan: what will be done to each import, field by field, and what it takes.
//!
//! `select → fetch → transform → resolve references → decide`, over all items. Promises: reads only; documents between
//! stages lie on disk. What imports refer to and the target lacks is an item like them, before those that need it.

pub mod approved;
mod compare;
mod decide;
pub mod dependencies;
mod matching;
pub mod plan;
mod plan_builder;
mod prepare;
mod settle;
mod target_index;
pub mod undo;

pub use plan::{PlanRequest, Planned, plan};
pub use undo::{UndoRequest, plan_undo};
