//! The durable record of a run: JSON Lines, each record carrying the SHA-256 of the line before.
//!
//! Promises: what was acknowledged survives a crash, what was torn never happened, and any other damage is an error
//! with its line. An intent is on the disk before its call. The journal never calls the service and never decides
//! what to do next; the rule for an item's steps is [`ItemState::after`].

mod by_item;
mod disk;
pub mod error;
mod flat;
mod inline;
pub mod item_states;
mod line;
pub mod mirror;
mod places;
mod reader;
pub mod record;
pub mod state;
pub mod writer;

pub use by_item::StepsByItem;
pub use disk::{Halt, JournalOptions, JournalStats, Writing};
pub use error::{JournalError, Misfit};
pub use item_states::{Cloned, Doubt, GIVEN_UP, ItemStates, NO_ANSWER, NOT_SENT};
pub use mirror::{Mirror, Mirrors};
pub use reader::{Replay, replay};
pub use record::{Call, Copy, Costs, Ending, Entry, FORMAT, Record, RunHeader, Step};
pub use state::{ItemState, Phase};
pub use writer::Journal;
