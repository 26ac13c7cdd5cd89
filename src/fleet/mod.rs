//! A fleet: one job for each of many accounts, in waves, from any number of machines that share a store.
//!
//! | file | what it knows |
//! |---|---|
//! | `definition` | what a fleet is: its job, accounts and waves, as the store keeps them |
//! | `store` | where each part of a fleet stands in the store, and how it is changed by several at once |
//! | `control`, `result`, `beat` | what people asked for, how each account ended, what each worker is doing |
//! | `waves`, `dispatch` | which account comes next; plain functions without time or storage of their own |
//! | `run` | the loop of a worker: ask, start, wait, record |
//! | `request`, `launcher`, `shard` | what a worker is asked to do, who runs an account, which accounts are a worker's |
//! | `load` | a fleet file with its accounts and its job, and where its store is |
//! | `child`, `children` | running an account as a process of its own |
//! | `plans`, `snapshot` | which accounts were planned beforehand; the one snapshot of an archive that all accounts get |
//! | `lease` | who may write to an account, where several machines could |
//! | `status`, `under_way`, `groups`, `words` | what people are told of a fleet, of its plans, and of how it ended |
//!
//! Promises: an account of a later wave is begun only when every earlier wave ended well or somebody approved; two
//! workers never overwrite each other's results unnoticed; the store contains names, counts and hashes, never a token
//! and never a document. Nothing here prints; what runs an account is a [`Launcher`], and [`children`] does it in
//! processes of its own.

pub mod beat;
pub mod child;
pub mod children;
pub mod control;
pub mod definition;
pub mod dispatch;
pub mod error;
pub mod groups;
pub mod held;
mod launcher;
pub mod lease;
pub mod load;
pub mod plans;
mod recording;
mod request;
pub mod result;
pub mod run;
mod shard;
pub mod snapshot;
pub mod status;
pub mod store;
mod store_options;
mod under_way;
pub mod waves;
pub mod words;

pub use crate::archive::Objects;
pub use beat::{Activity, Beat};
pub use control::{Control, ControlState};
pub use definition::{Definition, Member};
pub use dispatch::{Ending, Gate};
pub use error::FleetError;
pub use groups::{Group, Planned};
pub use result::{AccountResult, Counts};
pub use run::{ChildEnd, Launcher, Pace, RunRequest, Shard, run};
pub use status::{AttentionRow, Status, status};
pub use store::{FleetStore, StoreOptions};
pub use under_way::UnderWay;
