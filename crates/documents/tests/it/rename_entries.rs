//! Rows inside of an array helper: their paths are read for each entry of its list, and a rename must not lead them out of it.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

fn row(generate: &str, extract: &str) -> Value {
    json!({ "generate": generate, "dataType": "string", "extract": extract, "status": "Active" })
}

fn list(generate: &str, extract: &str, rows: Value) -> Value {
    json!({ "generate": generate, "dataType": "objectarray", "status": "Active",
        "buildArrayHelper": [{ "extract": extract, "mappings": rows }] })
}

/// The extract of the helper and those of its rows after a rename, and what was said.
fn renamed(document: &Value, from: &str, to: &str) -> (Vec<String>, String) {
    let rename =
        |from: &str, to: &str| FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() };
    let mut after = document.clone();
    let said = rename_fields(&mut after, &[rename(from, to)]).join("; ");
    let mut back = after.clone();
    rename_fields(&mut back, &[rename(to, from)]);
    assert!(back == *document || !said.is_empty(), "{from} to {to}: {back}");
    let mut extracts = Vec::new();
    collect(&after["mappings"], &mut extracts);
    (extracts, said)
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, found)),
        Value::Object(members) => {
            found.extend(members.get("extract").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| collect(value, found));
        }
        _ => {}
    }
}

#[test]
fn a_field_that_leaves_its_list_is_left_alone_in_the_helper() {
    let left = "cannot be renamed where it stands and is left alone";
    for envelope in ["", ".record"] {
        let path = |rest: &str| format!("${envelope}{rest}");
        let inner = list("packs", &path(".lines[*].packs[*]"), json!([row("c", &path(".lines.packs.code"))]));
        let document = json!({ "mappings": [row("t", &path(".total")),
            list("items", &path(".lines[*]"), json!([row("p", &path(".lines.price")), row("o", &path(".owner")), inner]))] });
        let before =
            [".total", ".lines[*]", ".lines.price", ".owner", ".lines.packs[*]", ".lines.packs.code"];
        for (from, to, changed, said) in [
            ("lines.price", "items.price", None, true),
            ("lines.price", "price", None, true),
            ("owner", "lines.owner", None, true),
            ("lines.packs.code", "lines.code", None, true),
            ("lines.packs.code", "packs.code", None, true),
            ("lines.price", "lines.cost", Some((2, ".lines.cost")), false),
            ("owner", "who.owner", Some((3, ".who.owner")), false),
            ("total", "sums.total", Some((0, ".sums.total")), false),
            ("lines.packs.code", "lines.packs.mark.code", Some((5, ".lines.packs.mark.code")), false),
        ] {
            let (extracts, warnings) = renamed(&document, from, to);
            let mut expected: Vec<String> = before.iter().map(|rest| path(rest)).collect();
            expected[4] = path(".lines[*].packs[*]");
            if let Some((at, new)) = changed {
                expected[at] = path(new);
            }
            assert_eq!(extracts, expected, "{from} to {to}");
            assert_eq!(warnings.contains(left), said, "{from} to {to}: {warnings}");
        }
        let (extracts, warnings) = renamed(&document, "lines", "rows");
        assert!(
            extracts.iter().all(|path| !path.contains("lines")) && !warnings.contains(left),
            "{extracts:?}"
        );
    }
}
