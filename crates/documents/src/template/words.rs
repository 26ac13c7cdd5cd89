//! Where names stand in a template of ours that compiles: for the place of a problem, and to tell a single expression.

use std::ops::Range;

/// What a word in an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A name at the beginning of a path, or of a function.
    Name,
    /// A name behind a dot.
    Attribute,
    /// A name behind `|`.
    Filter,
    /// The first word of a statement: `if`, `for`.
    Statement,
}

/// The words of all expressions and statements, and where they stand. Texts, comments and raw blocks hold none.
pub(super) fn words(source: &str) -> Vec<(Word, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = source[at..].find('{').map(|next| at + next) {
        let rest = &source[open..];
        if rest.starts_with("{#") {
            at = rest.find("#}").map_or(source.len(), |end| open + end + 2);
        } else if rest.starts_with("{{") || rest.starts_with("{%") {
            let statement = rest.starts_with("{%");
            let before = found.len();
            at = expression(source, open + 2, statement, &mut found);
            let raw = found[before..].first().is_some_and(|(_, range)| &source[range.clone()] == "raw");
            if statement && raw {
                let end = source[at..].find("endraw").map_or(source.len(), |end| at + end);
                at = source[end..].find("%}").map_or(source.len(), |close| end + close + 2);
            }
        } else {
            at = open + 1;
        }
    }
    found
}

/// Reads up to the end of an expression or statement; answers what comes after it.
fn expression(source: &str, start: usize, statement: bool, found: &mut Vec<(Word, Range<usize>)>) -> usize {
    let mut at = start;
    let mut next = if statement { Word::Statement } else { Word::Name };
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        if rest.starts_with("}}") && !statement || rest.starts_with("%}") && statement {
            return at + 2;
        }
        if c.is_alphabetic() || c == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push((next, at..at + end));
            next = Word::Name;
            at += end;
            continue;
        }
        match c {
            '"' | '\'' => {
                at = text_end(source, at + 1, c);
                next = Word::Name;
                continue;
            }
            '|' => next = Word::Filter,
            '.' => next = Word::Attribute,
            c if c.is_whitespace() || c == '-' || c == '+' => {}
            _ => next = Word::Name,
        }
        at += c.len_utf8();
    }
    source.len()
}

/// The fields that a template takes of the value of that name, as `name.field` or `name["field"]`, and where they stand.
pub(super) fn fields_of(source: &str, name: &str) -> Vec<(String, Range<usize>)> {
    let named =
        words(source).into_iter().filter(|(word, at)| *word == Word::Name && &source[at.clone()] == name);
    let field = |(_, at): (Word, Range<usize>)| {
        let blanks = |at: usize| source.len() - source[at..].trim_start().len();
        let mark = blanks(at.end);
        match source[mark..].chars().next()? {
            '.' => {
                let start = blanks(mark + 1);
                let rest = &source[start..];
                let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                (length > 0).then(|| (rest[..length].to_owned(), start..start + length))
            }
            '[' => {
                let start = blanks(mark + 1);
                let quote = source[start..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
                let end = text_end(source, start + 1, quote).checked_sub(1)?;
                let text = source.get(start + 1..end)?;
                // A text with escapes, or a part of an expression, is found out when it is filled in.
                let whole = source[end + 1..].trim_start().starts_with(']') && !text.contains('\\');
                whole.then(|| (text.to_owned(), start + 1..end))
            }
            _ => None,
        }
    };
    named.filter_map(field).collect()
}

fn text_end(source: &str, from: usize, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in source[from..].char_indices() {
        match c {
            '\\' => escaped = !escaped,
            c if c == mark && !escaped => return from + at + c.len_utf8(),
            _ => escaped = false,
        }
    }
    source.len()
}

/// What stands between the braces of a text that is one expression and nothing else.
pub(super) fn whole_expression(text: &str) -> Option<Range<usize>> {
    let inside = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let plain = !inside.starts_with('{') && !inside.ends_with('}');
    (plain && !inside.contains("{{") && !inside.contains("}}")).then_some(())?;
    let marks = ['-', '+'];
    let start = 2 + usize::from(inside.starts_with(marks));
    let end = text.len() - 2 - usize::from(inside.ends_with(marks));
    (start < end).then_some(start..end)
}

/// Whether a filter behind an expression is about its last operand only: an operator stands outside of brackets.
pub(super) fn has_operator(expression: &str) -> bool {
    const WORDS: [&str; 6] = ["and", "else", "if", "in", "not", "or"];
    let (mut at, mut depth, mut last) = (0, 0usize, "");
    while let Some(c) = expression[at..].chars().next() {
        let rest = &expression[at..];
        if c.is_alphabetic() || c == '_' {
            let word = &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())];
            // `x is not none` is a test, which stands in a row with filters.
            if depth == 0 && WORDS.contains(&word) && last != "." && !(word == "not" && last == "is") {
                return true;
            }
            last = word;
            at += word.len();
            continue;
        }
        match c {
            '"' | '\'' => {
                at = text_end(expression, at + 1, c);
                last = "";
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '-' if depth == 0 && expression[..at].trim().is_empty() => {}
            '+' | '-' | '*' | '/' | '%' | '~' | '=' | '!' | '<' | '>' if depth == 0 => return true,
            _ => {}
        }
        if !c.is_whitespace() {
            last = if c == '.' { "." } else { "" };
        }
        at += c.len_utf8();
    }
    false
}
