//! No JSON is read with a default: a document that cannot be read would count as an empty one, and every such document as
//! equal to every other.

use super::{all_sources, code, is_test_file};

/// What reads JSON.
const READS: [&str; 11] = [
    "from_str(",
    "from_str::<",
    "from_slice(",
    "from_slice::<",
    "from_reader(",
    "from_reader::<",
    "from_value(",
    "from_value::<",
    "from_string(",
    "read_tree(",
    ".tree()",
];

/// What makes a value of a failure; of the last two only where they begin so.
const DEFAULTS: [&str; 6] =
    [".unwrap_or_default(", ".unwrap_or(", ".unwrap_or_else(", ".or(Ok(", ".map_or(Value", ".map_or(json!"];

/// What stands behind the brackets of a call; nothing where they do not end.
fn behind_call(text: &str) -> &str {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth == 0 && c == ')' {
            return text[at + 1..].trim_start();
        }
    }
    ""
}

/// The lines on which JSON is read with a default: one of the methods behind the read is one, before a failure was passed on.
fn defaulted(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for read in READS {
        for (at, _) in text.match_indices(read) {
            let before = &text[..at];
            let line = before.rsplit('\n').next().unwrap_or_default();
            let of_json = match read {
                "read_tree(" => {
                    !before.ends_with("fn ") && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
                }
                ".tree()" => true,
                "from_string(" => before.ends_with("RawValue::"),
                _ => before.ends_with("serde_json::"),
            };
            if !of_json || line.trim_start().starts_with("//") {
                continue;
            }
            let mut rest = behind_call(&text[at..]);
            while rest.starts_with('.') {
                if DEFAULTS.iter().any(|default| rest.starts_with(default)) {
                    found.push(before.matches('\n').count() + 1);
                    break;
                }
                rest = behind_call(rest);
            }
        }
    }
    found
}

#[test]
fn a_default_is_found_in_every_form() {
    for text in [
        "let a = serde_json::from_str::<Value>(x).unwrap_or_default();",
        "let a: Value = serde_json::from_slice(x)\n    .ok()\n    .unwrap_or(Value::Null);",
        "let a = serde_json::from_str(x).unwrap_or_else(|_| json!({}));",
        "let a = read_tree(x).map(|t| { let u = t; u }).unwrap_or_default();",
        "let a = read_tree(&file.read(span)?).unwrap_or_default();",
        "f(read_tree(x).ok().unwrap_or_default());",
        "let a = read_tree(x).ok().map_or(Value::Null, same);",
        "let a = document.tree().cloned().unwrap_or_default();",
        "let a = RawValue::from_string(x).unwrap_or_default();",
    ] {
        assert_eq!(defaulted(text), [1], "{text}");
    }
    for text in [
        "let a = read_tree(x)?.as_str().unwrap_or_default();",
        "let Ok(a) = read_tree(x) else { return };\nlet b = c.unwrap_or_default();",
        "if read_tree(x).is_ok() { b.unwrap_or_default() }",
        "// let a = read_tree(x).unwrap_or_default();",
        "fn read_tree(x: &str) -> Value { x.unwrap_or_default() }",
    ] {
        assert_eq!(defaulted(text), Vec::<usize>::new(), "{text}");
    }
}

#[test]
fn no_document_is_read_with_a_default() {
    let mut wrong = Vec::new();
    for (root, name, text) in all_sources() {
        if !is_test_file(&name) && !name.starts_with("tidy") {
            wrong.extend(defaulted(code(&text)).into_iter().map(|line| format!("{root}/{name}:{line}")));
        }
    }
    assert!(wrong.is_empty(), "JSON read with a default: {wrong:#?}");
}
