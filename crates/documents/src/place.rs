//! The text of a JSON pointer, as a walk over a document builds it.

use std::borrow::Cow;

/// A step of a JSON pointer as the key that it stands for.
pub fn key_of_step(step: &str) -> Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}

/// Adds one step to a JSON pointer, escaped.
pub fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    for character in key.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// A step on the way of a walk, from which a pointer is made where one is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PathStep<'a> {
    /// To the member of an object.
    Key(&'a str),
    /// To the entry of a list.
    Entry(usize),
}

/// The pointer that some steps make.
pub(crate) fn pointer_of(path: &[PathStep<'_>]) -> String {
    let mut pointer = String::new();
    for step in path {
        match step {
            PathStep::Key(key) => push_key(&mut pointer, key),
            PathStep::Entry(index) => push_key(&mut pointer, &index.to_string()),
        }
    }
    pointer
}

/// The position in a list that a step of a pointer stands for: digits alone, without zeros before them.
pub(crate) fn position(step: &str) -> Option<usize> {
    let plain = step == "0" || !step.starts_with(['0', '+']);
    step.parse().ok().filter(|_| plain)
}
