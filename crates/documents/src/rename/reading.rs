//! How a path in a template is read where its words can be taken in more than one way.

use super::matcher::{Counts, Found, Rule, Rules, View};
use super::scope::Scopes;
use crate::handlebars::{Call, Path, helpers};
use crate::path::{Kind, RESERVED, Style, Token};

/// The rename that a path would be about if quotation marks inside its brackets were no part of the name.
pub(super) fn meant_without_quotes(
    rules: &Rules,
    scopes: &Scopes<'_>,
    path: &Path,
    tokens: &[Token],
) -> Option<usize> {
    let bare: Vec<Token> = tokens.iter().map(without_quotes).collect();
    let views = scopes.views(path);
    if bare == tokens || views.is_empty() || views.iter().any(|view| view.skip >= bare.len()) {
        return None;
    }
    would_change(rules, views, &bare)
}

/// The rename that a path would be about if it were that of a field.
pub(super) fn meant(rules: &Rules, scopes: &Scopes<'_>, path: &Path) -> Option<usize> {
    would_change(rules, scopes.views(path), &path.tokens)
}

/// The rename that a path inside a block would be about if it were one of the record.
pub(super) fn meant_of_the_record(
    rules: &Rules,
    scopes: &Scopes<'_>,
    path: &Path,
    tokens: &[Token],
) -> Option<usize> {
    if !scopes.seems_of_the_record(path) {
        return None;
    }
    would_change(rules, scopes.views_of_the_record(path), tokens)
}

/// The rename that a path would be about if what stands for the record or a position at its start were a field.
pub(super) fn meant_of_a_field(
    rules: &Rules,
    scopes: &Scopes<'_>,
    path: &Path,
    tokens: &[Token],
) -> Option<usize> {
    would_change(rules, scopes.views_of_fields(path), tokens)
}

fn would_change(rules: &Rules, mut views: Vec<View>, tokens: &[Token]) -> Option<usize> {
    views.retain(|view| view.skip <= tokens.len());
    match rules.resolve(&views, tokens, &mut Counts::new(rules.all.len())) {
        Found::Changed(rule, _) | Found::Unsayable(rule) => Some(rule),
        Found::Nothing | Found::Same | Found::Around => None,
    }
}

/// The renames whose last name stands somewhere in the path.
pub(super) fn names_in(rules: &Rules, path: &Path) -> Vec<usize> {
    let named = |rule: &Rule| {
        rule.from != rule.to
            && rule.from.last().is_some_and(|last| path.tokens.iter().any(|t| t.text == *last))
    };
    rules.all.iter().enumerate().filter(|(_, rule)| named(rule)).map(|(at, _)| at).collect()
}

/// Whether the first word may be the type of a Salesforce field: `{{{email customer.email}}}`.
pub(super) fn is_field_type(call: &Call, path: &Path) -> bool {
    call.arguments.len() == 1 && call.hash.is_empty() && path.bare().is_some_and(helpers::is_field_type)
}

/// Whether a name of a path is a word of the language that does not stand in brackets: no reader agrees on those, and a
/// rename could not be taken back.
pub(super) fn is_reserved(path: &Path) -> bool {
    path.tokens.iter().any(|token| token.style == Style::Plain && RESERVED.contains(&token.text.as_str()))
}

/// The name in `["x"]` as it would be without the quotation marks.
fn without_quotes(token: &Token) -> Token {
    let inner = ['"', '\''].into_iter().find_map(|mark| token.text.strip_prefix(mark)?.strip_suffix(mark));
    match inner.filter(|inner| token.style == Style::Bracket && !inner.is_empty()) {
        Some(inner) => Token { text: inner.to_owned(), ..token.clone() },
        None => token.clone(),
    }
}

/// The names of a path without a final `length`, which is that of a list or text.
pub(super) fn without_length(path: &Path) -> &[Token] {
    match path.tokens.as_slice() {
        [rest @ .., last]
            if last.text == "length"
                && last.kind == Kind::Name
                && last.style == Style::Plain
                && (!rest.is_empty() || path.this || path.root) =>
        {
            rest
        }
        all => all,
    }
}
