//! The service on this machine, over HTTP: `serve(listener, store, options, shutdown)`.
//!
//! It answers every endpoint that concerns imports and the lists their references are resolved by, keeps what
//! it is given in a file that survives a kill, refuses what the service refuses, and injects faults. What is
//! not known of the service is a switch of [`Behaviour`]. It shares no code with the client: they meet over a
//! socket. It never calls anything: an invoked import answers as if its records had arrived.
//!
//! Left out: running an import through `/v1/{apiIdentifier}` or `/v1/connections/{id}/import`, integration
//! clones, and everything about running flows.

mod behaviour;
mod clock;
mod connection;
mod control;
mod embedded;
mod error;
mod fault;
mod handlers;
mod limiter;
mod options;
mod page;
mod reply;
mod rules;
pub mod seed;
mod server;
mod store;
pub mod tables;

pub use behaviour::{Behaviour, CloneAnswer, LinkForm, ReplaceAnswer, UnusedFilters};
pub use clock::Clock;
pub use control::{CallCount, Control};
pub use embedded::Embedded;
pub use error::EmulatorError;
pub use fault::{Effect, FAULTS_SCHEMA, Fault, FaultFile, FaultProblem, Match};
pub use options::{AccountSpec, Options, serve};
pub use store::{AccountId, AccountRecord, Entry, Id, Kind, Store};
