//! A YAML file as a tree in which every node has its position.

use std::cell::Cell;

use serde_json::{Map, Number, Value};

use super::problem::Span;
use crate::documents::spelling;

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Where it stands; for a block collection, its first key or item.
    pub(super) span: Span,
    /// What it is.
    pub(super) data: Data,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Data {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number, and how it was written.
    Number(Number, String),
    /// A number that JSON has no way to write, e.g. `.inf`.
    OddNumber(String),
    /// A scalar, with the text as it was written.
    Text(Text),
    /// A sequence of nodes.
    List(Vec<Node>),
    /// A mapping in the order written; no key twice.
    Table(Vec<Entry>),
    /// Something that has been reported already.
    Broken,
}

/// A text, and how positions in it become positions in the file.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// The text itself.
    pub(super) value: String,
    /// Per stretch of the text: where it starts in the text, where in the file, how long it is. Empty if unknown.
    pub(super) runs: Vec<(usize, usize, usize)>,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The key's text.
    pub(super) key: String,
    /// Where the key stands.
    pub(super) at: Span,
    /// What stands under the key.
    pub(super) node: Node,
    /// Whether somebody asked for it: a key that is accepted and never read would be a lie.
    pub(super) read: Cell<bool>,
}

impl Node {
    /// The value of a key of a table.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// A key of a table, with its place.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        let entry = self.entries().iter().find(|entry| entry.key == key)?;
        entry.read.set(true);
        Some(entry)
    }

    /// Whether a table has the key. Asking does not count as reading it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries().iter().any(|entry| entry.key == key)
    }

    /// The keys and values of a table; nothing for anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        if let Data::Table(entries) = &self.data { entries } else { &[] }
    }

    /// The items of a list; nothing for anything else.
    pub(super) fn items(&self) -> &[Node] {
        if let Data::List(items) = &self.data { items } else { &[] }
    }

    /// The text of a text.
    pub(super) fn text(&self) -> Option<&str> {
        if let Data::Text(text) = &self.data { Some(&text.value) } else { None }
    }

    /// The text of a text, or a number as it was written.
    pub(super) fn written(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(&text.value),
            Data::Number(_, written) | Data::OddNumber(written) => Some(written),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn whole(&self) -> Option<i64> {
        if let Data::Number(number, _) = &self.data { number.as_i64() } else { None }
    }

    /// The node's value as a number, where it is one.
    pub(super) fn number(&self) -> Option<f64> {
        if let Data::Number(number, _) = &self.data { number.as_f64() } else { None }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Option<bool> {
        if let Data::Flag(flag) = self.data { Some(flag) } else { None }
    }

    /// Whether something in it has been reported and is not there to be read.
    pub(super) fn is_broken(&self) -> bool {
        match &self.data {
            Data::Broken => true,
            Data::List(items) => items.iter().any(Self::is_broken),
            Data::Table(entries) => entries.iter().any(|entry| entry.node.is_broken()),
            _ => false,
        }
    }

    /// Whether a stretch of the file stands in it.
    pub(super) fn holds(&self, span: Span) -> bool {
        self.span.start <= span.start && span.end <= self.span.end
            || self.items().iter().any(|item| item.holds(span))
            || self.entries().iter().any(|entry| entry.at == span || entry.node.holds(span))
    }

    /// The node as JSON; everything below it counts as read.
    pub(super) fn json(&self) -> Value {
        self.to_json(&|number, _| Value::Number(number.clone()))
    }

    /// The same; a number that may have been meant as a text is the text as it was written.
    pub(super) fn json_of_texts(&self) -> Value {
        self.to_json(&|number, written| {
            if spelling::may_be_text(written) { Value::from(written) } else { Value::Number(number.clone()) }
        })
    }

    /// The same; a number stands as it was written, for a step that asks what it replaces.
    pub(super) fn json_as_written(&self) -> Value {
        self.to_json(&|_, written| spelling::as_written(written))
    }

    fn to_json(&self, number: &impl Fn(&Number, &str) -> Value) -> Value {
        match &self.data {
            Data::Null | Data::Broken | Data::OddNumber(_) => Value::Null,
            Data::Flag(flag) => Value::Bool(*flag),
            Data::Number(read, written) => number(read, written),
            Data::Text(text) => Value::String(text.value.clone()),
            Data::List(items) => items.iter().map(|item| item.to_json(number)).collect(),
            Data::Table(entries) => {
                let pair = |entry: &Entry| {
                    entry.read.set(true);
                    (entry.key.clone(), entry.node.to_json(number))
                };
                Value::Object(entries.iter().map(pair).collect::<Map<_, _>>())
            }
        }
    }

    /// What the node is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "nothing",
            Data::Flag(_) => "true or false",
            Data::Number(..) | Data::OddNumber(_) => "a number",
            Data::Text(_) => "a text",
            Data::List(_) => "a list",
            Data::Table(_) => "a mapping",
            Data::Broken => "broken",
        }
    }

    /// The place of a stretch of the node's text; the whole node where that is not known.
    pub(super) fn part(&self, range: &std::ops::Range<usize>) -> Span {
        let Data::Text(text) = &self.data else { return self.span };
        let run = text.runs.iter().rev().find(|(start, _, _)| *start <= range.start);
        match run {
            Some((start, at, length)) if range.start <= start + length => {
                let end = range.end.clamp(range.start, start + length);
                Span::new(at + (range.start - start), at + (end - start))
            }
            _ => self.span,
        }
    }

    /// The deepest node on a way of keys and indices.
    pub(super) fn follow(&self, path: &[String]) -> &Node {
        let mut node = self;
        for word in path {
            let next = match &node.data {
                Data::Table(entries) => {
                    entries.iter().find(|entry| entry.key == *word).map(|entry| &entry.node)
                }
                Data::List(items) => word.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// The same; beside it the place of its key, where it is the value of one.
    pub(super) fn follow_to(&self, path: &[String]) -> (Option<Span>, &Node) {
        let node = self.follow(path);
        let key = path.split_last().and_then(|(last, above)| {
            let entries = self.follow(above).entries();
            entries.iter().find(|entry| entry.key == *last).map(|entry| entry.at)
        });
        (key, node)
    }

    /// Keys that nobody read.
    pub(super) fn unread(&self) -> Vec<String> {
        let below = |entry: &Entry| {
            if !entry.read.get() {
                return vec![entry.key.clone()];
            }
            entry.node.unread().into_iter().map(|key| format!("{}.{key}", entry.key)).collect()
        };
        match &self.data {
            Data::Table(entries) => entries.iter().flat_map(below).collect(),
            Data::List(items) => items.iter().flat_map(Node::unread).collect(),
            _ => Vec::new(),
        }
    }
}
