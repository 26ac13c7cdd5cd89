//! The words of one tag.

use super::ast::{Call, Expression, Text};
use super::path_reader::{Problem, ends_word, is_plain, path, quotes};
use crate::path::is_handlebars_blank;

/// No tag has calls in calls deeper than this.
const DEEPEST: usize = 64;

/// Reads the words of a tag from a place on.
pub(super) struct Words<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, depth: 0 }
    }

    /// Where reading has come to.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(is_handlebars_blank).len();
    }

    /// Takes the word `else`.
    pub(super) fn take_else(&mut self) -> bool {
        let rest = self.rest().trim_start_matches(is_handlebars_blank);
        let Some(after) = rest.strip_prefix("else") else { return false };
        let whole = after.starts_with(|c: char| is_handlebars_blank(c) || c == '}' || c == '~');
        if whole {
            self.at = self.text.len() - after.len();
        }
        whole
    }

    /// Everything up to the closing braces: the call, and block parameters.
    pub(super) fn call(&mut self) -> Result<(Option<Call>, Vec<String>), Problem> {
        self.blanks();
        let start = self.at;
        if self.is_end() {
            return Ok((None, Vec::new()));
        }
        let head = Box::new(self.expression()?);
        let mut call = Call { head, arguments: Vec::new(), hash: Vec::new(), span: start..self.at };
        let mut params = Vec::new();
        loop {
            let blank = self.rest().starts_with(is_handlebars_blank);
            self.blanks();
            if self.is_end() {
                return Ok((Some(call), params));
            }
            if !params.is_empty() {
                return Err("block parameters come last");
            }
            if !blank && !self.rest().starts_with(['(', '"', '\'']) {
                return Err("a blank is missing between two words");
            }
            match self.params()? {
                Some(found) => params = found,
                None => self.argument(&mut call)?,
            }
        }
    }

    fn is_end(&self) -> bool {
        let rest = self.rest();
        rest.starts_with('}') || rest.starts_with("~}")
    }

    /// `as |a b|`.
    fn params(&mut self) -> Result<Option<Vec<String>>, Problem> {
        let Some(rest) = self.rest().strip_prefix("as") else { return Ok(None) };
        let inside = rest.trim_start_matches(is_handlebars_blank);
        if inside.len() == rest.len() || !inside.starts_with('|') {
            return Ok(None);
        }
        let end = inside[1..].find('|').ok_or("the block parameters are not closed")?;
        let names: Vec<String> = inside[1..=end]
            .split(is_handlebars_blank)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.is_empty() || names.iter().any(|name| !name.chars().all(is_plain)) {
            return Err("a block parameter is a plain name");
        }
        self.at = self.text.len() - inside.len() + end + 2;
        Ok(Some(names))
    }

    /// `value` or `key=value`.
    fn argument(&mut self, call: &mut Call) -> Result<(), Problem> {
        if let Some((key, at)) = self.key() {
            self.at = at;
            let value = self.expression()?;
            call.hash.push((key, value));
        } else if call.hash.is_empty() {
            let value = self.expression()?;
            call.arguments.push(value);
        } else {
            return Err("an argument follows a named argument");
        }
        call.span.end = self.at;
        Ok(())
    }

    fn key(&self) -> Option<(String, usize)> {
        let rest = self.rest();
        let len = rest.find(|c| !is_plain(c)).filter(|len| *len > 0)?;
        let after = rest[len..].strip_prefix('=')?;
        (!after.starts_with('=')).then(|| (rest[..len].to_owned(), self.at + len + 1))
    }

    fn expression(&mut self) -> Result<Expression, Problem> {
        let rest = self.rest();
        match rest.chars().next() {
            Some('(') => self.subexpression(),
            Some('"' | '\'') => self.quoted(),
            Some('\\') if rest.starts_with("\\\"") => self.escaped(),
            _ => match literal(rest) {
                Some(len) => {
                    self.at += len;
                    Ok(Expression::Literal(self.at - len..self.at))
                }
                None => {
                    let path = path(self.text, self.at)?;
                    self.at = path.span.end;
                    Ok(Expression::Path(path))
                }
            },
        }
    }

    fn subexpression(&mut self) -> Result<Expression, Problem> {
        let start = self.at;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the calls are nested too deeply");
        }
        self.at += 1;
        self.blanks();
        let head = Box::new(self.expression()?);
        let mut call = Call { head, arguments: Vec::new(), hash: Vec::new(), span: start..self.at };
        loop {
            let blank = self.rest().starts_with(is_handlebars_blank);
            self.blanks();
            match self.rest().chars().next() {
                Some(')') => break,
                Some('}') | None => return Err("a parenthesis is not closed"),
                Some(c) if !blank && !matches!(c, '(' | '"' | '\'') => {
                    return Err("a blank is missing between two words");
                }
                Some(_) => self.argument(&mut call)?,
            }
        }
        self.at += 1;
        self.depth -= 1;
        call.span.end = self.at;
        Ok(Expression::Call(call))
    }

    /// A text, or a path whose first name is in quotes.
    fn quoted(&mut self) -> Result<Expression, Problem> {
        let text = quotes(self.text, self.at).ok_or("a text is not closed")?;
        if self.text[text.span.end..].starts_with(['.', '/']) {
            let path = path(self.text, self.at)?;
            self.at = path.span.end;
            return Ok(Expression::Path(path));
        }
        self.at = text.span.end;
        self.terminated()?;
        Ok(Expression::Text(text))
    }

    /// Inside a JSON text the quotes are escaped themselves.
    fn escaped(&mut self) -> Result<Expression, Problem> {
        let start = self.at;
        let content = start + 2;
        let len = self.text[content..].find("\\\"").ok_or("a text is not closed")?;
        self.at = content + len + 2;
        self.terminated()?;
        Ok(Expression::Text(Text {
            span: start..self.at,
            content: content..content + len,
            value: self.text[content..content + len].to_owned(),
            quote: '"',
            escaped_quotes: true,
        }))
    }

    fn terminated(&self) -> Result<(), Problem> {
        if ends_word(self.rest()) { Ok(()) } else { Err("a blank is missing between two words") }
    }
}

/// The length of a number or word that is a value of its own.
fn literal(rest: &str) -> Option<usize> {
    let len = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(rest.len());
    let word = &rest[..len];
    let number = || {
        let digits = word.strip_prefix('-').unwrap_or(word);
        let mut parts = digits.split('.');
        let all = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        parts.next().is_some_and(all) && parts.next().is_none_or(all) && parts.next().is_none()
    };
    let known = is_reserved(word) && word != "this" && word != "else" || number();
    (known && ends_word(&rest[len..])).then_some(len)
}

/// Words that are no name of a field when they stand in a path without brackets.
fn is_reserved(word: &str) -> bool {
    crate::path::RESERVED.contains(&word)
}
