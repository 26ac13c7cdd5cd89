//! Architecture rules: imports point one way, files are small, and every file says what it is for.

use std::fs;
use std::path::{Path, PathBuf};

mod circle_tests;
mod doc_tests;
mod import_tests;
mod json_tests;

/// Crates that may be replaced, and where they may be imported.
const REPLACEABLE: &[(&str, &[&str])] = &[
    ("reqwest", &["api/http.rs", "api/http/", "api/ping.rs"]),
    ("h2", &["api/http.rs", "api/http/"]),
    ("hyper", &["api/http.rs", "api/http/"]),
    ("governor", &["api/bucket.rs"]),
    ("backoff", &["api/retry.rs", "api/retry/"]),
    ("indicatif", &["report/progress.rs", "report/progress/"]),
    ("csv", &["report/audit.rs", "report/audit/"]),
    ("clap", &["cli/", "main.rs"]),
];

/// The folders whose sources are held to the rules.
const ROOTS: &[&str] = &[
    "src",
    "crates/age/src",
    "crates/allocator/src",
    "crates/archive/src",
    "crates/documents/src",
    "crates/emulator/src",
    "crates/temporal/src",
    "crates/tls/src",
];

/// Every source file: its root, its path below it, its text.
fn all_sources() -> Vec<(&'static str, String, String)> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for root in ROOTS {
        let folder = package.join(root);
        let mut open = vec![folder.clone()];
        let mut found: Vec<PathBuf> = Vec::new();
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    found.push(path);
                }
            }
        }
        found.sort();
        for path in found {
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            all.push((*root, name, fs::read_to_string(&path).unwrap()));
        }
    }
    all
}

/// The sources of the package itself.
fn sources() -> Vec<(String, String)> {
    let own = all_sources().into_iter().filter(|(root, name, _)| *root == "src" && !name.starts_with("tidy"));
    own.map(|(_, name, text)| (name, text)).collect()
}

/// The text without its tests at the foot of the file.
fn code(text: &str) -> &str {
    let inline = |at: &usize| {
        let declared = text[*at..].trim_start().strip_prefix("#[cfg(test)]").unwrap_or_default();
        declared.trim_start().lines().next().is_some_and(|line| line.ends_with('{'))
    };
    let tests = text.match_indices("\n#[cfg(test)]").map(|(at, _)| at).find(inline);
    &text[..tests.unwrap_or(text.len())]
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("tests.rs")
        || name.contains("/tests/")
        || name.ends_with("_tests.rs")
        || name.ends_with("sample.rs")
        || name.ends_with("stub.rs")
}

#[test]
fn no_file_has_more_than_400_lines() {
    let large: Vec<String> = all_sources()
        .into_iter()
        .filter_map(|(root, name, text)| {
            let lines = text.lines().count();
            (lines > 400).then(|| format!("{root}/{name}: {lines} lines"))
        })
        .collect();
    assert!(large.is_empty(), "split by what they know, not by size:\n{}", large.join("\n"));
}

#[test]
fn every_file_begins_with_a_doc_comment() {
    let silent: Vec<String> = all_sources()
        .into_iter()
        .filter(|(_, _, text)| !text.starts_with("//! "))
        .map(|(root, name, _)| format!("{root}/{name}"))
        .collect();
    assert!(silent.is_empty(), "the first line is no doc comment: {silent:?}");
}

#[test]
fn a_replaceable_crate_is_imported_in_one_place_only() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        for (krate, places) in REPLACEABLE {
            let is_place = places.iter().any(|place| name.starts_with(place));
            let named = code(&text).lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && (line.starts_with(&format!("use {krate}::")) || line.contains(&format!(" {krate}::")))
            });
            if named && !is_place && !is_test_file(&name) {
                wrong.push(format!("src/{name} imports {krate}, which only {places:?} may"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_list_of_imports_is_named_in_one_table() {
    // Where the program speaks to people of imports, it counts them: `count(n, "import", "imports")`.
    let folders = ["api", "journal", "inventory", "planner", "executor", "run_folder", "session"];
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        if is_test_file(&name) || !folders.contains(&name.split('/').next().unwrap()) {
            continue;
        }
        for (number, line) in code(&text).lines().enumerate() {
            let told = line.replace("\"import\", \"imports\"", "");
            let named = ["\"imports\"", "/v1/imports", "TTL/imports"].iter().any(|name| told.contains(name));
            if named && !line.trim_start().starts_with("//") {
                wrong.push(format!("src/{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "say `Kind::Imports.as_str()`:\n{}", wrong.join("\n"));
}

#[test]
fn the_main_file_is_small() {
    let main = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs")).unwrap();
    assert!(main.lines().count() < 40);
}

#[test]
fn what_the_readme_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut gone = Vec::new();
    for folder in ["jobs/", "tests/", "benches/", "src/", "crates/", "docs/", ".ci/"] {
        for part in readme.split(folder).skip(1) {
            let path: String = part
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
                .collect();
            let path = format!("{folder}{}", path.trim_end_matches('.'));
            if !root.join(&path).exists() {
                gone.push(path);
            }
        }
    }
    assert!(gone.is_empty(), "named in README.md but not there: {gone:?}");
}
