//! What is wrong with something that a job's author wrote: the one type for steps, selectors, templates and filters.

use std::ops::Range;

/// What is wrong, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The way to the value at fault, as keys and positions: `["rename", "find"]`, `["set", "/a"]`, `["when", "where"]`.
    pub path: Vec<String>,
    /// The bytes of that text which are at fault, where known (jq, regular expressions, templates).
    pub range: Option<Range<usize>>,
    /// What is wrong, as one sentence for people.
    pub message: String,
    /// Whether the key at the end of the path is meant, and not its value.
    pub is_key: bool,
    /// What to do about it; absent where the message says it.
    pub help: Option<String>,
    /// The way to what the value repeats, where that is what is wrong.
    pub first: Option<Vec<String>>,
}

impl Problem {
    /// A problem with the value at hand.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// The message, and what to do about it.
    pub fn in_one_line(&self) -> String {
        self.help.as_ref().map_or_else(|| self.message.clone(), |help| format!("{}: {help}", self.message))
    }

    /// The same problem, seen from one level further out.
    #[must_use]
    pub fn under(mut self, key: impl Into<String>) -> Self {
        let key = key.into();
        if let Some(first) = &mut self.first {
            first.insert(0, key.clone());
        }
        self.path.insert(0, key);
        self
    }

    /// A problem with a key of the value at hand, and not with what it holds.
    #[must_use]
    pub fn with_key(self, key: impl Into<String>) -> Self {
        Self { is_key: self.path.is_empty(), ..self.under(key) }
    }

    /// The same problem, with the way to what the value repeats.
    #[must_use]
    pub fn repeats(mut self, first: Vec<String>) -> Self {
        self.first = Some(first);
        self
    }

    /// The same problem, with the bytes that are at fault.
    #[must_use]
    pub fn at(mut self, range: impl Into<Option<Range<usize>>>) -> Self {
        self.range = range.into();
        self
    }

    /// The same problem, with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The word that is most like another, if one is: case, `-`, `_`, blanks and the order of letters count little.
pub fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' ', '_'], "");
    let letters = |text: &str| {
        let mut letters: Vec<char> = plain(text).chars().collect();
        letters.sort_unstable();
        letters
    };
    let likeness = |other: &str| match plain(word) {
        // Of short words the letters count: `su` is `us`.
        _ if letters(word) == letters(other) => 1.0,
        word => strsim::jaro_winkler(&word, &plain(other)),
    };
    let known = known.map(|other| (likeness(other), other)).filter(|(likeness, _)| *likeness > 0.84);
    known.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, word)| word)
}

/// Everything that is wrong with one value; never empty.
pub type Problems = Vec<Problem>;

/// The same problems, seen from one level further out.
pub fn under(problems: Problems, key: &str) -> impl Iterator<Item = Problem> {
    problems.into_iter().map(move |problem| problem.under(key))
}
