//! What docs owe their readers: a sentence, and of what is async what dropping its future does.

use super::all_sources;

/// A doc comment of so few words says no more than the name below it.
const TOO_FEW: usize = 2;

/// The text of a doc comment's line.
fn doc_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim)
}

/// The lines that are a doc comment by themselves and have one or two words.
fn short_docs(text: &str) -> Vec<usize> {
    let docs: Vec<Option<&str>> = text.lines().map(doc_of).collect();
    let alone =
        |at: usize| (at == 0 || docs[at - 1].is_none()) && docs.get(at + 1).is_none_or(Option::is_none);
    let words = |at: usize| docs[at].map_or(0, |doc| doc.split_whitespace().count());
    (0..docs.len()).filter(|at| (1..=TOO_FEW).contains(&words(*at)) && alone(*at)).map(|at| at + 1).collect()
}

/// The lines with a public async function, or an async method of a public trait, whose docs do not say what a drop does.
fn silent_on_drops(text: &str) -> Vec<usize> {
    let (mut found, mut docs) = (Vec::new(), String::new());
    // How deep the brackets of an attribute are open, and how far a public trait is indented.
    let (mut brackets, mut in_trait) = (0_usize, None);
    for (at, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if brackets > 0 || bare.starts_with("#[") {
            brackets = (brackets + bare.matches('[').count()).saturating_sub(bare.matches(']').count());
            continue;
        }
        if let Some(doc) = doc_of(line) {
            docs += doc;
            docs.push('\n');
            continue;
        }
        if bare.starts_with("pub trait ") {
            in_trait = Some(indent);
        } else if bare == "}" && in_trait == Some(indent) {
            in_trait = None;
        }
        let is_async =
            bare.starts_with("pub async fn ") || in_trait.is_some() && bare.starts_with("async fn ");
        if is_async && !docs.contains("# Cancel safety\n") {
            found.push(at + 1);
        }
        docs.clear();
    }
    found
}

fn places(find: fn(&str) -> Vec<usize>) -> String {
    let mut places = Vec::new();
    for (root, name, text) in all_sources() {
        places.extend(find(&text).into_iter().map(|line| format!("{root}/{name}:{line}")));
    }
    places.join("\n")
}

#[test]
fn every_doc_has_more_than_two_words() {
    let short = places(short_docs);
    assert!(short.is_empty(), "say what it is, its unit, range or default, or when it is absent:\n{short}");
}

#[test]
fn what_is_async_says_what_dropping_it_does() {
    let silent = places(silent_on_drops);
    assert!(silent.is_empty(), "add `# Cancel safety`:\n{silent}");
}

#[test]
fn docs_that_say_too_little_are_found() {
    let short = |text| short_docs(text).len();
    assert_eq!(short("/// Its name.\npub name: String,"), 1);
    assert_eq!(short("    //! Names."), 1);
    assert_eq!(short("/// The account's name.\npub name: String,"), 0);
    assert_eq!(short("/// Reads a list\n/// of ids.\nfn read();"), 0);
    assert_eq!(short("// Its name.\nlet name = 1;"), 0);
    let silent = |text| silent_on_drops(text).len();
    assert_eq!(silent("/// Reads a list.\npub async fn read() {"), 1);
    assert_eq!(
        silent("/// # Cancel safety\n///\n/// Safe.\n#[expect(\n    a,\n)]\npub async fn read() {"),
        0
    );
    assert_eq!(silent("/// # Cancel safety\npub fn other() {}\n\n/// Reads.\npub async fn read() {"), 1);
    assert_eq!(
        silent("pub trait Read {\n    /// Reads.\n    async fn read(\n        a: u8,\n    );\n}\n"),
        1
    );
    assert_eq!(silent("pub trait Read {\n}\n/// Reads.\nasync fn read() {"), 0);
}
