//! One row for each text that a rename may meet: what the harness of such tables does.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

/// Where the text stands, the renames, before, after, warning.
///
/// The place is a path such as `http.headers[0].value`; a word before it says what else the import has. `=` as the text
/// after: nothing may change. The warning is a part of it; `!` for any that names the place or its key, `-` for none and
/// `*` for a row that is about the text alone.
pub type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Checks each row, there and back.
pub fn check(rows: &[Row]) {
    let mut wrong = Vec::new();
    for (place, text, before, after, warning) in rows {
        let after = if *after == "=" { before } else { after };
        let (original, wanted) = (document(place, before), document(place, after));
        let renames = renames(text);
        let mut found = original.clone();
        let said = rename_fields(&mut found, &renames);
        let pointer = pointer(place.rsplit(' ').next().unwrap());
        let mut problem = |what: &str| {
            let got = found.pointer(&pointer);
            wrong.push(format!("{place}: {text}: {what}\n  before {before}\n  wanted {after}\n  got    {got:?}\n  said   {said:?}"));
        };
        if found != wanted {
            problem("is not what is wanted");
        }
        let is_said = match *warning {
            "*" => true,
            "-" => said.is_empty(),
            "!" => said.iter().any(|one| one.contains(&pointer)),
            part => said.iter().any(|one| one.contains(part)),
        };
        if !is_said {
            problem(&format!("the warning `{warning}` is wanted"));
        }
        let warned = |one: &String| one.contains("was there before") || one.contains("spell it differently");
        let is_lost = said.iter().any(warned);
        rename_fields(&mut found, &reversed(&renames));
        let (found_text, original_text) = (found.to_string(), original.to_string());
        if !is_lost && found_text != original_text {
            wrong.push(format!("{place}: {text}: {original} came back as {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// `source a.b -> c.d; target x -> y`
fn renames(text: &str) -> Vec<FieldRename> {
    let sides = [Side::Source, Side::Target, Side::Response];
    let one = |one: &str| {
        let (side, rest) = one.split_once(' ').unwrap();
        let (from, to) = rest.split_once(" -> ").unwrap();
        let side = sides.into_iter().find(|s| s.as_str() == side).unwrap();
        FieldRename { side, from: from.to_owned(), to: to.to_owned() }
    };
    text.split("; ").map(one).collect()
}

fn reversed(renames: &[FieldRename]) -> Vec<FieldRename> {
    let back = |r: &FieldRename| FieldRename { side: r.side, from: r.to.clone(), to: r.from.clone() };
    renames.iter().map(back).collect()
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace("[0]", ".0").replace('.', "/"))
}

fn document(place: &str, text: &str) -> Value {
    let (word, path) = place.split_once(' ').unwrap_or(("", place));
    let mut document =
        path.split('.').rev().fold(json!(text), |inner, step| match step.strip_suffix("[0]") {
            Some(key) => json!({ key: [inner] }),
            None => json!({ step: inner }),
        });
    document["name"] = json!("X");
    match word {
        "mapped" => {
            document["mapping"] =
                json!({ "fields": [{ "extract": "never", "generate": "never" }], "lists": [] })
        }
        "mapped2" => {
            document["mappings"] =
                json!([{ "generate": "never", "dataType": "string", "extract": "$.never" }])
        }
        "draft" => document["mappings"] = json!([{ "dataType": "string", "status": "Draft" }]),
        "unmapped" => {
            document["mapping"] =
                json!({ "fields": [{ "extract": "never", "generate": "never" }], "lists": [] });
            document["http"]["sendPostMappedData"] = json!(false);
        }
        "lookup" => document["lookups"] = json!([{ "name": "region", "map": {} }]),
        _ => {}
    }
    document
}
