//! Decides what happens to each item, given the contents of the target. Pure.

use crate::job::OnExisting;

/// A group of items that want the same key, and its counterparts. Indices are the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// The items that want the key.
    pub wanted: Vec<usize>,
    /// The imports of the target that have it.
    pub found: Vec<usize>,
}

/// What happens to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Decision {
    /// That import is what is wanted.
    Unchanged(usize),
    /// Nothing in the target has the key.
    Create,
    /// That import is the one, and differs.
    Differs(usize),
    /// Several could be the one.
    Ambiguous,
}

impl Decision {
    /// The import it takes.
    pub(crate) fn import(self) -> Option<usize> {
        match self {
            Self::Unchanged(at) | Self::Differs(at) => Some(at),
            Self::Create | Self::Ambiguous => None,
        }
    }
}

/// Pairs the items of a group with the imports in the target: equal ones first, each import once. If one item and one
/// import remain and were alone from the start, they are a pair that differs; anything else that remains on both sides
/// is ambiguous.
pub(crate) fn pair(group: &Group, mut equal: impl FnMut(usize, usize) -> bool) -> Vec<(usize, Decision)> {
    let mut free = group.found.clone();
    let mut decisions = Vec::with_capacity(group.wanted.len());
    let mut left = Vec::new();
    for item in &group.wanted {
        match free.iter().position(|found| equal(*item, *found)) {
            Some(at) => decisions.push((*item, Decision::Unchanged(free.remove(at)))),
            None => left.push(*item),
        }
    }
    let alone = group.wanted.len() == 1 && group.found.len() == 1;
    for item in left {
        decisions.push((
            item,
            match free.first() {
                None => Decision::Create,
                Some(found) if alone => Decision::Differs(*found),
                Some(_) => Decision::Ambiguous,
            },
        ));
    }
    decisions
}

/// Whether an ambiguous item may be created anyway.
pub(crate) fn creates_anyway(on_existing: OnExisting) -> bool {
    on_existing == OnExisting::Create
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Ambiguous, Create, Differs, Unchanged};

    /// Items and imports are written as their contents; equal letters are equal contents.
    fn check(wanted: &str, found: &str, expected: &[Decision]) {
        let (w, s): (Vec<char>, Vec<char>) = (wanted.chars().collect(), found.chars().collect());
        let group = Group { wanted: (0..w.len()).collect(), found: (0..s.len()).collect() };
        let mut decisions = pair(&group, |item, import| w[item] == s[import]);
        decisions.sort_by_key(|(item, _)| *item);
        let decisions: Vec<_> = decisions.into_iter().map(|(_, decision)| decision).collect();
        assert_eq!(decisions, expected, "{wanted} against {found}");
    }

    #[test]
    fn equal_names_are_paired_by_content_and_what_is_left_is_not_guessed() {
        check("a", "", &[Create]);
        check("a", "a", &[Unchanged(0)]);
        check("a", "b", &[Differs(0)]);
        check("a", "bc", &[Ambiguous]);
        check("a", "ba", &[Unchanged(1)]);
        check("ab", "a", &[Unchanged(0), Create]);
        check("ab", "ac", &[Unchanged(0), Ambiguous]);
        check("ab", "ba", &[Unchanged(1), Unchanged(0)]);
        check("aa", "a", &[Unchanged(0), Create]);
        check("aa", "aaa", &[Unchanged(0), Unchanged(1)]);
        check("aaa", "ba", &[Unchanged(1), Ambiguous, Ambiguous]);
    }
}
