//! `cargo fuzz run paths`: what holds for any text that is read as path.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &str| checks::paths(text));
