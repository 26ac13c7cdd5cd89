//! Folders and what is wrong with them.

use super::*;

const HTTP: &str = r#""adaptorType": "HTTPImport""#;

/// A folder with these files: paths and texts.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn import(id: &str, name: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!("\n  \"_id\": \"{id}\",") };
    format!("{{{id}\n  \"name\": \"{name}\",\n  {HTTP}\n}}\n")
}

/// What is wrong with a folder: file, line, column, message.
fn problems(folder: &Path, names: Names) -> Vec<(String, Option<usize>, Option<usize>, String)> {
    let mut report = Report::new("job.yaml", "");
    read(folder, Path::new("imports"), names, &mut report);
    let all = report.finish().located();
    all.into_iter().map(|at| (at.file, at.line, at.column, at.message)).collect()
}

#[test]
fn a_folder_is_read_in_the_order_of_its_paths_whatever_else_is_in_it() {
    let (a, b, c) = (import("", "A"), import("5f2", "B"), import("5f3", "C"));
    let made = folder(&[
        ("x/b.json", b.as_bytes()),
        ("a.JSON", a.as_bytes()),
        ("z.json", format!("\u{feff}{c}").as_bytes()),
        ("README.md", b"no import"),
        (".git/config.json", b"no import"),
        (".transship-export.json", b"no import"),
    ]);
    let files = ImportFiles::open(made.path()).unwrap();
    let read: Vec<_> = files
        .imports()
        .iter()
        .map(|file| (file.shown.as_str(), file.head.id.as_str(), file.has_id))
        .collect();
    assert_eq!(read, [("a.JSON", "a.JSON", false), ("x/b.json", "5f2", true), ("z.json", "5f3", true)]);
    let found = text(&files.imports()[0]).unwrap();
    assert_eq!(Head::read(&found).id.as_str(), "a.JSON", "one without an id is called by its path");
    assert_eq!(text(&files.imports()[2]).unwrap(), c.trim(), "byte for byte but for the mark");
    std::fs::write(made.path().join("a.JSON"), &b).unwrap();
    assert!(text(&files.imports()[0]).is_err(), "a file that changes meanwhile is not another import");
}

#[test]
fn what_imports_refer_to_is_read_beside_them() {
    let a = import("5f1", "A");
    let connection = br#"{"_id": "5c1", "name": "Shop", "type": "http"}"#;
    let made = folder(&[
        ("imports/no integration/a.json", a.as_bytes()),
        ("connections/shop.json", connection),
        ("jobs/other.json", b"not read"),
    ]);
    for place in [made.path().to_owned(), made.path().join("imports")] {
        let files = ImportFiles::open(&place).unwrap();
        assert_eq!(files.imports().len(), 1);
        let connections = &files.lists["connections"];
        assert_eq!((connections[0].head.id.as_str(), connections[0].head.name.as_str()), ("5c1", "Shop"));
        assert!(!files.lists.contains_key("jobs"));
    }
}

#[test]
fn the_name_of_a_file_forges_no_line_and_reaches_no_terminal() {
    let name = "a\nerror: forged\u{1b}[31m\u{9b}2J\u{7}b.json";
    let twice = import("5f1", "A");
    for texts in [["{", "{"], ["{\"name\": 1}", ""], [&twice, &twice]] {
        let made = folder(&[(name, texts[0].as_bytes()), ("other.json", texts[1].as_bytes())]);
        let mut report = Report::new("job.yaml", "");
        read(made.path(), Path::new("imports"), Names::MayBeEqual, &mut report);
        let told = report.finish().render(false);
        assert!(told.contains("a␊error: forged␛[31m�2J␇b.json"), "{told}");
        assert!(!told.contains("\nerror: forged"), "{told}");
        assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let export = "{\n  \"name\": \"A\",\n  \"adaptorType\": \"HTTPExport\"\n}".to_string();
    let half = format!("{{\"name\": \"A\", {HTTP},\n\"x\": \"cut \\ud83d\"}}");
    let made = folder(&[
        ("a.json", b"{\"name\": \"A\""),
        ("b.json", b"{\"name\": \"caf\xe9\"}"),
        ("c.json", export.as_bytes()),
        ("d.json", half.as_bytes()),
        ("e.json", b"[]"),
        ("f.json", b""),
        ("g.json", import("5f1", "Good").as_bytes()),
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hosts", made.path().join("h.json")).unwrap();
    let found = problems(made.path(), Names::MustDiffer);
    let short: Vec<_> = found
        .iter()
        .map(|(file, line, column, message)| (file.as_str(), *line, *column, message.as_str()))
        .collect();
    assert_eq!(
        short,
        [
            ("imports/h.json", None, None, "this is a link, which is not followed"),
            ("imports/a.json", Some(1), Some(12), "this is not JSON: it ends before the value is complete"),
            ("imports/b.json", Some(1), Some(14), "the file is not UTF-8 from here on"),
            ("imports/c.json", Some(3), Some(18), "this is not an import, but an export"),
            ("imports/d.json", Some(2), Some(11), "half a character (a lone surrogate) is not text"),
            ("imports/e.json", Some(1), Some(1), "an import is a JSON object, and this is not one"),
            ("imports/f.json", Some(1), Some(1), "the file is empty"),
        ]
    );
}

#[test]
fn two_files_of_one_import_are_an_error_that_shows_both() {
    let (one, other) = (import("5f1", "A"), import("5f1", "B"));
    let made = folder(&[("a.json", one.as_bytes()), ("b.json", other.as_bytes())]);
    let found = problems(made.path(), Names::MustDiffer);
    let message = "two files have the _id `5f1`: this one and imports/a.json:2:10".to_owned();
    assert_eq!(found, [("imports/b.json".to_owned(), Some(2), Some(10), message)]);
    // A name that is written in another way is the same name.
    let (one, other) = (import("5f1", "Café  A"), import("", "Cafe\u{301} A"));
    let made = folder(&[("a.json", one.as_bytes()), ("b.json", other.as_bytes())]);
    let found = problems(made.path(), Names::MustDiffer);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].3, "two files have the name `Cafe\u{301} A`: this one and imports/a.json:3:11");
    assert!(problems(made.path(), Names::MayBeEqual).is_empty(), "they are matched by something else");
}

#[test]
fn files_of_one_name_that_both_have_an_id_are_told_apart_by_it() {
    let (one, other) = (import("5f1", "A"), import("5f2", "A"));
    let made = folder(&[("a.json", one.as_bytes()), ("b.json", other.as_bytes())]);
    assert!(problems(made.path(), Names::MustDiffer).is_empty());
}

#[test]
fn a_folder_without_an_import_is_no_source() {
    let made = folder(&[("README.md", b"")]);
    assert_eq!(problems(made.path(), Names::MustDiffer)[0].3, "the folder imports holds no import");
}
