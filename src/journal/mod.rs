//! The durable record of a run: JSON Lines, each record carrying the SHA-256 of the line before.
//!
//! Promises: what was acknowledged survives a crash, what was torn never happened, and any other damage is an error
//! with its line. An intent is on the disk before its call. The journal never calls the service and never decides
//! what to do next; the rule for an item's steps is [`ItemState::after`].

mod by_item;
mod codes;
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
mod stop_counts;
pub mod writer;

pub use by_item::StepsByItem;
pub use codes::{GIVEN_UP, NO_ANSWER, NOT_SENT};
pub use disk::{Halt, JournalOptions, JournalStats, Writing};
pub use error::{JournalError, Misfit};
pub use item_states::{Cloned, Doubt, ItemStates};
pub use mirror::{Mirror, Mirrors};
pub use reader::{Replay, replay};
pub use record::{Call, Copy, Costs, Ending, Entry, FORMAT, Record, RunHeader, Step};
pub use state::{ItemState, Phase};
pub use stop_counts::StopCounts;
pub use writer::Journal;
