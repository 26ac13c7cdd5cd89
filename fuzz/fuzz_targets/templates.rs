//! `cargo fuzz run templates`: what holds for any text that is read as template.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &str| checks::templates(text));
