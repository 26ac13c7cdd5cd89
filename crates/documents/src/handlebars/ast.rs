//! What a template is made of. Spans are byte ranges of the whole text.

use std::ops::Range;

use crate::path::Token;

/// A template: its tags, in the order in which they stand. Comments and text are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// The tags. Every block that is opened is closed, by the name that opened it.
    pub tags: Vec<Tag>,
}

/// A pair of braces and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// All of it, braces included; of a raw block up to its closing tag.
    pub span: Range<usize>,
    /// What the tag does: print a value, open or close a block.
    pub kind: TagKind,
    /// What it calls or prints; none for `{{else}}`, `{{^}}` and `{{}}`.
    pub call: Option<Call>,
    /// The names of the block parameters `as |a b|`; empty without them.
    pub params: Vec<String>,
    /// A blank stands right after the opening braces: plain Handlebars reads that, the service does not.
    pub leading_blank: bool,
}

/// What a tag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// `{{x}}`, `{{{x}}}`, `{{&x}}`.
    Value,
    /// The start of a block: `{{#x}}`.
    Open,
    /// `{{^x}}`: what follows is rendered where `x` is empty.
    OpenInverse,
    /// `{{else}}`, `{{^}}`, and `{{else if x}}`, which has a call.
    Else,
    /// The end of a block: `{{/x}}`.
    Close,
    /// `{{> x}}`: the name is that of a partial.
    Partial,
    /// The start of a partial block: `{{#> x}}`.
    OpenPartial,
    /// `{{* x}}`: the name is that of a decorator.
    Decorator,
    /// The start of a decorator block: `{{#* x}}`.
    OpenDecorator,
    /// `{{{{x}}}} … {{{{/x}}}}`: the name is that of a helper, and what is between the tags is text.
    Raw,
}

/// A name with what it is called with; without arguments it may be a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The first word: a helper or a path.
    pub head: Box<Expression>,
    /// The words after it.
    pub arguments: Vec<Expression>,
    /// The named arguments, `key=value`, in their order.
    pub hash: Vec<(String, Expression)>,
    /// From the first word to the last; of a subexpression with its parentheses.
    pub span: Range<usize>,
}

/// A word of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// A path, or the name of a helper.
    Path(Path),
    /// A text in quotes.
    Text(Text),
    /// A number, `true`, `false`, `null` or `undefined`.
    Literal(Range<usize>),
    /// A subexpression: `(helper a b)`.
    Call(Call),
}

/// A text in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Where it stands in the template, its quotes included.
    pub span: Range<usize>,
    /// Where the content stands, without the quotes or brackets.
    pub content: Range<usize>,
    /// What it says, unescaped.
    pub value: String,
    /// The quotation mark: `"` or `'`.
    pub quote: char,
    /// The quotes are written `\"`, as inside a JSON text.
    pub escaped_quotes: bool,
}

/// A path in a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Where the whole path stands in the template.
    pub span: Range<usize>,
    /// How many `../` it begins with.
    pub parents: usize,
    /// It begins with `this`, `.`, `./` or `../`: its names are of the value at hand.
    pub this: bool,
    /// It begins with `@root`.
    pub root: bool,
    /// If not, it begins with `@` and is not a field: `@index`, `@../last`.
    pub data: bool,
    /// Where the tokens begin in the template, in bytes.
    pub body: usize,
    /// The names and positions.
    pub tokens: Vec<Token>,
}

/// Why a template cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// The tag, as far as it goes.
    pub span: Range<usize>,
    /// What is wrong with it.
    pub message: &'static str,
}

impl Expression {
    /// Where it stands in the template, in bytes.
    pub fn span(&self) -> Range<usize> {
        match self {
            Self::Path(path) => path.span.clone(),
            Self::Text(text) => text.span.clone(),
            Self::Literal(span) => span.clone(),
            Self::Call(call) => call.span.clone(),
        }
    }
}

impl Call {
    /// The name of the first word, if it is a bare word.
    pub fn name(&self) -> Option<&str> {
        match &*self.head {
            Expression::Path(path) => path.bare(),
            _ => None,
        }
    }

    /// Whether there is anything beside the first word.
    pub fn has_arguments(&self) -> bool {
        !self.arguments.is_empty() || !self.hash.is_empty()
    }
}

impl Path {
    /// The name of a path that is one plain word: it may be that of a helper.
    pub fn bare(&self) -> Option<&str> {
        self.alone().filter(|name| self.tokens[0].span.len() == name.len())
    }

    /// The name of a path that is one word, in brackets or quotes or without: plain Handlebars looks for a helper of that name
    /// all the same.
    pub fn alone(&self) -> Option<&str> {
        let free = !self.this && self.parents == 0 && !self.data && !self.root;
        match self.tokens.as_slice() {
            [one] if free => Some(&one.text),
            _ => None,
        }
    }
}

impl Tag {
    /// Whether the tag opens a block that a closing tag ends.
    pub fn opens(&self) -> bool {
        matches!(
            self.kind,
            TagKind::Open | TagKind::OpenInverse | TagKind::OpenPartial | TagKind::OpenDecorator
        )
    }
}
