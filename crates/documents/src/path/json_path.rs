//! Mapper 2.0 JSON paths, always from the root of the record: `$.orders[*].items`, `$.Link 1.href`, `$["a b"]`.

use super::{Kind, Style, Token, bracket, extract};

/// A JSON path.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// The tokens after `$`.
    pub tokens: Vec<Token>,
    /// Where the path ends, in bytes; a tail such as `|0` may follow.
    pub end: usize,
    /// What was passed over without being understood: filters, unions, descents.
    pub opaque: Vec<std::ops::Range<usize>>,
}

/// Reads a text that begins with `$`; nothing when it is not a JSON path.
pub fn parse(text: &str) -> Option<Path> {
    let end = tail(text);
    let body = &text[..end];
    let mut path = Path { tokens: Vec::new(), end, opaque: Vec::new() };
    let mut at = 1;
    while at < body.len() {
        if body[at..].starts_with("..") {
            // A descent reaches any depth: what follows cannot be located from the root.
            path.opaque.push(at..end);
            path.end = at;
            return Some(path);
        }
        if body[at..].starts_with('[') {
            let inside = body[at + 1..].trim_start();
            if inside.starts_with(['?', '(']) || is_union(&body[at..]) {
                let close = closing(body, at)?;
                if !inside.starts_with(['?', '(']) && body[at..close].contains(|c: char| !is_of_positions(c))
                {
                    // Several names at once: the rest of the path belongs to no single field.
                    path.opaque.push(at..end);
                    path.end = at;
                    return Some(path);
                }
                path.opaque.push(at..close);
                let text = body[at + 1..close - 1].to_owned();
                let span = at..close;
                path.tokens.push(Token {
                    kind: Kind::Index,
                    text,
                    style: Style::Bracket,
                    span,
                    separator: 0,
                });
                at = close;
                continue;
            }
            let token = bracket(body, at)?;
            at = token.span.end;
            path.tokens.push(token);
            continue;
        }
        if !body[at..].starts_with('.') {
            return None;
        }
        let stop = body[at + 1..].find(['.', '[']).map_or(body.len(), |n| at + 1 + n);
        if &body[at + 1..stop] == "*" {
            // Any child of an object: what follows is not a field that can be located from the root.
            path.opaque.push(at..end);
            path.end = at;
            return Some(path);
        }
        if stop == at + 1 {
            // `$.["a b"]`
            let mut token = bracket(body, at + 1).filter(|_| body[at + 1..].starts_with('['))?;
            token.span.start = at;
            token.separator = 1;
            at = token.span.end;
            path.tokens.push(token);
            continue;
        }
        let mut one = extract::scan(&body[..stop], at, |_| false)?;
        path.tokens.append(&mut one);
        at = stop;
    }
    Some(path)
}

/// Where a tail like `|0` begins.
fn tail(text: &str) -> usize {
    match text.rfind('|') {
        Some(at) if at + 1 < text.len() && text[at + 1..].bytes().all(|b| b.is_ascii_digit()) => at,
        _ => text.len(),
    }
}

fn is_of_positions(c: char) -> bool {
    c.is_ascii_digit() || c.is_ascii_whitespace() || matches!(c, '[' | ']' | ',' | ':' | '-' | '*')
}

fn is_union(text: &str) -> bool {
    closing(text, 0).is_some_and(|close| {
        let mut quote = None;
        text[1..close - 1].chars().any(|c| {
            match quote {
                Some(mark) if c == mark => quote = None,
                None if c == '\'' || c == '"' => quote = Some(c),
                None if c == ',' => return true,
                _ => {}
            }
            false
        })
    })
}

/// The byte after the bracket that closes the one at `open`.
fn closing(text: &str, open: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text[open..].char_indices() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(open + at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
