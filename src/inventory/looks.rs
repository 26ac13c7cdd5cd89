//! When a list that may change while it is read is believed: when two looks, one behind the other, show the same ids.

use std::collections::HashSet;
use std::fmt;

use crate::model::Id;

/// Looks behind the first, at most.
const MOST_AGAIN: u32 = 3;

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

/// The looks at one list, so far.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    last: Option<HashSet<Id>>,
    again: u32,
}

/// Whether a list is believed after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Belief {
    /// It showed what the look before showed.
    Believed,
    /// It is to be looked at again.
    LookAgain,
    /// It shows others at each look.
    Unsteady(Disagreement),
}

impl Looks {
    /// Takes what a look showed.
    pub(crate) fn take(&mut self, seen: HashSet<Id>) -> Belief {
        let Some(last) = self.last.replace(seen) else { return Belief::LookAgain };
        self.again += 1;
        let seen = self.last.as_ref().unwrap_or(&last);
        if *seen == last {
            return Belief::Believed;
        }
        if self.again < MOST_AGAIN {
            return Belief::LookAgain;
        }
        let gone = last.difference(seen).count() as u64;
        Belief::Unsteady(Disagreement { first: last.len() as u64, second: seen.len() as u64, gone })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(looks: &[&str]) -> Vec<Belief> {
        let mut all = Looks::default();
        let ids = |look: &str| look.chars().map(|id| Id::from(id.to_string().as_str())).collect();
        looks.iter().map(|look| all.take(ids(look))).collect()
    }

    #[test]
    fn a_list_is_believed_once_two_looks_agree_and_never_after_four_that_do_not() {
        use Belief::{Believed, LookAgain};
        assert_eq!(looked(&["ab", "ba"]), [LookAgain, Believed]);
        assert_eq!(looked(&["a", "b", "a", "a"]), [LookAgain, LookAgain, LookAgain, Believed]);
        let others = looked(&["a", "b", "c", "bd"]).pop().unwrap();
        let Belief::Unsteady(told) = others else { panic!("{others:?}") };
        assert_eq!(told.to_string(), "one look showed 1, the next 2; 1 of the first were gone, 2 were new");
    }

    #[test]
    fn two_looks_of_equal_length_are_told_apart() {
        let told = Disagreement { first: 7, second: 7, gone: 2 };
        assert_eq!(told.to_string(), "one look showed 7, the next 7; 2 of the first were gone, 2 were new");
    }
}
