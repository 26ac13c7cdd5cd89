//! No circle of files: which file imports which, also through re-exports.

use std::collections::{BTreeMap, BTreeSet};

use super::{ROOTS, all_sources, code, is_test_file};

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

/// What a file gives on as its own, `pub use`: under which name, and the path it stands for.
fn given_on(name: &str, text: &str) -> BTreeMap<String, Vec<String>> {
    let lines: Vec<&str> = code(text).lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let text = format!("\n{}", lines.join("\n"));
    let mut given = BTreeMap::new();
    for (at, _) in text.match_indices("\npub") {
        let statement = text[at + 1..].split(';').next().unwrap_or_default();
        let Some((_, path)) = statement.split_once("use ").filter(|(public, _)| !public.contains('\n'))
        else {
            continue;
        };
        let mut prefix: Vec<String> = module_of(name).iter().map(|part| (*part).to_owned()).collect();
        let mut path = path.trim().trim_start_matches("self::");
        if let Some(rest) = path.strip_prefix("crate::") {
            (prefix, path) = (Vec::new(), rest);
        }
        while let Some(rest) = path.strip_prefix("super::") {
            prefix.pop();
            path = rest;
        }
        let mut found = Vec::new();
        paths_from(&prefix, path, &mut found);
        for path in found {
            let last = path.last().cloned().unwrap_or_default();
            // `x as y` is given on under the name behind it.
            let named = statement.split_once(&format!("{last} as ")).map(|(_, name)| name);
            let named = named.and_then(|name| name.split(|c: char| !c.is_alphanumeric() && c != '_').next());
            given.insert(named.unwrap_or(&last).to_owned(), path);
        }
    }
    given
}

/// The files of a root, what each gives on, and where paths lead.
struct Files<'a> {
    sources: &'a [(String, String)],
    numbers: BTreeMap<String, usize>,
    given: Vec<BTreeMap<String, Vec<String>>>,
}

impl<'a> Files<'a> {
    fn of(sources: &'a [(String, String)]) -> Self {
        let numbers = sources.iter().enumerate().map(|(number, (name, _))| (name.clone(), number)).collect();
        let given = sources.iter().map(|(name, text)| given_on(name, text)).collect();
        Self { sources, numbers, given }
    }

    /// The file that a path means: what a folder gives on from one of its files is that file's.
    fn meant(&self, path: &[String], depth: usize) -> Option<usize> {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let found = file_of(&words, &self.numbers).or_else(|| self.numbers.get("lib.rs").copied())?;
        let rest = path.get(module_of(&self.sources[found].0).len()..).unwrap_or_default();
        let given = rest.first().and_then(|name| self.given[found].get(name)).filter(|_| depth < 8);
        let further = given.and_then(|given| self.meant(&[given, &rest[1..]].concat(), depth + 1));
        Some(further.unwrap_or(found))
    }

    fn only_exports(&self, number: usize) -> bool {
        let name = &self.sources[number].0;
        name.ends_with("mod.rs") || matches!(name.as_str(), "lib.rs" | "main.rs")
    }

    /// Files that import each other, in one or more steps.
    fn circles(&self) -> Vec<Vec<&'a str>> {
        let mut edges = vec![BTreeSet::new(); self.sources.len()];
        for (number, (name, text)) in self.sources.iter().enumerate() {
            // A folder's own file declares the others and gives them on: it is judged by what others take through it.
            if self.only_exports(number) {
                continue;
            }
            let meant = imports_of(name, text).into_iter().filter_map(|path| self.meant(&path, 0));
            edges[number].extend(meant.filter(|other| *other != number && !self.only_exports(*other)));
        }
        let reach = |from: usize| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(next) = open.pop() {
                open.extend(edges[next].iter().filter(|other| seen.insert(**other)));
            }
            seen
        };
        let reached: Vec<BTreeSet<usize>> = (0..self.sources.len()).map(reach).collect();
        let mut circles = BTreeSet::new();
        for number in 0..self.sources.len() {
            let mutual = |other: &usize| reached[number].contains(other) && reached[*other].contains(&number);
            let circle: Vec<usize> = (0..self.sources.len()).filter(mutual).collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        let named = |circle: Vec<usize>| circle.iter().map(|at| self.sources[*at].0.as_str()).collect();
        circles.into_iter().map(named).collect()
    }
}

#[test]
fn a_circle_is_found_whichever_way_it_leads() {
    let circles = |files: &[(&str, &str)]| -> Vec<Vec<String>> {
        let sources: Vec<(String, String)> =
            files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let owned = |circle: Vec<&str>| circle.into_iter().map(str::to_owned).collect();
        Files::of(&sources).circles().into_iter().map(owned).collect()
    };
    let b = ("a/b.rs", "use super::c::C;");
    for (exports, c) in [
        ("pub use b::B;", "use super::b::B;"),
        ("pub use b::B;", "use super::B;"),
        ("pub use self::b::{B, X};", "use crate::a::{B};"),
        ("pub(crate) use b::B as Other;", "fn f(_: super::Other) {}"),
        ("pub use b::*;\npub use d::B;", "use super::d::D;"),
    ] {
        let d = ("a/d.rs", "pub use super::b::{B, D};");
        let found = circles(&[("lib.rs", "pub use a::B;"), ("a/mod.rs", exports), b, ("a/c.rs", c), d]);
        assert_eq!(found.len(), 1, "{exports} {c}: {found:?}");
        assert!(found[0].contains(&"a/b.rs".to_owned()) && found[0].contains(&"a/c.rs".to_owned()));
    }
    let apart =
        [("a/mod.rs", "pub use b::B;\npub use c::C;"), b, ("a/c.rs", "// use super::B;\npub struct C;")];
    assert_eq!(circles(&apart), Vec::<Vec<String>>::new());
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for root in ROOTS {
        let sources: Vec<(String, String)> = all_sources()
            .into_iter()
            .filter(|(of, name, _)| of == root && !is_test_file(name) && !name.starts_with("tidy"))
            .map(|(_, name, text)| (name, text))
            .collect();
        let found = Files::of(&sources).circles();
        circles.extend(found.iter().map(|circle| format!("{root}: {}", circle.join(", "))));
    }
    assert!(circles.is_empty(), "files that import each other in a circle: {circles:#?}");
}
