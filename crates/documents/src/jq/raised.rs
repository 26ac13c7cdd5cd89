//! What a program raised, in words that can be shown.
//!
//! jaq quotes the values at fault, which can be a whole document with its secrets: what it says of its own accord names
//! their kinds instead. What the program itself raises (`error("why")`) is its author's word.

use super::bounds;
use crate::shortened::shortened;

/// How long a message may be, in characters.
const LONGEST: usize = 200;

/// The message: `error("why")` is `why`, without quotes.
pub(super) fn said(error: jaq_json::Error) -> String {
    let text = match error.into_val() {
        value if bounds::measure(&value, bounds::LONGEST).is_none() => {
            "an error that is too large".to_owned()
        }
        jaq_json::Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
        other => other.to_string(),
    };
    let text = without_values(&text).unwrap_or(text);
    shortened(&text, LONGEST)
}

/// The sentences of jaq that hold values.
fn without_values(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix("cannot use ") {
        let (value, wanted) = rest.rsplit_once(" as ")?;
        return Some(format!("cannot use {} as {wanted}", kind(value)));
    }
    if let Some((value, wanted)) =
        text.strip_prefix("cannot parse ").and_then(|rest| rest.rsplit_once(" as "))
    {
        return Some(format!("cannot parse {} as {wanted}", kind(value)));
    }
    if let Some(rest) = text.strip_prefix("cannot index ") {
        let (value, index) = rest.rsplit_once(" with ")?;
        let short = index.len() <= 60 && !index.starts_with(['{', '[']);
        return Some(format!(
            "cannot index {} with {}",
            kind(value),
            if short { index } else { kind(index) }
        ));
    }
    let rest = text.strip_prefix("cannot calculate ")?;
    Some(format!("cannot calculate with {} and {}", kind(rest), kind_by_end(rest)))
}

fn kind(value: &str) -> &str {
    match value.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b'n') => "null",
        Some(b't' | b'f') => "a flag",
        _ => "a number",
    }
}

fn kind_by_end(value: &str) -> &'static str {
    match value.as_bytes().last() {
        Some(b'}') => "an object",
        Some(b']') => "a list",
        Some(b'"') => "a text",
        Some(b'l') => "null",
        Some(b'e') => "a flag",
        _ => "a number",
    }
}
