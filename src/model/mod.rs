//! The vocabulary: plain data, no I/O. It imports nothing of ours.
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
//! | *verdict* | what the comparison with the service's own copy said |
//! | *fault* | a failure the emulator is told to inject |

pub mod cause;
pub mod compare;
pub mod crash;
pub mod id;
pub mod import;
pub mod masks;
pub mod normal;
pub mod outcome;
pub mod service;
pub mod time;

pub use cause::chain;
pub use id::{Fingerprint, Id, ItemKey, RunId};
pub use import::Head;
pub use outcome::{Operation, Outcome, Verdict};
