//! The `archive` commands as scripts and people meet them: text, JSON, exit codes, keys.

#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(unreachable_pub, reason = "a test binary has nobody to export to")]

mod bucket;
mod check;
mod keys;
mod look;
mod names;
#[path = "../support/process.rs"]
mod process;
mod prune;
mod shelf;
#[allow(dead_code, reason = "the archive's own tests use all of it")]
#[path = "../archive/support.rs"]
mod support;
