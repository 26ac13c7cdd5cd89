//! Filters in the JSON paths of Mapper 2.0: `[?(@.x == $.y)]`.
//!
//! A filter is not rewritten, so a path with a filter is renamed only if every path in the filter stays the same.

use super::counts::Counts;
use super::matcher::{Found, Rules, View};
use crate::path::{Kind, Piece, Token, bracket, json_path};

/// Whether the renames of a path would leave names in its filters that are other names by then. `views` are the ways to read
/// tokens from the root.
pub(super) fn would_break(
    rules: &Rules,
    path: &json_path::Path,
    views: impl Fn(&[Token]) -> Vec<View>,
) -> bool {
    let tokens = &path.tokens;
    let is_filter = |token: &Token| token.kind == Kind::Index && token.text.trim_start().starts_with('?');
    let mut filters = (0..tokens.len()).filter(|at| is_filter(&tokens[*at])).peekable();
    if filters.peek().is_none() {
        return false;
    }
    let renamed = |tokens: &[Token]| pieces(rules, views(tokens), tokens);
    let whole = renamed(tokens);
    filters.any(|at| {
        let Some(before) = whole.iter().position(|piece| *piece == Piece::Kept(at)) else { return true };
        let before = &whole[..before];
        let Some(inside) = paths_in(&tokens[at].text) else {
            return !rules.mentioned_in(&tokens[at].text).is_empty();
        };
        let prefix = || tokens[..at].to_vec();
        renamed(&prefix()) != before
            || inside.into_iter().any(|path| match path {
                Inside::OfTheRoot(own) => renamed(&own) != all_kept(0, own.len()),
                Inside::OfTheEntry(own) => {
                    let stays = [before, &all_kept(at, own.len())].concat();
                    renamed(&[prefix(), own].concat()) != stays
                }
            })
    })
}

/// What the renames make of a path; itself, where they make nothing.
fn pieces(rules: &Rules, mut views: Vec<View>, tokens: &[Token]) -> Vec<Piece> {
    views.retain(|view| view.skip <= tokens.len());
    match rules.resolve(&views, tokens, &mut Counts::new(rules.all.len())) {
        Found::Changed(_, pieces) => pieces,
        // Somewhere else it is said that this cannot be renamed; in a filter nobody says it.
        Found::Unsayable(_) => Vec::new(),
        Found::Nothing | Found::Same | Found::Enclosing => all_kept(0, tokens.len()),
    }
}

fn all_kept(from: usize, count: usize) -> Vec<Piece> {
    (from..from + count).map(Piece::Kept).collect()
}

/// A path in a filter, without the mark it begins with.
enum Inside {
    /// `$.x`, which begins at the record.
    OfTheRoot(Vec<Token>),
    /// `@.x`, which begins at the entry that is looked at.
    OfTheEntry(Vec<Token>),
}

/// The paths in a filter; nothing where it cannot be told what they are of.
fn paths_in(filter: &str) -> Option<Vec<Inside>> {
    let (mut found, mut quote, mut at) = (Vec::new(), None, 0);
    while let Some(c) = filter[at..].chars().next() {
        at += c.len_utf8();
        match (quote, c) {
            (Some(_), '\\') => at += filter[at..].chars().next().map_or(0, char::len_utf8),
            (Some(mark), c) if c == mark => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '@' | '$') => {
                let tokens = names_at(filter, &mut at)?;
                found.push(if c == '@' { Inside::OfTheEntry(tokens) } else { Inside::OfTheRoot(tokens) });
            }
            (None, _) => {}
        }
    }
    Some(found)
}

/// The names that follow the mark of a path; nothing where something else follows.
fn names_at(text: &str, at: &mut usize) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    loop {
        let rest = &text[*at..];
        if let Some(inside) = rest.strip_prefix('[') {
            // A filter in the filter: what is in it is of another entry.
            if inside.trim_start().starts_with(['?', '(']) {
                return None;
            }
            let token = bracket(text, *at)?;
            *at = token.span.end;
            tokens.push(token);
        } else if let Some(name) = rest.strip_prefix('.') {
            let is_of_a_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
            let length = name.find(|c| !is_of_a_name(c)).unwrap_or(name.len());
            // A descent, any child, and calls as `@.x.match(/y/)`, which are on the value.
            if length == 0 {
                return None;
            }
            *at += 1 + length;
            if !text[*at..].starts_with('(') {
                tokens.push(crate::path::single(&name[..length]));
            }
        } else if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        } else {
            return Some(tokens);
        }
    }
}
