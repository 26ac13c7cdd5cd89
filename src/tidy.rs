//! The house rules: imports point one way, rooms are small, every room says what it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

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
    let own = all_sources().into_iter().filter(|(root, name, _)| *root == "src" && name != "tidy.rs");
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

/// The file that a path of modules leads to: the longest that exists.
fn file_of(path: &[&str], files: &BTreeMap<String, usize>) -> Option<usize> {
    (1..=path.len()).rev().find_map(|length| {
        let stem = path[..length].join("/");
        files.get(&format!("{stem}.rs")).or_else(|| files.get(&format!("{stem}/mod.rs"))).copied()
    })
}

/// The module of a file, as a path.
fn module_of(name: &str) -> Vec<&str> {
    let stem = name.trim_end_matches(".rs").trim_end_matches("/mod");
    if matches!(stem, "lib" | "main") { Vec::new() } else { stem.split('/').collect() }
}

/// What a file imports: every path that begins with `crate::` or `super::`, as modules from the root; of a group in
/// braces each member.
///
/// Re-exports of a folder are its own: only a path into another file counts.
fn imports_of(name: &str, text: &str) -> Vec<Vec<String>> {
    let module = module_of(name);
    let lines: Vec<&str> = code(text).lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let text = lines.join("\n");
    let mut found = Vec::new();
    for (start, up) in [("crate::", false), ("super::", true)] {
        for (at, _) in text.match_indices(start) {
            if text[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c)) {
                continue;
            }
            let mut rest = &text[at..];
            let mut path: Vec<String> = Vec::new();
            if up {
                let mut depth = module.len();
                while let Some(after) = rest.strip_prefix("super::") {
                    depth = depth.saturating_sub(1);
                    rest = after;
                }
                path.extend(module[..depth].iter().map(|part| (*part).to_owned()));
            } else {
                rest = &rest["crate::".len()..];
            }
            paths_from(&path, rest, &mut found);
        }
    }
    found
}

/// Adds every path that `text` begins with to `found`, below `prefix`, and returns what stands behind them.
fn paths_from<'t>(prefix: &[String], text: &'t str, found: &mut Vec<Vec<String>>) -> &'t str {
    let mut path = prefix.to_vec();
    let mut rest = text;
    loop {
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside.trim_start();
            while !rest.is_empty() && !rest.starts_with('}') {
                let behind = paths_from(&path, rest, found);
                let next = behind.find([',', '}']).map_or("", |at| &behind[at..]);
                rest = next.trim_start_matches(',').trim_start();
            }
            return rest.strip_prefix('}').unwrap_or(rest);
        }
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if word > 0 {
            path.push(rest[..word].to_owned());
        }
        rest = &rest[word..];
        match rest.strip_prefix("::") {
            Some(after) if word > 0 => rest = after,
            _ => break,
        }
    }
    found.push(path);
    rest
}

#[test]
fn each_member_of_a_group_is_an_import() {
    let text = "use super::{Document, adaptor::{self, Adaptor},\n    present};\nuse crate::store::Id;\n\
        #[cfg(test)]\nmod tests;\nuse super::late;\n#[cfg(test)]\nmod inline {\n    use super::own;\n}\n";
    let found: BTreeSet<String> =
        imports_of("rules/validate.rs", text).iter().map(|path| path.join("::")).collect();
    let wanted = [
        "rules::Document",
        "rules::adaptor::Adaptor",
        "rules::adaptor::self",
        "rules::late",
        "rules::present",
        "store::Id",
    ];
    assert_eq!(found, wanted.map(str::to_owned).into());
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut circles: Vec<Vec<String>> = Vec::new();
    for root in ROOTS {
        let sources: Vec<(String, String)> = all_sources()
            .into_iter()
            .filter(|(of, name, _)| of == root && !is_test_file(name) && name != "tidy.rs")
            .map(|(_, name, text)| (name, text))
            .collect();
        let files: BTreeMap<String, usize> =
            sources.iter().enumerate().map(|(number, (name, _))| (name.clone(), number)).collect();
        let mut edges = vec![BTreeSet::new(); sources.len()];
        for (number, (name, text)) in sources.iter().enumerate() {
            for path in imports_of(name, text) {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                if let Some(other) = file_of(&path, &files)
                    && other != number
                    // What a folder says of itself is not an import of one of its files from another.
                    && !sources[other].0.ends_with("mod.rs")
                    && !matches!(sources[other].0.as_str(), "lib.rs")
                {
                    edges[number].insert(other);
                }
            }
        }
        // A folder's own file declares and re-exports the others: it is judged by what it names of other folders.
        let reach = |from: usize| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(next) = open.pop() {
                for &other in &edges[next] {
                    if seen.insert(other) {
                        open.push(other);
                    }
                }
            }
            seen
        };
        let reached: Vec<BTreeSet<usize>> = (0..sources.len()).map(reach).collect();
        let mut done = BTreeSet::new();
        for number in 0..sources.len() {
            let mutual = |other: &usize| reached[number].contains(other) && reached[*other].contains(&number);
            let circle: Vec<usize> = (0..sources.len()).filter(mutual).collect();
            if circle.len() > 1 && done.insert(circle.clone()) {
                circles.push(circle.iter().map(|at| format!("{root}/{}", sources[*at].0)).collect());
            }
        }
    }
    assert!(circles.is_empty(), "files that import each other in a circle: {circles:#?}");
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
fn no_document_is_read_with_a_default() {
    // A document that cannot be read would count as an empty one, and every such document as equal to every other.
    let reads = ["from_str(", "from_str::<", "from_slice(", "from_slice::<", "from_string(", "from_value("];
    let mut wrong = Vec::new();
    for (root, name, text) in all_sources() {
        if is_test_file(&name) || name == "tidy.rs" {
            continue;
        }
        // One statement may stand on several lines.
        for (number, statement) in code(&text).split_inclusive([';', '{', '}']).enumerate() {
            let of_json = reads.iter().any(|read| statement.contains(&format!("serde_json::{read}")))
                || statement.contains("RawValue::from_string(");
            let defaulted = statement.contains("unwrap_or_default()")
                || statement.contains("unwrap_or(Value::Null)")
                || statement.contains("unwrap_or_else(|_| Value");
            if of_json && defaulted {
                let line = code(&text).split_inclusive([';', '{', '}']).take(number).collect::<String>();
                wrong.push(format!("{root}/{name}:{}", line.lines().count() + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "JSON read with a default: {wrong:#?}");
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
