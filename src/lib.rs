//! Transship moves integrator.io imports in bulk, with proof of what happened to each.
//!
//! The modules in reading order; each folder's `mod.rs` says what it promises and what it leaves to others.
//!
//! | module | what it knows |
//! |---|---|
//! | [`documents`] | what an import document is, and pure edits on it. A crate of its own |
//! | [`model`] | the vocabulary: runs, items, operations, outcomes, events. No I/O |
//! | [`api`] | the service: one trait, one adapter, its budget and its retries |
//! | [`journal`] | what a run remembers across a crash |
//! | [`archive`] | backups: documents by content, snapshots that are whole or absent. A crate of its own |
//! | [`emulator`] | the service on this machine. Shares no code with [`api`]: they meet over a socket. A crate of its own |
//! | [`job`] | what the user asked for, checked |
//! | [`run_folder`] | what a run keeps on disk |
//! | [`inventory`] | reads accounts |
//! | [`planner`] | makes a plan |
//! | [`executor`] | carries out a plan |
//! | [`report`] | a plan or a run in words, tables and pages; progress |
//! | [`session`] | the library's door: plan, execute, resume, retry, undo, rehearse |
//! | [`cli`] | arguments, questions, exit codes |

pub mod api;
pub mod cli;
pub mod executor;
pub mod inventory;
pub mod job;
pub mod journal;
pub mod model;
pub mod planner;
pub mod report;
pub mod run_folder;
pub mod session;

pub use transship_archive as archive;
pub use transship_documents as documents;
pub use transship_emulator as emulator;

#[cfg(test)]
mod tidy;
