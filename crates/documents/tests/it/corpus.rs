//! The documents every law is held to: the emulator's seeds, which are always there, and real ones where they are at hand.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;

/// The imports of both demo accounts, named by account and position.
pub fn seeds() -> &'static [(String, Value)] {
    static SEEDS: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
        let mut all = Vec::new();
        for account in ["demo-a", "demo-b"] {
            let mut lists = transship_emulator::seed::documents(account);
            let Value::Array(imports) = lists["imports"].take() else { panic!("{account} has no imports") };
            let named = |(at, import)| (format!("{account} {at}"), import);
            all.extend(imports.into_iter().enumerate().map(named));
        }
        all
    });
    &SEEDS
}

/// The folder of real documents, where there is one. A test that asks in vain says that it does less.
pub fn shared(test: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests find the shared documents by it")]
    let named = std::env::var_os("TRANSSHIP_SHARED_DATA").map(PathBuf::from);
    let near = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let found = named.into_iter().chain([near]).find(|folder| folder.join("imports").is_dir());
    if found.is_none() {
        #[expect(clippy::print_stderr, reason = "a test that does less has to say so")]
        {
            eprintln!("{test}: skipped for real documents: there are none; set TRANSSHIP_SHARED_DATA");
        }
    }
    found
}

/// Every document at hand.
pub fn documents(test: &str) -> Vec<(String, Value)> {
    let mut all = seeds().to_vec();
    for entry in
        shared(test).into_iter().flat_map(|folder| std::fs::read_dir(folder.join("imports")).unwrap())
    {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            all.push((path.display().to_string(), serde_json::from_str(&text).unwrap()));
        }
    }
    all
}

#[test]
fn the_seeds_hold_every_kind_of_import() {
    let adaptors: std::collections::BTreeSet<&str> =
        seeds().iter().filter_map(|(_, import)| import["adaptorType"].as_str()).collect();
    assert!(seeds().len() >= 306 && adaptors.len() >= 13, "{} {adaptors:?}", seeds().len());
}
