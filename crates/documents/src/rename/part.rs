//! Where a part of the record is in it.

use crate::path::{Kind, Style, Token};

/// One step on the way to a part of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// The name of a field.
    Name(String),
    /// Digits that a rename takes for a name in this place. They may be a position in a list all the same.
    Digits(String),
    /// The entries of a list, one by one. Of an object they are its values, whose names are not said.
    Each,
}

/// A part of the record: the way to it, from the root.
///
/// Two are equal if they have the same names. Whether the last of them is a list or is taken apart does not matter.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    segments: Vec<Segment>,
}

impl Part {
    pub(super) fn push(&mut self, segment: Segment) {
        self.segments.push(segment);
    }

    /// Drops what is behind the first `length` steps.
    pub(super) fn truncate(&mut self, length: usize) {
        self.segments.truncate(length);
    }

    /// The same part, below another one.
    pub(super) fn inside(&self, outer: &Self) -> Self {
        Self { segments: [&outer.segments[..], &self.segments].concat() }
    }

    /// An entry of it, or a value.
    pub(super) fn each(mut self) -> Self {
        self.segments.push(Segment::Each);
        self
    }

    /// All steps to it.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// How many steps lead to it.
    pub(super) fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether it is all of the record.
    pub(super) fn is_whole(&self) -> bool {
        self.named().next().is_none()
    }

    /// Whether it is an entry of a list, or a value of an object.
    pub(super) fn is_of_each(&self) -> bool {
        self.segments.last() == Some(&Segment::Each)
    }

    /// The names that lead to it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(Segment::text)
    }

    /// The part without its first step, if that is the name.
    pub(super) fn behind(&self, name: &str) -> Option<Self> {
        match self.segments.split_first() {
            Some((Segment::Name(first), rest)) if first == name => Some(Self { segments: rest.to_vec() }),
            _ => None,
        }
    }

    /// Whether the tokens begin with the way from an outer part to this one.
    pub(super) fn begins(&self, outer: &Self, tokens: &[Token]) -> bool {
        let Some(way) = self.segments.strip_prefix(&outer.segments[..]) else { return false };
        let way: Vec<&str> = way.iter().filter_map(Segment::text).collect();
        !way.is_empty() && words(tokens).starts_with(&way)
    }

    fn named(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(|segment| **segment != Segment::Each)
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.named().eq(other.named())
    }
}

impl Eq for Part {}

impl Segment {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Name(text) | Self::Digits(text) => Some(text),
            Self::Each => None,
        }
    }
}

/// The names among the tokens, and the digits that may be names.
pub(super) fn words(tokens: &[Token]) -> Vec<&str> {
    tokens.iter().filter(|token| token.kind != Kind::Index).map(|token| token.text.as_str()).collect()
}

/// Whether a token is `.*`: any child of an object, which is no position in a list. At the start of a path a `*` stands for
/// the rows of a group.
pub(super) fn is_any_child(token: &Token) -> bool {
    token.kind == Kind::Index && token.style == Style::Plain && token.text == "*" && token.separator > 0
}
