//! The language of scenarios: two accounts of an emulator, a job, the real binary, and what must have come of it.
//!
//! The accounts are `source` and `target` of one server that is reached as any service is: by URL and token. A second
//! server over the same data is the back door by which tests look and edit: it counts nothing and never fails.

mod build;
mod documents;
mod expect;
mod fault;
mod world;

pub use build::Scenario;
pub use documents::{Import, id_of, import};
pub use expect::Ran;
pub use fault::Fault;
pub use world::{Running, World};
