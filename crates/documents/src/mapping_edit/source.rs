//! The source that a step gives a row, as the paths of the import's Mapper 2.0 mapping have it.

use serde_json::Value;

use crate::envelope::{Envelope, is_member};
use crate::path::{Grammar, Kind, Style, Token, extract, way};
use crate::step_error::StepError;

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
///
/// # Errors
///
/// It is written as Mapper 1.0 has it, and may not mean the same here.
pub(super) fn spelled(text: &str, mappings: &Value, warnings: &mut Vec<String>) -> Result<String, StepError> {
    if text.is_empty() || text.contains("{{") {
        return Ok(text.to_owned());
    }
    let is_path = text == "$" || text.starts_with("$.") || text.starts_with("$[");
    let rest = if is_path { text[1..].to_owned() } else { of_mapper_1(text)? };
    Ok(from_the_root(is_path, &rest, mappings, warnings))
}

/// A source as Mapper 1.0 has it, as it goes on behind the `$` of Mapper 2.0: `[a b].c` is `["a b"].c`. Positions and `[*]`
/// stay.
fn of_mapper_1(text: &str) -> Result<String, StepError> {
    let refuse = || {
        StepError::failed(format!(
            "source: `{text}` may not mean the same in Mapper 2.0: write it as a path that begins with `$`"
        ))
    };
    let path = extract::parse(text).ok_or_else(refuse)?;
    let is_position = |token: &Token| token.kind == Kind::Index && token.text != "*";
    let plain: String = path
        .tokens
        .iter()
        .filter(|token| !is_position(token))
        .map(|token| &text[token.span.clone()])
        .collect();
    if path.tokens.first().is_none_or(is_position) || text.contains('{') || way::parse_one(&plain).is_none() {
        return Err(refuse());
    }
    let mut written = String::new();
    for token in &path.tokens {
        let as_it_stands = &text[token.span.start + token.separator..token.span.end];
        let is_quoted = matches!(token.style, Style::Single | Style::Double) || token.kind == Kind::Index;
        if is_quoted {
            written.push_str(as_it_stands);
        } else if token.style == Style::Plain && !Grammar::JsonPath.needs_quotes(&token.text) {
            written.push('.');
            written.push_str(&token.text);
        } else {
            written.push_str(&way::write_two(std::slice::from_ref(&token.text))[1..]);
        }
    }
    Ok(written)
}

fn from_the_root(is_path: bool, rest: &str, mappings: &Value, warnings: &mut Vec<String>) -> String {
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
