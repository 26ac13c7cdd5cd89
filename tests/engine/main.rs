//! The engine as a library: job files, journals, reports.

#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(unreachable_pub, reason = "a test binary has nobody to export to")]

mod apply;
mod cases;
mod create;
mod fuzz;
mod goaway;
mod hostile;
mod job;
mod journal;
mod lease;
mod panics;
mod report;
mod session;
mod simulation;
mod two_accounts;
