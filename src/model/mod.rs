//! The vocabulary: plain data, no I/O. The only other code of this program that it imports defines documents.
//!
//! | word | meaning |
//! |---|---|
//! | *import* | a configuration document of the service |
//! | *job* | what the user asked for, as a file |
//! | *plan* | what will be done, item by item |
//! | *item* | one selected import on its way |
//! | *operation* | what is done to the target for an item: create, clone, update, delete, restore, archive |
//! | *attempt* | one call to the service for an item |
//! | *stage* | a part of the way: select, fetch, transform, resolve, decide, write, verify |
//! | *step* | an entry of the journal about an item; also one line of `transform:` in a job |
//! | *outcome* | the one word an item ends with |
//! | *verdict* | the result of comparing an item with the service's own copy |
//! | *fault* | a failure that the emulator injects on request |

pub mod action;
pub mod cancel;
pub mod cause;
pub mod chunks;
pub mod crash;
pub mod event;
pub mod halves;
pub mod id;
pub mod id_map;
pub mod item_set;
pub mod latency;
pub mod lease;
pub mod outcome;
pub mod packed_id;
pub mod shown;
pub(crate) mod stamp;
pub mod time;
pub mod waits_for;

pub use action::{Action, RecordedAction};
pub use cancel::Cancel;
pub use cause::chain;
pub use chunks::Chunks;
pub use event::{Event, Events, Listener, Stage};
pub use halves::{Halves, Keyed, halves, keyed_by, whole};
pub use id::{ItemKey, RunId};
pub use id_map::{IdMap, IdSet};
pub use item_set::ItemSet;
pub use latency::Latencies;
pub use lease::{AlwaysHeld, Lease, LeaseUntil};
pub use outcome::{Operation, Outcome};
pub use packed_id::PackedId;
pub use transship_documents::normal::compare::Verdict;
pub use transship_documents::{Fingerprint, Head, Id};
pub use waits_for::WaitsFor;

/// Whether a count is left out where it is written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_zero(count: &u32) -> bool {
    *count == 0
}
