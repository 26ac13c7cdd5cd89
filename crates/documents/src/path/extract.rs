//! Paths of Mapper 1.0: plain, dotted, `['quoted']`, `[bracketed]`, `a[*].b`, `*.x`. Filters and bare names use them too.

use super::{Kind, Style, Token, bracket};
use crate::problem::Problem;

/// A path and whether it begins with `$`.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// Bytes of a leading `$`.
    pub head: usize,
    /// The tokens after it.
    pub tokens: Vec<Token>,
}

/// Reads a path; nothing when it is not one (a bracket that does not close, an empty name between dots).
pub fn parse(text: &str) -> Option<Path> {
    let head = usize::from(text == "$" || text.starts_with("$.") || text.starts_with("$["));
    scan(text, head, |c| c == '.' || c == '[').map(|tokens| Path { head, tokens })
}

/// Reads the tokens from `at` on; `ends` says which characters end a plain name.
pub fn scan(text: &str, mut at: usize, ends: impl Fn(char) -> bool) -> Option<Vec<Token>> {
    let mut tokens: Vec<Token> = Vec::new();
    let start = at;
    while at < text.len() {
        let separator = usize::from(text[at..].starts_with('.'));
        if separator == 1 && at == start && start == 0 {
            return None;
        }
        let body = at + separator;
        if text[body..].starts_with('[') {
            let mut token = bracket(text, body)?;
            token.span.start = at;
            token.separator = separator;
            at = token.span.end;
            tokens.push(token);
            continue;
        }
        if separator == 0 && at != 0 {
            return None;
        }
        let end = text[body..].find(&ends).map_or(text.len(), |n| body + n);
        let name = &text[body..end];
        if name.is_empty() {
            return None;
        }
        let kind = match name {
            "*" => Kind::Index,
            _ if name.bytes().all(|b| b.is_ascii_digit()) => Kind::Digits,
            _ => Kind::Name,
        };
        let text = name.to_owned();
        tokens.push(Token { kind, text, style: Style::Plain, span: at..end, separator });
        at = end;
    }
    Some(tokens)
}

/// Reads `from` or `to` of a job file into names.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_field(text: &str) -> Result<Vec<String>, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::new("a field path is empty"));
    }
    let path = parse(text).ok_or_else(|| {
        Problem::new(format!("`{text}` is not a field path"))
            .help("write `customer.email`, and odd names as `customer[\"e.mail\"]`")
    })?;
    let names: Vec<String> =
        path.tokens.into_iter().filter(|t| t.kind != Kind::Index).map(|t| t.text).collect();
    if names.is_empty() { Err(Problem::new(format!("`{text}` names no field"))) } else { Ok(names) }
}

/// The pieces in single braces of a text of the oldest documents (`{first} {last}`), as byte ranges inside the braces.
pub fn single_braces(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('{').map(|n| at + n + 1) {
        match text[open..].find(['{', '}']) {
            Some(n) if text[open + n..].starts_with('}') && n > 0 => {
                found.push(open..open + n);
                at = open + n + 1;
            }
            _ => at = open,
        }
    }
    found
}
