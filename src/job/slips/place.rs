//! The text around a position in a file, and which mistake it is.

use std::ops::Range;

use super::slip::Slip;
use crate::job::quoting::{is_invisible, is_typographic, looks_like_a_path, name_of, quoted, single_quoted};

/// The blanks of YAML.
const BLANKS: [char; 2] = [' ', '\t'];

/// A place in a file.
pub(super) struct Place<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// Whether it is inside `[ ]` or `{ }`.
    pub(super) in_flow: bool,
}

impl Place<'_> {
    pub(super) fn first(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// The line, without its line break.
    pub(super) fn line(&self) -> Range<usize> {
        let start = self.text[..self.at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[self.at..].find(['\n', '\r']).map_or(self.text.len(), |end| self.at + end);
        start..end
    }

    /// The value that begins here: to the end of the line or its comment, inside brackets to the next comma or bracket.
    pub(super) fn value(&self) -> Range<usize> {
        self.value_from(self.at)
    }

    pub(super) fn value_from(&self, start: usize) -> Range<usize> {
        let line = &self.text[start..self.line().end.max(start)];
        let mut depth = 0_usize;
        let mut end = line.len();
        for (at, c) in line.char_indices() {
            match c {
                '#' if !self.in_flow && line[..at].ends_with([' ', '\t']) => {
                    end = at;
                    break;
                }
                ',' | ']' | '}' if self.in_flow && depth == 0 => {
                    end = at;
                    break;
                }
                '[' | '{' => depth += 1,
                ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        start..start + line[..end].trim_end().len()
    }

    /// Where the value of this line begins: behind `- ` and the first `key: `.
    pub(super) fn value_start(&self) -> usize {
        let line = self.line();
        let mut start = line.start + indent(&self.text[line.clone()]);
        while self.text[start..line.end].starts_with("- ") {
            start += 2 + indent(&self.text[start + 2..line.end]);
        }
        match self.text[start..line.end].find(": ") {
            Some(colon) => {
                let after = start + colon + 2;
                after + indent(&self.text[after..line.end])
            }
            None => start,
        }
    }

    pub(super) fn needs_quotes(&self) -> Slip {
        let range = self.value();
        let first = self.first().map_or(0, char::len_utf8);
        let sign = &self.text[self.at..self.at + first];
        let help = format!("write {}", quoted(&self.text[range.clone()]));
        let sign = if sign == "`" { "a backtick".to_owned() } else { format!("`{sign}`") };
        let message = format!("a text that begins with {sign} needs quotes");
        Slip::new(self.at..self.at + first, message, help).value(range)
    }

    pub(super) fn unexpected(&self, character: char) -> Option<Slip> {
        if self.text[self.at..].starts_with("```") {
            let line = self.line();
            let message = "not valid YAML: this line is a fence of Markdown";
            return Some(Slip::new(line.clone(), message, "remove it").blanks(line));
        }
        if character.is_control() || is_invisible(character) {
            let found = self.text[self.at..].find(character)?;
            return Some(self.invisible(self.at + found));
        }
        let range = self.value();
        let digits = self.text[range.clone()].strip_prefix('%').map(str::trim);
        if let Some(number) = digits.filter(|rest| rest.parse::<f64>().is_ok()) {
            let message = "a share is written with its `%` behind the number";
            return Some(Slip::new(range.clone(), message, format!("write `{number}%`")).value(range));
        }
        matches!(character, '@' | '`' | '%' | '|' | '>').then(|| self.needs_quotes())
    }

    pub(super) fn invisible(&self, at: usize) -> Slip {
        let found = self.text[at..].chars().next().unwrap_or(' ');
        let message = format!("not valid YAML: {} is here", name_of(found));
        let range = at..at + found.len_utf8();
        let slip = Slip::new(range.clone(), message, "remove it");
        // At the start of a line blanks would be an indentation.
        if self.text[..at].ends_with('\n') { slip } else { slip.blanks(range) }
    }

    /// A backslash in double quotes that YAML does not know; the error stands at the opening quote.
    pub(super) fn escape(&self) -> Option<Slip> {
        let inner = self.text.get(self.at + 1..)?;
        let (mut close, mut bad, mut escaped) = (None, None, false);
        for (at, c) in inner.char_indices() {
            if escaped {
                escaped = false;
                let hex = match c {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                let digits =
                    inner[at + c.len_utf8()..].chars().take(hex).filter(char::is_ascii_hexdigit).count();
                let known = "0abtnvfre \"/\\N_LP\t\n".contains(c) || (hex > 0 && digits == hex);
                if !known && bad.is_none() {
                    bad = Some(at - 1..at + c.len_utf8());
                }
            } else if c == '\\' {
                escaped = true;
            } else if c == '"' {
                close = Some(at);
                break;
            }
        }
        let (close, bad) = (close?, bad?);
        let value = &inner[..close];
        let range = self.at + 1 + bad.start..self.at + 1 + bad.end;
        let message =
            format!("not valid YAML: `{}` means nothing in double quotes", &self.text[range.clone()]);
        let path = if looks_like_a_path(value) { ", or the path with `/`" } else { "" };
        let single = single_quoted(value);
        let help = format!("write {single}, for in single quotes a backslash stands for itself{path}");
        Some(Slip::new(range, message, help).value(self.at..self.at + close + 2))
    }

    pub(super) fn tab(&self) -> Slip {
        let line = self.line();
        let blanks = self.text[line.clone()].len() - self.text[line.clone()].trim_start().len();
        let others: Vec<String> = (1..)
            .zip(self.text.lines())
            .skip(self.text[..line.start].matches('\n').count() + 1)
            .filter(|(_, line)| line[..line.len() - line.trim_start().len()].contains('\t'))
            .map(|(number, _)| number.to_string())
            .take(5)
            .collect();
        let help = match others.as_slice() {
            [] => "indent with spaces".to_owned(),
            [one] => format!("indent with spaces; line {one} has a tab too"),
            many => format!("indent with spaces; lines {} have tabs too", many.join(", ")),
        };
        let end = line.start + blanks.max(1);
        Slip::new(line.start..end, "not valid YAML: this line is indented with a tab", help)
    }

    pub(super) fn after_a_quote(&self) -> Slip {
        if self.in_flow && self.text[self.at..].starts_with(['"', '\'']) {
            let message = "not valid YAML: a comma is missing before this";
            return Slip::new(self.at..self.at + 1, message, "separate items by `, `");
        }
        let end = self.at + self.first().map_or(0, char::len_utf8);
        let message = "not valid YAML: there is text after the closing quote";
        let range = self.value_from(self.value_start().min(self.at));
        let value = &self.text[range.clone()];
        let sign = value.chars().next().filter(|sign| matches!(sign, '"' | '\''));
        let (Some(sign), false) = (sign, self.in_flow) else {
            let help = "write a quote inside single quotes twice, inside double quotes as `\\\"`";
            return Slip::new(self.at..end, message, help);
        };
        // Right behind a quote: the quote is meant as part of the text. Behind a space: the text was never quoted as a whole.
        let whole = if self.text[..self.at].ends_with(sign) {
            let inner = &value[1..];
            inner.strip_suffix(sign).unwrap_or(inner)
        } else {
            value
        };
        Slip::new(self.at..end, message, format!("write {}", quoted(whole))).value(range)
    }

    /// A text with a colon in it, or one in quotes that are none.
    pub(super) fn colon_in_text(&self) -> Slip {
        let start = if self.in_flow { self.at } else { self.value_start().min(self.at) };
        let range = self.value_from(start);
        let value = &self.text[range.clone()];
        if value.starts_with(is_typographic) {
            let inner = value.trim_matches(is_typographic);
            let help = format!("write {}", quoted(inner));
            return Slip::new(range.clone(), "typographic quotes do not quote in YAML", help).value(range);
        }
        let help = format!("a text that holds `: ` needs quotes: write {}", quoted(value));
        let slip = Slip::new(self.at..self.at + 1, "not valid YAML: this colon is not expected here", help);
        if self.in_flow { slip } else { slip.value(range) }
    }

    /// A line above that is not a key, so that YAML reads this one as its continuation.
    pub(super) fn line_above(&self) -> Option<Slip> {
        let line = self.line();
        let own = indent(&self.text[line.clone()]);
        if self.text[line.start + own..self.at].contains(' ') {
            return None;
        }
        let above = self.text[..line.start].trim_end();
        let start = above.rfind('\n').map_or(0, |newline| newline + 1);
        let level = indent(&above[start..]);
        let is_no_key = !above[start..].contains(": ") && !above.ends_with(':');
        (level == own && is_no_key)
            .then(|| Place { text: self.text, at: start + level, in_flow: false }.not_a_key())
    }

    /// A line that is neither `key: value` nor `- item`.
    pub(super) fn not_a_key(&self) -> Slip {
        let line = self.line();
        let start = self.at.max(line.start);
        // Other characters that look like a blank are what is wrong here.
        let range = start..start + self.text[start..line.end].trim_end_matches(BLANKS).len();
        let content = &self.text[range.clone()];
        let whole = |message: &str, help: String| {
            Slip::new(range.clone(), format!("not valid YAML: {message}"), help)
        };
        if let Some((at, odd)) = content.char_indices().find(|(_, c)| is_invisible(*c)) {
            let message = format!("not valid YAML: {} is here instead of a space", name_of(odd));
            let range = start + at..start + at + odd.len_utf8();
            return Slip::new(range.clone(), message, "delete it and type a space").blanks(range);
        }
        if let Some(slip) = self.key_in_a_comment(&range) {
            return slip;
        }
        if let Some((key, value)) = content.split_once('\u{ff1a}') {
            return whole("this is a full-width colon", format!("write `{}: {}`", key.trim(), value.trim()))
                .entry(range.clone(), key.trim());
        }
        if let Some(comment) = content.strip_prefix("//") {
            return whole("a comment begins with `#`", format!("write `# {}`", comment.trim()))
                .blanks(range.clone());
        }
        if let Some(rest) = content.strip_prefix('-') {
            return whole("there is no space after the `-`", format!("write `- {rest}`"));
        }
        let is_word =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if let Some((key, value)) = content.split_once(':').filter(|(key, _)| is_word(key)) {
            return whole("there is no space after the colon", format!("write `{key}: {value}`"))
                .entry(range.clone(), key);
        }
        if let Some((key, value)) = content.split_once('=').filter(|(key, _)| is_word(key.trim_end())) {
            let help = format!("write `{}: {}`", key.trim_end(), value.trim());
            return whole("a key and its value are separated by a colon", help)
                .entry(range.clone(), key.trim_end());
        }
        if is_word(content) {
            return whole(&format!("there is no colon after `{content}`"), format!("write `{content}: …`"));
        }
        whole(
            "this line is neither `key: value` nor `- item`",
            "a longer text needs quotes, or `|` and lines that are indented further".to_owned(),
        )
    }

    /// A ` #` that makes a comment of the end of a key, the colon included: `Order #1: x`.
    fn key_in_a_comment(&self, range: &Range<usize>) -> Option<Slip> {
        let content = &self.text[range.clone()];
        let (before, comment) = content.split_once(" #")?;
        let (rest, value) = comment.split_once(": ").filter(|(rest, _)| !rest.starts_with(' '))?;
        if before.contains([':', '"', '\'']) {
            return None;
        }
        let key = quoted(&format!("{before} #{rest}"));
        let help = format!(
            "a key that holds ` #` needs quotes: write {}: {}`",
            key.trim_end_matches('`'),
            value.trim()
        );
        let message = "what follows ` #` is a comment, the colon with it";
        let hash = range.start + before.len() + 1;
        Some(Slip::new(hash..range.end, message, help).entry(range.clone(), before.trim_end()))
    }

    /// A value that begins with a bracket and goes on behind the closing one.
    pub(super) fn after_brackets(&self) -> Option<Slip> {
        let line = self.line();
        let start = self.value_start();
        let sign = self.text[start..line.end].chars().next().filter(|c| matches!(c, '[' | '{'))?;
        (start < self.at && self.at <= line.end).then(|| {
            let range = Place { text: self.text, at: start, in_flow: false }.value();
            let help = format!("write {}", quoted(&self.text[range.clone()]));
            let message = format!("a text that begins with `{sign}` needs quotes");
            Slip::new(range.clone(), message, help).value(range)
        })
    }

    /// An item behind the key of its list: `names: - a`.
    pub(super) fn item_behind_its_key(&self) -> Option<Slip> {
        let range = self.value();
        let item = self.text[range.clone()].strip_prefix("- ")?.trim();
        let line = self.line();
        let key = self.text[line.start..self.at].trim().strip_suffix(':')?.trim_start_matches("- ");
        let item = if item.contains(['"', '\'', '[', '{']) { item.to_owned() } else { format!("\"{item}\"") };
        let message = "not valid YAML: an item of a list is on the line of the list's key";
        let help = format!("write `{key}: [{item}]`, or each item on a line of its own");
        Some(Slip::new(range.clone(), message, help).value(range))
    }

    /// An item of a list where a key is expected.
    pub(super) fn stray_item(&self) -> Option<Slip> {
        let line = self.line();
        let start = line.start + indent(&self.text[line.clone()]);
        self.text[start..line.end].starts_with("- ").then(|| {
            let message = "not valid YAML: this item belongs to no list";
            let help = "write the items below the key of their list, which has no other value";
            Slip::new(start..line.end, message, help)
        })
    }

    /// A line that is indented unlike its neighbours.
    pub(super) fn indentation(&self) -> Option<Slip> {
        let line = self.line();
        let content = &self.text[line.clone()];
        let own = indent(content);
        // Only where the line begins with what was not expected, or with its key.
        let before = content.get(own..self.at.saturating_sub(line.start)).unwrap_or_default();
        if before.contains(": ") || before.contains(['"', '\'', '“']) {
            return None;
        }
        let is_item = content[own..].starts_with("- ");
        let mut levels: Vec<usize> = Vec::new();
        for above in self.text[..line.start].lines().rev() {
            let level = indent(above);
            let rest = &above[level..];
            if rest.is_empty() || rest.starts_with('#') {
                continue;
            }
            let mut add = |level: usize| {
                if levels.last().is_none_or(|last| level < *last) {
                    levels.push(level);
                }
            };
            if let Some(inner) = rest.strip_prefix("- ").filter(|_| !is_item) {
                add(level + 2 + indent(inner));
            }
            if !rest.starts_with("- ") || is_item {
                add(level);
            }
            if level == 0 {
                break;
            }
        }
        if levels.is_empty() || levels.contains(&own) {
            return None;
        }
        let meant = levels.into_iter().min_by_key(|level| level.abs_diff(own))?;
        let message = format!("this line is indented by {own}, its neighbours by {meant}");
        let help = match meant {
            0 => "begin it at the start of the line".to_owned(),
            1 => "indent it by 1 space".to_owned(),
            _ => format!("indent it by {meant} spaces"),
        };
        let end = line.start + content.trim_end_matches(BLANKS).len();
        Some(Slip::new(line.start + own..end, message, help))
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
