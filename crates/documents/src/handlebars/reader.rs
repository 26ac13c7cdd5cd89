//! From text to tags.

use std::ops::Range;

use super::ast::{Call, Expression, Tag, TagKind, Template, Unreadable};
use super::expression::Words;
use crate::path::is_handlebars_blank;

/// What a backslash before `{{` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backslash {
    /// `\{{x}}` is text.
    Escapes,
    /// It separates folders and escapes nothing.
    SeparatesFolders,
}

/// Reads a template.
///
/// # Errors
///
/// The first tag that cannot be read. Nothing of such a template should be relied on: where the tag ends is a guess.
pub fn read(text: &str, backslash: Backslash) -> Result<Template, Unreadable> {
    let mut reader = Reader { text, at: 0, backslash, open: Vec::new(), tags: Vec::new() };
    while let Some(open) = reader.next_open() {
        reader.tag(open)?;
    }
    match reader.open.pop() {
        Some((_, span)) => Err(Unreadable { span, message: "the block is not closed" }),
        None => Ok(Template { tags: reader.tags }),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    backslash: Backslash,
    /// The open blocks: what their closing tag has to say, and their opening tag.
    open: Vec<(String, Range<usize>)>,
    tags: Vec<Tag>,
}

impl Reader<'_> {
    /// The next `{{` that is not escaped.
    fn next_open(&mut self) -> Option<usize> {
        loop {
            let open = self.at + self.text[self.at..].find("{{")?;
            let slashes = self.text[self.at..open].bytes().rev().take_while(|b| *b == b'\\').count();
            if self.backslash == Backslash::Escapes && slashes == 1 {
                // At least both braces are text, up to the next pair.
                self.at = open + 2;
                continue;
            }
            return Some(open);
        }
    }

    fn fail<T>(&self, open: usize, message: &'static str) -> Result<T, Unreadable> {
        let end = self.text[open..].find("}}").map_or(self.text.len(), |n| open + n + 2);
        Err(Unreadable { span: open..end, message })
    }

    fn tag(&mut self, open: usize) -> Result<(), Unreadable> {
        let text = self.text;
        let raw = text[open..].starts_with("{{{{");
        let mut at = open + if raw { 4 } else { 2 };
        if text[at..].starts_with('~') {
            at += 1;
        }
        if !raw && text[at..].starts_with('!') {
            return self.comment(open, at);
        }
        // `{{~{x}~}}` strips blanks around `{{{x}}}`.
        let triple = !raw && text[at..].starts_with('{');
        at += usize::from(triple);
        let (mut kind, skip) = if raw { (TagKind::Raw, 0) } else { self.kind(at, triple) };
        if raw && text[at..].starts_with('/') {
            return self.fail(open, "no raw block is open");
        }
        at += skip;
        let leading_blank = text[at..].starts_with(is_handlebars_blank)
            && matches!(kind, TagKind::Value | TagKind::Open | TagKind::Close);
        let mut words = Words::new(text, at);
        let is_else = kind == TagKind::Value && !triple && words.take_else();
        if is_else {
            kind = TagKind::Else;
        }
        let found = match words.call() {
            Ok(found) => found,
            Err(message) => return self.fail(open, message),
        };
        let Some(end) = close(text, words.at(), raw, triple) else {
            return self.fail(open, "the tag is not closed as it was opened");
        };
        let (mut call, params) = found;
        if kind == TagKind::OpenInverse && call.is_none() {
            kind = TagKind::Else;
        }
        self.at = end;
        if matches!(kind, TagKind::Value | TagKind::Open | TagKind::OpenInverse) {
            call = call.map(quoted_name);
        }
        let tag = Tag { span: open..end, kind, call, params, leading_blank };
        self.nest(tag)
    }

    fn comment(&mut self, open: usize, bang: usize) -> Result<(), Unreadable> {
        let rest = &self.text[bang..];
        let end = if rest.starts_with("!--") {
            // One search for both ends: where the other one never comes, its own would go through all of the text.
            let mut braces = rest.match_indices("}}");
            let is_end = |at: usize| rest[..at].strip_suffix('~').unwrap_or(&rest[..at]).ends_with("--");
            braces.find(|(at, _)| is_end(*at)).map(|(at, _)| at + 2)
        } else {
            rest.find("}}").map(|n| n + 2)
        };
        match end {
            Some(n) => {
                self.at = bang + n;
                Ok(())
            }
            None => self.fail(open, "the comment is not closed"),
        }
    }

    /// What the mark behind the braces says, and its length.
    fn kind(&self, at: usize, triple: bool) -> (TagKind, usize) {
        let rest = &self.text[at..];
        if triple {
            (TagKind::Value, 0)
        } else if rest.starts_with("#>") {
            (TagKind::OpenPartial, 2)
        } else if rest.starts_with("#*") {
            (TagKind::OpenDecorator, 2)
        } else {
            match rest.chars().next() {
                Some('#') => (TagKind::Open, 1),
                Some('^') => (TagKind::OpenInverse, 1),
                Some('/') => (TagKind::Close, 1),
                Some('>') => (TagKind::Partial, 1),
                Some('*') if !rest[1..].starts_with('.') => (TagKind::Decorator, 1),
                Some('&') => (TagKind::Value, 1),
                _ => (TagKind::Value, 0),
            }
        }
    }

    /// Takes the tag, if it stands where it may.
    fn nest(&mut self, mut tag: Tag) -> Result<(), Unreadable> {
        let head = |tag: &Tag| tag.call.as_ref().map(|call| self.text[call.head.span()].to_owned());
        let fail = |message| Err(Unreadable { span: tag.span.clone(), message });
        match tag.kind {
            TagKind::Open | TagKind::OpenInverse | TagKind::OpenPartial | TagKind::OpenDecorator => {
                let Some(name) = head(&tag) else { return fail("the block has no name") };
                self.open.push((name, tag.span.clone()));
            }
            TagKind::Close => match (self.open.pop(), head(&tag)) {
                (Some((opened, _)), Some(closed)) if opened == closed => {}
                _ => return fail("no block of that name is open here"),
            },
            TagKind::Else if self.open.is_empty() => return fail("no block is open here"),
            TagKind::Raw => {
                let Some(name) = head(&tag) else { return fail("the raw block has no name") };
                match raw_end(self.text, tag.span.end, &name) {
                    Some(end) => tag.span.end = end,
                    None => return fail("the raw block is not closed"),
                }
                self.at = tag.span.end;
            }
            TagKind::Partial | TagKind::Decorator if tag.call.is_none() => {
                return fail("the name is missing");
            }
            _ => {}
        }
        self.tags.push(tag);
        Ok(())
    }
}

/// Where the tag ends whose words end at `at`.
fn close(text: &str, at: usize, raw: bool, triple: bool) -> Option<usize> {
    let rest = &text[at..];
    let ends: &[&str] = match (raw, triple) {
        (true, _) => &["}}}}"],
        (false, true) => &["}}}", "}~}}"],
        (false, false) => &["}}", "~}}"],
    };
    ends.iter().find(|end| rest.starts_with(**end)).map(|end| at + end.len())
}

/// The end of the raw block whose text begins at `at`; raw blocks in it count.
fn raw_end(text: &str, mut at: usize, name: &str) -> Option<usize> {
    let mut inner = 0_usize;
    loop {
        let open = at + text[at..].find("{{{{")?;
        let Some(rest) = text[open + 4..].strip_prefix('/') else {
            inner += 1;
            at = open + 4;
            continue;
        };
        let end = rest.find("}}}}")?;
        at = open + 5 + end + 4;
        if inner == 0 {
            return (rest[..end].trim() == name).then_some(at);
        }
        inner -= 1;
    }
}

/// A text that stands alone is the name of a field: `{{"e mail"}}`.
fn quoted_name(mut call: Call) -> Call {
    if let (Expression::Text(text), false) = (&*call.head, call.has_arguments())
        && !text.escaped_quotes
    {
        call.head = Box::new(Expression::Path(super::path_reader::path_of_text(text)));
    }
    call
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
