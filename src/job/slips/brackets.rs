//! Slips inside of `[ ]` and `{ }`.

use super::place::Place;
use super::slip::Slip;
use crate::job::quoting::quoted;

fn never_closed(open: usize, sign: &str, close: &str) -> Slip {
    let message = format!("not valid YAML: this `{sign}` is never closed");
    Slip::new(open..open + 1, message, format!("add the `{close}`, or a comma before what follows"))
}

impl Place<'_> {
    /// What went wrong inside of the brackets that are open here.
    pub(super) fn inside_brackets(&self, flows: &[usize]) -> Option<Slip> {
        // The parser names the bracket itself where the file ends before it is closed.
        let open = *flows.iter().find(|open| **open == self.at).or(flows.last())?;
        let between = self.text.get(open..self.at)?;
        if let Some(slip) = self.item_in_brackets().or_else(|| self.lone_comma()) {
            return Some(slip);
        }
        let closes_another = match self.first() {
            Some(']') => self.text[open..].starts_with('{'),
            Some('}') => self.text[open..].starts_with('['),
            _ => false,
        };
        if open < self.at && !between.contains('\n') && !closes_another {
            let slip = self
                .behind_a_bracket(open)
                .or_else(|| self.second_colon(open))
                .or_else(|| self.key_without_a_space(open));
            if let Some(slip) = slip {
                return Some(slip);
            }
            let (message, help) = match self.first()? {
                '[' | '{' => (
                    "not valid YAML: a text with a bracket in it is not in quotes",
                    "put it into quotes: inside `[ ]` and `{ }` brackets have a meaning",
                ),
                _ => (
                    "not valid YAML: a comma is missing before this",
                    "separate items, and one key from the next, by `, `",
                ),
            };
            let end = self.at + self.first().map_or(0, char::len_utf8);
            return Some(Slip::new(self.at..end, message, help));
        }
        let sign = self.text.get(open..=open)?;
        let close = if sign == "[" { "]" } else { "}" };
        if let Some(slip) = self.closed_in_a_comment(open, close) {
            return Some(slip);
        }
        Some(never_closed(open, sign, close))
    }

    /// A bracket here that the parser says is never closed, before it tells which are open.
    pub(super) fn never_closed(&self) -> Option<Slip> {
        match self.first()? {
            '[' => Some(never_closed(self.at, "[", "]")),
            '{' => Some(never_closed(self.at, "{", "}")),
            _ => None,
        }
    }

    /// A text that begins with brackets and goes on behind them: `find: [a-z]+`.
    fn behind_a_bracket(&self, flow: usize) -> Option<Slip> {
        let before = &self.text[flow + 1..self.at];
        let close = before.chars().next_back().filter(|c| matches!(c, ']' | '}'))?;
        let open = if close == ']' { '[' } else { '{' };
        let mut depth = 0_usize;
        let start = before.char_indices().rev().find_map(|(at, c)| {
            depth += usize::from(c == close);
            depth -= usize::from(c == open && depth > 0);
            (c == open && depth == 0).then_some(flow + 1 + at)
        })?;
        let range = Place { text: self.text, at: start, in_flow: true }.value();
        let message = format!("a text that begins with `{open}` needs quotes");
        let help = format!("write {}", quoted(&self.text[range.clone()]));
        Some(Slip::new(range.clone(), message, help).value(range))
    }

    /// A second `: ` behind one word: `{ a: b: c }`. Behind two a comma is missing between them: `{ a: 1 b: 2 }`.
    fn second_colon(&self, flow: usize) -> Option<Slip> {
        let before = &self.text[flow + 1..self.at];
        let first = before.rfind(": ").filter(|_| self.first() == Some(':'))?;
        let value = &before[first + 2..];
        let start = self.at - value.trim_start().len();
        if value.trim().is_empty() || value.trim().contains([' ', ',', '"', '\'', '[', ']', '{', '}']) {
            return None;
        }
        let range = Place { text: self.text, at: start, in_flow: true }.value();
        let help =
            format!("a text that holds `: ` needs quotes: write {}", quoted(&self.text[range.clone()]));
        let message = "not valid YAML: this colon is not expected here";
        Some(Slip::new(self.at..self.at + 1, message, help).value(range))
    }

    /// A bracket right behind a key and its colon: `{ names:[a] }`.
    fn key_without_a_space(&self, flow: usize) -> Option<Slip> {
        let before = &self.text[flow + 1..self.at];
        let start = flow + 1 + before.rfind([' ', ',', '\n']).map_or(0, |at| at + 1);
        let key = &self.text[start..self.at];
        let is_word = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_bracket = self.text[self.at..].starts_with(":[") || self.text[self.at..].starts_with(":{");
        (is_word && is_bracket).then(|| {
            let value = Place { text: self.text, at: self.at + 1, in_flow: true }.value();
            let range = start..value.end;
            let help = format!("write `{key}: {}`", &self.text[value]);
            let message = "not valid YAML: there is no space after the colon";
            Slip::new(range.clone(), message, help).entry(range, key)
        })
    }

    /// An item of a list in brackets that has the sign of one on a line of its own: `[- a]`.
    fn item_in_brackets(&self) -> Option<Slip> {
        self.text[self.at..].starts_with("- ").then(|| {
            let message = "not valid YAML: between `[` and `]` items have no `-`";
            Slip::new(self.at..self.at + 1, message, "remove it, and separate items by `, `")
                .blanks(self.at..self.at + 1)
        })
    }

    /// A comma with nothing before it: `[, a]`, `[a, , b]`.
    fn lone_comma(&self) -> Option<Slip> {
        let before = self.text[..self.at].trim_end();
        (self.first() == Some(',') && before.ends_with([',', '[', '{'])).then(|| {
            let message = "not valid YAML: there is nothing before this comma";
            Slip::new(self.at..self.at + 1, message, "remove it, or write what is missing")
                .blanks(self.at..self.at + 1)
        })
    }

    /// A ` #` that makes a comment of the rest of the line, the closing bracket included: `[Order #1]`.
    fn closed_in_a_comment(&self, open: usize, close: &str) -> Option<Slip> {
        let line = self.text[open..].lines().next()?;
        let hash = line.find(" #").filter(|at| line[*at..].contains(close))?;
        let before = &line[..hash];
        if before.matches(['"', '\'']).count() % 2 == 1 {
            return None;
        }
        let comma = before.rfind([',', '[', '{']).map_or(0, |at| at + 1);
        let start = before.rfind(": ").map_or(comma, |colon| comma.max(colon + 2));
        let start = start + before[start..].len() - before[start..].trim_start().len();
        let end = hash + line[hash..].find([',', ']', '}'])?;
        let range = open + start..open + end;
        let text = self.text[range.clone()].trim_end();
        let message = "what follows ` #` is a comment, the closing bracket with it";
        let help = format!("a text that holds ` #` needs quotes: write {}", quoted(text));
        Some(Slip::new(open + hash + 1..open + end, message, help).value(range))
    }
}
