//! The binary: what people run, what they read, and what is left in the accounts and on disk.

#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(unreachable_pub, reason = "a test binary has nobody to export to")]

mod accounts;
mod another_run;
mod apply;
mod archive_cli;
mod arguments;
mod backup;
mod cases;
mod config;
mod copies;
mod create;
mod edits;
mod endurance;
mod faults;
mod fleet;
mod fleet_ends;
mod fleet_reports;
mod fleet_snapshot;
mod fleet_versions;
mod flows;
mod forecasts;
mod gitops;
mod harmed;
mod json;
mod late_effects;
mod many;
mod migrate;
mod mirror;
mod narrow;
mod recipes;
mod references;
mod resume;
mod retry;
mod run_folders;
mod runs;
mod secrets;
mod shared_leases;
mod shared_runs;
mod support;
mod tokens;
mod undo;
mod undo_beside;
mod undo_law;
mod unreadable;
mod update_delete_clone;
mod values;
mod verify;
mod waves;
