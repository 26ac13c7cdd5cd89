//! What two looks at a list showed that do not agree.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::Id;

/// What two looks at a list that do not agree showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disagreement {
    /// How many entries the first look showed.
    pub first: u64,
    /// How many entries the second look showed.
    pub second: u64,
    /// How many of the first the second lacked.
    pub gone: u64,
}

impl Disagreement {
    /// What two looks saw.
    pub(crate) fn between(last: &BTreeSet<Id>, seen: &BTreeSet<Id>) -> Self {
        let gone = last.difference(seen).count() as u64;
        Self { first: last.len() as u64, second: seen.len() as u64, gone }
    }

    /// How many the second look showed that the first had not.
    pub fn added(&self) -> u64 {
        (self.second + self.gone).saturating_sub(self.first)
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, second, gone } = self;
        write!(
            f,
            "one look showed {first}, the next {second}; {gone} of the first were gone, {} were new",
            self.added()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_looks_of_equal_length_are_told_apart() {
        let told = Disagreement { first: 7, second: 7, gone: 2 };
        assert_eq!(told.to_string(), "one look showed 7, the next 7; 2 of the first were gone, 2 were new");
    }
}
