//! Transship moves integrator.io imports in bulk, with proof of what happened to each.
//!
//! A job is loaded, planned, looked at and carried out; here between two accounts of the embedded emulator:
//!
//! ```
//! use transship::model::event::Events;
//! use transship::session::{self, Approval, Host, OpenRequest, PlanRequest, SessionOptions};
//! use transship::{Session, job::Env};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let work = tempfile::tempdir()?;
//! std::fs::write(
//!     work.path().join("job.yaml"),
//!     "version: 1\n\
//!      name: to-eu\n\
//!      action: migrate\n\
//!      accounts: { us: { emulator: demo-a }, eu: { emulator: demo-b } }\n\
//!      source: us\n\
//!      target: eu\n\
//!      select: { adaptor_types: [HTTPImport] }\n",
//! )?;
//! // What the library may know of the machine: it asks for nothing by itself.
//! let folder = work.path().to_owned();
//! let host = Host::new(Env { home: Some(folder.clone()), folder, ..Env::default() });
//!
//! // Every problem of the file at once, each with its place.
//! let (job, settings) = session::load_job(&host, &work.path().join("job.yaml"))?;
//! // Tokens are found and checked.
//! let session = Session::open(&host, OpenRequest::Write(settings), SessionOptions::new(&host)).await?;
//!
//! // Nothing is written before the plan was seen. Progress would go to listeners; nobody listens here.
//! let plan = session.plan(PlanRequest::of(&job), &Events::none()).await?;
//! println!("{} imports, {} calls", plan.file().tail().selected, plan.file().tail().forecast.total);
//!
//! // Journal, locks, budget, evidence. An emulator is written to without anybody having agreed.
//! let run = session.execute(plan, Approval::NotAsked, &Events::none()).await?;
//! for row in run.rows()?.iter().filter(|row| row.outcome.needs_attention()) {
//!     println!("{}: {:?}", row.item.name, row.error_message);
//! }
//! assert!(run.record.is_finished() && run.folder.audit().exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
//! | [`session`] | the library's door: plan, execute, resume, retry, undo, drill |
//! | [`fleet`] | one job for each of many accounts, from any number of machines over one store |
//! | [`cli`] | arguments, questions, exit codes |

pub mod api;
pub mod cli;
pub mod executor;
pub mod fleet;
pub mod inventory;
pub mod job;
pub mod journal;
pub mod model;
pub mod planner;
pub mod report;
pub mod run_folder;
pub mod session;

pub use job::Job;
pub use session::{Session, SessionError as Error};
pub use transship_archive as archive;
pub use transship_documents as documents;
pub use transship_emulator as emulator;

#[cfg(test)]
mod tidy;
