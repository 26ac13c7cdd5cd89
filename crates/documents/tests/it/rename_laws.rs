//! Renaming a field: what holds for every document and every rename, over real documents and generated ones.

use std::collections::BTreeSet;

use proptest::prelude::*;
use regex::RegexSet;
use serde_json::{Value, json};
use transship_documents::rename::Renamer;
use transship_documents::{FieldRename, Side};

use crate::corpus::documents;

fn rename(side: Side, from: &str, to: &str) -> FieldRename {
    FieldRename { side, from: from.to_owned(), to: to.to_owned() }
}

fn apply(document: &Value, renames: &[FieldRename]) -> (Value, Vec<String>) {
    let mut out = document.clone();
    let said = Renamer::compile(renames).unwrap().apply(&mut out);
    (out, said)
}

fn reversed(renames: &[FieldRename]) -> Vec<FieldRename> {
    renames.iter().map(|r| rename(r.side, &r.to, &r.from)).collect()
}

/// Whether the warnings say that the reverse will not give the document back.
fn excused(said: &[String]) -> bool {
    // A rename that is left alone at a row has no reverse where its new name stands already.
    const EXCUSES: [&str; 3] =
        ["was there before", "spell it differently", "cannot be renamed where it stands"];
    said.iter().any(|warning| EXCUSES.iter().any(|excuse| warning.contains(excuse)))
}

fn same_bytes(one: &Value, other: &Value) -> bool {
    let (one, other) = (one.to_string(), other.to_string());
    one == other
}

fn texts<'v>(value: &'v Value, at: &str, out: &mut Vec<(String, &'v str)>) {
    match value {
        Value::String(text) => out.push((at.to_owned(), text)),
        Value::Array(list) => list.iter().for_each(|v| texts(v, &format!("{at}[]"), out)),
        Value::Object(map) => map.iter().for_each(|(key, v)| texts(v, &format!("{at}.{key}"), out)),
        _ => {}
    }
}

/// Words of a document that may be field names, at most `most` of them, spread over it.
fn words(document: &Value, most: usize) -> Vec<String> {
    let mut found = Vec::new();
    texts(document, "", &mut found);
    let words: BTreeSet<&str> = found
        .iter()
        .filter(|(at, text)| !at.contains("ample") && !at.contains("mock") && text.len() < 4000)
        .flat_map(|(_, text)| text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ' ')))
        .map(str::trim)
        .filter(|w| !w.is_empty() && w.len() < 40 && w.chars().any(char::is_alphabetic))
        // Instructions to the service, which no rename takes.
        .filter(|w| *w != "celigo_initializeValues" && !w.starts_with("celigo_nlobj"))
        .collect();
    let step = words.len() / most + 1;
    words.into_iter().step_by(step).map(str::to_owned).collect()
}

#[test]
fn a_rename_and_its_reverse_give_real_documents_back_byte_for_byte() {
    let (mut changed, mut turn) = (0, 0);
    for (name, document) in documents("reverse") {
        // Each word of a document in another way, and the next document begins with another.
        for word in words(&document, 2) {
            turn += 1;
            let (source, target) =
                [("zz_new", "zz_old"), ("Zz new", "Zz new"), ("zz.deeper.new", "zz")][turn % 3];
            let renames = [rename(Side::Source, &word, source), rename(Side::Target, &word, target)];
            let (there, said) = apply(&document, &renames);
            changed += usize::from(there != document);
            let (back, _) = apply(&there, &reversed(&renames));
            let same = same_bytes(&back, &document);
            assert!(same || excused(&said), "{name}: {renames:?}");
            let (again, _) = apply(&there, &renames);
            assert!(again == there, "{name}: {renames:?} is not done after one go");
        }
        turn += 1;
    }
    assert!(changed > 60, "only {changed} renames did anything");
}

#[test]
fn swapping_two_names_twice_changes_nothing() {
    for (name, document) in documents("swap") {
        for pair in words(&document, 2).windows(2) {
            let swap: Vec<FieldRename> = [Side::Source, Side::Target]
                .into_iter()
                .flat_map(|s| [rename(s, &pair[0], &pair[1]), rename(s, &pair[1], &pair[0])])
                .collect();
            let (once, said) = apply(&document, &swap);
            let (twice, _) = apply(&once, &swap);
            assert!(same_bytes(&twice, &document) || excused(&said), "{name}: {pair:?}");
        }
    }
}

#[test]
fn a_name_renamed_to_itself_changes_nothing_and_says_nothing() {
    for (name, document) in documents("same name") {
        for word in words(&document, 3) {
            let renames = [rename(Side::Source, &word, &word), rename(Side::Target, &word, &word)];
            assert_eq!(apply(&document, &renames), (document.clone(), Vec::new()), "{name}: {word}");
        }
    }
}

/// Where a rename may change anything at all.
const MAY_CHANGE: &[&str] = &[
    r"^\.(netsuite_da\.)?mapping\..*\.(extract|generate|jsonPath|_id|hardCodedValue)$",
    r"^\.mappings\[\].*\.(extract|generate)$",
    r"^\.filter\.(expression\.)?rules",
    r"^\.(\w+\.)?lookups\[\]\.(relativeURI|body|postBody|query|whereClause|expression)$",
    r"^\.netsuite_da\.mapping\..*\.lookups\[\]\.expression$",
    r"^\.(pathToMany|blobKeyPath|dataURITemplate|traceKeyTemplate|idLockTemplate)$",
    r"^\.(http|rest)\.(relativeURI|body|headers|existingExtract|ignoreExtract)",
    r"^\.(as2|ftp|s3|file|filesystem)\.(\w*[fF]ileName|fileKey|\w*[bB]ucket|\w*[dD]irectoryPath|backupPath|headers|(xml|json)\.body|\w+Template)",
    r"^\.(rdbms|jdbc|mongodb|dynamodb)\.",
    r"^\.salesforce\.(idLookup|upsert|attachment|document|contentVersion)\.",
    r"^\.netsuite(_da)?\.(internalIdLookup|file)\.",
    r"^\.(guardrail\.)?aiAgent\..*(nstructions?)$",
];

#[test]
fn texts_outside_the_documented_places_never_change() {
    let places = RegexSet::new(MAY_CHANGE).unwrap();
    for (name, document) in documents("places") {
        let all: Vec<FieldRename> = words(&document, 100)
            .iter()
            .enumerate()
            .flat_map(|(at, word)| [Side::Source, Side::Target].map(|s| rename(s, word, &format!("zz{at}"))))
            .collect();
        let (there, _) = apply(&document, &all);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        texts(&document, "", &mut before);
        texts(&there, "", &mut after);
        assert_eq!(before.len(), after.len(), "{name}");
        for ((at, old), (_, new)) in before.iter().zip(&after) {
            assert!(old == new || places.is_match(at), "{name}: {at}: {old} became {new}");
        }
    }
}

const NAMES: [&str; 7] = ["a", "b", "c", "lines", "Odd name", "grid_a", "x-1"];

fn path() -> impl Strategy<Value = Vec<(&'static str, u8)>> {
    prop::collection::vec((prop::sample::select(&NAMES[..]), 0..9_u8), 1..4)
}

/// A path as in an extract, a JSON path or a template; the number says how each name is written.
fn spelled(path: &[(&str, u8)], grammar: u8) -> String {
    let mut out = String::from(if grammar == 1 { "$" } else { "" });
    for (name, how) in path {
        let dot = if out.is_empty() { "" } else { "." };
        let one = match (grammar, how % 3) {
            (2, _) if name.contains(' ') => format!("{dot}[{name}]"),
            (2, 1) => format!("{dot}[{name}]"),
            (0, 1) => format!("['{name}']"),
            (0, 2) => format!("[{name}]"),
            (1, 1) => format!("[\"{name}\"]"),
            _ => format!("{dot}{name}"),
        };
        out.push_str(&one);
        out += match (grammar, how / 3) {
            (2, 1) => ".0",
            (_, 1) => "[*]",
            _ => "",
        };
    }
    out
}

fn template() -> impl Strategy<Value = String> {
    let mustache = (path(), 0..9_u8).prop_map(|(path, kind)| {
        let path = spelled(&path, 2);
        match kind {
            0 => format!("{{{{{path}}}}}"),
            1 => format!("{{{{{{record.{path}}}}}}}"),
            2 => format!("{{{{data.0.{path}}}}}"),
            3 => format!("{{{{trim \"a\" {path} (upper b) k=c}}}}"),
            4 => format!("{{{{this.{path}}}}}"),
            5 => format!("{{{{settings.{path}}}}} a \\{{{{a}}}}"),
            6 => format!("{{{{#if {path}}}}}a{{{{else}}}}{{{{b}}}}{{{{/if}}}}"),
            7 => format!("{{{{! {path} }}}}a b"),
            _ => format!("{{{{../{path}}}}}"),
        }
    });
    mustache.prop_recursive(3, 12, 4, |inner| {
        (path(), 0..4_u8, prop::collection::vec(inner, 1..4)).prop_map(|(path, kind, inside)| {
            let (path, inside) = (spelled(&path, 2), inside.concat());
            match kind {
                0 => format!("{{{{#each {path}}}}}{inside}{{{{/each}}}}"),
                1 => format!("{{{{#with record.{path}}}}}{inside}{{{{/with}}}}"),
                2 => format!("{{{{#{path}}}}}{inside}{{{{/{path}}}}}"),
                _ => format!("{{{{#each data as |a i|}}}}{inside}{{{{/each}}}}"),
            }
        })
    })
}

fn a_document() -> impl Strategy<Value = Value> {
    let extracts = prop::collection::vec(path().prop_map(|p| spelled(&p, 0)), 1..6);
    let json_paths = prop::collection::vec(path().prop_map(|p| spelled(&p, 1)), 1..6);
    (extracts, json_paths, template(), template(), path(), any::<bool>()).prop_map(
        |(extracts, json_paths, uri, body, sub, many)| {
            let fields = |texts: &[String]| -> Vec<Value> {
                texts.iter().map(|t| json!({ "extract": t, "generate": t })).collect()
            };
            let entries: Vec<Value> = json_paths.iter().map(|t| json!({ "extract": t, "generate": "a" })).collect();
            json!({
                "name": "a", "description": "{{a}}", "oneToMany": many, "pathToMany": "lines",
                "netsuite_da": { "mapping": { "fields": fields(&extracts), "lists": [{ "generate": "lines", "fields": [
                    { "generate": "b", "subRecordMapping": { "jsonPath": spelled(&sub, 0), "mapping": { "fields": fields(&extracts) } } }] }] } },
                "mappings": [{ "generate": "lines", "buildArrayHelper": [{ "extract": json_paths[0], "mappings": entries }] }],
                "http": { "relativeURI": [uri], "body": [body] },
            })
        },
    )
}

fn some_renames() -> impl Strategy<Value = Vec<FieldRename>> {
    let name = || prop::collection::vec(prop::sample::select(&NAMES[..]), 1..3).prop_map(|p| p.join("."));
    let fresh = prop::sample::select(vec!["zz", "zz.a", "zz.y.x", "Zz new", "zz-1", "a.zz"]);
    let one = (any::<bool>(), name(), prop_oneof![name(), fresh.prop_map(str::to_owned)])
        .prop_map(|(s, from, to)| rename(if s { Side::Source } else { Side::Target }, &from, &to));
    prop::collection::vec(one, 1..4).prop_filter("each name once", |renames| {
        let distinct = |f: fn(&FieldRename) -> &String| {
            let seen: BTreeSet<_> = renames.iter().map(|r| (r.side == Side::Source, f(r))).collect();
            seen.len() == renames.len()
        };
        distinct(|r| &r.from) && distinct(|r| &r.to)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rename_and_its_reverse_give_generated_documents_back(document in a_document(), renames in some_renames()) {
        let (there, said) = apply(&document, &renames);
        let (back, _) = apply(&there, &reversed(&renames));
        let same = same_bytes(&back, &document);
        // What changes nothing has no reverse: where the new name stands already, that is another rename altogether.
        prop_assert!(same || excused(&said) || there == document,
            "{renames:?}\n{document}\n{there}\n{back}");
        prop_assert_eq!(&there["name"], &document["name"]);
        prop_assert_eq!(&there["description"], &document["description"]);
    }

    #[test]
    fn any_text_in_any_place_is_survived(text in "[a.{}#/\\[\\]\"'$* |()=@!~\\\\<>-]{0,40}") {
        let document = json!({
            "mapping": { "fields": [{ "extract": text, "generate": text }] }, "mappings": [{ "extract": format!("${text}") }],
            "http": { "relativeURI": [text.clone(), format!("{{{{{text}}}}}")] }, "pathToMany": text,
            "filter": { "rules": ["extract", text] } });
        let renames = [rename(Side::Source, "a", "b.c"), rename(Side::Target, "a", "Odd one")];
        let (there, said) = apply(&document, &renames);
        let (back, _) = apply(&there, &reversed(&renames));
        prop_assert!(back == document || excused(&said), "{document}\n{there}\n{back}");
    }
}
