//! The most common mistakes in YAML, recognised where the parser gave up, so that the message can say what to write
//! instead.
//!
//! If the rest of the file can still be read, the mistake comes with a repair: all problems are reported at once.

mod brackets;
mod place;
mod slip;

use granit_parser::ErrorKind;

use place::Place;
pub(super) use slip::Slip;

use super::quoting::{name_of, quoted};

/// The slip behind a parser's error at the byte `at`; `flows` are the places of the brackets that are open there.
pub(super) fn recognise(text: &str, at: usize, kind: &ErrorKind, flows: &[usize]) -> Slip {
    let at = text.floor_char_boundary(at.min(text.len()));
    let place = Place { text, at, in_flow: !flows.is_empty() };
    let found = match kind {
        ErrorKind::MissingAnchorOrAliasName | ErrorKind::MappingKeyNotAllowed => Some(place.needs_quotes()),
        ErrorKind::InvalidBlockScalarHeader => place.after_brackets().or_else(|| Some(place.needs_quotes())),
        ErrorKind::UnexpectedCharacter { character } => place.unexpected(*character),
        ErrorKind::BomInsideDocument => Some(place.invisible(at)),
        ErrorKind::MissingDocumentEndBeforeDirective => Some(place.needs_quotes()),
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => place.escape(),
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            Some(place.tab())
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            Some(place.after_a_quote())
        }
        ErrorKind::UnclosedQuotedScalar => {
            let end = at + place.first().map_or(0, char::len_utf8);
            Some(Slip::new(
                at..end,
                "not valid YAML: this quote is never closed",
                "close it; a quote inside single quotes is written twice, inside double quotes as `\\\"`",
            ))
        }
        ErrorKind::MappingValueNotAllowed => {
            place.indentation().or_else(|| place.line_above()).or_else(|| Some(place.colon_in_text()))
        }
        ErrorKind::SimpleKeyExpected => Some(place.not_a_key()),
        ErrorKind::MisplacedFlowCollectionEnd => Some(Slip::new(
            at..at + 1,
            format!("not valid YAML: this `{}` closes nothing", text.get(at..=at).unwrap_or_default()),
            "remove it, or add the bracket that it closes",
        )),
        ErrorKind::RecursionLimitExceeded => {
            Some(Slip::new(at..at, format!("not valid YAML: {kind}"), "no job needs to nest this deep"))
        }
        _ if place.in_flow => place.inside_brackets(flows),
        ErrorKind::MismatchedFlowCollectionEnd { .. } | ErrorKind::UnclosedFlowCollection { .. } => {
            place.never_closed()
        }
        ErrorKind::BlockSequenceEntryNotAllowed => place
            .item_behind_its_key()
            .or_else(|| place.after_brackets())
            .or_else(|| place.indentation())
            .or_else(|| place.stray_item()),
        _ => place.after_brackets().or_else(|| place.indentation()).or_else(|| place.stray_item()),
    };
    found.unwrap_or_else(|| {
        let end = at + place.first().map_or(0, char::len_utf8);
        let mut slip = Slip::new(at..end, format!("not valid YAML: {kind}"), "");
        slip.help = None;
        slip
    })
}

/// The slip of a value that begins with `{{`: YAML takes it for two mappings, one the key of the other.
pub(super) fn template(text: &str, at: usize, in_flow: bool) -> Slip {
    let range = Place { text, at, in_flow }.value();
    let help = format!("write {}", quoted(&text[range.clone()]));
    Slip::new(range.clone(), "a value that begins with `{{` needs quotes", help).value(range)
}

/// The slip of an anchor inside of brackets, where what follows it can be passed over.
pub(super) fn anchor(text: &str, at: usize) -> Slip {
    let range = Place { text, at, in_flow: true }.value();
    let help = format!(
        "a job file says everything where it stands: write the value out; a text that begins with `&` needs quotes: {}",
        quoted(&text[range.clone()])
    );
    Slip::new(range.clone(), "anchors (`&`) are not supported", help).value(range)
}

/// The slip of a tag; its value begins at `at`.
pub(super) fn tag(text: &str, at: usize, in_flow: bool) -> Slip {
    let before =
        text[..at].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '|' | '>' | '-' | '+'));
    let start = before.rfind([' ', '\t', '\n', '[', '{', ',']).map_or(0, |at| at + 1);
    let range = Place { text, at: start, in_flow }.value();
    let value = &text[range.clone()];
    let help = match value.strip_prefix("!!") {
        Some(_) => "write the value alone; put a text into quotes to keep it a text".to_owned(),
        None => format!("write the value alone; a text that begins with `!` needs quotes: {}", quoted(value)),
    };
    Slip::new(range.clone(), "tags (`!`) are not supported", help).value(range)
}

/// The slip of a text that begins with a character that has a meaning in YAML.
pub(super) fn unquoted(text: &str, at: usize, in_flow: bool) -> Slip {
    Place { text, at, in_flow }.needs_quotes()
}

/// The slip of a key that begins with a character that only looks like a space.
pub(super) fn invisible(text: &str, at: usize) -> Slip {
    let found = text[at..].chars().next().unwrap_or(' ');
    let message = format!("not valid YAML: {} is here instead of a space", name_of(found));
    Slip::new(at..at + found.len_utf8(), message, "delete it and type a space")
}

#[cfg(test)]
mod bracket_tests;
#[cfg(test)]
mod tests;
