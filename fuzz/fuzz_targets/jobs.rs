//! `cargo fuzz run jobs`: what holds for any job file.
#![no_main]

#[path = "../job_checks.rs"]
mod job_checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| job_checks::jobs(bytes));
