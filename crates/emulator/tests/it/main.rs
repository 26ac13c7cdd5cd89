//! The emulator: the contract of the service, its faults, its demo data and what it keeps on disk.

#![allow(clippy::unwrap_used, reason = "these are tests")]
#![allow(unreachable_pub, reason = "a test binary has nobody to export to")]

mod contract;
mod faults;
mod faults_schema;
mod real_documents;
mod seed;
mod store;
mod support;
