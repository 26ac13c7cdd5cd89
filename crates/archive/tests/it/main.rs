//! Archives: what a backup promises, what damage does, what pruning keeps.

#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(unreachable_pub, reason = "a test binary has nobody to export to")]

mod answers;
mod bucket;
mod compare;
mod damage;
mod export;
mod fuzz;
mod keep;
mod kill;
mod locks;
mod series;
mod store;
mod support;
