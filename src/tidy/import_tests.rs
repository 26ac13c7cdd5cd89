//! Who imports whom is what the table in `ARCHITECTURE.md` says, no more and no less.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{code, is_test_file, sources};

/// What stands in the table for a folder or crate that imports nothing of this repository.
const NOTHING: &str = "nothing of ours";

/// What the table calls the package at the root.
const LIBRARY: &str = "the library";

/// Each folder of `src` and each crate, with what it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The lines of the table, as `importers ◄── imported`.
fn table(architecture: &str) -> Imports {
    let section = architecture.split("## Who may import whom").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let names = |list: &str| -> Vec<String> { list.split(',').map(|name| name.trim().to_owned()).collect() };
    let mut table = Imports::new();
    for (importers, imported) in section.lines().filter_map(|line| line.split_once("◄──")) {
        for importer in names(importers) {
            let of = imported.trim();
            let all = if of == NOTHING { BTreeSet::new() } else { names(of).into_iter().collect() };
            assert!(table.insert(importer.clone(), all).is_none(), "two lines for {importer}");
        }
    }
    table
}

/// What the manifest of a crate in `crates` depends on, of this repository.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let section = manifest.split("\n[dependencies]").nth(1).unwrap_or_default();
    let lines = section.lines().skip(1).take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split([' ', '.', '=']).next()).filter_map(|name| {
        if name == "transship" {
            return Some(LIBRARY);
        }
        name.strip_prefix("transship-")
    });
    names.map(str::to_owned).collect()
}

/// The crates in `crates`, with their dependencies.
fn crates() -> Imports {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let mut found = Imports::new();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let depends_on = dependencies(&read(&format!("crates/{name}/Cargo.toml")));
        found.insert(name, depends_on);
    }
    found
}

/// The names that stand behind `mark` in a line.
fn behind<'l>(line: &'l str, mark: &'l str) -> impl Iterator<Item = &'l str> {
    line.split(mark).skip(1).map(|part| {
        let end = part.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(part.len());
        &part[..end]
    })
}

/// What the folders of `src` import, each with the first place where it does.
fn folders(crates: &Imports) -> BTreeMap<(String, String), String> {
    let folder = |name: &str| name.split_once('/').map(|(folder, _)| folder.to_owned());
    let all: BTreeSet<String> = sources().iter().filter_map(|(name, _)| folder(name)).collect();
    let mut found = BTreeMap::new();
    for (name, text) in sources() {
        let Some(importer) = folder(&name).filter(|_| !is_test_file(&name)) else { continue };
        for (number, line) in code(&text).lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            assert!(
                !line.contains("crate::{"),
                "src/{name}:{}: it hides which folder is imported",
                number + 1
            );
            let imported = behind(line, "crate::").chain(behind(line, "transship_"));
            for other in imported.filter(|other| all.contains(*other) || crates.contains_key(*other)) {
                if other != importer {
                    let place = format!("src/{name}:{}", number + 1);
                    found.entry((importer.clone(), other.to_owned())).or_insert(place);
                }
            }
        }
    }
    found
}

#[test]
fn imports_are_those_of_the_table_in_the_architecture() {
    let table = table(&read("ARCHITECTURE.md"));
    let crates = crates();
    let mut found: BTreeMap<(String, String), String> = folders(&crates);
    for (importer, imported) in &crates {
        let place = format!("crates/{importer}/Cargo.toml");
        found.extend(imported.iter().map(|other| ((importer.clone(), other.clone()), place.clone())));
    }
    let allowed = |(importer, other): &(String, String)| {
        table.get(importer).is_some_and(|imported| imported.contains(other))
    };
    let wrong = found.iter().filter(|(edge, _)| !allowed(edge));
    let mut wrong: Vec<String> = wrong
        .map(|((importer, other), place)| format!("{place}: {importer} may not import {other}"))
        .collect();
    for (importer, imported) in &table {
        let unused =
            imported.iter().filter(|other| !found.contains_key(&(importer.clone(), (*other).clone())));
        wrong.extend(unused.map(|other| format!("ARCHITECTURE.md: {importer} does not import {other}")));
    }
    let unnamed = crates.keys().filter(|name| !table.contains_key(*name));
    wrong.extend(unnamed.map(|name| format!("ARCHITECTURE.md: no line for crates/{name}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_and_the_manifests_are_read_as_they_are_written() {
    let architecture = "x\n## Who may import whom\n\n a, b  ◄── nothing of ours\n c ◄── a, the library\n\n## Next\n d ◄── a\n";
    let table = table(architecture);
    assert_eq!(table.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(table["a"].is_empty() && table["c"].iter().eq(["a", LIBRARY]));
    let manifest = "[package]\nname = \"x\"\n\n[dependencies]\nserde = \"1\"\ntransship-a.workspace = true\n\
                    transship = { path = \"../..\" }\n\n[dev-dependencies]\ntransship-b = { path = \"../b\" }\n";
    assert!(dependencies(manifest).iter().eq(["a", LIBRARY]));
}
