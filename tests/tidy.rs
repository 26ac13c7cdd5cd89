//! The house rules: imports point one way, rooms are small, every room says what it is for.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom. `cli` may import all; `main` imports `cli`.
fn may_import() -> BTreeMap<&'static str, Vec<&'static str>> {
    BTreeMap::from([
        ("model", vec![]),
        ("transform", vec!["model"]),
        ("api", vec!["model"]),
        ("journal", vec!["model"]),
        ("archive", vec!["model"]),
        ("emulator", vec!["model"]),
        ("job", vec!["model", "transform"]),
        ("pipeline", vec!["model", "transform", "api", "journal", "archive", "job"]),
        // The journal for the sake of evidence: its chain is recomputed. The archive and what a comparison says, to be
        // put into words.
        ("report", vec!["model", "transform", "pipeline", "journal", "archive"]),
    ])
}

/// Crates that are named behind one door each.
const DOORS: &[(&str, &[&str])] = &[
    ("reqwest", &["api/http.rs", "api/http/", "api/ping.rs"]),
    ("governor", &["api/bucket.rs"]),
    ("backoff", &["api/retry.rs", "api/retry/"]),
    ("indicatif", &["report/progress.rs", "report/progress/"]),
    ("csv", &["report/audit.rs", "report/audit/"]),
    ("clap", &["cli/", "main.rs"]),
    ("axum", &["emulator/"]),
    ("redb", &["emulator/"]),
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open = vec![root.clone()];
    let mut found: Vec<PathBuf> = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// The text without its tests at the foot of the file.
fn code(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or(text)
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("tests.rs")
        || name.contains("/tests/")
        || name.ends_with("_tests.rs")
        || name.ends_with("sample.rs")
}

#[test]
fn imports_between_modules_point_one_way() {
    let rules = may_import();
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let module = name.split('/').next().unwrap();
        let Some(allowed) = rules.get(module) else { continue };
        if is_test_file(&name) {
            continue;
        }
        for (number, line) in code(&text).lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            if line.contains("crate::{") {
                wrong.push(format!("src/{name}:{}: `crate::{{` hides which folder is imported", number + 1));
            }
            for part in line.split("crate::").skip(1) {
                let other: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let ours = rules.contains_key(other.as_str()) || other == "cli";
                if ours && other != module && !allowed.contains(&other.as_str()) {
                    wrong.push(format!("src/{name}:{}: {module} imports {other}", number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports that point the wrong way:\n{}", wrong.join("\n"));
}

#[test]
fn no_room_has_more_than_400_lines() {
    let large: Vec<String> = sources()
        .into_iter()
        .filter_map(|(name, text)| {
            let lines = text.lines().count();
            (lines > 400).then(|| format!("src/{name}: {lines} lines"))
        })
        .collect();
    assert!(large.is_empty(), "split by what they know, not by size:\n{}", large.join("\n"));
}

#[test]
fn every_room_says_what_it_is_for() {
    let silent: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(name, _)| name).collect();
    assert!(silent.is_empty(), "without a first line of documentation: {silent:?}");
}

#[test]
fn a_crate_that_may_be_replaced_is_named_behind_one_door() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        for (krate, doors) in DOORS {
            let at_door = doors.iter().any(|door| name.starts_with(door));
            let named = code(&text).lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && (line.starts_with(&format!("use {krate}::")) || line.contains(&format!(" {krate}::")))
            });
            if named && !at_door && !is_test_file(&name) {
                wrong.push(format!("src/{name} names {krate}, which belongs into {doors:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_door_of_the_program_is_small() {
    let main = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs")).unwrap();
    assert!(main.lines().count() < 40);
}

#[test]
fn what_the_readme_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut gone = Vec::new();
    for folder in ["jobs/", "tests/", "benches/", "src/", ".ci/"] {
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
