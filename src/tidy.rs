//! The house rules: imports point one way, rooms are small, every room says what it is for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

mod circle_tests;
mod doc_tests;
mod json_tests;

/// Who may import whom. `main` imports `cli`. The crates in `crates/` cannot import what is here.
fn may_import() -> BTreeMap<&'static str, Vec<&'static str>> {
    let engine = vec!["model", "journal", "job", "run_folder", "api", "inventory"];
    BTreeMap::from([
        ("model", vec![]),
        ("api", vec!["model"]),
        ("journal", vec!["model"]),
        ("job", vec!["model"]),
        ("run_folder", vec!["model", "journal", "job"]),
        ("inventory", vec!["model", "api", "job", "run_folder", "journal"]),
        ("planner", engine.clone()),
        ("executor", engine),
        ("report", vec!["run_folder", "journal", "model", "fleet"]),
        (
            "session",
            vec![
                "planner",
                "executor",
                "inventory",
                "run_folder",
                "report",
                "job",
                "journal",
                "api",
                "model",
            ],
        ),
        ("fleet", vec!["job", "model", "run_folder"]),
        ("cli", vec!["session", "fleet", "report", "job", "model"]),
    ])
}

/// Crates that are named behind one door each.
const DOORS: &[(&str, &[&str])] = &[
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
fn every_room_says_what_it_is_for() {
    let silent: Vec<String> = all_sources()
        .into_iter()
        .filter(|(_, _, text)| !text.starts_with("//! "))
        .map(|(root, name, _)| format!("{root}/{name}"))
        .collect();
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
fn the_list_of_imports_is_named_in_one_table() {
    // Where the program speaks to people of imports, it counts them: `count(n, "import", "imports")`.
    let rooms = ["api", "journal", "inventory", "planner", "executor", "run_folder", "session"];
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        if is_test_file(&name) || !rooms.contains(&name.split('/').next().unwrap()) {
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
fn the_door_of_the_program_is_small() {
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
