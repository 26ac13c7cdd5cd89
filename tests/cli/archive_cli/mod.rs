//! The `archive` commands as scripts and people meet them: text, JSON, exit codes, keys.

mod bucket;
mod check;
mod keys;
mod look;
mod names;
mod prune;
mod store;
#[allow(dead_code, reason = "the archive's own tests use all of it")]
#[path = "../../../crates/archive/tests/it/support.rs"]
mod support;
