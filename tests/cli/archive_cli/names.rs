//! Names are data: no terminal escape, no path and no formula comes of them, and `cat` gives back every byte.

use proptest::prelude::*;
use transship::archive::Facts;
use transship::model::{Fingerprint, Id};

use super::store::{Store, flip};
use super::support::{Document, files, named};

/// Names that try something: escapes, ways out, right-to-left, endless, alike but for case.
fn nasty() -> Vec<String> {
    vec![
        "\u{1b}[31mred\u{7}\u{9b}2J".to_owned(),
        "../../../etc/passwd".to_owned(),
        "/absolute".to_owned(),
        "C:\\con".to_owned(),
        "\u{202e}gnp.exe\u{2066}".to_owned(),
        "line\nbreak\r\ttab\0nul".to_owned(),
        "=HYPERLINK(\"http://x\")".to_owned(),
        "n".repeat(4000),
        "注".repeat(1333),
        "NUL".to_owned(),
        "nul".to_owned(),
        String::new(),
        " ".to_owned(),
        "--yes".to_owned(),
    ]
}

fn documents(version: usize) -> Vec<Document> {
    let names = nasty();
    let each = names.iter().enumerate();
    each.map(|(number, name)| named(&format!("{:024x}", number + 1), name, version)).collect()
}

fn inert(text: &str) {
    let bad = |c: char| {
        c != '\n' && (c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    assert!(!text.contains(bad), "{:?}", text.chars().find(|c| bad(*c)));
}

#[test]
fn no_command_lets_a_name_out_to_the_terminal() {
    let store = Store::new();
    store.night_of("e\u{1b}[1mu", &documents(0), &["t\u{1b}[2J"]);
    store.night_of("e\u{1b}[1mu", &documents(1)[1..], &[]);
    for (command, rest) in [
        ("list", vec![]),
        ("show", vec![]),
        ("show", vec!["--import", "\u{1b}[31mred\u{7}\u{9b}2J"]),
        ("diff", vec!["20260301"]),
        ("diff", vec!["20260301", "--diff", "full"]),
        ("prune", vec!["--keep-last", "1", "--dry-run"]),
        ("cat", vec!["latest", "no\u{1b}[31m"]),
        ("show", vec!["\u{1b}[31m"]),
        ("show", vec!["--account", "\u{1b}[31m"]),
        ("export", vec!["--to", "o\u{1b}ut"]),
    ] {
        let said = store.run(command, &rest);
        inert(&said.out);
        inert(&said.err);
    }
    flip(&store.blob(&documents(1)[1].1));
    std::fs::remove_file(store.blob(&documents(1)[2].1)).unwrap();
    let said = store.run("check", &[]).exits(3);
    inert(&said.out);
    inert(&said.err);
}

#[test]
fn a_table_keeps_its_columns_whatever_stands_in_them() {
    let store = Store::new();
    store.night(&documents(0));
    let said = store.run_with("show", &[], &[("COLUMNS", "120")]).exits(0);
    let rows = said.out.lines().filter(|line| line.starts_with("imports"));
    let widths: Vec<usize> = rows.map(unicode_width::UnicodeWidthStr::width).collect();
    assert_eq!(widths.len(), nasty().len());
    assert!(widths.iter().all(|width| *width == widths[0] && *width <= 120), "{widths:?}");
}

#[test]
fn a_csv_runs_no_formula() {
    let store = Store::new();
    store.night(&documents(0));
    let said = store.run("show", &["--format", "csv"]).exits(0);
    let mut reader = csv::Reader::from_reader(said.out.as_bytes());
    let names: Vec<String> = reader.records().map(|row| row.unwrap()[2].to_owned()).collect();
    assert!(names.iter().all(|name| !name.starts_with(['=', '+', '-', '@'])), "{names:?}");
}

#[test]
fn every_name_is_exported_below_the_folder_and_found_by_cat() {
    let store = Store::new();
    store.night(&documents(0));
    let written = format!("{} files; {0} written", nasty().len());
    store.run("export", &["--to", "out"]).exits(0).says(&written);
    assert_eq!(files(&store.bench.path("out")).len(), nasty().len() + 1);
    assert!(!store.bench.path("etc").exists());
    for (name, (_, text)) in nasty().iter().zip(documents(0)) {
        // A variable or an argument of a process cannot hold a NUL; such an import is asked for by its id.
        if name.contains('\0') {
            continue;
        }
        let output =
            store.bench.transship(&["archive", "cat", "archive", "latest", "--", name]).output().unwrap();
        assert_eq!(output.stdout, text, "{name:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cat_gives_back_every_byte_whatever_they_are(texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..5)) {
        let store = Store::new();
        let documents: Vec<Document> = texts.iter().enumerate().map(|(number, text)| {
            let facts = Facts {
                kind: "imports".to_owned(),
                id: Id::from(format!("{number:024x}")),
                name: format!("import {number}"),
                adaptor_type: None,
                integration: None,
                last_modified: None,
                fingerprint: Fingerprint::of(text),
            };
            (facts, text.clone())
        }).collect();
        store.night(&documents);
        for (number, text) in texts.iter().enumerate() {
            let arguments = ["archive", "cat", "archive", "latest", &format!("import {number}")];
            let output = store.bench.transship(&arguments).output().unwrap();
            prop_assert_eq!(output.status.code(), Some(0));
            prop_assert_eq!(&output.stdout, text);
        }
    }
}
