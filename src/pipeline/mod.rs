//! How a job is done: plan first, then run what the plan says and no more.
//!
//! `select → fetch → transform → resolve → decide` makes the plan; `write → verify → record` carries it out, in the
//! plan's order, with a bounded number in flight. Promises: documents between stages live on disk, not in memory;
//! nothing is written that the plan does not hold; no call that could make an import is repeated while its effect is
//! in doubt. What imports refer to and the target lacks is an item like them, before those that need it; in their
//! documents a placeholder stands for its id until the journal knows it. It prints nothing: whoever wants to know listens to [`Event`]s.

pub mod account;
mod bench;
pub mod cancel;
pub mod chain;
mod contrast;
mod decide;
mod directory;
pub mod error;
pub mod event;
pub mod folder;
pub mod forecast;
mod inventory;
mod others;
pub mod plan;
pub mod plan_file;
pub mod plan_item;
mod prepare;
mod recognise;
pub mod related;
pub mod rows;
pub mod run;
pub mod saved;
mod select;
mod settle;
pub mod shelf;
pub mod spool;
pub mod summary;
mod supplies;
pub mod survey;
mod sweep;
mod target;
pub mod undo;

pub use account::Account;
pub use cancel::Cancel;
pub use chain::{Announced, Chain};
pub use error::PipelineError;
pub use event::{Event, Events, Listener, Stage};
pub use folder::RunFolder;
pub use forecast::Forecast;
pub use inventory::{Listed, inventory};
pub use plan::{Planned, Planning, plan};
pub use plan_file::{PlanFile, PlanWriter};
pub use plan_item::{
    AccountFacts, DIFFERS, ONLY_IN_SOURCE, ONLY_IN_TARGET, Others, Party, PlanHead, PlanItem, PlanTail,
    Trouble,
};
pub use related::Backups;
pub use rows::{Row, Story, read_journal, rows};
pub use spool::{Slot, Spool};
pub use summary::{OtherCount, Summary};
pub use survey::Reference;
pub use undo::{Undoing, plan_undo};
