//! Statements and clauses: names in them that stand outside the braces of templates.

use serde_json::Value;

use super::edit::SideRename;
use super::unchanged::short;

/// Names a statement holds outside its braces.
pub(super) fn words(side: &mut SideRename<'_>, value: &Value, at: &str) {
    match value {
        Value::String(text) if side.rules.may_concern(text) => {
            let outside = outside_braces(text);
            for word in side.rules.words().filter(|w| mentions(&outside, w)) {
                let warning = format!(
                    "{at}: `{word}` also stands outside the braces of `{}`; that is left alone",
                    short(text)
                );
                side.warnings.push(warning);
            }
        }
        Value::Array(list) => {
            for (index, one) in list.iter().enumerate() {
                words(side, one, &format!("{at}/{index}"));
            }
        }
        _ => {}
    }
}

fn outside_braces(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        out.push_str(&rest[..open]);
        out.push(' ');
        rest = rest[open..].find("}}").map_or("", |n| &rest[open + n + 2..]);
    }
    out.push_str(rest);
    out
}

/// Whether a text holds the word, not as a part of a longer one.
pub(super) fn mentions(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(part)
            && !text[at + word.len()..].chars().next().is_some_and(part)
    })
}
