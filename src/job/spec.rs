//! The language in which [`super::keys`] says what a job file may hold. The reader and the JSON Schema both follow it.

use super::Action;
use super::forms::Format;

/// What may stand at a place.
#[derive(Debug)]
pub(super) enum Type {
    /// A text of a form.
    Text(Format),
    /// One of some words.
    Word(&'static [Word]),
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// A number; more than the first, up to and including the second.
    Number(f64, f64),
    /// Anything that JSON can hold.
    Any,
    /// A list; not empty.
    List(&'static Type),
    /// A mapping with keys that are laid down.
    Table(&'static Table),
    /// A mapping with keys of the user's choice.
    Dictionary(&'static Dictionary),
    /// A value, or `null` for none.
    OrNull(&'static Type),
    /// The one that fits the kind of value.
    Either(&'static [Type]),
}

/// A word and what it means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) word: &'static str,
    pub(super) doc: &'static str,
}

/// A mapping with keys that are laid down.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name in the schema.
    pub(super) name: &'static str,
    /// What it is, with its article, for messages.
    pub(super) what: &'static str,
    /// The keys of the table, in the order in which they are documented.
    pub(super) keys: &'static [Key],
    /// Which keys belong together.
    pub(super) rule: Rule,
    /// What one is called where it has no key of its own: `the job`, `a step`.
    pub(super) noun: Option<&'static str>,
    /// What to write instead of a value that is not a table, if that value may be a secret: it is never shown.
    pub(super) secret: Option<&'static str>,
    /// Keys that people look for here, and where they are.
    pub(super) elsewhere: &'static [(&'static str, &'static str)],
}

/// Which keys of a table may stand together.
#[derive(Debug)]
pub(super) enum Rule {
    /// Any value is taken.
    Free,
    /// Any, but at least one. The text says what is wrong with none.
    Some(&'static str),
    /// Exactly one of these; the others are free. The texts say what is wrong with none, and what to do about two.
    OneOf(&'static [&'static str], &'static str, &'static str),
}

/// What is known of one key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) word: &'static str,
    pub(super) doc: &'static str,
    pub(super) required: bool,
    pub(super) holds: Type,
    /// What holds without the key, as it would be written.
    pub(super) default: Option<&'static str>,
    /// The actions for which the key has no meaning, with what to do about it.
    pub(super) not_for: &'static [(&'static [Action], &'static str)],
}

/// A mapping with keys of the user's choice.
#[derive(Debug)]
pub(super) struct Dictionary {
    /// What a key is, for messages.
    pub(super) what: &'static str,
    /// The form of a key.
    pub(super) key: Format,
    /// The words a key may be, if it is one of a set.
    pub(super) words: &'static [&'static str],
    /// What each key holds.
    pub(super) holds: Type,
    /// What it is, with its article, for messages.
    pub(super) like: &'static str,
}

pub(super) const fn key(word: &'static str, holds: Type, doc: &'static str) -> Key {
    Key { word, doc, required: false, holds, default: None, not_for: &[] }
}

pub(super) const fn required(word: &'static str, holds: Type, doc: &'static str) -> Key {
    Key { word, doc, required: true, holds, default: None, not_for: &[] }
}

pub(super) const fn word(word: &'static str, doc: &'static str) -> Word {
    Word { word, doc }
}

impl Key {
    /// The key, with what holds without it.
    pub(super) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// The key, with the actions for which it has no meaning.
    pub(super) const fn not_for(mut self, actions: &'static [(&'static [Action], &'static str)]) -> Self {
        self.not_for = actions;
        self
    }

    /// What to do about the key in a job of an action it has no meaning for.
    pub(super) fn refused_for(&self, action: Action) -> Option<&'static str> {
        self.not_for.iter().find(|(actions, _)| actions.contains(&action)).map(|(_, help)| *help)
    }
}

impl Table {
    /// What most tables say of themselves beside their keys: nothing.
    pub(super) const PLAIN: Self = Self {
        name: "",
        what: "a mapping",
        keys: &[],
        rule: Rule::Free,
        noun: None,
        secret: None,
        elsewhere: &[],
    };

    /// The key of that name.
    pub(super) fn key(&self, word: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.word == word)
    }
}

impl Type {
    /// The table that may stand there.
    pub(super) fn table(&self) -> Option<&'static Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Either(types) => types.iter().find_map(Self::table),
            _ => None,
        }
    }

    /// Whether it is a mapping and nothing else.
    pub(super) fn is_mapping(&self) -> bool {
        matches!(self, Self::Table(_) | Self::Dictionary(_))
    }

    /// What may stand there, for "must be …".
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Text(form) => form.describe().to_owned(),
            Self::Word(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("`{}`", word.word)).collect();
                match words.as_slice() {
                    [one] => one.clone(),
                    [first @ .., last] => format!("{} or {last}", first.join(", ")),
                    [] => "nothing".to_owned(),
                }
            }
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Integer(low, high) if low == high => format!("`{low}`"),
            Self::Integer(low, high) => format!("a whole number from {low} to {high}"),
            Self::Number(low, high) if high.is_finite() => format!("a number above {low}, up to {high}"),
            Self::Number(low, _) => format!("a number above {low}"),
            Self::Any => "a value".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(table) => table.what.to_owned(),
            Self::Dictionary(dictionary) => dictionary.like.to_owned(),
            Self::OrNull(inner) => format!("{}, or `null`", inner.describe()),
            Self::Either(types) => types.iter().map(Self::describe).collect::<Vec<_>>().join(", or "),
        }
    }
}
