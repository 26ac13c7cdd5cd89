//! The grammar of handlebars, as far as field names need it: where a mustache begins and ends, and the words in it.
//!
//! Tolerant: what is not well formed is passed over and said so, never guessed at. Text, comments, raw blocks and
//! escaped mustaches hold no words.

use std::ops::Range;

use super::path::{Kind, Style, Tok, bracket, is_handlebars_mark};

/// What a mustache does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `{{x}}`, `{{{x}}}`, `{{&x}}`
    Value,
    /// `{{#x}}`, `{{^x}}`
    Open,
    /// `{{/x}}`
    Close,
    /// `{{else}}`, `{{else if x}}`, `{{^}}`
    Else,
    /// `{{> x}}`, and the beginning of a raw block: the first word is no field
    Partial,
}

/// One mustache.
#[derive(Debug)]
pub(super) struct Mustache {
    /// What it does.
    pub role: Role,
    /// `{{^x}}`: what follows is rendered outside of `x`.
    pub inverse: bool,
    /// What stands in it, without `else`, `#` and the like.
    pub words: Vec<Word>,
}

/// A word in a mustache.
#[derive(Debug)]
pub(super) enum Word {
    /// A path, or the name of a helper.
    Path(Path),
    /// A text, number, `true`, `null`.
    Literal(Range<usize>),
    /// `(`: the next path is a helper's name.
    Enter,
    /// `)`
    Leave,
    /// `key=`
    Key,
    /// `as |a b|`
    Params(Vec<String>),
}

/// A path in a mustache.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// All of it.
    pub span: Range<usize>,
    /// How many `../` it begins with.
    pub parents: usize,
    /// It begins with `this`, `.` or `./`: names are of the thing at hand.
    pub this: bool,
    /// It begins with `@root`.
    pub root: bool,
    /// It begins with `@` and is not a field.
    pub data: bool,
    /// Where the tokens begin.
    pub body: usize,
    /// The tokens; spans are into the whole text.
    pub tokens: Vec<Tok>,
}

/// What the reader came upon.
#[derive(Debug)]
pub(super) enum Item {
    /// A mustache.
    Mustache(Mustache),
    /// A mustache that cannot be read, up to its end or that of the text.
    Broken(Range<usize>),
}

/// Reads a text mustache by mustache.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    backslash_escapes: bool,
}

impl<'a> Reader<'a> {
    /// `backslash_escapes`: `\{{x}}` is text, as handlebars has it. Not so where a backslash separates folders.
    pub(super) fn new(text: &'a str, backslash_escapes: bool) -> Self {
        Self { text, at: 0, backslash_escapes }
    }

    /// The byte range of text outside mustaches that begins here.
    fn next_open(&mut self) -> Option<usize> {
        loop {
            let open = self.at + self.text[self.at..].find("{{")?;
            let slashes = self.text[self.at..open].bytes().rev().take_while(|b| *b == b'\\').count();
            if self.backslash_escapes && slashes == 1 {
                self.at = open + 2;
                continue;
            }
            return Some(open);
        }
    }

    fn mustache(&mut self, open: usize) -> Option<Item> {
        let text = self.text;
        let braces = text[open..].bytes().take_while(|b| *b == b'{').count();
        let braces = if braces >= 4 { 4 } else { braces };
        let mut at = open + braces;
        if text[at..].starts_with('~') {
            at += 1;
        }
        if text[at..].starts_with('!') {
            let long = text[at..].starts_with("!--");
            let end = if long { text[at + 3..].find("--").map(|n| at + 3 + n) } else { Some(at) };
            self.at =
                end.and_then(|from| text[from..].find("}}").map(|n| from + n + 2)).unwrap_or(text.len());
            return None;
        }
        let (mut role, mark) = match text[at..].chars().next() {
            Some('#' | '^') => (Role::Open, true),
            Some('/') => (Role::Close, true),
            Some('>') => (Role::Partial, true),
            Some('&') => (Role::Value, true),
            _ => (Role::Value, false),
        };
        let inverse = text[at..].starts_with('^');
        at += usize::from(mark);
        if mark && text[at..].starts_with(['>', '*']) {
            at += 1;
        }
        let Some((mut words, end)) = words(text, at) else {
            let end = text[at..].find("}}").map_or(text.len(), |n| at + n + 2);
            self.at = end;
            return Some(Item::Broken(open..end));
        };
        self.at = end + text[end..].bytes().take_while(|b| *b == b'}').take(braces).count();
        if inverse && words.is_empty() {
            role = Role::Else;
        }
        if let (Role::Value, Some(Word::Path(first))) = (role, words.first())
            && &text[first.span.clone()] == "else"
        {
            words.remove(0);
            role = Role::Else;
        }
        if braces == 4 {
            // What stands in a raw block is text.
            let close = text[self.at..].find("{{{{/").map_or(text.len(), |n| self.at + n);
            self.at = text[close..].find("}}}}").map_or(text.len(), |n| close + n + 4);
            // The first word is repeated at the end of the block: a helper, never a field.
            return Some(Item::Mustache(Mustache { role: Role::Partial, inverse, words }));
        }
        Some(Item::Mustache(Mustache { role, inverse, words }))
    }
}

impl Iterator for Reader<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while let Some(open) = self.next_open() {
            if let Some(item) = self.mustache(open) {
                return Some(item);
            }
        }
        None
    }
}

/// The words from `at` to the closing braces, and where those are.
fn words(text: &str, mut at: usize) -> Option<(Vec<Word>, usize)> {
    let mut words = Vec::new();
    loop {
        let rest = &text[at..];
        let c = rest.chars().next()?;
        match c {
            '}' if rest.starts_with("}}") => return Some((words, at)),
            '~' if rest.starts_with("~}}") => return Some((words, at + 1)),
            '(' => {
                words.push(Word::Enter);
                at += 1;
            }
            ')' => {
                words.push(Word::Leave);
                at += 1;
            }
            '"' | '\'' => {
                let end = string_end(text, at + 1, c)?;
                words.push(Word::Literal(at..end));
                at = end;
            }
            '\\' if rest.starts_with("\\\"") => {
                // Inside a JSON text the marks of a string are escaped themselves.
                let end = at + 2 + rest[2..].find("\\\"")? + 2;
                words.push(Word::Literal(at..end));
                at = end;
            }
            '|' => {
                let end = at + 1 + rest[1..].find('|')?;
                let names = text[at + 1..end].split_whitespace().map(str::to_owned).collect();
                if matches!(words.last(), Some(Word::Path(p)) if &text[p.span.clone()] == "as") {
                    words.pop();
                }
                words.push(Word::Params(names));
                at = end + 1;
            }
            _ => match path(text, at) {
                Some(found) => {
                    at = found.span.end;
                    if text[at..].starts_with('=') && !text[at..].starts_with("==") {
                        words.push(Word::Key);
                        at += 1;
                    } else if is_literal(&text[found.span.clone()]) {
                        words.push(Word::Literal(found.span));
                    } else {
                        words.push(Word::Path(found));
                    }
                }
                None => at += c.len_utf8(),
            },
        }
    }
}

fn string_end(text: &str, from: usize, mark: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text[from..].char_indices() {
        match c {
            '\\' => escaped = !escaped,
            c if c == mark && !escaped => return Some(from + at + c.len_utf8()),
            _ => escaped = false,
        }
    }
    None
}

fn is_literal(word: &str) -> bool {
    matches!(word, "true" | "false" | "null" | "undefined")
        || (!word.is_empty()
            && word.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-')
            && word != "."
            && word != "..")
}

fn is_plain(c: char) -> bool {
    // `#` ends no name here: people write `PO#`.
    c == '#' || !(c.is_whitespace() || is_handlebars_mark(c))
}

fn path(text: &str, start: usize) -> Option<Path> {
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
        let end = at + 1 + text[at + 1..].find(|c| !is_plain(c)).unwrap_or(text.len() - at - 1);
        path.root = &text[at..end] == "@root";
        path.data = !path.root;
        at = end;
        path.body = end;
        if path.root && text[at..].starts_with(['.', '/']) {
            at += 1;
            path.body = at;
        } else if path.root {
            path.span.end = at;
            return Some(path);
        }
    }
    while text[at..].starts_with("..") {
        path.parents += 1;
        path.this = true;
        at += 2;
        if text[at..].starts_with('/') {
            at += 1;
        } else {
            break;
        }
    }
    let here = &text[at..];
    if here.starts_with("./") {
        path.this = true;
        at += 2;
    } else if here.starts_with('.') && !here[1..].starts_with(is_plain) && !here[1..].starts_with('[') {
        path.this = true;
        path.span.end = at + 1;
        path.body = at + 1;
        return Some(path);
    }
    let word = at + text[at..].find(|c| !is_plain(c)).unwrap_or(text.len() - at);
    if &text[at..word] == "this" {
        path.this = true;
        at = word;
        if text[at..].starts_with(['.', '/']) && text[at + 1..].starts_with(|c| is_plain(c) || c == '[') {
            at += 1;
        }
    }
    path.body = at;
    let first = at;
    while at < text.len() {
        let separator = usize::from(at > first && text[at..].starts_with(['.', '/']));
        let body = at + separator;
        let rest = &text[body..];
        if rest.starts_with('[') {
            let Some(mut token) = bracket(text, body) else { break };
            if token.kind == Kind::Name && token.style == Style::Bracket && token.text.contains(['{', '}']) {
                break;
            }
            token.span.start = at;
            token.separator = separator;
            at = token.span.end;
            path.tokens.push(token);
            continue;
        }
        if at > first && separator == 0 {
            break;
        }
        if rest.starts_with('*') && (rest[1..].starts_with('.') || separator == 1) {
            let span = at..body + 1;
            path.tokens.push(Tok {
                kind: Kind::Index,
                text: "*".to_owned(),
                style: Style::Plain,
                span,
                separator,
            });
            at = body + 1;
            continue;
        }
        let end = body + rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
        if end == body {
            break;
        }
        let name = &text[body..end];
        let digits = name.bytes().all(|b| b.is_ascii_digit());
        let kind = if digits { Kind::Digits } else { Kind::Name };
        path.tokens.push(Tok { kind, text: name.to_owned(), style: Style::Plain, span: at..end, separator });
        at = end;
    }
    path.span.end = at.max(path.body);
    let something = !path.tokens.is_empty() || path.this || path.data || path.root;
    (something && path.span.end > start).then_some(path)
}
