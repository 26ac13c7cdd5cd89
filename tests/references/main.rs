//! Two accounts side by side: comparing them, and what ids of one stand for in the other.

#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(unreachable_pub, reason = "the rooms of one test")]

mod compare;
mod report;
mod world;
