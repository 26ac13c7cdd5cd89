//! Paths of fields, in every spelling the service knows: one reader and one printer.
//!
//! | module | spelling |
//! |---|---|
//! | [`extract`] | Mapper 1.0 extracts, generates, filters, bare names, and the paths of a job file |
//! | [`json_path`] | Mapper 2.0 extracts |
//! | [`way`] | what means the same in both mapping models |
//! | [`handlebars`](crate::handlebars) | paths in templates |
//!
//! A path is read as tokens that remember how they were spelled, and printed as the new names allow.
//!
//! A name in a path can be written plainly, in brackets, or in brackets and quotes. A place keeps its spelling; only
//! when the new name cannot be written that way does the spelling change, and then along a ladder whose reverse leads
//! back: plain becomes quoted, what was quoted without need becomes quoted with the other mark, and the other way round.

pub mod extract;
pub mod json_path;
pub mod way;

use std::ops::Range;

/// What a token of a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The name of a field.
    Name,
    /// Digits without brackets: the name of a field, or a position in a list, whichever fits.
    Digits,
    /// `[*]`, `[0]`, a leading `*`: lists are transparent, so it is passed over.
    Index,
}

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A bare word: `x`.
    Plain,
    /// A word in brackets: `[x]`.
    Bracket,
    /// A word in brackets and single quotes: `['x']`.
    Single,
    /// A word in brackets and double quotes: `["x"]`.
    Double,
    /// `'x'` in place of a name, in handlebars.
    QuotedSingle,
    /// `"x"` in place of a name, in handlebars.
    QuotedDouble,
}

impl Style {
    /// Whether the name stands in brackets.
    fn has_brackets(self) -> bool {
        matches!(self, Self::Bracket | Self::Single | Self::Double)
    }

    /// Whether the name stands in quotes and no brackets.
    fn is_quoted(self) -> bool {
        matches!(self, Self::QuotedSingle | Self::QuotedDouble)
    }
}

/// Words with a meaning of their own in handlebars: as names of fields they stand in brackets.
pub const RESERVED: [&str; 6] = ["else", "false", "null", "this", "true", "undefined"];

/// One token of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whether the token is a name, a position, or digits that may be either.
    pub kind: Kind,
    /// The unescaped name, or the text in the brackets.
    pub text: String,
    /// How it is written.
    pub style: Style,
    /// Where its separator stands, if it has one, and then itself.
    pub span: Range<usize>,
    /// Length of the separator (0 or 1).
    pub separator: usize,
}

impl Token {
    /// The name in `["x"]` of handlebars as it would be without the quotation marks, which are part of it.
    pub(crate) fn without_quotes(&self) -> Self {
        Self { text: self.inside_quotes().unwrap_or(&self.text).to_owned(), ..self.clone() }
    }

    /// Whether the name stands in quotation marks inside plain brackets.
    pub(crate) fn is_quoted_in_brackets(&self) -> bool {
        self.inside_quotes().is_some()
    }

    fn inside_quotes(&self) -> Option<&str> {
        let inner =
            |mark: char| self.text.strip_prefix(mark)?.strip_suffix(mark).filter(|name| !name.is_empty());
        ['"', '\''].into_iter().find_map(inner).filter(|_| self.style == Style::Bracket)
    }
}

/// The grammar a path is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// Mapper 1.0 extracts and generates, filter fields, bare names, and the paths of a job file.
    Extract,
    /// Mapper 2.0 JSON paths.
    JsonPath,
    /// Paths inside handlebars.
    Handlebars,
}

impl Grammar {
    /// Whether the name cannot be written plainly.
    ///
    /// Blanks are plain in extracts and JSON paths: documents hold `Billing City` and `$.Link 1.href`.
    pub fn needs_quotes(self, name: &str) -> bool {
        if name.is_empty() || name == "*" || name.trim() != name {
            return true;
        }
        match self {
            Self::Extract => name.contains(['.', '[', ']', '{', '}']),
            Self::JsonPath => {
                name.contains(['.', '[', ']', '*', '(', ')', '?', '@', ',', '\'', '"', '|', '{', '}'])
            }
            Self::Handlebars => {
                // Plain handlebars reads a hyphen in a bare name; the product's own texts put such a name in brackets.
                let is_bare = |c: char| !(is_ever_blank(c) || c == '-' || is_handlebars_mark(c));
                RESERVED.contains(&name) || !name.chars().all(is_bare)
            }
        }
    }

    /// The same for a name that may end its path: digits there are a number to handlebars, with or without a minus, and no name.
    fn needs_quotes_at(self, name: &str, last: bool) -> bool {
        let is_number = || is_digits(name.strip_prefix('-').unwrap_or(name));
        self.needs_quotes(name) || self == Self::Handlebars && last && is_number()
    }

    /// The style of a new name that takes the place of `old`, written in `style`; each with whether it ends its path.
    fn restyle(self, (old, was_last): (&str, bool), style: Style, (new, last): (&str, bool)) -> Style {
        use Style::{Bracket, Double, Plain, Single};
        if style.is_quoted() {
            return style;
        }
        let style = match (self.needs_quotes_at(old, was_last), self.needs_quotes_at(new, last)) {
            (false, true) => match (self, style) {
                (Self::Handlebars, Plain) => Bracket,
                (Self::Extract, Plain) | (Self::JsonPath, Double | Bracket) => Single,
                (Self::Extract, Single) | (Self::JsonPath, Plain | Single) => Double,
                (_, other) => other,
            },
            (true, false) => match (self, style) {
                (Self::Handlebars, Bracket) | (Self::Extract, Single) | (Self::JsonPath, Double) => Plain,
                (Self::Extract, Double) => Single,
                (Self::JsonPath, Single) => Double,
                (_, other) => other,
            },
            (true, true) if style == Plain => match self {
                Self::Handlebars => Bracket,
                Self::Extract => Single,
                Self::JsonPath => Double,
            },
            _ => style,
        };
        // `[12]` is a position and `[a]b]` ends early.
        match style {
            Bracket if is_digits(new) && self != Self::Handlebars => Plain,
            Bracket if (new.contains(']') || new.trim() != new) && self != Self::Handlebars => Single,
            other => other,
        }
    }
}

/// Whether a name is of digits only, as a position in a list is.
pub(crate) fn is_digits(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit())
}

/// Whether handlebars takes the character for a blank: that is `\s` of JavaScript, which has U+FEFF and not U+0085.
pub fn is_handlebars_blank(c: char) -> bool {
    c == '\u{feff}' || c.is_whitespace() && c != '\u{85}'
}

/// Whether some reader takes the character for a blank: U+180E was one in earlier versions of Unicode.
fn is_ever_blank(c: char) -> bool {
    is_handlebars_blank(c) || matches!(c, '\u{85}' | '\u{180e}')
}

/// Marks that end a plain name in handlebars.
pub fn is_handlebars_mark(c: char) -> bool {
    matches!(c, '!' | '"' | '#' | '%'..=',' | '.' | '/' | ';'..='>' | '@' | '['..='^' | '`' | '{'..='~')
}

/// A token of a path after renaming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The token with that index, as it was written.
    Kept(usize),
    /// A new name, to be written like the token with that index.
    New(String, usize),
}

/// Writes a path again; `tokens` are those of `text`.
///
/// `headed`: something stands before the first piece (`$`), so that it needs its separator. Answers nothing when a
/// name cannot be written in this grammar at all.
pub fn print(
    grammar: Grammar,
    text: &str,
    tokens: &[Token],
    pieces: &[Piece],
    headed: bool,
) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    // `{{"x"}}` is a name to every reader, and `"x"."y"` to none.
    let unquoted: Vec<Piece>;
    let grows = matches!(tokens, [one] if one.style.is_quoted()) && pieces.len() > 1;
    let pieces = if grows {
        let name = |piece: &Piece| match piece {
            Piece::Kept(at) => Piece::New(tokens[*at].text.clone(), *at),
            new @ Piece::New(..) => new.clone(),
        };
        unquoted = pieces.iter().map(name).collect();
        &unquoted
    } else {
        pieces
    };
    for (index, piece) in pieces.iter().enumerate() {
        // A bracket right behind a token stays right behind what that one became.
        let before = index.checked_sub(1).map(|before| match &pieces[before] {
            Piece::Kept(at) | Piece::New(_, at) => *at + 1,
        });
        let follows =
            |at: usize| before == Some(at) && tokens[at].style == Style::Bracket && tokens[at].separator == 0;
        let first = out.is_empty() && !headed;
        match piece {
            Piece::Kept(at) => {
                let token = &tokens[*at];
                let body = &text[token.span.start + token.separator..token.span.end];
                let dotted = token.separator > 0
                    || !follows(*at)
                        && (token.kind != Kind::Index
                            && (token.style == Style::Plain || grammar == Grammar::Handlebars));
                if !first && dotted {
                    out.push_str(separator(text, token));
                }
                out.push_str(body);
            }
            Piece::New(name, at) => {
                let like = &tokens[*at];
                let (was_last, last) = (at + 1 == tokens.len(), index + 1 == pieces.len());
                let style = if grows { Style::Plain } else { like.style };
                let style = grammar.restyle((&like.text, was_last), style, (name, last));
                let dotted = match (grammar, style) {
                    (Grammar::Handlebars, Style::Bracket) => !follows(*at),
                    (Grammar::Handlebars, _) | (_, Style::Plain) => true,
                    _ => like.style != Style::Plain && like.separator > 0,
                };
                if !first && dotted {
                    out.push_str(separator(text, like));
                }
                let start = out.len();
                spell(&mut out, grammar, name, style)?;
                if grammar != Grammar::Handlebars && style.has_brackets() && like.style.has_brackets() {
                    // The blanks inside the brackets stay.
                    let inside = &text[like.span.start + like.separator + 1..like.span.end - 1];
                    out.insert_str(out.len() - 1, &inside[inside.trim_end().len()..]);
                    out.insert_str(start + 1, &inside[..inside.len() - inside.trim_start().len()]);
                }
            }
        }
    }
    Some(out)
}

fn separator<'a>(text: &'a str, token: &Token) -> &'a str {
    if token.separator > 0 { &text[token.span.start..=token.span.start] } else { "." }
}

fn spell(out: &mut String, grammar: Grammar, name: &str, style: Style) -> Option<()> {
    let mark = match style {
        Style::Plain => {
            out.push_str(name);
            return Some(());
        }
        Style::Bracket => {
            // A segment literal of handlebars ends at its first `]`, whatever else it holds.
            let opens = grammar != Grammar::Handlebars && name.contains('[');
            // To some readers `\]` ends nothing.
            if opens || name.contains(']') || name.ends_with('\\') || name.is_empty() {
                return None;
            }
            out.push('[');
            out.push_str(name);
            out.push(']');
            return Some(());
        }
        Style::QuotedSingle | Style::QuotedDouble => {
            let mark = if style == Style::QuotedDouble { '"' } else { '\'' };
            if name.contains([mark, '\\']) || name.is_empty() {
                return None;
            }
            out.push(mark);
            out.push_str(name);
            out.push(mark);
            return Some(());
        }
        Style::Single => '\'',
        Style::Double => '"',
    };
    out.push('[');
    out.push(mark);
    for c in name.chars() {
        if c == mark || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push(mark);
    out.push(']');
    Some(())
}

/// What stands between brackets, from the byte after `[`: the token without its separator, and where `]` ended.
pub fn bracket(text: &str, open: usize) -> Option<Token> {
    let inside = text.get(open..)?.strip_prefix('[')?;
    // Blanks inside the brackets mean nothing: `[ "x" ]` is `["x"]`.
    let spaced = inside.trim_start();
    let blanks = inside.len() - spaced.len();
    let mark = spaced.chars().next()?;
    if mark == '\'' || mark == '"' {
        let mut name = String::new();
        let mut chars = spaced.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == '\\' {
                name.push(chars.next()?.1);
            } else if c == mark {
                let close = spaced.len() - spaced[at + 1..].trim_start().len();
                if !spaced[close..].starts_with(']') {
                    return None;
                }
                let style = if mark == '"' { Style::Double } else { Style::Single };
                let span = open..open + 1 + blanks + close + 1;
                return Some(Token { kind: Kind::Name, text: name, style, span, separator: 0 });
            } else {
                name.push(c);
            }
        }
        return None;
    }
    let end = inside.find(']')?;
    let content = inside[..end].trim();
    let index = content == "*"
        || (!content.is_empty() && content.bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'-'));
    let kind = if index { Kind::Index } else { Kind::Name };
    let span = open..open + 1 + end + 1;
    Some(Token { kind, text: content.to_owned(), style: Style::Bracket, span, separator: 0 })
}

/// A segment literal of handlebars, from the byte `[`: all that stands before `]` is one name, quotes included.
///
/// `[*]` and digits stand for positions of a list.
pub fn literal_segment(text: &str, open: usize) -> Option<Token> {
    let inside = text.get(open..)?.strip_prefix('[')?;
    let content = &inside[..inside.find(']')?];
    let digits = !content.is_empty() && content.bytes().all(|b| b.is_ascii_digit());
    let kind = if content == "*" || digits { Kind::Index } else { Kind::Name };
    let span = open..open + content.len() + 2;
    Some(Token { kind, text: content.to_owned(), style: Style::Bracket, span, separator: 0 })
}

/// A token for a whole text that is one name.
pub fn single(name: &str) -> Token {
    Token { kind: Kind::Name, text: name.to_owned(), style: Style::Plain, span: 0..name.len(), separator: 0 }
}

/// The names among the tokens; positions in lists are passed over.
pub fn names(tokens: &[Token]) -> Vec<String> {
    tokens.iter().filter(|t| t.kind == Kind::Name).map(|t| t.text.clone()).collect()
}
