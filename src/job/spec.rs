//! The language in which [`super::keys`] says what a job file may hold. The reader and the JSON Schema both follow it.

use super::forms::Form;

/// What may stand at a place.
#[derive(Debug)]
pub(super) enum Type {
    /// A text of a form.
    Text(Form),
    /// One of some words.
    Word(&'static [Word]),
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Whole(i64, i64),
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
#[derive(Debug)]
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
    /// Its keys.
    pub(super) keys: &'static [Key],
    /// Which keys belong together.
    pub(super) rule: Rule,
}

/// Which keys of a table may stand together.
#[derive(Debug)]
pub(super) enum Rule {
    /// Any.
    Free,
    /// Any, but at least one.
    Some,
    /// Exactly one of these; the others are free. The text says what is wrong with none.
    OneOf(&'static [&'static str], &'static str),
}

/// A key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) word: &'static str,
    pub(super) doc: &'static str,
    pub(super) required: bool,
    pub(super) holds: Type,
}

/// A mapping with keys of the user's choice.
#[derive(Debug)]
pub(super) struct Dictionary {
    /// What a key is, for messages.
    pub(super) what: &'static str,
    /// The form of a key.
    pub(super) key: Form,
    /// The words a key may be, if it is one of a set.
    pub(super) words: &'static [&'static str],
    /// What each key holds.
    pub(super) holds: Type,
}

pub(super) const fn key(word: &'static str, holds: Type, doc: &'static str) -> Key {
    Key { word, doc, required: false, holds }
}

pub(super) const fn required(word: &'static str, holds: Type, doc: &'static str) -> Key {
    Key { word, doc, required: true, holds }
}

pub(super) const fn word(word: &'static str, doc: &'static str) -> Word {
    Word { word, doc }
}

impl Table {
    /// The key of that name.
    pub(super) fn key(&self, word: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.word == word)
    }
}

impl Type {
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
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Whole(low, high) if low == high => format!("`{low}`"),
            Self::Whole(low, high) => format!("a whole number from {low} to {high}"),
            Self::Number(low, high) if high.is_finite() => format!("a number above {low}, up to {high}"),
            Self::Number(low, _) => format!("a number above {low}"),
            Self::Any => "a value".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(table) => table.what.to_owned(),
            Self::Dictionary(Dictionary { what: "kind of resource", holds: Self::Word(_), .. }) => {
                "a mapping like `{ default: fail, scripts: drop }`".to_owned()
            }
            Self::Dictionary(_) => "a mapping".to_owned(),
            Self::OrNull(inner) => format!("{}, or `null`", inner.describe()),
            Self::Either(types) => types.iter().map(Self::describe).collect::<Vec<_>>().join(", or "),
        }
    }
}
