//! The paths of a tag.

use std::ops::Range;

use super::ast::{Path, Text};
use crate::path::{Kind, Style, Token, is_handlebars_blank, is_handlebars_mark, literal_segment};

/// What is wrong with a word.
pub(super) type Problem = &'static str;

pub(super) fn ends_word(rest: &str) -> bool {
    rest.is_empty()
        || rest.starts_with(|c: char| is_handlebars_blank(c) || matches!(c, '}' | '~' | ')' | '=' | '|'))
}

/// A text in plain quotes. The only escape is a backslash before the quote.
pub(super) fn quotes(text: &str, start: usize) -> Option<Text> {
    let mark = text[start..].chars().next()?;
    let content = start + 1;
    let (mut value, mut before) = (String::new(), ' ');
    for (at, c) in text[content..].char_indices() {
        if c == mark && before != '\\' {
            let end = content + at;
            return Some(Text {
                span: start..end + 1,
                content: content..end,
                value,
                quote: mark,
                escaped_quotes: false,
            });
        }
        if c == mark {
            value.pop();
        }
        value.push(c);
        before = c;
    }
    None
}

pub(super) fn is_plain(c: char) -> bool {
    // `#` ends no name: documents hold `PO#`.
    c == '#' || !(is_handlebars_blank(c) || is_handlebars_mark(c))
}

/// The path that a text in quotes stands for.
pub(super) fn path_of_text(text: &Text) -> Path {
    let token = quoted_token(text, text.span.start, 0);
    Path {
        span: text.span.clone(),
        parents: 0,
        this: false,
        root: false,
        data: false,
        body: text.span.start,
        tokens: vec![token],
    }
}

fn quoted_token(text: &Text, start: usize, separator: usize) -> Token {
    Token {
        kind: Kind::Name,
        text: text.value.clone(),
        style: if text.quote == '"' { Style::QuotedDouble } else { Style::QuotedSingle },
        span: start..text.span.end,
        separator,
    }
}

/// Reads the path that begins at `start`.
pub(super) fn path(text: &str, start: usize) -> Result<Path, Problem> {
    let mut path = Path {
        span: start..start,
        parents: 0,
        this: false,
        root: false,
        data: false,
        body: start,
        tokens: Vec::new(),
    };
    let mut at = start;
    if text[at..].starts_with('@') {
        at += 1;
        while text[at..].starts_with("../") {
            at += 3;
        }
        let end = at + text[at..].find(|c| !is_plain(c)).unwrap_or(text.len() - at);
        if end == at {
            return Err("a name is missing behind `@`");
        }
        path.root = &text[start..end] == "@root";
        path.data = !path.root;
        at = end;
        path.body = end;
        if !text[at..].starts_with(['.', '/']) {
            return finish(text, path, at);
        }
        at += 1;
        path.body = at;
        return segments(text, path, at, true);
    }
    while text[at..].starts_with("..") {
        path.parents += 1;
        path.this = true;
        at += 2;
        path.body = at;
        if !text[at..].starts_with('/') {
            return finish(text, path, at);
        }
        at += 1;
        path.body = at;
    }
    if text[at..].starts_with("./") {
        path.this = true;
        at += 2;
        path.body = at;
    } else if text[at..].starts_with('.') {
        path.this = true;
        path.body = at + 1;
        return finish(text, path, at + 1);
    } else {
        let word = at + text[at..].find(|c| !is_plain(c)).unwrap_or(text.len() - at);
        if &text[at..word] == "this" {
            path.this = true;
            at = word;
            path.body = at;
            if text[at..].starts_with(['.', '/']) {
                at += 1;
                path.body = at;
            } else if !text[at..].starts_with('[') {
                return finish(text, path, at);
            }
        }
    }
    segments(text, path, at, path_may_be_empty(text, at, start))
}

/// `../` alone, at the end of a word, names nothing further.
fn path_may_be_empty(text: &str, at: usize, start: usize) -> bool {
    at > start && ends_word(&text[at..])
}

fn finish(text: &str, mut path: Path, at: usize) -> Result<Path, Problem> {
    if !ends_word(&text[at..]) {
        return Err("a path cannot be read");
    }
    path.span.end = at;
    Ok(path)
}

/// The names and positions from `first` on.
fn segments(text: &str, mut path: Path, first: usize, may_be_empty: bool) -> Result<Path, Problem> {
    let mut at = first;
    loop {
        let separator = usize::from(at > first && text[at..].starts_with(['.', '/']));
        let body = at + separator;
        let rest = &text[body..];
        if at > first && separator == 0 && !rest.starts_with('[') {
            break;
        }
        let token = if rest.starts_with('[') {
            let mut token = literal_segment(text, body).ok_or("a bracket is not closed")?;
            if token.text.contains("{{") || token.text.contains("}}") {
                return Err("a bracket is not closed");
            }
            if (separator > 0 || at == first) && token.kind == Kind::Index && token.text != "*" {
                // `a.[0]` is a position, and `record.[2024]` a field: the same as without brackets.
                token.kind = Kind::Digits;
            }
            token.span.start = at;
            token.separator = separator;
            token
        } else if rest.starts_with(['"', '\'']) && (separator > 0 || at == first) {
            quoted_token(&quotes(text, body).ok_or("a text is not closed")?, at, separator)
        } else if rest.starts_with('*') && (separator > 0 || rest[1..].starts_with(['.', '/'])) {
            plain_token(text, Kind::Index, at..body + 1, separator)
        } else {
            let len = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
            if len == 0 || rest.starts_with('#') {
                break;
            }
            let digits = rest[..len].bytes().all(|b| b.is_ascii_digit());
            plain_token(text, if digits { Kind::Digits } else { Kind::Name }, at..body + len, separator)
        };
        at = token.span.end;
        path.tokens.push(token);
    }
    if path.tokens.is_empty() && !may_be_empty {
        return Err("a path cannot be read");
    }
    finish(text, path, at)
}

fn plain_token(text: &str, kind: Kind, span: Range<usize>, separator: usize) -> Token {
    let name = text[span.start + separator..span.end].to_owned();
    Token { kind, text: name, style: Style::Plain, span, separator }
}
