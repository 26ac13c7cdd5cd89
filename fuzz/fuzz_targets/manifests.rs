//! `cargo fuzz run manifests`: what holds for any manifest of a snapshot.
#![no_main]

#[path = "../manifest_checks.rs"]
mod manifest_checks;

libfuzzer_sys::fuzz_target!(|texts: (&str, &str)| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(manifest_checks::manifests(folder.path(), texts.0, texts.1));
});
