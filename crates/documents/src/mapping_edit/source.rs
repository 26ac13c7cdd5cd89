//! The source that a step gives a row, as the paths of the import's Mapper 2.0 mapping have it.

use serde_json::Value;

use crate::envelope::{Envelope, is_member};

/// A path as a row has it inside of helpers, which take the entries of lists one by one: of `$.lines[*].qty` in a helper over
/// `$.lines[*]` it is `$.lines.qty` (section 9.2 of the API reference). `context` are the extracts of the helpers.
pub(super) fn of_an_entry(text: &str, context: &[String]) -> String {
    let lists = context.iter().rev().map(|list| list.replace(EACH, ""));
    let found = lists.filter(|list| list.starts_with('$') && !text.contains("{{")).find_map(|list| {
        let end = behind(text, &list)?;
        Some(format!("{list}{}", &text[end..]))
    });
    found.unwrap_or_else(|| text.to_owned())
}

/// Every entry of a list.
const EACH: &str = "[*]";

/// Where a path goes on behind a list it begins with.
fn behind(text: &str, list: &str) -> Option<usize> {
    let mut rest = text;
    for letter in list.chars() {
        while let Some(next) = rest.strip_prefix(EACH) {
            rest = next;
        }
        rest = rest.strip_prefix(letter)?;
    }
    while let Some(next) = rest.strip_prefix(EACH) {
        rest = next;
    }
    (rest.is_empty() || rest.starts_with(['.', '['])).then_some(text.len() - rest.len())
}

/// A source as a path from the root of the mapping: `w` is `$.w`, and `$.record.w` where the mapping sees an envelope around
/// the record. What is a path or a template already stays as it is.
pub(super) fn spelled(text: &str, mappings: &Value, warnings: &mut Vec<String>) -> String {
    if text.is_empty() || text.contains("{{") {
        return text.to_owned();
    }
    let (is_path, rest) = match text.strip_prefix('$') {
        Some(rest) => (true, rest.to_owned()),
        None if text.starts_with('[') => (false, text.to_owned()),
        None => (false, format!(".{text}")),
    };
    let first = rest.trim_start_matches(['.', '[', '"', '\'']).split(['.', '[', ']', '"', '\'']).next();
    let first = first.unwrap_or_default();
    let as_is = format!("${rest}");
    match Envelope::of(mappings) {
        Envelope::No => as_is,
        _ if first == "record" || first.is_empty() => as_is,
        Envelope::Unclear => {
            warnings.push(format!(
                "`{as_is}` may read nothing: some paths of this mapping begin with `$.record` and some do not; check it"
            ));
            as_is
        }
        Envelope::Yes if is_path && is_member(first) => as_is,
        Envelope::Yes if is_path => {
            warnings.push(format!(
                "`{as_is}` reads nothing: the record is `$.record` in this mapping; write `$.record{rest}`"
            ));
            as_is
        }
        Envelope::Yes if is_member(first) => {
            warnings.push(format!(
                "`{as_is}` is read beside the record, which is `$.record` in this mapping; for a field of the record write `$.record{rest}`"
            ));
            as_is
        }
        Envelope::Yes => format!("$.record{rest}"),
    }
}
