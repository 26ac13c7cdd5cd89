//! Transship moves integrator.io imports in bulk, with proof of what happened to each.
//!
//! The modules in reading order; each folder's `mod.rs` says what it promises and what it leaves to others.
//!
//! | module | what it knows |
//! |---|---|
//! | [`model`] | the vocabulary: ids, operations, outcomes, the normal form of a document. No I/O |
//! | [`transform`] | what a job does to one document. Pure |
//! | [`api`] | the service: one trait, one adapter, its budget and its retries |
//! | [`journal`] | what a run remembers across a crash |
//! | [`archive`] | backups: documents by content, snapshots that are whole or absent |
//! | [`emulator`] | the service on this machine. Shares no code with [`api`]: they meet over a socket |
//! | [`job`] | what the user asked for, checked |
//! | [`pipeline`] | how it is done: plan, then run |
//! | [`report`] | who listens: bars, audit, summary |
//! | [`cli`] | the face: arguments, commands, exit codes |

pub mod api;
pub mod archive;
pub mod cli;
pub mod emulator;
pub mod job;
pub mod journal;
pub mod model;
pub mod pipeline;
pub mod report;
pub mod transform;
